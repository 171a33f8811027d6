#include "sys/relay.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>
#include "check.h"

enum { SLOTS = 5, PIECES = 300 };

/* Pieces are the numbers from 0; done is what came of them. */
struct story {
	unsigned int pieces;
	unsigned int fail_at;  /* work() of that piece; 0: none */
	unsigned int break_at; /* next() instead of that piece; 0: none */
	unsigned int next;
	unsigned int piece[SLOTS], done[SLOTS];
	atomic_uint begun, ended, most_threads;
	atomic_bool takes_signal, two_in_next, in_next;
};

static void
nap(long us)
{
	struct timespec t = { .tv_nsec = us * 1000 };

	nanosleep(&t, NULL);
}

static int
next(void *self, unsigned int slot, struct err *e)
{
	struct story *s = self;

	if (atomic_exchange(&s->in_next, true))
		atomic_store(&s->two_in_next, true);
	nap(1);
	atomic_store(&s->in_next, false);
	if (s->break_at > 0 && s->next == s->break_at)
		return err_set(e, ERR_IO, "nothing behind %u", s->next);
	if (s->next == s->pieces)
		return 0;
	s->piece[slot] = s->next++;
	return 1;
}

static int
work(void *self, unsigned int thread, unsigned int slot, struct err *e)
{
	struct story *s = self;
	unsigned int n = s->piece[slot];
	sigset_t mask;

	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	if (sigismember(&mask, SIGTERM) == 0)
		atomic_store(&s->takes_signal, true);
	if (thread >= atomic_load(&s->most_threads))
		atomic_store(&s->most_threads, thread + 1);
	atomic_fetch_add(&s->begun, 1);
	nap(n * 7919 % 13 * 50);
	s->done[slot] = n * n;
	atomic_fetch_add(&s->ended, 1);
	if (s->fail_at > 0 && n >= s->fail_at)
		return err_set(e, ERR_IO, "piece %u is bad", n);
	return 0;
}

static struct relay *
open_relay(struct story *s, unsigned int threads)
{
	struct relay_ops ops = { next, work, s };
	struct err e = { 0 };
	struct relay *r = relay_open(&ops, SLOTS, threads, &e);

	CHECK(r != NULL);
	return r;
}

static void
pieces_come_in_their_order(void)
{
	unsigned int threads, i, slot;

	for (threads = 0; threads < 8; threads += 1 + threads / 2) {
		struct story s = { .pieces = PIECES };
		struct err e = { 0 };
		struct relay *r = open_relay(&s, threads);

		for (i = 0; relay_take(r, &slot, &e) == 1; i++) {
			CHECK(slot < SLOTS);
			CHECK_INT(s.piece[slot], i);
			CHECK_INT(s.done[slot], i * i);
			if (i % 50 == 0)
				nap(2000);
		}
		CHECK_INT(i, PIECES);
		CHECK_INT(relay_take(r, &slot, &e), 0);
		CHECK_INT(e.class, ERR_NONE);
		relay_free(r);
		CHECK_INT(s.ended, PIECES);
		CHECK(s.most_threads <= (threads == 0 ? 1 : threads));
		CHECK(!s.takes_signal);
		CHECK(!s.two_in_next);
	}
}

static void
a_slow_consumer_holds_the_threads_back(void)
{
	struct story s = { .pieces = PIECES };
	struct err e = { 0 };
	struct relay *r = open_relay(&s, 3);
	unsigned int slot, i, k, want;

	for (i = 0; i < 4; i++) {
		/* What was taken keeps its slot until the next is wanted. */
		want = i == 0 ? SLOTS : SLOTS + i - 1;
		for (k = 0; k < 2000 && atomic_load(&s.ended) < want; k++)
			nap(1000);
		nap(20000);
		CHECK_INT(atomic_load(&s.begun), want);
		CHECK_INT(relay_take(r, &slot, &e), 1);
	}
	relay_free(r);
}

static void
the_first_failure_in_order_is_the_answer(void)
{
	static const struct {
		unsigned int fail_at, break_at;
		const char *text;
	} t[] = { { 7, 0, "piece 7 is bad" }, { 0, 7, "nothing behind 7" },
		{ 7, 9, "piece 7 is bad" } };
	unsigned int threads, i, k, slot;

	for (i = 0; i < 3; i++) {
		for (threads = 1; threads <= 4; threads++) {
			struct story s = { .pieces = PIECES,
				.fail_at = t[i].fail_at,
				.break_at = t[i].break_at };
			struct err e = { 0 }, again = { 0 };
			struct relay *r = open_relay(&s, threads);

			check_at(t[i].text);
			for (k = 0; relay_take(r, &slot, &e) == 1; k++)
				CHECK_INT(s.piece[slot], k);
			CHECK_INT(k, 7);
			CHECK_STR(e.text, t[i].text);
			CHECK_INT(relay_take(r, &slot, &again), -1);
			CHECK_STR(again.text, t[i].text);
			relay_free(r);
			/* Nothing is begun that nobody will see. */
			CHECK(s.begun <= 7 + (threads == 1 ? 1 : SLOTS));
			CHECK_INT(s.begun, s.ended);
		}
	}
}

static void
it_can_be_left_at_any_time(void)
{
	unsigned int i, k, slot;

	for (i = 0; i < 50; i++) {
		struct story s = { .pieces = i % 5 == 0 ? i / 5 : PIECES };
		struct err e = { 0 };
		struct relay *r = open_relay(&s, 1 + i % 4);

		for (k = 0; k < i / 3; k++)
			CHECK(relay_take(r, &slot, &e) >= 0);
		relay_free(r);
		CHECK_INT(s.begun, s.ended);
	}
	relay_free(NULL);
}

CHECK_MAIN(TEST(pieces_come_in_their_order),
    TEST(a_slow_consumer_holds_the_threads_back),
    TEST(the_first_failure_in_order_is_the_answer),
    TEST(it_can_be_left_at_any_time))
