#ifndef STORE_PACKAGE_INTERNAL_H
#define STORE_PACKAGE_INTERNAL_H

#include "store/package.h"

/*
 * package_internal - what the parts of package share.
 */
enum {
	PACKAGE_MAX_FILES = 20000,
	PACKAGE_MANIFEST_MAX = 8 << 20, /* bytes */
	PACKAGE_CERTIFICATE_MAX = 1 << 20,
};

/* The folder, below dir, that holds the file; *last is the name in it.  No
 * link is followed.  -1 with errno; close() the result. */
int package_read_folder(int dir, const char *name, const char **last);

/* Adds to the list of files. */
int package_list_add(struct package *p, const char *name, uint64_t size_bytes,
    uint64_t offset, struct err *e);

/* Fills files and strange of a folder. */
int package_list(struct package *p, struct err *e);

bool package_ends_in(const char *s, const char *suffix);

/* All of a small file; ERR_DATA beyond limit. */
int package_read_small(const char *name, uint64_t size_bytes,
    const struct source *from, size_t limit, struct buf *b, struct err *e);

/* Takes the package's other names from the descriptor's. */
int package_set_descriptor(struct package *p, const char *name, struct err *e);

/* Of the texts that were read. */
void package_parse_descriptor(struct package *p, struct err *e);
void package_parse_manifest(struct package *p, struct err *e);

#endif
