#include <stdlib.h>
#include "base/clock.h"
#include "plan.h"
#include "plan/overview_read.h"
#include "plan/overview_show.h"

static bool monitor;

static const struct opt table[] = {
	{ 0, "monitor", NULL, "one line and a status for a monitoring system",
	    OPT_FLAG, &monitor },
	{ 0 },
};

static void
print_documents(const struct overview *o)
{
	json_t *doc;
	size_t i;

	for (i = 0; i < o->n; i++) {
		doc = json_object();
		json_set_text(doc, "schema", "esxbk.result/1");
		json_set_text(doc, "type", "status");
		overview_json_row(&o->rows[i], doc);
		cmd_print_json(doc);
		json_decref(doc);
	}
}

static void
print_summary(const struct overview *o, int status, const struct err *e)
{
	json_t *doc = cmd_begin_summary();

	if (o != NULL)
		overview_json_summary(o, doc);
	cmd_end_summary(doc, status, e);
}

/* What is not known is told before what is bad. */
static int
judge(const struct overview *o)
{
	size_t i, bad = 0;

	for (i = 0; i < o->n; i++)
		bad += o->rows[i].level == OVERVIEW_CRITICAL;
	if (o->n == 0) {
		cmd_say("there is no plan");
		return ERR_EMPTY;
	}
	if (o->states[OVERVIEW_UNREADABLE] == o->n_plans) {
		cmd_say("%s", o->rows[0].text);
		return ERR_IO;
	}
	if (o->states[OVERVIEW_UNREADABLE] > 0) {
		cmd_say("%zu of %zu plans: %s", o->states[OVERVIEW_UNREADABLE],
		    o->n_plans, o->rows[0].text);
		return ERR_PARTIAL;
	}
	if (bad == 0)
		return 0;
	cmd_say("%zu of %zu backups failed, late or damaged", bad, o->n);
	return ERR_NEGATIVE;
}

static int
print(const struct overview *o, struct err *e)
{
	struct buf b = { 0 };
	int status = judge(o);

	if (monitor) {
		overview_monitor(o, &b);
		status = (int)overview_level(o);
		if (status != 0)
			cmd_say("%s", overview_words_level(status));
	} else if (!cmd_json) {
		overview_table(o, &b);
	}
	if (buf_check(&b, e) == -1)
		status = -1;
	else
		cmd_print("%s", buf_text(&b));
	buf_free(&b);
	return status;
}

static int
tell(const struct conf *c, const char **names, size_t n_names, struct err *e)
{
	const struct overview_depth depth = { .points = CATALOG_NEWEST };
	const struct conf_plan **plans = NULL;
	struct overview_data data = { 0 };
	struct overview o = { 0 };
	time_t now = clock_now();
	int rc = -1;
	size_t n;

	plans = plan_choose(c, names, n_names, &n, e);
	if (plans == NULL ||
	    overview_read(&data, plans, n, &depth, now, e) == -1 ||
	    overview_make(&o, data.sources, data.n, now, e) == -1)
		goto out;
	print_documents(&o);
	rc = print(&o, e);
	if (rc != -1)
		print_summary(&o, rc, e);
out:
	overview_free(&o);
	overview_read_free(&data);
	free(plans);
	return rc;
}

/* A monitoring system reads the first line and knows four statuses. */
static int
end_unknown(struct err *e)
{
	cmd_print("ESXBK UNKNOWN - %s\n", e->text);
	cmd_say("%s", e->text);
	err_clear(e);
	return OVERVIEW_UNKNOWN;
}

static int
status(const char **operands, size_t n, struct err *e)
{
	struct conf c = { 0 };
	int rc = -1;

	if (monitor && cmd_json)
		return err_set(e, ERR_USAGE,
		    "--monitor and --json do not go together");
	if (plan_read_conf(&c, e) == 0)
		rc = tell(&c, operands, n, e);
	if (rc == -1)
		print_summary(NULL, e->class, e);
	if (rc == -1 && monitor && e->class < ERR_SIGNAL)
		rc = end_unknown(e);
	conf_free(&c);
	return rc;
}

const struct cmd plan_status = { .name = "status",
	.about = "Tell how well each VM is protected, the worst first.",
	.synopsis = "[OPTION]... [PLAN]...",
	.tables = { table, plan_table },
	.run = status };
