#include "plan/conf_edit.h"

#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "plan/conf_assign.h"
#include "plan/conf_internal.h"
#include "plan/conf_judge.h"
#include "plan/conf_text.h"
#include "sys/afile.h"
#include "sys/file.h"
#include "sys/sig.h"

enum { WAIT_MS = 10000, STEP_MS = 50 };

struct conf_edit {
	char *path;           /* the main file */
	char *file;           /* the one that is changed */
	char *made;           /* a folder that is new */
	struct afile *lock;   /* a new main file, as long as we edit */
	char *section, *name; /* of the place; of the defaults name is NULL */
	const struct conf_key *keys;
	json_t *root;     /* of the file */
	json_t *old;      /* what it was */
	json_t *defaults; /* of all files */
	bool just_look, is_new;
};

static int
split_place(struct conf_edit *ed, const char *place, struct err *e)
{
	const struct conf_key *key;
	const char *slash;
	size_t n;

	if (place[0] == '\0')
		return err_set(e, ERR_USAGE, "the plan's name is empty");
	if (place[0] != '/') {
		ed->section = strdup("plans");
		ed->name = strdup(place);
		ed->keys = conf_schema_plan;
		goto out;
	}
	slash = strchr(place + 1, '/');
	n = slash == NULL ? strlen(place + 1) : (size_t)(slash - place) - 1;
	key = conf_schema_find(conf_schema, place + 1, n);
	if (key == NULL || key->keys == NULL ||
	    (key->kind == CONF_MAP) != (slash != NULL) ||
	    (slash != NULL && strchr(slash + 1, '/') != NULL))
		return err_set(e, ERR_USAGE,
		    "%s: neither a plan's name nor /sites/NAME, "
		    "/repositories/NAME, /notify/NAME, /targets/NAME, "
		    "/plans/NAME or /defaults",
		    place);
	ed->section = strdup(key->name);
	ed->name = slash == NULL ? NULL : strdup(slash + 1);
	ed->keys = key->keys;
	if (slash == NULL && ed->section != NULL)
		return 0;
out:
	if (ed->section == NULL || ed->name == NULL)
		return err_sys(e, ERR_OS, "memory");
	return 0;
}

static json_t *
member(const struct conf_edit *ed, const json_t *root)
{
	json_t *all = json_object_get(root, ed->section);

	return ed->name == NULL ? all : json_object_get(all, ed->name);
}

/* Folders of a first configuration: ~/.config/esxbk may need both. */
static int
make_folders(struct conf_edit *ed, struct err *e)
{
	struct err ignored = { 0 };
	char *copy = strdup(ed->path), *dir, *parent = NULL;
	struct stat st;
	int rc = 0;

	if (copy == NULL)
		return err_sys(e, ERR_OS, "memory");
	dir = dirname(copy);
	if (stat(dir, &st) == -1) {
		parent = strdup(dir);
		if (parent != NULL)
			(void)file_mkdir(dirname(parent), &ignored);
		rc = file_mkdir(dir, e);
		ed->made = rc == 0 ? strdup(dir) : NULL;
	}
	free(parent);
	free(copy);
	return rc;
}

/* A link to the file stays one. */
static char *
real_path(const char *path)
{
	char *real = realpath(path, NULL);

	return real != NULL ? real : strdup(path);
}

/* A new file with what the old one had; for a new one also the mode. */
static struct afile *
open_like(const char *path, unsigned int mode, struct err *e)
{
	char *real = real_path(path);
	struct afile *f = NULL;
	struct stat st;
	bool is_there;

	if (real == NULL) {
		err_sys(e, ERR_OS, "memory");
		return NULL;
	}
	is_there = stat(real, &st) == 0;
	if (is_there)
		mode = st.st_mode & 0777;
	f = afile_open(real, AFILE_REPLACE, mode, e);
	if (f != NULL && is_there &&
	    afile_own(f, st.st_uid, st.st_gid, e) == -1) {
		afile_free(f);
		f = NULL;
	}
	free(real);
	return f;
}

static int
take_lock(struct conf_edit *ed, struct err *e)
{
	uint64_t end = clock_mono_ms() + WAIT_MS;
	struct err busy = { 0 };

	if (make_folders(ed, e) == -1)
		return -1;
	for (;;) {
		err_clear(&busy);
		ed->lock = open_like(ed->path, 0600, &busy);
		if (ed->lock != NULL)
			return 0;
		if (busy.class != ERR_TEMP || clock_mono_ms() >= end)
			break;
		if (sig_check(e) == -1)
			return -1;
		sig_sleep_ms(STEP_MS);
	}
	return err_set(e, busy.class, "%s", busy.text);
}

static bool
is_there(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0;
}

/* Looks into each file for the place, and for the defaults. */
static int
find(struct conf_edit *ed, struct err *e)
{
	struct conf_paths paths = { 0 };
	int rc = conf_read_paths(ed->path, &paths, e);
	json_t *root;
	size_t i;

	for (i = 0; rc == 0 && i < paths.n; i++) {
		if (i == 0 && !is_there(ed->path))
			root = json_pack("{s:i}", "version", 1);
		else
			root = conf_read_file(paths.items[i], e);
		if (root == NULL)
			rc = -1;
		else
			json_object_update(ed->defaults,
			    json_object_get(root, "defaults"));
		if (root != NULL && (i == 0 || member(ed, root) != NULL)) {
			json_decref(ed->root);
			free(ed->file);
			ed->root = json_incref(root);
			ed->file = strdup(paths.items[i]);
		}
		json_decref(root);
	}
	conf_read_paths_free(&paths);
	ed->is_new = rc == 0 && !is_there(ed->file);
	if (rc == 0 && !json_is_object(ed->root))
		rc = err_set(e, ERR_CONFIG, "%s: must be an object", ed->file);
	return rc;
}

struct conf_edit *
conf_edit_open(const char *path, const char *place, bool just_look,
    struct err *e)
{
	struct conf_edit *ed = calloc(1, sizeof(*ed));

	if (ed == NULL) {
		err_sys(e, ERR_OS, "memory");
		return NULL;
	}
	ed->path = strdup(path);
	ed->just_look = just_look;
	ed->defaults = json_object();
	if (split_place(ed, place, e) == -1)
		goto fail;
	if (ed->path == NULL || ed->defaults == NULL) {
		err_sys(e, ERR_OS, "memory");
		goto fail;
	}
	if ((!just_look && take_lock(ed, e) == -1) || find(ed, e) == -1)
		goto fail;
	ed->old = json_deep_copy(ed->root);
	if (ed->file != NULL && ed->old != NULL)
		return ed;
	err_sys(e, ERR_OS, "memory");
fail:
	conf_edit_free(ed);
	return NULL;
}

const json_t *
conf_edit_value(const struct conf_edit *ed)
{
	return member(ed, ed->root);
}

const char *
conf_edit_file(const struct conf_edit *ed)
{
	return ed->file;
}

void
conf_edit_remove(struct conf_edit *ed)
{
	json_object_del(ed->name == NULL
		? ed->root
		: json_object_get(ed->root, ed->section),
	    ed->name == NULL ? ed->section : ed->name);
}

/* In its own place among the others, if it has one. */
int
conf_edit_empty(struct conf_edit *ed, struct err *e)
{
	json_t *all = json_object_get(ed->root, ed->section);

	if (all == NULL) {
		all = json_object();
		if (json_object_set_new(ed->root, ed->section, all) == -1)
			return err_sys(e, ERR_OS, "memory");
	}
	if (!json_is_object(all))
		return err_set(e, ERR_CONFIG, "%s: /%s: must be an object",
		    ed->file, ed->section);
	if (ed->name == NULL)
		json_object_clear(all);
	else if (json_object_set_new(all, ed->name, json_object()) == -1)
		return err_sys(e, ERR_OS, "memory");
	return 0;
}

int
conf_edit_put(struct conf_edit *ed, const char *key, json_t *value,
    struct err *e)
{
	bool is_plan = strcmp(ed->section, "plans") == 0;

	if (value != NULL && member(ed, ed->root) == NULL &&
	    conf_edit_empty(ed, e) == -1) {
		json_decref(value);
		return -1;
	}
	if (!json_is_object(member(ed, ed->root))) {
		json_decref(value);
		return value == NULL
		    ? 0
		    : err_set(e, ERR_CONFIG, "%s: /%s/%s: must be an object",
			  ed->file, ed->section,
			  ed->name == NULL ? "" : ed->name);
	}
	return conf_assign(member(ed, ed->root), ed->keys,
	    is_plan ? ed->defaults : NULL, key, value, e);
}

int
conf_edit_set(struct conf_edit *ed, const char *assignment, struct err *e)
{
	const char *is = strchr(assignment, '=');
	const struct conf_key *key;
	json_t *value = NULL;
	char *name;
	int rc = -1;

	if (is == NULL || is == assignment)
		return err_set(e, ERR_USAGE, "'%s': not KEY=VALUE", assignment);
	name = strndup(assignment, (size_t)(is - assignment));
	if (name == NULL)
		return err_sys(e, ERR_OS, "memory");
	key = conf_assign_key(ed->keys, name, e);
	if (key != NULL && is[1] != '\0') {
		value = conf_assign_value(key, name, is + 1, e);
		/* JSON that cannot be read is the command line's fault. */
		if (value == NULL && e->class == ERR_DATA)
			e->class = ERR_USAGE;
		if (value == NULL)
			err_sys(e, ERR_OS, "memory");
	}
	if (e->class == ERR_NONE)
		rc = conf_edit_put(ed, name, value, e);
	free(name);
	return rc;
}

/* is_private: it holds a secret. */
static int
write_file(struct conf_edit *ed, bool is_private, struct err *e)
{
	struct afile *f = ed->lock;
	struct buf b = { 0 };
	int rc = -1;

	if (strcmp(ed->file, ed->path) != 0)
		f = open_like(ed->file, 0600, e);
	if (f == NULL)
		return -1;
	if (ed->is_new && !is_private)
		afile_chmod(f, 0644);
	/* A section a line, then what it has, a line each if that fits. */
	if (conf_text(ed->root, 2, &b, e) == 0 &&
	    afile_write(f, b.data, b.len, e) == 0)
		rc = afile_commit(f, e);
	if (f != ed->lock)
		afile_free(f);
	buf_free(&b);
	return rc == -1 ? err_ctx(e, "%s", ed->file) : 0;
}

int
conf_edit_commit(struct conf_edit *ed, bool *changed, struct err *e)
{
	struct buf secret = { 0 };
	struct conf c = { 0 };
	int rc;

	*changed = !json_equal(ed->old, ed->root);
	rc = conf_read_instead(&c, ed->path, ed->file, ed->root, e);
	conf_free(&c);
	if (rc == 0)
		rc = conf_judge_file(ed->file, ed->root, &secret, e);
	if (rc == 0 && *changed && !ed->just_look)
		rc = write_file(ed, secret.len > 0, e);
	buf_free(&secret);
	return rc;
}

void
conf_edit_free(struct conf_edit *ed)
{
	if (ed == NULL)
		return;
	afile_free(ed->lock);
	/* Not if there is a file in it now. */
	if (ed->made != NULL)
		(void)rmdir(ed->made);
	free(ed->made);
	json_decref(ed->root);
	json_decref(ed->old);
	json_decref(ed->defaults);
	free(ed->section);
	free(ed->name);
	free(ed->path);
	free(ed->file);
	free(ed);
}
