#ifndef PLAN_RUNNER_VM_H
#define PLAN_RUNNER_VM_H

#include "plan/runner_internal.h"

/*
 * runner_vm - one VM of a run, from step to step: hooks, the tool that makes
 * the point, the one that verifies it.
 *
 * Threads: the planner's one.
 */
int runner_vm_init(struct run_vm *vm, struct run *r,
    const struct toolresult_vm *seen);
void runner_vm_free(struct run_vm *vm);

/* A VM that is not to be backed up, and why: its line is all there is. */
void runner_vm_conclude(struct run_vm *vm, const char *outcome, int exit,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Begins the next step that has something to start, up to RUN_DONE. */
void runner_vm_go_on(struct run_vm *vm);

/* What was started has ended. */
void runner_vm_ended(struct run_vm *vm, const struct child_end *end);

/* Full or incremental; the line of the tool that makes the point. */
void runner_vm_decide(struct run_vm *vm);
int runner_vm_line(const struct run_vm *vm, struct toolline *l, struct err *e);

#endif
