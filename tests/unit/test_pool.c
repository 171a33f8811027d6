#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>
#include "check.h"
#include "sys/pool.h"

enum { TASKS = 100 };

struct work {
	atomic_int runs[TASKS];
	atomic_int now, most; /* tasks at the same time */
	atomic_int started;
	atomic_int seen_stop;
	size_t bad;  /* the task that fails */
	int threads; /* it waits until each of these has a task */
	pthread_t caller;
	atomic_int in_caller;
	atomic_int blocked;
};

static void
nap(long ms)
{
	struct timespec t = { .tv_nsec = ms * 1000000 };

	nanosleep(&t, NULL);
}

static int
count(struct pool *p, void *arg, size_t i, struct err *e)
{
	struct work *w = arg;
	int now = atomic_fetch_add(&w->now, 1) + 1, most;
	sigset_t mask;

	(void)p;
	(void)e;
	most = atomic_load(&w->most);
	while (
	    now > most && !atomic_compare_exchange_weak(&w->most, &most, now))
		continue;
	atomic_fetch_add(&w->runs[i], 1);
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	atomic_fetch_add(&w->blocked,
	    sigismember(&mask, SIGTERM) == 1 &&
		sigismember(&mask, SIGINT) == 1);
	atomic_fetch_add(&w->in_caller,
	    pthread_equal(pthread_self(), w->caller) != 0);
	nap(2);
	atomic_fetch_sub(&w->now, 1);
	return 0;
}

static void
each_disk_is_done_once_by_so_many(void)
{
	static const struct {
		size_t n;
		unsigned int threads;
		int least, most, in_caller;
	} rows[] = {
		{ TASKS, 4, 2, 4, 0 },
		{ TASKS, 1, 1, 1, 0 },
		{ TASKS, 1000, 2, 64, 0 },
		{ 3, 8, 1, 3, 0 },
		{ 5, 0, 1, 1, 5 },
		{ 0, 4, 0, 0, 0 },
	};
	size_t row, i;

	for (row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
		struct work w = { .caller = pthread_self() };
		struct err e = { 0 };

		CHECK_INT(
		    pool_run(count, &w, rows[row].n, rows[row].threads, &e), 0);
		CHECK_INT(e.class, ERR_NONE);
		for (i = 0; i < TASKS; i++)
			if (w.runs[i] != (i < rows[row].n))
				break;
		CHECK_INT(i, TASKS);
		CHECK(w.most >= rows[row].least && w.most <= rows[row].most);
		CHECK_INT(w.in_caller, rows[row].in_caller);
		if (rows[row].threads > 0)
			CHECK_INT(w.blocked, rows[row].n);
	}
}

static void
main_thread_still_takes_signals(void)
{
	struct work w = { 0 };
	struct err e = { 0 };
	sigset_t mask;

	CHECK_INT(pool_run(count, &w, 2, 2, &e), 0);
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	CHECK_INT(sigismember(&mask, SIGTERM), 0);
}

static int
fail_one(struct pool *p, void *arg, size_t i, struct err *e)
{
	struct work *w = arg;

	atomic_fetch_add(&w->started, 1);
	if (i == w->bad) {
		while (atomic_load(&w->started) < (int)w->bad + w->threads)
			nap(1);
		return err_set(e, ERR_DATA, "disk %zu", i);
	}
	if (i < w->bad)
		return 0;
	while (!pool_is_stopped(p))
		nap(1);
	atomic_fetch_add(&w->seen_stop, 1);
	return err_set(e, ERR_TEMP, "stopped");
}

static void
first_failure_is_told_and_ends_the_rest(void)
{
	struct work w = { .bad = 10, .threads = 4 };
	struct err e = { 0 };

	CHECK_INT(pool_run(fail_one, &w, TASKS, 4, &e), -1);
	CHECK_INT(e.class, ERR_DATA);
	CHECK_STR(e.text, "disk 10");
	CHECK_INT(w.started, 14);
	CHECK_INT(w.seen_stop, 3);
}

static void
earlier_error_is_kept(void)
{
	struct work w = { .bad = 0, .threads = 1 };
	struct err e = { 0 };

	err_set(&e, ERR_IO, "before");
	CHECK_INT(pool_run(fail_one, &w, 1, 1, &e), -1);
	CHECK_STR(e.text, "before");
}

static int
note_order(struct pool *p, void *arg, size_t i, struct err *e)
{
	struct work *w = arg;

	(void)p;
	if ((size_t)atomic_fetch_add(&w->started, 1) != i)
		return err_set(e, ERR_BUG, "task %zu out of turn", i);
	return 0;
}

static void
disks_begin_in_their_order(void)
{
	struct work w = { 0 };
	struct err e = { 0 };

	CHECK_INT(pool_run(note_order, &w, TASKS, 1, &e), 0);
	CHECK_STR(e.text, "");
	CHECK_INT(w.started, TASKS);
}

CHECK_MAIN(TEST(each_disk_is_done_once_by_so_many),
    TEST(main_thread_still_takes_signals),
    TEST(first_failure_is_told_and_ends_the_rest), TEST(earlier_error_is_kept),
    TEST(disks_begin_in_their_order))
