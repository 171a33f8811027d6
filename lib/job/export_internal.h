#ifndef JOB_EXPORT_INTERNAL_H
#define JOB_EXPORT_INTERNAL_H

#include "job/account.h"
#include "job/export.h"
#include "job/match.h"
#include "job/place.h"
#include "job/target.h"
#include "store/journal.h"
#include "sys/machine.h"

/*
 * export_internal - what the parts of export share.
 */

/* Everything of one run; what is open here is undone in reverse. */
struct export
{
	struct vim *v;
	struct vm *vm;
	const struct export_conf *conf;
	struct export_result *r;
	struct place place;
	char *stem;
	char machine[MACHINE_ID_SIZE];
	struct target *target;
	uint64_t descriptor_bytes;
	struct journal *journal; /* of a point that is taken up */
	struct snap *snap;
	bool is_cleaned; /* its removal was tried */
	bool is_published;
	time_t snap_made;           /* of one that was taken up, else 0 */
	const struct moref *source; /* the snapshot, or the VM */
	struct match match;
	struct buf descriptor;
	struct account account;
};

/* What an interrupted run left, if it is asked for: point, journal and
 * snapshot.  Before the sweep, which would remove it. */
int export_snap_take_up(struct export *x, struct err *e);

/* Removes other leftovers of this VM. */
int export_snap_sweep(struct export *x, struct err *e);

/* Sets x->source: a new snapshot, an old one, or the VM. */
int export_snap_make(struct export *x, struct err *e);

/* Only once; a failure is in the warnings, too. */
int export_snap_remove(struct export *x, struct err *e);

#endif
