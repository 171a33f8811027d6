#ifndef JOB_RESUME_H
#define JOB_RESUME_H

#include <time.h>
#include "base/err.h"
#include "job/export.h"
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
	time_t made;       /* the snapshot */
};

/* 1: *left is filled; 0: there is nothing, or nothing of use (W_NOT_RESUMED in
 * r, and it is removed).  With the VM's lock held. */
int resume_find(struct vim *v, const struct vm *vm,
    const struct export_conf *conf, const char *stem,
    const struct snap_mark *mark, struct resume *left, struct export_result *r,
    struct err *e);

#endif
