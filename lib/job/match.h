#ifndef JOB_MATCH_H
#define JOB_MATCH_H

#include <stddef.h>
#include "base/err.h"
#include "base/watch.h"
#include "job/fetch.h"
#include "vsphere/lease.h"
#include "vsphere/vm.h"

/*
 * match - which file of a lease is which device of the VM, and what it is
 * called in the point.
 *
 * A lease names a disk by its controller and unit
 * ("/vm-42/VirtualLsiLogicController0:1").  Disks are "<stem>-disk1.vmdk" and
 * so on in the lease's order, the nvram is "<stem>.nvram"; images of CDs and
 * floppies are left out.
 */
struct match {
	struct fetch *fetches; /* one a file to fetch */
	char **files;          /* their names */
	char **keys;           /* of their lease items */
	size_t n;
};

/* excluded: labels of disks to leave out, NULL at the end or NULL. */
int match_items(const struct vm *vm, const struct lease_item *items, size_t n,
    const char *stem, const char *const *excluded, struct match *m,
    struct err *e);

/* Another lease on the same VM or snapshot: the same keys, new URLs. */
int match_bind(struct match *m, const struct lease_item *items, size_t n,
    struct err *e);

/* Whether label is in the list. */
bool match_is_excluded(const char *label, const char *const *excluded);

/* Tells w of its files; nothing if that is NULL. */
int match_begin_watch(const struct match *m, const struct watch *w,
    struct err *e);
void match_free(struct match *m);

#endif
