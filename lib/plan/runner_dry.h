#ifndef PLAN_RUNNER_DRY_H
#define PLAN_RUNNER_DRY_H

#include "plan/runner_internal.h"

/*
 * runner_dry - what a run would do: it asks the host, and touches nothing.
 */
void runner_dry(struct run *r, struct runner_end *end);

#endif
