#include "edit.h"
#include "plan.h"

static int
remove_place(const char **operands, size_t n, struct err *e)
{
	struct conf_edit *ed = NULL;
	int rc = -1;

	if (n != 1)
		err_set(e, ERR_USAGE, "give one plan");
	else
		ed = edit_open(operands[0], e);
	if (ed != NULL) {
		conf_edit_remove(ed);
		rc = edit_finish(ed, operands[0], "removed", e);
		if (e->class == ERR_CONFIG)
			err_ctx(e, "without %s", operands[0]);
	}
	conf_edit_free(ed);
	return plan_end(rc, e);
}

const struct cmd plan_remove = { .name = "remove",
	.about = "Remove a plan, or a site and the like; backups stay.",
	.synopsis = "[OPTION]... PLAN|/SECTION/NAME",
	.tables = { plan_table, cmd_table_dry_run },
	.run = remove_place };
