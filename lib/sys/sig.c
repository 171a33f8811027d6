#include "sys/sig.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"

enum { SECOND_INT_MS = 2000 };

static atomic_int pending;
static atomic_ullong first_ms;
static int pipe_fds[2] = { -1, -1 };
static bool at_terminal;
static _Thread_local int shields;

static void
on_signal(int signum)
{
	int none = 0, saved = errno;

	if (atomic_compare_exchange_strong(&pending, &none, signum)) {
		atomic_store(&first_ms, clock_mono_ms());
		(void)!write(pipe_fds[1], "", 1);
	} else if (signum == SIGINT && at_terminal &&
	    clock_mono_ms() - atomic_load(&first_ms) > SECOND_INT_MS) {
		_exit(128 + SIGINT);
	}
	errno = saved;
}

int
sig_open(struct err *e)
{
	static const int caught[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction sa = { 0 };
	size_t i;

	if (pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK) == -1)
		return err_sys(e, ERR_OS, "pipe");
	at_terminal = isatty(STDIN_FILENO) == 1;
	sa.sa_handler = SIG_IGN;
	if (sigaction(SIGPIPE, &sa, NULL) == -1 ||
	    sigaction(SIGXFSZ, &sa, NULL) == -1)
		return err_sys(e, ERR_OS, "sigaction");
	sa.sa_handler = on_signal;
	sa.sa_flags = SA_RESTART;
	for (i = 0; i < sizeof(caught) / sizeof(caught[0]); i++) {
		struct sigaction old;

		/* nohup's SIGHUP and a shell's background SIGINT stay ignored. */
		if (sigaction(caught[i], NULL, &old) == 0 &&
		    old.sa_handler == SIG_IGN)
			continue;
		if (sigaction(caught[i], &sa, NULL) == -1)
			return err_sys(e, ERR_OS, "sigaction");
	}
	return 0;
}

int
sig_pending(void)
{
	return shields > 0 ? 0 : atomic_load(&pending);
}

int
sig_check(struct err *e)
{
	int signum = sig_pending();

	if (signum == 0)
		return 0;
	return err_set(e, ERR_SIGNAL + signum, "interrupted by SIG%s",
	    sigabbrev_np(signum));
}

void
sig_shield(void)
{
	shields++;
}

void
sig_unshield(void)
{
	shields--;
}

bool
sig_is_shielded(void)
{
	return shields > 0;
}

int
sig_fd(void)
{
	return pipe_fds[0];
}

void
sig_sleep_ms(unsigned int ms)
{
	struct pollfd p = { .fd = pipe_fds[0], .events = POLLIN };
	uint64_t end = clock_mono_ms() + ms, now;

	while ((now = clock_mono_ms()) < end && sig_pending() == 0)
		/* A shielded sleep must not wake for a signal that came
		 * before: then the pipe stays readable. */
		(void)poll(&p, shields > 0 ? 0 : 1, (int)(end - now));
}
