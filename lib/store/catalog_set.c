#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "store/catalog_internal.h"
#include "sys/afile.h"
#include "sys/file.h"
#include "sys/sig.h"

enum { WAIT_MS = 10000, STEP_MS = 20 };

/* The path of state/, which is made if it is not there; never a link. */
static char *
make_folder(const char *folder, struct err *e)
{
	char *path = file_join(folder, "state");
	int fd = -1;

	if (path == NULL)
		err_sys(e, ERR_OS, "memory");
	else if (file_mkdir(path, e) == 0)
		fd = open(path,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd != -1) {
		close(fd);
		return path;
	}
	if (path != NULL && e->class == ERR_NONE)
		err_sys(e, err_class_of_errno(errno), "open %s", path);
	free(path);
	return NULL;
}

/* Another one writes it for a moment only: what both say is to stay. */
static struct afile *
open_state(const char *path, struct err *e)
{
	uint64_t end = clock_mono_ms() + WAIT_MS;
	struct err busy = { 0 };
	struct afile *f;

	while ((f = afile_open(path, AFILE_REPLACE, 0644, &busy)) == NULL &&
	    busy.class == ERR_TEMP && sig_pending() == 0 &&
	    clock_mono_ms() < end) {
		err_clear(&busy);
		sig_sleep_ms(STEP_MS);
	}
	if (f == NULL)
		*e = busy;
	return f;
}

static int
write_state(struct afile *f, const json_t *value, struct err *e)
{
	struct buf b = { 0 };
	int rc = -1;

	if (json_write(value, JSON_INDENTED, &b, e) == 0 &&
	    afile_write(f, buf_text(&b), b.len, e) == 0)
		rc = afile_commit(f, e);
	buf_free(&b);
	return rc;
}

static int
remove_state(const char *folder, const char *file, struct err *e)
{
	int fd, state, rc = 0;

	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	state = fd == -1 ? -1
			 : openat(fd, "state",
			       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (state == -1) {
		if (errno != ENOENT)
			rc = err_sys(e, ERR_IO, "open %s/state", folder);
	} else if (unlinkat(state, file, 0) == -1) {
		if (errno != ENOENT)
			rc = err_sys(e, err_class_of_errno(errno),
			    "remove %s/state/%s", folder, file);
	} else if (file_fsync_dir(state) == -1) {
		rc = err_sys(e, ERR_IO, "fsync %s/state", folder);
	}
	if (state != -1)
		close(state);
	if (fd != -1)
		close(fd);
	return rc;
}

/* The file to write it to, alone until it is committed. */
static struct afile *
begin(const char *folder, const char *file, struct err *e)
{
	char *state = make_folder(folder, e), *path = NULL;
	struct afile *f = NULL;

	if (state != NULL)
		path = file_join(state, file);
	if (path != NULL)
		f = open_state(path, e);
	else if (state != NULL)
		err_sys(e, ERR_OS, "memory");
	free(path);
	free(state);
	return f;
}

int
catalog_set_state(const char *folder, const char *point, const char *kind,
    const json_t *value, struct err *e)
{
	struct afile *f = NULL;
	char *file;
	int rc = -1;

	if (asprintf(&file, "%s.%s.json", point, kind) == -1)
		return err_sys(e, ERR_OS, "memory");
	if (value == NULL)
		rc = remove_state(folder, file, e);
	else if ((f = begin(folder, file, e)) != NULL)
		rc = write_state(f, value, e);
	afile_free(f);
	free(file);
	return rc;
}

static int
rank_of(const char *level)
{
	if (level == NULL || strcmp(level, "quick") == 0)
		return 0;
	return strcmp(level, "hash") == 0 ? 1 : 2;
}

static const char *
level_of(const json_t *damage)
{
	return json_string_value(json_object_get(damage, "level"));
}

/* What is known so far; what cannot be read is as good as nothing. */
static json_t *
read_old(const char *folder, const char *point)
{
	struct err ignored = { 0 };
	json_t *old = NULL;
	char *state = file_join(folder, "state");
	int fd = state == NULL
	    ? -1
	    : open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	free(state);
	if (fd == -1)
		return NULL;
	old = catalog_state_read(fd, point, "verify", &ignored);
	close(fd);
	return old;
}

static void
set_damage(json_t *doc, const json_t *old, const char *level, time_t when,
    const char *text)
{
	json_t *damage = json_object();
	const char *before = level_of(old);

	json_set_time(damage, "time", when);
	/* Only a look as close as the closest that found damage clears it. */
	json_set_text(damage, "level",
	    rank_of(before) > rank_of(level) ? before : level);
	json_set_text(damage, "text", text);
	json_set(doc, "damage", damage);
}

static json_t *
merge(const json_t *old, const char *point, const char *level, time_t when,
    int exit, const char *text)
{
	const json_t *damage = json_object_get(old, "damage");
	json_t *doc = json_object();
	json_t *sound = json_deep_copy(json_object_get(old, "sound"));

	if (!json_is_object(sound)) {
		json_decref(sound);
		sound = json_object();
	}
	json_set_text(doc, "schema", "esxbk.state/1");
	json_set_text(doc, "type", "verify");
	json_set_text(doc, "point", point);
	json_set_time(doc, "time", when);
	json_set_text(doc, "level", level);
	json_set_int(doc, "exit", exit);
	if (exit == 0)
		json_set_time(sound, level, when);
	json_set(doc, "sound", sound);
	if (exit != 0)
		set_damage(doc, damage, level, when, text);
	else if (json_is_object(damage) &&
	    rank_of(level_of(damage)) > rank_of(level))
		json_set(doc, "damage", json_deep_copy(damage));
	else
		json_set(doc, "damage", json_null());
	return doc;
}

int
catalog_set_verified(const char *folder, const char *point, const char *level,
    time_t when, int exit, const char *text, struct err *e)
{
	json_t *old, *doc;
	struct afile *f;
	char *file;
	int rc = -1;

	if (exit != 0 && exit != ERR_NEGATIVE && exit != ERR_DATA)
		return 0;
	if (asprintf(&file, "%s.verify.json", point) == -1)
		return err_sys(e, ERR_OS, "memory");
	f = begin(folder, file, e);
	free(file);
	if (f == NULL)
		return -1;
	old = read_old(folder, point);
	doc = merge(old, point, level, when, exit, text);
	rc = write_state(f, doc, e);
	afile_free(f);
	json_decref(doc);
	json_decref(old);
	return rc;
}
