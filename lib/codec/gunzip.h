#ifndef CODEC_GUNZIP_H
#define CODEC_GUNZIP_H

#include "base/err.h"
#include "base/flow.h"

/*
 * gunzip - a gzip file (RFC 1952) read piece by piece (zlib; libdeflate needs
 * it whole in memory).
 *
 * A cut or damaged file, a wrong check sum or length and bytes that are no
 * further gzip member are ERR_IO.  One thread.
 */
struct gunzip;

/* What from reads must outlive the result. */
struct gunzip *gunzip_open(const struct source *from, struct err *e);
struct source gunzip_source(struct gunzip *g); /* what is inside */
void gunzip_free(struct gunzip *g);            /* NULL is fine */

#endif
