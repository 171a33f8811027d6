#include "codec/gunzip.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>

enum {
	IN_BYTES = 128 << 10,
	WANT_GZIP = 15 + 16, /* the largest window, and a gzip header */
};

struct gunzip {
	struct source from;
	z_stream z;
	bool is_between; /* a member has ended, none has begun */
	bool is_over;
	unsigned char in[IN_BYTES];
};

struct gunzip *
gunzip_open(const struct source *from, struct err *e)
{
	struct gunzip *g = calloc(1, sizeof(*g));

	if (g == NULL || inflateInit2(&g->z, WANT_GZIP) != Z_OK) {
		free(g);
		err_sys(e, ERR_OS, "memory");
		return NULL;
	}
	g->from = *from;
	return g;
}

/* 1: there are bytes, 0: the source is over. */
static int
fill(struct gunzip *g, struct err *e)
{
	ssize_t n;

	if (g->z.avail_in > 0)
		return 1;
	n = flow_read(&g->from, g->in, sizeof(g->in), e);
	if (n <= 0)
		return (int)n;
	g->z.next_in = g->in;
	g->z.avail_in = (unsigned int)n;
	return 1;
}

/* Another member may follow the first (RFC 1952, 2.2). */
static int
begin_member(struct gunzip *g, struct err *e)
{
	int rc = fill(g, e);

	if (rc <= 0) {
		g->is_over = rc == 0;
		return rc;
	}
	g->is_between = false;
	if (inflateReset(&g->z) != Z_OK)
		return err_set(e, ERR_BUG, "gzip: reset");
	return 1;
}

static int
inflate_some(struct gunzip *g, struct err *e)
{
	int rc = fill(g, e);

	if (rc == -1)
		return -1;
	if (rc == 0)
		return err_set(e, ERR_IO, "the gzip file is cut short");
	rc = inflate(&g->z, Z_NO_FLUSH);
	if (rc == Z_STREAM_END)
		g->is_between = true;
	else if (rc == Z_MEM_ERROR)
		return err_sys(e, ERR_OS, "memory");
	else if (rc != Z_OK && rc != Z_BUF_ERROR)
		return err_set(e, ERR_IO, "the gzip file is damaged: %s",
		    g->z.msg == NULL ? "no such stream" : g->z.msg);
	return 0;
}

static ssize_t
read_some(void *self, void *p, size_t n, struct err *e)
{
	struct gunzip *g = self;
	unsigned int room = n > UINT32_MAX / 2 ? UINT32_MAX / 2
					       : (unsigned int)n;

	g->z.next_out = p;
	g->z.avail_out = room;
	while (g->z.avail_out == room && !g->is_over) {
		if (g->is_between && begin_member(g, e) == -1)
			return -1;
		if (!g->is_over && inflate_some(g, e) == -1)
			return -1;
	}
	return (ssize_t)(room - g->z.avail_out);
}

struct source
gunzip_source(struct gunzip *g)
{
	return (struct source){ read_some, g };
}

void
gunzip_free(struct gunzip *g)
{
	if (g == NULL)
		return;
	inflateEnd(&g->z);
	free(g);
}
