#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "store/package.h"
#include "store/package_internal.h"

struct package_reader {
	int fd;
	bool owns_fd;
	char *name;
	uint64_t start;
	uint64_t at;
	uint64_t left;
};

int
package_read_folder(int dir, const char *name, const char **last)
{
	char part[NAME_MAX + 1];
	const char *slash;
	int fd = fcntl(dir, F_DUPFD_CLOEXEC, 0), below;

	while (fd != -1 && (slash = strchr(name, '/')) != NULL) {
		if (slash - name > NAME_MAX) {
			close(fd);
			errno = ENAMETOOLONG;
			return -1;
		}
		memcpy(part, name, (size_t)(slash - name));
		part[slash - name] = '\0';
		below = openat(fd, part,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (below == -1 && errno == ENOTDIR)
			errno = ELOOP;
		close(fd);
		fd = below;
		name = slash + 1;
	}
	*last = name;
	return fd;
}

static int
open_file(const struct package *p, const struct package_file *f, struct err *e)
{
	const char *last;
	struct stat st;
	int dir, fd = -1;

	dir = package_read_folder(p->fd, f->name, &last);
	/* O_NONBLOCK: a FIFO in place of the file must not hang us. */
	if (dir != -1)
		fd = openat(dir, last,
		    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd == -1)
		err_sys(e, errno == ENOENT ? ERR_NOTFOUND : ERR_OS, "open %s",
		    f->name);
	if (dir != -1)
		close(dir);
	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    (uint64_t)st.st_size == f->size_bytes)
		return fd;
	err_set(e, ERR_IO, "%s has changed since it was looked at", f->name);
	close(fd);
	return -1;
}

struct package_reader *
package_read_open(const struct package *p, const struct package_file *f,
    struct err *e)
{
	struct package_reader *r = calloc(1, sizeof(*r));

	if (r != NULL)
		r->name = strdup(f->name);
	if (r == NULL || r->name == NULL) {
		err_sys(e, ERR_OS, "%s", f->name);
		free(r);
		return NULL;
	}
	r->left = f->size_bytes;
	r->start = r->at = f->offset;
	r->owns_fd = !p->is_archive;
	r->fd = p->is_archive ? p->fd : open_file(p, f, e);
	if (r->fd == -1) {
		r->owns_fd = false;
		package_read_close(r);
		return NULL;
	}
	/* A hint: where it does not work nothing is lost. */
	posix_fadvise(r->fd, (off_t)r->at, (off_t)r->left,
	    POSIX_FADV_SEQUENTIAL);
	return r;
}

static ssize_t
read_at(struct package_reader *r, uint64_t at, void *to, size_t n,
    struct err *e)
{
	ssize_t got;

	do
		got = pread(r->fd, to, n, (off_t)at);
	while (got == -1 && errno == EINTR);
	if (got == -1)
		return err_sys(e, ERR_IO, "read %s", r->name);
	if (got == 0)
		return err_set(e, ERR_IO,
		    "read %s: it ends at byte %ju all of a sudden", r->name,
		    (uintmax_t)(at - r->start));
	return got;
}

ssize_t
package_read(struct package_reader *r, void *to, size_t n, struct err *e)
{
	ssize_t got;

	if (r->left < n)
		n = (size_t)r->left;
	if (n == 0)
		return 0;
	got = read_at(r, r->at, to, n, e);
	if (got > 0) {
		r->at += (uint64_t)got;
		r->left -= (uint64_t)got;
	}
	return got;
}

int
package_read_at(struct package_reader *r, uint64_t offset, void *to, size_t n,
    struct err *e)
{
	char *p = to;
	ssize_t got;

	for (; n > 0; n -= (size_t)got) {
		got = read_at(r, r->start + offset, p, n, e);
		if (got == -1)
			return -1;
		p += got;
		offset += (uint64_t)got;
	}
	return 0;
}

int
package_read_fd(const struct package_reader *r)
{
	return r->fd;
}

void
package_read_close(struct package_reader *r)
{
	if (r == NULL)
		return;
	if (r->owns_fd)
		close(r->fd);
	free(r->name);
	free(r);
}
