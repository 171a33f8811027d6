#include "plan/runner_verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "plan/toolresult.h"
#include "store/catalog.h"
#include "sys/file.h"

/* A night's run that begins some minutes earlier than that of 30 days ago must
 * not put it off by another night. */
enum { SLACK_S = 3600 };

static int
rank(const char *level)
{
	return strcmp(level, "deep") == 0 ? 3
	    : strcmp(level, "hash") == 0  ? 2
					  : 1;
}

static time_t
newest_of_level(const struct catalog_folder *f, const char *plan,
    const char *level)
{
	time_t newest = 0, t;
	size_t i;

	for (i = 0; i < f->n; i++) {
		const struct catalog_point *p = &f->points[i];

		if (p->plan == NULL || strcmp(p->plan, plan) != 0)
			continue;
		t = rank(level) == 3   ? p->deep_verified
		    : rank(level) == 2 ? p->hash_verified
				       : p->verified;
		newest = t > newest ? t : newest;
	}
	return newest;
}

static bool
reads_states(const struct conf_plan *plan)
{
	size_t i;

	for (i = 0; i < plan->n_verifies; i++)
		if (plan->verifies[i].every_s != 0)
			return true;
	return false;
}

/* REPO/FOLDER in its two parts. */
static int
read_folder(struct catalog_folder *f, const struct conf_plan *plan,
    const char *folder, struct err *e)
{
	const char *slash = strrchr(folder, '/');

	return catalog_read_folder(f, plan->repo->path,
	    slash == NULL ? folder : slash + 1, CATALOG_ALL, true, e);
}

const char *
runner_verify_level(const struct conf_plan *plan, const char *folder,
    time_t now)
{
	struct catalog_folder f = { 0 };
	const char *best = NULL;
	struct err e = { 0 };
	size_t i;

	/* What is not known is due. */
	if (reads_states(plan) && read_folder(&f, plan, folder, &e) == -1)
		log_warn("%s", e.text);
	for (i = 0; i < plan->n_verifies; i++) {
		const struct conf_verify *v = &plan->verifies[i];
		time_t last = newest_of_level(&f, plan->name, v->level);

		if (v->every_s != 0 && last != 0 && last <= now &&
		    (uint64_t)(now - last) + SLACK_S < v->every_s)
			continue;
		if (best == NULL || rank(v->level) > rank(best))
			best = v->level;
	}
	catalog_folder_free(&f);
	return best;
}

const char *
runner_verify_highest(const struct conf_plan *plan)
{
	const char *best = NULL;
	size_t i;

	for (i = 0; i < plan->n_verifies; i++)
		if (best == NULL || rank(plan->verifies[i].level) > rank(best))
			best = plan->verifies[i].level;
	return best == NULL ? "hash" : best;
}

int
runner_verify_line(struct toolline *l, const struct conf_plan *plan,
    const char *folder, const char *point, const char *level, struct err *e)
{
	char jobs[16], *path = file_join(folder, point);

	if (path == NULL)
		return err_sys(e, ERR_OS, "memory");
	if (toolline_init(l, "esxbk-verify", e) == -1) {
		free(path);
		return -1;
	}
	snprintf(jobs, sizeof(jobs), "%u", plan->site->disks);
	toolline_add(l, "--json");
	toolline_add(l, "-q");
	toolline_add_pair(l, "--level", level);
	toolline_add_pair(l, "-j", jobs);
	toolline_add(l, path);
	free(path);
	return toolline_check(l, e);
}

/* "web01-disk1.vmdk: digest is ..., not ...", of the first that is bad. */
static void
describe(const json_t *document, char *out, size_t size)
{
	const json_t *files = json_object_get(document, "files"), *f;
	const char *name, *why;
	size_t i;

	for (i = 0; i < json_array_size(files); i++) {
		f = json_array_get(files, i);
		why = json_string_value(json_object_get(f, "reason"));
		name = json_string_value(json_object_get(f, "file"));
		if (why == NULL)
			continue;
		snprintf(out, size, "%s: %s", name == NULL ? "?" : name, why);
		return;
	}
}

int
runner_verify_take(struct runner_verified *v, const char *folder,
    const char *point, const char *level, const struct child_end *end,
    struct err *e)
{
	struct toolresult t;
	int rc;

	*v = (struct runner_verified){ 0 };
	toolresult_read(&t, "esxbk-verify", "verify", end);
	v->exit = t.exit;
	v->is_damaged = t.exit == ERR_NEGATIVE || t.exit == ERR_DATA;
	v->document = json_incref(t.document);
	if (v->is_damaged)
		describe(t.document, t.text, sizeof(t.text));
	if (t.exit != 0)
		snprintf(v->text, sizeof(v->text), "%s %s: %.800s", point,
		    v->is_damaged ? "is damaged" : "could not be verified",
		    t.text);
	rc = catalog_set_verified(folder, point, level, clock_now(), t.exit,
	    v->text, e);
	toolresult_free(&t);
	return rc;
}
