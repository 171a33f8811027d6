#include "plan.h"

static const struct cmd *const commands[] = {
	&plan_validate,
	&plan_list,
	&plan_show,
	&plan_add,
	&plan_set,
	&plan_remove,
	&plan_check,
	&plan_run,
	&plan_status,
	&plan_points,
	&plan_prune,
	&plan_pin,
	&plan_unpin,
	&plan_verify,
	&plan_notify,
	&plan_schedule,
	&plan_report,
	&plan_cleanup,
	NULL,
};

int
main(int argc, char **argv)
{
	static const struct cmd_group g = { .name = "esxbk-plan",
		.about = "Back up VMs by plans that cron or systemd start.",
		.commands = commands };

	return cmd_main_group(&g, argc, argv);
}
