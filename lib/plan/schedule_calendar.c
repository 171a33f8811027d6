#include "plan/schedule.h"

#include <string.h>
#include "base/zone.h"

static const char *const weekdays[] = { "Sun", "Mon", "Tue", "Wed", "Thu",
	"Fri", "Sat" };

/* The words may end in a zone of their own. */
static bool
names_a_zone(const char *calendar)
{
	const char *last = strrchr(calendar, ' ');

	return last != NULL && zone_exists(last + 1);
}

void
schedule_calendar(const struct schedule *s, const char *zone, struct buf *b)
{
	switch (s->kind) {
	case SCHEDULE_NONE:
		return;
	case SCHEDULE_CALENDAR:
		buf_puts(b, s->calendar);
		if (names_a_zone(s->calendar))
			return;
		break;
	case SCHEDULE_DAILY:
		buf_puts(b, "*-*-*");
		break;
	case SCHEDULE_WEEKLY:
		buf_fmt(b, "%s *-*-*", weekdays[s->weekday]);
		break;
	case SCHEDULE_MONTHLY:
		if (s->monthday == 0)
			buf_puts(b, "*-*~01"); /* the month's last */
		else
			buf_fmt(b, "*-*-%02u", s->monthday);
	}
	if (schedule_has_slots(s))
		buf_fmt(b, " %02u:%02u:00", s->hour, s->minute);
	buf_fmt(b, " %s", zone != NULL ? zone : "UTC");
}

/* Slots that are not where the clock was to be, by what they have in common. */
struct moved {
	struct tm first;
	int least, most; /* days of the month */
	bool is_rule;
	bool any;
};

static void
learn(struct moved *m, const struct tm *slot)
{
	if (!m->any) {
		m->any = true;
		m->is_rule = true;
		m->first = *slot;
		m->least = m->most = slot->tm_mday;
	}
	if (slot->tm_mday < m->least)
		m->least = slot->tm_mday;
	if (slot->tm_mday > m->most)
		m->most = slot->tm_mday;
	if (slot->tm_mon != m->first.tm_mon ||
	    slot->tm_wday != m->first.tm_wday ||
	    slot->tm_hour != m->first.tm_hour ||
	    slot->tm_min != m->first.tm_min || m->most - m->least >= 7)
		m->is_rule = false;
}

bool
schedule_calendar_gap(const struct schedule *s, const char *zone, time_t now,
    struct buf *b)
{
	/* Twelve years have each day of the year on each day of the week. */
	const time_t end = now + (time_t)12 * 366 * 24 * 60 * 60;
	struct moved m = { 0 };
	time_t t = now;

	while ((t = schedule_next(s, zone, t)) != 0 && t < end) {
		struct tm slot;

		zone_civil(zone, t, &slot);
		if (slot.tm_hour != (int)s->hour ||
		    slot.tm_min != (int)s->minute)
			learn(&m, &slot);
	}
	if (!m.any || !m.is_rule)
		return false;
	buf_fmt(b, "%s *-%02d-%02d", weekdays[m.first.tm_wday],
	    m.first.tm_mon + 1, m.least);
	if (m.most > m.least)
		buf_fmt(b, "..%02d", m.most);
	buf_fmt(b, " %02d:%02d:00 %s", m.first.tm_hour, m.first.tm_min, zone);
	return true;
}
