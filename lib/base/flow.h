#ifndef BASE_FLOW_H
#define BASE_FLOW_H

#include <stddef.h>
#include "base/err.h"

/*
 * flow - where bytes go.
 *
 * A sink takes bytes in any portions and gives the same result for the
 * same bytes however they are cut.  A sink is used by one thread at a time.
 * A write that does not return holds the sender back.
 */
struct sink {
	int (*write)(void *self, const void *p, size_t n, struct err *e);
	void *self;
};

static inline int
flow_write(const struct sink *s, const void *p, size_t n, struct err *e)
{
	return s->write(s->self, p, n, e);
}

#endif
