#ifndef JOB_ATTEST_H
#define JOB_ATTEST_H

#include "base/buf.h"
#include "base/err.h"
#include "job/match.h"
#include "vsphere/lease.h"
#include "vsphere/vm.h"

/*
 * attest - the host's own word on what it sent, compared with what came.
 *
 * Both while the lease is open.
 */

/* Sizes and digests of the lease's manifest, for the files that this lease
 * brought (is_done, not is_attested).  What differs is marked as a failed
 * fetch (FETCH_BODY); -1 only if the host cannot be asked. */
int attest_manifest(struct lease *l, struct match *m, struct err *e);

/* Asks for the descriptor with the real sizes and checks that it names just
 * these files and disks. */
int attest_descriptor(struct vim *v, const struct vm *vm,
    const struct moref *snapshot, const struct match *m, struct buf *out,
    struct err *e);

#endif
