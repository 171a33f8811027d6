#ifndef IMAGE_VMDKR_H
#define IMAGE_VMDKR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "base/flow.h"

/*
 * vmdkr - a push reader that checks a streamOptimized VMDK while it passes.
 *
 * Bytes go in through vmdkr_sink() in any portions; every grain is inflated
 * and handed on in ascending order; header, descriptor, markers, tables,
 * directory, footer and end of stream are checked against each other in
 * both directions (VMware "Virtual Disk Format 5.0", and the practice of
 * the writers of today).  A stream that is cut, damaged or has a byte too
 * many fails with ERR_IO.  An entry "zero grain" of a table counts as nothing
 * stored; in a disk with a parent it is refused.  Memory: one grain, one
 * table and the grain directory; for files with their tables in front
 * (qemu-img) the tables too, at most 512 MiB.  No allocation per grain.
 * One thread at a time.
 */
struct vmdkr_info {
	uint64_t capacity_bytes;
	uint32_t cid;
	uint32_t parent_cid;   /* 0xffffffff: none */
	char parent_hint[512]; /* parentFileNameHint or "" */
	char create_type[32];
	uint64_t grains;      /* data grains seen */
	uint64_t zero_grains; /* of these, all zero */
	uint64_t file_bytes;
	const char *warning; /* a deviation that does no harm, or NULL */
};

struct vmdkr_ops {
	/* Called for each data grain, ascending; data has n bytes: 65536, or
	 * the rest of the disk for the last grain.  May be NULL. */
	int (*grain)(void *self, uint64_t number, const void *data, size_t n,
	    struct err *e);
	/* Called once, when header and descriptor are known.  May be NULL. */
	int (*header)(void *self, const struct vmdkr_info *info, struct err *e);
	void *self;
};

struct vmdkr;

struct vmdkr *vmdkr_open(const struct vmdkr_ops *ops, struct err *e);
int vmdkr_write(struct vmdkr *r, const void *p, size_t n, struct err *e);
struct sink vmdkr_sink(struct vmdkr *r); /* vmdkr_write(); valid as long as r */

/* The stream is over: the last checks. */
int vmdkr_finish(struct vmdkr *r, struct err *e);

/* Valid from header() on; counts grow. */
const struct vmdkr_info *vmdkr_info(const struct vmdkr *r);

/* Position on the virtual disk in bytes: the end of the last grain, what the
 * last progress marker says, or the end of the disk once all is checked.  It
 * may go back a little.  Any thread. */
uint64_t vmdkr_position(const struct vmdkr *r);
void vmdkr_free(struct vmdkr *r); /* NULL is fine */

#endif
