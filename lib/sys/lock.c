#include "sys/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct lock {
	int fd;
};

struct lock *
lock_open(const char *path, bool exclusive, struct err *e)
{
	struct lock *l = NULL;
	int fd;

	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd == -1) {
		err_sys(e, err_class_of_errno(errno), "open lock %s", path);
		return NULL;
	}
	if (flock(fd, (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) == -1) {
		if (errno == EWOULDBLOCK)
			err_set(e, ERR_TEMP, "%s is locked by another run",
			    path);
		else
			err_sys(e, ERR_OS, "lock %s", path);
		goto fail;
	}
	l = malloc(sizeof(*l));
	if (l == NULL) {
		err_sys(e, ERR_OS, "lock %s", path);
		goto fail;
	}
	l->fd = fd;
	return l;
fail:
	close(fd);
	return NULL;
}

struct lock *
lock_open_name(const char *name, const char *what, struct err *e)
{
	/* A name behind a NUL is no file but goes with its socket. */
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t n = strlen(name);
	struct lock *l;

	if (n > sizeof(address.sun_path) - 1) {
		err_set(e, ERR_BUG, "'%s' is too long for a lock", name);
		return NULL;
	}
	memcpy(address.sun_path + 1, name, n);
	l = malloc(sizeof(*l));
	if (l == NULL) {
		err_sys(e, ERR_OS, "lock %s", what);
		return NULL;
	}
	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (l->fd != -1 &&
	    bind(l->fd, (const struct sockaddr *)&address,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + n)) ==
		0)
		return l;
	if (l->fd != -1 && errno == EADDRINUSE)
		err_set(e, ERR_TEMP, "%s is locked by another run", what);
	else
		err_sys(e, ERR_OS, "lock %s", what);
	if (l->fd != -1)
		close(l->fd);
	free(l);
	return NULL;
}

void
lock_free(struct lock *l)
{
	if (l == NULL)
		return;
	close(l->fd);
	free(l);
}
