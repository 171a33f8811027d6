#include "sys/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/secret.h"
#include "sys/sig.h"
#include "sys/spawn.h"

enum {
	END_MS = 5000,   /* from the end of the output to that of the command */
	GRACE_MS = 2000, /* from SIGTERM to SIGKILL */
	STEP_MS = 5,
	SECRET_OUTPUT = 65536,
	SECRET_LIMIT_S = 300, /* where nobody can be asked */
};

static pid_t
start(int out, const char *const *argv, struct err *e)
{
	struct spawn s = { .argv = argv,
		.env = environ,
		.fds = { STDIN_FILENO, out, STDERR_FILENO, -1 } };

	return spawn_start(&s, e);
}

/* Waits for the next output: -1 if a signal came meanwhile, or it took more
 * than limit_s since begin_ms (0: no limit). */
static int
wait_output(int fd, uint64_t begin_ms, unsigned int limit_s, struct err *e)
{
	struct pollfd p[2] = { { .fd = fd, .events = POLLIN },
		{ .fd = sig_is_shielded() ? -1 : sig_fd(), .events = POLLIN } };
	uint64_t spent = clock_mono_ms() - begin_ms, most = limit_s * 1000ULL;
	int left = limit_s == 0 ? -1 : most > spent ? (int)(most - spent) : 0;

	if (poll(p, 2, left) == 0)
		return err_set(e, ERR_TEMP, "command did not end within %u s",
		    limit_s);
	return sig_check(e);
}

static int
drain(int fd, unsigned int limit_s, struct buf *out, struct err *e)
{
	uint64_t begin_ms = clock_mono_ms();
	char chunk[4096];
	ssize_t n = -1;

	while (n != 0 && wait_output(fd, begin_ms, limit_s, e) == 0) {
		n = read(fd, chunk, sizeof(chunk));
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1) {
			err_sys(e, ERR_OS, "read from command");
			break;
		}
		buf_add(out, chunk, (size_t)n);
		if (buf_check(out, e) == -1)
			break;
	}
	explicit_bzero(chunk, sizeof(chunk));
	return n == 0 ? 0 : -1;
}

/* 1: it has ended; 0: it still runs after so long, or when a signal came. */
static int
wait_end(pid_t pid, unsigned int ms, int *status, struct err *e)
{
	uint64_t end = clock_mono_ms() + ms;
	pid_t got;

	while ((got = waitpid(pid, status, WNOHANG)) == 0) {
		if (sig_pending() != 0 || clock_mono_ms() >= end)
			return 0;
		sig_sleep_ms(STEP_MS);
	}
	return got == pid ? 1 : err_sys(e, ERR_OS, "wait for command");
}

/* The command alone: what it started shares our process group, as a question
 * on the terminal needs. */
static void
stop(pid_t pid)
{
	static const int signals[] = { SIGTERM, SIGKILL };
	struct err ignored = { 0 };
	int status;
	size_t i;

	sig_shield();
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		kill(pid, signals[i]);
		if (wait_end(pid, GRACE_MS, &status, &ignored) != 0)
			break;
	}
	sig_unshield();
}

static int
reap(pid_t pid, struct err *e)
{
	int status, rc = wait_end(pid, END_MS, &status, e);

	if (rc == -1)
		return -1;
	if (rc == 0)
		stop(pid);
	/* ^C at the terminal ends the command as well. */
	if ((rc == 0 || status != 0) && sig_check(e) == -1)
		return -1;
	if (rc == 0)
		return err_set(e, ERR_PERM,
		    "command did not end after its output");
	if (WIFSIGNALED(status))
		return err_set(e, ERR_PERM, "command was ended by signal %d",
		    WTERMSIG(status));
	if (WEXITSTATUS(status) != 0)
		return err_set(e, ERR_PERM, "command exited with %d",
		    WEXITSTATUS(status));
	return 0;
}

int
proc_capture_argv(const char *const *argv, unsigned int limit_s,
    struct buf *out, struct err *e)
{
	int fds[2], rc;
	pid_t pid;

	if (sig_check(e) == -1)
		return -1;
	if (pipe2(fds, O_CLOEXEC) == -1)
		return err_sys(e, ERR_OS, "pipe");
	pid = start(fds[1], argv, e);
	close(fds[1]);
	if (pid == -1) {
		close(fds[0]);
		return -1;
	}
	rc = drain(fds[0], limit_s, out, e);
	close(fds[0]);
	if (rc == -1)
		stop(pid);
	else
		rc = reap(pid, e);
	return rc;
}

int
proc_capture(const char *command, struct buf *out, struct err *e)
{
	const char *const argv[] = { "/bin/sh", "-c", command, NULL };

	return proc_capture_argv(argv, 0, out, e);
}

static bool
has_terminal(void)
{
	int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd != -1)
		close(fd);
	return fd != -1;
}

char *
proc_secret(const char *const *argv, struct err *e)
{
	struct buf b = { .limit = SECRET_OUTPUT };
	char *text = NULL;

	if (proc_capture_argv(argv, has_terminal() ? 0 : SECRET_LIMIT_S, &b,
		e) == 0) {
		buf_cut(&b, strcspn(buf_text(&b), "\r\n"));
		if (b.len == 0)
			err_set(e, ERR_PERM, "it printed nothing");
		else
			text = buf_steal(&b);
	}
	buf_free(&b);
	if (text != NULL)
		secret_add(text, strlen(text));
	return text;
}
