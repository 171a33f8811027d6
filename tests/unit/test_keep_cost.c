#include "at.h"
#include "history_maker.h"
#include "store/keep.h"

/* A line of the table in esxbk-plan(5), RETENTION: points that are there after
 * each nightly run from the 401st to the 800th. */
struct row {
	const char *text;
	struct keep_policy policy;
	const char *fulls, *incrementals; /* a full on Sundays */
	const char *any_slot;             /* incrementals with slot = any */
	const char *fulls_only;           /* a full each night */
	const char *days;                 /* that the oldest reaches back */
};

struct range {
	int least, most;
};

static void
widen(struct range *r, int n)
{
	if (r->most == 0 || n < r->least)
		r->least = n;
	if (n > r->most)
		r->most = n;
}

static void
check_range(const char *what, const struct range *r, const char *want)
{
	char text[32];

	if (r->least == r->most)
		snprintf(text, sizeof(text), "%d", r->most);
	else
		snprintf(text, sizeof(text), "%d-%d", r->least, r->most);
	check_at(what);
	CHECK_STR(text, want);
}

/* A full on Sundays, else an incremental of the night before. */
static void
night(struct history *h, const struct keep_policy *policy, bool fulls_only,
    time_t now)
{
	struct keep_point *p = history_add(h, now);
	struct err e = { 0 };
	struct tm civil;

	zone_civil("Europe/Paris", now, &civil);
	if (!fulls_only && civil.tm_wday != 0 && h->n > 1) {
		p->is_full = false;
		p->parent = (int)h->n - 2;
	}
	history_name(h);
	CHECK_INT(keep_judge(h->points, h->n, policy, "Europe/Paris", now, &e),
	    0);
	CHECK_INT(keep_guard(h->points, h->n, now, -1, &e), 0);
	CHECK_STR(e.text, "");
	history_prune(h);
}

struct cost {
	struct range fulls, incrementals, days;
};

static struct cost
live(const struct keep_policy *policy, bool fulls_only)
{
	static struct history h;
	struct tm day = { .tm_year = 126, .tm_mday = 1 };
	struct cost cost = { 0 };
	int nights;

	h.n = 0;
	for (nights = 1; nights <= 800; nights++, day.tm_mday++) {
		struct tm civil = day;
		size_t i, fulls = 0;
		time_t now;

		civil.tm_hour = 2;
		now = zone_time("Europe/Paris", &civil);
		night(&h, policy, fulls_only, now);
		if (nights <= 400)
			continue;
		for (i = 0; i < h.n; i++)
			fulls += h.points[i].is_full;
		widen(&cost.fulls, (int)fulls);
		widen(&cost.incrementals, (int)(h.n - fulls));
		/* Days of 23 hours are days, too. */
		widen(&cost.days,
		    (int)((now - h.points[0].when + 43200) / 86400));
	}
	return cost;
}

static void
what_a_policy_costs_is_what_the_manual_says(void)
{
	static const struct row rows[] = {
		{ "last 3, daily 14, weekly 8, monthly 12",
		    { .last = 3, .daily = 14, .weekly = 8, .monthly = 12 },
		    "16-18", "12-17", "34-49", "28-31", "304-340" },
		{ "daily 7, weekly 4", { .daily = 7, .weekly = 4 }, "3-4",
		    "6-11", "6-11", "9-10", "15-21" },
		{ "daily 7, weekly 4, monthly 6",
		    { .daily = 7, .weekly = 4, .monthly = 6 }, "7-9", "6-11",
		    "11-29", "13-15", "121-159" },
		{ "within 30d, monthly 12, yearly 7",
		    { .within_s = 30 * 86400, .monthly = 12, .yearly = 7 },
		    "14-17", "25-31", "48-65", "39-42", "305-439" },
		{ "last 7", { .last = 7 }, "1-2", "6-11", "6-11", "7", "6-12" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct keep_policy any = rows[i].policy;
		struct cost cost = live(&any, false);

		check_range(rows[i].text, &cost.fulls, rows[i].fulls);
		check_range(rows[i].text, &cost.incrementals,
		    rows[i].incrementals);
		check_range(rows[i].text, &cost.days, rows[i].days);
		cost = live(&any, true);
		check_range(rows[i].text, &cost.fulls, rows[i].fulls_only);
		any.any_slot = true;
		cost = live(&any, false);
		check_range(rows[i].text, &cost.fulls, rows[i].fulls);
		check_range(rows[i].text, &cost.incrementals, rows[i].any_slot);
	}
}

CHECK_MAIN(TEST(what_a_policy_costs_is_what_the_manual_says))
