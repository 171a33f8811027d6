#ifndef STORE_LISTING_H
#define STORE_LISTING_H

#include <stddef.h>
#include "base/buf.h"
#include "base/err.h"
#include "codec/digest.h"

/*
 * listing - the files of an OVF package with their digests: what its
 * manifest says.
 *
 * { 0 } is empty.  One thread at a time.
 */
enum { LISTING_KINDS = DIGEST_SHA512 + 1 };

struct listing_entry {
	char *name;
	char hex[LISTING_KINDS][DIGEST_HEX_SIZE]; /* "" if not known */
};

struct listing {
	struct listing_entry *entries;
	size_t n;
};

/* hex: of any kind, told by its length. */
int listing_add(struct listing *l, const char *name, const char *hex,
    struct err *e);

/* Digests of all kinds, computed here. */
int listing_add_data(struct listing *l, const char *name, const void *data,
    size_t n, struct err *e);

const struct listing_entry *listing_find(const struct listing *l,
    const char *name);
void listing_remove(struct listing *l, const char *name);

/* Appends the manifest: the descriptor's line, then the others as they were
 * added.  ERR_BUG if a file has no digest of that kind. */
int listing_format(const struct listing *l, enum digest_kind kind,
    struct buf *b, struct err *e);
void listing_free(struct listing *l);

#endif
