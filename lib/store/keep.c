#include "store/keep.h"

#include <stdlib.h>
#include <string.h>
#include "base/zone.h"
#include "store/keep_internal.h"

enum { DAY, WEEK, MONTH, YEAR, PERIODS };

/* A point of this plan, with the periods it lies in. */
struct counted {
	struct keep_point *point;
	bool is_sound;
	long periods[PERIODS];
};

int
keep_needs(const struct keep_point *points, size_t n, size_t i)
{
	int parent = points[i].parent;

	if (points[i].is_full || parent < 0 || (size_t)parent >= n)
		return -1;
	return parent;
}

enum { UNKNOWN, SOUND, UNSOUND };

/* From i up to what is known, or to a full; what leads in a circle, or to
 * a parent that is not there, cannot be restored. */
static void
find_sound(const struct keep_point *points, size_t n, size_t i, char *state)
{
	size_t end = i, steps;
	char found = UNSOUND;

	for (steps = 0; steps <= n; steps++) {
		int parent = keep_needs(points, n, end);

		if (state[end] != UNKNOWN) {
			found = state[end];
			break;
		}
		if (points[end].is_full && points[end].is_good)
			found = SOUND;
		if (!points[end].is_good || parent == -1)
			break;
		end = (size_t)parent;
	}
	state[end] = found;
	while (state[i] == UNKNOWN) {
		state[i] = found;
		i = (size_t)points[i].parent;
	}
}

static void
find_periods(struct counted *c, const char *zone)
{
	struct tm civil, date = { 0 };

	zone_civil(zone, c->point->when, &civil);
	date.tm_year = civil.tm_year;
	date.tm_mon = civil.tm_mon;
	date.tm_mday = civil.tm_mday;
	c->periods[DAY] = timegm(&date) / (24 * 60 * 60);
	/* A week is the Monday that it begins with. */
	c->periods[WEEK] = c->periods[DAY] - (civil.tm_wday + 6) % 7;
	c->periods[YEAR] = civil.tm_year;
	c->periods[MONTH] = c->periods[YEAR] * 12 + civil.tm_mon;
}

static int
newer_first(const void *a, const void *b)
{
	const struct keep_point *p = ((const struct counted *)a)->point;
	const struct keep_point *q = ((const struct counted *)b)->point;

	if (p->when != q->when)
		return p->when < q->when ? 1 : -1;
	return strcmp(q->name, p->name);
}

static void
keep_last(struct counted *c, size_t n, int count)
{
	size_t i;

	for (i = 0; i < n && (count < 0 || i < (size_t)count); i++)
		c[i].point->reasons |= KEEP_LAST;
}

static void
keep_within(struct counted *c, size_t n, uint64_t seconds)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if ((uint64_t)(c[0].point->when - c[i].point->when) < seconds)
			c[i].point->reasons |= KEEP_WITHIN;
	}
}

/* The newest of each of so many periods; full: the newest full, if any. */
static void
keep_periods(struct counted *c, size_t n, int kind, int count, bool full,
    unsigned int reason)
{
	size_t i, end, kept;

	for (i = 0; i < n && count != 0; i = end) {
		kept = n;
		for (end = i;
		     end < n && c[end].periods[kind] == c[i].periods[kind];
		     end++) {
			if (full && kept == n && c[end].point->is_full)
				kept = end;
		}
		c[kept < n ? kept : i].point->reasons |= reason;
		if (count > 0)
			count--;
	}
}

static void
apply(const struct keep_policy *p, struct counted *c, size_t n)
{
	bool full = !p->any_slot;

	keep_last(c, n, p->last);
	keep_periods(c, n, DAY, p->daily, false, KEEP_DAILY);
	keep_periods(c, n, WEEK, p->weekly, full, KEEP_WEEKLY);
	keep_periods(c, n, MONTH, p->monthly, full, KEEP_MONTHLY);
	keep_periods(c, n, YEAR, p->yearly, full, KEEP_YEARLY);
	keep_within(c, n, p->within_s);
}

/* What the policy would keep of all, were they all good: damage is no reason
 * to go sooner.  Then c has the sound ones only: their number. */
static size_t
keep_unsound(const struct keep_policy *p, struct counted *c, size_t n)
{
	size_t i, sound = 0;

	apply(p, c, n);
	for (i = 0; i < n; i++) {
		struct keep_point *point = c[i].point;
		bool stays = point->reasons != 0 || sound == 0;

		point->reasons = 0;
		if (c[i].is_sound)
			c[sound++] = c[i];
		else if (stays)
			point->reasons = KEEP_UNSOUND;
	}
	return sound;
}

static void
keep_newest(struct counted *c, size_t n)
{
	size_t i;

	if (n > 0)
		c[0].point->reasons |= KEEP_NEWEST_GOOD;
	for (i = 0; i < n && !c[i].point->is_verified; i++)
		continue;
	if (i < n)
		c[i].point->reasons |= KEEP_NEWEST_VERIFIED;
}

/* What holds of a point alone. */
static void
keep_for_itself(struct keep_point *p, bool sound, time_t now)
{
	if (!p->is_mine)
		p->reasons |= KEEP_OTHER;
	else if (p->when > now + KEEP_SLACK_S)
		p->reasons |= KEEP_FUTURE;
	if (p->is_pinned)
		p->reasons |= KEEP_PINNED;
	if (sound && p->awaits_replica)
		p->reasons |= KEEP_NOT_REPLICATED;
}

static void
keep_parents(struct keep_point *points, size_t n)
{
	size_t i;
	int up;

	for (i = 0; i < n; i++) {
		if (points[i].reasons == 0)
			continue;
		/* Above a parent that is kept, all are. */
		for (up = keep_needs(points, n, i);
		     up != -1 && (points[up].reasons & KEEP_PARENT) == 0;
		     up = keep_needs(points, n, (size_t)up))
			points[up].reasons |= KEEP_PARENT;
	}
}

static bool
is_empty(const struct keep_policy *p)
{
	return p->last == 0 && p->daily == 0 && p->weekly == 0 &&
	    p->monthly == 0 && p->yearly == 0 && p->within_s == 0;
}

/* c has room for all points, state for what is known of each. */
static void
judge(struct keep_point *points, size_t n, const struct keep_policy *policy,
    const char *zone, time_t now, struct counted *c, char *state)
{
	size_t i, mine = 0, sound;

	for (i = 0; i < n; i++) {
		points[i].reasons = 0;
		find_sound(points, n, i, state);
		if (!points[i].is_mine)
			continue;
		c[mine].point = &points[i];
		c[mine].is_sound = state[i] == SOUND;
		find_periods(&c[mine++], zone);
	}
	qsort(c, mine, sizeof(*c), newer_first);
	sound = keep_unsound(policy, c, mine);
	apply(policy, c, sound);
	keep_newest(c, sound);
	for (i = 0; i < n; i++)
		keep_for_itself(&points[i], state[i] == SOUND, now);
	keep_parents(points, n);
}

int
keep_judge(struct keep_point *points, size_t n,
    const struct keep_policy *policy, const char *zone, time_t now,
    struct err *e)
{
	struct counted *counted;
	char *state;
	int rc = -1;

	if (is_empty(policy))
		return err_set(e, ERR_USAGE,
		    "retention: the policy keeps nothing");
	counted = calloc(n + 1, sizeof(*counted));
	state = calloc(n + 1, 1);
	if (counted != NULL && state != NULL) {
		judge(points, n, policy, zone, now, counted, state);
		rc = 0;
	}
	free(counted);
	free(state);
	return rc == 0 ? 0 : err_sys(e, ERR_OS, "retention");
}

void
keep_format(unsigned int reasons, struct buf *b)
{
	static const char *const words[] = { "last", "daily", "weekly",
		"monthly", "yearly", "within", "parent", "pinned",
		"not replicated", "newest good", "newest verified",
		"not of this plan", "from the future", "deletion guard",
		"as if good", "next to one that cannot be read" };
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if ((reasons & 1U << i) == 0)
			continue;
		buf_fmt(b, "%s%s", reasons & ((1U << i) - 1) ? ", " : "",
		    words[i]);
	}
}
