#include "store/point.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "store/name.h"
#include "store/point_internal.h"
#include "store/record.h"
#include "sys/file.h"

/* Written back while more comes in, or the fsync at the end of a disk would
 * wait for gigabytes. */
enum { FLUSH_BYTES = 16 << 20 };

struct point_file {
	struct point *point;
	char *name;
	int fd;
	bool made;
	uint64_t bytes;
	uint64_t flushed_bytes;
};

static bool
is_manifest(const struct point *p, const char *name)
{
	size_t n = strlen(p->stem);

	return strncmp(name, p->stem, n) == 0 && strcmp(name + n, ".mf") == 0;
}

/* Sets e for a failed call on a file in the partial folder. */
static int
failed(const struct point *p, int class, const char *call, const char *name,
    struct err *e)
{
	return err_sys(e, class, "%s %s/%s", call, p->partial_path, name);
}

static struct point_file *
open_file(struct point *p, const char *name, int flags, struct err *e)
{
	struct point_file *f = calloc(1, sizeof(*f));

	if (f == NULL)
		goto no_memory;
	f->point = p;
	f->fd = -1;
	f->name = strdup(name);
	if (f->name == NULL)
		goto no_memory;
	f->fd = openat(p->fd, name, flags | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
	    0600);
	if (f->fd == -1) {
		failed(p, err_class_of_errno(errno), "create", name, e);
		point_file_free(f);
		return NULL;
	}
	f->made = true;
	return f;
no_memory:
	failed(p, ERR_OS, "create", name, e);
	point_file_free(f);
	return NULL;
}

struct point_file *
point_file_create(struct point *p, const char *name, struct err *e)
{
	return open_file(p, name, O_WRONLY | O_EXCL, e);
}

/* It may come from a server. */
static int
check_name(const struct point *p, const char *name, struct err *e)
{
	if (!name_is_file(name))
		return err_set(e, ERR_DATA, "'%s' is no file name", name);
	if (strcmp(name, RECORD_FILE) == 0 || is_manifest(p, name))
		return err_set(e, ERR_DATA, "'%s' is the name of our own file",
		    name);
	return 0;
}

struct point_file *
point_file_open(struct point *p, const char *name, struct err *e)
{
	return check_name(p, name, e) == -1 ? NULL
					    : point_file_create(p, name, e);
}

/* One that the earlier run had finished is read-only. */
static void
make_writable(const struct point *p, const char *name)
{
	int fd = openat(p->fd, name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd == -1)
		return;
	/* What goes wrong here goes wrong at the opening, too. */
	(void)fchmod(fd, 0600);
	close(fd);
}

struct point_file *
point_file_open_sparse(struct point *p, const char *name, uint64_t bytes,
    struct err *e)
{
	struct point_file *f;

	if (check_name(p, name, e) == -1)
		return NULL;
	if (p->is_resumed)
		make_writable(p, name);
	f = open_file(p, name, O_RDWR | (p->is_resumed ? 0 : O_EXCL), e);
	if (f == NULL)
		return NULL;
	if (ftruncate(f->fd, (off_t)bytes) == -1) {
		failed(p, err_class_of_errno(errno), "truncate", name, e);
		point_file_free(f);
		return NULL;
	}
	return f;
}

int
point_file_write_at(struct point_file *f, uint64_t at, const void *data,
    size_t n, struct err *e)
{
	const char *from = data;
	ssize_t w;

	while (n > 0) {
		w = pwrite(f->fd, from, n, (off_t)at);
		if (w == -1 && errno == EINTR)
			continue;
		if (w == -1)
			return failed(f->point, err_class_of_errno(errno),
			    "write", f->name, e);
		from += w;
		at += (uint64_t)w;
		n -= (size_t)w;
	}
	return 0;
}

int
point_file_read_at(struct point_file *f, uint64_t at, void *data, size_t n,
    struct err *e)
{
	char *to = data;
	ssize_t r;

	while (n > 0) {
		r = pread(f->fd, to, n, (off_t)at);
		if (r == -1 && errno == EINTR)
			continue;
		if (r == -1)
			return failed(f->point, ERR_IO, "read", f->name, e);
		if (r == 0)
			return err_set(e, ERR_IO, "%s/%s has become shorter",
			    f->point->partial_path, f->name);
		to += r;
		at += (uint64_t)r;
		n -= (size_t)r;
	}
	return 0;
}

int
point_file_clear(struct point_file *f, uint64_t at, uint64_t n, struct err *e)
{
	static const char zeros[65536];
	size_t step;

	if (fallocate(f->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		(off_t)at, (off_t)n) == 0)
		return 0;
	for (; n > 0; n -= step, at += step) {
		step = n < sizeof(zeros) ? (size_t)n : sizeof(zeros);
		if (point_file_write_at(f, at, zeros, step, e) == -1)
			return -1;
	}
	return 0;
}

int
point_file_sync(struct point_file *f, struct err *e)
{
	if (fdatasync(f->fd) == -1)
		return failed(f->point, ERR_IO, "fdatasync", f->name, e);
	return file_fsync_dir(f->point->fd) == -1
	    ? failed(f->point, ERR_IO, "fsync of the folder of", f->name, e)
	    : 0;
}

int
point_file_used(struct point_file *f, uint64_t *bytes, struct err *e)
{
	struct stat st;

	if (fstat(f->fd, &st) == -1)
		return failed(f->point, ERR_IO, "stat", f->name, e);
	*bytes = (uint64_t)st.st_blocks * 512;
	return 0;
}

static void
flush_early(struct point_file *f)
{
	if (f->bytes - f->flushed_bytes < FLUSH_BYTES)
		return;
	/* What cannot be written back now is fsync()'s to report. */
	(void)sync_file_range(f->fd, (off_t)f->flushed_bytes,
	    (off_t)(f->bytes - f->flushed_bytes), SYNC_FILE_RANGE_WRITE);
	f->flushed_bytes = f->bytes;
}

int
point_file_write(struct point_file *f, const void *data, size_t n,
    struct err *e)
{
	const char *at = data;
	ssize_t w;

	while (n > 0) {
		w = write(f->fd, at, n);
		if (w == -1 && errno == EINTR)
			continue;
		if (w == -1)
			return failed(f->point, err_class_of_errno(errno),
			    "write", f->name, e);
		at += w;
		n -= (size_t)w;
		f->bytes += (uint64_t)w;
		flush_early(f);
	}
	return 0;
}

static int
sink_write(void *self, const void *p, size_t n, struct err *e)
{
	return point_file_write(self, p, n, e);
}

struct sink
point_file_sink(struct point_file *f)
{
	return (struct sink){ sink_write, f };
}

int
point_file_close(struct point_file *f, struct err *e)
{
	int fd = f->fd;

	if (fchmod(fd, 0444) == -1)
		return failed(f->point, err_class_of_errno(errno), "chmod",
		    f->name, e);
	if (fsync(fd) == -1)
		return failed(f->point, ERR_IO, "fsync", f->name, e);
	f->fd = -1;
	if (close(fd) == -1)
		return failed(f->point, ERR_IO, "close", f->name, e);
	f->made = false;
	return 0;
}

int
point_file_commit(struct point_file *f, const char *hex, struct err *e)
{
	struct point *p = f->point;
	int rc;

	if (point_file_close(f, e) == -1)
		return -1;
	pthread_mutex_lock(&p->lock);
	rc = listing_add(&p->files, f->name, hex, e);
	pthread_mutex_unlock(&p->lock);
	return rc;
}

int
point_file_remove(struct point *p, const char *name, struct err *e)
{
	pthread_mutex_lock(&p->lock);
	listing_remove(&p->files, name);
	pthread_mutex_unlock(&p->lock);
	if (unlinkat(p->fd, name, 0) == -1)
		return failed(p, err_class_of_errno(errno), "remove", name, e);
	return 0;
}

void
point_file_leave(struct point_file *f)
{
	f->made = false;
	point_file_free(f);
}

void
point_file_free(struct point_file *f)
{
	if (f == NULL)
		return;
	if (f->fd != -1)
		close(f->fd);
	if (f->made)
		unlinkat(f->point->fd, f->name, 0);
	free(f->name);
	free(f);
}
