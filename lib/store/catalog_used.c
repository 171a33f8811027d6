#include "store/catalog_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 512 };

static int
add_all(DIR *d, uint64_t *bytes, struct err *e)
{
	struct dirent *entry;
	struct stat st;

	while ((errno = 0, entry = readdir(d)) != NULL) {
		if (fstatat(dirfd(d), entry->d_name, &st,
			AT_SYMLINK_NOFOLLOW) == -1)
			return err_sys(e, ERR_IO, "%s", entry->d_name);
		if (S_ISREG(st.st_mode))
			*bytes += (uint64_t)st.st_blocks * BLOCK;
	}
	return errno == 0 ? 0 : err_sys(e, ERR_IO, "read");
}

int
catalog_used_at(int folder_fd, const char *point, uint64_t *bytes,
    struct err *e)
{
	int fd, rc;
	DIR *d;

	*bytes = 0;
	fd = openat(folder_fd, point,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	d = fd == -1 ? NULL : fdopendir(fd);
	if (d == NULL) {
		err_sys(e, errno == ENOENT ? ERR_NOTFOUND : ERR_IO, "open %s",
		    point);
		if (fd != -1)
			close(fd);
		return -1;
	}
	rc = add_all(d, bytes, e);
	closedir(d);
	return rc == -1 ? err_ctx(e, "%s", point) : 0;
}

int
catalog_used_bytes(const char *folder, const char *point, uint64_t *bytes,
    struct err *e)
{
	int fd, rc;

	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return err_sys(e, errno == ENOENT ? ERR_NOTFOUND : ERR_IO,
		    "open %s", folder);
	rc = catalog_used_at(fd, point, bytes, e);
	close(fd);
	return rc == -1 ? err_ctx(e, "%s", folder) : 0;
}
