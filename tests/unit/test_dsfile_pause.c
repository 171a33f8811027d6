#include "vsphere/dsfile_pause.h"

#include <signal.h>
#include "httpstory.h"

static volatile bool is_stopped;

static void *
stop_soon(void *arg)
{
	nap(300);
	is_stopped = true;
	return arg;
}

static void *
signal_soon(void *arg)
{
	nap(300);
	kill(getpid(), SIGTERM);
	return arg;
}

/* Returns the milliseconds that it took. */
static uint64_t
pause_until(void *(*event)(void *), int *rc, struct err *e)
{
	uint64_t start = clock_mono_ms();
	pthread_t other;

	if (pthread_create(&other, NULL, event, NULL) != 0)
		abort();
	*rc = dsfile_pause(60000, &is_stopped, e);
	pthread_join(other, NULL);
	return clock_mono_ms() - start;
}

static void
pause_takes_its_time(void)
{
	uint64_t start = clock_mono_ms();
	struct err e = { 0 };

	CHECK_INT(dsfile_pause(450, NULL, &e), 0);
	CHECK(clock_mono_ms() - start >= 450);
}

static void
pause_ends_with_the_work(void)
{
	struct err e = { 0 };
	int rc;

	CHECK(pause_until(stop_soon, &rc, &e) < 30000);
	CHECK_INT(rc, -1);
	CHECK_INT(e.class, ERR_TEMP);
	CHECK_STR(e.text, "stopped");
}

static void
pause_ends_with_a_signal(void)
{
	struct err e = { 0 };
	int rc;

	is_stopped = false;
	CHECK(pause_until(signal_soon, &rc, &e) < 30000);
	CHECK_INT(rc, -1);
	CHECK_INT(e.class, ERR_SIGNAL + SIGTERM);
}

/* clang-format off */
STORY_MAIN(TEST(pause_takes_its_time), TEST(pause_ends_with_the_work),
    TEST(pause_ends_with_a_signal))
