#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "sandbox.h"
#include "sys/child.h"
#include "sys/sig.h"

/* "sh -c SCRIPT": good until three more were asked for. */
static struct child_spec
shell(const char *script)
{
	static const char *rows[3][4];
	static int next;
	const char **argv = rows[next++ % 3];

	argv[0] = "/bin/sh";
	argv[1] = "-c";
	argv[2] = script;
	return (struct child_spec){ .argv = argv,
		.output_limit = 1000,
		.grace_s = 10 };
}

static struct child_end
run(const struct child_spec *spec)
{
	struct child_end end;
	struct err e = { 0 };

	CHECK_INT(child_run(spec, &end, &e), 0);
	CHECK_STR(e.text, "");
	return end;
}

static void
end_tells_how_it_ended(void)
{
	static const struct {
		const char *script, *output, *said;
		int exit, signal;
	} rows[] = {
		{ "echo out; echo err >&2", "out\n", "err", 0, 0 },
		{ "exit 3", "", "", 3, 0 },
		{ "echo a >&2; echo b >&2; exit 75", "", "b", 75, 0 },
		{ "echo a >&2; echo ' ' >&2", "", "a", 0, 0 },
		{ "printf 'no end' >&2", "", "no end", 0, 0 },
		{ "printf 'a\\033[2J\\001b\\n' >&2", "", "a [2J b", 0, 0 },
		{ "printf 'a\\377b\\n' >&2", "", "a?b", 0, 0 },
		{ "kill -9 $$", "", "", 137, 9 },
		{ "kill -TERM $$", "", "", 143, 15 },
		{ "kill -PIPE $$", "", "", 141, 13 },
		{ "cat", "", "", 0, 0 },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct child_spec spec = shell(rows[i].script);
		struct child_end end = run(&spec);

		check_at(rows[i].script);
		CHECK_STR(buf_text(&end.output), rows[i].output);
		CHECK_STR(end.said, rows[i].said);
		CHECK_INT(end.exit, rows[i].exit);
		CHECK_INT(end.signal, rows[i].signal);
		CHECK(!end.timed_out && !end.output_cut);
		buf_free(&end.output);
	}
}

static void
what_cannot_be_run_is_named(void)
{
	const char *argv[] = { "/no/such/tool", NULL };
	struct child_spec spec = { .argv = argv };
	struct child_end end;
	struct err e = { 0 };

	CHECK_INT(child_run(&spec, &end, &e), -1);
	CHECK_INT(e.class, ERR_OS);
	CHECK_STR(e.text, "run /no/such/tool: No such file or directory");
	argv[0] = "/etc/passwd";
	err_clear(&e);
	CHECK_INT(child_run(&spec, &end, &e), -1);
	CHECK_STR(e.text, "run /etc/passwd: Permission denied");
}

static void
output_is_kept_up_to_its_limit(void)
{
	struct child_spec spec = shell(
	    "head -c 3000000 /dev/zero | tr '\\0' x");
	struct child_end end = run(&spec);

	CHECK_INT(end.output.len, 1000);
	CHECK(end.output_cut);
	CHECK_INT(end.exit, 0);
	buf_free(&end.output);
	spec.output_limit = 3000000;
	end = run(&spec);
	CHECK_INT(end.output.len, 3000000);
	CHECK(!end.output_cut);
	CHECK(end.output.data[2999999] == 'x');
	buf_free(&end.output);
	spec.output_limit = 0;
	end = run(&spec);
	CHECK_INT(end.output.len, 0);
	CHECK(end.output_cut);
	buf_free(&end.output);
}

static void
input_arrives_whole(void)
{
	static char big[2000000];
	struct child_spec spec = shell("md5sum; echo $?");
	struct child_end end;

	memset(big, 'x', sizeof(big));
	spec.input = big;
	spec.input_len = sizeof(big);
	end = run(&spec);
	CHECK_STR(buf_text(&end.output),
	    "939ee55a36872cb4222e09cced62a7b5  -\n0\n");
	buf_free(&end.output);
	/* Both directions at once, more than pipes hold. */
	spec = shell("cat");
	spec.input = big;
	spec.input_len = spec.output_limit = sizeof(big);
	end = run(&spec);
	CHECK_INT(end.output.len, sizeof(big));
	CHECK_MEM(end.output.data, big, end.output.len);
	buf_free(&end.output);
	spec.input_len = 0;
	end = run(&spec);
	CHECK_INT(end.output.len, 0);
	CHECK_INT(end.exit, 0);
	buf_free(&end.output);
}

static void
without_sigpipe(void)
{
	static char big[2000000];
	struct child_spec spec = shell("exec <&-; sleep 0.1; echo done");
	struct child_end end;
	struct err e = { 0 };

	CHECK_INT(sig_open(&e), 0);
	spec.input = big;
	spec.input_len = sizeof(big);
	end = run(&spec);
	CHECK_STR(buf_text(&end.output), "done\n");
	CHECK_INT(end.exit, 0);
	buf_free(&end.output);
}

static void
one_that_reads_nothing_is_no_error(void)
{
	sandbox_in_child(without_sigpipe);
}

static void
secret_comes_by_descriptor_3_alone(void)
{
	struct child_spec spec = shell(
	    "cat <&3; tr '\\0' '\\n' </proc/$$/environ | grep -c hunter2; "
	    "tr '\\0' '\\n' </proc/$$/cmdline | grep -c 'r2$'");
	struct child_end end;
	struct err e = { 0 };
	char long_one[5000];

	spec.secret = "hunter2";
	end = run(&spec);
	CHECK_STR(buf_text(&end.output), "hunter2\n0\n0\n");
	buf_free(&end.output);
	memset(long_one, 'x', sizeof(long_one) - 1);
	long_one[sizeof(long_one) - 1] = '\0';
	spec.secret = long_one;
	CHECK_INT(child_run(&spec, &end, &e), -1);
	CHECK_STR(e.text, "a secret of more than 4096 bytes");
}

#define OPEN_ONES \
	"for i in $(seq 0 99); do [ -e /proc/$$/fd/$i ] && echo $i; done"

static void
with_low_fds_closed(void)
{
	struct child_spec spec = shell("cat; cat <&3; echo err >&2");
	struct child_end end;

	close(0);
	close(1);
	close(2);
	spec.input = "in ";
	spec.input_len = 3;
	spec.secret = "s";
	end = run(&spec);
	CHECK_STR(buf_text(&end.output), "in s\n");
	CHECK_STR(end.said, "err");
	buf_free(&end.output);
}

static void
nothing_else_of_ours_is_open_in_it(void)
{
	struct child_spec spec = shell(OPEN_ONES);
	struct child_end end;
	int fd = open("/dev/null", O_RDONLY); /* no O_CLOEXEC */

	end = run(&spec);
	CHECK_STR(buf_text(&end.output), "0\n1\n2\n");
	buf_free(&end.output);
	spec.secret = "x";
	end = run(&spec);
	CHECK_STR(buf_text(&end.output), "0\n1\n2\n3\n");
	buf_free(&end.output);
	close(fd);
	sandbox_in_child(with_low_fds_closed);
}

static void
environment_is_ours_with_changes(void)
{
	static const char *const env[] = { "CHILD_A=new", "CHILD_B=b c",
		"CHILD_GONE", NULL };
	struct child_spec spec = shell(
	    "env | grep ^CHILD_ | sort; echo $CHILD_B");
	struct child_end end;

	setenv("CHILD_A", "old", 1);
	setenv("CHILD_AA", "stays", 1);
	setenv("CHILD_GONE", "x", 1);
	spec.env = env;
	end = run(&spec);
	CHECK_STR(buf_text(&end.output),
	    "CHILD_A=new\nCHILD_AA=stays\nCHILD_B=b c\nb c\n");
	CHECK_STR(getenv("CHILD_A"), "old");
	buf_free(&end.output);
}

/* What comes to our stderr meanwhile. */
static const char *
stderr_of(const struct child_spec *spec)
{
	static char text[20000];
	char path[] = "/tmp/child.XXXXXX";
	int saved = dup(STDERR_FILENO), fd = mkstemp(path);
	struct child_end end;
	ssize_t n;

	unlink(path);
	dup2(fd, STDERR_FILENO);
	end = run(spec);
	dup2(saved, STDERR_FILENO);
	n = pread(fd, text, sizeof(text) - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	close(saved);
	close(fd);
	buf_free(&end.output);
	return text;
}

static void
lines_of_stderr_come_whole_and_fit_to_be_shown(void)
{
	struct child_spec spec = shell(
	    "printf 'tool: war' >&2; sleep 0.1; printf 'ning\\nrest\\033' >&2");
	const char *got;

	log_open("test", LOG_QUIET);
	CHECK_STR(stderr_of(&spec), "tool: warning\nrest \n");
	spec = shell("echo the password is hunter2 >&2");
	secret_add("hunter2", 7);
	CHECK_STR(stderr_of(&spec), "the password is *******\n");
	spec.silent = true;
	CHECK_STR(stderr_of(&spec), "");
	spec = shell("head -c 100000 /dev/zero | tr '\\0' x >&2; echo >&2; "
		     "echo next >&2");
	got = stderr_of(&spec);
	CHECK(strlen(got) < 5000 && strlen(got) > 3000);
	CHECK_STR(got + strlen(got) - 6, "\nnext\n");
	secret_free();
}

static void
time_out_ends_the_whole_group(void)
{
	struct child_spec spec = shell("sleep 60 & echo $!; sleep 61; echo no");
	struct child_end end;
	uint64_t begin = clock_mono_ms();

	spec.timeout_s = 1;
	end = run(&spec);
	CHECK(end.timed_out);
	CHECK_INT(end.signal, SIGTERM);
	CHECK_INT(end.exit, 143);
	CHECK(clock_mono_ms() - begin >= 1000);
	CHECK(clock_mono_ms() - begin < 5000);
	CHECK(end.ms >= 1000 && end.ms < 5000);
	CHECK(kill(atoi(buf_text(&end.output)), 0) == -1 && errno == ESRCH);
	buf_free(&end.output);
	/* One that is done in time is not ended. */
	spec = shell("echo yes");
	spec.timeout_s = 5;
	end = run(&spec);
	CHECK(!end.timed_out);
	CHECK_STR(buf_text(&end.output), "yes\n");
	buf_free(&end.output);
}

static void
stubborn_one_is_killed_after_its_grace(void)
{
	struct child_spec spec = shell(
	    "trap 'echo no, thanks >&2' TERM; while :; do sleep 0.05; done");
	struct child_end end;
	uint64_t begin = clock_mono_ms();

	spec.silent = true;
	spec.timeout_s = 1;
	spec.grace_s = 1;
	end = run(&spec);
	CHECK(end.timed_out);
	CHECK_INT(end.signal, SIGKILL);
	CHECK_STR(end.said, "no, thanks");
	CHECK(clock_mono_ms() - begin >= 2000);
	CHECK(clock_mono_ms() - begin < 6000);
}

static void
one_that_cleans_up_has_its_grace(void)
{
	struct child_spec spec = shell(
	    "trap 'sleep 1; echo clean; exit 9' TERM; sleep 60 & wait");
	struct child_end end;

	spec.timeout_s = 1;
	end = run(&spec);
	CHECK(end.timed_out);
	CHECK_INT(end.exit, 9);
	CHECK_STR(buf_text(&end.output), "clean\n");
	buf_free(&end.output);
}

static void
what_it_left_behind_is_ended(void)
{
	static const struct {
		const char *script;
		uint64_t grace_s, most_ms;
	} rows[] = {
		{ "sleep 60 & echo $!", 60, 4000 }, /* holds the pipes */
		{ "sleep 60 >/dev/null 2>&1 & echo $!", 60, 4000 },
		{ "(trap '' TERM; sleep 60) & sleep 0.2; echo $!", 1, 4000 },
		/* A tool's half an hour is not theirs. */
		{ "(trap '' TERM; sleep 60) & sleep 0.2; echo $!", 1800, 9000 },
	};
	struct child_end end;
	uint64_t begin;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct child_spec spec = shell(rows[i].script);

		check_at(rows[i].script);
		spec.grace_s = rows[i].grace_s;
		begin = clock_mono_ms();
		end = run(&spec);
		CHECK_INT(end.exit, 0);
		CHECK(clock_mono_ms() - begin < rows[i].most_ms);
		CHECK(kill(atoi(buf_text(&end.output)), 0) == -1);
		CHECK(end.ms < 900);
		buf_free(&end.output);
	}
}

/* A service that a hook started: it is not ours to end. */
static void
what_left_its_group_does_not_hold_us_up(void)
{
	struct child_spec spec = shell(
	    "setsid sh -c 'echo $$; exec sleep 60' & sleep 0.3");
	uint64_t begin = clock_mono_ms();
	struct child_end end = run(&spec);
	pid_t pid = atoi(buf_text(&end.output));

	CHECK(clock_mono_ms() - begin < 3000);
	CHECK(pid > 1 && kill(pid, SIGKILL) == 0);
	CHECK_INT(waitpid(pid, NULL, 0), pid); /* it came to us */
	buf_free(&end.output);
}

static void
several_run_at_once(void)
{
	static const struct {
		const char *script, *output;
	} rows[] = { { "sleep 2.5; echo c", "c\n" },
		{ "sleep 0.5; echo a", "a\n" },
		{ "sleep 1.5; echo b", "b\n" } };
	struct err e = { 0 };
	struct children *c = children_open(&e);
	struct child_end end;
	struct buf order = { 0 };
	void *what;
	size_t i;

	CHECK_INT(children_wait(c, -1, &what, &end, &e), 0);
	for (i = 0; i < 3; i++) {
		struct child_spec spec = shell(rows[i].script);

		CHECK_INT(children_start(c, &spec,
			      (void *)(uintptr_t)rows[i].output, &e),
		    0);
		if (i == 0) /* the slowest */
			CHECK_INT(children_wait(c, 1, &what, &end, &e), 0);
	}
	CHECK_INT(children_running(c), 3);
	for (; children_wait(c, -1, &what, &end, &e) == 1; i++) {
		CHECK_STR(buf_text(&end.output), what);
		buf_puts(&order, buf_text(&end.output));
		buf_free(&end.output);
	}
	CHECK_STR(buf_text(&order), "a\nb\nc\n");
	CHECK_INT(children_running(c), 0);
	buf_free(&order);
	children_free(c);
}

static size_t
open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	size_t n = 0;

	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

static void
a_thousand_leave_nothing(void)
{
	const char *argv[] = { "/bin/true", NULL };
	struct child_spec spec = { .argv = argv, .input = "x", .input_len = 1 };
	size_t fds = open_fds();
	struct err e = { 0 };
	struct children *c = children_open(&e);
	struct child_end end;
	int i, ended = 0;
	void *what;

	spec.secret = "s";
	signal(SIGPIPE, SIG_IGN);
	for (i = 0; i < 1000; i++) {
		CHECK_INT(children_start(c, &spec, NULL, &e), 0);
		while (children_running(c) > (i < 999 ? 7 : 0)) {
			CHECK_INT(children_wait(c, -1, &what, &end, &e), 1);
			ended += end.exit == 0;
			buf_free(&end.output);
		}
	}
	signal(SIGPIPE, SIG_DFL);
	CHECK_INT(ended, 1000);
	children_free(c);
	CHECK_INT(open_fds(), fds);
	CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
}

static void
free_ends_what_runs(void)
{
	struct child_spec spec = shell("exec sleep 60");
	struct child_spec stubborn = shell("trap '' TERM; sleep 60 & wait; :");
	uint64_t begin = clock_mono_ms();
	struct err e = { 0 };
	struct children *c = children_open(&e);

	stubborn.grace_s = 1;
	CHECK_INT(children_start(c, &spec, NULL, &e), 0);
	CHECK_INT(children_start(c, &stubborn, NULL, &e), 0);
	children_free(c);
	CHECK(clock_mono_ms() - begin < 4000);
	CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
}

/* Each writes how many it got. */
static void
be_told(void)
{
	struct child_spec spec = shell(
	    "n=0; trap 'n=$((n + 1))' TERM; i=0; while [ $i -lt 15 ]; do "
	    "sleep 0.1; i=$((i + 1)); done; echo $n");
	struct child_end end;
	struct err e = { 0 };
	struct children *c;
	void *what;
	int i;

	CHECK_INT(sig_open(&e), 0);
	c = children_open(&e);
	spec.silent = true;
	for (i = 0; i < 2; i++)
		CHECK_INT(children_start(c, &spec, NULL, &e), 0);
	CHECK_INT(children_wait(c, 300, &what, &end, &e), 0);
	raise(SIGTERM);
	raise(SIGTERM);
	CHECK_INT(children_start(c, &spec, NULL, &e), -1);
	CHECK_STR(e.text, "interrupted by SIGTERM");
	err_clear(&e);
	for (i = 0; i < 2; i++) {
		CHECK_INT(children_wait(c, -1, &what, &end, &e), 1);
		CHECK_STR(buf_text(&end.output), "1\n");
		CHECK_INT(end.exit, 0);
		CHECK(!end.timed_out);
		buf_free(&end.output);
	}
	CHECK_INT(children_wait(c, 60000, &what, &end, &e), 0);
	/* What must still be done. */
	sig_shield();
	spec = shell("echo thawed");
	CHECK_INT(children_start(c, &spec, NULL, &e), 0);
	CHECK_INT(children_wait(c, -1, &what, &end, &e), 1);
	CHECK_STR(buf_text(&end.output), "thawed\n");
	buf_free(&end.output);
	sig_unshield();
	children_free(c);
}

static void
signal_is_passed_on_once(void)
{
	sandbox_in_child(be_told);
}

/* A planner that dies: its child writes what came of it. */
static void
orphan(const char *script)
{
	struct child_spec spec = shell(script);
	struct err e = { 0 };
	struct children *c = children_open(&e);

	if (children_start(c, &spec, NULL, &e) == 0)
		sandbox_write("started", "", 0, 0600);
	for (;;)
		pause();
}

static bool
appears(const char *name)
{
	int i;

	for (i = 0; i < 500 && access(sandbox_path(name), F_OK) == -1; i++)
		usleep(10000);
	return access(sandbox_path(name), F_OK) == 0;
}

static void
death_of_the_planner_ends_its_children(void)
{
	char script[1000];
	pid_t pid;

	sandbox_open();
	snprintf(script, sizeof(script),
	    "trap 'echo told >%s; exit' TERM; :>%s; "
	    "while :; do sleep 0.1; done",
	    sandbox_path("told"), sandbox_path("ready"));
	pid = fork();
	if (pid == 0)
		orphan(script);
	CHECK(appears("started") && appears("ready"));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	CHECK(appears("told"));
	usleep(50000);
	CHECK_STR(sandbox_read("told"), "told\n");
	sandbox_free();
}

/* The shell is told by the kernel; what it waits for, by nobody but a guard. */
static void
death_of_the_planner_ends_what_its_children_started(void)
{
	char script[1000];
	pid_t pid, group;
	int i;

	sandbox_open();
	snprintf(script, sizeof(script),
	    "echo $$ >%s; :>%s; sleep 600; :", sandbox_path("group"),
	    sandbox_path("ready"));
	pid = fork();
	if (pid == 0)
		orphan(script);
	CHECK(appears("started") && appears("ready"));
	group = (pid_t)atoi(sandbox_read("group"));
	if (!CHECK(group > 1))
		return;
	/* The orphans come to us: not every process 1 buries its dead. */
	CHECK(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	for (i = 0; i < 1000 && kill(-group, 0) == 0; i++) {
		usleep(10000);
		waitpid(-group, NULL, WNOHANG);
	}
	CHECK(kill(-group, 0) == -1 && errno == ESRCH);
	kill(-group, SIGKILL);
	sandbox_free();
}

/* nohup, and a parent that wants to know of no child. */
static void
with_dispositions(void)
{
	struct child_spec spec = shell("kill -HUP $$; echo alive; exit 4");
	struct child_end end;
	sigset_t all;

	signal(SIGHUP, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	end = run(&spec);
	CHECK_STR(buf_text(&end.output), "alive\n");
	CHECK_INT(end.exit, 4);
	buf_free(&end.output);
	spec = shell("kill -TERM $$; echo alive");
	end = run(&spec);
	CHECK_INT(end.exit, 143);
	buf_free(&end.output);
}

static void
signals_are_as_at_the_start_of_a_program(void)
{
	sandbox_in_child(with_dispositions);
}

CHECK_MAIN(TEST(end_tells_how_it_ended), TEST(what_cannot_be_run_is_named),
    TEST(output_is_kept_up_to_its_limit), TEST(input_arrives_whole),
    TEST(one_that_reads_nothing_is_no_error),
    TEST(secret_comes_by_descriptor_3_alone),
    TEST(nothing_else_of_ours_is_open_in_it),
    TEST(environment_is_ours_with_changes),
    TEST(lines_of_stderr_come_whole_and_fit_to_be_shown),
    TEST(time_out_ends_the_whole_group),
    TEST(stubborn_one_is_killed_after_its_grace),
    TEST(one_that_cleans_up_has_its_grace), TEST(what_it_left_behind_is_ended),
    TEST(what_left_its_group_does_not_hold_us_up), TEST(several_run_at_once),
    TEST(a_thousand_leave_nothing), TEST(free_ends_what_runs),
    TEST(signal_is_passed_on_once),
    TEST(death_of_the_planner_ends_its_children),
    TEST(death_of_the_planner_ends_what_its_children_started),
    TEST(signals_are_as_at_the_start_of_a_program))
