#include "check.h"
#include "plan/notify.h"

static void
run_is_told_once_and_by_what_it_came_to(void)
{
	static const struct {
		const char *what;
		struct notify_case c;
		unsigned int events;
	} rows[] = {
		{ "first try begins", { .first = true }, CONF_START },
		{ "later try begins", { 0 }, 0 },
		{ "begins, whatever was before",
		    { .first = true, .failed_before = true, .final = true },
		    CONF_START },
		{ "good", { .ended = true, .first = true, .final = true },
		    CONF_SUCCESS },
		{ "good at a later try", { .ended = true }, CONF_SUCCESS },
		{ "good with warnings",
		    { .ended = true, .final = true, .has_warnings = true },
		    CONF_SUCCESS | CONF_WARNING },
		{ "good again",
		    { .ended = true, .final = true, .failed_before = true },
		    CONF_SUCCESS | CONF_RECOVERY },
		{ "good again with warnings",
		    { .ended = true,
			.has_warnings = true,
			.failed_before = true },
		    CONF_SUCCESS | CONF_RECOVERY | CONF_WARNING },
		{ "failed, another try will come",
		    { .ended = true, .first = true, .exit = 69 }, 0 },
		{ "failed for good",
		    { .ended = true, .exit = 69, .final = true },
		    CONF_FAILURE },
		{ "some failed", { .ended = true, .exit = 3, .final = true },
		    CONF_FAILURE },
		{ "nothing matched",
		    { .ended = true, .exit = 4, .final = true }, CONF_FAILURE },
		{ "failed again, with warnings",
		    { .ended = true,
			.exit = 77,
			.final = true,
			.has_warnings = true,
			.failed_before = true },
		    CONF_FAILURE },
		{ "ended without a word",
		    { .ended = true, .exit = -1, .final = true },
		    CONF_FAILURE },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check_at(rows[i].what);
		CHECK_INT(notify_events(&rows[i].c), rows[i].events);
	}
}

static void
one_message_says_the_most_that_was_asked_for(void)
{
	const unsigned int usual = CONF_FAILURE | CONF_RECOVERY | CONF_WARNING;
	const unsigned int beat = CONF_START | CONF_SUCCESS | CONF_FAILURE;
	const struct {
		unsigned int events, on, told;
	} rows[] = {
		{ CONF_START, usual, 0 },
		{ CONF_START, beat, CONF_START },
		{ CONF_SUCCESS, usual, 0 },
		{ CONF_SUCCESS, beat, CONF_SUCCESS },
		{ CONF_SUCCESS | CONF_WARNING, usual, CONF_WARNING },
		{ CONF_SUCCESS | CONF_WARNING, beat, CONF_SUCCESS },
		{ CONF_SUCCESS | CONF_RECOVERY | CONF_WARNING, usual,
		    CONF_RECOVERY },
		{ CONF_SUCCESS | CONF_RECOVERY | CONF_WARNING, CONF_WARNING,
		    CONF_WARNING },
		{ CONF_FAILURE, usual, CONF_FAILURE },
		{ CONF_FAILURE, beat, CONF_FAILURE },
		{ CONF_FAILURE, CONF_SUCCESS | CONF_RECOVERY, 0 },
		{ 0, usual | beat, 0 },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_INT(notify_choose(rows[i].events, rows[i].on),
		    rows[i].told);
}

static void
event_has_the_name_that_the_configuration_uses(void)
{
	CHECK_STR(notify_event_name(CONF_START), "start");
	CHECK_STR(notify_event_name(CONF_SUCCESS), "success");
	CHECK_STR(notify_event_name(CONF_FAILURE), "failure");
	CHECK_STR(notify_event_name(CONF_RECOVERY), "recovery");
	CHECK_STR(notify_event_name(CONF_WARNING), "warning");
}

CHECK_MAIN(TEST(run_is_told_once_and_by_what_it_came_to),
    TEST(one_message_says_the_most_that_was_asked_for),
    TEST(event_has_the_name_that_the_configuration_uses))
