#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include "base/log.h"
#include "store/catalog_internal.h"
#include "store/record.h"

static const char suffix[] = ".partial";

/* The name of the point that ".NAME.partial" was: free() it, or NULL. */
static char *
point_of(const char *partial)
{
	size_t n = strlen(partial), tail = sizeof(suffix) - 1;
	time_t ignored;
	char *name;

	if (n < 1 + tail || partial[0] != '.' ||
	    strcmp(partial + n - tail, suffix) != 0)
		return NULL;
	name = strndup(partial + 1, n - 1 - tail);
	if (name != NULL && catalog_scan_is_point(name, &ignored))
		return name;
	free(name);
	return NULL;
}

int
catalog_sweep_state(int folder_fd, const char *partial, struct err *e)
{
	char *point = point_of(partial);
	int rc = 0;

	if (point != NULL &&
	    faccessat(folder_fd, point, F_OK, AT_SYMLINK_NOFOLLOW) == -1 &&
	    errno == ENOENT)
		rc = catalog_state_remove(folder_fd, point, e);
	free(point);
	return rc;
}

/* A removed point keeps its record to the end; a partial point gets one when
 * all else is there, and without a writer it is given up, too. */
static bool
is_leftover(int dirfd, const char *partial, const char *uuid)
{
	struct err ignored = { 0 };
	json_t *record = record_read(dirfd, partial, &ignored);
	bool is = record != NULL &&
	    (uuid == NULL || *uuid == '\0' || record_is_of_vm(record, uuid));

	json_decref(record);
	return is;
}

static int
sweep_one(int dirfd, const char *folder, const char *partial, const char *uuid,
    struct err *e)
{
	int fd, rc = 0;

	fd = openat(dirfd, partial,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return 0;
	if (flock(fd, LOCK_EX | LOCK_NB) == -1 && errno == EWOULDBLOCK)
		goto out;
	if (is_leftover(dirfd, partial, uuid)) {
		rc = catalog_sweep_state(dirfd, partial, e);
		if (rc == 0)
			rc = catalog_remove_partial(dirfd, folder, partial, e);
		if (rc == 0)
			log_step("removed %s/%s, left by an earlier run",
			    folder, partial);
	} else if (unlinkat(dirfd, partial, AT_REMOVEDIR) == 0) {
		/* Killed when all was gone but the folder. */
		log_step("removed %s/%s, which was empty", folder, partial);
	}
out:
	close(fd);
	return rc;
}

/* The lock is taken only if there is something to remove: a repository that
 * is read-only has nothing. */
static int
sweep(DIR *d, const char *folder, const struct catalog_vm_id *vm, struct err *e)
{
	struct lock *l = NULL;
	struct dirent *entry;
	char *point;
	int rc = 0;

	while (rc == 0 && (errno = 0, entry = readdir(d)) != NULL) {
		point = point_of(entry->d_name);
		if (point == NULL)
			continue;
		free(point);
		if (l == NULL)
			l = catalog_remove_lock(folder, vm, 'w', true, e);
		rc = l == NULL ? -1
			       : sweep_one(dirfd(d), folder, entry->d_name,
				     catalog_record_uuid(vm), e);
	}
	if (rc == -1 && l == NULL && e->class == ERR_TEMP) {
		err_clear(e);
		rc = 0;
	}
	lock_free(l);
	return rc;
}

int
catalog_sweep(const char *folder, const struct catalog_vm_id *vm, struct err *e)
{
	DIR *d;
	int fd, rc;

	fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	d = fd == -1 ? NULL : fdopendir(fd);
	if (d == NULL) {
		err_sys(e, err_class_of_errno(errno), "open %s", folder);
		if (fd != -1)
			close(fd);
		return -1;
	}
	rc = sweep(d, folder, vm, e);
	closedir(d);
	return rc;
}
