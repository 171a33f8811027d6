#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include "base/clock.h"
#include "sandbox.h"
#include "sys/sig.h"

static void
open_signals(void)
{
	struct err e = { 0 };

	CHECK_INT(sig_open(&e), 0);
	CHECK_INT(sig_pending(), 0);
	CHECK_INT(sig_check(&e), 0);
	CHECK_STR(e.text, "");
}

static bool
is_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

static void
take(int signum, const char *text)
{
	struct err e = { 0 };

	open_signals();
	CHECK(!is_readable(sig_fd()));
	raise(signum);
	CHECK_INT(sig_pending(), signum);
	CHECK(is_readable(sig_fd()));
	CHECK_INT(sig_check(&e), -1);
	CHECK_INT(e.class, 128 + signum);
	CHECK_STR(e.text, text);
	/* The first stays. */
	raise(signum == SIGTERM ? SIGHUP : SIGTERM);
	raise(signum);
	CHECK_INT(sig_pending(), signum);
}

static void
take_int(void)
{
	take(SIGINT, "interrupted by SIGINT");
}

static void
take_term(void)
{
	take(SIGTERM, "interrupted by SIGTERM");
}

static void
take_hup(void)
{
	take(SIGHUP, "interrupted by SIGHUP");
}

static void
each_signal_has_its_status(void)
{
	sandbox_in_child(take_int);
	sandbox_in_child(take_term);
	sandbox_in_child(take_hup);
}

static void *
pending_elsewhere(void *arg)
{
	*(int *)arg = sig_pending();
	return NULL;
}

static void
clean_up(void)
{
	struct err e = { 0 };
	int elsewhere = 0;
	pthread_t t;

	open_signals();
	CHECK(!sig_is_shielded());
	sig_shield();
	raise(SIGTERM);
	CHECK(sig_is_shielded());
	CHECK_INT(sig_pending(), 0);
	CHECK_INT(sig_check(&e), 0);
	sig_shield();
	sig_unshield();
	CHECK_INT(sig_pending(), 0);
	CHECK_INT(pthread_create(&t, NULL, pending_elsewhere, &elsewhere), 0);
	pthread_join(t, NULL);
	CHECK_INT(elsewhere, SIGTERM);
	sig_unshield();
	CHECK(!sig_is_shielded());
	CHECK_INT(sig_pending(), SIGTERM);
}

static void
clean_up_goes_on_under_its_shield(void)
{
	sandbox_in_child(clean_up);
}

static void *
signal_soon(void *arg)
{
	struct timespec t = { .tv_nsec = 100000000 };

	(void)arg;
	nanosleep(&t, NULL);
	kill(getpid(), SIGTERM);
	return NULL;
}

static uint64_t
slept(unsigned int ms)
{
	uint64_t begin = clock_mono_ms();

	sig_sleep_ms(ms);
	return clock_mono_ms() - begin;
}

static void
sleep_and_wake(void)
{
	pthread_t t;
	clock_t begin;

	CHECK(slept(50) >= 50); /* also before sig_open() */
	open_signals();
	CHECK(slept(50) >= 50);
	CHECK_INT(pthread_create(&t, NULL, signal_soon, NULL), 0);
	CHECK(slept(60000) < 30000);
	pthread_join(t, NULL);
	CHECK(slept(60000) < 30000);
	sig_shield();
	begin = clock();
	CHECK(slept(500) >= 500);
	CHECK(clock() - begin < CLOCKS_PER_SEC / 4);
}

static void
pause_ends_with_a_signal(void)
{
	sandbox_in_child(sleep_and_wake);
}

static void
ignore_hangup(void)
{
	signal(SIGHUP, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	open_signals();
	raise(SIGHUP);
	raise(SIGINT);
	CHECK_INT(sig_pending(), 0);
	raise(SIGTERM);
	CHECK_INT(sig_pending(), SIGTERM);
}

static void
nohup_is_respected(void)
{
	sandbox_in_child(ignore_hangup);
}

static void
write_to_nobody(void)
{
	int fds[2];

	open_signals();
	CHECK_INT(pipe(fds), 0);
	close(fds[0]);
	CHECK_INT(write(fds[1], "x", 1), -1);
	CHECK_INT(errno, EPIPE);
	CHECK_INT(sig_pending(), 0);
}

static void
closed_pipe_is_an_ordinary_error(void)
{
	sandbox_in_child(write_to_nobody);
}

static pthread_t reader;

static void *
signal_then_write(void *arg)
{
	struct timespec t = { .tv_nsec = 100000000 };

	nanosleep(&t, NULL);
	pthread_kill(reader, SIGTERM);
	nanosleep(&t, NULL);
	return write(*(int *)arg, "x", 1) == 1 ? NULL : arg;
}

static void
read_through_a_signal(void)
{
	int fds[2];
	pthread_t t;
	char c = 'y';

	open_signals();
	reader = pthread_self();
	CHECK_INT(pipe(fds), 0);
	CHECK_INT(pthread_create(&t, NULL, signal_then_write, &fds[1]), 0);
	CHECK_INT(read(fds[0], &c, 1), 1);
	CHECK_INT(c, 'x');
	CHECK_INT(sig_pending(), SIGTERM);
	pthread_join(t, NULL);
}

static void
signal_breaks_no_call(void)
{
	sandbox_in_child(read_through_a_signal);
}

/* A child that gets SIGINT now and a good two seconds later. */
static pid_t
interrupt_twice(int in)
{
	struct err e = { 0 };
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	dup2(in, STDIN_FILENO);
	if (sig_open(&e) == -1)
		_exit(1);
	raise(SIGINT);
	raise(SIGINT); /* at once: a finger that trembles */
	sig_shield();
	sig_sleep_ms(2200);
	raise(SIGINT);
	_exit(7);
}

static void
second_interrupt_of_a_person_ends_at_once(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave, null, status;
	pid_t person, cron;

	CHECK(master != -1 && grantpt(master) == 0 && unlockpt(master) == 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	null = open("/dev/null", O_RDONLY);
	person = interrupt_twice(slave);
	cron = interrupt_twice(null);
	CHECK_INT(waitpid(person, &status, 0), person);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 130);
	CHECK_INT(waitpid(cron, &status, 0), cron);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	close(null);
	close(slave);
	close(master);
}

CHECK_MAIN(TEST(each_signal_has_its_status),
    TEST(clean_up_goes_on_under_its_shield), TEST(pause_ends_with_a_signal),
    TEST(nohup_is_respected), TEST(closed_pipe_is_an_ordinary_error),
    TEST(signal_breaks_no_call),
    TEST(second_interrupt_of_a_person_ends_at_once))
