#ifndef VSPHERE_DESCRIPTOR_H
#define VSPHERE_DESCRIPTOR_H

#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "vsphere/vim.h"

/*
 * descriptor - the OVF descriptor that the host writes (API:
 * OvfManager.CreateDescriptor), with MAC addresses, uuid and extraConfig.
 */
struct descriptor_file {
	const char *device; /* the lease item's key */
	const char *path;   /* file name beside the descriptor */
	uint64_t size;      /* real byte count */
	uint64_t capacity;  /* disks only, else 0 */
	uint64_t populated; /* disks only, 0: unknown */
};

/*
 * snapshot may be NULL.  Without files it is a dry run that finds what
 * cannot be exported.  out gets the document; warnings one line each, with
 * '\n'.  An error that the host reports is ERR_DATA with its words.
 */
int descriptor_create(struct vim *v, const struct moref *vm,
    const struct moref *snapshot, const struct descriptor_file *files, size_t n,
    struct buf *out, struct buf *warnings, struct err *e);

#endif
