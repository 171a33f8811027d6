#include <limits.h>
#include <stdlib.h>
#include "at.h"
#include "base/zone.h"
#include "sandbox.h"

static void
a_zone_is_a_name_and_no_path(void)
{
	static const struct {
		const char *name;
		bool exists;
	} rows[] = {
		{ "UTC", true },
		{ "Europe/Paris", true },
		{ "America/Argentina/Buenos_Aires", true },
		{ "Etc/GMT+5", true },
		{ "", false },
		{ "Europe", false },
		{ "Europe/", false },
		{ "Europe/Atlantis", false },
		{ "europe/paris", false },
		{ "/usr/share/zoneinfo/Europe/Paris", false },
		{ "/Europe/Paris", false },
		{ "Europe//Paris", false },
		{ "Europe/../Europe/Paris", false },
		{ "./UTC", false },
		{ "../zoneinfo/Europe/Paris", false },
		{ "../../../etc/passwd", false },
		{ ":Europe/Paris", false },
		{ "CET-1CEST", false }, /* rules are no name */
		{ "Europe/Paris ", false },
		{ "Europe/Paris\n", false },
		{ "Europe/%s", false },
		{ "right/Europe/Paris", false },
		{ "tzdata.zi", false },
		{ "zone1970.tab", false },
		{ "leapseconds", false }, /* a file, but of another kind */
		{ "Aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		    false },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check_at(rows[i].name);
		CHECK_INT(zone_exists(rows[i].name), rows[i].exists);
	}
}

static void
what_only_looks_like_a_zone_is_none(void)
{
	sandbox_open();
	sandbox_write("Short", "TZi", 3, 0644);
	sandbox_write("Good", "TZif2", 5, 0644);
	setenv("TZDIR", sandbox_root, 1);
	CHECK(!zone_exists("Short"));
	CHECK(zone_exists("Good"));
	CHECK(!zone_exists("Europe/Paris"));
	CHECK(zone_exists("UTC"));
	unsetenv("TZDIR");
	sandbox_free();
}

/* From the wall's clock to time; what the clock then shows. */
static void
each_wall_time_is_one_time(void)
{
	static const struct {
		const char *zone;
		int year, month, day, hour, minute;
		const char *utc, *wall;
	} rows[] = {
		{ NULL, 2026, 11, 24, 0, 30, "2026-11-24T00:30:00Z",
		    "Tue 2026-11-24 00:30:00 +0000" },
		{ "UTC", 2026, 11, 24, 0, 30, "2026-11-24T00:30:00Z",
		    "Tue 2026-11-24 00:30:00 +0000" },
		{ "Europe/Paris", 2026, 1, 1, 0, 0, "2025-12-31T23:00:00Z",
		    "Thu 2026-01-01 00:00:00 +0100" },
		/* Spring: 02:00 to 03:00 is not. */
		{ "Europe/Paris", 2026, 3, 29, 1, 59, "2026-03-29T00:59:00Z",
		    "Sun 2026-03-29 01:59:00 +0100" },
		{ "Europe/Paris", 2026, 3, 29, 2, 0, "2026-03-29T01:00:00Z",
		    "Sun 2026-03-29 03:00:00 +0200" },
		{ "Europe/Paris", 2026, 3, 29, 2, 30, "2026-03-29T01:00:00Z",
		    "Sun 2026-03-29 03:00:00 +0200" },
		{ "Europe/Paris", 2026, 3, 29, 3, 0, "2026-03-29T01:00:00Z",
		    "Sun 2026-03-29 03:00:00 +0200" },
		/* Autumn: 02:00 to 03:00 comes twice. */
		{ "Europe/Paris", 2026, 10, 25, 1, 59, "2026-10-24T23:59:00Z",
		    "Sun 2026-10-25 01:59:00 +0200" },
		{ "Europe/Paris", 2026, 10, 25, 2, 0, "2026-10-25T00:00:00Z",
		    "Sun 2026-10-25 02:00:00 +0200" },
		{ "Europe/Paris", 2026, 10, 25, 2, 59, "2026-10-25T00:59:00Z",
		    "Sun 2026-10-25 02:59:00 +0200" },
		{ "Europe/Paris", 2026, 10, 25, 3, 0, "2026-10-25T02:00:00Z",
		    "Sun 2026-10-25 03:00:00 +0100" },
		/* Half an hour. */
		{ "Australia/Lord_Howe", 2026, 10, 4, 2, 10,
		    "2026-10-03T15:30:00Z", "Sun 2026-10-04 02:30:00 +1100" },
		{ "Australia/Lord_Howe", 2026, 4, 5, 1, 45,
		    "2026-04-04T14:45:00Z", "Sun 2026-04-05 01:45:00 +1100" },
		/* Midnight is not. */
		{ "Africa/Cairo", 2026, 4, 24, 0, 0, "2026-04-23T22:00:00Z",
		    "Fri 2026-04-24 01:00:00 +0300" },
		/* Back over midnight. */
		{ "America/St_Johns", 2010, 11, 7, 0, 0, "2010-11-07T02:30:00Z",
		    "Sun 2010-11-07 00:00:00 -0230" },
		/* A day is not. */
		{ "Pacific/Apia", 2011, 12, 30, 2, 0, "2011-12-30T10:00:00Z",
		    "Sat 2011-12-31 00:00:00 +1400" },
		{ "Pacific/Kiritimati", 2026, 1, 1, 0, 0,
		    "2025-12-31T10:00:00Z", "Thu 2026-01-01 00:00:00 +1400" },
		{ "Etc/GMT+12", 2026, 1, 1, 0, 0, "2026-01-01T12:00:00Z",
		    "Thu 2026-01-01 00:00:00 -1200" },
		/* Fields that overflow. */
		{ "Europe/Paris", 2026, 14, 0, 2, 0, "2027-01-31T01:00:00Z",
		    "Sun 2027-01-31 02:00:00 +0100" },
		{ "Europe/Paris", 2028, 2, 30, 2, 0, "2028-03-01T01:00:00Z",
		    "Wed 2028-03-01 02:00:00 +0100" },
		/* Beyond what zone files list. */
		{ "Europe/Paris", 2199, 7, 1, 2, 0, "2199-07-01T00:00:00Z",
		    "Mon 2199-07-01 02:00:00 +0200" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tm civil = {
			.tm_year = rows[i].year - 1900,
			.tm_mon = rows[i].month - 1,
			.tm_mday = rows[i].day,
			.tm_hour = rows[i].hour,
			.tm_min = rows[i].minute,
		}, again;
		time_t t = zone_time(rows[i].zone, &civil);

		check_at(rows[i].wall);
		CHECK_INT(t, at(rows[i].utc));
		CHECK_STR(at_wall(rows[i].zone, t), rows[i].wall);
		zone_civil(rows[i].zone, t, &again);
		CHECK_INT(civil.tm_hour, again.tm_hour);
		CHECK_INT(civil.tm_mday, again.tm_mday);
		CHECK_INT(civil.tm_wday, again.tm_wday);
		CHECK_INT(civil.tm_yday, again.tm_yday);
	}
}

/* Any moment: its wall time is it, or the first of two; nothing is earlier. */
static void
wall_time_and_time_agree_at_every_half_hour_of_years(void)
{
	static const char *const zones[] = { "Europe/Paris", "America/New_York",
		"Australia/Lord_Howe", "America/St_Johns", "Africa/Casablanca",
		"Asia/Tehran", "Pacific/Apia", "Africa/Cairo", "UTC" };
	const time_t begin = at("2009-12-31T00:00:00Z");
	const time_t end = at("2012-01-02T00:00:00Z");
	size_t i;
	time_t t;
	int bad = 0, twice = 0;

	for (i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
		for (t = begin; t < end; t += 1800) {
			struct tm civil;
			time_t got;

			zone_civil(zones[i], t, &civil);
			got = zone_time(zones[i], &civil);
			twice += got < t;
			bad += got > t || t - got > 7200;
		}
	}
	CHECK_INT(bad, 0);
	CHECK(twice > 20);
}

static void
an_absurd_time_breaks_nothing(void)
{
	struct tm civil;

	memset(&civil, 0x55, sizeof(civil));
	zone_civil("Europe/Paris", LONG_MAX, &civil);
	CHECK_INT(civil.tm_mon, 0);
	zone_civil("Europe/Paris", at("2026-07-01T00:00:00Z"), &civil);
	CHECK_INT(civil.tm_mon, 6);
}

static void
a_child_has_the_zone_of_its_machine(void)
{
	struct tm civil;

	zone_leave();
	setenv("TZ", "Asia/Tokyo", 1);
	zone_civil("Europe/Paris", 0, &civil);
	zone_civil("Europe/London", 0, &civil);
	CHECK_STR(getenv("TZ"), "Europe/London");
	zone_leave();
	CHECK_STR(getenv("TZ"), "Asia/Tokyo");
	unsetenv("TZ");
	zone_civil("Europe/Paris", 0, &civil);
	CHECK_INT(civil.tm_hour, 1);
	zone_leave();
	zone_leave();
	CHECK_STR(getenv("TZ"), NULL);
}

CHECK_MAIN(TEST(a_zone_is_a_name_and_no_path),
    TEST(what_only_looks_like_a_zone_is_none), TEST(each_wall_time_is_one_time),
    TEST(wall_time_and_time_agree_at_every_half_hour_of_years),
    TEST(an_absurd_time_breaks_nothing),
    TEST(a_child_has_the_zone_of_its_machine))
