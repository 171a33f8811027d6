#ifndef CODEC_FLATE_H
#define CODEC_FLATE_H

#include <stddef.h>
#include "base/err.h"

/*
 * flate - whole zlib (RFC 1950) streams in memory (libdeflate).
 *
 * One flate a thread; it allocates only in flate_open().
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

#endif
