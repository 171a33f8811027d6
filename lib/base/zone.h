#ifndef BASE_ZONE_H
#define BASE_ZONE_H

#include <stdbool.h>
#include <time.h>

/*
 * zone - wall-clock time in a named time zone ("Europe/Paris", "UTC").
 *
 * The C library knows one zone a process, by TZ: these functions set it, so
 * only one thread at a time may use them, and nothing else may count on
 * localtime().  A name has been checked by zone_exists() before it gets here;
 * NULL is UTC.
 */

/* It is a file below the system's zoneinfo; no path, nothing with "..".  The
 * ones with leap seconds ("right/...") are none: our times have no such. */
bool zone_exists(const char *zone);

/* The civil time of t: year, month, day, hour, minute, second, week day and
 * day of the year, as localtime_r() fills them. */
void zone_civil(const char *zone, time_t t, struct tm *out);

/*
 * The time of a civil date and time; the fields may overflow (day 32 is the
 * next month's first) and are left normalised.  A time that the clock skips
 * (spring) is the first moment after the gap; of one that comes twice
 * (autumn) it is the first.
 */
time_t zone_time(const char *zone, struct tm *civil);

/* TZ as it was: before a child inherits the environment. */
void zone_leave(void);

#endif
