#include <limits.h>
#include "at.h"
#include "base/err.h"
#include "plan/due.h"

enum { MIN = 60, HOUR = 3600 };

/* Seconds after the slot; a row is one moment in the life of one slot. */
struct row {
	const char *what;
	long now, newest;
	size_t n;
	struct due_try tries[6];
	enum due_state want;
	long when;
};

static const time_t slot = 1795500000;

static void
judge_row(const struct row *r, uint64_t retry_for_s)
{
	struct due_try tries[6] = { { 0 } };
	struct due_case c = {
		.now = slot + r->now,
		.slot = slot,
		.newest = r->newest == LONG_MIN ? 0 : slot + r->newest,
		.retry_for_s = retry_for_s,
		.tries = tries,
		.n = r->n,
	};
	time_t when = 0;
	size_t i;

	check_at(r->what);
	for (i = 0; i < r->n; i++) {
		tries[i] = r->tries[i];
		tries[i].ended += slot;
	}
	CHECK_INT(due_judge(&c, &when), r->want);
	if (r->want == DUE_LATER)
		CHECK_INT(when - slot, r->when);
}

static void
slot_is_tried_as_often_as_it_may_help(void)
{
	static const long never = LONG_MIN;
	const struct row rows[] = {
		{ "first try", 0, never, 0, { { 0 } }, DUE_NOW, 0 },
		{ "the last point is of yesterday", 0, -1, 0, { { 0 } },
		    DUE_NOW, 0 },
		{ "a point of the very second", 0, 0, 0, { { 0 } }, DUE_MET,
		    0 },
		{ "a point in the slot", HOUR, 5, 0, { { 0 } }, DUE_MET, 0 },
		{ "a point after two failures", HOUR, 50 * MIN, 3,
		    { { 60, 69 }, { 20 * MIN, 69 }, { 55 * MIN, 0 } }, DUE_MET,
		    0 },
		{ "machine was off until the evening", 16 * HOUR, -9, 0,
		    { { 0 } }, DUE_NOW, 0 },
		{ "14 minutes after a failure", 15 * MIN, -9, 1, { { 60, 69 } },
		    DUE_LATER, 16 * MIN },
		{ "15 minutes after it", 16 * MIN, -9, 1, { { 60, 69 } },
		    DUE_NOW, 0 },
		{ "an hour after the second", 79 * MIN, -9, 2,
		    { { 60, 74 }, { 20 * MIN, 75 } }, DUE_LATER, 80 * MIN },
		{ "an hour after the second", 80 * MIN, -9, 2,
		    { { 60, 74 }, { 20 * MIN, 75 } }, DUE_NOW, 0 },
		{ "4 hours after the third", 325 * MIN, -9, 3,
		    { { 60, 69 }, { 20 * MIN, 69 }, { 90 * MIN, -1 } },
		    DUE_LATER, 330 * MIN },
		{ "4 hours after the third", 331 * MIN, -9, 3,
		    { { 60, 69 }, { 20 * MIN, 69 }, { 90 * MIN, -1 } }, DUE_NOW,
		    0 },
		{ "a fourth that would be too late", 2 * HOUR, -9, 3,
		    { { 60, 69 }, { 20 * MIN, 69 }, { 121 * MIN, 69 } },
		    DUE_GIVEN_UP, 0 },
		{ "four were enough", 20 * HOUR, -9, 4,
		    { { 60, 69 }, { 20 * MIN, 69 }, { 81 * MIN, 69 },
			{ 330 * MIN, 69 } },
		    DUE_GIVEN_UP, 0 },
		{ "five", 20 * HOUR, -9, 5,
		    { { 1, 69 }, { 2, 69 }, { 3, 69 }, { 4, 69 }, { 5, 69 } },
		    DUE_GIVEN_UP, 0 },
		{ "a failure that stays", HOUR, -9, 1, { { 60, 77 } },
		    DUE_GIVEN_UP, 0 },
		{ "one that passed and then one that stays", HOUR, -9, 2,
		    { { 60, 69 }, { 20 * MIN, 65 } }, DUE_GIVEN_UP, 0 },
		{ "one that stays is not looked back at", 3 * HOUR, -9, 2,
		    { { 60, 77 }, { 20 * MIN, 69 } }, DUE_NOW, 0 },
		{ "a success whose point is gone", HOUR, -9, 1, { { 60, 0 } },
		    DUE_GIVEN_UP, 0 },
		{ "killed", 20 * MIN, -9, 1, { { 60, -1 } }, DUE_NOW, 0 },
		{ "the machine went down", 9 * MIN, -9, 1, { { 60, 143 } },
		    DUE_LATER, 16 * MIN },
		{ "first try late, failed late", 10 * HOUR, -9, 1,
		    { { 9 * HOUR, 69 } }, DUE_GIVEN_UP, 0 },
		{ "retry at the last second", 6 * HOUR, -9, 1,
		    { { 345 * MIN, 69 } }, DUE_NOW, 0 },
		{ "tried by a clock that was ahead", 20 * MIN, -9, 1,
		    { { 20 * HOUR, 69 } }, DUE_NOW, 0 },
		{ "and not more often for it", 20 * MIN, -9, 2,
		    { { 20 * HOUR, 69 }, { 20 * MIN, 69 } }, DUE_LATER,
		    80 * MIN },
		{ "clocks that differ by a moment", 10 * MIN, -9, 1,
		    { { 10 * MIN + 5, 69 } }, DUE_LATER, 25 * MIN + 5 },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		judge_row(&rows[i], 6 * HOUR);
}

static void
retry_for_is_the_plans_own(void)
{
	const struct row none = { "0", HOUR, -9, 1, { { 60, 69 } },
		DUE_GIVEN_UP, 0 };
	const struct row first = { "first", 9 * HOUR, -9, 0, { { 0 } }, DUE_NOW,
		0 };
	const struct row day = { "24 h", 10 * HOUR, -9, 1, { { 9 * HOUR, 69 } },
		DUE_NOW, 0 };

	judge_row(&none, 0);
	judge_row(&first, 0);
	judge_row(&day, 24 * HOUR);
	judge_row(&day, UINT64_MAX);
}

static void
without_a_slot_nothing_is_due(void)
{
	const struct due_case c = { .now = slot };
	time_t when;

	CHECK_INT(due_judge(&c, &when), DUE_NONE);
}

/* plan.md's promise, at each minute of a week: four tries a slot. */
static void
vm_that_always_fails_costs_four_tries(void)
{
	struct due_try tries[100];
	struct due_case c = { .slot = slot, .tries = tries };
	size_t i, at_once = 0;

	c.retry_for_s = 6 * HOUR;
	for (c.now = slot; c.now < slot + 7 * 24 * HOUR; c.now += MIN) {
		time_t when = 0;
		enum due_state state = due_judge(&c, &when);

		CHECK(state == DUE_NOW || state == DUE_LATER ||
		    state == DUE_GIVEN_UP);
		if (state == DUE_NOW && c.n < 100)
			tries[c.n++] = (struct due_try){ c.now + 30, 69 };
		at_once += state == DUE_NOW;
	}
	CHECK_INT(at_once, 4);
	for (i = 0; i < c.n; i++)
		CHECK(tries[i].ended < slot + 6 * HOUR + MIN);
}

static void
only_what_may_pass_is_tried_again(void)
{
	int exit;

	for (exit = -1; exit < 160; exit++) {
		CHECK_INT(due_may_pass(exit),
		    exit == -1 || exit == 69 || exit == 74 || exit == 75 ||
			exit >= 128);
	}
}

CHECK_MAIN(TEST(slot_is_tried_as_often_as_it_may_help),
    TEST(retry_for_is_the_plans_own), TEST(without_a_slot_nothing_is_due),
    TEST(vm_that_always_fails_costs_four_tries),
    TEST(only_what_may_pass_is_tried_again))
