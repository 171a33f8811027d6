#include "store/keep.h"

#include <stdlib.h>
#include "base/clock.h"
#include "store/keep_internal.h"

enum { PERCENT_AT_ONCE = 30 };

static bool
goes(const struct keep_point *p)
{
	return p->is_mine && p->reasons == 0;
}

/* The full that i stands on; one of a circle, if it leads to none. */
static size_t
root_of(const struct keep_point *points, size_t n, size_t i)
{
	size_t steps;
	int up;

	for (steps = 0; steps < n; steps++) {
		up = keep_needs(points, n, i);
		if (up == -1)
			break;
		i = (size_t)up;
	}
	return i;
}

/* How many go of the two chains of which the most go. */
static int
two_chains(const struct keep_point *points, size_t n, size_t *sum,
    struct err *e)
{
	size_t *going = calloc(n + 1, sizeof(*going));
	size_t i, most = 0, second = 0;

	if (going == NULL)
		return err_sys(e, ERR_OS, "retention");
	for (i = 0; i < n; i++)
		if (goes(&points[i]))
			going[root_of(points, n, i)]++;
	for (i = 0; i < n; i++) {
		if (going[i] > most) {
			second = most;
			most = going[i];
		} else if (going[i] > second) {
			second = going[i];
		}
	}
	free(going);
	*sum = most + second;
	return 0;
}

static int
check_clock(const struct keep_point *points, size_t n, time_t now,
    struct err *e)
{
	const struct keep_point *newest = NULL;
	char text[CLOCK_ISO_SIZE];
	size_t i;

	for (i = 0; i < n; i++) {
		if (points[i].is_mine &&
		    (newest == NULL || points[i].when > newest->when))
			newest = &points[i];
	}
	if (newest == NULL || newest->when <= now + KEEP_SLACK_S)
		return 0;
	clock_format_iso(now, text);
	return err_set(e, ERR_TEMP,
	    "the clock says %s, which is before the newest point %s: nothing "
	    "is removed",
	    text, newest->name);
}

int
keep_guard(const struct keep_point *points, size_t n, time_t now,
    int max_delete, struct err *e)
{
	size_t i, mine = 0, gone = 0, chains = 0, allowed;

	if (check_clock(points, n, now, e) == -1 ||
	    two_chains(points, n, &chains, e) == -1)
		return -1;
	for (i = 0; i < n; i++) {
		mine += points[i].is_mine;
		gone += goes(&points[i]);
	}
	if (max_delete >= 0) {
		if (gone <= (size_t)max_delete)
			return 0;
		return err_set(e, ERR_NEGATIVE,
		    "%zu of %zu points would go, more than %d (--max-delete): "
		    "nothing is removed",
		    gone, mine, max_delete);
	}
	allowed = chains + (mine * PERCENT_AT_ONCE + 99) / 100;
	if (gone <= allowed)
		return 0;
	return err_set(e, ERR_NEGATIVE,
	    "%zu of %zu points would go at once, more than %zu (two chains "
	    "and %d %%): nothing is removed, unless with --max-delete %zu",
	    gone, mine, allowed, PERCENT_AT_ONCE, gone);
}
