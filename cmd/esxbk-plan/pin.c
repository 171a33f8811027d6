#include "plan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/names.h"
#include "plan/repo.h"
#include "store/catalog.h"
#include "store/name.h"
#include "store/record.h"
#include "sys/file.h"

/* Points of the name, by their paths. */
struct matches {
	char *first;
	struct names names;
};

static int
add_match(struct matches *m, const char *repository, const char *relative,
    struct err *e)
{
	char *path = file_join(repository, relative);

	if (path == NULL)
		return err_sys(e, ERR_OS, "memory");
	names_add(&m->names, path);
	if (m->first == NULL)
		m->first = path;
	else
		free(path);
	return 0;
}

/* REPOSITORY/ * /NAME with a record. */
static int
search(struct matches *m, const char *repository, const char *name,
    struct err *e)
{
	DIR *d = opendir(repository);
	struct dirent *entry;
	char *record, *relative;
	int rc = 0;

	if (d == NULL)
		return err_sys(e, errno == ENOENT ? ERR_NOTFOUND : ERR_IO,
		    "open %s", repository);
	while (rc == 0 && (entry = readdir(d)) != NULL) {
		if (!name_is_file(entry->d_name) ||
		    strcmp(entry->d_name, CATALOG_RUNS) == 0)
			continue;
		relative = file_join(entry->d_name, name);
		record = relative == NULL ? NULL
					  : file_join(relative, RECORD_FILE);
		if (record == NULL)
			rc = err_sys(e, ERR_OS, "memory");
		else if (faccessat(dirfd(d), record, F_OK,
			     AT_SYMLINK_NOFOLLOW) == 0)
			rc = add_match(m, repository, relative, e);
		free(record);
		free(relative);
	}
	closedir(d);
	return rc;
}

static char *
find_by_name(const char *name, struct err *e)
{
	struct matches m = { 0 };
	struct buf told = { 0 };
	struct conf c = { 0 };
	struct err away = { 0 };
	char *path = NULL;
	size_t i;

	if (plan_read_conf(&c, e) == -1)
		goto out;
	for (i = 0; i < c.n_repos; i++)
		if (!plan_repo_is_twin(&c, i) &&
		    repo_check_mounted(&c.repos[i], &away) == 0)
			search(&m, c.repos[i].path, name, &away);
	if (m.names.n == 1) {
		path = m.first;
		m.first = NULL;
		goto out;
	}
	if (m.names.n == 0 && away.class != ERR_NONE) {
		*e = away;
		goto out;
	}
	if (m.names.n == 0) {
		err_set(e, ERR_NOTFOUND, "%s: no repository has such a point",
		    name);
		goto out;
	}
	names_tell(&m.names, &told);
	err_set(e, ERR_NOTFOUND, "%s: which one? %s", name, buf_text(&told));
out:
	buf_free(&m.names.shown);
	buf_free(&told);
	free(m.first);
	conf_free(&c);
	return path;
}

/* The point's folder: a path is taken as it is. */
static char *
find_path(const char *operand, struct err *e)
{
	char *path;

	if (strchr(operand, '/') == NULL)
		return find_by_name(operand, e);
	path = realpath(operand, NULL);
	if (path == NULL)
		err_sys(e, errno == ENOENT ? ERR_NOTFOUND : ERR_OS, "%s",
		    operand);
	return path;
}

/* What a pin is to be, and was. */
struct change {
	char *path;
	char *folder; /* of the VM */
	const char *point;
	bool pin, changed;
};

static json_t *
pin_document(const struct change *c)
{
	json_t *doc = json_object();

	json_set_text(doc, "schema", "esxbk.state/1");
	json_set_text(doc, "type", "pin");
	json_set_text(doc, "point", c->point);
	json_set_time(doc, "time", clock_now());
	return doc;
}

static int
set_pin(struct change *c, const struct catalog_point *p, struct err *e)
{
	json_t *doc;
	int rc;

	c->changed = p->is_pinned != c->pin;
	if (!c->changed)
		return 0;
	if (!c->pin)
		return catalog_set_state(c->folder, c->point, "pin", NULL, e);
	doc = pin_document(c);
	rc = catalog_pin(c->folder, p, doc, e);
	json_decref(doc);
	return rc;
}

/* By the catalogue: a pin on what it does not see would keep nothing. */
static int
find_and_set(struct change *c, struct err *e)
{
	char *repository = strdup(c->folder), *vm = strdup(c->folder);
	struct catalog_folder f = { 0 };
	int rc = -1;
	size_t i;

	if (repository == NULL || vm == NULL) {
		err_sys(e, ERR_OS, "memory");
		goto out;
	}
	if (catalog_read_folder(&f, dirname(repository), basename(vm),
		CATALOG_ALL, true, e) == -1)
		goto out;
	for (i = 0; i < f.n && strcmp(f.points[i].name, c->point) != 0; i++)
		continue;
	if (i < f.n)
		rc = set_pin(c, &f.points[i], e);
	else
		err_set(e, ERR_NOTFOUND, "%s is no point", c->path);
out:
	catalog_folder_free(&f);
	free(repository);
	free(vm);
	return rc;
}

static int
change(struct change *c, const char *operand, struct err *e)
{
	char *slash;

	c->path = find_path(operand, e);
	if (c->path == NULL)
		return -1;
	c->folder = strdup(c->path);
	if (c->folder == NULL)
		return err_sys(e, ERR_OS, "memory");
	slash = strrchr(c->folder, '/');
	if (slash == NULL || slash == c->folder)
		return err_set(e, ERR_NOTFOUND, "%s is no point", c->path);
	*slash = '\0';
	c->point = slash + 1;
	return find_and_set(c, e);
}

static int
pin_or_unpin(const char **operands, size_t n, bool pin, struct err *e)
{
	struct change c = { .pin = pin };
	json_t *doc;
	int rc;

	if (n != 1)
		return err_set(e, ERR_USAGE, "one point at a time");
	rc = change(&c, operands[0], e);
	if (rc == 0 && !cmd_json && log_is_on(LOG_NORMAL))
		cmd_print("%s: %s%s\n", c.path, pin ? "pinned" : "not pinned",
		    c.changed ? "" : ", as before");
	doc = cmd_begin_summary();
	json_set_text(doc, "path", c.path);
	json_set_text(doc, "point", c.point);
	json_set(doc, "pinned", rc == 0 ? json_boolean(pin) : json_null());
	json_set_bool(doc, "changed", rc == 0 && c.changed);
	cmd_end_summary(doc, rc == 0 ? 0 : e->class, e);
	free(c.path);
	free(c.folder);
	return rc;
}

static int
pin(const char **operands, size_t n, struct err *e)
{
	return pin_or_unpin(operands, n, true, e);
}

static int
unpin(const char **operands, size_t n, struct err *e)
{
	return pin_or_unpin(operands, n, false, e);
}

const struct cmd plan_pin = { .name = "pin",
	.about = "Keep a point, whatever the retention says.",
	.synopsis = "[OPTION]... POINT",
	.tables = { plan_table },
	.run = pin };

const struct cmd plan_unpin = { .name = "unpin",
	.about = "Leave a point to the retention again.",
	.synopsis = "[OPTION]... POINT",
	.tables = { plan_table },
	.run = unpin };
