#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include "base/buf.h"
#include "check.h"
#include "sys/ring.h"

/* What is below: keeps what came, if asked slowly, until it refuses. */
struct below {
	struct buf got;
	atomic_size_t bytes;
	atomic_size_t limit; /* refuses more than these */
	atomic_bool closed;  /* takes nothing until it is opened */
	atomic_int writes;
	bool in_caller, takes_signals;
	pthread_t caller;
};

static void
nap(long ms)
{
	struct timespec t = { .tv_nsec = ms * 1000000 };

	nanosleep(&t, NULL);
}

static int
take(void *self, const void *p, size_t n, struct err *e)
{
	struct below *b = self;
	sigset_t mask;

	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	b->takes_signals |= sigismember(&mask, SIGTERM) == 0;
	b->in_caller |= pthread_equal(pthread_self(), b->caller) != 0;
	atomic_fetch_add(&b->writes, 1);
	while (atomic_load(&b->closed))
		nap(1);
	if (atomic_load(&b->bytes) + n > atomic_load(&b->limit))
		return err_set(e, ERR_IO, "disk full after %zu bytes",
		    atomic_load(&b->bytes));
	buf_add(&b->got, p, n);
	atomic_fetch_add(&b->bytes, n);
	return 0;
}

static struct ring *
open_ring(struct below *b, size_t limit, unsigned int slots, size_t bytes)
{
	struct err e = { 0 };
	struct ring *r;

	*b = (struct below){ .caller = pthread_self() };
	b->limit = limit;
	r = ring_open((struct sink){ take, b }, slots, bytes, &e);
	CHECK(r != NULL);
	return r;
}

static void
bytes_arrive_as_they_were_written(void)
{
	static const size_t cuts[] = { 1, 7, 16, 17, 100, 1000, 5000 };
	char all[5000];
	size_t c, at, n;

	for (at = 0; at < sizeof(all); at++)
		all[at] = (char)(at * 31 >> 3);
	for (c = 0; c < sizeof(cuts) / sizeof(cuts[0]); c++) {
		struct below b;
		struct ring *r = open_ring(&b, SIZE_MAX, 3, 16);
		struct sink s = ring_sink(r);
		struct err e = { 0 };

		for (at = 0; at < sizeof(all); at += n) {
			n = sizeof(all) - at < cuts[c] ? sizeof(all) - at
						       : cuts[c];
			CHECK_INT(flow_write(&s, all + at, n, &e), 0);
		}
		CHECK_INT(ring_commit(r, &e), 0);
		CHECK(!ring_has_failed(r));
		CHECK_INT(b.got.len, sizeof(all));
		CHECK_MEM(b.got.data, all, sizeof(all));
		CHECK(!b.in_caller && !b.takes_signals);
		ring_free(r);
		buf_free(&b.got);
	}
}

static void
nothing_written_is_nothing_below(void)
{
	struct below b;
	struct ring *r = open_ring(&b, SIZE_MAX, 2, 16);
	struct sink s = ring_sink(r);
	struct err e = { 0 };

	CHECK_INT(flow_write(&s, "", 0, &e), 0);
	CHECK_INT(ring_commit(r, &e), 0);
	CHECK_INT(b.writes, 0);
	ring_free(r);
	ring_free(NULL);
}

static void
failure_below_reaches_the_writer(void)
{
	struct below b;
	struct ring *r = open_ring(&b, 20, 2, 10);
	struct sink s = ring_sink(r);
	struct err e = { 0 };
	int i, rc = 0;

	for (i = 0; i < 100 && rc == 0; i++)
		rc = flow_write(&s, "0123456789", 10, &e);
	CHECK_INT(rc, -1);
	CHECK(i <= 6); /* two below, one refused, two in the ring */
	CHECK_INT(e.class, ERR_IO);
	CHECK_STR(e.text, "disk full after 20 bytes");
	CHECK(ring_has_failed(r));
	err_clear(&e);
	CHECK_INT(flow_write(&s, "0", 1, &e), -1);
	CHECK_STR(e.text, "disk full after 20 bytes");
	err_clear(&e);
	CHECK_INT(ring_commit(r, &e), -1);
	CHECK_STR(e.text, "disk full after 20 bytes");
	CHECK_INT(b.writes, 3);
	ring_free(r);
	buf_free(&b.got);
}

static void
failure_of_the_last_bytes_is_no_success(void)
{
	struct below b;
	struct ring *r = open_ring(&b, 3, 4, 100);
	struct sink s = ring_sink(r);
	struct err e = { 0 };

	CHECK_INT(flow_write(&s, "0123456789", 10, &e), 0);
	CHECK_INT(ring_commit(r, &e), -1);
	CHECK_INT(e.class, ERR_IO);
	CHECK_STR(e.text, "disk full after 0 bytes");
	ring_free(r);
	buf_free(&b.got);
}

static void
disk_that_refused_is_not_asked_again(void)
{
	struct below b;
	struct ring *r = open_ring(&b, 0, 3, 10);
	struct sink s = ring_sink(r);
	struct err e = { 0 };
	int i;

	b.closed = true;
	for (i = 0; i < 3; i++)
		CHECK_INT(flow_write(&s, "0123456789", 10, &e), 0);
	b.closed = false;
	CHECK_INT(ring_commit(r, &e), -1);
	CHECK_STR(e.text, "disk full after 0 bytes");
	CHECK_INT(b.writes, 1);
	ring_free(r);
}

static atomic_int written;

static void *
write_ten(void *arg)
{
	struct sink s = ring_sink(arg);
	struct err e = { 0 };
	int i;

	for (i = 0; i < 10; i++, atomic_fetch_add(&written, 1))
		if (flow_write(&s, "0123456789", 10, &e) == -1)
			break;
	return NULL;
}

static void
slow_disk_holds_the_download_back(void)
{
	struct below b;
	struct ring *r = open_ring(&b, SIZE_MAX, 3, 10);
	struct err e = { 0 };
	pthread_t t;

	b.closed = true;
	written = 0;
	CHECK_INT(pthread_create(&t, NULL, write_ten, r), 0);
	while (atomic_load(&written) < 3)
		nap(1);
	nap(100);
	CHECK_INT(written, 3);
	CHECK_INT(b.bytes, 0);
	b.closed = false;
	pthread_join(t, NULL);
	CHECK_INT(written, 10);
	CHECK_INT(ring_commit(r, &e), 0);
	CHECK_INT(b.bytes, 100);
	ring_free(r);
	buf_free(&b.got);
}

static void *
open_soon(void *arg)
{
	nap(200);
	atomic_store((atomic_bool *)arg, false);
	return NULL;
}

/* The slot under way is finished, those behind it are not begun. */
static void
abandoned_ring_ends_at_once(void)
{
	struct below b;
	struct ring *r = open_ring(&b, 1000, 4, 10);
	struct sink s = ring_sink(r);
	struct err e = { 0 };
	pthread_t t;
	int i;

	b.closed = true;
	for (i = 0; i < 4; i++)
		CHECK_INT(flow_write(&s, "0123456789", 10, &e), 0);
	while (b.writes == 0)
		nap(1);
	CHECK_INT(pthread_create(&t, NULL, open_soon, &b.closed), 0);
	ring_free(r);
	pthread_join(t, NULL);
	CHECK_INT(b.writes, 1);
	CHECK_INT(b.bytes, 10);
	buf_free(&b.got);
	r = open_ring(&b, 0, 1, 10);
	s = ring_sink(r);
	CHECK_INT(flow_write(&s, "0123456789", 10, &e), 0);
	ring_free(r); /* failed, or not yet */
	CHECK(b.writes <= 1);
	r = open_ring(&b, 0, 1, 10);
	s = ring_sink(r);
	CHECK_INT(flow_write(&s, "012345678", 9, &e), 0);
	ring_free(r);
	CHECK_INT(b.writes, 0);
}

static void
small_pieces_become_whole_slots_beside(void)
{
	struct below below, beside = { .caller = pthread_self() };
	struct ring *r = open_ring(&below, SIZE_MAX, 3, 64);
	struct sink in = ring_sink(r);
	struct err e = { 0 };
	char piece[10];
	int i;

	beside.limit = SIZE_MAX;
	ring_beside(r, (struct sink){ take, &beside });
	for (i = 0; i < 100; i++) {
		memset(piece, 'a' + i % 26, sizeof(piece));
		CHECK_INT(flow_write(&in, piece, sizeof(piece), &e), 0);
	}
	CHECK_INT(ring_commit(r, &e), 0);
	ring_free(r);
	CHECK_INT(atomic_load(&beside.writes), 16); /* 1000 bytes, 64 each */
	CHECK(beside.in_caller);
	CHECK_INT(beside.got.len, 1000);
	CHECK(beside.got.len == below.got.len);
	CHECK_MEM(beside.got.data, below.got.data, 1000);
	buf_free(&below.got);
	buf_free(&beside.got);
}

static void
failure_beside_is_the_writers(void)
{
	struct below below, beside = { .caller = pthread_self() };
	struct ring *r = open_ring(&below, SIZE_MAX, 3, 64);
	struct sink in = ring_sink(r);
	struct err e = { 0 };
	char piece[64] = { 0 };

	beside.limit = 64;
	ring_beside(r, (struct sink){ take, &beside });
	CHECK_INT(flow_write(&in, piece, sizeof(piece), &e), 0);
	CHECK_INT(flow_write(&in, piece, 10, &e), 0);
	CHECK_INT(ring_commit(r, &e), -1);
	CHECK_STR(e.text, "disk full after 64 bytes");
	ring_free(r);
	buf_free(&below.got);
	buf_free(&beside.got);
}

CHECK_MAIN(TEST(small_pieces_become_whole_slots_beside),
    TEST(failure_beside_is_the_writers),
    TEST(bytes_arrive_as_they_were_written),
    TEST(nothing_written_is_nothing_below),
    TEST(failure_below_reaches_the_writer),
    TEST(failure_of_the_last_bytes_is_no_success),
    TEST(disk_that_refused_is_not_asked_again),
    TEST(slow_disk_holds_the_download_back), TEST(abandoned_ring_ends_at_once))
