#include "plan/prune.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/num.h"
#include "base/utf8.h"
#include "plan.h"
#include "plan/outcome.h"
#include "plan/repo.h"
#include "store/keep.h"
#include "sys/sig.h"

enum { MOST_DAYS = 3660 };

static uint64_t max_delete = UINT64_MAX, days = UINT64_MAX;

static const struct opt table[] = {
	{ 0, "max-delete", "N", "of a VM at most N points at once", OPT_U64,
	    &max_delete },
	{ 0, "days", "N", "with --dry-run: the coming N days", OPT_U64, &days },
	{ 0 },
};

/* How all of it came out. */
struct tally {
	struct outcome outcome;
	size_t kept, removed;
	uint64_t bytes;
	struct err last;
};

/* The plans that are asked for. */
struct chosen {
	const struct conf_plan **plans;
	size_t n;
	struct prune_how how;
};

static void
add_failure(struct tally *t, const struct err *e)
{
	if (t->last.class != ERR_NONE)
		log_error("%s", t->last.text);
	t->last = *e;
}

static void
print_point(const struct prune *p, size_t i)
{
	const struct prune_point *pp = &p->points[i];
	struct buf b = { 0 };
	char size[16];

	buf_puts(&b, pp->is_removed ? "remove  " : "keep    ");
	utf8_add_shown(&b, p->folder.name, 0);
	buf_char(&b, '/');
	utf8_add_shown(&b, p->folder.points[i].name, 0);
	buf_puts(&b, ": ");
	num_format_size(pp->bytes, size, sizeof(size));
	if (pp->is_removed)
		buf_puts(&b, size);
	else if (!p->plan->has_retention)
		buf_puts(&b, "the plan has no retention");
	else if (pp->reasons != 0)
		keep_format(pp->reasons, &b);
	else
		buf_puts(&b, "not now");
	cmd_print("%s\n", buf_text(&b));
	buf_free(&b);
}

static void
print_text(const struct prune *p)
{
	size_t i;

	for (i = 0; i < p->folder.n; i++)
		if (p->points[i].is_removed || log_is_on(LOG_STEPS) ||
		    (p->points[i].is_mine && log_is_on(LOG_NORMAL)))
			print_point(p, i);
}

static void
print_document(const struct prune *p, const struct err *e)
{
	json_t *doc = json_object(), *what = prune_json(p);

	json_set_text(doc, "schema", "esxbk.result/1");
	json_set_text(doc, "type", "prune");
	json_set_text(doc, "plan", p->plan->name);
	json_set_text(doc, "repository", p->plan->repo->path);
	json_object_update(doc, what);
	json_set_bool(doc, "dry_run", cmd_dry_run);
	json_set_bool(doc, "changed", p->n_removed > 0);
	json_set_int(doc, "exit", e->class);
	json_set_text(doc, "class", err_class_name(e->class));
	json_set_err(doc, "error", e);
	cmd_print_json(doc);
	json_decref(what);
	json_decref(doc);
}

static void
judge(struct prune *p, const struct conf_plan *plan, const struct chosen *c,
    struct tally *t)
{
	struct err own = { 0 };

	if (prune_run(p, plan, &c->how, &own) == -1)
		add_failure(t, &own);
	if (!cmd_json)
		print_text(p);
	print_document(p, &own);
	t->kept += p->n_kept;
	t->removed += p->n_removed;
	t->bytes += p->bytes;
	outcome_add(&t->outcome, own.class);
}

/* All plans of the repository in turn; what one did the next has to see. */
static void
prune_one(const char *repository, const char *name, const struct chosen *c,
    struct tally *t)
{
	struct err own = { 0 };
	struct prune p = { 0 };
	bool is_fresh = true;
	size_t i;
	int rc;

	rc = prune_open(&p, repository, name, &own);
	for (i = 0; rc == 0 && i < c->n; i++) {
		if (strcmp(c->plans[i]->repo->path, repository) != 0 ||
		    !prune_has(&p, c->plans[i]))
			continue;
		if (!is_fresh) {
			prune_free(&p);
			rc = prune_open(&p, repository, name, &own);
		}
		is_fresh = false;
		if (rc == 0)
			judge(&p, c->plans[i], c, t);
	}
	if (rc == -1) {
		add_failure(t, &own);
		outcome_add(&t->outcome, own.class);
	}
	prune_free(&p);
}

static int
check_writable(const char *path, struct err *e)
{
	if (cmd_dry_run || access(path, W_OK | X_OK) == 0 || errno == ENOENT)
		return 0;
	return err_sys(e, ERR_CREATE, "%s", path);
}

static int
prune_repository(const struct conf_repo *repo, const struct chosen *c,
    struct tally *t, struct err *e)
{
	struct catalog folders = { 0 };
	const char *path = repo->path;
	int rc = -1;
	size_t i;

	if (repo_check_mounted(repo, e) == -1 ||
	    check_writable(path, e) == -1 ||
	    catalog_read(&folders, path, CATALOG_NEWEST, false, e) == -1)
		goto out;
	for (i = 0; i < folders.n; i++) {
		if (sig_check(e) == -1)
			goto out;
		prune_one(path, folders.folders[i].name, c, t);
	}
	rc = folders.n_passed == 0
	    ? 0
	    : err_set(e, ERR_IO, "%s: %zu of its folders could not be read",
		  path, folders.n_passed);
out:
	catalog_free(&folders);
	return rc;
}

static bool
is_first_of_path(const struct chosen *c, size_t at)
{
	size_t i;

	for (i = 0; i < at; i++)
		if (strcmp(c->plans[i]->repo->path, c->plans[at]->repo->path) ==
		    0)
			return false;
	return true;
}

/* A repository that is gone leaves the others their chance; a signal ends
 * all. */
static int
prune_all(const struct chosen *c, struct tally *t, struct err *e)
{
	size_t i;

	for (i = 0; i < c->n; i++) {
		struct err own = { 0 };

		if (!is_first_of_path(c, i) ||
		    prune_repository(c->plans[i]->repo, c, t, &own) == 0)
			continue;
		if (own.class >= ERR_SIGNAL) {
			*e = own;
			return -1;
		}
		add_failure(t, &own);
		outcome_add(&t->outcome, own.class);
	}
	return 0;
}

static void
print_sum(const struct tally *t)
{
	const char *verb = cmd_dry_run ? "would be " : "";
	char size[16];

	if (cmd_json || !log_is_on(LOG_NORMAL))
		return;
	num_format_size(t->bytes, size, sizeof(size));
	cmd_print("%zu points %skept, %zu %sremoved, %s %sfreed\n", t->kept,
	    verb, t->removed, verb, size, verb);
}

/* The last line: what failed, alone or of how many. */
static int
conclude(const struct tally *t, struct err *e)
{
	size_t failed = t->outcome.n - t->outcome.good;
	int status = outcome_exit(&t->outcome);

	if (e->class != ERR_NONE)
		return -1;
	if (failed == 0)
		return cmd_dry_run && cmd_dry_exit_code && t->removed > 0
		    ? ERR_WORK
		    : 0;
	*e = t->last;
	if (t->outcome.n == 1)
		return -1;
	log_error("%s", e->text);
	err_clear(e);
	cmd_say("%zu of %zu VMs could not be pruned", failed, t->outcome.n);
	return status;
}

static int
prune_now(const struct chosen *c, struct err *e)
{
	struct tally t = { 0 };
	json_t *doc;
	int rc;

	(void)prune_all(c, &t, e);
	print_sum(&t);
	rc = conclude(&t, e);
	doc = cmd_begin_summary();
	json_set_int(doc, "kept", (long long)t.kept);
	json_set_int(doc, "removed", (long long)t.removed);
	json_set_int(doc, "bytes", (long long)t.bytes);
	json_set_bool(doc, "dry_run", cmd_dry_run);
	json_set_bool(doc, "changed", t.removed > 0);
	json_set_int(doc, "failed", (long long)(t.outcome.n - t.outcome.good));
	cmd_end_summary(doc, rc == -1 ? e->class : rc,
	    e->class != ERR_NONE ? e : &t.last);
	return rc;
}

static int
check_options(struct err *e)
{
	if (max_delete != UINT64_MAX && max_delete > INT_MAX)
		return err_set(e, ERR_USAGE, "--max-delete: at most %d",
		    INT_MAX);
	if (days == UINT64_MAX)
		return 0;
	if (!cmd_dry_run)
		return err_set(e, ERR_USAGE, "--days goes with --dry-run");
	if (days == 0 || days > MOST_DAYS)
		return err_set(e, ERR_USAGE, "--days: from 1 to %d", MOST_DAYS);
	if (max_delete != UINT64_MAX || cmd_dry_exit_code)
		return err_set(e, ERR_USAGE,
		    "--days shows the days ahead: neither --max-delete nor "
		    "--exit-code go with it");
	return 0;
}

static int
prune(const char **operands, size_t n, struct err *e)
{
	struct chosen c = { .how = { .now = clock_now(),
				.max_delete = max_delete == UINT64_MAX
				    ? -1
				    : (int)max_delete,
				.dry_run = cmd_dry_run } };
	struct conf conf = { 0 };
	int rc = -1;

	if (check_options(e) == 0 && plan_read_conf(&conf, e) == 0)
		c.plans = plan_choose_some(&conf, operands, n, &c.n, e);
	if (c.plans != NULL)
		rc = days == UINT64_MAX
		    ? prune_now(&c, e)
		    : plan_forecast(c.plans, c.n, n > 0, (size_t)days, e);
	free(c.plans);
	conf_free(&conf);
	return rc;
}

const struct cmd plan_prune = { .name = "prune",
	.about = "Remove the points that the retention does not keep.",
	.synopsis = "[OPTION]... [PLAN]...",
	.tables = { table, cmd_table_dry_run, plan_table },
	.run = prune };
