#ifndef PLAN_PRUNE_DAYS_H
#define PLAN_PRUNE_DAYS_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include "base/err.h"
#include "plan/prune.h"

/*
 * prune_days - what a plan's retention comes to in the days ahead: its
 * schedule and strategy make points as large as the newest ones were, and
 * prune does what it would do after each.
 *
 * Changes nothing on disk.  Incrementals are made if the plan has made any.
 */
struct prune_day {
	time_t when; /* its end; of the first: now */
	size_t points;
	uint64_t bytes;
	size_t made, removed; /* in it */
};

struct prune_days {
	struct prune_day *days; /* n + 1 of them, the first is now */
	size_t n;
	size_t vms;
	size_t refused; /* times that the guard would have stopped it */
};

/* ERR_USAGE: the plan's schedule is none whose slots are known. */
int prune_days_open(struct prune_days *d, const struct conf_plan *plan,
    time_t now, size_t n, struct err *e);

/* Adds the VMs of a folder that was opened. */
int prune_days_add(struct prune_days *d, const struct prune *p,
    const struct conf_plan *plan, struct err *e);
void prune_days_free(struct prune_days *d);

#endif
