#include "sys/out.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include "sys/sig.h"

enum { FILE_BYTES = 256 << 10 };

/* A write of more than that may block, and then no signal is seen. */
static size_t
most_at_once(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? FILE_BYTES
							  : PIPE_BUF;
}

int
out_write(int fd, const char *name, const void *data, size_t n, struct err *e)
{
	struct pollfd fds[] = { { .fd = fd, .events = POLLOUT },
		{ .fd = sig_fd(), .events = POLLIN } };
	size_t most = most_at_once(fd);
	const char *p = data;
	ssize_t w;

	while (n > 0) {
		if (poll(fds, 2, -1) == -1 && errno != EINTR)
			return err_sys(e, ERR_OS, "poll");
		if (sig_check(e) == -1)
			return -1;
		if (fds[0].revents == 0)
			continue;
		w = write(fd, p, n < most ? n : most);
		if (w == -1 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (w == -1)
			return err_sys(e, ERR_IO, "write to %s", name);
		p += w;
		n -= (size_t)w;
	}
	return 0;
}
