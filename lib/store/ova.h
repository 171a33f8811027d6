#ifndef STORE_OVA_H
#define STORE_OVA_H

#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "base/flow.h"
#include "codec/tar.h"

/*
 * ova - the members of an OVA, one after the other, from a file or a pipe
 * (DSP0243: a tar archive, descriptor first).
 *
 * Untrusted.  Only regular files of plain names (name_is_file()); links,
 * devices, pax and sparse members, a name twice, more than OVA_MAX_MEMBERS,
 * a size beyond the file and an archive that ends without its two blocks of
 * zeros are ERR_DATA, as is the rest of a last member that is cut.  What
 * stands behind the two blocks must be zeros.  On a file the bytes of a member
 * not read are skipped by seeking.  One thread.
 */
enum { OVA_MAX_MEMBERS = 8192 };

struct ova;

/* fd stays the caller's, and is read from its present position.  name is for
 * errors. */
struct ova *ova_open(int fd, const char *name, struct err *e);

/* What the file or pipe begins with, for who does not know what it is: up to
 * 512 bytes, before the first ova_next(), which is given them all the same. */
ssize_t ova_peek(struct ova *o, const unsigned char **p, struct err *e);

/* In place of ova_next(), after ova_peek(): all bytes as they are. */
struct source ova_raw(struct ova *o);

/* Goes on to the next member, over what is left of this one.  1: *m, and
 * *offset is where its bytes stand in a file (-1 on a pipe); 0: the archive
 * is over, and all is well; -1. */
int ova_next(struct ova *o, struct tar_member *m, int64_t *offset,
    struct err *e);

/* Bytes of the member: as a source does. */
ssize_t ova_read(struct ova *o, void *p, size_t n, struct err *e);
struct source ova_source(struct ova *o); /* ova_read() */
void ova_free(struct ova *o);            /* NULL is fine */

#endif
