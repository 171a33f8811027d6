#ifndef JOB_PROOF_H
#define JOB_PROOF_H

#include <stddef.h>
#include "base/err.h"
#include "job/supply.h"
#include "job/upload.h"
#include "vsphere/importspec.h"
#include "vsphere/lease.h"

/*
 * proof - that what is restored is what was backed up: the files compared
 * with the manifest of the backup and with the host's own word on what it
 * received.
 */

/* The manifest names the descriptor, its files and no others, and the
 * descriptor's digest is right.  0 without a manifest. */
int proof_manifest(const struct supply *s, struct err *e);

/* Which digests of a file are wanted, so that proof_file() can be had. */
void proof_want(const struct supply *s, struct upload *u);

/* What was read is what the manifest says. */
int proof_file(const struct supply *s, const struct upload *u, struct err *e);

/* What the host has is what was sent: its manifest, asked for while the
 * import's lease is open.  Sets each verdict. */
int proof_host(struct lease *l, struct upload *uploads, size_t n,
    const struct import_spec *spec, struct err *e);

#endif
