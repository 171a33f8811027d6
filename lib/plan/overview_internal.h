#ifndef PLAN_OVERVIEW_INTERNAL_H
#define PLAN_OVERVIEW_INTERNAL_H

#include "plan/overview.h"

/*
 * overview_internal - what overview.c and overview_judge.c share.
 */

enum { OVERVIEW_SKEW_S = 3600 }; /* clocks differ; run --due has the same */

/* Fills state, level and text of a row whose other fields are filled. */
int overview_judge(struct overview_row *row, const struct overview_plan *p,
    time_t now, struct err *e);

/* The same for a plan that has no rows. */
int overview_judge_plan(struct overview_row *row, const struct overview_plan *p,
    struct err *e);

/* The newest slot that runs which came to VMs were for, 0: none. */
time_t overview_judge_slot(const struct history *h);

#endif
