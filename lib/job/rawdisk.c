#include "job/rawdisk.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "image/content.h"
#include "sys/pool.h"
#include "sys/sig.h"

enum {
	LINES_MAX = 16,
	PIECE_BYTES = 1 << 20,
	/* What may be lost in a crash: so many finished ones, no older. */
	SYNC_RANGES = 8,
	SYNC_MS = 1000,
	WAIT_MS = 200,
};

/* What the threads share. */
struct rawjob {
	const struct rawdisk *d;
	uint64_t size;
	uint64_t n_ranges;
	volatile bool stop;   /* one has failed: no need to finish a range */
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t wake;
	uint64_t next;             /* to be looked at */
	uint64_t prefix;           /* ranges that are there, from the first */
	unsigned char *there;      /* a bit a range */
	uint64_t due[SYNC_RANGES]; /* not in the journal yet */
	size_t n_due;
	uint64_t recorded_ms; /* when some went there last */
	struct err first;     /* failure */
};

static uint64_t
range_bytes(const struct rawjob *j, uint64_t range)
{
	uint64_t at = range * RAWDISK_RANGE_BYTES;

	return j->size - at < RAWDISK_RANGE_BYTES ? j->size - at
						  : RAWDISK_RANGE_BYTES;
}

/* With the lock held. */
static void
mark_there(struct rawjob *j, uint64_t range)
{
	j->there[range / 8] |= (unsigned char)(1 << range % 8);
	while (j->prefix < j->n_ranges &&
	    (j->there[j->prefix / 8] >> j->prefix % 8 & 1) != 0)
		j->prefix++;
	pthread_cond_broadcast(&j->wake);
}

/* The next range to fetch; n_ranges if there is none. */
static uint64_t
take_range(struct rawjob *j)
{
	const struct rawdisk *d = j->d;
	uint64_t range;

	pthread_mutex_lock(&j->lock);
	while (j->next < j->n_ranges && d->journal != NULL &&
	    journal_has(d->journal, d->index, j->next)) {
		atomic_fetch_add(&d->f->position, range_bytes(j, j->next));
		mark_there(j, j->next++);
	}
	range = j->next;
	if (range < j->n_ranges)
		j->next++;
	pthread_mutex_unlock(&j->lock);
	return range;
}

/* Durable first, then in the journal. */
static int
record(const struct rawjob *j, const uint64_t *ranges, size_t n, struct err *e)
{
	const struct rawdisk *d = j->d;

	if (d->journal == NULL || n == 0)
		return 0;
	if (point_file_sync(d->to, e) == -1)
		return -1;
	return journal_add(d->journal, d->index, ranges, n, e);
}

/* With the lock held: those that it is time to record. */
static size_t
take_due(struct rawjob *j, uint64_t due[SYNC_RANGES])
{
	uint64_t now = clock_mono_ms();
	size_t n = j->n_due;

	if (n < SYNC_RANGES && now - j->recorded_ms < SYNC_MS)
		return 0;
	memcpy(due, j->due, sizeof(j->due));
	j->n_due = 0;
	j->recorded_ms = now;
	return n;
}

static int
finish_range(struct rawjob *j, uint64_t range, struct err *e)
{
	uint64_t due[SYNC_RANGES];
	size_t n;

	pthread_mutex_lock(&j->lock);
	mark_there(j, range);
	j->due[j->n_due++] = range;
	n = take_due(j, due);
	pthread_mutex_unlock(&j->lock);
	return record(j, due, n, e);
}

/* The bytes of one range on their way into the file. */
struct gather {
	struct rawjob *j;
	uint64_t at; /* of the piece, in the file */
	size_t have; /* bytes in it */
	unsigned char *piece;
};

/* Blocks of zeros stay holes; what is between them goes in one write. */
static int
put_piece(struct gather *g, struct err *e)
{
	size_t at = 0, end, step;

	while (at < g->have) {
		step = g->have - at < CONTENT_GRAIN_BYTES ? g->have - at
							  : CONTENT_GRAIN_BYTES;
		if (content_is_zero(g->piece + at, step)) {
			at += step;
			continue;
		}
		for (end = at + step; end < g->have; end += step) {
			step = g->have - end < CONTENT_GRAIN_BYTES
			    ? g->have - end
			    : CONTENT_GRAIN_BYTES;
			if (content_is_zero(g->piece + end, step))
				break;
		}
		if (point_file_write_at(g->j->d->to, g->at + at, g->piece + at,
			end - at, e) == -1)
			return -1;
		at = end;
	}
	g->at += g->have;
	g->have = 0;
	return 0;
}

static void
count_bytes(struct rawjob *j, size_t n)
{
	const struct rawdisk *d = j->d;

	pthread_mutex_lock(&j->lock);
	d->f->bytes += n;
	atomic_fetch_add(&d->f->position, n);
	if (d->moved != NULL)
		d->moved(d->self, d->f);
	pthread_mutex_unlock(&j->lock);
}

static int
gather(void *self, const void *p, size_t n, struct err *e)
{
	struct gather *g = self;
	const unsigned char *from = p;
	size_t step;

	count_bytes(g->j, n);
	while (n > 0) {
		step = PIECE_BYTES - g->have;
		if (step > n)
			step = n;
		memcpy(g->piece + g->have, from, step);
		g->have += step;
		from += step;
		n -= step;
		if (g->have == PIECE_BYTES && put_piece(g, e) == -1)
			return -1;
	}
	return 0;
}

static int
fetch_range(struct rawjob *j, struct dsfile_line *line, struct gather *g,
    uint64_t range, struct err *e)
{
	const struct sink to = { gather, g };
	const struct rawdisk *d = j->d;

	g->at = range * RAWDISK_RANGE_BYTES;
	g->have = 0;
	if (d->is_resumed &&
	    point_file_clear(d->to, g->at, range_bytes(j, range), e) == -1)
		return -1;
	if (dsfile_read(line, g->at, range_bytes(j, range), d->retries, &to,
		&j->stop, e) == -1 ||
	    put_piece(g, e) == -1)
		return -1;
	return finish_range(j, range, e);
}

static int
fetch_ranges(struct pool *p, struct rawjob *j, struct err *e)
{
	struct gather g = { .j = j, .piece = malloc(PIECE_BYTES) };
	struct dsfile_line *line = dsfile_line_open(j->d->from, e);
	uint64_t range;
	int rc = -1;

	if (g.piece == NULL)
		err_sys(e, ERR_OS, "memory");
	else if (line != NULL)
		rc = 0;
	while (rc == 0 && !pool_is_stopped(p) &&
	    (range = take_range(j)) < j->n_ranges)
		rc = fetch_range(j, line, &g, range, e);
	dsfile_line_free(line);
	free(g.piece);
	return rc;
}

/* With the lock held: until something comes, or for a moment. */
static void
nap(struct rawjob *j)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += WAIT_MS * 1000000L;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_cond_timedwait(&j->wake, &j->lock, &until);
}

/* *have: how many ranges are there, once there are more; the same number if
 * the others have stopped.  What they finished is recorded also while all of
 * them hang. */
static int
wait_for_more(struct pool *p, struct rawjob *j, uint64_t *have, struct err *e)
{
	uint64_t due[SYNC_RANGES], before = *have;
	int rc = 0;
	size_t n;

	pthread_mutex_lock(&j->lock);
	while (rc == 0 && j->prefix == before && !pool_is_stopped(p)) {
		nap(j);
		n = take_due(j, due);
		if (n == 0)
			continue;
		pthread_mutex_unlock(&j->lock);
		rc = record(j, due, n, e);
		pthread_mutex_lock(&j->lock);
	}
	*have = j->prefix;
	pthread_mutex_unlock(&j->lock);
	return rc;
}

struct digests {
	struct digest *file;
	struct content *content;
	unsigned char *piece;
};

static int
digest_piece(const struct digests *d, uint64_t at, size_t n, struct err *e)
{
	size_t i, step;

	if (digest_add(d->file, d->piece, n, e) == -1)
		return -1;
	for (i = 0; i < n; i += step) {
		step = n - i < CONTENT_GRAIN_BYTES ? n - i
						   : CONTENT_GRAIN_BYTES;
		if (content_add(d->content, (at + i) / CONTENT_GRAIN_BYTES,
			d->piece + i, step, e) == -1)
			return -1;
	}
	return 0;
}

static int
digest_until(struct rawjob *j, const struct digests *d, uint64_t *at,
    uint64_t end, struct err *e)
{
	size_t n;

	for (; *at < end; *at += n) {
		n = end - *at < PIECE_BYTES ? (size_t)(end - *at) : PIECE_BYTES;
		if (point_file_read_at(j->d->to, *at, d->piece, n, e) == -1 ||
		    digest_piece(d, *at, n, e) == -1)
			return -1;
	}
	return 0;
}

static int
digest_all(struct pool *p, struct rawjob *j, const struct digests *d,
    struct err *e)
{
	uint64_t have = 0, before, at = 0, end;

	while (at < j->size) {
		before = have;
		if (wait_for_more(p, j, &have, e) == -1)
			return -1;
		if (have == before)
			return 0; /* the reason is the others' */
		end = have == j->n_ranges ? j->size
					  : have * RAWDISK_RANGE_BYTES;
		if (digest_until(j, d, &at, end, e) == -1)
			return -1;
	}
	if (digest_finish(d->file, j->d->f->sha256, e) == -1)
		return -1;
	return content_finish(d->content, j->d->f->content, e);
}

static int
digest_file(struct pool *p, struct rawjob *j, struct err *e)
{
	struct digests d = { 0 };
	int rc = -1;

	d.piece = malloc(PIECE_BYTES);
	if (d.piece == NULL) {
		err_sys(e, ERR_OS, "memory");
		goto out;
	}
	d.file = digest_open(DIGEST_SHA256, e);
	d.content = content_open(j->size, e);
	if (d.file != NULL && d.content != NULL)
		rc = digest_all(p, j, &d, e);
out:
	digest_free(d.file);
	content_free(d.content);
	free(d.piece);
	return rc;
}

/* They end at once, with words of their own that tell nothing. */
static void
stop_others(struct rawjob *j, const struct err *e)
{
	pthread_mutex_lock(&j->lock);
	if (j->first.class == ERR_NONE)
		j->first = *e;
	j->stop = true;
	pthread_mutex_unlock(&j->lock);
}

/* The last task reads, so that it starts when the others have. */
static int
work(struct pool *p, void *arg, size_t i, struct err *e)
{
	struct rawjob *j = arg;
	int rc;

	rc = i < j->d->lines ? fetch_ranges(p, j, e) : digest_file(p, j, e);
	if (rc == -1)
		stop_others(j, e);
	return rc;
}

static int
init(struct rawjob *j, const struct rawdisk *d, struct err *e)
{
	pthread_condattr_t attr;

	*j = (struct rawjob){ .d = d, .size = dsfile_size(d->from) };
	j->n_ranges = (j->size + RAWDISK_RANGE_BYTES - 1) / RAWDISK_RANGE_BYTES;
	j->there = calloc(1, j->n_ranges / 8 + 1);
	if (j->there == NULL)
		return err_sys(e, ERR_OS, "memory");
	pthread_mutex_init(&j->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&j->wake, &attr);
	pthread_condattr_destroy(&attr);
	return 0;
}

static void
finish(struct rawjob *j)
{
	pthread_cond_destroy(&j->wake);
	pthread_mutex_destroy(&j->lock);
	free(j->there);
}

int
rawdisk_run(const struct rawdisk *d, struct err *e)
{
	struct err ignored = { 0 };
	struct rawjob j;
	int rc;

	if (d->lines == 0 || d->lines > LINES_MAX)
		return err_set(e, ERR_BUG, "%u lines", d->lines);
	if (init(&j, d, e) == -1)
		return -1;
	d->f->bytes = 0;
	atomic_store(&d->f->position, 0);
	dsfile_share(d->from, d->lines);
	rc = pool_run(work, &j, d->lines + 1, d->lines + 1, &ignored);
	if (rc == -1)
		*e = j.first;
	err_clear(&ignored);
	/* Also after a failure: the next run need not fetch these. */
	if (record(&j, j.due, j.n_due, rc == -1 ? &ignored : e) == -1)
		rc = -1;
	if (rc == 0 && sig_check(e) == -1)
		rc = -1;
	if (rc == 0 && j.prefix < j.n_ranges)
		rc = err_set(e, ERR_TEMP, "stopped");
	finish(&j);
	return rc;
}

/* What comes again, beside what is there. */
struct beside {
	const struct rawdisk *d;
	uint64_t at;
	bool differs;
	unsigned char *piece;
};

static int
compare(void *self, const void *p, size_t n, struct err *e)
{
	struct beside *b = self;
	const unsigned char *from = p;
	size_t step;

	while (n > 0) {
		step = n < PIECE_BYTES ? n : PIECE_BYTES;
		if (point_file_read_at(b->d->to, b->at, b->piece, step, e) ==
		    -1)
			return -1;
		b->differs = b->differs || memcmp(b->piece, from, step) != 0;
		b->at += step;
		from += step;
		n -= step;
	}
	return 0;
}

static int
compare_range(const struct rawjob *j, uint64_t range, struct err *e)
{
	struct beside b = { .d = j->d,
		.at = range * RAWDISK_RANGE_BYTES,
		.piece = malloc(PIECE_BYTES) };
	const struct sink to = { compare, &b };
	struct dsfile_line *line = dsfile_line_open(j->d->from, e);
	int rc = -1;

	if (b.piece == NULL)
		err_sys(e, ERR_OS, "memory");
	else if (line != NULL)
		rc = dsfile_read(line, b.at, range_bytes(j, range),
		    j->d->retries, &to, NULL, e);
	dsfile_line_free(line);
	free(b.piece);
	return rc == -1 ? -1 : !b.differs;
}

int
rawdisk_is_same(const struct rawdisk *d, struct err *e)
{
	struct rawjob j;
	uint64_t i;
	int rc = 1;

	if (init(&j, d, e) == -1)
		return -1;
	for (i = j.n_ranges; i > 0; i--)
		if (journal_has(d->journal, d->index, i - 1)) {
			rc = compare_range(&j, i - 1, e);
			break;
		}
	finish(&j);
	return rc;
}
