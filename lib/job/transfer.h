#ifndef JOB_TRANSFER_H
#define JOB_TRANSFER_H

#include "base/buf.h"
#include "base/err.h"
#include "job/export.h"
#include "job/match.h"
#include "job/target.h"
#include "vsphere/vm.h"

/*
 * transfer - all files of one snapshot (or stopped VM) into the target,
 * over as many leases as it takes.
 *
 * An attempt is one lease: fetch what is missing, hear the host's own
 * manifest on it, and, when nothing is missing, have the descriptor made and
 * complete the lease.  A disk whose body was empty or damaged gets one
 * fresh lease at once, and another whenever a file was confirmed meanwhile;
 * other failures that may pass get conf->retries more attempts, with a growing
 * pause between.  What the host has confirmed is not fetched again.
 *
 * A sequential target gets one file after the other; the first failure ends
 * the attempt, and what stands behind a file that must come again comes
 * again as well.
 */
struct transfer {
	struct vim *v;
	const struct vm *vm;
	const struct export_conf *conf;
	struct export_result *r; /* warnings, skipped devices, steps */
	struct target *target;
	const struct moref *source;
	const char *stem;
	struct match *match;    /* out */
	struct buf *descriptor; /* out */
};

int transfer_run(const struct transfer *t, struct err *e);

#endif
