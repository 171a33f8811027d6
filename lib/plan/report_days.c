#include "plan/report_days.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "base/zone.h"
#include "plan/schedule.h"

enum {
	GRACE_S = 3600,        /* cron comes every quarter of an hour */
	RUNNING_S = 24 * 3600, /* longer than that no run is believed in */
	NOON = 12,
};

const char *
report_days_word(enum report_day day)
{
	static const char *const words[] = { "none", "ok", "warn", "partial",
		"failed", "killed", "running", "missed" };

	return words[day];
}

char
report_days_letter(enum report_day day)
{
	return "-.wpFKrm"[day];
}

static void
date_of(const char *zone, time_t t, char out[16])
{
	struct tm tm;

	zone_civil(zone, t, &tm);
	if (strftime(out, 16, "%Y-%m-%d", &tm) == 0)
		out[0] = '\0';
}

/* Noon is there on each day, whatever the clocks do. */
static time_t
noon(const char *zone, time_t now, int days_ago)
{
	struct tm tm;

	zone_civil(zone, now, &tm);
	tm.tm_mday -= days_ago;
	tm.tm_hour = NOON;
	tm.tm_min = tm.tm_sec = 0;
	tm.tm_isdst = -1;
	return zone_time(zone, &tm);
}

/* The runs of a day: all of these that are of that date. */
struct day {
	const struct history *h;
	const char *zone, *date;
	size_t newest, end;
};

static bool
is_of_day(const struct history_run *r, const char *zone, const char *date)
{
	char of[16];

	/* It came to none of the few VMs that it was for. */
	if (r->narrow && r->n == 0)
		return false;
	date_of(zone, r->slot != 0 ? r->slot : r->started, of);
	return strcmp(of, date) == 0;
}

static bool
is(const char *s, const char *word)
{
	return s != NULL && strcmp(s, word) == 0;
}

/* Whether a newer run of the day had a word on it: those after the first of
 * a day are about few VMs. */
static bool
is_told(const struct day *d, size_t until, const struct history_vm *vm)
{
	const struct history_run *r;
	size_t i, j;

	for (i = d->newest; i < until; i++) {
		r = &d->h->runs[i];
		for (j = 0; j < r->n; j++)
			if (r->vms[j].uuid != NULL && vm->uuid != NULL &&
			    strcasecmp(r->vms[j].uuid, vm->uuid) == 0 &&
			    is_of_day(r, d->zone, d->date))
				return true;
	}
	return false;
}

static enum report_day
judge_runs(const struct day *d)
{
	size_t i, j, failed = 0, warned = 0, n = 0;
	const struct history_run *r;
	const struct history_vm *vm;

	for (i = d->newest; i < d->end; i++) {
		r = &d->h->runs[i];
		if (!is_of_day(r, d->zone, d->date))
			continue;
		for (j = 0; j < r->n; j++) {
			vm = &r->vms[j];
			if (is_told(d, i, vm))
				continue;
			n++;
			if (is(vm->outcome, "failed") ||
			    ((is(vm->outcome, "vanished") ||
				 is(vm->outcome, "skipped")) &&
				vm->exit != 0))
				failed++;
			else if (vm->exit != 0 || is(vm->outcome, "warn") ||
			    is(vm->outcome, "partial"))
				warned++;
		}
	}
	if (failed > 0)
		return failed == n ? REPORT_FAILED : REPORT_PARTIAL;
	return warned > 0 ? REPORT_WARNED : REPORT_GOOD;
}

static enum report_day
judge_day(const struct overview_plan *p, time_t now, const char *date)
{
	struct day d = { .h = p->source->history,
		.zone = p->source->plan->zone,
		.date = date };
	const struct history_run *newest;
	size_t i;

	for (i = d.h->n; i-- > 0;) {
		if (!is_of_day(&d.h->runs[i], d.zone, date))
			continue;
		if (d.end == 0)
			d.end = i + 1;
		d.newest = i;
	}
	if (d.end == 0)
		return REPORT_NONE;
	newest = &d.h->runs[d.newest];
	if (newest->ended == 0)
		return d.newest == 0 && now - newest->started < RUNNING_S
		    ? REPORT_RUNNING
		    : REPORT_KILLED;
	if (newest->n == 0 && newest->exit != 0)
		return REPORT_FAILED;
	return judge_runs(&d);
}

/* A day without a run: was one to be?  Before the oldest run that is known
 * nothing is. */
static enum report_day
judge_silence(const struct overview_plan *p, time_t now, time_t midday,
    const char *date)
{
	const struct conf_plan *plan = p->source->plan;
	const struct history *h = p->source->history;
	time_t slot, oldest;
	char of[16];

	if (h->n == 0)
		return REPORT_NONE;
	oldest = h->runs[h->n - 1].started;
	/* The day's last slot: a day is 25 hours at most. */
	slot = schedule_slot(&plan->schedule, plan->zone,
	    midday + (time_t)(13 * 3600));
	if (slot == 0)
		return REPORT_NONE;
	date_of(plan->zone, slot, of);
	if (strcmp(of, date) > 0) {
		slot = schedule_slot(&plan->schedule, plan->zone, slot - 1);
		date_of(plan->zone, slot, of);
	}
	if (strcmp(of, date) != 0 || slot < oldest || slot > now)
		return REPORT_NONE;
	return now - slot < GRACE_S + (time_t)plan->schedule.jitter_s
	    ? REPORT_RUNNING
	    : REPORT_MISSED;
}

void
report_days(const struct overview_plan *p, time_t now, struct report_days *out)
{
	const char *zone = p->source->plan->zone;
	time_t midday;
	int i;

	for (i = 0; i < REPORT_DAYS; i++) {
		midday = noon(zone, now, REPORT_DAYS - 1 - i);
		date_of(zone, midday, out->date[i]);
		out->day[i] = REPORT_NONE;
		if (p->source->history == NULL)
			continue;
		out->day[i] = judge_day(p, now, out->date[i]);
		if (out->day[i] == REPORT_NONE)
			out->day[i] = judge_silence(p, now, midday,
			    out->date[i]);
	}
}
