#ifndef PLAN_DECIDE_H
#define PLAN_DECIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>
#include "plan/conf.h"

/*
 * decide - full or incremental, with the reason (esxbk-plan(5), "strategy").
 *
 * Pure.  A full is the answer whenever anything is in doubt.
 */
struct decide_case {
	time_t now;
	const char *zone;
	const struct conf_plan *plan;
	const char *asked; /* --level: "auto", "full", "inc" */
	bool can_inc;      /* the tools can make incrementals */
	bool has_parent;   /* a good point of this plan, to build on */
	bool parent_is_damaged, chain_is_damaged;
	bool same_identity; /* uuid, disks and capacities are the parent's */
	unsigned int chain; /* the parent's links */
	time_t last_full;   /* newest good full of this plan, 0: none; one of
			       the future counts for nothing */
};

struct decision {
	bool full;
	const char *code; /* for programs: asked, mode, always, off, first,
			     parent_damaged, chain_damaged, identity,
			     max_chain, weekly, monthly, unsupported,
			     incremental */
	const char *text; /* one line; static */
};

struct decision decide(const struct decide_case *c);

#endif
