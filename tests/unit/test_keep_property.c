#include "at.h"
#include "history_maker.h"
#include "store/keep.h"

enum { HISTORIES = 5000, LIVES = 120, DAY = 86400 };

static const char *const zones[] = { "Europe/Paris", "America/St_Johns",
	"Pacific/Auckland", "UTC", "Africa/Cairo" };

static const char *
any_zone(void)
{
	return zones[history_random(sizeof(zones) / sizeof(zones[0]))];
}

static bool
one_in(unsigned int n)
{
	return history_random(n) == 0;
}

static int
any_count(void)
{
	static const int counts[] = { 0, 0, 0, 1, 1, 2, 3, 5, 9, KEEP_ALL };

	return counts[history_random(sizeof(counts) / sizeof(counts[0]))];
}

static struct keep_policy
any_policy(void)
{
	struct keep_policy p = { 0 };

	while (p.last == 0 && p.daily == 0 && p.weekly == 0 && p.monthly == 0 &&
	    p.yearly == 0 && p.within_s == 0) {
		p.last = any_count();
		p.daily = any_count();
		p.weekly = any_count();
		p.monthly = any_count();
		p.yearly = any_count();
		p.within_s = one_in(4) ? history_random(60) * DAY : 0;
		p.any_slot = one_in(2);
	}
	return p;
}

/* Points of several plans in any order of time, chains of any form, damage,
 * pins, parents that are not there. */
static void
any_history(struct history *h)
{
	size_t n = history_random(60);
	time_t when = at("2026-01-01T00:00:00Z") + history_random(900) * DAY;
	unsigned int step = one_in(2) ? DAY : 1 + history_random(20 * DAY);
	unsigned int odd = 2 + history_random(40);

	h->n = 0;
	while (h->n < n) {
		struct keep_point *p = history_add(h, when);

		when += (time_t)(step / 2) + history_random(step + 1);
		if (one_in(odd))
			when -= history_random(30 * DAY);
		p->is_mine = !one_in(5);
		p->is_full = one_in(4);
		if (!p->is_full)
			p->parent = one_in(odd * 3)
			    ? (int)history_random(HISTORY_MOST + 10) - 5
			    : (int)h->n - 2;
		p->is_good = !one_in(odd);
		p->is_verified = one_in(5);
		p->is_pinned = one_in(20);
		p->awaits_replica = one_in(20);
	}
	history_name(h);
}

/* In other words than those of the code. */
static bool
can_be_restored(const struct history *h, size_t i, size_t depth)
{
	const struct keep_point *p = &h->points[i];

	if (!p->is_good || depth > h->n)
		return false;
	return p->is_full ||
	    (p->parent >= 0 && (size_t)p->parent < h->n &&
		can_be_restored(h, (size_t)p->parent, depth + 1));
}

static bool
is_newer(const struct keep_point *p, const struct keep_point *q)
{
	return q == NULL || p->when > q->when ||
	    (p->when == q->when && strcmp(p->name, q->name) > 0);
}

static void
nothing_precious_goes(const struct history *h)
{
	const struct keep_point *newest = NULL, *verified = NULL, *p;
	size_t i;

	for (i = 0; i < h->n; i++) {
		p = &h->points[i];
		if (!p->is_mine || p->is_pinned)
			CHECK(p->reasons != 0);
		if (p->reasons != 0 && !p->is_full && p->parent >= 0 &&
		    (size_t)p->parent < h->n)
			CHECK(h->points[p->parent].reasons & KEEP_PARENT);
		if (!can_be_restored(h, i, 0) || !p->is_mine)
			continue;
		if (p->awaits_replica)
			CHECK(p->reasons != 0);
		if (is_newer(p, newest))
			newest = p;
		if (p->is_verified && is_newer(p, verified))
			verified = p;
	}
	for (i = 0; i < h->n; i++) {
		p = &h->points[i];
		if (p->is_mine && is_newer(p, newest))
			CHECK(p->reasons != 0);
	}
	if (newest != NULL)
		CHECK(newest->reasons & KEEP_NEWEST_GOOD);
	if (verified != NULL)
		CHECK(verified->reasons & KEEP_NEWEST_VERIFIED);
}

enum { DATE, WEEK, MONTH, YEAR };

/* The C library's own idea of periods. */
static void
name_period(const char *zone, time_t t, int kind, char out[16])
{
	struct tm civil;

	zone_civil(zone, t, &civil);
	if (kind == DATE)
		strftime(out, 16, "%F", &civil);
	else if (kind == WEEK)
		strftime(out, 16, "%G-%V", &civil);
	else if (kind == MONTH)
		strftime(out, 16, "%Y-%m", &civil);
	else
		strftime(out, 16, "%Y", &civil);
}

/* How many periods have a point with all of these reasons. */
static size_t
periods_of(const struct history *h, const char *zone, int kind,
    unsigned int reasons)
{
	char seen[HISTORY_MOST][16], text[16];
	size_t i, j, n = 0;

	for (i = 0; i < h->n; i++) {
		const struct keep_point *p = &h->points[i];

		if (!p->is_mine || !can_be_restored(h, i, 0) ||
		    (p->reasons & reasons) != reasons)
			continue;
		name_period(zone, p->when, kind, text);
		for (j = 0; j < n && strcmp(seen[j], text) != 0; j++)
			continue;
		if (j == n)
			strcpy(seen[n++], text);
	}
	return n;
}

/* As many periods as asked for, or all there are. */
static void
counts_are_kept(const struct history *h, const struct keep_policy *p,
    const char *zone)
{
	const struct {
		int kind, count;
		unsigned int reason;
	} rows[] = {
		{ DATE, p->daily, KEEP_DAILY },
		{ WEEK, p->weekly, KEEP_WEEKLY },
		{ MONTH, p->monthly, KEEP_MONTHLY },
		{ YEAR, p->yearly, KEEP_YEARLY },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t want = periods_of(h, zone, rows[i].kind, 0);

		if (rows[i].count >= 0 && want > (size_t)rows[i].count)
			want = (size_t)rows[i].count;
		CHECK_INT(periods_of(h, zone, rows[i].kind, rows[i].reason),
		    want);
	}
}

static void
what_is_kept_is_kept_again(const struct history *first,
    const struct keep_policy *policy, const char *zone, time_t now)
{
	struct history h = *first;
	struct err e = { 0 };
	size_t i;

	history_name(&h);
	history_prune(&h);
	CHECK_INT(keep_judge(h.points, h.n, policy, zone, now, &e), 0);
	for (i = 0; i < h.n; i++)
		CHECK(h.points[i].reasons != 0);
}

/* The same points the other way round in the array. */
static void
order_in_the_array_is_nothing(const struct history *first,
    const struct keep_policy *policy, const char *zone, time_t now)
{
	static struct history h;
	struct err e = { 0 };
	size_t i;

	h.n = first->n;
	for (i = 0; i < h.n; i++) {
		struct keep_point *p = &h.points[h.n - 1 - i];

		*p = first->points[i];
		if (p->parent >= 0 && (size_t)p->parent < h.n)
			p->parent = (int)h.n - 1 - p->parent;
	}
	CHECK_INT(keep_judge(h.points, h.n, policy, zone, now, &e), 0);
	for (i = 0; i < h.n; i++)
		CHECK_INT(h.points[h.n - 1 - i].reasons,
		    first->points[i].reasons);
}

static void
no_policy_removes_what_is_precious(void)
{
	static struct history h;
	size_t gone = 0, kept = 0, i, k;

	for (i = 0; i < HISTORIES; i++) {
		struct keep_policy policy;
		struct err e = { 0 };
		const char *zone;
		time_t now;

		history_seed = i * 2654435761 + 1;
		any_history(&h);
		policy = any_policy();
		zone = any_zone();
		now = at("2027-06-01T00:00:00Z") + history_random(900) * DAY;
		CHECK_INT(keep_judge(h.points, h.n, &policy, zone, now, &e), 0);
		nothing_precious_goes(&h);
		if (i % 4 == 0)
			counts_are_kept(&h, &policy, zone);
		what_is_kept_is_kept_again(&h, &policy, zone, now);
		order_in_the_array_is_nothing(&h, &policy, zone, now);
		for (k = 0; k < h.n; k++) {
			gone += h.points[k].reasons == 0;
			kept += h.points[k].reasons != 0;
		}
	}
	/* Histories that lose nothing, or all of it, would prove nothing. */
	CHECK(gone > HISTORIES * 5 && kept > HISTORIES * 5);
}

struct strategy {
	int weekday;            /* of the fulls; -1: none */
	unsigned int max_chain; /* 0: fulls only */
};

static const struct strategy strategies[] = {
	{ -1, 0 }, /* a full each day */
	{ 0, 14 },
	{ 6, 14 },
	{ -1, 7 },
	{ -1, 30 },
};

/* The newest point of all, and what stands behind it. */
static int
newest_of(const struct history *h, unsigned int *chain, time_t *last_full)
{
	int i, best = -1;

	*last_full = 0;
	for (i = 0; i < (int)h->n; i++) {
		const struct keep_point *p = &h->points[i];

		if (best == -1 || p->when > h->points[best].when)
			best = i;
		if (p->is_full && p->when > *last_full)
			*last_full = p->when;
	}
	*chain = 0;
	for (i = best; i >= 0 && i < (int)h->n && !h->points[i].is_full;
	     i = h->points[i].parent)
		(*chain)++;
	return best;
}

static void
back_up(struct history *h, const struct strategy *s, const char *zone,
    time_t now)
{
	unsigned int chain;
	time_t last_full;
	int parent = newest_of(h, &chain, &last_full);
	struct keep_point *p;
	struct tm day;
	bool full;

	zone_civil(zone, now, &day);
	day.tm_mday -= (day.tm_wday - s->weekday + 7) % 7;
	day.tm_hour = day.tm_min = day.tm_sec = 0;
	full = s->max_chain == 0 || parent == -1 || chain >= s->max_chain ||
	    !can_be_restored(h, (size_t)parent, 0) ||
	    (s->weekday != -1 && last_full < zone_time(zone, &day));
	p = history_add(h, now);
	p->is_full = full;
	p->parent = full ? -1 : parent;
	p->is_verified = one_in(10);
	if (one_in(60))
		h->points[history_random((unsigned int)h->n)].is_good = false;
}

static struct keep_policy
any_steady_policy(void)
{
	struct keep_policy p = any_policy();

	/* A week without a backup is too much for a window that is not
	 * much longer: when it ends, half of the points go at once. */
	if (p.within_s > 0 && p.within_s < 28 * DAY)
		p.within_s = 28 * DAY;
	return p;
}

struct refusals {
	size_t runs, refused, removed;
};

/* 400 days of a plan that runs at 02:30, with nights that fail, days
 * on which the machine is off, extra runs, prunes that cannot lock. */
static void
live_400_days(const struct strategy *s, struct refusals *count)
{
	static struct history h;
	struct keep_policy policy = any_steady_policy();
	const char *zone = any_zone();
	struct tm day = { .tm_year = 126,
		.tm_mon = history_random(12),
		.tm_mday = 1 };
	int end = 400;

	h.n = 0;
	for (; end > 0; end--, day.tm_mday++) {
		struct tm civil = day;
		struct err e = { 0 };
		time_t now;
		size_t before;

		civil.tm_hour = one_in(20) ? 15 : 2;
		civil.tm_min = 30;
		now = zone_time(zone, &civil);
		if (one_in(60)) {
			day.tm_mday += (int)history_random(7);
			continue;
		}
		if (!one_in(10))
			back_up(&h, s, zone, now);
		if (one_in(20))
			back_up(&h, s, zone, now + 3600);
		now += 7200;
		history_name(&h);
		CHECK_INT(keep_judge(h.points, h.n, &policy, zone, now, &e), 0);
		if (one_in(30))
			continue;
		count->runs++;
		if (keep_guard(h.points, h.n, now, -1, &e) == -1) {
			count->refused++;
			printf("# %s\n", e.text);
		}
		before = h.n;
		history_prune(&h);
		count->removed += before - h.n;
	}
}

static void
no_steady_policy_is_ever_refused(void)
{
	struct refusals count = { 0 };
	size_t i;

	for (i = 0; i < LIVES; i++) {
		history_seed = i * 2654435761 + 99;
		live_400_days(&strategies[i % 5], &count);
	}
	CHECK_INT(count.refused, 0);
	CHECK(count.runs > LIVES * 300);
	CHECK(count.removed > count.runs / 2);
}

CHECK_MAIN(TEST(no_policy_removes_what_is_precious),
    TEST(no_steady_policy_is_ever_refused))
