#ifndef VSPHERE_SNAP_H
#define VSPHERE_SNAP_H

#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"
#include "vsphere/vim.h"
#include "vsphere/vm.h"

/*
 * snap - a temporary snapshot that is marked as ours.
 *
 * snap_open() makes it, snap_commit() removes it; snap_free() removes it if
 * that did not happen.  Removal ignores a pending signal, has a time-out of
 * its own and looks whether the disks need consolidation.  A snapshot whose creation
 * was interrupted counts as made: the task is waited for and undone.
 * One thread.
 */
enum snap_quiesce { SNAP_QUIESCE_OFF, SNAP_QUIESCE_TRY, SNAP_QUIESCE_REQUIRE };

/* Who made a snapshot: stands in its description. */
struct snap_mark {
	const char *run;        /* the name is "esxbk-<run>" */
	const char *machine;    /* this machine's id */
	const char *repository; /* absolute path */
};

struct snap;

struct snap *snap_open(struct vim *v, const struct vm *vm,
    const struct snap_mark *mark, enum snap_quiesce quiesce, struct err *e);
const struct moref *snap_ref(const struct snap *s);

/* Takes over one that an earlier run of ours made and left. */
struct snap *snap_adopt(struct vim *v, const struct vm *vm,
    const struct vm_snapshot *left, struct err *e);

/* What was reached, from the snapshot tree; and why less was reached than
 * asked for, or "". */
bool snap_is_quiesced(const struct snap *s);
const char *snap_quiesce_note(const struct snap *s);

int snap_commit(struct snap *s, struct err *e);
void snap_free(struct snap *s); /* NULL is fine */

/* Why this VM cannot be quiesced now, or NULL. */
const char *snap_quiesce_obstacle(const struct vm *vm);

/* True if a snapshot was left by an earlier run of this machine into this
 * repository. */
bool snap_is_ours(const struct vm_snapshot *s, const struct snap_mark *mark);

/* True if a run of ours made it, of whatever machine and repository. */
bool snap_is_marked(const struct vm_snapshot *s);

/* Removes such leftovers of vm but keep (NULL: all), n of them; call it with
 * the VM's write lock held.  vm's snapshots are read again. */
int snap_sweep(struct vim *v, struct vm *vm, const struct snap_mark *mark,
    const struct moref *keep, size_t *n, struct err *e);

#endif
