#ifndef JOB_RESUME_H
#define JOB_RESUME_H

#include "base/err.h"
#include "store/journal.h"
#include "store/point.h"
#include "vsphere/snap.h"
#include "vsphere/vm.h"

/*
 * resume - what an interrupted run left, taken up if its source still stands
 * as it did: a stopped VM, or the snapshot that the run had made.
 */
struct resume {
	struct point *point;
	struct journal *journal;
	struct snap *snap; /* NULL: the VM was and is stopped */
};

/* 1: *r is filled; 0: there is nothing, or nothing of use (with a warning, and
 * it is removed).  With the VM's lock held. */
int resume_find(struct vim *v, const struct vm *vm, const char *dir,
    const char *stem, const struct snap_mark *mark, struct resume *r,
    struct err *e);

#endif
