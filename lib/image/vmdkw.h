#ifndef IMAGE_VMDKW_H
#define IMAGE_VMDKW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "base/flow.h"

/*
 * vmdkw - writes a streamOptimized VMDK in the layout of VMware's own writer
 * (version 3, flags 0x30001, tables behind their grains, directory, footer and
 * end of stream at the end).
 *
 * Grains come packed already (flate_deflate()), ascending; what is not given
 * reads as zeros.  Memory: one table and the directory.  A stream may have
 * 2^32 sectors: the first grain beyond that is ERR_DATA, and nothing of it is
 * written.  After a failure the stream cannot be finished.  The same calls
 * give the same bytes.  No allocation per grain; one thread.
 */
struct vmdkw_conf {
	uint64_t capacity_bytes; /* a multiple of 512 */
	uint32_t cid;            /* 0, -1, -2 have a meaning: replaced */
	const char *adapter;     /* ddb.adapterType: "lsilogic", "ide", ... */
	const char *hardware;    /* ddb.virtualHWVersion: "19" */
};

struct vmdkw;

struct vmdkw *vmdkw_open(const struct vmdkw_conf *conf, struct sink to,
    struct err *e);

/* packed: the zlib stream of a whole grain of 65536 bytes, the last short one
 * padded with zeros. */
int vmdkw_grain(struct vmdkw *w, uint64_t number, const void *packed, size_t n,
    struct err *e);
int vmdkw_finish(struct vmdkw *w, struct err *e);

/* Bytes written so far. */
uint64_t vmdkw_bytes(const struct vmdkw *w);
void vmdkw_free(struct vmdkw *w); /* NULL is fine */

#endif
