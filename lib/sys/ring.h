#ifndef SYS_RING_H
#define SYS_RING_H

#include <stdbool.h>
#include "base/err.h"
#include "base/flow.h"

/*
 * ring - a bounded queue of bytes with a thread behind it.
 *
 * What is written to ring_sink() goes, in order, to the sink below, on a
 * thread of the ring's own; a full ring holds the writer back.  A failure
 * below is returned by the next write and by ring_commit().
 */
struct ring;

/* slots of bytes each; the sink below must outlive the ring. */
struct ring *ring_open(struct sink below, unsigned int slots, size_t bytes,
    struct err *e);
struct sink ring_sink(struct ring *r);

/* Before the first write: the same bytes go to beside as well, on the
 * writer's thread and slot by slot.  Small pieces become large ones without
 * another copy. */
void ring_beside(struct ring *r, struct sink beside);

/* Waits until everything has gone below. */
int ring_commit(struct ring *r, struct err *e);

/* The sink below has refused something. */
bool ring_has_failed(struct ring *r);

/* Stops the thread; what was not committed may be lost.  NULL is fine. */
void ring_free(struct ring *r);

#endif
