#include "store/catalog.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"
#include "store/catalog_internal.h"
#include "store/name.h"

/* What is wanted of a folder. */
struct wish {
	enum catalog_depth depth;
	bool state;
	bool seek; /* a good point of plan */
	const char *plan;
};

bool
catalog_is_good(const struct catalog_point *p)
{
	return !p->is_damaged && !p->is_broken;
}

static bool
same_plan(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static int
by_time(const void *a, const void *b)
{
	const struct catalog_point *one = a, *two = b;

	if (one->when != two->when)
		return one->when < two->when ? -1 : 1;
	return strcmp(one->name, two->name);
}

/* Room for one more, in powers of two. */
static int
grow(void **items, size_t n, size_t size, struct err *e)
{
	void *more;

	if (n > 0 && (n & (n - 1)) != 0)
		return 0;
	more = reallocarray(*items, n == 0 ? 1 : 2 * n, size);
	if (more == NULL)
		return err_sys(e, ERR_OS, "memory");
	*items = more;
	return 0;
}

static int
add_unread(struct catalog_folder *f, struct catalog_scan *s,
    const struct catalog_name *name, const struct err *why, struct err *e)
{
	/* Without a record it is no point. */
	if (why->class == ERR_NOTFOUND)
		return 0;
	catalog_scan_pass(s, why);
	f->is_uncertain = f->is_uncertain || why->class != ERR_DATA;
	if (grow((void **)&f->unread, f->n_unread, sizeof(*f->unread), e) == -1)
		return -1;
	f->unread[f->n_unread++] = name->when;
	return 0;
}

static int
read_point(struct catalog_folder *f, struct catalog_scan *s,
    struct catalog_name *name, struct err *e)
{
	struct err why = { 0 };
	struct catalog_point *p;

	name->is_read = true;
	if (grow((void **)&f->points, f->n, sizeof(*f->points), e) == -1)
		return -1;
	p = &f->points[f->n];
	if (catalog_record_read(p, s, name->name, &why) == -1)
		return add_unread(f, s, name, &why, e);
	f->n++;
	p->parent_at = -1;
	if (p->is_full)
		return 0;
	p->chain = 1;
	p->is_broken = p->parent == NULL ||
	    catalog_scan_find(s, p->parent) == NULL;
	return 0;
}

/* Is there a good point, of the plan if one is sought, that is not older than
 * any of the names that are left can be? */
static bool
is_enough(const struct catalog_folder *f, const struct catalog_name *next,
    const struct wish *w)
{
	bool any = false, of_plan = !w->seek;
	size_t i;

	if (w->depth == CATALOG_ALL)
		return false;
	for (i = 0; i < f->n; i++) {
		const struct catalog_point *p = &f->points[i];

		if (!catalog_is_good(p) || p->when < next->when)
			continue;
		any = true;
		of_plan = of_plan || same_plan(p->plan, w->plan);
	}
	return any && of_plan;
}

static int
by_name(const void *a, const void *b)
{
	const struct catalog_point *const *one = a, *const *two = b;

	return strcmp((*one)->name, (*two)->name);
}

static void
link_one(struct catalog_folder *f, struct catalog_point *p,
    struct catalog_point **sorted, bool all)
{
	struct catalog_point key = { .name = p->parent }, *kp = &key, **found;
	const struct catalog_point *parent;

	if (p->parent == NULL)
		return;
	found = bsearch(&kp, sorted, f->n, sizeof(*sorted), by_name);
	/* A parent that is not older would make a circle. */
	if (found == NULL || *found >= p) {
		p->is_broken = p->is_broken || all || found != NULL;
		return;
	}
	parent = *found;
	p->parent_at = (int)(parent - f->points);
	p->chain = parent->chain + 1;
	p->is_broken = p->is_broken || !catalog_is_good(parent);
}

/* Sorts the points and tells each its parent. */
static int
link_points(struct catalog_folder *f, bool all, struct err *e)
{
	struct catalog_point **sorted;
	size_t i;

	if (f->n == 0)
		return 0;
	qsort(f->points, f->n, sizeof(*f->points), by_time);
	sorted = calloc(f->n, sizeof(*sorted));
	if (sorted == NULL)
		return err_sys(e, ERR_OS, "memory");
	for (i = 0; i < f->n; i++)
		sorted[i] = &f->points[i];
	qsort(sorted, f->n, sizeof(*sorted), by_name);
	for (i = 0; i < f->n; i++)
		link_one(f, &f->points[i], sorted, all);
	free(sorted);
	return 0;
}

/* 1; 0 if it is no folder; f is empty unless 1. */
static int
read_folder(struct catalog_folder *f, int dirfd, const char *repository,
    const char *name, const struct wish *w, struct err *e)
{
	struct catalog_scan s;
	size_t i;
	int rc;

	*f = (struct catalog_folder){ 0 };
	rc = catalog_scan_open(&s, dirfd, repository, name, w->state, e);
	if (rc != 1)
		return rc;
	f->n_names = s.n;
	f->name = strdup(name);
	if (f->name == NULL)
		rc = err_sys(e, ERR_OS, "memory");
	for (i = s.n; rc == 1 && i > 0; i--) {
		if (is_enough(f, &s.names[i - 1], w))
			break;
		if (read_point(f, &s, &s.names[i - 1], e) == -1)
			rc = -1;
	}
	f->is_uncertain = f->is_uncertain || s.is_uncertain;
	if (rc == 1 && link_points(f, w->depth == CATALOG_ALL, e) == -1)
		rc = -1;
	catalog_scan_close(&s);
	if (rc == -1)
		catalog_folder_free(f);
	return rc;
}

static int
open_repository(const char *path, struct err *e)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1)
		err_sys(e, errno == ENOENT ? ERR_NOTFOUND : ERR_IO, "open %s",
		    path);
	return fd;
}

static int
read_named(struct catalog_folder *f, const char *repository, const char *name,
    const struct wish *w, struct err *e)
{
	int fd, rc;

	*f = (struct catalog_folder){ 0 };
	fd = open_repository(repository, e);
	if (fd == -1)
		return -1;
	rc = read_folder(f, fd, repository, name, w, e);
	close(fd);
	if (rc == 0)
		return err_set(e, ERR_NOTFOUND, "%s/%s: no such folder",
		    repository, name);
	return rc == 1 ? 0 : -1;
}

int
catalog_read_folder(struct catalog_folder *f, const char *repository,
    const char *name, enum catalog_depth depth, bool state, struct err *e)
{
	const struct wish w = { .depth = depth, .state = state };

	return read_named(f, repository, name, &w, e);
}

int
catalog_seek(struct catalog_folder *f, const char *repository, const char *name,
    const char *plan, bool state, struct err *e)
{
	const struct wish w = { .depth = CATALOG_NEWEST,
		.state = state,
		.seek = true,
		.plan = plan };

	return read_named(f, repository, name, &w, e);
}

void
catalog_folder_free(struct catalog_folder *f)
{
	while (f->n > 0)
		catalog_record_free(&f->points[--f->n]);
	free(f->points);
	free(f->unread);
	free(f->name);
	*f = (struct catalog_folder){ 0 };
}

/* A folder that cannot be read is one that is not known: told, no more. */
static int
add_folder(struct catalog *c, int fd, const char *name, const struct wish *w,
    struct err *e)
{
	struct err why = { 0 };
	struct catalog_folder *f;
	int rc;

	if (grow((void **)&c->folders, c->n, sizeof(*c->folders), e) == -1)
		return -1;
	f = &c->folders[c->n];
	rc = read_folder(f, fd, c->path, name, w, &why);
	if (rc == -1 && why.class == ERR_OS) {
		*e = why;
		return -1;
	}
	if (rc == -1) {
		log_warn("passed over %s", why.text);
		c->n_passed++;
	}
	if (rc == 1 && f->n_names > 0)
		c->n++;
	else if (rc == 1)
		catalog_folder_free(f);
	return 0;
}

static int
by_folder(const void *a, const void *b)
{
	const struct catalog_folder *one = a, *two = b;

	return strcmp(one->name, two->name);
}

static int
read_all(struct catalog *c, DIR *d, const struct wish *w, struct err *e)
{
	struct dirent *entry;

	while ((errno = 0, entry = readdir(d)) != NULL) {
		if (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN)
			continue;
		if (!name_is_file(entry->d_name) ||
		    strcmp(entry->d_name, CATALOG_RUNS) == 0)
			continue;
		if (add_folder(c, dirfd(d), entry->d_name, w, e) == -1)
			return -1;
	}
	if (errno != 0)
		return err_sys(e, ERR_IO, "read %s", c->path);
	if (c->n > 0)
		qsort(c->folders, c->n, sizeof(*c->folders), by_folder);
	return 0;
}

int
catalog_read(struct catalog *c, const char *path, enum catalog_depth depth,
    bool state, struct err *e)
{
	const struct wish w = { .depth = depth, .state = state };
	int fd, rc = -1;
	DIR *d = NULL;

	*c = (struct catalog){ .path = strdup(path) };
	if (c->path == NULL)
		return err_sys(e, ERR_OS, "memory");
	fd = open_repository(path, e);
	if (fd == -1)
		return -1;
	d = fdopendir(fd);
	if (d == NULL) {
		err_sys(e, ERR_IO, "read %s", path);
		close(fd);
		return -1;
	}
	rc = read_all(c, d, &w, e);
	closedir(d);
	return rc;
}

void
catalog_free(struct catalog *c)
{
	while (c->n > 0)
		catalog_folder_free(&c->folders[--c->n]);
	free(c->folders);
	free(c->path);
	*c = (struct catalog){ 0 };
}
