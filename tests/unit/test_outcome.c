#include "check.h"
#include "plan/outcome.h"

static void
several_statuses_become_the_one_that_is_promised(void)
{
	static const struct {
		const char *at;
		int exits[4];
		size_t n;
		int want;
	} rows[] = {
		{ "none", { 0 }, 0, 0 },
		{ "all good", { 0, 0, 0 }, 3, 0 },
		{ "one failed of three", { 0, 74, 0 }, 3, 3 },
		{ "all failed alike", { 74, 74 }, 2, 74 },
		{ "alone", { 77 }, 1, 77 },
		{ "the most permanent of two", { 69, 77 }, 2, 77 },
		{ "in either order", { 77, 69 }, 2, 77 },
		{ "damage before all", { 70, 1, 77 }, 3, 1 },
		{ "no VM of that name, and a lock", { 75, 66 }, 2, 66 },
		{ "partial alone", { 3, 3 }, 2, 3 },
		{ "partial and failed", { 3, 74 }, 2, 3 },
		{ "a foreign status is a bug", { 69, 42 }, 2, 42 },
		{ "a signal before all", { 0, 143, 77 }, 3, 143 },
	};
	size_t i, j;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct outcome o = { 0 };

		check_at(rows[i].at);
		for (j = 0; j < rows[i].n; j++)
			outcome_add(&o, rows[i].exits[j]);
		CHECK_INT(outcome_exit(&o), rows[i].want);
	}
}

static void
what_only_a_person_mends_outranks_what_may_pass(void)
{
	static const int lasting[] = { 1, 64, 65, 66, 70, 71, 73, 76, 77, 78 };
	static const int passing[] = { 69, 74, 75 };
	size_t i, j;

	for (i = 0; i < sizeof(lasting) / sizeof(lasting[0]); i++)
		for (j = 0; j < sizeof(passing) / sizeof(passing[0]); j++) {
			CHECK(outcome_outranks(lasting[i], passing[j]));
			CHECK(!outcome_outranks(passing[j], lasting[i]));
		}
}

CHECK_MAIN(TEST(several_statuses_become_the_one_that_is_promised),
    TEST(what_only_a_person_mends_outranks_what_may_pass))
