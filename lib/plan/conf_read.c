#include <dirent.h>
#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "plan/conf_internal.h"
#include "plan/conf_judge.h"
#include "sys/file.h"

enum { FILE_BYTES = 16 << 20 };

struct reading {
	struct conf *c;
	const char *instead; /* file whose text is not asked for, or NULL */
	const json_t *value; /* what it holds */
	struct err *e;
};

json_t *
conf_read_file(const char *file, struct err *e)
{
	struct buf b = { .limit = FILE_BYTES };
	json_t *value = NULL;

	if (file_read(file, &b, e) == 0)
		value = json_read(file, b.data, b.len, e);
	buf_free(&b);
	if (value == NULL)
		e->class = ERR_CONFIG;
	return value;
}

/* Who may write it says where passwords go and which programs run; a secret
 * in it is for nobody else to read.  What is no file has no owner to mind. */
static int
check_mode(const char *file, const struct buf *secret, struct err *e)
{
	struct stat st;
	unsigned int mode;

	if (stat(file, &st) == -1 || !S_ISREG(st.st_mode))
		return 0;
	mode = st.st_mode & 07777;
	if ((mode & 022) != 0)
		return err_set(e, ERR_CONFIG,
		    "%s: mode %04o lets others write it, and so say where "
		    "passwords go: chmod go-w it",
		    file, mode);
	if (secret->len > 0 && (mode & 077) != 0)
		return err_set(e, ERR_CONFIG,
		    "%s: %s: mode %04o lets others read this secret, chmod "
		    "600 the file",
		    file, buf_text(secret), mode);
	return 0;
}

static int
add_member(struct reading *r, const char *file, const char *section,
    const char *name, json_t *value)
{
	json_t *all = json_object_get(r->c->root, section);
	struct buf key = { 0 };
	const char *other;
	int rc = 0;

	buf_fmt(&key, "%s/%s", section, name);
	other = json_string_value(json_object_get(r->c->files, buf_text(&key)));
	if (other != NULL)
		rc = err_set(r->e, ERR_CONFIG, "%s: /%s: stands in %s as well",
		    file, buf_text(&key), other);
	else if (json_object_set(all, name, value) == -1 ||
	    json_object_set_new(r->c->files, buf_text(&key),
		json_string(file)) == -1)
		rc = err_set(r->e, ERR_OS, "%s: out of memory", file);
	buf_free(&key);
	return rc;
}

/* All sections are objects; "version" has done its duty. */
static int
merge(struct reading *r, const char *file, json_t *value)
{
	json_t *all, *member;
	const char *section, *name;

	json_object_foreach(value, section, all)
	{
		if (!json_is_object(all))
			continue;
		if (json_object_get(r->c->root, section) == NULL)
			json_set(r->c->root, section, json_object());
		json_object_foreach(all, name,
		    member) if (add_member(r, file, section, name, member) ==
		    -1) return -1;
	}
	return 0;
}

static int
add_file(struct reading *r, const char *file)
{
	bool given = r->instead != NULL && strcmp(file, r->instead) == 0;
	struct buf secret = { 0 };
	json_t *value;
	int rc = -1;

	value = given ? json_deep_copy(r->value) : conf_read_file(file, r->e);
	if (value == NULL)
		err_set(r->e, ERR_OS, "%s: out of memory", file);
	else if (conf_judge_file(file, value, &secret, r->e) == 0 &&
	    check_mode(file, &secret, r->e) == 0)
		rc = merge(r, file, value);
	json_decref(value);
	buf_free(&secret);
	return rc;
}

static int
is_part(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name);

	return entry->d_name[0] != '.' && n > 5 &&
	    strcmp(entry->d_name + n - 5, ".json") == 0;
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* The parts in plans.d, in order, behind those that are there. */
static int
add_parts(const char *dir, struct conf_paths *paths, struct err *e)
{
	struct dirent **entries = NULL;
	int n = scandir(dir, &entries, is_part, by_name), i, rc = 0;
	char **grown;

	if (n == -1 && errno == ENOENT)
		return 0;
	if (n == -1)
		return err_sys(e, ERR_CONFIG, "read folder %s", dir);
	grown = reallocarray(paths->items, paths->n + (size_t)n,
	    sizeof(*grown));
	if (grown == NULL)
		rc = err_sys(e, ERR_OS, "memory");
	else
		paths->items = grown;
	for (i = 0; i < n; i++) {
		if (rc == 0) {
			grown[paths->n] = file_join(dir, entries[i]->d_name);
			if (grown[paths->n] == NULL)
				rc = err_sys(e, ERR_OS, "memory");
			else
				paths->n++;
		}
		free(entries[i]);
	}
	free(entries);
	return rc;
}

int
conf_read_paths(const char *path, struct conf_paths *paths, struct err *e)
{
	char *copy = strdup(path), *dir = NULL;
	int rc = -1;

	paths->items = calloc(1, sizeof(*paths->items));
	if (copy != NULL && paths->items != NULL)
		paths->items[paths->n] = strdup(path);
	if (paths->items != NULL && paths->items[0] != NULL) {
		paths->n = 1;
		dir = file_join(dirname(copy), "plans.d");
	}
	if (dir == NULL)
		err_sys(e, ERR_OS, "memory");
	else
		rc = add_parts(dir, paths, e);
	free(copy);
	free(dir);
	return rc;
}

void
conf_read_paths_free(struct conf_paths *paths)
{
	for (; paths->n > 0; paths->n--)
		free(paths->items[paths->n - 1]);
	free(paths->items);
	*paths = (struct conf_paths){ 0 };
}

static int
add_files(struct reading *r)
{
	struct conf_paths paths = { 0 };
	int rc = conf_read_paths(r->c->path, &paths, r->e);
	size_t i;

	for (i = 0; rc == 0 && i < paths.n; i++)
		rc = add_file(r, paths.items[i]);
	conf_read_paths_free(&paths);
	return rc;
}

int
conf_read_instead(struct conf *c, const char *path, const char *instead,
    const json_t *value, struct err *e)
{
	struct reading r = { c, instead, value, e };
	struct stat st;

	if (instead == NULL && stat(path, &st) == -1 && errno == ENOENT)
		return err_set(e, ERR_CONFIG,
		    "there is no %s: --config names another file, "
		    "'esxbk-plan add' and 'esxbk-plan set' make one",
		    path);
	c->path = strdup(path);
	c->root = json_object();
	c->files = json_object();
	c->effective = json_object();
	if (c->path == NULL || c->root == NULL || c->files == NULL ||
	    c->effective == NULL)
		return err_sys(e, ERR_OS, "memory");
	return add_files(&r) == -1 ? -1 : conf_fill(c, e);
}

int
conf_read(struct conf *c, const char *path, struct err *e)
{
	return conf_read_instead(c, path, NULL, NULL, e);
}
