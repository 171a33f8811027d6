#include "job/pack.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/buf.h"
#include "codec/flate.h"
#include "image/content.h"
#include "image/vmdk.h"
#include "sys/relay.h"

/* Grains that are read at once: enough for the disk below, and they stay in a
 * core's cache.  Pieces on their way, for each thread: 2 MiB. */
enum { PIECE_GRAINS = 8, PIECES = 4, THREADS_MAX = 64 };

/* Consecutive grains, read and packed by one thread. */
struct piece {
	uint64_t first; /* number */
	unsigned int grains;
	size_t sizes[PIECE_GRAINS]; /* 0: all zero */
	unsigned char *packed;      /* one after the other */
};

/* What a thread has of its own. */
struct helper {
	struct flate *flate;
	unsigned char *raw;
};

/* Where the next piece begins; relay calls next() from one thread at a time. */
struct scan {
	uint64_t at;       /* a whole number of grains */
	uint64_t data_end; /* of the data at, the same */
	bool no_holes;     /* that anyone could tell us of */
};

struct pack {
	int fd;
	uint64_t capacity_bytes;
	struct scan scan;
	struct helper helpers[THREADS_MAX];
	unsigned int nhelpers;
	struct piece *pieces;
	unsigned int npieces;
	struct relay *relay;

	/* The consumer's. */
	struct vmdkw *writer;
	struct piece *piece; /* being written, or NULL */
	unsigned int grain;  /* in it */
	size_t at;           /* its bytes begin here */
	bool finished;
	struct err failure;
	unsigned char *to; /* the reader's buffer */
	size_t room;       /* left in it */
	struct buf rest;   /* what did not go in there */
	size_t rest_at;    /* what of it did later */
	atomic_ullong position;
};

static uint64_t
round_up(uint64_t n)
{
	return (n + VMDK_GRAIN_BYTES - 1) / VMDK_GRAIN_BYTES * VMDK_GRAIN_BYTES;
}

static int
fail_short(const struct pack *p, uint64_t end, struct err *e)
{
	return err_set(e, ERR_IO,
	    "the disk's image ends after %ju of %ju bytes", (uintmax_t)end,
	    (uintmax_t)p->capacity_bytes);
}

static int
check_length(const struct pack *p, struct err *e)
{
	off_t end = lseek(p->fd, 0, SEEK_END);

	if (end == -1)
		return err_sys(e, ERR_IO, "find the end of the disk's image");
	if ((uint64_t)end < p->capacity_bytes)
		return fail_short(p, (uint64_t)end, e);
	return 0;
}

/* The data at or behind scan.at.  A hole up to the end is what a file that
 * was cut meanwhile looks like, too. */
static int
find_data(struct pack *p, struct err *e)
{
	struct scan *s = &p->scan;
	uint64_t last = round_up(p->capacity_bytes);
	off_t data = -1, hole = -1;

	if (!s->no_holes) {
		data = lseek(p->fd, (off_t)s->at, SEEK_DATA);
		if (data == -1 && errno == ENXIO) {
			s->at = last;
			return check_length(p, e);
		}
		s->no_holes = data == -1;
	}
	if (data != -1)
		hole = lseek(p->fd, data, SEEK_HOLE);
	if (data != -1 && (uint64_t)data > s->at)
		s->at = (uint64_t)data / VMDK_GRAIN_BYTES * VMDK_GRAIN_BYTES;
	s->data_end = last;
	/* A file that changes may have none of both: go on, by a grain. */
	if (hole != -1 && hole <= data)
		hole = data + 1;
	if (hole != -1 && (uint64_t)hole < p->capacity_bytes)
		s->data_end = round_up((uint64_t)hole);
	return 0;
}

static int
next_piece(void *self, unsigned int slot, struct err *e)
{
	struct pack *p = self;
	struct scan *s = &p->scan;
	struct piece *piece = &p->pieces[slot];
	uint64_t grains;

	if (s->at >= s->data_end && s->at < p->capacity_bytes &&
	    find_data(p, e) == -1)
		return -1;
	if (s->at >= p->capacity_bytes)
		return 0;
	grains = (s->data_end - s->at) / VMDK_GRAIN_BYTES;
	piece->first = s->at / VMDK_GRAIN_BYTES;
	piece->grains = grains < PIECE_GRAINS ? (unsigned int)grains
					      : PIECE_GRAINS;
	s->at += (uint64_t)piece->grains * VMDK_GRAIN_BYTES;
	return 1;
}

/* All of a piece; the last grain of the disk is filled up with zeros. */
static int
read_piece(const struct pack *p, const struct piece *piece, unsigned char *raw,
    struct err *e)
{
	uint64_t from = piece->first * VMDK_GRAIN_BYTES;
	size_t size = (size_t)piece->grains * VMDK_GRAIN_BYTES, n = size, have;
	ssize_t got;

	if (n > p->capacity_bytes - from)
		n = (size_t)(p->capacity_bytes - from);
	for (have = 0; have<n; have += got> 0 ? (size_t)got : 0) {
		got = pread(p->fd, raw + have, n - have, (off_t)(from + have));
		if (got == 0)
			return fail_short(p, from + have, e);
		if (got == -1 && errno != EINTR)
			return err_sys(e, ERR_IO,
			    "read the disk's image at byte %ju",
			    (uintmax_t)(from + have));
	}
	memset(raw + n, 0, size - n);
	return 0;
}

static int
work_piece(void *self, unsigned int thread, unsigned int slot, struct err *e)
{
	struct pack *p = self;
	struct helper *h = &p->helpers[thread];
	struct piece *piece = &p->pieces[slot];
	size_t left = PIECE_GRAINS * flate_bound(VMDK_GRAIN_BYTES), at = 0;
	unsigned char *raw = h->raw;
	unsigned int i;

	if (read_piece(p, piece, raw, e) == -1)
		return -1;
	for (i = 0; i < piece->grains; i++, raw += VMDK_GRAIN_BYTES) {
		piece->sizes[i] = 0;
		if (content_is_zero(raw, VMDK_GRAIN_BYTES))
			continue;
		piece->sizes[i] = flate_deflate(h->flate, raw, VMDK_GRAIN_BYTES,
		    piece->packed + at, left - at);
		if (piece->sizes[i] == 0)
			return err_set(e, ERR_OS, "out of memory");
		at += piece->sizes[i];
	}
	return 0;
}

/* From the writer: to the reader's buffer, and what is too much into ours. */
static int
take_bytes(void *self, const void *bytes, size_t n, struct err *e)
{
	struct pack *p = self;
	size_t part = n < p->room ? n : p->room;

	if (part > 0) {
		memcpy(p->to, bytes, part);
		p->to += part;
		p->room -= part;
	}
	if (part == n)
		return 0;
	buf_add(&p->rest, (const char *)bytes + part, n - part);
	return buf_check(&p->rest, e);
}

static int
open_helpers(struct pack *p, unsigned int threads, struct err *e)
{
	struct helper *h;

	while (p->nhelpers < threads) {
		h = &p->helpers[p->nhelpers++];
		h->flate = flate_open(e);
		h->raw = malloc(PIECE_GRAINS * VMDK_GRAIN_BYTES);
		if (h->flate == NULL || h->raw == NULL)
			return err_set(e, ERR_OS, "out of memory");
	}
	return 0;
}

static int
open_pieces(struct pack *p, unsigned int n, struct err *e)
{
	p->pieces = calloc(n, sizeof(*p->pieces));
	while (p->pieces != NULL && p->npieces < n) {
		p->pieces[p->npieces].packed = malloc(
		    PIECE_GRAINS * flate_bound(VMDK_GRAIN_BYTES));
		if (p->pieces[p->npieces].packed == NULL)
			break;
		p->npieces++;
	}
	if (p->npieces < n)
		return err_set(e, ERR_OS, "out of memory");
	return 0;
}

struct pack *
pack_open(int fd, const struct vmdkw_conf *conf, unsigned int threads,
    struct err *e)
{
	struct pack *p = calloc(1, sizeof(*p));
	struct relay_ops ops = { next_piece, work_piece, p };

	if (p == NULL) {
		err_set(e, ERR_OS, "out of memory");
		return NULL;
	}
	if (threads == 0)
		threads = 1;
	if (threads > THREADS_MAX)
		threads = THREADS_MAX;
	p->fd = fd;
	p->capacity_bytes = conf->capacity_bytes;
	p->writer = vmdkw_open(conf, (struct sink){ take_bytes, p }, e);
	if (p->writer == NULL || check_length(p, e) == -1 ||
	    open_helpers(p, threads, e) == -1 ||
	    open_pieces(p, threads * PIECES, e) == -1)
		goto fail;
	p->relay = relay_open(&ops, p->npieces, threads, e);
	if (p->relay != NULL)
		return p;
fail:
	pack_free(p);
	return NULL;
}

static void
move_to(struct pack *p, uint64_t position)
{
	if (position > p->capacity_bytes)
		position = p->capacity_bytes;
	atomic_store(&p->position, position);
}

static int
finish(struct pack *p, struct err *e)
{
	if (vmdkw_finish(p->writer, e) == -1)
		return -1;
	p->finished = true;
	move_to(p, p->capacity_bytes);
	return 0;
}

static int
take_piece(struct pack *p, struct err *e)
{
	unsigned int slot;
	int rc = relay_take(p->relay, &slot, e);

	if (rc == 0)
		return finish(p, e);
	if (rc == -1)
		return -1;
	p->piece = &p->pieces[slot];
	p->grain = 0;
	p->at = 0;
	return 0;
}

/* A little more of the stream. */
static int
advance(struct pack *p, struct err *e)
{
	struct piece *piece = p->piece;
	size_t n;

	if (piece == NULL)
		return take_piece(p, e);
	n = piece->sizes[p->grain];
	if (n > 0 &&
	    vmdkw_grain(p->writer, piece->first + p->grain,
		piece->packed + p->at, n, e) == -1)
		return -1;
	p->at += n;
	p->grain++;
	move_to(p, (piece->first + p->grain) * VMDK_GRAIN_BYTES);
	if (p->grain == piece->grains)
		p->piece = NULL;
	return 0;
}

static size_t
take_rest(struct pack *p, void *to, size_t n)
{
	size_t have = p->rest.len - p->rest_at;

	if (have <= n) {
		memcpy(to, p->rest.data + p->rest_at, have);
		buf_cut(&p->rest, 0);
		p->rest_at = 0;
		return have;
	}
	memcpy(to, p->rest.data + p->rest_at, n);
	p->rest_at += n;
	return n;
}

/* As much as there is without another wait, but something. */
static ssize_t
read_stream(void *self, void *to, size_t n, struct err *e)
{
	struct pack *p = self;

	if (p->rest.len > 0)
		return (ssize_t)take_rest(p, to, n);
	p->to = to;
	p->room = n;
	while (
	    p->room > 0 && !p->finished && (p->room == n || p->piece != NULL)) {
		if (p->failure.class == ERR_NONE)
			advance(p, &p->failure);
		if (p->failure.class != ERR_NONE)
			break;
	}
	n -= p->room;
	p->room = 0;
	if (p->failure.class == ERR_NONE || n > 0)
		return (ssize_t)n;
	if (e->class == ERR_NONE)
		*e = p->failure;
	return -1;
}

struct source
pack_source(struct pack *p)
{
	return (struct source){ read_stream, p };
}

uint64_t
pack_position(const struct pack *p)
{
	return atomic_load(&p->position);
}

void
pack_free(struct pack *p)
{
	if (p == NULL)
		return;
	relay_free(p->relay);
	while (p->nhelpers > 0) {
		flate_free(p->helpers[--p->nhelpers].flate);
		free(p->helpers[p->nhelpers].raw);
	}
	while (p->npieces > 0)
		free(p->pieces[--p->npieces].packed);
	free(p->pieces);
	vmdkw_free(p->writer);
	buf_free(&p->rest);
	free(p);
}
