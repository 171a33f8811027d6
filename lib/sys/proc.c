#include "sys/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void
child(int out, const char *command)
{
	static const int reset[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };
	size_t i;

	for (i = 0; i < sizeof(reset) / sizeof(reset[0]); i++)
		signal(reset[i], SIG_DFL);
	if (dup2(out, STDOUT_FILENO) == -1)
		_exit(127);
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

static int
drain(int fd, struct buf *out, struct err *e)
{
	char chunk[4096];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_sys(e, ERR_OS, "read from command");
		buf_add(out, chunk, (size_t)n);
		if (buf_check(out, e) == -1)
			break;
	}
	explicit_bzero(chunk, sizeof(chunk));
	return buf_check(out, e);
}

static int
reap(pid_t pid, struct err *e)
{
	int status;

	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return err_sys(e, ERR_OS, "wait for command");
	if (WIFSIGNALED(status))
		return err_set(e, ERR_PERM, "command was ended by signal %d",
		    WTERMSIG(status));
	if (WEXITSTATUS(status) != 0)
		return err_set(e, ERR_PERM, "command exited with %d",
		    WEXITSTATUS(status));
	return 0;
}

int
proc_capture(const char *command, struct buf *out, struct err *e)
{
	int fds[2], rc;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) == -1)
		return err_sys(e, ERR_OS, "pipe");
	pid = fork();
	if (pid == -1) {
		err_sys(e, ERR_OS, "fork");
		close(fds[0]);
		close(fds[1]);
		return -1;
	}
	if (pid == 0)
		child(fds[1], command);
	close(fds[1]);
	rc = drain(fds[0], out, e);
	close(fds[0]); /* a command that writes on gets SIGPIPE */
	if (reap(pid, e) == -1)
		rc = -1;
	return rc;
}
