#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include "base/log.h"
#include "store/catalog_internal.h"
#include "store/name.h"
#include "store/record.h"
#include "sys/file.h"

enum { FOLDER = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

static char *
lock_path(const char *folder, const struct catalog_vm_id *vm, char kind)
{
	char name[16], uuid8[9];

	name_uuid8(catalog_record_uuid(vm), uuid8);
	snprintf(name, sizeof(name), ".%c-%s", kind, uuid8);
	return file_join(folder, name);
}

struct lock *
catalog_remove_lock(const char *folder, const struct catalog_vm_id *vm,
    char kind, bool exclusive, struct err *e)
{
	char *path = lock_path(folder, vm, kind);
	struct lock *l;

	if (path == NULL) {
		err_sys(e, ERR_OS, "memory");
		return NULL;
	}
	l = lock_open(path, exclusive, e);
	free(path);
	return l;
}

/* All but the record. */
static int
empty(DIR *d, const char *path, struct err *e)
{
	struct dirent *entry;
	char *file;
	int rc = 0;

	while (rc == 0 && (errno = 0, entry = readdir(d)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0 ||
		    strcmp(entry->d_name, RECORD_FILE) == 0)
			continue;
		file = file_join(path, entry->d_name);
		rc = file == NULL ? err_sys(e, ERR_OS, "memory")
				  : file_remove_tree(file, e);
		free(file);
	}
	if (rc == 0 && errno != 0)
		rc = err_sys(e, ERR_IO, "read folder");
	return rc;
}

int
catalog_remove_partial(int folder_fd, const char *folder, const char *partial,
    struct err *e)
{
	char *path = file_join(folder, partial);
	int fd = openat(folder_fd, partial, FOLDER), rc = -1;
	DIR *d = fd == -1 ? NULL : fdopendir(fd);

	if (path == NULL) {
		err_sys(e, ERR_OS, "memory");
	} else if (d == NULL) {
		err_sys(e, err_class_of_errno(errno), "open %s", path);
		if (fd != -1)
			close(fd);
	} else if (empty(d, path, e) == 0) {
		rc = file_remove_tree(path, e);
	}
	if (d != NULL)
		closedir(d);
	free(path);
	return rc;
}

int
catalog_remove_check(int dirfd, const struct catalog_point *p, struct err *e)
{
	json_t *record = record_read(dirfd, p->name, e);
	const char *uuid = catalog_record_uuid(&p->vm);
	int rc = -1;

	if (record == NULL)
		return -1;
	if (record_time(record) != p->when ||
	    (uuid != NULL && *uuid != '\0' && !record_is_of_vm(record, uuid)))
		err_set(e, ERR_DATA, "%s is not the point it was", p->name);
	else
		rc = 0;
	json_decref(record);
	return rc;
}

/* A partial of that name is what is left of a point that was removed before
 * and put back by somebody. */
static int
hide(int dirfd, const char *folder, const char *name, const char *partial,
    struct err *e)
{
	int rc = renameat2(dirfd, name, dirfd, partial, RENAME_NOREPLACE);

	if (rc == -1 && errno == EEXIST) {
		if (catalog_remove_partial(dirfd, folder, partial, e) == -1)
			return -1;
		rc = renameat(dirfd, name, dirfd, partial);
	} else if (rc == -1 && (errno == EINVAL || errno == ENOSYS)) {
		/* Not every file system knows this flag; a folder with
		 * something in it is not replaced anyway. */
		rc = renameat(dirfd, name, dirfd, partial);
	}
	if (rc == -1)
		return err_sys(e, err_class_of_errno(errno), "rename %s", name);
	return file_fsync_dir(dirfd) == 0 ? 0 : err_sys(e, ERR_IO, "fsync");
}

/* Since it was read: who is told that a point is pinned is to find it. */
static bool
has_new_pin(int dirfd, const struct catalog_point *p)
{
	char name[600];

	snprintf(name, sizeof(name), "state/%s.pin.json", p->name);
	return !p->is_pinned &&
	    faccessat(dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int
remove_locked(int dirfd, const char *folder, const struct catalog_point *p,
    struct err *e)
{
	char *partial = NULL;
	int fd = -1, rc = -1;

	if (catalog_remove_check(dirfd, p, e) == -1)
		goto out;
	if (has_new_pin(dirfd, p)) {
		err_set(e, ERR_TEMP, "%s has been pinned meanwhile", p->name);
		goto out;
	}
	if (asprintf(&partial, ".%s.partial", p->name) == -1) {
		partial = NULL;
		err_sys(e, ERR_OS, "memory");
		goto out;
	}
	fd = openat(dirfd, p->name, FOLDER);
	if (fd == -1) {
		err_sys(e, ERR_IO, "open %s", p->name);
		goto out;
	}
	/* An export that sweeps leaves locked partials alone. */
	if (flock(fd, LOCK_EX | LOCK_NB) == -1 && errno == EWOULDBLOCK) {
		err_set(e, ERR_TEMP, "%s is locked", p->name);
		goto out;
	}
	if (hide(dirfd, folder, p->name, partial, e) == 0 &&
	    catalog_state_remove(dirfd, p->name, e) == 0)
		rc = catalog_remove_partial(dirfd, folder, partial, e);
out:
	if (fd != -1)
		close(fd);
	free(partial);
	return rc;
}

/* No space for a lock that is not there yet: readers have none either, and
 * space is what is wanted. */
static bool
is_full(const char *folder, const struct catalog_vm_id *vm, const struct err *e)
{
	char *path = lock_path(folder, vm, 'r');
	bool full = e->class == ERR_IO && path != NULL &&
	    access(path, F_OK) == -1 && errno == ENOENT;

	free(path);
	return full;
}

int
catalog_remove(const char *folder, const struct catalog_point *p, struct err *e)
{
	struct lock *l = catalog_remove_lock(folder, &p->vm, 'r', true, e);
	int fd, rc = -1;

	if (l == NULL && e->class == ERR_TEMP)
		return err_ctx(e, "%s: points are being read", folder);
	if (l == NULL && !is_full(folder, &p->vm, e))
		return -1;
	err_clear(e);
	fd = open(folder, FOLDER);
	if (fd == -1) {
		err_sys(e, err_class_of_errno(errno), "open %s", folder);
	} else {
		rc = remove_locked(fd, folder, p, e);
		close(fd);
		if (rc == -1)
			err_ctx(e, "%s", folder);
	}
	lock_free(l);
	return rc;
}
