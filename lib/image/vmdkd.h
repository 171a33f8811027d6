#ifndef IMAGE_VMDKD_H
#define IMAGE_VMDKD_H

#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"

/*
 * vmdkd - the text descriptor of a disk that lies beside its data: a host's
 * NAME.vmdk read, one for a flat file written (VMware "Virtual Disk Format
 * 5.0", the text descriptor).
 */
enum { VMDKD_MAX_BYTES = 64 << 10 };

struct vmdkd {
	char create_type[32]; /* "vmfs", "vmfsSparse", "seSparse", ... */
	uint32_t cid;
	uint32_t parent_cid;
	size_t n_extents;
	char kind[16];  /* of the first extent: "VMFS", "FLAT", "VMFSRDM" */
	char file[512]; /* its file, a plain name */
	uint64_t sectors;
	char adapter[32];  /* ddb.adapterType or "" */
	char hardware[16]; /* ddb.virtualHWVersion or "" */
};

/* Untrusted.  ERR_DATA if it is no descriptor. */
int vmdkd_parse(const char *p, size_t n, struct vmdkd *d, struct err *e);

/* Appends ddb.geometry.*, as hosts write them. */
void vmdkd_format_geometry(uint64_t sectors, const char *adapter,
    struct buf *b);

/* Appends one of type monolithicFlat for file, which lies beside it. */
struct vmdkd_flat {
	const char *file;
	uint64_t capacity_bytes; /* a multiple of 512 */
	uint32_t cid;
	const char *adapter;
	const char *hardware;
};
void vmdkd_format_flat(const struct vmdkd_flat *f, struct buf *b);

#endif
