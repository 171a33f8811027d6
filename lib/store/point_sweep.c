#include "store/point_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "store/catalog_internal.h"
#include "store/name.h"
#include "sys/file.h"

enum { STAMP_LENGTH = 15 };

/* Without the stamp "web" would take what belongs to "web_old". */
bool
point_sweep_is_partial(const char *name, const char *stem, time_t *when)
{
	char stamp[STAMP_LENGTH + 1];
	size_t n = strlen(stem);
	time_t ignored;

	if (name[0] != '.' || strncmp(name + 1, stem, n) != 0 ||
	    name[1 + n] != '_')
		return false;
	name += 1 + n + 1;
	if (strlen(name) < STAMP_LENGTH)
		return false;
	memcpy(stamp, name, STAMP_LENGTH);
	stamp[STAMP_LENGTH] = '\0';
	name += STAMP_LENGTH;
	return clock_parse_stamp(stamp, when == NULL ? &ignored : when) == 0 &&
	    (strcmp(name, ".partial") == 0 ||
		strcmp(name, "_merged.partial") == 0);
}

/* NFS makes such a lock of lock_open()'s, and asks the server for it; others
 * keep the two kinds apart. */
static bool
is_held(int dirfd, const char *name)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = openat(dirfd, name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	bool held;

	if (fd == -1)
		return false;
	held = fcntl(fd, F_GETLK, &l) == 0 && l.l_type != F_UNLCK;
	close(fd);
	return held;
}

bool
point_sweep_has_others(int dirfd, const char *uuid)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd == -1 ? NULL : fdopendir(fd);
	char mine[16], uuid8[9];
	struct dirent *entry;
	bool found = false;

	if (d == NULL && fd != -1)
		close(fd);
	name_uuid8(uuid, uuid8);
	snprintf(mine, sizeof(mine), ".w-%s", uuid8);
	while (d != NULL && !found && (entry = readdir(d)) != NULL)
		found = strncmp(entry->d_name, ".w-", 3) == 0 &&
		    strcmp(entry->d_name, mine) != 0 &&
		    is_held(dirfd, entry->d_name);
	if (d != NULL)
		closedir(d);
	return found;
}

/* It may be a point that a prune was killed over. */
static int
remove_partial(int dirfd, const char *dir, const char *name, struct err *e)
{
	char *path = file_join(dir, name);
	struct err why = { 0 };
	int rc;

	if (catalog_sweep_state(dirfd, name, &why) == -1)
		log_warn("%s: %s", dir, why.text);
	rc = path == NULL ? err_sys(e, ERR_OS, "%s", name)
			  : file_remove_tree(path, e);
	if (rc == 0)
		log_step("removed %s, left by an earlier run", path);
	free(path);
	return rc;
}

static int
sweep_one(int dirfd, const char *dir, const char *name, const char *uuid,
    struct err *e)
{
	int fd, rc = 0;

	fd = openat(dirfd, name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1) {
		/* A file or a link is none of ours. */
		if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)
			return 0;
		return err_sys(e, err_class_of_errno(errno), "open %s/%s", dir,
		    name);
	}
	/* Another VM of this name may be written to the same folder. */
	if (flock(fd, LOCK_EX | LOCK_NB) == -1 && errno == EWOULDBLOCK)
		rc = 0;
	else if (point_sweep_has_others(dirfd, uuid))
		log_step("%s/%s stays: a point of another VM is being written "
			 "to this folder",
		    dir, name);
	else
		rc = remove_partial(dirfd, dir, name, e);
	close(fd);
	return rc;
}

int
point_sweep(const char *dir, const char *stem, const char *uuid,
    const struct point *keep, struct err *e)
{
	struct dirent *entry;
	int rc = 0;
	DIR *d;

	d = opendir(dir);
	if (d == NULL && errno == ENOENT)
		return 0;
	if (d == NULL)
		return err_sys(e, err_class_of_errno(errno), "open %s", dir);
	while (rc == 0 && (errno = 0, entry = readdir(d)) != NULL)
		if (point_sweep_is_partial(entry->d_name, stem, NULL) &&
		    (keep == NULL || strcmp(entry->d_name, keep->partial) != 0))
			rc = sweep_one(dirfd(d), dir, entry->d_name, uuid, e);
	if (rc == 0 && errno != 0)
		rc = err_sys(e, ERR_IO, "read %s", dir);
	closedir(d);
	return rc;
}
