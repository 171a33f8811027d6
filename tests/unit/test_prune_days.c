#include "plan/prune_days.h"

#include "base/clock.h"
#include "repository.h"

static struct conf_repo repo;
static struct conf_plan plan;

static void
open_plan(void)
{
	struct err e = { 0 };

	sandbox_open();
	repo = (struct conf_repo){ .name = "nas", .path = sandbox_root };
	plan = (struct conf_plan){ .name = "nightly",
		.repo = &repo,
		.zone = "UTC",
		.strategy = { .full = CONF_FULL_WEEKLY,
		    .incremental = CONF_INC_COMPARE,
		    .max_chain = 14 },
		.has_retention = true,
		.retention = { .last = 3 } };
	CHECK_INT(schedule_parse(&plan.schedule, SCHEDULE_DAILY, "02:00", &e),
	    0);
	repository_folder("web");
}

#define SIZE(n) ",\"disks\":[{\"size\":" #n "}]"

/* From Monday, 23 November, on. */
static void
look(struct prune_days *d, size_t n)
{
	struct err e = { 0 };
	struct prune p;
	time_t now;

	CHECK_INT(clock_parse_iso("2026-11-23T08:00:00Z", &now), 0);
	CHECK_INT(prune_days_open(d, &plan, now, n, &e), 0);
	CHECK_INT(prune_open(&p, sandbox_root, "web", &e), 0);
	CHECK_INT(prune_days_add(d, &p, &plan, &e), 0);
	CHECK_STR(e.text, "");
	prune_free(&p);
}

/* "points/bytes ..." */
static const char *
told(const struct prune_days *d)
{
	static struct buf b;
	size_t i;

	buf_cut(&b, 0);
	for (i = 0; i <= d->n; i++)
		buf_fmt(&b, "%s%zu/%ju", i > 0 ? " " : "", d->days[i].points,
		    (uintmax_t)d->days[i].bytes);
	return buf_text(&b);
}

static void
week_goes_when_its_last_child_does(void)
{
	struct prune_days d;

	open_plan();
	repository_point("web", "web_20261122_020000", "aa", FULL SIZE(900));
	repository_point("web", "web_20261123_020000", "aa",
	    INC("web_20261122_020000") SIZE(90));
	look(&d, 16);
	/* To Saturday it grows, on Sunday there is a full, on Tuesday three
	 * points stand on that. */
	CHECK_STR(told(&d),
	    "2/990 3/1080 4/1170 5/1260 6/1350 7/1440 8/2340 "
	    "9/2430 3/1080 4/1170 5/1260 6/1350 7/1440 8/2340 "
	    "9/2430 3/1080 4/1170");
	CHECK_INT(d.vms, 1);
	CHECK_INT(d.refused, 0);
	CHECK_INT(d.days[8].made, 1);
	CHECK_INT(d.days[8].removed, 7);
	prune_days_free(&d);
	sandbox_free();
}

static void
plan_without_incrementals_so_far_makes_fulls(void)
{
	struct prune_days d;

	open_plan();
	repository_point("web", "web_20261123_020000", "aa", FULL SIZE(900));
	/* Another's tell nothing. */
	repository_point("web", "web_20261123_030000", "aa",
	    ",\"kind\":\"inc\",\"plan\":\"weekly\","
	    "\"parent\":\"web_20261123_020000\"" SIZE(9));
	look(&d, 4);
	/* The first stays, for the other plan's sake. */
	CHECK_STR(told(&d), "1/900 2/1800 3/2700 4/3600 4/3600");
	prune_days_free(&d);
	sandbox_free();
}

static void
newest_sizes_count(void)
{
	struct prune_days d;

	open_plan();
	plan.strategy.full = CONF_FULL_ALWAYS;
	plan.has_retention = false;
	repository_point("web", "web_20261119_020000", "aa", FULL SIZE(99999));
	repository_point("web", "web_20261120_020000", "aa", FULL SIZE(300));
	repository_point("web", "web_20261121_020000", "aa", FULL SIZE(600));
	repository_point("web", "web_20261122_020000", "aa", FULL SIZE(900));
	look(&d, 2);
	CHECK_STR(told(&d), "4/101799 5/102399 6/102999");
	prune_days_free(&d);
	sandbox_free();
}

static void
vm_of_another_plan_is_not_followed(void)
{
	struct prune_days d;

	open_plan();
	repository_point("web", "web_20261123_020000", "aa",
	    ",\"kind\":\"full\"" SIZE(900));
	look(&d, 3);
	CHECK_STR(told(&d), "0/0 0/0 0/0 0/0");
	CHECK_INT(d.vms, 0);
	prune_days_free(&d);
	sandbox_free();
}

static void
schedule_of_systemd_is_not_known_here(void)
{
	struct prune_days d;
	struct err e = { 0 };

	open_plan();
	plan.schedule = (struct schedule){ .kind = SCHEDULE_CALENDAR,
		.calendar = "Mon..Fri 02:00" };
	CHECK_INT(prune_days_open(&d, &plan, 1, 5, &e), -1);
	CHECK_INT(e.class, ERR_USAGE);
	CHECK_STR(e.text,
	    "plan nightly has no schedule whose days are known here");
	prune_days_free(&d);
	sandbox_free();
}

CHECK_MAIN(TEST(week_goes_when_its_last_child_does),
    TEST(plan_without_incrementals_so_far_makes_fulls),
    TEST(newest_sizes_count), TEST(vm_of_another_plan_is_not_followed),
    TEST(schedule_of_systemd_is_not_known_here))
