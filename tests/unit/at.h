/*
 * at - times in tables of tests, as text.
 */
#ifndef UNIT_AT_H
#define UNIT_AT_H

#include <string.h>
#include <time.h>
#include "base/clock.h"
#include "base/zone.h"
#include "check.h"

/* The time of "2026-03-29T01:30:00Z". */
static inline time_t
at(const char *iso)
{
	time_t t = 0;

	CHECK_INT(clock_parse_iso(iso, &t), 0);
	return t;
}

/* "Sun 2026-03-29 03:00:00 +0200": what the clocks of the zone show; valid
 * until the next call. */
static inline const char *
at_wall(const char *zone, time_t t)
{
	static char text[64];
	struct tm civil;

	zone_civil(zone, t, &civil);
	strftime(text, sizeof(text), "%a %F %T %z", &civil);
	return text;
}

#endif
