#include <string.h>
#include "plan.h"
#include "plan/conf_text.h"

static bool effective;

static const struct opt table[] = {
	{ 0, "effective", NULL, "with all defaults", OPT_FLAG, &effective },
	{ 0 },
};

/* What is to be shown: of one plan, of all, or the whole configuration. */
static json_t *
choose(const struct conf *c, const struct conf_plan *p)
{
	json_t *root = conf_text_hushed(c->root), *plans, *value = NULL;
	size_t i;

	if (effective) {
		plans = json_object();
		/* Nothing in a plan is secret. */
		for (i = 0; i < c->n_plans; i++)
			json_set(plans, c->plans[i].name,
			    json_incref(c->plans[i].effective));
		json_object_del(root, "defaults");
		json_set(root, "plans", plans);
	}
	if (p == NULL)
		return root;
	value = json_incref(
	    json_object_get(json_object_get(root, "plans"), p->name));
	json_decref(root);
	return value;
}

static int
print(const struct conf_plan *p, json_t *value, struct err *e)
{
	json_t *doc = json_object();
	struct buf b = { 0 };
	int rc = 0;

	if (!cmd_json && conf_text(value, p == NULL ? 2 : 1, &b, e) == -1)
		rc = -1;
	else if (!cmd_json)
		cmd_print("%s", buf_text(&b));
	buf_free(&b);
	json_set_text(doc, "schema", "esxbk.result/1");
	json_set_text(doc, "type", p == NULL ? "configuration" : "plan");
	if (p != NULL)
		json_set_text(doc, "name", p->name);
	json_set(doc, p == NULL ? "configuration" : "plan", json_incref(value));
	if (rc == 0)
		cmd_print_json(doc);
	json_decref(doc);
	return rc;
}

static int
show(const char **operands, size_t n, struct err *e)
{
	const struct conf_plan *p = NULL;
	struct conf c = { 0 };
	json_t *value = NULL;
	int rc = -1;

	if (n > 1) {
		err_set(e, ERR_USAGE, "show takes one plan at most");
		goto out;
	}
	if (plan_read_conf(&c, e) == -1)
		goto out;
	if (n == 1 && (p = conf_plan(&c, operands[0], e)) == NULL)
		goto out;
	value = choose(&c, p);
	rc = print(p, value, e);
out:
	json_decref(value);
	conf_free(&c);
	return plan_end(rc, e);
}

const struct cmd plan_show = { .name = "show",
	.about = "Print the configuration, or a plan of it.",
	.synopsis = "[OPTION]... [PLAN]",
	.tables = { table, plan_table },
	.run = show };
