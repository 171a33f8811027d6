#ifndef PLAN_RUNNER_HOOK_H
#define PLAN_RUNNER_HOOK_H

#include "plan/runner_internal.h"

/*
 * runner_hook - a plan's hooks: programs with ESXBK_* in their environment and
 * on their standard input what is known so far (esxbk-plan(5), HOOKS).
 */

/* One of the plan's hooks, for a VM or (NULL) the run. */
int runner_hook_start(struct run *r, struct run_vm *vm, enum conf_hook which,
    size_t at, struct err *e);
/* 0, or *e: how it failed. */
int runner_hook_judge(const struct conf_plan *plan, enum conf_hook which,
    size_t at, const struct child_end *end, struct err *e);
/* All hooks of one kind, one after the other, for the run; *e is empty before.
 * A failure, the first of which is told, keeps the others back only where
 * nothing was begun. */
int runner_hook_all(struct run *r, enum conf_hook which, struct err *e);

#endif
