#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>

/*
 * span - pieces of a text that is not ours to change: lines, words.
 */
struct span {
	const char *p;
	size_t n;
};

/* Without blanks, tabs and carriage returns at both ends. */
struct span span_trim(struct span s);

/* Cuts what stands before the first c off *s; all of it if there is none. */
struct span span_cut(struct span *s, char c);

/* Cuts off the next word: what stands between blanks. */
struct span span_word(struct span *s);

bool span_is(struct span s, const char *text);

#endif
