#include "sys/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { GIVEN = sizeof(((struct spawn *)NULL)->fds) / sizeof(int) };

static void
reset_signals(void)
{
	static const int caught[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction sa;
	sigset_t none;
	size_t i;

	for (i = 0; i < sizeof(caught) / sizeof(caught[0]); i++)
		if (sigaction(caught[i], NULL, &sa) == 0 &&
		    sa.sa_handler != SIG_IGN)
			signal(caught[i], SIG_DFL);
	/* Ignored by sig_open(). */
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* They may lie where others are to be: all go out of the way first. */
static int
place_fds(const int *given)
{
	int high[GIVEN], i;

	for (i = 0; i < GIVEN; i++) {
		high[i] = -1;
		if (given[i] == -1)
			continue;
		high[i] = fcntl(given[i], F_DUPFD_CLOEXEC, GIVEN);
		if (high[i] == -1 && errno != EBADF)
			return -1;
	}
	for (i = 0; i < GIVEN; i++)
		if (high[i] == -1)
			close(i);
		else if (dup2(high[i], i) == -1)
			return -1;
	return close_range(GIVEN, ~0U, CLOSE_RANGE_CLOEXEC);
}

/* A parent that died before prctl() sends no signal any more. */
static int
stand_apart(pid_t parent)
{
	if (setpgid(0, 0) == -1 || prctl(PR_SET_PDEATHSIG, SIGTERM) == -1)
		return -1;
	if (getppid() != parent)
		_exit(128 + SIGTERM);
	return 0;
}

__attribute__((noreturn)) static void
become(const struct spawn *s, pid_t parent, int tell)
{
	int errnum;

	tell = fcntl(tell, F_DUPFD_CLOEXEC, GIVEN);
	if ((!s->apart || stand_apart(parent) == 0) && place_fds(s->fds) == 0) {
		reset_signals();
		execve(s->argv[0], (char *const *)(uintptr_t)s->argv, s->env);
	}
	errnum = errno;
	(void)!write(tell, &errnum, sizeof(errnum));
	_exit(127);
}

static pid_t
fork_quietly(const struct spawn *s, int tell)
{
	sigset_t all, old;
	pid_t parent = getpid(), pid;

	/* Our handlers must not run in the child.  If SIGCHLD is ignored, as
	 * some start us, there is no status to wait for. */
	signal(SIGCHLD, SIG_DFL);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	pid = fork();
	if (pid == 0)
		become(s, parent, tell);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return pid;
}

/* What the child could not do; 0 once exec has closed its end. */
static int
ask(int fd)
{
	int errnum = 0;
	ssize_t n;

	do
		n = read(fd, &errnum, sizeof(errnum));
	while (n == -1 && errno == EINTR);
	return n == sizeof(errnum) ? errnum : 0;
}

pid_t
spawn_start(const struct spawn *s, struct err *e)
{
	int tell[2], errnum;
	pid_t pid;

	if (pipe2(tell, O_CLOEXEC) == -1)
		return err_sys(e, ERR_OS, "pipe");
	pid = fork_quietly(s, tell[1]);
	if (pid == -1)
		err_sys(e, ERR_OS, "fork");
	close(tell[1]);
	errnum = pid == -1 ? 0 : ask(tell[0]);
	close(tell[0]);
	if (errnum == 0)
		return pid;
	while (waitpid(pid, NULL, 0) == -1 && errno == EINTR)
		continue;
	errno = errnum;
	return err_sys(e, ERR_OS, "run %s", s->argv[0]);
}
