#ifndef IMAGE_CONTENT_H
#define IMAGE_CONTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "codec/digest.h"

/*
 * content - the content digest of a virtual disk: what it holds, however it
 * is stored (esxbk-backup(5), CONTENT DIGEST).
 *
 * SHA-256 over the capacity in bytes (64-bit little-endian), then every
 * 64 KiB grain that is not all zero, in ascending order: its number (64-bit
 * little-endian) and its bytes, the last short grain padded with zeros.
 */
#define CONTENT_GRAIN_BYTES 65536

struct content;

struct content *content_open(uint64_t capacity_bytes, struct err *e);

/* n: CONTENT_GRAIN_BYTES, or what is left of the disk for the last grain.
 * Numbers must ascend (ERR_BUG).  All-zero grains are left out here. */
int content_add(struct content *c, uint64_t number, const void *grain, size_t n,
    struct err *e);
int content_finish(struct content *c, char hex[DIGEST_HEX_SIZE], struct err *e);
void content_free(struct content *c); /* NULL is fine */

/* True if all n bytes are zero. */
bool content_is_zero(const void *p, size_t n);

#endif
