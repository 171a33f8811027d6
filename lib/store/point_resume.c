#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/log.h"
#include "store/point_internal.h"

static bool
ends_in(const char *name, const char *suffix)
{
	size_t n = strlen(name), tail = strlen(suffix);

	return n >= tail && strcmp(name + n - tail, suffix) == 0;
}

/* The newest partial folder with a journal that nobody has open: its
 * descriptor, locked, and its time; -1 if there is none. */
static int
try_folder(int dirfd, const char *name)
{
	int fd = openat(dirfd, name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd == -1)
		return -1;
	if (faccessat(fd, POINT_JOURNAL, R_OK, AT_SYMLINK_NOFOLLOW) == 0 &&
	    (flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK))
		return fd;
	close(fd);
	return -1;
}

static DIR *
list(const struct point *p, struct err *e)
{
	int fd = openat(p->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd == -1 ? NULL : fdopendir(fd);

	if (d == NULL) {
		err_sys(e, ERR_OS, "read %s", p->dir);
		if (fd != -1)
			close(fd);
	}
	return d;
}

static int
find(struct point *p, time_t *when, struct err *e)
{
	DIR *d = list(p, e);
	struct dirent *entry;
	time_t stamp;
	int fd;

	if (d == NULL)
		return -1;
	while ((entry = readdir(d)) != NULL) {
		if (!point_sweep_is_partial(entry->d_name, p->stem, &stamp) ||
		    ends_in(entry->d_name, "_merged.partial") ||
		    (p->fd != -1 && stamp < *when))
			continue;
		fd = try_folder(p->dirfd, entry->d_name);
		if (fd == -1)
			continue;
		if (p->fd != -1)
			close(p->fd);
		p->fd = fd;
		*when = stamp;
	}
	closedir(d);
	return 0;
}

static bool
is_sparse(const char *name)
{
	return ends_in(name, "-flat.vmdk");
}

/* What the earlier run wrote at once comes anew. */
static bool
is_old(const struct point *p, const char *name)
{
	(void)p;
	return name[0] != '.' && !is_sparse(name);
}

static bool
is_stranger(const struct point *p, const char *name)
{
	return is_sparse(name) && listing_find(&p->files, name) == NULL;
}

static int
drop(struct point *p, bool (*is_one)(const struct point *, const char *),
    struct err *e)
{
	int fd = openat(p->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd == -1 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int rc = 0;

	if (d == NULL) {
		if (fd != -1)
			close(fd);
		return err_sys(e, ERR_OS, "read %s", p->partial_path);
	}
	while (rc == 0 && (entry = readdir(d)) != NULL)
		if (is_one(p, entry->d_name) &&
		    unlinkat(p->fd, entry->d_name, 0) == -1)
			rc = err_sys(e, err_class_of_errno(errno),
			    "remove %s/%s", p->partial_path, entry->d_name);
	closedir(d);
	return rc;
}

int
point_resume_drop_strangers(struct point *p, struct err *e)
{
	return drop(p, is_stranger, e);
}

bool
point_resume_has(const struct point *p, const char *name, uint64_t bytes)
{
	struct stat st;

	return p->is_resumed &&
	    fstatat(p->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(st.st_mode) && (uint64_t)st.st_size == bytes;
}

/* Its lock, which we have, is not seen from other machines on NFS. */
static bool
is_dead(const struct point *p, const char *uuid)
{
	if (point_sweep_has_others(p->dirfd, uuid)) {
		log_warn("%s is not taken up: a point of another VM is being "
			 "written to this folder",
		    p->partial_path);
		return false;
	}
	return point_has_partial(p);
}

int
point_resume(const char *dir, const char *stem, const char *uuid,
    struct point **out, struct err *e)
{
	struct point *p = point_new(dir, stem, e);
	time_t when = 0;

	*out = NULL;
	if (p == NULL || find(p, &when, e) == -1 ||
	    (p->fd != -1 && point_set_names(p, when, e) == -1))
		goto fail;
	if (p->fd == -1 || !is_dead(p, uuid)) {
		point_free(p);
		return 0;
	}
	if (drop(p, is_old, e) == -1)
		goto fail;
	p->made = p->is_resumed = p->has_journal = true;
	*out = p;
	return 1;
fail:
	point_free(p);
	return -1;
}
