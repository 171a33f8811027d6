#include "job/rawdisk.h"

#include <pthread.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include "base/clock.h"
#include "image/content.h"
#include "sandbox.h"

#define WHEN 1795480204 /* 2026-11-24T00:30:04Z */
#define FLAT ".web_20261124_003004.partial/web-flat.vmdk"

enum {
	RANGES = 6,
	RANGE = RAWDISK_RANGE_BYTES,
	SIZE = (RANGES - 1) * RANGE + 66048, /* the last is short and odd */
	GRAIN = CONTENT_GRAIN_BYTES,
	CHUNK = 16000, /* as TLS gives them: no grain ends with one */
	LINES = 3,
};

/* A datastore that is a rule: what is where, and what goes wrong. */
static struct {
	pthread_mutex_t lock; /* guards the rest */
	unsigned int fetched; /* a bit a range */
	unsigned int shared;
	unsigned int retries;
	int lines;
	int fails_at; /* range, -1: none */
	int stalls;   /* those of all others wait for the stop flag */
	unsigned char salt;
} store;

struct dsfile_line {
	int unused;
};

/* Seconds by which the clock is set back right after each look at it. */
static time_t set_back_s;

int
clock_gettime(clockid_t which, struct timespec *t)
{
	long rc = syscall(SYS_clock_gettime, which, t);

	if (which == CLOCK_REALTIME)
		t->tv_sec += set_back_s;
	return (int)rc;
}

/* Two grains of five are zeros, and all of range 2. */
static void
fill(uint64_t at, unsigned char *to, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++, at++)
		to[i] = at / RANGE == 2 || (at / GRAIN + 3) % 5 < 2
		    ? 0
		    : (unsigned char)(at * 7 + at / GRAIN + 1 + store.salt);
}

uint64_t
dsfile_size(const struct dsfile *f)
{
	(void)f;
	return SIZE;
}

void
dsfile_share(struct dsfile *f, unsigned int lines)
{
	(void)f;
	store.shared = lines;
}

struct dsfile_line *
dsfile_line_open(struct dsfile *f, struct err *e)
{
	(void)f;
	(void)e;
	pthread_mutex_lock(&store.lock);
	store.lines++;
	pthread_mutex_unlock(&store.lock);
	return calloc(1, sizeof(struct dsfile_line));
}

void
dsfile_line_free(struct dsfile_line *l)
{
	pthread_mutex_lock(&store.lock);
	store.lines -= l != NULL;
	pthread_mutex_unlock(&store.lock);
	free(l);
}

static bool
waits_for_stop(const volatile bool *stop)
{
	uint64_t end = clock_mono_ms() + 10000;

	while (!*stop && clock_mono_ms() < end)
		usleep(1000);
	return *stop;
}

int
dsfile_read(struct dsfile_line *l, uint64_t offset, uint64_t n,
    unsigned int retries, const struct sink *to, const volatile bool *stop,
    struct err *e)
{
	unsigned char chunk[CHUNK];
	int range = (int)(offset / RANGE);
	uint64_t at;
	size_t step;

	(void)l;
	pthread_mutex_lock(&store.lock);
	store.fetched |= 1u << range;
	store.retries = retries;
	pthread_mutex_unlock(&store.lock);
	for (at = offset; at < offset + n; at += step) {
		step = offset + n - at < CHUNK ? (size_t)(offset + n - at)
					       : CHUNK;
		if (range == store.fails_at && at - offset > RANGE / 2)
			return err_set(e, ERR_IO, "range %d broke", range);
		if (store.stalls && range != store.fails_at)
			return err_set(e, ERR_TEMP, "%s",
			    waits_for_stop(stop) ? "stopped" : "forgotten");
		fill(at, chunk, step);
		if (flow_write(to, chunk, step, e) == -1)
			return -1;
	}
	return 0;
}

/* A point with one disk, and all that is needed to fetch it. */
struct scene {
	struct point *point;
	struct point_file *to;
	struct journal *journal;
	struct fetch f;
	struct err e;
	uint64_t moved; /* the last position that was told */
};

static void
on_moved(void *self, struct fetch *f)
{
	struct scene *s = self;

	s->moved = atomic_load(&f->position);
}

static void
begin(struct scene *s)
{
	json_t *of = json_object();

	store.fetched = 0;
	store.fails_at = -1;
	store.stalls = 0;
	store.salt = 0;
	sandbox_open();
	s->point = point_open(sandbox_root, "web", WHEN, &s->e);
	s->to = point_file_open_sparse(s->point, "web-flat.vmdk", SIZE, &s->e);
	s->journal = journal_create(s->point, of, &s->e);
	json_decref(of);
	CHECK_STR(s->e.text, "");
}

static void
end(struct scene *s)
{
	journal_free(s->journal);
	point_file_free(s->to);
	point_free(s->point);
	sandbox_free();
	CHECK_INT(store.lines, 0);
}

static struct rawdisk
disk_of(struct scene *s, bool is_resumed)
{
	return (struct rawdisk){ .to = s->to,
		.journal = s->journal,
		.index = 3,
		.is_resumed = is_resumed,
		.lines = LINES,
		.retries = 4,
		.f = &s->f,
		.moved = on_moved,
		.self = s };
}

static int
go(struct scene *s, bool is_resumed)
{
	const struct rawdisk d = disk_of(s, is_resumed);

	return rawdisk_run(&d, &s->e);
}

/* Every byte, and both digests, computed here in one go. */
static void
file_is_right(struct scene *s)
{
	struct digest *sum = digest_open(DIGEST_SHA256, &s->e);
	struct content *content = content_open(SIZE, &s->e);
	char sha256[DIGEST_HEX_SIZE], hex[DIGEST_HEX_SIZE];
	static unsigned char want[GRAIN], got[GRAIN];
	bool same = true;
	uint64_t at;
	size_t n;

	for (at = 0; at < SIZE; at += n) {
		n = SIZE - at < GRAIN ? SIZE - at : GRAIN;
		fill(at, want, n);
		same = same &&
		    point_file_read_at(s->to, at, got, n, &s->e) == 0 &&
		    memcmp(want, got, n) == 0;
		digest_add(sum, want, n, &s->e);
		content_add(content, at / GRAIN, want, n, &s->e);
	}
	CHECK(same);
	digest_finish(sum, sha256, &s->e);
	content_finish(content, hex, &s->e);
	CHECK_STR(s->f.sha256, sha256);
	CHECK_STR(s->f.content, hex);
	CHECK_STR(s->e.text, "");
	digest_free(sum);
	content_free(content);
}

static void
ranges_come_together_with_holes(void)
{
	struct scene s = { 0 };
	uint64_t used;

	begin(&s);
	CHECK_INT(go(&s, false), 0);
	CHECK_STR(s.e.text, "");
	file_is_right(&s);
	CHECK_INT(store.fetched, (1 << RANGES) - 1);
	CHECK_INT(store.shared, LINES);
	CHECK_INT(store.retries, 4);
	CHECK_INT(s.f.bytes, SIZE);
	CHECK_INT(s.moved, SIZE);
	CHECK_INT(point_file_used(s.to, &used, &s.e), 0);
	/* Three grains of five in four ranges. */
	CHECK(used > SIZE / 5 * 2 && used < SIZE / 100 * 51);
	end(&s);
}

static bool
all_in_journal(struct scene *s)
{
	uint64_t i;

	for (i = 0; i < RANGES; i++)
		if (!journal_has(s->journal, 3, i))
			return false;
	return true;
}

static void
only_what_is_missing_comes_again(void)
{
	struct scene s = { 0 };
	unsigned int there;

	begin(&s);
	store.fails_at = 4;
	CHECK_INT(go(&s, false), -1);
	CHECK_STR(s.e.text, "range 4 broke");
	CHECK_INT(s.e.class, ERR_IO);
	err_clear(&s.e);
	CHECK(!journal_has(s.journal, 3, 4));
	CHECK(!journal_knows(s.journal, 0));
	there = 0;
	for (unsigned int i = 0; i < RANGES; i++)
		there |= (unsigned int)journal_has(s.journal, 3, i) << i;
	CHECK(there != 0);

	store.fails_at = -1;
	store.fetched = 0;
	CHECK_INT(go(&s, true), 0);
	CHECK_STR(s.e.text, "");
	CHECK_INT(store.fetched, ((1 << RANGES) - 1) & ~there);
	file_is_right(&s);
	CHECK(all_in_journal(&s));
	CHECK_INT(s.moved, SIZE);
	CHECK(s.f.bytes < SIZE);

	/* Nothing is missing: it is only hashed. */
	store.fetched = 0;
	CHECK_INT(go(&s, true), 0);
	CHECK_INT(store.fetched, 0);
	CHECK_INT(s.f.bytes, 0);
	CHECK_INT(atomic_load(&s.f.position), SIZE);
	file_is_right(&s);
	end(&s);
}

static void
what_was_begun_is_cleared_before(void)
{
	static const char rest[] = "rest of a range that was begun";
	struct scene s = { 0 };

	begin(&s);
	/* In the hole of range 2, and where a grain of zeros comes. */
	CHECK_INT(
	    point_file_write_at(s.to, 2 * RANGE + 5, rest, sizeof(rest), &s.e),
	    0);
	CHECK_INT(point_file_write_at(s.to, 10, rest, sizeof(rest), &s.e), 0);
	CHECK_INT(go(&s, true), 0);
	file_is_right(&s);
	end(&s);
}

/* Not after the stall time of the others' connections. */
static void
first_failure_ends_all_at_once(void)
{
	struct scene s = { 0 };
	uint64_t start = clock_mono_ms();

	begin(&s);
	store.fails_at = 1;
	store.stalls = 1;
	CHECK_INT(go(&s, false), -1);
	CHECK_STR(s.e.text, "range 1 broke");
	CHECK(clock_mono_ms() - start < 8000);
	end(&s);
}

static void
clock_that_is_set_back_holds_nobody_up(void)
{
	set_back_s = 3600;
	first_failure_ends_all_at_once();
	set_back_s = 0;
}

static void
file_that_cannot_be_written_is_the_reason(void)
{
	struct scene s = { 0 };

	begin(&s);
	point_file_commit(s.to, "", &s.e); /* it is closed then */
	CHECK_INT(go(&s, false), -1);
	CHECK_STR(s.e.text,
	    sandbox_text("write %s: Bad file descriptor", FLAT));
	end(&s);
}

static void
changed_range_is_seen(void)
{
	struct scene s = { 0 };
	struct rawdisk d;

	begin(&s);
	d = disk_of(&s, true);
	CHECK_INT(rawdisk_is_same(&d, &s.e), 1); /* nothing to compare */
	CHECK_INT(store.fetched, 0);
	CHECK_INT(go(&s, false), 0);
	CHECK_INT(rawdisk_is_same(&d, &s.e), 1);
	store.fetched = 0;
	store.salt = 1;
	CHECK_INT(rawdisk_is_same(&d, &s.e), 0);
	CHECK_INT(store.fetched, 1 << (RANGES - 1)); /* the last alone */
	CHECK_STR(s.e.text, "");
	end(&s);
}

static void
number_of_lines_is_checked(void)
{
	struct scene s = { 0 };
	struct rawdisk d;

	begin(&s);
	d = disk_of(&s, false);
	d.lines = 0;
	CHECK_INT(rawdisk_run(&d, &s.e), -1);
	CHECK_INT(s.e.class, ERR_BUG);
	end(&s);
}

CHECK_MAIN(TEST(ranges_come_together_with_holes),
    TEST(only_what_is_missing_comes_again),
    TEST(what_was_begun_is_cleared_before),
    TEST(first_failure_ends_all_at_once),
    TEST(clock_that_is_set_back_holds_nobody_up),
    TEST(file_that_cannot_be_written_is_the_reason),
    TEST(changed_range_is_seen), TEST(number_of_lines_is_checked))
