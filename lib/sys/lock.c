#include "sys/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
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

void
lock_free(struct lock *l)
{
	if (l == NULL)
		return;
	close(l->fd);
	free(l);
}
