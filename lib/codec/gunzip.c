#include "codec/gunzip.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum {
	IN_BYTES = 128 * 1024,
	MAX_OUT = 1 << 30,     /* zlib counts in unsigned int */
	GZIP_WINDOW = 15 + 16, /* the largest; a gzip header, no other */
	FIRST_MAGIC_BYTE = 0x1f,
};

struct gunzip {
	struct source from;
	z_stream z;
	bool in_member;
	bool is_later; /* one member has ended well */
	bool from_ended;
	uint64_t taken; /* bytes of the file */
	unsigned char in[IN_BYTES];
};

struct gunzip *
gunzip_open(const struct source *from, struct err *e)
{
	struct gunzip *g = calloc(1, sizeof(*g));

	if (g == NULL || inflateInit2(&g->z, GZIP_WINDOW) != Z_OK) {
		err_set(e, ERR_OS, "gzip: out of memory");
		free(g);
		return NULL;
	}
	g->from = *from;
	return g;
}

static int
fill(struct gunzip *g, struct err *e)
{
	ssize_t n;

	if (g->z.avail_in != 0 || g->from_ended)
		return 0;
	n = flow_read(&g->from, g->in, sizeof(g->in), e);
	if (n == -1)
		return -1;
	g->from_ended = n == 0;
	g->taken += (uint64_t)n;
	g->z.next_in = g->in;
	g->z.avail_in = (uInt)n;
	return 0;
}

static int
no_member(const struct gunzip *g, struct err *e)
{
	if (g->is_later)
		return err_set(e, ERR_IO,
		    "something that is no gzip data follows at byte %ju",
		    (uintmax_t)(g->taken - g->z.avail_in));
	return err_set(e, ERR_IO, "this is no gzip data");
}

/* 1: there is a member to read, 0: the end of the file. */
static int
begin_member(struct gunzip *g, struct err *e)
{
	if (g->in_member)
		return 1;
	if (g->z.avail_in == 0 && g->is_later)
		return 0;
	if (g->z.avail_in == 0 || g->z.next_in[0] != FIRST_MAGIC_BYTE)
		return no_member(g, e);
	inflateReset(&g->z);
	g->in_member = true;
	return 1;
}

static int
explain(const struct gunzip *g, int code, struct err *e)
{
	const char *why = g->z.msg == NULL ? "" : g->z.msg;
	uint64_t at = g->taken - g->z.avail_in;

	if (code == Z_MEM_ERROR)
		return err_set(e, ERR_OS, "gzip: out of memory");
	if (code == Z_BUF_ERROR)
		return err_set(e, ERR_IO,
		    "the gzip data is cut off after %ju bytes", (uintmax_t)at);
	if (strcmp(why, "incorrect header check") == 0)
		return no_member(g, e);
	if (strcmp(why, "incorrect data check") == 0)
		why = "wrong check sum";
	else if (strcmp(why, "incorrect length check") == 0)
		why = "wrong length";
	return err_set(e, ERR_IO, "the gzip data is damaged at byte %ju: %s",
	    (uintmax_t)at, why);
}

/* One step of zlib's into the room at next_out. */
static int
step(struct gunzip *g, size_t room, struct err *e)
{
	int code = inflate(&g->z, Z_NO_FLUSH);

	if (code == Z_STREAM_END) {
		g->in_member = false;
		g->is_later = true;
		return 0;
	}
	/* Of an empty input zlib says that it wants more. */
	if (code == Z_OK || (code == Z_BUF_ERROR && !g->from_ended))
		return 0;
	/* What is good before the damage is given first: zlib says it again. */
	return g->z.avail_out < room ? 0 : explain(g, code, e);
}

static ssize_t
gunzip_read(void *self, void *p, size_t n, struct err *e)
{
	struct gunzip *g = self;
	size_t room = n < MAX_OUT ? n : MAX_OUT;
	int rc;

	g->z.next_out = p;
	g->z.avail_out = (uInt)room;
	while (g->z.avail_out == room) {
		if (fill(g, e) == -1)
			return -1;
		rc = begin_member(g, e);
		if (rc != 1)
			return rc;
		if (step(g, room, e) == -1)
			return -1;
	}
	return (ssize_t)(room - g->z.avail_out);
}

struct source
gunzip_source(struct gunzip *g)
{
	return (struct source){ gunzip_read, g };
}

void
gunzip_free(struct gunzip *g)
{
	if (g == NULL)
		return;
	inflateEnd(&g->z);
	free(g);
}
