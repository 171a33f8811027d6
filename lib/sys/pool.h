#ifndef SYS_POOL_H
#define SYS_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"

/*
 * pool - n tasks on at most k threads.
 *
 * Signals are blocked in the workers: the main thread takes them.
 */

/*
 * Runs task(arg, i, &err_i) for i in 0..n-1, in order of i as threads come
 * free, and waits for all.  After the first failure no further task is
 * started, and pool_is_stopped() is true for those that run.  Returns the
 * failure that came first.  All of task's arguments are the caller's.
 */
struct pool;
typedef int pool_task(struct pool *p, void *arg, size_t i, struct err *e);
int pool_run(pool_task *task, void *arg, size_t n, unsigned int threads,
    struct err *e);
bool pool_is_stopped(const struct pool *p);

#endif
