/*
 * tell_slots - the slots of a schedule and what systemd is told of it, for
 * stories in tests/cli.
 *
 *	tell_slots daily|weekly|monthly TEXT ZONE FROM TO
 *
 * First the lines for OnCalendar, then an empty one, then each slot between
 * the two times, as seconds since 1970.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "plan/schedule.h"

static enum schedule_kind
kind_of(const char *word)
{
	return strcmp(word, "daily") == 0 ? SCHEDULE_DAILY
	    : strcmp(word, "weekly") == 0 ? SCHEDULE_WEEKLY
					  : SCHEDULE_MONTHLY;
}

int
main(int argc, char **argv)
{
	struct schedule s = { 0 };
	struct err e = { 0 };
	struct buf b = { 0 };
	time_t t, end;

	if (argc != 6 || clock_parse_iso(argv[4], &t) == -1 ||
	    clock_parse_iso(argv[5], &end) == -1 ||
	    schedule_parse(&s, kind_of(argv[1]), argv[2], &e) == -1) {
		fprintf(stderr, "tell_slots: what is this? %s\n", e.text);
		return 1;
	}
	schedule_calendar(&s, argv[3], &b);
	buf_char(&b, '\n');
	if (schedule_calendar_gap(&s, argv[3], t, &b))
		buf_char(&b, '\n');
	puts(buf_text(&b));
	while ((t = schedule_next(&s, argv[3], t)) <= end)
		printf("%jd\n", (intmax_t)t);
	buf_free(&b);
	return 0;
}
