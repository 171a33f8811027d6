#include "place.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "sys/afile.h"
#include "sys/file.h"

enum { FILE_LIMIT = 65536 };

/* 1: *text is a file of ours; 0: there is none; -1 with an error value for
 * somebody else's (ERR_CREATE). */
static int
read_ours(const char *path, char **text, struct err *e)
{
	struct buf b = { .limit = FILE_LIMIT };
	struct stat st;
	int rc = -1;

	if (lstat(path, &st) == -1) {
		if (errno == ENOENT || errno == ENOTDIR)
			return 0;
		return err_sys(e, ERR_OS, "%s", path);
	}
	if (S_ISREG(st.st_mode) && st.st_size <= FILE_LIMIT &&
	    file_read(path, &b, e) == -1)
		goto out;
	if (!units_is_ours(buf_text(&b)) || strlen(buf_text(&b)) != b.len) {
		err_set(e, ERR_CREATE,
		    "%s is there and does not begin with our line '%s': move "
		    "it away",
		    path, units_marker);
		goto out;
	}
	*text = buf_steal(&b);
	rc = *text == NULL ? err_sys(e, ERR_OS, "memory") : 1;
out:
	buf_free(&b);
	return rc;
}

static struct place_file *
add(struct place *p, const char *name, struct err *e)
{
	struct place_file *more, *f;

	more = realloc(p->files, (p->n + 1) * sizeof(*more));
	if (more == NULL) {
		err_sys(e, ERR_OS, "memory");
		return NULL;
	}
	p->files = more;
	f = &more[p->n++];
	*f = (struct place_file){ .name = strdup(name),
		.path = file_join(p->folder, name) };
	if (f->name != NULL && f->path != NULL)
		return f;
	err_sys(e, ERR_OS, "memory");
	return NULL;
}

int
place_open(struct place *p, const char *folder, const struct units *u,
    struct err *e)
{
	struct place_file *f;
	size_t i;

	*p = (struct place){ .folder = strdup(folder) };
	if (p->folder == NULL)
		return err_sys(e, ERR_OS, "memory");
	for (i = 0; i < u->n; i++) {
		f = add(p, u->files[i].name, e);
		if (f == NULL || read_ours(f->path, &f->old, e) == -1)
			return -1;
		f->new = u->files[i].text;
	}
	return 0;
}

int
place_add_old(struct place *p, const char *name, struct err *e)
{
	struct place_file *f;
	struct err skipped = { 0 };
	size_t i;

	for (i = 0; i < p->n; i++)
		if (strcmp(p->files[i].name, name) == 0)
			return 0;
	f = add(p, name, e);
	if (f == NULL)
		return -1;
	if (read_ours(f->path, &f->old, &skipped) == 1)
		return 0;
	free(f->name);
	free(f->path);
	p->n--;
	return skipped.class == ERR_NONE || skipped.class == ERR_CREATE
	    ? 0
	    : err_set(e, skipped.class, "%s", skipped.text);
}

static bool
is_among(const char *plan, const char **plans, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(plan, plans[i]) == 0)
			return true;
	return n == 0;
}

static int
add_entry(struct place *p, const char *name, const char **plans, size_t n,
    struct err *e)
{
	char plan[UNITS_PLAN_SIZE];
	char *below = NULL;
	int rc = 0;

	if (units_plan_of(name, plan) == -1) {
		below = file_join(name, "esxbk.conf");
		if (below == NULL)
			return err_sys(e, ERR_OS, "memory");
		name = below;
	}
	if (units_plan_of(name, plan) == 0 && is_among(plan, plans, n))
		rc = place_add_old(p, name, e);
	free(below);
	return rc;
}

static int
compare_files(const void *a, const void *b)
{
	const struct place_file *x = a, *y = b;

	return strcmp(x->name, y->name);
}

int
place_add_stale(struct place *p, const char **plans, size_t n, struct err *e)
{
	size_t known = p->n;
	struct dirent *entry;
	DIR *dir;
	int rc = 0;

	dir = opendir(p->folder);
	if (dir == NULL)
		return errno == ENOENT ? 0
				       : err_sys(e, ERR_OS, "%s", p->folder);
	while (rc == 0 && (entry = readdir(dir)) != NULL)
		rc = add_entry(p, entry->d_name, plans, n, e);
	closedir(dir);
	if (rc == 0 && p->n > known)
		qsort(p->files + known, p->n - known, sizeof(*p->files),
		    compare_files);
	return rc;
}

bool
place_changes(const struct place_file *f)
{
	if (f->old == NULL || f->new == NULL)
		return f->old != NULL || f->new != NULL;
	return strcmp(f->old, f->new) != 0;
}

bool
place_is_timer(const struct place_file *f)
{
	size_t n = strlen(f->name);

	return n > 6 && strcmp(f->name + n - 6, ".timer") == 0;
}

/* The folder of a drop-in; NULL if the file stands in the place itself. */
static char *
folder_of(const struct place_file *f)
{
	size_t below = strlen(f->path) - strlen(f->name);
	const char *slash = strrchr(f->path + below, '/');

	return slash == NULL ? NULL
			     : strndup(f->path, (size_t)(slash - f->path));
}

static int
write_one(const struct place_file *f, struct err *e)
{
	struct afile *a = NULL;
	char *dir = folder_of(f);
	int rc = -1;

	if (dir != NULL && file_mkdir(dir, e) == -1)
		goto out;
	a = afile_open(f->path, AFILE_REPLACE, 0644, e);
	if (a == NULL || afile_write(a, f->new, strlen(f->new), e) == -1 ||
	    afile_commit(a, e) == -1)
		goto out;
	rc = 0;
out:
	afile_free(a);
	free(dir);
	return rc;
}

/* What "systemctl enable" left behind for a timer, where systemctl did not
 * take it away itself. */
static void
unlink_wanted(const struct place *p, const struct place_file *f)
{
	char *wants = file_join(p->folder, "timers.target.wants"), *path;
	struct stat st;

	path = wants == NULL ? NULL : file_join(wants, f->name);
	if (path != NULL && lstat(path, &st) == 0 && S_ISLNK(st.st_mode))
		unlink(path);
	free(path);
	free(wants);
}

static int
remove_one(const struct place *p, const struct place_file *f, struct err *e)
{
	char *dir = folder_of(f);

	if (unlink(f->path) == -1 && errno != ENOENT) {
		free(dir);
		return err_sys(e, err_class_of_errno(errno), "remove %s",
		    f->path);
	}
	/* Somebody else's drop-ins keep it. */
	if (dir != NULL)
		rmdir(dir);
	free(dir);
	if (place_is_timer(f))
		unlink_wanted(p, f);
	return file_sync_dir(p->folder, e);
}

int
place_apply(struct place *p, struct err *e)
{
	size_t i;
	int rc;

	for (i = 0; i < p->n; i++) {
		if (!place_changes(&p->files[i]))
			continue;
		/* A first -o DIR. */
		if (p->files[i].new != NULL && access(p->folder, F_OK) == -1 &&
		    file_mkdir(p->folder, e) == -1)
			return -1;
		rc = p->files[i].new != NULL ? write_one(&p->files[i], e)
					     : remove_one(p, &p->files[i], e);
		if (rc == -1)
			return -1;
	}
	return 0;
}

void
place_free(struct place *p)
{
	size_t i;

	for (i = 0; i < p->n; i++) {
		free(p->files[i].name);
		free(p->files[i].path);
		free(p->files[i].old);
	}
	free(p->files);
	free(p->folder);
	*p = (struct place){ 0 };
}
