#ifndef VSPHERE_TASK_H
#define VSPHERE_TASK_H

#include "vsphere/vim.h"

/*
 * task - work that the server does in its own time (vim.Task).
 *
 * Polled: a task is queued, runs, and ends in success or error; it may
 * stand at 100 % for long.
 */

/* Waits at most limit_s seconds (then ERR_TEMP; the task goes on).  result
 * takes a reference that the task returns; it may be NULL.  what stands in
 * errors: "create snapshot".  An error has a fault only if the task failed
 * with it: without one nobody knows what became of the task; ERR_UNAVAIL if
 * the server knows of none.  A connection that is away for less than five
 * minutes is no error. */
int task_wait(struct vim *v, const struct moref *task, unsigned int limit_s,
    const char *what, struct moref *result, struct err *e);

/* The same; meanwhile() is called at each look, its -1 ends the waiting. */
int task_wait_watching(struct vim *v, const struct moref *task,
    unsigned int limit_s, const char *what,
    int (*meanwhile)(void *self, struct err *e), void *self, struct err *e);

/* Waits, at most limit_s, until no recent task of that method
 * ("CreateSnapshot_Task") is queued or running at an object; for a call whose
 * reply was lost. */
int task_wait_idle(struct vim *v, const struct moref *object,
    const char *method, unsigned int limit_s, struct err *e);

#endif
