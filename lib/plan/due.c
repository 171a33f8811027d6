#include "plan/due.h"

#include "base/err.h"

enum { MINUTE = 60, HOUR = 60 * MINUTE };

bool
due_may_pass(int exit)
{
	return exit == -1 || exit == ERR_UNAVAIL || exit == ERR_IO ||
	    exit == ERR_TEMP || exit >= ERR_SIGNAL;
}

enum due_state
due_judge(const struct due_case *c, time_t *when)
{
	static const time_t waits[] = { 15 * MINUTE, HOUR, 4 * HOUR };
	const struct due_try *last;
	time_t ended;

	if (c->slot == 0)
		return DUE_NONE;
	if (c->newest >= c->slot)
		return DUE_MET;
	if (c->n == 0)
		return DUE_NOW;
	last = &c->tries[c->n - 1];
	if (c->n > sizeof(waits) / sizeof(waits[0]) ||
	    !due_may_pass(last->exit))
		return DUE_GIVEN_UP;
	/* From before the clock was set back: it says nothing of when. */
	ended = last->ended > c->now + HOUR ? c->slot : last->ended;
	*when = ended + waits[c->n - 1];
	if (*when > c->slot && (uint64_t)(*when - c->slot) > c->retry_for_s)
		return DUE_GIVEN_UP;
	return *when <= c->now ? DUE_NOW : DUE_LATER;
}
