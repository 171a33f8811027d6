#ifndef PLAN_RUNNER_H
#define PLAN_RUNNER_H

#include <stdbool.h>
#include <stddef.h>
#include "codec/json.h"
#include "plan/conf.h"

/*
 * runner - one run of one plan: selects its VMs, and has each backed up,
 * verified and pruned by the tools, several at a time (esxbk-plan(1), run).
 *
 * What it comes to stands in the run's file (plan/history.h); one VM's failure
 * never stops the others.  A signal (sys/sig) ends the tools in order and
 * begins nothing more but what must follow: hooks that undo.
 */
struct runner_conf {
	const struct conf_plan *plan;
	const struct conf *conf; /* that it is of: for VMs that no plan has */
	const char *const *vms;  /* selectors: of the plan's VMs only these */
	size_t n_vms;
	const char *level;  /* of the backup: "auto", "full", "inc" */
	const char *verify; /* of verifications, or NULL: the plan's */
	bool is_due;        /* only what is due */
	bool is_scheduled;  /* by cron or systemd: notifies */
	bool is_dry_run;    /* tells what would be done */
	void (*tell)(void *self, const json_t *document);
	void *self;
};

struct runner_end {
	int exit;
	char text[1000]; /* why, if exit is not 0 */
	bool ran;        /* false: nothing is due */
	size_t vms, ok, partial, failed;
	size_t work; /* dry run: VMs to be backed up */
};

/* Tells a document for each VM, then one for the run (esxbk-result(5)). */
void runner_run(const struct runner_conf *c, struct runner_end *end);

/* Verifies the newest point of each VM of the plan, now, at the highest level
 * that the plan asks for. */
void runner_recheck(const struct runner_conf *c, struct runner_end *end);

#endif
