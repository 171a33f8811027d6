/*
 * history_maker - made-up histories of one VM's points, for tests of keep.
 */
#ifndef UNIT_HISTORY_MAKER_H
#define UNIT_HISTORY_MAKER_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "store/keep.h"

enum { HISTORY_MOST = 1000 };

struct history {
	struct keep_point points[HISTORY_MOST];
	char names[HISTORY_MOST][48];
	size_t n;
};

static uint64_t history_seed;

/* xorshift64*: the same numbers everywhere. */
static inline unsigned int
history_random(unsigned int below)
{
	history_seed ^= history_seed >> 12;
	history_seed ^= history_seed << 25;
	history_seed ^= history_seed >> 27;
	return (unsigned int)(history_seed * 0x2545f4914f6cdd1d >> 33) % below;
}

/* A good full of the plan's. */
static inline struct keep_point *
history_add(struct history *h, time_t when)
{
	struct keep_point *p = &h->points[h->n];

	if (h->n == HISTORY_MOST)
		abort();
	memset(p, 0, sizeof(*p));
	p->when = when;
	p->is_mine = p->is_good = p->is_full = true;
	p->parent = -1;
	h->n++;
	return p;
}

/* Names follow their points, and differ; before the points are judged. */
static inline void
history_name(struct history *h)
{
	char stamp[CLOCK_STAMP_SIZE];
	size_t i;

	for (i = 0; i < h->n; i++) {
		clock_format_stamp(h->points[i].when, stamp);
		snprintf(h->names[i], sizeof(h->names[i]), "%s-%03zu", stamp,
		    i);
		h->points[i].name = h->names[i];
	}
}

/* Takes out what has no reason; a parent that goes is one that is not there:
 * an index beyond all. */
static inline void
history_prune(struct history *h)
{
	int moved[HISTORY_MOST];
	size_t i, n = 0;

	for (i = 0; i < h->n; i++)
		moved[i] = h->points[i].reasons != 0 ? (int)n++ : HISTORY_MOST;
	for (i = 0; i < h->n; i++) {
		struct keep_point p = h->points[i];

		if (p.reasons == 0)
			continue;
		if (p.parent >= 0 && (size_t)p.parent < h->n)
			p.parent = moved[p.parent];
		h->points[moved[i]] = p;
	}
	h->n = n;
	history_name(h);
}

#endif
