#include "sys/afile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "sys/file.h"
#include "sys/out.h"

/* Written back while more comes in, or the fsync at the end of a large file
 * would wait for gigabytes. */
enum { FLUSH_BYTES = 16 << 20, COPY_BYTES = 256 << 10, CREATE_TRIES = 9 };

struct afile {
	char *dir;
	char *name;
	char *partial; /* ".NAME.partial"; a spool's words for it */
	int dirfd;
	int fd;
	int lock;   /* the same file: keeps the lock until it has its name */
	int out;    /* a spool's: where it goes at last, else -1 */
	bool named; /* the partial exists */
	enum afile_mode how;
	unsigned int mode; /* the finished file's */
	uint64_t bytes;
	uint64_t flushed_bytes;
};

static struct afile *
new_afile(const char *path, struct err *e)
{
	struct afile *f = calloc(1, sizeof(*f));

	if (f == NULL) {
		err_sys(e, ERR_OS, "%s", path);
		return NULL;
	}
	f->fd = f->dirfd = f->lock = f->out = -1;
	return f;
}

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

/* The partial is this file, not one that took its name meanwhile. */
static bool
is_partial(const struct afile *f, int fd)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 &&
	    fstatat(f->dirfd, f->partial, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
	    a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* A file system without locks has to do without. */
static bool
is_taken(const struct afile *f, int fd)
{
	return (flock(fd, LOCK_EX | LOCK_NB) == -1 && errno == EWOULDBLOCK) ||
	    !is_partial(f, fd);
}

/* Left behind by a run that was killed, unless somebody holds its lock: he
 * would publish our half as his whole. */
static int
remove_old(struct afile *f, struct err *e)
{
	int rc = 0, fd;

	/* NFS gives such a lock to who may write. */
	fd = openat(f->dirfd, f->partial,
	    O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1 && errno == EACCES)
		fd = openat(f->dirfd, f->partial,
		    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1 && errno == ENOENT)
		return 0;
	if (fd != -1 && is_taken(f, fd))
		rc = err_set(e, ERR_TEMP, "another run is writing it");
	else
		unlinkat(f->dirfd, f->partial, 0);
	if (fd != -1)
		close(fd);
	return rc;
}

void
afile_chmod(struct afile *f, unsigned int mode)
{
	f->mode = mode;
}

static bool
is_name_free(const struct afile *f)
{
	return faccessat(f->dirfd, f->name, F_OK, AT_SYMLINK_NOFOLLOW) == -1;
}

static int
create(struct afile *f, struct err *e)
{
	int tries = CREATE_TRIES;

	if (f->how == AFILE_NEW && !is_name_free(f))
		return err_set(e, ERR_CREATE, "exists already");
	/* Somebody else may come in between: he is one to be minded, too. */
	do {
		if (remove_old(f, e) == -1)
			return -1;
		f->fd = openat(f->dirfd, f->partial,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	} while (f->fd == -1 && errno == EEXIST && --tries > 0);
	if (f->fd == -1)
		return err_sys(e, err_class_of_errno(errno), "create %s",
		    f->partial);
	if (is_taken(f, f->fd))
		return err_set(e, ERR_TEMP, "another run is writing it");
	f->named = true;
	f->lock = fcntl(f->fd, F_DUPFD_CLOEXEC, 0);
	if (f->lock == -1)
		return err_sys(e, ERR_OS, "dup %s", f->partial);
	return 0;
}

struct afile *
afile_open(const char *path, enum afile_mode how, unsigned int mode,
    struct err *e)
{
	struct afile *f = new_afile(path, e);

	if (f == NULL)
		return NULL;
	f->how = how;
	f->mode = mode;
	if (split(f, path) == -1) {
		err_sys(e, ERR_OS, "%s", path);
		goto fail;
	}
	f->dirfd = open(f->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->dirfd == -1) {
		err_sys(e, err_class_of_errno(errno), "open %s", f->dir);
		goto fail;
	}
	if (create(f, e) == -1) {
		err_ctx(e, "%s", path);
		goto fail;
	}
	return f;
fail:
	afile_free(f);
	return NULL;
}

int
afile_own(struct afile *f, uid_t owner, gid_t group, struct err *e)
{
	if (fchown(f->fd, owner, group) == -1)
		return err_sys(e, err_class_of_errno(errno), "chown %s",
		    f->partial);
	return 0;
}

const char *
afile_spool_dir(void)
{
	const char *dir = getenv("TMPDIR");

	return dir != NULL && dir[0] != '\0' ? dir : "/var/tmp";
}

static int
open_unnamed(const char *dir)
{
	char *path;
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	/* Not every file system has files without a name. */
	if (fd != -1 || (errno != EOPNOTSUPP && errno != EISDIR))
		return fd;
	path = file_join(dir, ".esxbk-spool.XXXXXX");
	if (path == NULL)
		return -1;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd != -1)
		unlink(path);
	free(path);
	return fd;
}

struct afile *
afile_open_spool(int fd, const char *name, const char *dir, struct err *e)
{
	struct afile *f = new_afile(name, e);
	int flags = fcntl(fd, F_GETFL);

	if (f == NULL)
		return NULL;
	f->out = fd;
	f->name = strdup(name);
	if (f->name == NULL ||
	    asprintf(&f->partial, "the spool file in %s", dir) == -1) {
		f->partial = NULL;
		err_sys(e, ERR_OS, "%s", name);
		goto fail;
	}
	/* Now, because after an hour's work it is too late. */
	if (flags == -1 || (flags & O_ACCMODE) == O_RDONLY) {
		errno = EBADF;
		err_sys(e, ERR_IO, "write to %s", name);
		goto fail;
	}
	f->fd = open_unnamed(dir);
	if (f->fd == -1) {
		err_sys(e, err_class_of_errno(errno), "create %s", f->partial);
		goto fail;
	}
	return f;
fail:
	afile_free(f);
	return NULL;
}

static void
flush_early(struct afile *f)
{
	/* A spool is not made durable. */
	if (f->out != -1 || f->bytes - f->flushed_bytes < FLUSH_BYTES)
		return;
	/* What cannot be written back now is fsync()'s to report. */
	(void)sync_file_range(f->fd, (off_t)f->flushed_bytes,
	    (off_t)(f->bytes - f->flushed_bytes), SYNC_FILE_RANGE_WRITE);
	f->flushed_bytes = f->bytes;
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
		flush_early(f);
	}
	return 0;
}

int
afile_write_at(struct afile *f, uint64_t at, const void *p, size_t n,
    struct err *e)
{
	const char *from = p;
	uint64_t end;
	ssize_t w;

	if (__builtin_add_overflow(at, n, &end) || end > f->bytes)
		return err_set(e, ERR_BUG, "write behind the end of %s",
		    f->partial);
	while (n > 0) {
		w = pwrite(f->fd, from, n, (off_t)at);
		if (w == -1 && errno == EINTR)
			continue;
		if (w == -1)
			return err_sys(e, err_class_of_errno(errno), "write %s",
			    f->partial);
		from += w;
		at += (uint64_t)w;
		n -= (size_t)w;
	}
	return 0;
}

int
afile_cut(struct afile *f, uint64_t bytes, struct err *e)
{
	if (bytes > f->bytes)
		return err_set(e, ERR_BUG, "cut behind the end of %s",
		    f->partial);
	if (ftruncate(f->fd, (off_t)bytes) == -1 ||
	    lseek(f->fd, (off_t)bytes, SEEK_SET) == -1)
		return err_sys(e, err_class_of_errno(errno), "cut %s",
		    f->partial);
	f->bytes = bytes;
	if (f->flushed_bytes > bytes)
		f->flushed_bytes = bytes;
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
copy_out(struct afile *f, struct err *e)
{
	char *buffer = malloc(COPY_BYTES);
	uint64_t at = 0;
	int rc = buffer == NULL ? err_sys(e, ERR_OS, "memory") : 0;

	while (rc == 0 && at < f->bytes) {
		ssize_t n = pread(f->fd, buffer, COPY_BYTES, (off_t)at);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			rc = err_sys(e, ERR_IO, "read %s", f->partial);
		else if (n == 0)
			rc = err_set(e, ERR_IO, "%s has become shorter",
			    f->partial);
		else
			rc = out_write(f->out, f->name, buffer, (size_t)n, e);
		at += rc == 0 ? (uint64_t)n : 0;
	}
	free(buffer);
	return rc;
}

static int
close_synced(struct afile *f, struct err *e)
{
	int fd = f->fd;

	if (fchmod(fd, f->mode) == -1)
		return err_sys(e, err_class_of_errno(errno), "chmod %s",
		    f->partial);
	if (fsync(fd) == -1)
		return err_sys(e, ERR_IO, "fsync %s", f->partial);
	f->fd = -1;
	if (close(fd) == -1)
		return err_sys(e, ERR_IO, "close %s", f->partial);
	return 0;
}

static int
give_name(const struct afile *f)
{
	unsigned int flags = f->how == AFILE_NEW ? RENAME_NOREPLACE : 0;
	int rc = renameat2(f->dirfd, f->partial, f->dirfd, f->name, flags);

	if (rc == 0 || flags == 0 || (errno != EINVAL && errno != ENOSYS))
		return rc;
	/* NFS knows no flags: link() refuses a taken name as well. */
	rc = linkat(f->dirfd, f->partial, f->dirfd, f->name, 0);
	if (rc == 0)
		unlinkat(f->dirfd, f->partial, 0);
	if (rc == 0 ||
	    (errno != EPERM && errno != ENOSYS && errno != EOPNOTSUPP))
		return rc;
	/* A FUSE that has no links either. */
	if (is_name_free(f))
		return renameat(f->dirfd, f->partial, f->dirfd, f->name);
	errno = EEXIST;
	return -1;
}

int
afile_commit(struct afile *f, struct err *e)
{
	if (f->out != -1)
		return copy_out(f, e);
	if (close_synced(f, e) == -1)
		return -1;
	/* Where there are no locks. */
	if (!is_partial(f, f->lock))
		return err_set(e, ERR_TEMP, "another run has taken %s away",
		    f->partial);
	if (give_name(f) == -1)
		return err_sys(e, err_class_of_errno(errno), "rename %s to %s",
		    f->partial, f->name);
	f->named = false;
	if (file_fsync_dir(f->dirfd) == -1)
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
	if (f->named && (f->lock == -1 || is_partial(f, f->lock)))
		unlinkat(f->dirfd, f->partial, 0);
	if (f->lock != -1)
		close(f->lock);
	if (f->dirfd != -1)
		close(f->dirfd);
	free(f->partial);
	free(f->name);
	free(f->dir);
	free(f);
}
