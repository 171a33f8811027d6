#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "image/vmdkd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* What names a flat file can be written for another, and is read again as the
 * same. */
static void
write_again(const struct vmdkd *d)
{
	const struct vmdkd_flat flat = { .file = d->file,
		.capacity_bytes = d->sectors * 512,
		.cid = d->cid,
		.adapter = d->adapter,
		.hardware = d->hardware };
	struct buf b = { 0 };
	struct err e = { 0 };
	struct vmdkd again;

	vmdkd_format_flat(&flat, &b);
	if (vmdkd_parse(buf_text(&b), b.len, &again, &e) == -1 ||
	    strcmp(again.file, d->file) != 0 || again.sectors != d->sectors ||
	    again.cid != d->cid || again.n_extents != 1 ||
	    strcmp(again.create_type, "monolithicFlat") != 0 ||
	    (d->adapter[0] != '\0' && strcmp(again.adapter, d->adapter) != 0))
		abort();
	buf_free(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct err e = { 0 };
	struct vmdkd d;

	if (vmdkd_parse((const char *)data, n, &d, &e) == -1) {
		if (e.class != ERR_DATA || e.text[0] == '\0')
			abort();
		return 0;
	}
	if (d.n_extents == 0 || d.create_type[0] == '\0' ||
	    d.sectors > INT64_MAX / 512)
		abort();
	write_again(&d);
	return 0;
}
