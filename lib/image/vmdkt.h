#ifndef IMAGE_VMDKT_H
#define IMAGE_VMDKT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "image/vmdk.h"

/*
 * vmdkt - grain tables and grain directory of a stream, compared in both
 * directions with the grains that pass (a part of vmdkr).
 *
 * A host's tables follow their grains: memory is the directory and one
 * table.  Tables in front (qemu-img) are kept whole, at most
 * VMDKT_FRONT_MAX bytes; pages of them that are all zero cost nothing.
 * All failures are ERR_IO, but for memory.
 */
#define VMDKT_FRONT_MAX (UINT64_C(512) << 20)

struct vmdkt;

/* is_delta: the disk has a parent, so a zero entry would not be the same as
 * no entry; it is refused. */
struct vmdkt *vmdkt_open(const struct vmdk_header *h, bool is_delta,
    struct err *e);

/* The next sector of what stands between descriptor and grains. */
int vmdkt_front(struct vmdkt *t, const unsigned char *p, struct err *e);

/* All of that has come. */
int vmdkt_front_end(struct vmdkt *t, struct err *e);

/* A grain (by its number, ascending) whose marker is at this sector of the
 * stream. */
int vmdkt_grain(struct vmdkt *t, uint64_t number, uint32_t sector,
    struct err *e);

/* A table of VMDK_TABLE_SECTORS that stands at this sector of the stream. */
int vmdkt_table(struct vmdkt *t, uint32_t sector, const unsigned char *p,
    struct err *e);

/* Before the first sector of the directory, and each sector of it. */
int vmdkt_directory_begin(struct vmdkt *t, struct err *e);
int vmdkt_directory(struct vmdkt *t, const unsigned char *p, struct err *e);

/* No more grains will come. */
int vmdkt_finish(struct vmdkt *t, struct err *e);
void vmdkt_free(struct vmdkt *t); /* NULL is fine */

#endif
