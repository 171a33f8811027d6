#include "codec/flate.h"

#include <libdeflate.h>

/* libdeflate's own object under our name: there is nothing to add to it. */
struct flate;

static struct libdeflate_decompressor *
decompressor(struct flate *f)
{
	return (struct libdeflate_decompressor *)f;
}

struct flate *
flate_open(struct err *e)
{
	struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();

	if (d == NULL)
		err_set(e, ERR_OS, "out of memory");
	return (struct flate *)d;
}

int
flate_inflate(struct flate *f, const void *in, size_t n, size_t *used,
    void *out, size_t out_size, size_t *out_len)
{
	enum libdeflate_result rc;

	rc = libdeflate_zlib_decompress_ex(decompressor(f), in, n, out,
	    out_size, used, out_len);
	return rc == LIBDEFLATE_SUCCESS ? 0 : -1;
}

void
flate_free(struct flate *f)
{
	if (f != NULL)
		libdeflate_free_decompressor(decompressor(f));
}
