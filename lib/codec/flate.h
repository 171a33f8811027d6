#ifndef CODEC_FLATE_H
#define CODEC_FLATE_H

#include <stddef.h>
#include "base/err.h"

/*
 * flate - whole zlib (RFC 1950) streams in memory (libdeflate).
 *
 * One flate a thread; it allocates in flate_open() and in the first
 * flate_deflate().
 */
struct flate;

struct flate *flate_open(struct err *e);

/*
 * Inflates one zlib stream at the start of in[0..n), whose end need not be
 * known: *used is how much of it the stream takes, *out_len how much came
 * out.  -1 without an error value if the data is bad or more than
 * out_size bytes come out.
 */
int flate_inflate(struct flate *f, const void *in, size_t n, size_t *used,
    void *out, size_t out_size, size_t *out_len);
void flate_free(struct flate *f); /* NULL is fine */

/*
 * One zlib stream of in[0..n), as fast as can be.  Returns its length; 0 if it
 * is longer than out_size, or without memory: flate_bound(n) is enough.  The
 * same input gives the same output.
 */
size_t flate_deflate(struct flate *f, const void *in, size_t n, void *out,
    size_t out_size);
size_t flate_bound(size_t n);

#endif
