#include "sys/afile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "sys/file.h"

struct afile {
	char *dir;
	char *name;
	char *partial; /* ".NAME.partial" */
	int dirfd;
	int fd;
	bool named; /* the partial exists */
	enum afile_mode how;
	uint64_t bytes;
};

static int
split(struct afile *f, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		f->dir = strdup(".");
	else if (slash == path)
		f->dir = strdup("/");
	else
		f->dir = strndup(path, (size_t)(slash - path));
	f->name = strdup(slash == NULL ? path : slash + 1);
	if (f->dir == NULL || f->name == NULL ||
	    asprintf(&f->partial, ".%s.partial", f->name) == -1)
		return -1;
	return 0;
}

static int
create(struct afile *f, unsigned int mode, struct err *e)
{
	if (f->how == AFILE_NEW &&
	    faccessat(f->dirfd, f->name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return err_set(e, ERR_CREATE, "exists already");
	/* Left behind by a run that was killed: nobody else writes it. */
	unlinkat(f->dirfd, f->partial, 0);
	f->fd = openat(f->dirfd, f->partial,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (f->fd == -1)
		return err_sys(e, err_class_of_errno(errno), "create %s",
		    f->partial);
	f->named = true;
	if (fchmod(f->fd, mode) == -1)
		return err_sys(e, err_class_of_errno(errno), "chmod %s",
		    f->partial);
	return 0;
}

struct afile *
afile_open(const char *path, enum afile_mode how, unsigned int mode,
    struct err *e)
{
	struct afile *f = calloc(1, sizeof(*f));

	if (f == NULL) {
		err_sys(e, ERR_OS, "%s", path);
		return NULL;
	}
	f->fd = f->dirfd = -1;
	f->how = how;
	if (split(f, path) == -1) {
		err_sys(e, ERR_OS, "%s", path);
		goto fail;
	}
	f->dirfd = open(f->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->dirfd == -1) {
		err_sys(e, err_class_of_errno(errno), "open %s", f->dir);
		goto fail;
	}
	if (create(f, mode, e) == -1) {
		err_ctx(e, "%s", path);
		goto fail;
	}
	return f;
fail:
	afile_free(f);
	return NULL;
}

int
afile_write(struct afile *f, const void *p, size_t n, struct err *e)
{
	const char *at = p;
	ssize_t w;

	while (n > 0) {
		w = write(f->fd, at, n);
		if (w == -1 && errno == EINTR)
			continue;
		if (w == -1)
			return err_sys(e, err_class_of_errno(errno), "write %s",
			    f->partial);
		at += w;
		n -= (size_t)w;
		f->bytes += (uint64_t)w;
	}
	return 0;
}

static int
sink_write(void *self, const void *p, size_t n, struct err *e)
{
	return afile_write(self, p, n, e);
}

struct sink
afile_sink(struct afile *f)
{
	return (struct sink){ sink_write, f };
}

uint64_t
afile_bytes(const struct afile *f)
{
	return f->bytes;
}

static int
close_synced(struct afile *f, struct err *e)
{
	int fd = f->fd;

	if (fsync(fd) == -1)
		return err_sys(e, ERR_IO, "fsync %s", f->partial);
	f->fd = -1;
	if (close(fd) == -1)
		return err_sys(e, ERR_IO, "close %s", f->partial);
	return 0;
}

int
afile_commit(struct afile *f, struct err *e)
{
	unsigned int flags = f->how == AFILE_NEW ? RENAME_NOREPLACE : 0;
	int rc;

	if (close_synced(f, e) == -1)
		return -1;
	rc = renameat2(f->dirfd, f->partial, f->dirfd, f->name, flags);
	if (rc == -1 && flags != 0 && (errno == EINVAL || errno == ENOSYS)) {
		/* NFS knows no flags: link() refuses a taken name as well. */
		rc = linkat(f->dirfd, f->partial, f->dirfd, f->name, 0);
		if (rc == 0)
			unlinkat(f->dirfd, f->partial, 0);
	}
	if (rc == -1)
		return err_sys(e, err_class_of_errno(errno), "rename %s to %s",
		    f->partial, f->name);
	f->named = false;
	if (fsync(f->dirfd) == -1)
		return err_sys(e, ERR_IO, "fsync %s", f->dir);
	return 0;
}

void
afile_free(struct afile *f)
{
	if (f == NULL)
		return;
	if (f->fd != -1)
		close(f->fd);
	if (f->named)
		unlinkat(f->dirfd, f->partial, 0);
	if (f->dirfd != -1)
		close(f->dirfd);
	free(f->partial);
	free(f->name);
	free(f->dir);
	free(f);
}
