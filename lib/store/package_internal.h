#ifndef STORE_PACKAGE_INTERNAL_H
#define STORE_PACKAGE_INTERNAL_H

#include "store/package.h"

/*
 * package_internal - what the parts of package share.
 */
enum { PACKAGE_MAX_FILES = 20000 };

/* The folder, below dir, that holds the file; *last is the name in it.  No
 * link is followed.  -1 with errno; close() the result. */
int package_read_folder(int dir, const char *name, const char **last);

/* Adds to the list of files. */
int package_list_add(struct package *p, const char *name, uint64_t size_bytes,
    uint64_t offset, struct err *e);

/* Fills files and strange of a folder. */
int package_list(struct package *p, struct err *e);

#endif
