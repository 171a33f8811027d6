#ifndef JOB_RAWTRANSFER_H
#define JOB_RAWTRANSFER_H

#include "base/err.h"
#include "job/transfer.h"
#include "store/journal.h"

/*
 * rawtransfer - all files of one stopped VM, or of the base under a snapshot,
 * over the datastore's HTTP access: flat disks, their descriptors, .vmx and
 * nvram; and the host's own OVF descriptor without files.
 */

/* *j: the journal of a point that was taken up, or NULL; set if one is made,
 * and the caller's to free. */
int rawtransfer_run(const struct transfer *t, struct journal **j,
    struct err *e);

/* The same as far as it only reads small things: does it have all it takes?
 * Of a stopped VM. */
int rawtransfer_look(const struct transfer *t, struct err *e);

/* The one disk to standard output, in order. */
int rawtransfer_pipe(const struct transfer *t, struct err *e);

#endif
