#ifndef CODEC_DIGEST_H
#define CODEC_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"
#include "base/flow.h"

/*
 * digest - SHA-1, SHA-256, SHA-512 of a stream of bytes (OpenSSL EVP).
 */
enum digest_kind { DIGEST_SHA1, DIGEST_SHA256, DIGEST_SHA512 };

#define DIGEST_HEX_SIZE (128 + 1)

struct digest;

struct digest *digest_open(enum digest_kind kind, struct err *e);
int digest_add(struct digest *d, const void *p, size_t n, struct err *e);

/* Lower-case hex of all that was added; ends the stream. */
int digest_finish(struct digest *d, char hex[DIGEST_HEX_SIZE], struct err *e);
void digest_free(struct digest *d); /* NULL is fine */

/* "SHA256", as a manifest names it. */
const char *digest_name(enum digest_kind kind);

/* From "sha256", "SHA256", "SHA-256"; -1 if unknown. */
int digest_parse(const char *name, enum digest_kind *kind);

/* Length of the hex form: 40, 64, 128. */
size_t digest_hex_len(enum digest_kind kind);

#endif
