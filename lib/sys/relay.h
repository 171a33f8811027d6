#ifndef SYS_RELAY_H
#define SYS_RELAY_H

#include "base/err.h"

/*
 * relay - pieces of work that threads do side by side, taken in their order.
 *
 * Each piece has a slot from next() until relay_take() asks for the one
 * after it; if the consumer is slow, the threads wait for a slot.  Signals are
 * blocked in the threads.  One thread opens, takes and frees.
 */
struct relay_ops {
	/* What the next piece is, noted for its slot.  Called by any thread,
	 * but never by two at once.  1: there is one, 0: there are no more. */
	int (*next)(void *self, unsigned int slot, struct err *e);
	/* Does it; each thread has a number, from 0. */
	int (*work)(void *self, unsigned int thread, unsigned int slot,
	    struct err *e);
	void *self;
};

struct relay;

/* Starts the threads; as few as one will do.  slots: at least 2. */
struct relay *relay_open(const struct relay_ops *ops, unsigned int slots,
    unsigned int threads, struct err *e);

/* Waits for the next piece in order: 1 and its slot, 0 after the last, -1 with
 * its failure, or next()'s.  After a failure no piece is begun; those before
 * it come first, and it is the answer for good. */
int relay_take(struct relay *r, unsigned int *slot, struct err *e);

/* Stops the threads as soon as each has done what it is at.  NULL is fine. */
void relay_free(struct relay *r);

#endif
