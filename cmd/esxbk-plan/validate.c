#include "base/log.h"
#include "plan.h"
#include "plan/conf_wishes.h"

static void
warn(const struct conf_plan *p)
{
	struct conf_wish wishes[CONF_WISHES];
	size_t i, n = conf_wishes(p, wishes);

	for (i = 0; i < n; i++)
		log_warn("plan %s: %s", p->name, wishes[i].text);
}

static int
validate(const char **operands, size_t n, struct err *e)
{
	struct conf c = { 0 };
	size_t i;
	int rc = -1;

	(void)operands;
	if (n > 0)
		err_set(e, ERR_USAGE, "validate takes no operands");
	else
		rc = plan_read_conf(&c, e);
	if (rc == 0 && !cmd_json)
		cmd_print("%s: OK, plans: %zu\n", c.path, c.n_plans);
	for (i = 0; rc == 0 && i < c.n_plans; i++)
		warn(&c.plans[i]);
	conf_free(&c);
	return plan_end(rc, e);
}

const struct cmd plan_validate = { .name = "validate",
	.about = "Tell whether the configuration can be used.",
	.synopsis = "[OPTION]...",
	.tables = { plan_table },
	.run = validate };
