#include "store/point.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "store/point_internal.h"
#include "store/record.h"
#include "sys/file.h"

enum { SECONDS_TRIED = 600 };

static void
free_names(struct point *p)
{
	free(p->name);
	free(p->path);
	free(p->partial);
	free(p->partial_path);
	p->name = p->path = p->partial = p->partial_path = NULL;
}

int
point_set_names(struct point *p, time_t when, struct err *e)
{
	char stamp[CLOCK_STAMP_SIZE];

	free_names(p);
	p->when = when;
	clock_format_stamp(when, stamp);
	if (asprintf(&p->name, "%s_%s", p->stem, stamp) == -1)
		p->name = NULL;
	else if (asprintf(&p->partial, ".%s.partial", p->name) == -1)
		p->partial = NULL;
	if (p->name == NULL || p->partial == NULL)
		return err_set(e, ERR_OS, "out of memory");
	p->path = file_join(p->dir, p->name);
	p->partial_path = file_join(p->dir, p->partial);
	if (p->path == NULL || p->partial_path == NULL)
		return err_set(e, ERR_OS, "out of memory");
	return 0;
}

static bool
is_taken(const struct point *p)
{
	return faccessat(p->dirfd, p->name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

bool
point_has_partial(const struct point *p)
{
	struct stat a, b;

	return fstat(p->fd, &a) == 0 &&
	    fstatat(p->dirfd, p->partial, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
	    a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* 1: the partial that was just made is held.  0: another VM of this name has
 * swept it away, or is about to. */
static int
hold_partial(struct point *p, struct err *e)
{
	p->fd = openat(p->dirfd, p->partial,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (p->fd == -1)
		return errno == ENOENT ? 0
				       : err_sys(e, err_class_of_errno(errno),
					     "open %s", p->partial_path);
	/* On NFS this holds on this machine alone: between machines the VM's
	 * lock must do. */
	if ((flock(p->fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) &&
	    point_has_partial(p))
		return 1;
	close(p->fd);
	p->fd = -1;
	return 0;
}

static int
make_partial(struct point *p, time_t when, struct err *e)
{
	time_t last = when + SECONDS_TRIED;
	int rc;

	for (; when < last; when++) {
		if (point_set_names(p, when, e) == -1)
			return -1;
		if (is_taken(p))
			continue;
		if (mkdirat(p->dirfd, p->partial, 0755) == -1) {
			if (errno == EEXIST)
				continue;
			return err_sys(e, err_class_of_errno(errno),
			    "make folder %s", p->partial_path);
		}
		rc = hold_partial(p, e);
		p->made = rc != 0;
		if (p->made)
			return rc == 1 ? 0 : -1;
	}
	return err_set(e, ERR_CREATE, "%s: the name is taken", p->path);
}

struct point *
point_new(const char *dir, const char *stem, struct err *e)
{
	struct point *p;

	if (*stem == '\0' || *stem == '.' || strchr(stem, '/') != NULL) {
		err_set(e, ERR_BUG, "'%s' is no stem of a point", stem);
		return NULL;
	}
	p = calloc(1, sizeof(*p));
	if (p == NULL) {
		err_sys(e, ERR_OS, "%s", dir);
		return NULL;
	}
	p->dirfd = p->fd = -1;
	pthread_mutex_init(&p->lock, NULL);
	p->dir = strdup(dir);
	p->stem = strdup(stem);
	if (p->dir == NULL || p->stem == NULL) {
		err_sys(e, ERR_OS, "%s", dir);
		goto fail;
	}
	if (file_mkdir(dir, e) == -1)
		goto fail;
	p->dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (p->dirfd == -1) {
		err_sys(e, err_class_of_errno(errno), "open %s", dir);
		goto fail;
	}
	return p;
fail:
	point_free(p);
	return NULL;
}

struct point *
point_open(const char *dir, const char *stem, time_t when, struct err *e)
{
	struct point *p = point_new(dir, stem, e);

	if (p != NULL && make_partial(p, when, e) == 0)
		return p;
	point_free(p);
	return NULL;
}

const char *
point_name(const struct point *p)
{
	return p->name;
}

const char *
point_path(const struct point *p)
{
	return p->path;
}

const char *
point_stem(const struct point *p)
{
	return p->stem;
}

time_t
point_time(const struct point *p)
{
	return p->when;
}

/* A small file that is whole or, after a failure, not there. */
static int
write_small(struct point *p, const char *name, const void *data, size_t n,
    struct err *e)
{
	struct point_file *f = point_file_create(p, name, e);
	int rc = -1;

	if (f != NULL && point_file_write(f, data, n, e) == 0 &&
	    point_file_close(f, e) == 0)
		rc = 0;
	point_file_free(f);
	return rc;
}

int
point_put(struct point *p, const char *name, const void *data, size_t n,
    struct err *e)
{
	struct point_file *f;
	int rc = -1;

	f = point_file_open(p, name, e);
	if (f == NULL || point_file_write(f, data, n, e) == -1 ||
	    point_file_close(f, e) == -1)
		goto out;
	pthread_mutex_lock(&p->lock);
	rc = listing_add_data(&p->files, name, data, n, e);
	pthread_mutex_unlock(&p->lock);
out:
	point_file_free(f);
	return rc;
}

static int
write_manifest(struct point *p, enum digest_kind kind, struct err *e)
{
	struct buf name = { 0 }, b = { 0 };
	int rc = -1;

	buf_fmt(&name, "%s.mf", p->stem);
	if (buf_check(&name, e) == 0 &&
	    listing_format(&p->files, kind, &b, e) == 0)
		rc = write_small(p, buf_text(&name), buf_text(&b), b.len, e);
	buf_free(&name);
	buf_free(&b);
	return rc;
}

static int
write_record(struct point *p, const json_t *record, struct err *e)
{
	/* A longer one could be written, but nobody would read it. */
	struct buf b = { .limit = RECORD_MAX_BYTES };
	int rc = -1;

	if (json_write(record, JSON_INDENTED, &b, e) == 0)
		rc = write_small(p, RECORD_FILE, buf_text(&b), b.len, e);
	else
		err_ctx(e, "%s/%s", p->partial_path, RECORD_FILE);
	buf_free(&b);
	return rc;
}

static int
give_name(struct point *p)
{
	int rc = renameat2(p->dirfd, p->partial, p->dirfd, p->name,
	    RENAME_NOREPLACE);

	if (rc == 0 || (errno != EINVAL && errno != ENOSYS))
		return rc;
	/* NFS knows no flags; a plain rename would take the place of an empty
	 * folder, and of nothing else. */
	if (is_taken(p)) {
		errno = EEXIST;
		return -1;
	}
	return renameat(p->dirfd, p->partial, p->dirfd, p->name);
}

/* It was of use until here. */
static int
drop_journal(struct point *p, struct err *e)
{
	if (p->has_journal && unlinkat(p->fd, POINT_JOURNAL, 0) == -1)
		return err_sys(e, err_class_of_errno(errno), "remove %s/%s",
		    p->partial_path, POINT_JOURNAL);
	return 0;
}

int
point_commit(struct point *p, enum digest_kind kind, const json_t *record,
    struct err *e)
{
	if ((p->is_resumed && point_resume_drop_strangers(p, e) == -1) ||
	    write_manifest(p, kind, e) == -1 ||
	    write_record(p, record, e) == -1 || drop_journal(p, e) == -1)
		return -1;
	if (file_fsync_dir(p->fd) == -1)
		return err_sys(e, ERR_IO, "fsync %s", p->partial_path);
	if (give_name(p) == -1)
		return err_sys(e, err_class_of_errno(errno), "rename %s to %s",
		    p->partial_path, p->name);
	p->made = false;
	if (file_fsync_dir(p->dirfd) == -1)
		return err_sys(e, ERR_IO, "fsync %s", p->dir);
	return 0;
}

void
point_keep(struct point *p)
{
	p->made = false;
}

void
point_free(struct point *p)
{
	struct err e = { 0 };

	if (p == NULL)
		return;
	if (p->made && file_remove_tree(p->partial_path, &e) == -1)
		log_warn("%s stays behind: %s", p->partial_path, e.text);
	if (p->fd != -1)
		close(p->fd);
	if (p->dirfd != -1)
		close(p->dirfd);
	listing_free(&p->files);
	pthread_mutex_destroy(&p->lock);
	free_names(p);
	free(p->dir);
	free(p->stem);
	free(p);
}
