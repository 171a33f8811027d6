#include "plan.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/log.h"
#include "base/utf8.h"
#include "plan/outcome.h"
#include "plan/runner.h"
#include "plan/slots.h"
#include "sys/sig.h"

enum { TURN_MS = 1000 };

static bool due, all, scheduled;
static const char *level = "auto";
static struct opt_list vms;

static const struct opt table[] = {
	{ 0, "due", NULL,
	    "the plans whose time has come, and of them what "
	    "has no backup yet",
	    OPT_FLAG, &due },
	{ 0, "all", NULL, "all plans", OPT_FLAG, &all },
	{ 0, "vm", "SELECTOR", "of the plans' VMs only these", OPT_LIST, &vms },
	{ 0, "level", "auto|full|inc", "what backups are made (auto)",
	    OPT_CHOICE, &level },
	{ 0, "scheduled", NULL,
	    "called by a schedule: those who are named in "
	    "the plan are told",
	    OPT_FLAG, &scheduled },
	{ 0 },
};

/* How the plans of one call came out. */
struct tally {
	struct outcome plans;
	size_t vms, ok, partial, failed, work;
	const char *bad; /* the first plan that failed */
	char text[1000]; /* and why */
};

static int
check_options(size_t n, struct err *e)
{
	if ((n > 0) + due + all != 1)
		return err_set(e, ERR_USAGE,
		    n == 0 && !due && !all
			? "which plan? Name one, or give --due or --all"
			: "a plan by name, --due and --all exclude each other");
	if (due && vms.n > 0)
		return err_set(e, ERR_USAGE,
		    "--due knows by itself which VMs: --vm goes with a plan");
	return 0;
}

static void
print_dry(const json_t *doc)
{
	const json_t *decision = json_object_get(doc, "decision");
	const char *line = json_string_value(json_object_get(doc, "line"));
	char *name = strdup(json_string_value(
	    json_object_get(json_object_get(doc, "vm"), "name")));

	if (name != NULL && line != NULL) {
		utf8_make_line(name); /* it comes from the server */
		cmd_print("%s: %s: would be backed up (%s: %s)\n  %s\n",
		    json_string_value(json_object_get(doc, "plan")), name,
		    json_string_value(json_object_get(decision, "kind")),
		    json_string_value(json_object_get(decision, "text")), line);
	}
	free(name);
}

static void
tell(void *self, const json_t *doc)
{
	const struct conf_plan *plan = self;
	const char *point = json_string_value(json_object_get(doc, "point"));

	cmd_print_json(doc);
	if (cmd_json)
		return;
	if (cmd_dry_run)
		print_dry(doc);
	else if (point != NULL)
		cmd_print("%s/%s/%s\n", plan->repo->path,
		    json_string_value(json_object_get(doc, "folder")), point);
}

/* By hand, where systemd runs the plans as a user of their own. */
static void
warn_of_root(const struct conf_plan *plan)
{
	struct stat st;

	if (geteuid() != 0 || due || scheduled || cmd_dry_run ||
	    stat(plan->repo->path, &st) == -1 || st.st_uid == 0)
		return;
	log_warn("%s belongs to user %ju, who cannot go on with what root "
		 "makes there: systemctl start esxbk-plan@%s, or chown -R it "
		 "afterwards",
	    plan->repo->path, (uintmax_t)st.st_uid, plan->name);
}

static void
run_one(const struct conf *conf, const struct conf_plan *plan, struct tally *t)
{
	struct runner_conf how = { .plan = plan,
		.conf = conf,
		.vms = vms.items,
		.n_vms = vms.n,
		.level = level,
		.is_due = due,
		.is_scheduled = scheduled || due,
		.is_dry_run = cmd_dry_run,
		.tell = tell,
		.self = (void *)(uintptr_t)plan };
	struct runner_end end;

	if (due && !schedule_has_slots(&plan->schedule)) {
		log_step("plan %s: it has no times that --due knows",
		    plan->name);
		return;
	}
	warn_of_root(plan);
	runner_run(&how, &end);
	if (!end.ran)
		return;
	outcome_add(&t->plans, end.exit);
	t->vms += end.vms;
	t->ok += end.ok;
	t->partial += end.partial;
	t->failed += end.failed;
	t->work += end.work;
	if (end.exit != 0 && t->bad == NULL) {
		t->bad = plan->name;
		memcpy(t->text, end.text, sizeof(t->text));
	} else if (end.exit != 0) {
		log_error("%s: %s", plan->name, end.text);
	}
}

static void
print_summary(const struct tally *t, int status, const struct err *e)
{
	json_t *doc = cmd_begin_summary();

	json_set_int(doc, "plans", (long long)t->plans.n);
	json_set_int(doc, "vms", (long long)t->vms);
	json_set_int(doc, "ok", (long long)t->ok);
	json_set_int(doc, "partial", (long long)t->partial);
	json_set_int(doc, "failed", (long long)t->failed);
	cmd_end_summary(doc, status, e);
}

static int
conclude(const struct tally *t, struct err *e)
{
	int status = outcome_exit(&t->plans);
	struct err why = { 0 };

	if (sig_check(e) == -1) {
		print_summary(t, e->class, e);
		return -1;
	}
	if (status == 0 && cmd_dry_exit_code && t->work > 0)
		status = ERR_WORK;
	if (t->bad != NULL) {
		err_set(&why, status, "%s: %s", t->bad, t->text);
		cmd_say("%s", why.text);
	}
	print_summary(t, status, &why);
	return status;
}

static int
run_plans(const struct conf *conf, const char **names, size_t n, struct err *e)
{
	const struct conf_plan **plans;
	struct tally t = { 0 };
	size_t i;

	plans = plan_choose_some(conf, names, n, &n, e);
	if (plans == NULL)
		return -1;
	for (i = 0; i < n && sig_pending() == 0; i++)
		run_one(conf, plans[i], &t);
	free(plans);
	return conclude(&t, e);
}

/* One run of a configuration at a time.  systemd may start several plans at the
 * same moment, and starts none a second time: such a run waits for its turn. */
static struct lock *
take_turn(const struct conf *conf, struct err *e)
{
	bool waits = scheduled && !due, is_told = false;
	struct lock *lock;

	while ((lock = slots_take_run(conf->path, e)) == NULL && waits &&
	    e->class == ERR_TEMP && sig_pending() == 0) {
		if (!is_told)
			log_step("waiting for another run of %s", conf->path);
		is_told = true;
		err_clear(e);
		sig_sleep_ms(TURN_MS);
	}
	if (lock == NULL && sig_pending() != 0) {
		err_clear(e);
		sig_check(e);
	}
	return lock;
}

static int
run(const char **operands, size_t n, struct err *e)
{
	struct conf conf = { 0 };
	struct lock *lock = NULL;
	int rc = -1;

	if (check_options(n, e) == -1)
		return -1;
	if (plan_read_conf(&conf, e) == -1)
		goto out;
	if (!cmd_dry_run && (lock = take_turn(&conf, e)) == NULL) {
		if (!due || e->class != ERR_TEMP)
			goto out;
		log_step("another run of %s is at work", conf.path);
		err_clear(e);
		rc = conclude(&(struct tally){ 0 }, e);
		goto out;
	}
	rc = run_plans(&conf, operands, n, e);
out:
	if (rc == -1 && sig_pending() == 0)
		print_summary(&(struct tally){ 0 }, e->class, e);
	lock_free(lock);
	conf_free(&conf);
	return rc;
}

const struct cmd plan_run = { .name = "run",
	.about = "Back up, verify and prune what plans say.",
	.synopsis = "[OPTION]... PLAN...|--due|--all",
	.tables = { table, cmd_table_dry_run, plan_table },
	.run = run };
