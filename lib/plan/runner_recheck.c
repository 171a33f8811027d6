#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "plan/repo.h"
#include "plan/runner_internal.h"
#include "plan/runner_verify.h"
#include "sys/file.h"
#include "sys/sig.h"

/* What is in a folder that cannot be read is not sound for all we know. */
static void
add_passed(const struct catalog *c, struct outcome *o, struct runner_end *end)
{
	size_t i;

	for (i = 0; i < c->n_passed; i++)
		outcome_add(o, ERR_IO);
	if (c->n_passed > 0 && end->text[0] == '\0')
		snprintf(end->text, sizeof(end->text),
		    "%s: %zu of its folders could not be read", c->path,
		    c->n_passed);
}

/* Of a VM: the newest point of the plan. */
struct check {
	const struct catalog_point *point;
	char *folder; /* its path */
};

static const struct catalog_point *
newest_own(const struct conf_plan *plan, const struct catalog_folder *f)
{
	size_t i;

	for (i = f->n; i-- > 0;)
		if (f->points[i].plan != NULL &&
		    strcmp(f->points[i].plan, plan->name) == 0)
			return &f->points[i];
	return NULL;
}

/* A folder that other plans write to has its newest point of this one. */
static int
find(struct catalog *c, const struct conf_plan *plan, struct check *checks,
    size_t *n, struct err *e)
{
	const struct catalog_point *p;
	size_t i;

	for (i = 0; i < c->n; i++) {
		struct catalog_folder found = { 0 };

		p = newest_own(plan, &c->folders[i]);
		if (p == NULL) {
			if (catalog_seek(&found, plan->repo->path,
				c->folders[i].name, plan->name, true,
				e) == -1) {
				catalog_folder_free(&found);
				return -1;
			}
			catalog_folder_free(&c->folders[i]);
			c->folders[i] = found;
			p = newest_own(plan, &c->folders[i]);
		}
		if (p == NULL)
			continue;
		checks[*n].point = p;
		checks[*n].folder = file_join(plan->repo->path,
		    c->folders[i].name);
		if (checks[*n].folder == NULL)
			return err_sys(e, ERR_OS, "memory");
		++*n;
	}
	return 0;
}

static int
start(struct children *kids, const struct runner_conf *c,
    const struct check *check, struct err *e)
{
	struct toolline l = { 0 };
	struct child_spec spec = { .output_limit = RUNNER_OUTPUT,
		.grace_s = RUNNER_GRACE_S };
	int rc;

	rc = runner_verify_line(&l, c->plan, check->folder, check->point->name,
	    c->verify, e);
	spec.argv = (const char *const *)l.argv;
	if (rc == 0)
		rc = children_start(kids, &spec, (void *)(uintptr_t)check, e);
	toolline_free(&l);
	return rc;
}

static void
settle(const struct runner_conf *c, const struct check *check,
    const struct child_end *ended, struct outcome *o, struct runner_end *end)
{
	struct runner_verified v;
	struct err e = { 0 };
	json_t *doc = json_object(), *vm = json_object();

	if (runner_verify_take(&v, check->folder, check->point->name, c->verify,
		ended, &e) == -1)
		log_warn("%s", e.text);
	json_set_text(vm, "name", check->point->vm.name);
	json_set_text(vm, "moid", check->point->vm.moid);
	json_set_text(doc, "schema", "esxbk.result/1");
	json_set_text(doc, "type", "plan-verify");
	json_set_text(doc, "plan", c->plan->name);
	json_set(doc, "vm", vm);
	json_set_text(doc, "point", check->point->name);
	json_set_text(doc, "level", c->verify);
	json_set_text(doc, "outcome", outcome_word(v.exit));
	json_set_int(doc, "exit", v.exit);
	json_set_text(doc, "class", err_class_name(v.exit));
	json_set_text(doc, "text", v.text);
	c->tell(c->self, doc);
	json_decref(doc);
	json_decref(v.document);
	outcome_add(o, v.exit);
	if (v.exit == 0)
		return;
	log_error("%s: %s", c->plan->name, v.text);
	if (end->text[0] == '\0')
		snprintf(end->text, sizeof(end->text), "%s", v.text);
}

static int
check_all(const struct runner_conf *c, const struct check *checks, size_t n,
    struct outcome *o, struct runner_end *end, struct err *e)
{
	struct children *kids = children_open(e);
	struct child_end ended;
	size_t next = 0;
	void *what;

	while (kids != NULL && (next < n || children_running(kids) > 0)) {
		while (next < n && e->class == ERR_NONE &&
		    children_running(kids) < c->plan->site->vms)
			start(kids, c, &checks[next++], e);
		if (e->class != ERR_NONE)
			next = n; /* what runs is waited for */
		if (children_wait(kids, -1, &what, &ended, e) == 1) {
			settle(c, what, &ended, o, end);
			buf_free(&ended.output);
		}
	}
	children_free(kids);
	return sig_check(e) == -1 || e->class != ERR_NONE ? -1 : 0;
}

void
runner_recheck(const struct runner_conf *c, struct runner_end *end)
{
	struct runner_conf how = *c;
	struct catalog catalog = { 0 };
	struct check *checks = NULL;
	struct outcome o = { 0 };
	struct err e = { 0 };
	size_t n = 0;

	*end = (struct runner_end){ .ran = true };
	if (how.verify == NULL)
		how.verify = runner_verify_highest(c->plan);
	if (repo_check_mounted(c->plan->repo, &e) == -1 ||
	    catalog_read(&catalog, c->plan->repo->path, CATALOG_NEWEST, true,
		&e) == -1)
		goto out;
	checks = calloc(catalog.n + 1, sizeof(*checks));
	if (checks == NULL)
		err_sys(&e, ERR_OS, "memory");
	else if (find(&catalog, c->plan, checks, &n, &e) == 0)
		check_all(&how, checks, n, &o, end, &e);
	add_passed(&catalog, &o, end);
	/* Who asks whether the backups are sound has none. */
	if (o.n == 0 && e.class == ERR_NONE)
		err_set(&e, ERR_EMPTY, "there is no point to verify");
out:
	end->vms = o.n;
	end->ok = o.good;
	end->partial = o.partial;
	end->failed = o.n - o.good - o.partial;
	/* One that is damaged is the answer, however many others are sound. */
	end->exit = e.class != ERR_NONE ? e.class : o.worst;
	if (e.class != ERR_NONE)
		snprintf(end->text, sizeof(end->text), "%s", e.text);
	while (checks != NULL && n > 0)
		free(checks[--n].folder);
	free(checks);
	catalog_free(&catalog);
}
