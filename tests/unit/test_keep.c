#include "at.h"
#include "store/keep.h"

enum { MOST = 40 };

/* The case at hand: points are told by their day, hour and what they are. */
static struct keep_point points[MOST];
static char names[MOST][24];
static size_t n_points;
static struct keep_policy policy;
static const char *zone;
static time_t now;

static void
begin(struct keep_policy p)
{
	memset(points, 0, sizeof(points));
	n_points = 0;
	policy = p;
	zone = "Europe/Paris";
	now = at("2027-12-31T00:00:00Z");
}

/* parent: index, -1 for a full. */
static struct keep_point *
point(const char *iso, int parent)
{
	struct keep_point *p = &points[n_points];

	p->when = at(iso);
	clock_format_stamp(p->when, names[n_points]);
	p->name = names[n_points++];
	p->is_mine = true;
	p->is_good = true;
	p->is_full = parent == -1;
	p->parent = parent;
	return p;
}

/* Reasons of all points, one a line, as they were added. */
static const char *
judged(void)
{
	static struct buf b;
	struct err e = { 0 };
	size_t i;

	buf_cut(&b, 0);
	CHECK_INT(keep_judge(points, n_points, &policy, zone, now, &e), 0);
	CHECK_STR(e.text, "");
	for (i = 0; i < n_points; i++) {
		keep_format(points[i].reasons, &b);
		buf_puts(&b, points[i].reasons == 0 ? "-\n" : "\n");
	}
	return buf_text(&b);
}

static void
newest_of_each_period_stays(void)
{
	begin((struct keep_policy){ .last = 1,
	    .daily = 2,
	    .weekly = 2,
	    .monthly = 2,
	    .yearly = 2 });
	point("2026-12-28T01:00:00Z", -1); /* Monday, week 53 of 2026 */
	point("2026-12-31T01:00:00Z", -1); /* Thursday */
	point("2027-01-01T01:00:00Z", -1); /* the same ISO week */
	point("2027-01-03T01:00:00Z", -1); /* Sunday */
	point("2027-01-04T01:00:00Z", -1); /* Monday */
	point("2027-01-04T13:00:00Z", -1);
	CHECK_STR(judged(),
	    "-\n"
	    "monthly, yearly\n"
	    "-\n"
	    "daily, weekly\n"
	    "-\n"
	    "last, daily, weekly, monthly, yearly, newest good\n");
}

static void
day_ends_at_the_plans_midnight(void)
{
	begin((struct keep_policy){ .daily = 9 });
	point("2026-11-24T22:30:00Z", -1);
	point("2026-11-24T23:30:00Z", -1);
	CHECK_STR(judged(), "daily\ndaily, newest good\n");
	zone = "UTC";
	CHECK_STR(judged(), "-\ndaily, newest good\n");
	zone = NULL;
	CHECK_STR(judged(), "-\ndaily, newest good\n");
	/* The longest day of the year is one day. */
	begin((struct keep_policy){ .daily = 9 });
	point("2026-10-24T22:00:00Z", -1);
	point("2026-10-25T00:30:00Z", -1);
	point("2026-10-25T01:30:00Z", -1);
	point("2026-10-25T22:59:59Z", -1);
	point("2026-10-25T23:00:00Z", -1);
	CHECK_STR(judged(), "-\n-\n-\ndaily\ndaily, newest good\n");
}

static void
empty_periods_use_up_no_count(void)
{
	begin((struct keep_policy){ .daily = 2, .weekly = 3 });
	point("2026-01-05T01:00:00Z", -1);
	point("2026-05-05T01:00:00Z", -1);
	point("2026-05-06T01:00:00Z", -1);
	point("2026-11-24T01:00:00Z", -1);
	CHECK_STR(judged(),
	    "weekly\n-\ndaily, weekly\ndaily, weekly, newest good\n");
}

static void
all_is_all_and_within_is_from_the_newest(void)
{
	begin((struct keep_policy){ .monthly = KEEP_ALL });
	point("2020-01-05T01:00:00Z", -1);
	point("2020-01-06T01:00:00Z", -1);
	point("2026-05-06T01:00:00Z", -1);
	CHECK_STR(judged(), "-\nmonthly\nmonthly, newest good\n");
	begin((struct keep_policy){ .last = KEEP_ALL });
	point("2020-01-05T01:00:00Z", -1);
	point("2020-01-05T01:00:01Z", -1);
	CHECK_STR(judged(), "last\nlast, newest good\n");
	begin((struct keep_policy){ .within_s = 86400 });
	point("2020-01-05T01:00:00Z", -1); /* a day to the second */
	point("2020-01-05T01:00:01Z", -1);
	point("2020-01-06T01:00:00Z", -1);
	CHECK_STR(judged(), "-\nwithin\nwithin, newest good\n");
}

/* A weekly full and incrementals: longer periods hold the full alone. */
static void
chains_are_not_held_by_their_tails(void)
{
	begin((struct keep_policy){ .last = 1, .weekly = 3 });
	point("2026-11-08T01:00:00Z", -1); /* Sunday */
	point("2026-11-09T01:00:00Z", 0);  /* Monday: a week without a full */
	point("2026-11-10T01:00:00Z", 1);
	point("2026-11-16T01:00:00Z", -1); /* Monday */
	point("2026-11-17T01:00:00Z", 3);
	point("2026-11-18T01:00:00Z", 4);
	point("2026-11-24T01:00:00Z", 5); /* the next week, no full yet */
	CHECK_STR(judged(),
	    "parent\nparent\nweekly\n"
	    "weekly, parent\nparent\nparent\n"
	    "last, weekly, newest good\n");
	points[6].is_full = true;
	CHECK_STR(judged(),
	    "parent\nparent\nweekly\n"
	    "weekly\n-\n-\n"
	    "last, weekly, newest good\n");
	policy.any_slot = true;
	CHECK_STR(judged(),
	    "parent\nparent\nweekly\n"
	    "parent\nparent\nweekly\n"
	    "last, weekly, newest good\n");
}

/* Of two fulls of a week the newer; days do not ask for a full. */
static void
newest_full_of_the_period_is_meant(void)
{
	begin((struct keep_policy){ .daily = 1, .weekly = 1 });
	point("2026-11-16T01:00:00Z", -1);
	point("2026-11-18T01:00:00Z", -1);
	point("2026-11-19T01:00:00Z", 1);
	point("2026-11-19T02:00:00Z", 2);
	CHECK_STR(judged(), "-\nweekly, parent\nparent\ndaily, newest good\n");
}

static void
only_good_points_count(void)
{
	begin((struct keep_policy){ .last = 2 });
	point("2026-11-16T01:00:00Z", -1);
	point("2026-11-17T01:00:00Z", -1);
	point("2026-11-18T01:00:00Z", -1)->is_good = false;
	point("2026-11-19T01:00:00Z", -1);
	CHECK_STR(judged(), "-\nlast\nas if good\nlast, newest good\n");
	/* Behind a damaged parent, or one that is gone, nothing is good. */
	begin((struct keep_policy){ .last = 2 });
	point("2026-11-16T01:00:00Z", -1);
	point("2026-11-17T01:00:00Z", -1)->is_good = false;
	point("2026-11-18T01:00:00Z", 1);
	point("2026-11-19T01:00:00Z", 2);
	point("2026-11-20T01:00:00Z", 99);
	points[4].is_full = false;
	point("2026-11-21T01:00:00Z", 0);
	CHECK_STR(judged(),
	    "last, parent\n-\n-\n-\nas if good\nlast, newest good\n");
}

/* What is damaged may still hold what is wanted most. */
static void
damage_is_no_reason_to_go_sooner(void)
{
	begin((struct keep_policy){ .daily = 3 });
	point("2026-11-13T01:00:00Z", -1);
	point("2026-11-14T01:00:00Z", -1);
	point("2026-11-15T01:00:00Z", -1)->is_good = false;
	point("2026-11-16T01:00:00Z", 2);
	point("2026-11-17T01:00:00Z", 3);
	point("2026-11-18T01:00:00Z", -1);
	/* Three good days, and the days that the policy would have kept. */
	CHECK_STR(judged(),
	    "daily\ndaily\nparent\nparent, as if good\nas if good\n"
	    "daily, newest good\n");
	point("2026-11-19T01:00:00Z", -1);
	CHECK_STR(judged(),
	    "-\ndaily\nparent\nparent\nas if good\n"
	    "daily\ndaily, newest good\n");
	point("2026-11-20T01:00:00Z", -1);
	CHECK_STR(judged(),
	    "-\n-\n-\n-\n-\ndaily\ndaily\ndaily, newest good\n");
}

static void
damaged_point_stays_until_there_is_a_better_one(void)
{
	begin((struct keep_policy){ .last = 1 });
	point("2026-11-16T01:00:00Z", -1)->is_good = false;
	point("2026-11-17T01:00:00Z", 0)->is_verified = true;
	CHECK_STR(judged(), "parent, as if good\nas if good\n");
	point("2026-11-15T01:00:00Z", -1);
	CHECK_STR(judged(),
	    "parent, as if good\nas if good\n"
	    "last, newest good\n");
	point("2026-11-18T01:00:00Z", -1);
	CHECK_STR(judged(), "-\n-\n-\nlast, newest good\n");
}

static void
what_is_needed_wanted_or_not_ours_stays(void)
{
	begin((struct keep_policy){ .last = 1 });
	point("2026-11-10T01:00:00Z", -1);
	point("2026-11-11T01:00:00Z", 0)->is_pinned = true;
	point("2026-11-12T01:00:00Z", 1);
	point("2026-11-13T01:00:00Z", -1)->is_verified = true;
	point("2026-11-14T01:00:00Z", -1)->is_verified = true;
	point("2026-11-15T01:00:00Z", -1)->awaits_replica = true;
	point("2026-11-16T01:00:00Z", -1);
	point("2026-11-17T01:00:00Z", 6)->is_mine = false;
	point("2026-11-18T01:00:00Z", -1);
	point("2026-11-19T01:00:00Z", -1)->is_mine = false;
	CHECK_STR(judged(),
	    "parent\npinned\n-\n"
	    "-\nnewest verified\n"
	    "not replicated\n"
	    "parent\nnot of this plan\n"
	    "last, newest good\n"
	    "not of this plan\n");
	/* A damaged one cannot be replicated, a pin holds all. */
	points[5].is_good = false;
	points[1].is_good = false;
	CHECK_STR(judged(),
	    "parent\npinned\n-\n"
	    "-\nnewest verified\n"
	    "-\n"
	    "parent\nnot of this plan\n"
	    "last, newest good\n"
	    "not of this plan\n");
}

static void
points_of_the_future_stay(void)
{
	begin((struct keep_policy){ .last = 1 });
	point("2026-11-17T01:00:00Z", -1);
	point("2026-11-18T01:00:00Z", -1);
	point("2026-11-19T01:00:00Z", -1);
	now = at("2026-11-17T23:59:59Z");
	CHECK_STR(judged(),
	    "-\nfrom the future\nlast, newest good, from the future\n");
	/* A point may bear the next free second, clocks may differ. */
	now++;
	CHECK_STR(judged(), "-\n-\nlast, newest good, from the future\n");
}

static void
order_is_by_time_then_by_name(void)
{
	begin((struct keep_policy){ .last = 1 });
	point("2026-11-17T01:00:00Z", -1)->name = "b";
	point("2026-11-17T01:00:00Z", -1)->name = "c";
	point("2026-11-17T01:00:00Z", -1)->name = "a";
	CHECK_STR(judged(), "-\nlast, newest good\n-\n");
}

static void
records_that_lead_in_a_circle_end(void)
{
	begin((struct keep_policy){ .last = 2 });
	point("2026-11-17T01:00:00Z", 1);
	point("2026-11-18T01:00:00Z", 2);
	point("2026-11-19T01:00:00Z", 0)->is_pinned = true;
	point("2026-11-20T01:00:00Z", 3);
	CHECK_STR(judged(),
	    "parent, as if good\nparent, as if good\n"
	    "parent, pinned, as if good\n"
	    "parent, as if good\n");
	point("2026-11-21T01:00:00Z", -1);
	points[2].is_pinned = false;
	policy.last = 1;
	CHECK_STR(judged(), "-\n-\n-\n-\nlast, newest good\n");
	CHECK_INT(keep_guard(points, n_points, now, 4, &(struct err){ 0 }), 0);
	CHECK_INT(keep_guard(points, n_points, now, 3, &(struct err){ 0 }), -1);
}

static void
empty_policy_removes_nothing(void)
{
	struct err e = { 0 };

	begin((struct keep_policy){ .any_slot = true });
	point("2026-11-17T01:00:00Z", -1)->reasons = KEEP_LAST;
	CHECK_INT(keep_judge(points, 1, &policy, zone, now, &e), -1);
	CHECK_INT(e.class, ERR_USAGE);
	CHECK_STR(e.text, "retention: the policy keeps nothing");
	CHECK_INT(points[0].reasons, KEEP_LAST);
	begin((struct keep_policy){ .last = 1 });
	CHECK_STR(judged(), "");
}

static void
every_reason_has_a_word(void)
{
	struct buf b = { 0 };

	keep_format(0, &b);
	CHECK_STR(buf_text(&b), "");
	keep_format((1U << 16) - 1, &b);
	CHECK_STR(buf_text(&b),
	    "last, daily, weekly, monthly, yearly, within, parent, pinned, "
	    "not replicated, newest good, newest verified, not of this plan, "
	    "from the future, deletion guard, as if good, next to one "
	    "that cannot be read");
	buf_free(&b);
}

/* Of chains of that many points, the first `going` of which are to go. */
static int
guard(size_t chains, size_t length, size_t going, int max_delete, struct err *e)
{
	size_t i;

	begin((struct keep_policy){ 0 });
	for (i = 0; i < chains * length; i++) {
		struct keep_point *p = point("2026-11-17T01:00:00Z",
		    i % length == 0 ? -1 : (int)i - 1);

		p->when += (time_t)i;
		p->reasons = i < going ? 0 : KEEP_LAST;
	}
	/* Those of others neither go nor count. */
	point("2030-11-17T01:00:00Z", -1)->is_mine = false;
	return keep_guard(points, n_points, now, max_delete, e);
}

static void
guard_stops_what_no_steady_policy_does(void)
{
	static const struct {
		size_t chains, length, going;
		int max_delete;
		const char *why;
	} rows[] = {
		{ 1, 1, 0, -1, "" },
		{ 4, 5, 16, -1, "" },
		{ 4, 5, 17, -1,
		    "17 of 20 points would go at once, more than 16 (two "
		    "chains and 30 %): nothing is removed, unless with "
		    "--max-delete 17" },
		{ 4, 5, 17, 17, "" },
		{ 4, 5, 17, 16,
		    "17 of 20 points would go, more than 16 (--max-delete): "
		    "nothing is removed" },
		{ 4, 5, 1, 0,
		    "1 of 20 points would go, more than 0 (--max-delete): "
		    "nothing is removed" },
		{ 4, 5, 0, 0, "" },
		{ 20, 1, 8, -1, "" },
		{ 20, 1, 9, -1,
		    "9 of 20 points would go at once, more than 8 (two "
		    "chains and 30 %): nothing is removed, unless with "
		    "--max-delete 9" },
		{ 21, 1, 9, -1, "" }, /* 30 % are rounded up */
		{ 2, 1, 1, -1, "" },
		{ 3, 1, 2, -1, "" },
		{ 8, 1, 6, -1,
		    "6 of 8 points would go at once, more than 5 (two chains "
		    "and 30 %): nothing is removed, unless with "
		    "--max-delete 6" },
		{ 1, 30, 29, -1, "" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { 0 };
		bool stopped = rows[i].why[0] != '\0';

		check_at(rows[i].why);
		CHECK_INT(guard(rows[i].chains, rows[i].length, rows[i].going,
			      rows[i].max_delete, &e),
		    stopped ? -1 : 0);
		CHECK_STR(e.text, rows[i].why);
		CHECK_INT(e.class, stopped ? ERR_NEGATIVE : 0);
	}
}

static void
clock_that_is_behind_removes_nothing(void)
{
	struct err e = { 0 };

	begin((struct keep_policy){ 0 });
	point("2026-11-17T01:00:00Z", -1);
	point("2026-11-18T01:00:00Z", -1)->reasons = KEEP_LAST;
	now = at("2026-11-17T23:59:59Z");
	CHECK_INT(keep_guard(points, 2, now, 1000, &e), -1);
	CHECK_INT(e.class, ERR_TEMP);
	CHECK_STR(e.text,
	    "the clock says 2026-11-17T23:59:59Z, which is "
	    "before the newest point 20261118_010000: nothing is removed");
	CHECK_INT(keep_guard(points, 2, now + 1, -1, &e), 0);
	points[1].is_mine = false;
	CHECK_INT(keep_guard(points, 2, now, -1, &e), 0);
}

CHECK_MAIN(TEST(newest_of_each_period_stays),
    TEST(day_ends_at_the_plans_midnight), TEST(empty_periods_use_up_no_count),
    TEST(all_is_all_and_within_is_from_the_newest),
    TEST(chains_are_not_held_by_their_tails),
    TEST(newest_full_of_the_period_is_meant), TEST(only_good_points_count),
    TEST(damage_is_no_reason_to_go_sooner),
    TEST(damaged_point_stays_until_there_is_a_better_one),
    TEST(what_is_needed_wanted_or_not_ours_stays),
    TEST(points_of_the_future_stay), TEST(order_is_by_time_then_by_name),
    TEST(records_that_lead_in_a_circle_end), TEST(empty_policy_removes_nothing),
    TEST(every_reason_has_a_word), TEST(guard_stops_what_no_steady_policy_does),
    TEST(clock_that_is_behind_removes_nothing))
