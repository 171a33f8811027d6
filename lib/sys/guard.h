#ifndef SYS_GUARD_H
#define SYS_GUARD_H

#include <stdint.h>
#include <sys/types.h>
#include "base/err.h"

/*
 * guard - a process beside us that ends the groups which we leave behind if we
 * are killed: SIGKILL, or a crash.  The parent-death signal reaches a child,
 * but not what that child has started.
 *
 * It has nothing of ours open, no lock and no pipe, and is in a group of its
 * own.  When we are gone each group that it knows has 2 s to end by itself, then
 * gets SIGTERM, and SIGKILL after its grace.  Without one it ends at once.
 */
struct guard;

/* Before there is a secret in our memory: it is a copy of us. */
struct guard *guard_open(struct err *e);

/* The group is to be ended with us; or no more, as it has ended. */
void guard_add(struct guard *g, pid_t group, uint64_t grace_ms);
void guard_remove(struct guard *g, pid_t group);

/* Waits until it has ended.  NULL is fine. */
void guard_free(struct guard *g);

#endif
