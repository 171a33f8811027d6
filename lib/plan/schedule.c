#include "plan/schedule.h"

#include <string.h>
#include "base/num.h"
#include "base/span.h"
#include "base/zone.h"

enum { DAY = 24 * 60 * 60, LAST_SAFE_DAY = 28 };

static const char *const weekdays[7][2] = {
	{ "sun", "Sunday" },
	{ "mon", "Monday" },
	{ "tue", "Tuesday" },
	{ "wed", "Wednesday" },
	{ "thu", "Thursday" },
	{ "fri", "Friday" },
	{ "sat", "Saturday" },
};

int
schedule_weekday(const char *text)
{
	int i;

	for (i = 0; i < 7; i++) {
		if (strcmp(text, weekdays[i][0]) == 0)
			return i;
	}
	return -1;
}

static bool
parse_time(struct schedule *s, const char *text)
{
	uint64_t hour, minute;

	if (strlen(text) != strlen("HH:MM") || text[2] != ':' ||
	    num_scan(text, 2, 23, &hour) == -1 ||
	    num_scan(text + 3, 2, 59, &minute) == -1)
		return false;
	s->hour = (unsigned int)hour;
	s->minute = (unsigned int)minute;
	return true;
}

static bool
parse_weekly(struct schedule *s, const char *text)
{
	char day[4] = "";
	int i;

	memcpy(day, text, strnlen(text, 3));
	i = schedule_weekday(day);
	s->weekday = (unsigned int)i;
	return i != -1 && text[3] == ' ' && parse_time(s, text + 4);
}

static bool
parse_monthly(struct schedule *s, const char *text)
{
	const char *blank = strchr(text, ' ');
	struct span day = { text, blank != NULL ? (size_t)(blank - text) : 0 };
	uint64_t number = 0;

	if (blank == NULL || !parse_time(s, blank + 1))
		return false;
	if (!span_is(day, "last") &&
	    (day.n > 2 ||
		num_scan(day.p, day.n, LAST_SAFE_DAY, &number) == -1 ||
		number == 0))
		return false;
	s->monthday = (unsigned int)number;
	return true;
}

/* It goes into a unit file: a line's end would begin another setting there,
 * and '%' is systemd's own. */
static bool
parse_calendar(struct schedule *s, const char *text)
{
	s->calendar = text;
	return text[0] != '\0' &&
	    text[strspn(text,
		"abcdefghijklmnopqrstuvwxyz"
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789 *-~:.,/+_")] == '\0';
}

int
schedule_parse(struct schedule *s, enum schedule_kind kind, const char *text,
    struct err *e)
{
	static const struct {
		bool (*parse)(struct schedule *s, const char *text);
		const char *wanted;
	} kinds[] = {
		[SCHEDULE_DAILY] = { parse_time, "a time such as 02:00" },
		[SCHEDULE_WEEKLY] = { parse_weekly,
		    "a day and a time such as 'sat 23:00'" },
		[SCHEDULE_MONTHLY] = { parse_monthly,
		    "a day (1 to 28, or last) and a time such as '1 04:30'" },
		[SCHEDULE_CALENDAR] = { parse_calendar,
		    "a calendar event as systemd.time(7) has it" },
	};
	struct schedule new = { .kind = kind, .jitter_s = s->jitter_s };

	if (kinds[kind].parse != NULL && !kinds[kind].parse(&new, text))
		return err_set(e, ERR_CONFIG, "'%s': not %s", text,
		    kinds[kind].wanted);
	*s = new;
	return 0;
}

bool
schedule_has_slots(const struct schedule *s)
{
	return s->kind != SCHEDULE_NONE && s->kind != SCHEDULE_CALENDAR;
}

/* That of the day, week or month `ahead` after the one that day lies in. */
static time_t
slot_near(const struct schedule *s, const char *zone, const struct tm *day,
    int ahead)
{
	struct tm civil = {
		.tm_year = day->tm_year,
		.tm_mon = day->tm_mon,
		.tm_mday = day->tm_mday,
		.tm_hour = (int)s->hour,
		.tm_min = (int)s->minute,
	};

	switch (s->kind) {
	case SCHEDULE_WEEKLY:
		civil.tm_mday += (int)s->weekday - day->tm_wday + 7 * ahead;
		break;
	case SCHEDULE_MONTHLY:
		/* Day 0 of a month is the last of the one before. */
		civil.tm_mon += ahead + (s->monthday == 0);
		civil.tm_mday = (int)s->monthday;
		break;
	default:
		civil.tm_mday += ahead;
	}
	return zone_time(zone, &civil);
}

/* The search begins one later than it seems to need: a clock that is set back
 * over midnight is in yesterday again when today's slot has come. */
time_t
schedule_slot(const struct schedule *s, const char *zone, time_t now)
{
	struct tm today;
	time_t slot;
	int i = 1;

	if (!schedule_has_slots(s))
		return 0;
	zone_civil(zone, now, &today);
	do
		slot = slot_near(s, zone, &today, i--);
	while (slot > now);
	return slot;
}

time_t
schedule_next(const struct schedule *s, const char *zone, time_t now)
{
	struct tm today;
	time_t slot;
	int i = -1;

	if (!schedule_has_slots(s))
		return 0;
	zone_civil(zone, now, &today);
	do
		slot = slot_near(s, zone, &today, i++);
	while (slot <= now);
	return slot;
}

uint64_t
schedule_period_s(const struct schedule *s)
{
	static const uint64_t days[] = {
		[SCHEDULE_DAILY] = 1,
		[SCHEDULE_WEEKLY] = 7,
		[SCHEDULE_MONTHLY] = 31,
		[SCHEDULE_CALENDAR] = 0,
	};

	return days[s->kind] * DAY;
}

/* FNV-1a, and a mix (that of MurmurHash3) so that "web1" and "web2" are not
 * neighbours. */
uint64_t
schedule_delay_s(const struct schedule *s, const char *plan)
{
	uint64_t h = 0xcbf29ce484222325;

	if (s->jitter_s == 0)
		return 0;
	for (; *plan != '\0'; plan++)
		h = (h ^ (unsigned char)*plan) * 0x100000001b3;
	h = (h ^ h >> 33) * 0xff51afd7ed558ccd;
	h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53;
	return (h ^ h >> 33) % s->jitter_s;
}

void
schedule_format(const struct schedule *s, struct buf *b)
{
	switch (s->kind) {
	case SCHEDULE_NONE:
		buf_puts(b, "by hand");
		return;
	case SCHEDULE_CALENDAR:
		buf_fmt(b, "by systemd at %s", s->calendar);
		return;
	case SCHEDULE_DAILY:
		buf_puts(b, "daily");
		break;
	case SCHEDULE_WEEKLY:
		buf_fmt(b, "weekly on %s", weekdays[s->weekday][1]);
		break;
	case SCHEDULE_MONTHLY:
		if (s->monthday == 0)
			buf_puts(b, "monthly on the last day");
		else
			buf_fmt(b, "monthly on day %u", s->monthday);
	}
	buf_fmt(b, " at %02u:%02u", s->hour, s->minute);
}
