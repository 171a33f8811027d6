#include "edit.h"
#include "plan.h"

/* A plan that is not there is a slip of the pen; the others have no other way
 * to come into being. */
static int
check_place(const struct conf_edit *ed, const char *place, struct err *e)
{
	struct conf c = { 0 };

	if (place[0] == '/' || conf_edit_value(ed) != NULL)
		return 0;
	if (plan_read_conf(&c, e) == 0)
		(void)conf_plan(&c, place, e);
	conf_free(&c);
	return -1;
}

static int
set(const char **operands, size_t n, struct err *e)
{
	struct conf_edit *ed = NULL;
	int rc = -1;
	size_t i;

	if (n < 2) {
		err_set(e, ERR_USAGE, "give a plan and KEY=VALUE...");
		goto out;
	}
	ed = edit_open(operands[0], e);
	if (ed == NULL || check_place(ed, operands[0], e) == -1)
		goto out;
	for (i = 1; i < n; i++)
		if (conf_edit_set(ed, operands[i], e) == -1)
			goto out;
	rc = edit_finish(ed, operands[0], "changed", e);
out:
	conf_edit_free(ed);
	return plan_end(rc, e);
}

const struct cmd plan_set = { .name = "set",
	.about = "Change a plan, or a site and the like.",
	.synopsis = "[OPTION]... PLAN|/SECTION/NAME KEY=VALUE...",
	.tables = { plan_table, cmd_table_dry_run },
	.run = set };
