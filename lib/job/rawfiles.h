#ifndef JOB_RAWFILES_H
#define JOB_RAWFILES_H

#include "base/err.h"
#include "job/transfer.h"

/*
 * rawfiles - the small files beside a VM's disks: .vmx and nvram.
 */
enum { RAWFILES_MAX = 2 };

/* Into the target and behind the disks in t->match, which has room for
 * RAWFILES_MAX more.  One that a running VM holds locked is a warning and
 * among what was skipped; an nvram that is not there was never made. */
int rawfiles_fetch(const struct transfer *t, const char *datacenter,
    struct err *e);

#endif
