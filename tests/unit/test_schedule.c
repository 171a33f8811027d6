#include <stdlib.h>
#include "at.h"
#include "plan/schedule.h"

static struct schedule
parsed(enum schedule_kind kind, const char *text)
{
	struct schedule s = { 0 };
	struct err e = { 0 };

	CHECK_INT(schedule_parse(&s, kind, text, &e), 0);
	CHECK_STR(e.text, "");
	return s;
}

static void
words_of_a_plan_are_taken_whole_or_refused(void)
{
	static const struct {
		enum schedule_kind kind;
		const char *text, *means, *why;
	} rows[] = {
		{ SCHEDULE_DAILY, "02:00", "daily at 02:00", "" },
		{ SCHEDULE_DAILY, "23:59", "daily at 23:59", "" },
		{ SCHEDULE_DAILY, "24:00", "",
		    "'24:00': not a time such as 02:00" },
		{ SCHEDULE_DAILY, "02:60", "",
		    "'02:60': not a time such as 02:00" },
		{ SCHEDULE_DAILY, "2:00", "",
		    "'2:00': not a time such as 02:00" },
		{ SCHEDULE_DAILY, "02:00:00", "",
		    "'02:00:00': not a time such as 02:00" },
		{ SCHEDULE_DAILY, "", "", "'': not a time such as 02:00" },
		{ SCHEDULE_DAILY, "-2:00", "",
		    "'-2:00': not a time such as 02:00" },
		{ SCHEDULE_WEEKLY, "sat 23:00", "weekly on Saturday at 23:00",
		    "" },
		{ SCHEDULE_WEEKLY, "sun 00:00", "weekly on Sunday at 00:00",
		    "" },
		{ SCHEDULE_WEEKLY, "Sat 23:00", "",
		    "'Sat 23:00': not a day and a time such as 'sat 23:00'" },
		{ SCHEDULE_WEEKLY, "sat", "",
		    "'sat': not a day and a time such as 'sat 23:00'" },
		{ SCHEDULE_WEEKLY, "", "",
		    "'': not a day and a time such as 'sat 23:00'" },
		{ SCHEDULE_WEEKLY, "s", "",
		    "'s': not a day and a time such as 'sat 23:00'" },
		{ SCHEDULE_WEEKLY, "sat  23:00", "",
		    "'sat  23:00': not a day and a time such as 'sat 23:00'" },
		{ SCHEDULE_MONTHLY, "1 04:30", "monthly on day 1 at 04:30",
		    "" },
		{ SCHEDULE_MONTHLY, "28 04:30", "monthly on day 28 at 04:30",
		    "" },
		{ SCHEDULE_MONTHLY, "last 04:30",
		    "monthly on the last day at 04:30", "" },
		{ SCHEDULE_MONTHLY, "29 04:30", "",
		    "'29 04:30': not a day (1 to 28, or last) and a time such "
		    "as '1 04:30'" },
		{ SCHEDULE_MONTHLY, "0 04:30", "",
		    "'0 04:30': not a day (1 to 28, or last) and a time such "
		    "as '1 04:30'" },
		{ SCHEDULE_MONTHLY, "001 04:30", "",
		    "'001 04:30': not a day (1 to 28, or last) and a time such "
		    "as '1 04:30'" },
		{ SCHEDULE_MONTHLY, " 04:30", "",
		    "' 04:30': not a day (1 to 28, or last) and a time such "
		    "as '1 04:30'" },
		{ SCHEDULE_MONTHLY, "1", "",
		    "'1': not a day (1 to 28, or last) and a time such as '1 "
		    "04:30'" },
		{ SCHEDULE_CALENDAR, "Mon..Fri *-*-~3/2 02:00,30",
		    "by systemd at Mon..Fri *-*-~3/2 02:00,30", "" },
		{ SCHEDULE_CALENDAR, "", "",
		    "'': not a calendar event as systemd.time(7) has it" },
		{ SCHEDULE_CALENDAR, "daily\nUser=root", "",
		    "'daily User=root': not a calendar event as "
		    "systemd.time(7) has it" },
		{ SCHEDULE_CALENDAR, "%H", "",
		    "'%H': not a calendar event as systemd.time(7) has it" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct schedule s = { .jitter_s = 7 };
		struct err e = { 0 };
		struct buf b = { 0 };

		check_at(rows[i].text);
		CHECK_INT(schedule_parse(&s, rows[i].kind, rows[i].text, &e),
		    rows[i].why[0] == '\0' ? 0 : -1);
		CHECK_STR(e.text, rows[i].why);
		CHECK_INT(e.class, rows[i].why[0] == '\0' ? 0 : ERR_CONFIG);
		CHECK_INT(s.jitter_s, 7);
		schedule_format(&s, &b);
		CHECK_STR(buf_text(&b),
		    rows[i].why[0] == '\0' ? rows[i].means : "by hand");
		buf_free(&b);
	}
}

static void
days_of_the_week_have_short_names(void)
{
	static const char *const names[] = { "sun", "mon", "tue", "wed", "thu",
		"fri", "sat" };
	int i;

	for (i = 0; i < 7; i++)
		CHECK_INT(schedule_weekday(names[i]), i);
	CHECK_INT(schedule_weekday("Sun"), -1);
	CHECK_INT(schedule_weekday("sunday"), -1);
	CHECK_INT(schedule_weekday(""), -1);
}

static void
slots_are_where_the_walls_clock_says(void)
{
	static const struct {
		enum schedule_kind kind;
		const char *text, *zone, *now, *slot, *next;
	} rows[] = {
		{ SCHEDULE_DAILY, "02:00", NULL, "2026-11-24T01:59:59Z",
		    "Mon 2026-11-23 02:00:00 +0000",
		    "Tue 2026-11-24 02:00:00 +0000" },
		{ SCHEDULE_DAILY, "02:00", "UTC", "2026-11-24T02:00:00Z",
		    "Tue 2026-11-24 02:00:00 +0000",
		    "Wed 2026-11-25 02:00:00 +0000" },
		/* Spring: the time is not, the slot is. */
		{ SCHEDULE_DAILY, "02:30", "Europe/Paris",
		    "2026-03-29T00:59:59Z", "Sat 2026-03-28 02:30:00 +0100",
		    "Sun 2026-03-29 03:00:00 +0200" },
		{ SCHEDULE_DAILY, "02:30", "Europe/Paris",
		    "2026-03-29T01:00:00Z", "Sun 2026-03-29 03:00:00 +0200",
		    "Mon 2026-03-30 02:30:00 +0200" },
		{ SCHEDULE_WEEKLY, "sun 02:30", "Europe/Paris",
		    "2026-03-29T01:00:00Z", "Sun 2026-03-29 03:00:00 +0200",
		    "Sun 2026-04-05 02:30:00 +0200" },
		/* Autumn: it comes twice, the slot once. */
		{ SCHEDULE_DAILY, "02:30", "Europe/Paris",
		    "2026-10-25T00:30:00Z", "Sun 2026-10-25 02:30:00 +0200",
		    "Mon 2026-10-26 02:30:00 +0100" },
		{ SCHEDULE_DAILY, "02:30", "Europe/Paris",
		    "2026-10-25T01:30:00Z", "Sun 2026-10-25 02:30:00 +0200",
		    "Mon 2026-10-26 02:30:00 +0100" },
		/* Back over midnight: the day has begun, then it has not. */
		{ SCHEDULE_DAILY, "00:00", "America/St_Johns",
		    "2010-11-07T03:15:00Z", "Sun 2010-11-07 00:00:00 -0230",
		    "Mon 2010-11-08 00:00:00 -0330" },
		{ SCHEDULE_DAILY, "02:00", "Pacific/Apia",
		    "2011-12-30T09:00:00Z", "Thu 2011-12-29 02:00:00 -1000",
		    "Sat 2011-12-31 00:00:00 +1400" },
		{ SCHEDULE_WEEKLY, "sat 23:00", "Europe/Paris",
		    "2026-11-24T12:00:00Z", "Sat 2026-11-21 23:00:00 +0100",
		    "Sat 2026-11-28 23:00:00 +0100" },
		{ SCHEDULE_WEEKLY, "sat 23:00", "Europe/Paris",
		    "2026-11-28T21:59:59Z", "Sat 2026-11-21 23:00:00 +0100",
		    "Sat 2026-11-28 23:00:00 +0100" },
		{ SCHEDULE_WEEKLY, "sun 00:00", "UTC", "2027-01-02T23:59:59Z",
		    "Sun 2026-12-27 00:00:00 +0000",
		    "Sun 2027-01-03 00:00:00 +0000" },
		{ SCHEDULE_MONTHLY, "28 04:30", "UTC", "2026-03-01T00:00:00Z",
		    "Sat 2026-02-28 04:30:00 +0000",
		    "Sat 2026-03-28 04:30:00 +0000" },
		{ SCHEDULE_MONTHLY, "1 04:30", "Asia/Tokyo",
		    "2026-12-31T19:30:00Z", "Fri 2027-01-01 04:30:00 +0900",
		    "Mon 2027-02-01 04:30:00 +0900" },
		{ SCHEDULE_MONTHLY, "last 04:30", "UTC", "2028-02-29T04:29:59Z",
		    "Mon 2028-01-31 04:30:00 +0000",
		    "Tue 2028-02-29 04:30:00 +0000" },
		{ SCHEDULE_MONTHLY, "last 04:30", "UTC", "2027-03-30T12:00:00Z",
		    "Sun 2027-02-28 04:30:00 +0000",
		    "Wed 2027-03-31 04:30:00 +0000" },
		{ SCHEDULE_MONTHLY, "last 04:30", "UTC", "2027-12-31T04:30:00Z",
		    "Fri 2027-12-31 04:30:00 +0000",
		    "Mon 2028-01-31 04:30:00 +0000" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct schedule s = parsed(rows[i].kind, rows[i].text);
		const char *zone = rows[i].zone;
		time_t now = at(rows[i].now);

		check_at(rows[i].next);
		CHECK_STR(at_wall(zone, schedule_slot(&s, zone, now)),
		    rows[i].slot);
		CHECK_STR(at_wall(zone, schedule_next(&s, zone, now)),
		    rows[i].next);
	}
}

/* Whatever the zone, at each 85 minutes of three years: a slot has
 * come, the next has not, nothing lies between, and none is far. */
static void
slots_follow_each_other_without_a_hole(void)
{
	static const char *const zones[] = { "Europe/Paris", "America/St_Johns",
		"Africa/Cairo", "Pacific/Apia", "Australia/Lord_Howe" };
	static const struct {
		enum schedule_kind kind;
		const char *text;
		int slots; /* in these years, one more or less */
	} rows[] = {
		{ SCHEDULE_DAILY, "00:00", 1095 },
		{ SCHEDULE_DAILY, "02:10", 1095 },
		{ SCHEDULE_WEEKLY, "sun 00:30", 156 },
		{ SCHEDULE_MONTHLY, "last 02:30", 36 },
	};
	const time_t begin = at("2009-12-31T12:00:00Z");
	const time_t end = at("2012-12-30T12:00:00Z");
	size_t i, j;
	time_t t;

	for (i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
		for (j = 0; j < sizeof(rows) / sizeof(rows[0]); j++) {
			struct schedule s = parsed(rows[j].kind, rows[j].text);
			time_t next = schedule_next(&s, zones[i], begin);
			time_t slot = schedule_slot(&s, zones[i], begin);
			int bad = 0, n = 0;

			for (t = begin; t < end; t += 5100) {
				if (t >= next) {
					n++;
					slot = next;
					next = schedule_next(&s, zones[i], t);
				}
				bad += schedule_slot(&s, zones[i], t) != slot;
				bad += next <= t || slot > t ||
				    (uint64_t)(next - slot) >
					schedule_period_s(&s) + 86400;
			}
			check_at(zones[i]);
			CHECK_INT(bad, 0);
			CHECK(abs(n - rows[j].slots) <= 1);
		}
	}
}

static void
without_slots_there_are_none(void)
{
	struct schedule none = { 0 };
	struct schedule calendar = parsed(SCHEDULE_CALENDAR, "daily");
	struct schedule month = parsed(SCHEDULE_MONTHLY, "last 00:00");
	struct schedule week = parsed(SCHEDULE_WEEKLY, "mon 00:00");
	struct schedule day = parsed(SCHEDULE_DAILY, "00:00");
	struct buf b = { 0 };

	CHECK(!schedule_has_slots(&none) && !schedule_has_slots(&calendar));
	CHECK_INT(schedule_slot(&none, "UTC", 1795500000), 0);
	CHECK_INT(schedule_next(&calendar, "UTC", 1795500000), 0);
	CHECK_INT(schedule_period_s(&none), 0);
	CHECK_INT(schedule_period_s(&calendar), 0);
	CHECK_INT(schedule_period_s(&day), 86400);
	CHECK_INT(schedule_period_s(&week), 604800);
	CHECK_INT(schedule_period_s(&month), 2678400);
	schedule_calendar(&none, "UTC", &b);
	CHECK_STR(buf_text(&b), "");
	CHECK(!schedule_calendar_gap(&none, "UTC", 1795500000, &b));
	CHECK(!schedule_calendar_gap(&calendar, "Europe/Paris", 0, &b));
	buf_free(&b);
}

/* A plan moved to another machine, or built anew, keeps its minute. */
static void
delay_is_the_plans_own_and_below_the_jitter(void)
{
	struct schedule s = { .jitter_s = 600 };
	unsigned int part[6] = { 0 };
	char name[16];
	int i;

	CHECK_INT(schedule_delay_s(&s, "prod-daily"), 343);
	CHECK_INT(schedule_delay_s(&s, "prod-weekly"), 112);
	for (i = 0; i < 600; i++) {
		uint64_t delay;

		snprintf(name, sizeof(name), "web%d", i);
		delay = schedule_delay_s(&s, name);
		if (CHECK(delay < 600))
			part[delay / 100]++;
	}
	for (i = 0; i < 6; i++)
		CHECK(part[i] > 60 && part[i] < 140);
	s.jitter_s = 0;
	CHECK_INT(schedule_delay_s(&s, "prod-daily"), 0);
	s.jitter_s = 1;
	CHECK_INT(schedule_delay_s(&s, "prod-daily"), 0);
}

static void
systemd_is_told_the_same_in_its_own_words(void)
{
	static const struct {
		enum schedule_kind kind;
		const char *text, *zone, *calendar, *gap;
	} rows[] = {
		{ SCHEDULE_DAILY, "02:00", NULL, "*-*-* 02:00:00 UTC", "" },
		{ SCHEDULE_DAILY, "01:59", "Europe/Paris",
		    "*-*-* 01:59:00 Europe/Paris", "" },
		{ SCHEDULE_DAILY, "02:00", "Europe/Paris",
		    "*-*-* 02:00:00 Europe/Paris",
		    "Sun *-03-25..31 03:00:00 Europe/Paris" },
		{ SCHEDULE_DAILY, "02:59", "America/New_York",
		    "*-*-* 02:59:00 America/New_York",
		    "Sun *-03-08..14 03:00:00 America/New_York" },
		{ SCHEDULE_DAILY, "02:10", "Australia/Lord_Howe",
		    "*-*-* 02:10:00 Australia/Lord_Howe",
		    "Sun *-10-01..07 02:30:00 Australia/Lord_Howe" },
		{ SCHEDULE_DAILY, "00:00", "Africa/Cairo",
		    "*-*-* 00:00:00 Africa/Cairo",
		    "Fri *-04-24..30 01:00:00 Africa/Cairo" },
		{ SCHEDULE_DAILY, "02:00", "Africa/Casablanca",
		    "*-*-* 02:00:00 Africa/Casablanca", "" },
		{ SCHEDULE_WEEKLY, "sun 02:30", "Europe/Paris",
		    "Sun *-*-* 02:30:00 Europe/Paris",
		    "Sun *-03-25..31 03:00:00 Europe/Paris" },
		{ SCHEDULE_WEEKLY, "sat 02:30", "Europe/Paris",
		    "Sat *-*-* 02:30:00 Europe/Paris", "" },
		{ SCHEDULE_MONTHLY, "1 04:30", "Europe/Paris",
		    "*-*-01 04:30:00 Europe/Paris", "" },
		{ SCHEDULE_MONTHLY, "28 02:30", "Europe/Paris",
		    "*-*-28 02:30:00 Europe/Paris",
		    "Sun *-03-28 03:00:00 Europe/Paris" },
		{ SCHEDULE_MONTHLY, "last 02:30", "Europe/Paris",
		    "*-*~01 02:30:00 Europe/Paris",
		    "Sun *-03-31 03:00:00 Europe/Paris" },
		{ SCHEDULE_CALENDAR, "Mon..Fri 02:00", "Europe/Paris",
		    "Mon..Fri 02:00 Europe/Paris", "" },
		{ SCHEDULE_CALENDAR, "daily", NULL, "daily UTC", "" },
		{ SCHEDULE_CALENDAR, "Mon..Fri 02:00 Asia/Tokyo",
		    "Europe/Paris", "Mon..Fri 02:00 Asia/Tokyo", "" },
		{ SCHEDULE_CALENDAR, "02:00 UTC", "Europe/Paris", "02:00 UTC",
		    "" },
	};
	size_t i;
	int year;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct schedule s = parsed(rows[i].kind, rows[i].text);
		struct buf b = { 0 };

		check_at(rows[i].calendar);
		schedule_calendar(&s, rows[i].zone, &b);
		CHECK_STR(buf_text(&b), rows[i].calendar);
		/* No timer is another one for being written another year. */
		for (year = 0; year < 8; year++) {
			buf_cut(&b, 0);
			CHECK_INT(
			    schedule_calendar_gap(&s, rows[i].zone,
				at("2026-11-24T00:00:00Z") + year * 31556952L,
				&b),
			    rows[i].gap[0] != '\0');
			CHECK_STR(buf_text(&b), rows[i].gap);
		}
		buf_free(&b);
	}
}

CHECK_MAIN(TEST(words_of_a_plan_are_taken_whole_or_refused),
    TEST(days_of_the_week_have_short_names),
    TEST(slots_are_where_the_walls_clock_says),
    TEST(slots_follow_each_other_without_a_hole),
    TEST(without_slots_there_are_none),
    TEST(delay_is_the_plans_own_and_below_the_jitter),
    TEST(systemd_is_told_the_same_in_its_own_words))
