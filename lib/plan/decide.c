#include "plan/decide.h"

#include <string.h>
#include "base/zone.h"

/* When the newest day of the strategy's began. */
static time_t
day_began(const struct decide_case *c)
{
	const struct conf_strategy *s = &c->plan->strategy;
	struct schedule days = {
		.kind = s->full == CONF_FULL_WEEKLY ? SCHEDULE_WEEKLY
						    : SCHEDULE_MONTHLY,
		.weekday = s->weekday,
		.monthday = s->monthday,
	};

	return schedule_slot(&days, c->zone, c->now);
}

/* A full of the future is one of a clock that was wrong: when the day's own
 * was made is not known. */
static bool
has_full_since(const struct decide_case *c, time_t began)
{
	return c->last_full >= began && c->last_full <= c->now;
}

struct rule {
	bool holds;
	struct decision decision;
};

struct decision
decide(const struct decide_case *c)
{
	const struct conf_strategy *s = &c->plan->strategy;
	bool asked = strcmp(c->asked, "inc") == 0;
	bool weekly = s->full == CONF_FULL_WEEKLY;
	bool missed = !asked && !has_full_since(c, day_began(c));
	/* What is wanted, what there is to build on, what day it is. */
	const struct rule rules[] = {
		{ strcmp(c->asked, "full") == 0,
		    { true, "asked", "a full was asked for" } },
		{ c->plan->is_vmdk,
		    { true, "mode", "points of mode vmdk are always full" } },
		{ s->full == CONF_FULL_ALWAYS,
		    { true, "always", "the plan makes fulls only" } },
		{ s->incremental == CONF_INC_OFF,
		    { true, "off", "incrementals are off in the plan" } },
		{ !c->has_parent,
		    { true, "first", "there is no good point to build on" } },
		{ c->parent_is_damaged,
		    { true, "parent_damaged", "the newest point is damaged" } },
		{ c->chain_is_damaged,
		    { true, "chain_damaged", "the chain is damaged" } },
		{ !c->same_identity,
		    { true, "identity", "the VM's disks are others now" } },
		{ c->chain >= s->max_chain,
		    { true, "max_chain",
			"the chain is as long as it may be" } },
		{ missed && weekly,
		    { true, "weekly", "the week's full is due" } },
		{ missed, { true, "monthly", "the month's full is due" } },
		{ !c->can_inc,
		    { true, "unsupported",
			"incrementals are not supported yet" } },
		{ asked, { false, "asked", "an incremental was asked for" } },
		{ true,
		    { false, "incremental",
			"the newest point is its parent" } },
	};
	const struct rule *first = rules;

	while (!first->holds)
		first++;
	return first->decision;
}
