#ifndef PLAN_REPORT_DAYS_H
#define PLAN_REPORT_DAYS_H

#include <time.h>
#include "base/err.h"
#include "plan/overview.h"
#include "plan/report.h"

/*
 * report_days - what a plan's runs came to on each of the last 30 days.
 *
 * A run counts for the day of its slot, in the plan's zone, be it that it came
 * later; of several runs of a day the newest word on each VM counts.
 */
enum report_day {
	REPORT_NONE, /* nothing was to be done, or nothing is known */
	REPORT_GOOD,
	REPORT_WARNED,  /* complete, but a run had something to say */
	REPORT_PARTIAL, /* some VMs failed */
	REPORT_FAILED,  /* all did */
	REPORT_KILLED,  /* the run has no end */
	REPORT_RUNNING, /* not yet, and it may still come */
	REPORT_MISSED,  /* a slot without a run */
};

struct report_days {
	enum report_day day[REPORT_DAYS]; /* the last is today */
	char date[REPORT_DAYS][16];       /* "2026-11-24" */
};

void report_days(const struct overview_plan *p, time_t now,
    struct report_days *out);

/* "good"; the letter of a strip. */
const char *report_days_word(enum report_day day);
char report_days_letter(enum report_day day);

#endif
