#ifndef SYS_LOCK_H
#define SYS_LOCK_H

#include <stdbool.h>
#include "base/err.h"

/*
 * lock - flock(2) on a file of its own that is never removed.
 *
 * The kernel drops the lock of a dead holder.  The file is opened O_RDWR,
 * which NFS wants for an exclusive lock.  Never waits.
 */
struct lock;

/* NULL with ERR_TEMP ("held by ...") if somebody else has it. */
struct lock *lock_open(const char *path, bool exclusive, struct err *e);

/* An exclusive one without a file, on this machine (in this network
 * namespace) alone: name has 100 bytes at most, what describes it in
 * messages. */
struct lock *lock_open_name(const char *name, const char *what, struct err *e);
void lock_free(struct lock *l); /* unlocks; NULL is fine */

#endif
