#include <limits.h>
#include <stdlib.h>
#include "base/clock.h"
#include "check.h"

static void
time_of_a_server_is_read_exactly(void)
{
	static const struct {
		const char *text;
		time_t want;
	} rows[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "2026-11-24T00:30:04Z", 1795480204 },
		{ "2026-11-24T00:30:04.123456Z", 1795480204 },
		{ "2026-11-24T01:30:04+01:00", 1795480204 },
		{ "2026-11-23T19:00:04-05:30", 1795480204 },
		{ "2024-02-29T00:00:00Z", 1709164800 },
		{ "1969-12-31T23:59:59Z", -1 },
	};
	time_t got;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check_at(rows[i].text);
		got = 5;
		CHECK_INT(clock_parse_iso(rows[i].text, &got), 0);
		CHECK_INT(got, rows[i].want);
	}
}

static void
what_is_no_time_is_refused(void)
{
	static const char *const iso[] = { "", "2026-11-24",
		"2026-11-24 00:30:04Z", "2026-11-24T00:30:04",
		"2026-11-24T00:30:04z", "2026-11-24T00:30Z",
		"2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
		"2026-00-01T00:00:00Z", "2026-11-31T00:00:00Z",
		"2026-11-24T24:00:00Z", "2026-11-24T00:60:00Z",
		"2026-11-24T00:00:60Z", "2026-11-24T00:30:04Z ",
		" 2026-11-24T00:30:04Z", "2026-11-24T0:30:04Z",
		"2026-11-24T00:30:04+25:00", "2026-11-24T00:30:04+0100",
		"2026-11-24T00:30:04+01:60", "-026-11-24T00:30:04Z" };
	static const char *const stamps[] = { "", "20261124", "20261124003004",
		"20261124-003004", "20261124_00300", "20261124_0030045",
		"20261324_003004", "20260229_003004", "20261124_250000" };
	time_t got = 5;
	size_t i;

	for (i = 0; i < sizeof(iso) / sizeof(iso[0]); i++) {
		check_at(iso[i]);
		CHECK_INT(clock_parse_iso(iso[i], &got), -1);
	}
	for (i = 0; i < sizeof(stamps) / sizeof(stamps[0]); i++) {
		check_at(stamps[i]);
		CHECK_INT(clock_parse_stamp(stamps[i], &got), -1);
	}
	CHECK_INT(got, 5);
}

/* Whatever the time zone of the machine. */
static void
time_is_written_in_utc(void)
{
	static const char *const zones[] = { "UTC", "Asia/Kathmandu",
		"EST5EDT" };
	char out[CLOCK_ISO_SIZE];
	time_t back;
	size_t i;

	for (i = 0; i < 3; i++) {
		check_at(zones[i]);
		setenv("TZ", zones[i], 1);
		tzset();
		clock_format_iso(1795480204, out);
		CHECK_STR(out, "2026-11-24T00:30:04Z");
		CHECK_INT(clock_parse_iso(out, &back), 0);
		CHECK_INT(back, 1795480204);
		clock_format_stamp(1795480204, out);
		CHECK_STR(out, "20261124_003004");
		CHECK_INT(clock_parse_stamp(out, &back), 0);
		CHECK_INT(back, 1795480204);
	}
}

static void
absurd_time_is_empty_and_not_wrong(void)
{
	char out[CLOCK_ISO_SIZE];

	clock_format_iso(LONG_MAX, out);
	CHECK_STR(out, "");
	clock_format_stamp(LONG_MAX, out);
	CHECK_STR(out, "");
	clock_format_iso(67767976233532799, out); /* year 2147483647 */
	CHECK_STR(out, "");
}

/* Before anything else asks for the time: it is set once in a process. */
static void
told_time_is_believed(void)
{
	time_t t;

	setenv("ESXBK_NOW", "2031-03-30T00:59:58Z", 1);
	t = clock_now();
	CHECK(t >= 1932598798 && t < 1932598798 + 60);
}

static void
clocks_run(void)
{
	uint64_t a = clock_mono_ms();

	CHECK(clock_mono_ms() - a < 10000);
}

CHECK_MAIN(TEST(told_time_is_believed), TEST(time_of_a_server_is_read_exactly),
    TEST(what_is_no_time_is_refused), TEST(time_is_written_in_utc),
    TEST(absurd_time_is_empty_and_not_wrong), TEST(clocks_run))
