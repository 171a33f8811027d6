#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "store/package.h"
#include "store/package_internal.h"
#include "store/record.h"

struct names {
	char **items;
	size_t n;
	size_t room;
};

static int
no_memory(struct err *e)
{
	return err_sys(e, ERR_OS, "memory");
}

static int
add_name(struct names *l, const char *name, struct err *e)
{
	size_t room = l->room == 0 ? 64 : 2 * l->room;
	char **more;

	if (name == NULL)
		return 0;
	if (l->n == PACKAGE_MAX_FILES)
		return err_set(e, ERR_DATA, "more than %d files",
		    PACKAGE_MAX_FILES);
	if (l->n == l->room) {
		more = reallocarray(l->items, room, sizeof(*more));
		if (more == NULL)
			return no_memory(e);
		l->items = more;
		l->room = room;
	}
	l->items[l->n] = strdup(name);
	if (l->items[l->n] == NULL)
		return no_memory(e);
	l->n++;
	return 0;
}

static void
free_names(struct names *l)
{
	while (l->n > 0)
		free(l->items[--l->n]);
	free(l->items);
}

int
package_list_add(struct package *p, const char *name, uint64_t size_bytes,
    uint64_t offset, struct err *e)
{
	struct package_file *files;

	/* Grows at 0, 16, 32, 64, ... */
	if ((p->n_files & (p->n_files - 1)) == 0 &&
	    (p->n_files == 0 || p->n_files >= 16)) {
		files = reallocarray(p->files,
		    p->n_files == 0 ? 16 : 2 * p->n_files, sizeof(*files));
		if (files == NULL)
			return no_memory(e);
		p->files = files;
	}
	files = &p->files[p->n_files];
	*files = (struct package_file){ strdup(name), size_bytes, offset };
	if (files->name == NULL)
		return no_memory(e);
	p->n_files++;
	return 0;
}

/* Those that descriptor and manifest name, where that cannot lead out. */
static int
add_referred(const struct package *p, struct names *l, struct err *e)
{
	size_t i;

	for (i = 0; i < p->ovf.n_files; i++)
		if (ovf_href_is_safe(p->ovf.files[i].href) &&
		    add_name(l, p->ovf.files[i].href, e) == -1)
			return -1;
	for (i = 0; i < p->manifest.n; i++)
		if (ovf_href_is_safe(p->manifest.entries[i].name) &&
		    add_name(l, p->manifest.entries[i].name, e) == -1)
			return -1;
	if (add_name(l, p->descriptor_name, e) == -1 ||
	    add_name(l, p->manifest_name, e) == -1)
		return -1;
	if (add_name(l, RECORD_FILE, e) == -1)
		return -1;
	return add_name(l, p->certificate_name, e);
}

static int
add_folder(const struct package *p, struct names *l, struct err *e)
{
	int fd = openat(p->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd == -1 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int rc = 0;

	if (d == NULL) {
		if (fd != -1)
			close(fd);
		return err_sys(e, ERR_OS, "read folder");
	}
	while (rc == 0 && (errno = 0, entry = readdir(d)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			rc = add_name(l, entry->d_name, e);
	if (rc == 0 && errno != 0)
		rc = err_sys(e, ERR_IO, "read folder");
	closedir(d);
	return rc;
}

static int
add_strange(struct package *p, const char *name, struct err *e)
{
	char **more = reallocarray(p->strange, p->n_strange + 1, sizeof(*more));

	if (more == NULL)
		return no_memory(e);
	p->strange = more;
	more[p->n_strange] = strdup(name);
	if (more[p->n_strange] == NULL)
		return no_memory(e);
	p->n_strange++;
	return 0;
}

static int
look_at(struct package *p, const char *name, struct err *e)
{
	const char *last;
	struct stat st;
	int dir = package_read_folder(p->fd, name, &last), rc;

	if (dir == -1)
		return 0;
	rc = fstatat(dir, last, &st, AT_SYMLINK_NOFOLLOW);
	close(dir);
	if (rc == -1)
		return 0;
	if (S_ISREG(st.st_mode))
		return package_list_add(p, name, (uint64_t)st.st_size, 0, e);
	return add_strange(p, name, e);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int
package_list(struct package *p, struct err *e)
{
	struct names l = { 0 };
	int rc = -1;
	size_t i;

	if (add_referred(p, &l, e) == -1 ||
	    (p->record != NULL && add_folder(p, &l, e) == -1))
		goto out;
	if (l.n > 0)
		qsort(l.items, l.n, sizeof(*l.items), by_name);
	for (i = 0; i < l.n; i++) {
		if (i > 0 && strcmp(l.items[i - 1], l.items[i]) == 0)
			continue;
		if (look_at(p, l.items[i], e) == -1)
			goto out;
	}
	rc = 0;
out:
	free_names(&l);
	return rc;
}
