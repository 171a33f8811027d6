#ifndef BASE_NAMES_H
#define BASE_NAMES_H

#include <stddef.h>
#include "base/buf.h"

/*
 * names - a list of names in a message, of which no more are shown than one
 * line takes.  { 0 } is empty.
 */
struct names {
	struct buf shown; /* "'a', 'b'" */
	size_t n;
	size_t left_out;
};

void names_add(struct names *list, const char *name);

/* "there are 'a', 'b' and 3 more", "there is 'a'", "there is none"; the list
 * is empty afterwards. */
void names_tell(struct names *list, struct buf *out);

#endif
