#include "at.h"
#include "plan/decide.h"

/* A Tuesday at night in Paris, of a plan with weekly fulls on Sundays, with a
 * good chain of two. */
static struct conf_plan plan;
static struct decide_case good;

static void
begin(void)
{
	plan = (struct conf_plan){
		.strategy = { .full = CONF_FULL_WEEKLY,
		    .incremental = CONF_INC_COMPARE,
		    .max_chain = 14 },
	};
	good = (struct decide_case){
		.now = at("2026-11-24T01:00:00Z"),
		.zone = "Europe/Paris",
		.plan = &plan,
		.asked = "auto",
		.can_inc = true,
		.has_parent = true,
		.same_identity = true,
		.chain = 1,
		.last_full = at("2026-11-22T01:00:00Z"),
	};
}

static void
decides(const char *what, const struct decide_case *c, bool full,
    const char *code, const char *text)
{
	struct decision d = decide(c);

	check_at(what);
	CHECK_INT(d.full, full);
	CHECK_STR(d.code, code);
	CHECK_STR(d.text, text);
}

static void
good_chain_grows(void)
{
	begin();
	decides("auto", &good, false, "incremental",
	    "the newest point is its parent");
	good.asked = "inc";
	decides("inc", &good, false, "asked", "an incremental was asked for");
	good.asked = "full";
	decides("full", &good, true, "asked", "a full was asked for");
}

static void
whatever_is_in_doubt_is_a_full(void)
{
	struct decide_case c;

	begin();
	c = good;
	c.has_parent = false;
	decides("no parent", &c, true, "first",
	    "there is no good point to build on");
	c.asked = "inc";
	decides("no parent, inc", &c, true, "first",
	    "there is no good point to build on");
	c = good;
	c.parent_is_damaged = true;
	decides("parent", &c, true, "parent_damaged",
	    "the newest point is damaged");
	c = good;
	c.chain_is_damaged = true;
	decides("chain", &c, true, "chain_damaged", "the chain is damaged");
	c = good;
	c.same_identity = false;
	decides("identity", &c, true, "identity",
	    "the VM's disks are others now");
	c = good;
	c.chain = 13;
	decides("one more", &c, false, "incremental",
	    "the newest point is its parent");
	c.chain = 14;
	c.asked = "inc";
	decides("no more", &c, true, "max_chain",
	    "the chain is as long as it may be");
	c = good;
	c.can_inc = false;
	decides("cannot", &c, true, "unsupported",
	    "incrementals are not supported yet");
	c.asked = "inc";
	decides("cannot, inc", &c, true, "unsupported",
	    "incrementals are not supported yet");
	c.last_full = 0;
	c.asked = "auto";
	decides("the week's day comes first", &c, true, "weekly",
	    "the week's full is due");
}

static void
plan_may_want_fulls_only(void)
{
	static const char *const asked[] = { "auto", "inc" };
	size_t i;

	for (i = 0; i < 2; i++) {
		begin();
		good.asked = asked[i];
		plan.strategy.full = CONF_FULL_ALWAYS;
		decides("always", &good, true, "always",
		    "the plan makes fulls only");
		plan.strategy.full = CONF_FULL_WEEKLY;
		plan.strategy.incremental = CONF_INC_OFF;
		decides("off", &good, true, "off",
		    "incrementals are off in the plan");
		plan.is_vmdk = true;
		decides("vmdk", &good, true, "mode",
		    "points of mode vmdk are always full");
	}
}

/* The day begins at the plan's midnight; a day missed is made up for. */
static void
day_of_the_full_has_come_when_no_full_is_of_it(void)
{
	static const struct {
		enum conf_full full;
		unsigned int day; /* of the week or of the month */
		const char *zone, *now, *last_full;
		const char *code;
	} rows[] = {
		/* Saturday, a second before midnight in Paris, and after. */
		{ CONF_FULL_WEEKLY, 0, "Europe/Paris", "2026-11-28T22:59:59Z",
		    "2026-11-22T01:00:00Z", "incremental" },
		{ CONF_FULL_WEEKLY, 0, "Europe/Paris", "2026-11-28T23:00:00Z",
		    "2026-11-22T01:00:00Z", "weekly" },
		/* Of the same moment in London it is still Saturday. */
		{ CONF_FULL_WEEKLY, 0, "Europe/London", "2026-11-28T23:00:00Z",
		    "2026-11-22T01:00:00Z", "incremental" },
		/* Sunday, the full is there. */
		{ CONF_FULL_WEEKLY, 0, "Europe/Paris", "2026-11-29T12:00:00Z",
		    "2026-11-28T23:00:00Z", "incremental" },
		/* Sunday's failed: it is made on Monday, or on Thursday. */
		{ CONF_FULL_WEEKLY, 0, "Europe/Paris", "2026-11-30T01:00:00Z",
		    "2026-11-28T22:59:59Z", "weekly" },
		{ CONF_FULL_WEEKLY, 0, "Europe/Paris", "2026-12-03T01:00:00Z",
		    "2026-11-22T01:00:00Z", "weekly" },
		/* Made up for on Thursday, the next is Sunday's. */
		{ CONF_FULL_WEEKLY, 0, "Europe/Paris", "2026-12-04T01:00:00Z",
		    "2026-12-03T01:00:00Z", "incremental" },
		{ CONF_FULL_WEEKLY, 0, "Europe/Paris", "2026-12-06T01:00:00Z",
		    "2026-12-03T01:00:00Z", "weekly" },
		/* There is no full of the plan at all, or one to come. */
		{ CONF_FULL_WEEKLY, 3, "UTC", "2026-11-24T01:00:00Z", NULL,
		    "weekly" },
		{ CONF_FULL_WEEKLY, 0, "UTC", "2026-11-24T01:00:00Z",
		    "2026-11-24T01:00:01Z", "weekly" },
		{ CONF_FULL_MONTHLY, 1, "Europe/Paris", "2026-11-30T22:59:59Z",
		    "2026-11-01T01:00:00Z", "incremental" },
		{ CONF_FULL_MONTHLY, 1, "Europe/Paris", "2026-11-30T23:00:00Z",
		    "2026-11-01T01:00:00Z", "monthly" },
		{ CONF_FULL_MONTHLY, 28, "UTC", "2026-03-27T23:59:59Z",
		    "2026-02-28T00:00:00Z", "incremental" },
		{ CONF_FULL_MONTHLY, 28, "UTC", "2026-03-27T23:59:59Z",
		    "2026-02-27T23:59:59Z", "monthly" },
		{ CONF_FULL_MONTHLY, 0, "UTC", "2028-02-29T00:00:00Z",
		    "2028-01-31T00:00:00Z", "monthly" },
		{ CONF_FULL_MONTHLY, 0, "UTC", "2028-02-28T23:59:59Z",
		    "2028-01-31T00:00:00Z", "incremental" },
		/* A midnight that is not: the day begins at one. */
		{ CONF_FULL_WEEKLY, 5, "Africa/Cairo", "2026-04-23T22:00:00Z",
		    "2026-04-23T21:59:59Z", "weekly" },
		{ CONF_FULL_WEEKLY, 5, "Africa/Cairo", "2026-04-23T21:59:59Z",
		    "2026-04-17T00:00:00Z", "incremental" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct decision d;

		begin();
		check_at(rows[i].now);
		plan.strategy.full = rows[i].full;
		plan.strategy.weekday = rows[i].day;
		plan.strategy.monthday = rows[i].day;
		good.zone = rows[i].zone;
		good.now = at(rows[i].now);
		good.last_full = rows[i].last_full == NULL
		    ? 0
		    : at(rows[i].last_full);
		d = decide(&good);
		CHECK_STR(d.code, rows[i].code);
		CHECK_INT(d.full, strcmp(d.code, "incremental") != 0);
		/* Who asks for an incremental knows what day it is. */
		good.asked = "inc";
		CHECK_STR(decide(&good).code, "asked");
	}
}

CHECK_MAIN(TEST(good_chain_grows), TEST(whatever_is_in_doubt_is_a_full),
    TEST(plan_may_want_fulls_only),
    TEST(day_of_the_full_has_come_when_no_full_is_of_it))
