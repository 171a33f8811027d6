#include <fcntl.h>
#include <signal.h>
#include "sandbox.h"
#include "sys/lock.h"

static void
two_runs_do_not_work_on_the_same(void)
{
	static const struct {
		bool first, second, fits;
	} rows[] = {
		{ true, true, false },
		{ true, false, false },
		{ false, true, false },
		{ false, false, true },
	};
	size_t i;

	sandbox_open();
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { 0 };
		struct lock *one, *two;

		one = lock_open(sandbox_path("l"), rows[i].first, &e);
		CHECK(one != NULL);
		two = lock_open(sandbox_path("l"), rows[i].second, &e);
		CHECK_INT(two != NULL, rows[i].fits);
		CHECK_INT(e.class, rows[i].fits ? ERR_NONE : ERR_TEMP);
		CHECK_STR(e.text,
		    rows[i].fits
			? ""
			: sandbox_text("%s is locked by another run", "l"));
		lock_free(two);
		lock_free(one);
	}
	CHECK_STR(sandbox_names(), "l");
	lock_free(NULL);
	sandbox_free();
}

static void
other_things_are_not_locked(void)
{
	struct err e = { 0 };
	struct lock *one, *two;

	sandbox_open();
	one = lock_open(sandbox_path("a"), true, &e);
	two = lock_open(sandbox_path("b"), true, &e);
	CHECK(one != NULL && two != NULL);
	lock_free(one);
	one = lock_open(sandbox_path("a"), true, &e);
	CHECK(one != NULL);
	lock_free(one);
	lock_free(two);
	sandbox_free();
}

/* A process that holds the lock, and says so through fd. */
static pid_t
start_holder(int fd)
{
	struct err e = { 0 };
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	if (lock_open(sandbox_path("l"), true, &e) == NULL ||
	    write(fd, "!", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

static void
killed_run_leaves_no_lock(void)
{
	struct err e = { 0 };
	struct lock *l;
	int fds[2];
	pid_t pid;
	char c;

	sandbox_open();
	CHECK_INT(pipe(fds), 0);
	pid = start_holder(fds[1]);
	CHECK_INT(read(fds[0], &c, 1), 1);
	CHECK(lock_open(sandbox_path("l"), true, &e) == NULL);
	CHECK_INT(e.class, ERR_TEMP);
	kill(pid, SIGKILL);
	CHECK_INT(waitpid(pid, NULL, 0), pid);
	err_clear(&e);
	l = lock_open(sandbox_path("l"), true, &e);
	CHECK(l != NULL);
	lock_free(l);
	close(fds[0]);
	close(fds[1]);
	sandbox_free();
}

static void
program_we_start_does_not_keep_the_lock(void)
{
	struct err e = { 0 };
	struct lock *l;
	int fds[2];
	pid_t pid;
	char c;

	sandbox_open();
	CHECK_INT(pipe2(fds, O_CLOEXEC), 0);
	l = lock_open(sandbox_path("l"), true, &e);
	pid = fork();
	if (pid == 0) {
		execl("/bin/sleep", "sleep", "60", (char *)NULL);
		_exit(1);
	}
	close(fds[1]);
	CHECK_INT(read(fds[0], &c, 1), 0); /* it has begun */
	lock_free(l);
	l = lock_open(sandbox_path("l"), true, &e);
	CHECK(l != NULL);
	lock_free(l);
	kill(pid, SIGKILL);
	CHECK_INT(waitpid(pid, NULL, 0), pid);
	close(fds[0]);
	sandbox_free();
}

static void
lock_that_cannot_be_is_named(void)
{
	static const struct {
		const char *name, *text;
	} rows[] = {
		{ "no/l", "open lock %s: No such file or directory" },
		{ "link", "open lock %s: Too many levels of symbolic links" },
		{ ".", "open lock %s: Is a directory" },
	};
	size_t i;

	sandbox_open();
	CHECK_INT(symlink("elsewhere", sandbox_path("link")), 0);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { 0 };

		CHECK(lock_open(sandbox_path(rows[i].name), true, &e) == NULL);
		CHECK_INT(e.class, ERR_CREATE);
		CHECK_STR(e.text, sandbox_text(rows[i].text, rows[i].name));
	}
	CHECK_STR(sandbox_names(), "link");
	sandbox_free();
}

static void
lock_without_a_file_ends_with_its_holder(void)
{
	struct err e = { 0 };
	static struct lock *l;
	struct lock *other;
	char name[120];
	int status;
	pid_t pid;

	snprintf(name, sizeof(name), "esxbk-test/%ld", (long)getpid());
	l = lock_open_name(name, "the thing", &e);
	CHECK(l != NULL);
	CHECK(lock_open_name(name, "the thing", &e) == NULL);
	CHECK_INT(e.class, ERR_TEMP);
	CHECK_STR(e.text, "the thing is locked by another run");
	err_clear(&e);
	strcat(name, "2");
	other = lock_open_name(name, "another thing", &e);
	CHECK(other != NULL);
	lock_free(other);
	lock_free(l);
	pid = fork();
	if (pid == 0) {
		l = lock_open_name(name, "it", &e);
		raise(SIGKILL);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
	l = lock_open_name(name, "it", &e);
	CHECK(l != NULL);
	lock_free(l);
	memset(name, 'x', 108);
	name[108] = '\0';
	CHECK(lock_open_name(name, "it", &e) == NULL);
	CHECK_INT(e.class, ERR_BUG);
}

CHECK_MAIN(TEST(two_runs_do_not_work_on_the_same),
    TEST(other_things_are_not_locked), TEST(killed_run_leaves_no_lock),
    TEST(program_we_start_does_not_keep_the_lock),
    TEST(lock_that_cannot_be_is_named),
    TEST(lock_without_a_file_ends_with_its_holder))
