#include <errno.h>
#include <signal.h>
#include "base/clock.h"
#include "sandbox.h"
#include "sys/proc.h"
#include "sys/sig.h"

/* What the command printed, or why that failed, and the time it took. */
static const char *
capture(const char *command, size_t limit, int *class, uint64_t *ms)
{
	static char text[1100];
	struct buf b = { .limit = limit };
	struct err e = { 0 };
	uint64_t begin = clock_mono_ms();
	int rc = proc_capture(command, &b, &e);

	*ms = clock_mono_ms() - begin;
	*class = e.class;
	CHECK_INT(rc, e.class == ERR_NONE ? 0 : -1);
	snprintf(text, sizeof(text), "%s", rc == 0 ? buf_text(&b) : e.text);
	buf_free(&b);
	return text;
}

static void
password_is_what_the_command_prints(void)
{
	static const struct {
		const char *command, *text;
		int class;
	} rows[] = {
		{ "echo secret", "secret\n", ERR_NONE },
		{ "printf 'a\\nb'", "a\nb", ERR_NONE },
		{ "true", "", ERR_NONE },
		{ "echo x >&2; echo out", "out\n", ERR_NONE },
		{ "printf a; sleep 0.1; printf b", "ab", ERR_NONE },
		{ "echo secret; exit 3", "command exited with 3", ERR_PERM },
		{ "false", "command exited with 1", ERR_PERM },
		{ "/no/such/helper 2>&-", "command exited with 127", ERR_PERM },
		{ "kill -9 $$", "command was ended by signal 9", ERR_PERM },
		{ "kill -TERM $$", "command was ended by signal 15", ERR_PERM },
	};
	int class, saved = dup(STDERR_FILENO);
	uint64_t ms;
	size_t i;

	CHECK(freopen("/dev/null", "w", stderr) != NULL);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check_at(rows[i].command);
		CHECK_STR(capture(rows[i].command, 100, &class, &ms),
		    rows[i].text);
		CHECK_INT(class, rows[i].class);
	}
	dup2(saved, STDERR_FILENO);
	close(saved);
}

static void
output_is_added_whole(void)
{
	struct buf b = { 0 };
	struct err e = { 0 };

	buf_puts(&b, "before ");
	CHECK_INT(proc_capture("head -c 1000000 /dev/zero; echo end", &b, &e),
	    0);
	CHECK_INT(b.len, 1000000 + 7 + 4);
	CHECK_STR(b.data + b.len - 4, "end\n");
	buf_free(&b);
}

static void
helper_reads_our_stdin(void)
{
	int fds[2], saved = dup(STDIN_FILENO), class;
	uint64_t ms;

	CHECK_INT(pipe(fds), 0);
	CHECK_INT(write(fds[1], "typed\n", 6), 6);
	close(fds[1]);
	dup2(fds[0], STDIN_FILENO);
	CHECK_STR(capture("read a; echo got $a", 0, &class, &ms),
	    "got typed\n");
	dup2(saved, STDIN_FILENO);
	close(saved);
	close(fds[0]);
}

static void
helper_that_prints_too_much_is_ended(void)
{
	int class;
	uint64_t ms;

	CHECK_STR(capture("exec yes", 10, &class, &ms), "more than 10 bytes");
	CHECK_INT(class, ERR_DATA);
	CHECK_STR(capture("printf 12345678901; exec sleep 60", 10, &class, &ms),
	    "more than 10 bytes");
	CHECK(ms < 1900);
}

static void
helper_that_does_not_end_is_ended(void)
{
	int class;
	uint64_t ms;

	CHECK_STR(capture("echo x; exec >&-; exec sleep 60", 0, &class, &ms),
	    "command did not end after its output");
	CHECK_INT(class, ERR_PERM);
	CHECK(ms >= 5000 && ms < 6900);
	CHECK_STR(capture("echo x; exec >&-; sleep 0.3", 0, &class, &ms),
	    "x\n");
}

static void
helper_that_has_a_limit_is_ended(void)
{
	static const char *const slow[] = { "/bin/sh", "-c",
		"echo x; exec sleep 60", NULL };
	static const char *const fast[] = { "/bin/echo", "x", NULL };
	uint64_t begin = clock_mono_ms();
	struct err e = { 0 };
	struct buf b = { 0 };

	CHECK_INT(proc_capture_argv(slow, 1, &b, &e), -1);
	CHECK_STR(e.text, "command did not end within 1 s");
	CHECK_INT(e.class, ERR_TEMP);
	CHECK(clock_mono_ms() - begin >= 1000);
	CHECK(clock_mono_ms() - begin < 5000);
	CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
	err_clear(&e);
	buf_cut(&b, 0);
	CHECK_INT(proc_capture_argv(fast, 60, &b, &e), 0);
	CHECK_STR(buf_text(&b), "x\n");
	buf_free(&b);
}

/* The command's process as it wrote it into "pid", and is reaped. */
static bool
is_gone(void)
{
	pid_t pid = atoi(sandbox_read("pid"));

	return pid > 1 && kill(pid, 0) == -1 && errno == ESRCH;
}

static void
run_interrupted(const char *command, uint64_t least_ms, uint64_t most_ms)
{
	struct err e = { 0 };
	uint64_t ms;
	int class;

	sandbox_open();
	if (chdir(sandbox_root) == -1 || sig_open(&e) == -1)
		abort();
	check_at(command);
	CHECK_STR(capture(command, 0, &class, &ms), "interrupted by SIGTERM");
	CHECK_INT(class, ERR_SIGNAL + SIGTERM);
	CHECK(ms >= least_ms && ms <= most_ms);
	CHECK(is_gone());
	sandbox_free();
}

static void
interrupt_waiting(void)
{
	run_interrupted("echo $$ >pid; kill -TERM $PPID; exec sleep 60", 0,
	    1900);
}

static void
interrupt_stubborn(void)
{
	run_interrupted("trap '' TERM; echo $$ >pid; kill -TERM $PPID; "
			"while :; do sleep 0.1; done",
	    1900, 5000);
}

static void
interrupt_after_output(void)
{
	run_interrupted("echo $$ >pid; exec >&-; sleep 0.3; kill -TERM $PPID; "
			"exec sleep 60",
	    300, 2200);
}

static void
interrupt_talking(void)
{
	run_interrupted("echo $$ >pid; kill -TERM $PPID; exec yes", 0, 1900);
}

/* As ^C at the terminal: both get it. */
static void
interrupt_both(void)
{
	run_interrupted("echo $$ >pid; kill -TERM $PPID $$; exec sleep 60", 0,
	    1900);
}

static void
signal_ends_the_wait_and_the_helper(void)
{
	sandbox_in_child(interrupt_waiting);
	sandbox_in_child(interrupt_stubborn);
	sandbox_in_child(interrupt_after_output);
	sandbox_in_child(interrupt_talking);
	sandbox_in_child(interrupt_both);
}

static void
capture_shielded(void)
{
	struct err e = { 0 };
	uint64_t ms;
	int class;
	clock_t begin;

	CHECK_INT(sig_open(&e), 0);
	raise(SIGTERM);
	sig_shield();
	begin = clock();
	CHECK_STR(capture("sleep 1; echo done", 0, &class, &ms), "done\n");
	CHECK(clock() - begin < CLOCKS_PER_SEC / 10);
	sig_unshield();
	CHECK_STR(capture("exec sleep 60", 0, &class, &ms),
	    "interrupted by SIGTERM");
	CHECK(ms < 1900);
}

static void
shield_lets_the_helper_finish(void)
{
	sandbox_in_child(capture_shielded);
}

static void
capture_with_dispositions(void)
{
	struct err e = { 0 };
	uint64_t ms;
	int class;

	signal(SIGHUP, SIG_IGN);
	CHECK_INT(sig_open(&e), 0);
	CHECK_STR(capture("kill -HUP $$; echo alive", 0, &class, &ms),
	    "alive\n");
	CHECK_STR(capture("kill -PIPE $$; echo alive", 0, &class, &ms),
	    "command was ended by signal 13");
	CHECK_STR(capture("kill -INT $$; echo alive", 0, &class, &ms),
	    "command was ended by signal 2");
}

static void
nohup_holds_for_the_helper_too(void)
{
	sandbox_in_child(capture_with_dispositions);
}

CHECK_MAIN(TEST(password_is_what_the_command_prints),
    TEST(output_is_added_whole), TEST(helper_reads_our_stdin),
    TEST(helper_that_prints_too_much_is_ended),
    TEST(helper_that_does_not_end_is_ended),
    TEST(helper_that_has_a_limit_is_ended),
    TEST(signal_ends_the_wait_and_the_helper),
    TEST(shield_lets_the_helper_finish), TEST(nohup_holds_for_the_helper_too))
