#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

/*
 * clock - two clocks and their text forms, all UTC.
 */

#define CLOCK_ISO_SIZE 24   /* "2026-11-24T00:30:04Z" */
#define CLOCK_STAMP_SIZE 24 /* "20261124_003004" */

/* Milliseconds that only go forward; for intervals and time-outs. */
uint64_t clock_mono_ms(void);

/* Seconds since 1970 (the wall clock).  ESXBK_NOW, a time as clock_parse_iso()
 * takes it, is what it was at the first call: for trying plans. */
time_t clock_now(void);

/* "" for a time of more than four digits a year. */
void clock_format_iso(time_t t, char out[CLOCK_ISO_SIZE]);
void clock_format_stamp(time_t t, char out[CLOCK_STAMP_SIZE]);

/* "2026-11-24T00:30:04Z", also with a fraction of a second or an offset
 * (+01:00), as servers write it; -1 if it is no such time. */
int clock_parse_iso(const char *s, time_t *out);

/* The time of "20261124_003004"; -1 if it is no such time. */
int clock_parse_stamp(const char *s, time_t *out);

#endif
