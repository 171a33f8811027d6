#ifndef PLAN_DUERUN_H
#define PLAN_DUERUN_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>
#include "base/err.h"
#include "plan/conf.h"
#include "plan/due.h"
#include "plan/history.h"
#include "plan/outcome.h"
#include "store/catalog.h"

/*
 * duerun - what of a plan is due: which of its VMs a run is to back up now,
 * and whether anything of the slot is still to come (esxbk-plan(1), run --due).
 *
 * Pure: made of the plan, what its runs came to, and what its repository
 * holds.  A plan knows a VM by its points or by the runs that are given.
 */
struct duerun_vm {
	char *uuid; /* the instance uuid, or the BIOS uuid */
	char *name;
	time_t newest; /* good point of this plan, 0: none */
	struct due_try *tries;
	size_t n;
	bool was_told_gone; /* its last try found no such VM */
};

struct duerun {
	const struct conf_plan *plan;
	time_t now, slot;
	bool is_first;         /* nothing of this slot was tried before */
	struct duerun_vm *vms; /* in order of uuid */
	size_t n;
	struct duerun_vm whole; /* what counts for VMs that are not known */
	size_t n_future; /* points from the future, which count for nothing */
};

/* slot: schedule_slot() of the plan, or 0.  catalog: of its repository, at
 * least the newest points of this plan, with their state; NULL: there is
 * none.  duerun_free() in any case. */
int duerun_init(struct duerun *d, const struct conf_plan *plan, time_t now,
    time_t slot, const struct history *h, const struct catalog *catalog,
    struct err *e);
void duerun_free(struct duerun *d);

/* Of a VM that is not known: as if it had no point and no try of its own. */
enum due_state duerun_state(const struct duerun *d, const char *uuid);
const struct duerun_vm *duerun_find(const struct duerun *d, const char *uuid);

/* A VM is due, or the plan knows none and is due as a whole. */
bool duerun_is_due(const struct duerun *d);

/* Another try of the slot is to come: when the first of them is. */
bool duerun_has_more(const struct duerun *d, time_t *when);

/* Adds what a run came to for a VM; uuid NULL: for all, as it came to none.
 * point: time of the good point that was made, or 0.  It is later then. */
int duerun_add(struct duerun *d, const char *uuid, const char *name,
    struct due_try try, time_t point, struct err *e);

/* What the slot came to, all its tries taken together. */
struct outcome duerun_outcome(const struct duerun *d);

#endif
