#ifndef JOB_PREFLIGHT_H
#define JOB_PREFLIGHT_H

#include <stdint.h>
#include "base/err.h"
#include "job/export.h"
#include "job/match.h"

/*
 * preflight - what would make a backup fail or fall short, found before
 * anything is made.
 */

/* Read-only: state, options against the VM, and the host's own word on what
 * it cannot describe.  *descriptor_bytes: more than the descriptor will
 * have. */
int preflight_vm(struct vim *v, const struct vm *vm,
    const struct export_conf *conf, struct export_result *r,
    uint64_t *descriptor_bytes, struct err *e);

/* Whether the VM but for these disks fits into folder dir for a while; ERR_IO
 * if not. */
int preflight_spool(const struct vm *vm, const char *const *excluded,
    const char *dir, struct err *e);

/* The VM's one snapshot of that name; NULL with ERR_NOTFOUND. */
const struct vm_snapshot *preflight_named_snapshot(const struct vm *vm,
    const char *name, struct err *e);

/* Which devices the lease (m) does not cover: to r->skipped and r->warnings.
 * m is NULL in a dry run: then what can be told without a lease. */
int preflight_coverage(const struct vm *vm, const struct match *m,
    const char *const *excluded, struct export_result *r, struct err *e);

#endif
