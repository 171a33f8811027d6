/*
 * vmdk_seen - what vmdkr makes of a stream, in whatever portions it comes.
 */
#ifndef UNIT_VMDK_SEEN_H
#define UNIT_VMDK_SEEN_H

#include <stdlib.h>
#include "check.h"
#include "image/vmdkr.h"
#include "vmdk_gen.h"

enum cut { AT_ONCE, BYTES, RANDOM, CUTS };

/* What a reader made of a stream. */
struct seen {
	int rc;
	struct err e;
	struct vmdkr_info info;
	uint64_t position;
	uint64_t grains, bytes, headers;
	uint64_t sum;  /* over numbers and data */
	uint64_t last; /* number */
};

static inline uint64_t
seen_sum(uint64_t sum, const unsigned char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i += 8)
		sum = (sum ^ p[i]) * 0x100000001b3u;
	return sum ^ n;
}

static inline int
seen_grain(void *self, uint64_t number, const void *data, size_t n,
    struct err *e)
{
	struct seen *s = self;

	(void)e;
	s->grains++;
	s->bytes += n;
	s->last = number;
	s->sum = seen_sum(s->sum ^ number, data, n);
	return 0;
}

static inline int
seen_header(void *self, const struct vmdkr_info *info, struct err *e)
{
	struct seen *s = self;

	(void)e;
	s->headers++;
	s->info = *info;
	return 0;
}

static inline size_t
seen_portion(enum cut cut, size_t left)
{
	size_t n = left;

	if (cut == BYTES)
		n = 1;
	if (cut == RANDOM)
		n = (size_t)random() % 5000;
	return n < left ? n : left;
}

static inline void
seen_read(const struct gen *g, enum cut cut, struct seen *s)
{
	struct vmdkr_ops ops = { seen_grain, seen_header, s };
	struct vmdkr *r;
	size_t at, n;

	memset(s, 0, sizeof(*s));
	r = vmdkr_open(&ops, &s->e);
	if (!CHECK(r != NULL))
		return;
	for (at = 0; at < g->n && s->rc == 0; at += n) {
		n = seen_portion(cut, g->n - at);
		s->rc = vmdkr_write(r, g->p + at, n, &s->e);
	}
	if (s->rc == 0)
		s->rc = vmdkr_finish(r, &s->e);
	s->info = *vmdkr_info(r);
	s->position = vmdkr_position(r);
	vmdkr_free(r);
}

static inline void
seen_check_same(const struct seen *a, const struct seen *b)
{
	CHECK_INT(b->rc, a->rc);
	CHECK_INT(b->e.class, a->e.class);
	CHECK_STR(b->e.text, a->e.text);
	CHECK_INT(b->grains, a->grains);
	CHECK_INT(b->bytes, a->bytes);
	CHECK_INT(b->headers, a->headers);
	CHECK(b->sum == a->sum);
}

/* Reads it in all portions, which must not matter. */
static inline void
seen_read_all(const struct gen *g, struct seen *s)
{
	struct seen other;
	int i;

	srandom(1);
	seen_read(g, AT_ONCE, s);
	seen_read(g, BYTES, &other);
	seen_check_same(s, &other);
	for (i = 0; i < 3; i++) {
		seen_read(g, RANDOM, &other);
		seen_check_same(s, &other);
	}
}

/*
 * Damage of a disk of three whole tables, the third without a grain, and one
 * and a half grains.
 */
#define SEEN_CAPACITY (3 * 65536 + 128 + 64)
static const uint64_t seen_grains[] = { 0, 1, 2, 8, 511, 512, 600, 1537,
	UINT64_MAX };

struct seen_damage {
	const char *name;
	enum gen_layout layout;
	void (*make)(struct gen *g); /* NULL: the standard disk */
	void (*harm)(struct gen *g); /* NULL: make was enough */
	const char *text;            /* what the user is told */
};

static inline void
seen_check_damage(const struct seen_damage *d)
{
	struct gen *g = gen_open(d->layout, SEEN_CAPACITY);
	struct seen s;

	check_at(d->name);
	if (d->make != NULL)
		d->make(g);
	else
		gen_disk(g, seen_grains);
	if (d->harm != NULL)
		d->harm(g);
	seen_read_all(g, &s);
	CHECK_INT(s.rc, -1);
	CHECK_INT(s.e.class, ERR_IO);
	CHECK_STR(s.e.text, d->text);
	gen_free(g);
}

#endif
