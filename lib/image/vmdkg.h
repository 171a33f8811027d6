#ifndef IMAGE_VMDKG_H
#define IMAGE_VMDKG_H

#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "image/vmdk.h"

/*
 * vmdkg - the grains of a stream: place, size, data (a part of vmdkr).
 *
 * All failures are ERR_IO, but for memory.
 */
#define VMDKG_MAX (132 * VMDK_SECTOR_BYTES) /* the largest, in the stream */

struct vmdkg;

struct vmdkg *vmdkg_open(uint64_t capacity_sectors, struct err *e);

/* p: the first sector of a grain.  Returns the bytes of the stream that the
 * grain takes, whole sectors, at most VMDKG_MAX; 0: it is refused. */
size_t vmdkg_begin(struct vmdkg *g, const unsigned char *p, struct err *e);

/* p: the whole grain.  Returns the *n bytes that it has on the disk, valid
 * until the next call.  *warning is set if there is cause and it is NULL. */
const void *vmdkg_inflate(struct vmdkg *g, const unsigned char *p, size_t *n,
    const char **warning, struct err *e);
void vmdkg_free(struct vmdkg *g); /* NULL is fine */

#endif
