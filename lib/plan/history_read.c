#include "plan/history.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "plan/history_place.h"
#include "plan/notify.h"
#include "sys/file.h"

enum {
	LIMIT_BYTES = 64 << 20,
	MOST_NAMES = 10000,
	STAMP = sizeof("20251127_010003") - 1, /* in a name */
	NONCE = sizeof("-1a2b3c4d") - 1,
};

/* A run's file by its name: "20251127_010003-PLAN-1a2b3c4d.json". */
struct name {
	char *path, *run;
	time_t when;
};

struct names {
	struct name *items;
	size_t n;
};

static const char *
text_of(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static time_t
time_of(const json_t *o, const char *key)
{
	const char *text = text_of(o, key);
	time_t t;

	return text != NULL && clock_parse_iso(text, &t) == 0 ? t : 0;
}

static int
exit_of(const json_t *o, int otherwise)
{
	const json_t *v = json_object_get(o, "exit");
	long long n = json_integer_value(v);

	return json_is_integer(v) && n >= 0 && n <= 255 ? (int)n : otherwise;
}

static char *
copy(const json_t *o, const char *key)
{
	const char *text = text_of(o, key);

	return strdup(text == NULL ? "" : text);
}

/* *when and the plan of a file's name; 0 if it is a run's. */
static int
parse_name(const char *name, const char *plan, time_t *when)
{
	enum { TAIL = NONCE + sizeof(".json") - 1 };
	size_t n = strlen(name);
	char stamp[STAMP + 1];

	if (n <= STAMP + 1 + TAIL || name[STAMP] != '-' ||
	    strcmp(name + n - 5, ".json") != 0 || name[n - TAIL] != '-')
		return -1;
	memcpy(stamp, name, STAMP);
	stamp[STAMP] = '\0';
	if (clock_parse_stamp(stamp, when) == -1)
		return -1;
	if (plan == NULL)
		return 0;
	return strlen(plan) == n - STAMP - 1 - TAIL &&
		strncmp(name + STAMP + 1, plan, strlen(plan)) == 0
	    ? 0
	    : -1;
}

static void
free_names(struct names *names)
{
	while (names->n > 0) {
		names->n--;
		free(names->items[names->n].path);
		free(names->items[names->n].run);
	}
	free(names->items);
	*names = (struct names){ 0 };
}

static int
add_name(struct names *names, const char *folder, const char *file, time_t when,
    struct err *e)
{
	struct name *grown, *name;

	if ((names->n & (names->n - 1)) == 0) {
		grown = realloc(names->items,
		    (names->n == 0 ? 1 : names->n * 2) * sizeof(*grown));
		if (grown == NULL)
			return err_sys(e, ERR_OS, "memory");
		names->items = grown;
	}
	name = &names->items[names->n];
	name->when = when;
	name->path = file_join(folder, file);
	name->run = strndup(file, strlen(file) - strlen(".json"));
	names->n++;
	return name->path == NULL || name->run == NULL
	    ? err_sys(e, ERR_OS, "memory")
	    : 0;
}

/* The files of one month. */
static int
list_month(struct names *names, const char *folder, const char *plan,
    struct err *e)
{
	struct dirent *entry;
	DIR *d = opendir(folder);
	int rc = 0;
	time_t when;

	while (d != NULL && rc == 0 && (entry = readdir(d)) != NULL)
		if (parse_name(entry->d_name, plan, &when) == 0)
			rc = add_name(names, folder, entry->d_name, when, e);
	if (d != NULL)
		closedir(d);
	return rc;
}

static int
digits(const struct dirent *d)
{
	return d->d_name[strspn(d->d_name, "0123456789")] == '\0';
}

static int
list_folders(const char *path, struct dirent ***found)
{
	int n = scandir(path, found, digits, alphasort);

	return n < 0 ? 0 : n;
}

static void
free_folders(struct dirent **found, int n)
{
	while (n > 0)
		free(found[--n]);
	free(found);
}

static size_t
count_older(const struct names *names, time_t since)
{
	size_t i, n = 0;

	for (i = 0; i < names->n; i++)
		n += names->items[i].when < since;
	return n;
}

/* The newest year and month first, as far back as is asked for: a run of one
 * month may have begun in the zone's other one, but names are UTC's. */
static int
list_year(struct names *names, const char *year, const char *plan, time_t since,
    size_t at_least, bool *enough, struct err *e)
{
	struct dirent **months = NULL;
	int n = list_folders(year, &months), i, rc = 0;
	char *path;

	for (i = n; rc == 0 && i-- > 0 && !*enough;) {
		path = file_join(year, months[i]->d_name);
		rc = path == NULL ? err_sys(e, ERR_OS, "memory")
				  : list_month(names, path, plan, e);
		free(path);
		*enough = names->n >= at_least && count_older(names, since) > 0;
	}
	free_folders(months, n);
	return rc;
}

static int
list_runs(struct names *names, const char *base, const char *plan, time_t since,
    size_t at_least, struct err *e)
{
	struct dirent **years = NULL;
	char *runs = file_join(base, "runs"), *path;
	struct names found = { 0 };
	bool enough = false;
	int n, i, rc = 0;
	size_t k;

	if (runs == NULL)
		return err_sys(e, ERR_OS, "memory");
	n = list_folders(runs, &years);
	for (i = n; rc == 0 && i-- > 0 && !enough;) {
		path = file_join(runs, years[i]->d_name);
		rc = path == NULL ? err_sys(e, ERR_OS, "memory")
				  : list_year(&found, path, plan, since,
					at_least, &enough, e);
		free(path);
	}
	free_folders(years, n);
	free(runs);
	for (k = 0; rc == 0 && k < found.n; k++) {
		char *slash = strrchr(found.items[k].path, '/');

		*slash = '\0';
		rc = add_name(names, found.items[k].path, slash + 1,
		    found.items[k].when, e);
	}
	free_names(&found);
	return rc;
}

static int
newest_first(const void *a, const void *b)
{
	const struct name *x = a, *y = b;

	if (x->when != y->when)
		return x->when > y->when ? -1 : 1;
	return strcmp(y->run, x->run);
}

static int
add_vm(struct history_run *run, const json_t *line, struct err *e)
{
	const json_t *id = json_object_get(line, "vm");
	struct history_vm *grown, *vm;

	if (text_of(line, "outcome") == NULL)
		return 0;
	if ((run->n & (run->n - 1)) == 0) {
		grown = realloc(run->vms,
		    (run->n == 0 ? 1 : run->n * 2) * sizeof(*grown));
		if (grown == NULL)
			return err_sys(e, ERR_OS, "memory");
		run->vms = grown;
	}
	vm = &run->vms[run->n++];
	*vm = (struct history_vm){ .name = copy(id, "name"),
		.moid = copy(id, "moid"),
		.uuid = copy(id, "uuid"),
		.outcome = copy(line, "outcome"),
		.text = copy(line, "text"),
		.exit = exit_of(line, ERR_BUG),
		.started = time_of(line, "started"),
		.ended = time_of(line, "ended") };
	return vm->name == NULL || vm->moid == NULL || vm->uuid == NULL ||
		vm->outcome == NULL || vm->text == NULL
	    ? err_sys(e, ERR_OS, "memory")
	    : 0;
}

static unsigned int
told(const json_t *list)
{
	static const enum conf_event all[] = { CONF_START, CONF_SUCCESS,
		CONF_FAILURE, CONF_RECOVERY, CONF_WARNING };
	unsigned int bits = 0;
	const char *event;
	size_t i, k;

	for (i = 0; i < json_array_size(list); i++) {
		event = text_of(json_array_get(list, i), "event");
		for (k = 0; event != NULL && k < 5; k++)
			if (strcmp(event, notify_event_name(all[k])) == 0)
				bits |= all[k];
	}
	return bits;
}

/* Names that a server gave, as the run's own line has them. */
static int
take_names(struct history_run *run, const json_t *list, struct err *e)
{
	size_t i, n = json_array_size(list);
	const char *name;

	n = n < MOST_NAMES ? n : MOST_NAMES;
	run->unprotected = calloc(n + 1, sizeof(*run->unprotected));
	if (run->unprotected == NULL)
		return err_sys(e, ERR_OS, "memory");
	for (i = 0; i < n; i++) {
		name = json_string_value(json_array_get(list, i));
		if (name == NULL)
			continue;
		run->unprotected[run->n_unprotected] = strdup(name);
		if (run->unprotected[run->n_unprotected] == NULL)
			return err_sys(e, ERR_OS, "memory");
		run->n_unprotected++;
	}
	return 0;
}

static int
take_line(struct history_run *run, const json_t *line, struct err *e)
{
	const char *type = text_of(line, "type");

	if (type == NULL)
		return 0;
	if (strcmp(type, "vm") == 0)
		return add_vm(run, line, e);
	if (strcmp(type, "run") == 0) {
		run->slot = time_of(line, "slot");
		run->scheduled = json_is_true(
		    json_object_get(line, "scheduled"));
		run->narrow = json_object_get(line, "only") != NULL;
	} else if (strcmp(type, "end") == 0) {
		run->ended = time_of(line, "ended");
		run->exit = exit_of(line, ERR_BUG);
		run->final = json_is_true(json_object_get(line, "final"));
		run->told = told(json_object_get(line, "told"));
		free(run->text);
		run->text = copy(line, "text");
		if (run->unprotected == NULL &&
		    take_names(run, json_object_get(line, "unprotected"), e) ==
			-1)
			return -1;
	}
	return run->text == NULL ? err_sys(e, ERR_OS, "memory") : 0;
}

static int
take_lines(struct history_run *run, const struct buf *b, struct err *e)
{
	const char *at = b->data, *end;
	size_t left = b->len;
	int rc = 0;

	while (rc == 0 && left > 0 && (end = memchr(at, '\n', left)) != NULL) {
		struct err torn = { 0 };
		json_t *line = json_read("line", at, (size_t)(end - at), &torn);

		if (line != NULL)
			rc = take_line(run, line, e);
		json_decref(line);
		left -= (size_t)(end - at) + 1;
		at = end + 1;
	}
	return rc;
}

/* Plan and start are those of its name, by which it was chosen. */
static int
read_run(struct history *h, const struct name *name, struct err *e)
{
	struct buf b = { .limit = LIMIT_BYTES };
	struct err why = { 0 };
	struct history_run *run = &h->runs[h->n];
	int rc = 0;

	if (file_read_plain(name->path, &b, &why) == -1) {
		log_warn("passed over: %s", why.text);
		/* What we may not read was a run all the same. */
		if (why.class == ERR_DATA || why.class == ERR_NOTFOUND)
			goto out;
	}
	*run = (struct history_run){ .run = strdup(name->run),
		.plan = strndup(name->run + STAMP + 1,
		    strlen(name->run) - STAMP - 1 - NONCE),
		.text = strdup(""),
		.started = name->when,
		.exit = -1 };
	h->n++;
	rc = run->run == NULL || run->plan == NULL || run->text == NULL
	    ? err_sys(e, ERR_OS, "memory")
	    : take_lines(run, &b, e);
out:
	buf_free(&b);
	return rc;
}

int
history_read(struct history *h, const struct conf_repo *repo, const char *plan,
    time_t since, size_t at_least, struct err *e)
{
	char *place = history_place(e);
	struct names names = { 0 };
	size_t i;
	int rc = -1;

	*h = (struct history){ 0 };
	if (place == NULL ||
	    list_runs(&names, repo->path, plan, since, at_least, e) == -1 ||
	    list_runs(&names, place, plan, since, at_least, e) == -1)
		goto out;
	if (names.n > 0)
		qsort(names.items, names.n, sizeof(*names.items), newest_first);
	h->runs = calloc(names.n + 1, sizeof(*h->runs));
	rc = h->runs == NULL ? err_sys(e, ERR_OS, "memory") : 0;
	for (i = 0; rc == 0 && i < names.n; i++)
		if (names.items[i].when >= since || i < at_least)
			rc = read_run(h, &names.items[i], e);
out:
	free_names(&names);
	free(place);
	return rc;
}
