#ifndef BASE_FLOW_H
#define BASE_FLOW_H

#include <stddef.h>
#include <sys/types.h>
#include "base/err.h"

/*
 * flow - where bytes go, and where they come from.
 *
 * A sink takes bytes in any portions and gives the same result for the
 * same bytes however they are cut.  A sink is used by one thread at a time.
 * A write that does not return holds the sender back.
 *
 * A source gives 1 to n bytes, in whatever portions it has, 0 at its end, -1
 * with *e.
 */
struct sink {
	int (*write)(void *self, const void *p, size_t n, struct err *e);
	void *self;
};

struct source {
	ssize_t (*read)(void *self, void *p, size_t n, struct err *e);
	void *self;
};

static inline int
flow_write(const struct sink *s, const void *p, size_t n, struct err *e)
{
	return s->write(s->self, p, n, e);
}

static inline ssize_t
flow_read(const struct source *s, void *p, size_t n, struct err *e)
{
	return s->read(s->self, p, n, e);
}

#endif
