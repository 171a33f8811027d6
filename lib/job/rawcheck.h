#ifndef JOB_RAWCHECK_H
#define JOB_RAWCHECK_H

#include <stdbool.h>
#include "base/err.h"
#include "job/export.h"

/*
 * rawcheck - what would make an export of flat disks fail, found before a
 * snapshot is made.
 */

/* From a snapshot only what it holds; of a stopped VM everything that is not
 * excluded. */
bool rawcheck_wants(const struct export_conf *conf, bool from_snapshot,
    const struct vm_disk *d);

/* Read-only.  has_own: a snapshot of ours is taken up.  Little room where the
 * files are to go is a warning: nobody knows how much of them are holes. */
int rawcheck_vm(struct vim *v, const struct vm *vm,
    const struct export_conf *conf, bool has_own, struct export_result *r,
    struct err *e);

/* To the reason why no snapshot could be made. */
void rawcheck_name_way_out(struct err *e);

#endif
