#include "store/leftover.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include "store/catalog_internal.h"
#include "store/point_internal.h"
#include "sys/file.h"
#include "sys/lock.h"

/* ".NAME.partial", NAME being what a point is called. */
static bool
is_partial(const char *name, time_t *when)
{
	static const char suffix[] = ".partial";
	size_t n = strlen(name), tail = sizeof(suffix) - 1;
	char *point;
	bool is;

	if (n < 1 + tail || name[0] != '.' ||
	    strcmp(name + n - tail, suffix) != 0)
		return false;
	point = strndup(name + 1, n - 1 - tail);
	is = point != NULL && catalog_scan_is_point(point, when);
	free(point);
	return is;
}

/* Locked by us; -1 if somebody has it open, or it is no folder. */
static int
open_dead(int dirfd, const char *name)
{
	int fd = openat(dirfd, name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd != -1 && flock(fd, LOCK_EX | LOCK_NB) == -1 &&
	    errno == EWOULDBLOCK) {
		close(fd);
		return -1;
	}
	return fd;
}

static int
add(struct leftover **list, size_t *n, int dirfd, const char *name, time_t when,
    struct err *e)
{
	int fd = open_dead(dirfd, name);
	struct leftover *more;

	if (fd == -1)
		return 0;
	more = realloc(*list, (*n + 1) * sizeof(*more));
	if (more == NULL) {
		close(fd);
		return err_sys(e, ERR_OS, "memory");
	}
	*list = more;
	more[*n] = (struct leftover){ strdup(name), when,
		faccessat(fd, POINT_JOURNAL, F_OK, AT_SYMLINK_NOFOLLOW) == 0 };
	close(fd);
	return more[(*n)++].name == NULL ? err_sys(e, ERR_OS, "memory") : 0;
}

static int
by_name(const void *a, const void *b)
{
	const struct leftover *x = a, *y = b;

	return strcmp(x->name, y->name);
}

int
leftover_find(const char *folder, struct leftover **list, size_t *n,
    struct err *e)
{
	struct dirent *entry;
	time_t when;
	int rc = 0;
	DIR *d;

	*list = NULL;
	*n = 0;
	d = opendir(folder);
	if (d == NULL)
		return err_sys(e, err_class_of_errno(errno), "open %s", folder);
	while (rc == 0 && (errno = 0, entry = readdir(d)) != NULL)
		if (is_partial(entry->d_name, &when))
			rc = add(list, n, dirfd(d), entry->d_name, when, e);
	if (rc == 0 && errno != 0)
		rc = err_sys(e, ERR_IO, "read %s", folder);
	closedir(d);
	if (rc == 0 && *n > 1)
		qsort(*list, *n, sizeof(**list), by_name);
	return rc;
}

void
leftover_free(struct leftover *list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		free(list[i].name);
	free(list);
}

/* One writers' lock after the other: whoever holds one is at work. */
static int
check_writers(DIR *d, const char *folder, struct err *e)
{
	struct dirent *entry;
	struct lock *l;
	char *path;

	while ((entry = readdir(d)) != NULL) {
		if (strncmp(entry->d_name, ".w-", 3) != 0)
			continue;
		path = file_join(folder, entry->d_name);
		l = path == NULL ? NULL : lock_open(path, true, e);
		if (path == NULL)
			err_sys(e, ERR_OS, "memory");
		free(path);
		if (l == NULL)
			return -1;
		lock_free(l);
	}
	return 0;
}

int
leftover_remove(const char *folder, const struct leftover *l, struct err *e)
{
	char *path = file_join(folder, l->name);
	DIR *d = opendir(folder);
	int fd = -1, rc = -1;

	if (path == NULL || d == NULL) {
		err_sys(e, path == NULL ? ERR_OS : err_class_of_errno(errno),
		    "open %s", folder);
		goto out;
	}
	/* Held from here on: a run that comes now leaves it alone. */
	fd = open_dead(dirfd(d), l->name);
	if (fd == -1) {
		err_set(e, ERR_TEMP, "%s is in use", path);
		goto out;
	}
	if (check_writers(d, folder, e) == -1 ||
	    catalog_sweep_state(dirfd(d), l->name, e) == -1)
		goto out;
	rc = file_remove_tree(path, e);
out:
	if (fd != -1)
		close(fd);
	if (d != NULL)
		closedir(d);
	free(path);
	return rc;
}
