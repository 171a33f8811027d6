#ifndef JOB_SUPPLY_FLAT_H
#define JOB_SUPPLY_FLAT_H

#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/flow.h"
#include "store/package.h"

/*
 * supply_flat - a point of mode vmdk as if it were one of mode ovf: its flat
 * disks as streams, made while they are read, and a descriptor that names them
 * (a part of supply).
 *
 * A stream goes by the name of the disk's text descriptor.
 */
struct supply_flat;

/* NULL without an error if p is no such point. */
struct supply_flat *supply_flat_open(const struct package *p, struct err *e);

/* The descriptor with its files. */
const struct buf *supply_flat_descriptor(const struct supply_flat *s);

/* What the files of the disks take here: the most that is in them. */
uint64_t supply_flat_used(const struct supply_flat *s);

/* 1: *from gives the stream, whose length nobody knows yet; 0: it is none of
 * the disks. */
int supply_flat_begin(struct supply_flat *s, const char *href,
    struct source *from, struct err *e);
void supply_flat_end(struct supply_flat *s);

/* The content digest that the point recorded for a disk, or NULL. */
const char *supply_flat_content(const struct supply_flat *s, const char *href);
void supply_flat_free(struct supply_flat *s); /* NULL is fine */

#endif
