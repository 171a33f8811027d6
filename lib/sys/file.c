#include "sys/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "base/secret.h"

enum { SECRET_LIMIT = 4096, TREE_DEPTH = 64 };

/* Appends all of fd; the size may change while it is read. */
static int
read_all(int fd, struct buf *b, struct err *e)
{
	char chunk[65536];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_sys(e, ERR_IO, "read");
		buf_add(b, chunk, (size_t)n);
		if (buf_check(b, e) == -1)
			break;
	}
	explicit_bzero(chunk, sizeof(chunk));
	return buf_check(b, e);
}

int
file_read(const char *path, struct buf *b, struct err *e)
{
	int fd, rc;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd == -1)
		return err_sys(e, errno == ENOENT ? ERR_NOTFOUND : ERR_OS,
		    "open %s", path);
	rc = read_all(fd, b, e);
	close(fd);
	return rc == -1 ? err_ctx(e, "%s", path) : 0;
}

int
file_read_plain(const char *path, struct buf *b, struct err *e)
{
	struct stat st;
	int fd, rc;

	fd = open(path,
	    O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK);
	if (fd == -1 && errno != ELOOP && errno != ENXIO)
		return err_sys(e, errno == ENOENT ? ERR_NOTFOUND : ERR_OS,
		    "open %s", path);
	if (fd == -1 || fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))
		rc = err_set(e, ERR_DATA, "not a plain file");
	else
		rc = read_all(fd, b, e);
	if (fd != -1)
		close(fd);
	return rc == -1 ? err_ctx(e, "%s", path) : 0;
}

static char *
first_line(int fd, struct err *e)
{
	struct buf b = { .limit = SECRET_LIMIT };
	char *line = NULL;

	if (read_all(fd, &b, e) == -1) {
		e->class = ERR_CONFIG;
		goto out;
	}
	if (memchr(buf_text(&b), '\0', b.len) != NULL) {
		err_set(e, ERR_CONFIG, "holds a NUL byte");
		goto out;
	}
	buf_cut(&b, strcspn(buf_text(&b), "\r\n"));
	if (b.len == 0) {
		err_set(e, ERR_CONFIG, "the first line is empty");
		goto out;
	}
	line = buf_steal(&b);
	if (line == NULL)
		err_set(e, ERR_OS, "out of memory");
	else
		secret_add(line, strlen(line));
out:
	buf_free(&b);
	return line;
}

static int
check_private(int fd, bool any_mode, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return err_sys(e, ERR_OS, "stat");
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_CONFIG, "not a regular file");
	if (any_mode)
		return 0;
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return err_set(e, ERR_CONFIG,
		    "belongs to another user (uid %ju)", (uintmax_t)st.st_uid);
	if ((st.st_mode & 077) != 0)
		return err_set(e, ERR_CONFIG,
		    "mode %04o lets others read it, chmod 600 it",
		    (unsigned int)(st.st_mode & 07777));
	return 0;
}

char *
file_read_secret(const char *path, bool any_mode, struct err *e)
{
	char *line = NULL;
	int fd;

	/* O_NONBLOCK: a FIFO in place of the file must not hang us. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd == -1) {
		err_sys(e, ERR_CONFIG, "open %s", path);
		return NULL;
	}
	if (check_private(fd, any_mode, e) == 0)
		line = first_line(fd, e);
	close(fd);
	if (line == NULL)
		err_ctx(e, "%s", path);
	return line;
}

char *
file_read_credential(const char *name, struct err *e)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	bool by_systemd = dir != NULL && dir[0] != '\0';
	char *path, *text;

	if (strchr(name, '/') != NULL || name[0] == '.') {
		err_set(e, ERR_USAGE, "credential %s: a name, no path", name);
		return NULL;
	}
	path = file_join(by_systemd ? dir : "/etc/esxbk/credentials", name);
	if (path == NULL) {
		err_sys(e, ERR_OS, "memory");
		return NULL;
	}
	text = file_read_secret(path, by_systemd, e);
	free(path);
	return text;
}

char *
file_read_secret_fd(int fd, struct err *e)
{
	char *line = first_line(fd, e);

	if (line == NULL)
		err_ctx(e, "file descriptor %d", fd);
	return line;
}

int
file_fsync_dir(int fd)
{
	/* So it says on a file system that has it for files only: no run there
	 * would ever succeed. */
	return fsync(fd) == -1 && errno != EINVAL ? -1 : 0;
}

int
file_sync_dir(const char *path, struct err *e)
{
	int fd, rc;

	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return err_sys(e, err_class_of_errno(errno), "open %s", path);
	rc = file_fsync_dir(fd);
	if (rc == -1)
		err_sys(e, ERR_IO, "fsync %s", path);
	close(fd);
	return rc;
}

static int
sync_parent(const char *path, struct err *e)
{
	char *copy = strdup(path);
	int rc;

	if (copy == NULL)
		return err_sys(e, ERR_OS, "%s", path);
	rc = file_sync_dir(dirname(copy), e);
	free(copy);
	return rc;
}

int
file_mkdir(const char *path, struct err *e)
{
	struct stat st;
	int saved;

	if (mkdir(path, 0755) == 0) {
		if (sync_parent(path, e) == 0)
			return 0;
		/* Found by the next run, it would never be synced. */
		(void)rmdir(path);
		return -1;
	}
	saved = errno;
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return 0;
	errno = saved == EEXIST ? ENOTDIR : saved;
	return err_sys(e, err_class_of_errno(errno), "make folder %s", path);
}

int
file_free_bytes(const char *path, uint64_t *bytes, struct err *e)
{
	struct statvfs v;

	if (statvfs(path, &v) == -1)
		return err_sys(e, err_class_of_errno(errno), "%s", path);
	*bytes = (uint64_t)v.f_bavail * v.f_frsize;
	return 0;
}

static int remove_at(int dir, const char *name, int depth, struct err *e);

static int
empty_dir(int fd, int depth, struct err *e)
{
	struct dirent *entry;
	DIR *d;
	int rc = 0;

	d = fdopendir(fd);
	if (d == NULL) {
		close(fd);
		return err_sys(e, ERR_OS, "read folder");
	}
	while (rc == 0 && (entry = readdir(d)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		rc = remove_at(dirfd(d), entry->d_name, depth + 1, e);
	}
	closedir(d);
	return rc;
}

static int
remove_at(int dir, const char *name, int depth, struct err *e)
{
	int fd;

	if (depth > TREE_DEPTH)
		return err_set(e, ERR_OS, "%s: too deep", name);
	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return err_sys(e, err_class_of_errno(errno), "remove %s", name);
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return err_sys(e, err_class_of_errno(errno), "remove %s", name);
	if (empty_dir(fd, depth, e) == -1)
		return -1;
	if (unlinkat(dir, name, AT_REMOVEDIR) == -1 && errno != ENOENT)
		return err_sys(e, err_class_of_errno(errno), "remove %s", name);
	return 0;
}

int
file_remove_tree(const char *path, struct err *e)
{
	return remove_at(AT_FDCWD, path, 0, e);
}

char *
file_join(const char *dir, const char *name)
{
	size_t n = strlen(dir);
	char *path;

	if (asprintf(&path, "%s%s%s", dir,
		n > 0 && dir[n - 1] == '/' ? "" : "/", name) == -1)
		return NULL;
	return path;
}
