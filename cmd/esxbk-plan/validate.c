#include "plan.h"

static int
validate(const char **operands, size_t n, struct err *e)
{
	struct conf c = { 0 };
	int rc = -1;

	(void)operands;
	if (n > 0)
		err_set(e, ERR_USAGE, "validate takes no operands");
	else
		rc = plan_read_conf(&c, e);
	if (rc == 0 && !cmd_json)
		cmd_print("%s: OK, plans: %zu\n", c.path, c.n_plans);
	conf_free(&c);
	return plan_end(rc, e);
}

const struct cmd plan_validate = { .name = "validate",
	.about = "Tell whether the configuration can be used.",
	.synopsis = "[OPTION]...",
	.tables = { plan_table },
	.run = validate };
