#ifndef PLAN_DUE_H
#define PLAN_DUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/*
 * due - whether a VM's backup is to be made now (esxbk-plan(1), "run --due").
 *
 * Pure.  A slot is met by a complete point that is not older.  It is tried at
 * its time, or when the machine is up again, and again only after a failure
 * that may pass (exit 69, 74, 75, or a run that ended without a word): 15 min,
 * 1 h and 4 h after the try before, while that is not more than retry_for_s
 * after the slot.  A first try has no such limit.
 */
struct due_try {
	time_t ended; /* or began, if it never ended */
	int exit;     /* 0 and 3 included; -1: it ended without a word */
};

struct due_case {
	time_t now;
	time_t slot;   /* newest one that has come, 0: none */
	time_t newest; /* complete point of this plan, 0: none */
	uint64_t retry_for_s;
	const struct due_try *tries; /* of this slot, the oldest first */
	size_t n;
};

enum due_state {
	DUE_NONE, /* there is no slot */
	DUE_MET,  /* the slot has its point */
	DUE_NOW,
	DUE_LATER,    /* to be tried again, at *when */
	DUE_GIVEN_UP, /* this slot is lost: the next one counts */
};

enum due_state due_judge(const struct due_case *c, time_t *when);

/* Whether a failure of this status is worth another try. */
bool due_may_pass(int exit);

#endif
