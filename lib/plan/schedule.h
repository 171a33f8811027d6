#ifndef PLAN_SCHEDULE_H
#define PLAN_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include "base/buf.h"
#include "base/err.h"

/*
 * schedule - when a plan is to run (esxbk-plan(5), "schedule").
 *
 * A slot is a moment at which the plan is to run.  Pure: zone and time are
 * given.  { 0 } is a plan that runs only when it is asked to.
 */
enum schedule_kind {
	SCHEDULE_NONE,
	SCHEDULE_DAILY,
	SCHEDULE_WEEKLY,
	SCHEDULE_MONTHLY,
	SCHEDULE_CALENDAR, /* systemd's own words: we know no slots of it */
};

struct schedule {
	enum schedule_kind kind;
	unsigned int weekday;  /* 0: Sunday */
	unsigned int monthday; /* 1 to 28; 0: the month's last */
	unsigned int hour, minute;
	const char *calendar; /* borrowed */
	uint64_t jitter_s;
};

/* "02:00"; "sat 23:00"; "1 04:30" or "last 04:30"; systemd's own words.
 * ERR_CONFIG.  Leaves jitter_s as it is, and all of *s if it fails. */
int schedule_parse(struct schedule *s, enum schedule_kind kind,
    const char *text, struct err *e);

/* "sun" to "sat", lower case: 0 to 6; -1 without an error value. */
int schedule_weekday(const char *text);

bool schedule_has_slots(const struct schedule *s);

/* The newest slot at or before now, the first after now; 0 if it has no slots.
 * A day on which the clock skips that time has its slot where the clock goes
 * on; of a time that comes twice the first is meant. */
time_t schedule_slot(const struct schedule *s, const char *zone, time_t now);
time_t schedule_next(const struct schedule *s, const char *zone, time_t now);

/* Seconds from one slot to the next, at most, days having 24 hours: what an
 * age is judged by.  0 if unknown. */
uint64_t schedule_period_s(const struct schedule *s);

/* How long after its slot a plan of this name waits: the same every time on
 * every machine, from 0 to below jitter_s. */
uint64_t schedule_delay_s(const struct schedule *s, const char *plan);

/* systemd's OnCalendar, with the zone: "*-*-* 02:00:00 Europe/Paris". */
void schedule_calendar(const struct schedule *s, const char *zone,
    struct buf *b);

/*
 * systemd has no slot on a day on which the clock skips its time: a second
 * OnCalendar for those days, "Sun *-03-25..31 03:00:00 Europe/Paris"; false if
 * none is needed (or, as in Morocco, they follow no rule).  now only tells
 * which years count; the answer is the same for all of them while the zone's
 * rule lasts.
 */
bool schedule_calendar_gap(const struct schedule *s, const char *zone,
    time_t now, struct buf *b);

/* For people: "daily at 02:00". */
void schedule_format(const struct schedule *s, struct buf *b);

#endif
