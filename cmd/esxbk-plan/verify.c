#include "plan.h"

#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "plan/outcome.h"
#include "plan/runner.h"
#include "sys/sig.h"

static const char *level;

static const struct opt table[] = {
	{ 0, "level", "quick|hash|deep", "in place of the plan's highest",
	    OPT_CHOICE, &level },
	{ 0 },
};

static void
tell(void *self, const json_t *doc)
{
	const char *text = json_string_value(json_object_get(doc, "text"));

	(void)self;
	cmd_print_json(doc);
	if (cmd_json)
		return;
	cmd_print("%s: %s (%s)\n",
	    json_string_value(json_object_get(doc, "point")),
	    text[0] == '\0' ? "OK" : "FAILED",
	    json_string_value(json_object_get(doc, "level")));
}

static void
print_summary(const struct outcome *o, int status, const struct err *e)
{
	json_t *doc = cmd_begin_summary();

	json_set_int(doc, "points", (long long)o->n);
	json_set_int(doc, "ok", (long long)o->good);
	json_set_int(doc, "failed", (long long)(o->n - o->good));
	cmd_end_summary(doc, status, e);
}

static int
verify_all(const struct conf_plan **plans, size_t n, struct err *e)
{
	struct runner_conf how = { .verify = level, .tell = tell };
	struct outcome points = { 0 };
	struct runner_end end;
	struct err worst = { 0 };
	size_t i;

	for (i = 0; i < n && sig_pending() == 0; i++) {
		how.plan = plans[i];
		runner_recheck(&how, &end);
		points.n += end.vms;
		points.good += end.ok;
		if (end.exit == 0)
			continue;
		if (worst.class != ERR_NONE &&
		    !outcome_outranks(end.exit, worst.class)) {
			log_error("%s: %s", plans[i]->name, end.text);
			continue;
		}
		if (worst.class != ERR_NONE)
			log_error("%s", worst.text);
		err_clear(&worst);
		err_set(&worst, end.exit, "%s: %s", plans[i]->name, end.text);
	}
	if (sig_check(e) == -1)
		worst = *e;
	print_summary(&points, worst.class, &worst);
	*e = worst;
	return worst.class == ERR_NONE ? 0 : -1;
}

static int
verify(const char **operands, size_t n, struct err *e)
{
	const struct conf_plan **plans = NULL;
	struct conf conf = { 0 };
	int rc = -1;

	if (plan_read_conf(&conf, e) == 0 &&
	    (plans = plan_choose_some(&conf, operands, n, &n, e)) != NULL)
		rc = verify_all(plans, n, e);
	else
		print_summary(&(struct outcome){ 0 }, e->class, e);
	free(plans);
	conf_free(&conf);
	return rc;
}

const struct cmd plan_verify = { .name = "verify",
	.about = "Verify the newest point of each VM of plans now.",
	.synopsis = "[OPTION]... [PLAN]...",
	.tables = { table, plan_table },
	.run = verify };
