#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "check.h"
#include "sys/guard.h"

enum { LONG_MS = 10000, GRACE_MS = 300 };

/* What is to be ended: a shell, and what it waits for. */
static pid_t
start_group(const char *script)
{
	pid_t pid = fork();

	if (pid == 0) {
		setpgid(0, 0);
		execl("/bin/sh", "sh", "-c", script, (char *)NULL);
		_exit(127);
	}
	setpgid(pid, pid);
	return pid;
}

/* A planner that has started such a group, knows it or has let it go, and
 * waits to be killed.  Its standard output is a pipe. */
static pid_t
start_planner(const char *script, bool lets_go, int *output, pid_t *group)
{
	int fds[2];
	pid_t pid;

	/* The orphans come to us: not every process 1 buries its dead. */
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) == -1 ||
	    pipe2(fds, O_CLOEXEC) == -1)
		return -1;
	pid = fork();
	if (pid == 0) {
		struct err e = { 0 };
		struct guard *g;
		pid_t made;

		close(fds[0]);
		dup2(fds[1], STDOUT_FILENO);
		g = guard_open(&e);
		made = start_group(script);
		guard_add(g, made, GRACE_MS);
		if (lets_go)
			guard_remove(g, made);
		(void)!write(fds[1], &made, sizeof(made));
		for (;;)
			pause();
	}
	close(fds[1]);
	*output = fds[0];
	return read(fds[0], group, sizeof(*group)) == sizeof(*group) ? pid : -1;
}

static bool
is_gone(pid_t group, uint64_t within_ms)
{
	const struct timespec step = { 0, 10000000 };
	uint64_t end = clock_mono_ms() + within_ms;

	while (kill(-group, 0) == 0 || errno != ESRCH) {
		if (clock_mono_ms() >= end)
			return false;
		nanosleep(&step, NULL);
		waitpid(-group, NULL, WNOHANG);
	}
	return true;
}

static void
kill_planner(pid_t pid)
{
	kill(pid, SIGKILL);
	CHECK(waitpid(pid, NULL, 0) == pid);
}

static void
what_a_child_started_ends_with_us(void)
{
	pid_t group, pid;
	int output;

	pid = start_planner("exec >/dev/null; sleep 600 & sleep 600; :", false,
	    &output, &group);
	if (!CHECK(pid != -1))
		return;
	CHECK(kill(-group, 0) == 0);
	kill_planner(pid);
	CHECK(is_gone(group, LONG_MS));
	close(output);
}

static void
who_cleans_up_is_asked_first(void)
{
	char word[8] = "";
	pid_t group, pid;
	int output;

	pid = start_planner("trap 'echo told; exit' TERM; "
			    "while :; do sleep 0.05; done",
	    false, &output, &group);
	if (!CHECK(pid != -1))
		return;
	usleep(200000); /* the shell has heard of the trap */
	kill_planner(pid);
	CHECK_INT(read(output, word, sizeof(word) - 1), 5);
	CHECK_STR(word, "told\n");
	CHECK(is_gone(group, LONG_MS));
	close(output);
}

static void
who_does_not_listen_is_killed_after_the_grace(void)
{
	struct pollfd end_of_file = { .events = POLLIN };
	uint64_t began;
	pid_t group, pid;

	pid = start_planner("trap '' TERM; exec >/dev/null; "
			    "while :; do sleep 1; done",
	    false, &end_of_file.fd, &group);
	if (!CHECK(pid != -1))
		return;
	usleep(200000); /* the shell has heard of the trap */
	began = clock_mono_ms();
	kill_planner(pid);
	/* The guard, which still waits, does not hold our output open. */
	CHECK_INT(poll(&end_of_file, 1, 1500), 1);
	CHECK(end_of_file.revents == POLLHUP);
	CHECK(kill(-group, 0) == 0);
	CHECK(is_gone(group, LONG_MS));
	CHECK(clock_mono_ms() - began >= 2000 + GRACE_MS);
	close(end_of_file.fd);
}

static void
what_has_ended_in_order_is_left_alone(void)
{
	pid_t group, pid;
	int output;

	pid = start_planner("exec >/dev/null; sleep 600; :", true, &output,
	    &group);
	if (!CHECK(pid != -1))
		return;
	kill_planner(pid);
	CHECK(!is_gone(group, 2000 + 2 * GRACE_MS));
	kill(-group, SIGKILL);
	CHECK(is_gone(group, LONG_MS));
	close(output);
}

static void
guard_goes_when_it_is_not_needed(void)
{
	struct err e = { 0 };
	struct guard *g;

	while (waitpid(-1, NULL, 0) > 0)
		; /* the guards of the planners above */
	g = guard_open(&e);
	CHECK_STR(e.text, "");
	if (!CHECK(g != NULL))
		return;
	guard_add(g, 1 << 30, 1); /* more than there are */
	guard_remove(g, 1 << 30);
	guard_free(g);
	guard_free(NULL);
	CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
}

CHECK_MAIN(TEST(what_a_child_started_ends_with_us),
    TEST(who_cleans_up_is_asked_first),
    TEST(who_does_not_listen_is_killed_after_the_grace),
    TEST(what_has_ended_in_order_is_left_alone),
    TEST(guard_goes_when_it_is_not_needed))
