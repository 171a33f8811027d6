#include "sys/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/secret.h"
#include "sys/sig.h"

bool
tty_is_stderr(void)
{
	return isatty(STDERR_FILENO) == 1;
}

unsigned int
tty_columns(void)
{
	struct winsize w;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == -1 || w.ws_col == 0)
		return 80;
	return w.ws_col;
}

/* Reads one line; a signal ends it. */
static int
read_line(int fd, struct buf *b, struct err *e)
{
	struct pollfd p[2] = { { .fd = fd, .events = POLLIN },
		{ .fd = sig_fd(), .events = POLLIN } };
	char c;
	ssize_t n;

	for (;;) {
		(void)poll(p, 2, -1);
		if (sig_check(e) == -1)
			return -1;
		n = read(fd, &c, 1);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_sys(e, ERR_OS, "read from the terminal");
		if (n == 0 || c == '\n')
			return buf_check(b, e);
		buf_char(b, c);
	}
}

static int
ask(int fd, const char *prompt, struct buf *answer, struct err *e)
{
	struct termios old, quiet;
	int rc;

	if (tcgetattr(fd, &old) == -1)
		return err_sys(e, ERR_OS, "terminal");
	quiet = old;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	if (tcsetattr(fd, TCSAFLUSH, &quiet) == -1)
		return err_sys(e, ERR_OS, "terminal");
	(void)!write(fd, prompt, strlen(prompt));
	rc = read_line(fd, answer, e);
	(void)!write(fd, "\n", 1);
	tcsetattr(fd, TCSAFLUSH, &old);
	return rc;
}

char *
tty_ask_secret(const char *prompt, struct err *e)
{
	struct buf answer = { .limit = 4096 };
	char *text = NULL;
	int fd;

	fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (fd == -1) {
		err_set(e, ERR_USAGE, "no terminal to ask at");
		return NULL;
	}
	if (ask(fd, prompt, &answer, e) == 0) {
		secret_add(buf_text(&answer), answer.len);
		text = buf_steal(&answer);
		if (text == NULL)
			err_set(e, ERR_OS, "out of memory");
	}
	buf_free(&answer);
	close(fd);
	return text;
}
