#ifndef IMAGE_OVFFILL_H
#define IMAGE_OVFFILL_H

#include <stdbool.h>
#include <stddef.h>
#include "base/buf.h"
#include "base/err.h"

/*
 * ovffill - a descriptor that names no files, as a host makes it for a VM
 * alone, is given them: References, each disk's fileRef, the NVRAM setting.
 *
 * What comes out is parsed again and must say just that; everything else
 * stays as it was, byte by byte.
 */
struct ovffill_file {
	const char *href;
	bool is_disk; /* the descriptor's next one; else the NVRAM */
};

/* Disks in the descriptor's order.  ERR_DATA if it has files already, another
 * number of disks, or a form that is not known. */
int ovffill(const struct buf *text, const struct ovffill_file *files, size_t n,
    struct buf *out, struct err *e);

#endif
