#ifndef JOB_PACK_H
#define JOB_PACK_H

#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "base/flow.h"
#include "image/vmdkw.h"

/*
 * pack - a raw disk becomes a streamOptimized VMDK while it is read.
 *
 * Holes of a sparse file are passed over without reading, zero grains are left
 * out.  threads deflate; the stream comes out in order, the same whatever
 * their number.  Memory: 3 MiB a thread; it does not grow with the disk, but
 * for vmdkw's directory.  One thread opens, reads and frees.
 */
struct pack;

/* fd, a file's or a block device's, stays the caller's and is read by pread();
 * its offset moves.  conf's capacity is what of it is read, shorter is ERR_IO.
 * What cannot be read ends the stream with a failure in its place. */
struct pack *pack_open(int fd, const struct vmdkw_conf *conf,
    unsigned int threads, struct err *e);
struct source pack_source(struct pack *p);

/* Position on the virtual disk, in bytes.  Any thread. */
uint64_t pack_position(const struct pack *p);

/* Stops the threads.  NULL is fine. */
void pack_free(struct pack *p);

#endif
