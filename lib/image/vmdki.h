#ifndef IMAGE_VMDKI_H
#define IMAGE_VMDKI_H

#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "image/vmdkg.h"
#include "image/vmdkr.h"

/*
 * vmdki - the items of a streamOptimized VMDK, checked one after the other
 * (a part of vmdkr): header, descriptor, grains, markers, tables, footer.
 *
 * vmdki_need() tells how long the next item is, vmdki_take() takes it whole.
 * It fills in all of *info but file_bytes, which it reads.
 */
#define VMDKI_ITEM_MAX VMDKG_MAX

struct vmdki;

/* info must outlive the result. */
struct vmdki *vmdki_open(const struct vmdkr_ops *ops, struct vmdkr_info *info,
    struct err *e);

/* Bytes of the next item, at most VMDKI_ITEM_MAX; 0: the stream is over. */
size_t vmdki_need(const struct vmdki *s);

/* 0: taken.  1: it was the beginning of a longer item, which is to be given
 * whole; vmdki_need() tells how long it is. */
int vmdki_take(struct vmdki *s, const unsigned char *p, struct err *e);

/* n bytes after the end. */
int vmdki_after_end(struct vmdki *s, const void *p, size_t n, struct err *e);

/* No more bytes will come; have: those of an item not taken. */
int vmdki_finish(struct vmdki *s, size_t have, struct err *e);

uint64_t vmdki_position(const struct vmdki *s); /* any thread */
void vmdki_free(struct vmdki *s);               /* NULL is fine */

#endif
