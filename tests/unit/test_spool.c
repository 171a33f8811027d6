#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "sandbox.h"
#include "sys/afile.h"
#include "sys/sig.h"

static void
bytes_can_be_written_over_and_cut_off(void)
{
	struct err e = { 0 };
	struct afile *f;

	sandbox_open();
	f = afile_open(sandbox_path("a"), AFILE_NEW, 0644, &e);
	CHECK_INT(afile_write(f, "0123456789", 10, &e), 0);
	CHECK_INT(afile_write_at(f, 2, "ab", 2, &e), 0);
	CHECK_INT(afile_write(f, "more", 4, &e), 0);
	CHECK_INT(afile_bytes(f), 14);
	CHECK_INT(afile_cut(f, 12, &e), 0);
	CHECK_INT(afile_write(f, "!", 1, &e), 0);
	CHECK_INT(afile_bytes(f), 13);
	CHECK_INT(afile_write_at(f, 12, "ab", 2, &e), -1);
	CHECK_STR(e.text, "write behind the end of .a.partial");
	err_clear(&e);
	CHECK_INT(afile_write_at(f, UINT64_MAX, "ab", 2, &e), -1);
	err_clear(&e);
	CHECK_INT(afile_cut(f, 14, &e), -1);
	CHECK_STR(e.text, "cut behind the end of .a.partial");
	err_clear(&e);
	CHECK_INT(afile_commit(f, &e), 0);
	afile_free(f);
	CHECK_STR(sandbox_read("a"), "01ab456789mo!");
	sandbox_free();
}

static void
two_writers_never_publish_a_mixture(void)
{
	struct err e = { 0 };
	struct afile *f, *other;
	int fd;

	sandbox_open();
	f = afile_open(sandbox_path("a"), AFILE_REPLACE, 0600, &e);
	CHECK_INT(afile_write(f, "mine", 4, &e), 0);
	other = afile_open(sandbox_path("a"), AFILE_REPLACE, 0600, &e);
	CHECK(other == NULL);
	CHECK_INT(e.class, ERR_TEMP);
	CHECK(strstr(e.text, "/a: another run is writing it") != NULL);
	err_clear(&e);
	CHECK_INT(afile_commit(f, &e), 0);
	afile_free(f);
	CHECK_STR(sandbox_read("a"), "mine");
	/* One that nobody holds is a leftover. */
	sandbox_write(".a.partial", "left behind", 11, 0600);
	f = afile_open(sandbox_path("a"), AFILE_REPLACE, 0600, &e);
	CHECK_INT(afile_commit(f, &e), 0);
	afile_free(f);
	CHECK_STR(sandbox_read("a"), "");
	/* One that a process opened but did not begin. */
	sandbox_write(".a.partial", "", 0, 0600);
	fd = open(sandbox_path(".a.partial"), O_RDONLY);
	CHECK_INT(flock(fd, LOCK_EX), 0);
	CHECK(afile_open(sandbox_path("a"), AFILE_REPLACE, 0600, &e) == NULL);
	close(fd);
	CHECK_STR(sandbox_names(), ".a.partial a");
	sandbox_free();
}

/* Ends with the class of the failure. */
static pid_t
start_spool(const int fds[2], size_t bytes)
{
	static const char zeros[65536];
	struct err e = { 0 };
	struct afile *f;
	pid_t pid = fork();
	size_t i;

	if (pid != 0)
		return pid;
	close(fds[0]);
	sig_open(&e);
	f = afile_open_spool(fds[1], "standard output", sandbox_root, &e);
	for (i = 0; f != NULL && i < bytes / sizeof(zeros); i++)
		afile_write(f, zeros, sizeof(zeros), &e);
	if (f != NULL && e.class == ERR_NONE)
		afile_commit(f, &e);
	afile_free(f);
	_exit(e.class == ERR_IO &&
		    strcmp(e.text, "write to standard output: Broken pipe") == 0
		? ERR_IO
		: e.class + (e.class == ERR_IO ? 1 : 0));
}

static int
status_of(pid_t pid)
{
	int status = 0;

	return waitpid(pid, &status, 0) == pid && WIFEXITED(status)
	    ? WEXITSTATUS(status)
	    : -1;
}

static void
broken_pipe_is_an_error_with_a_reason(void)
{
	int fds[2];
	pid_t pid;

	sandbox_open();
	CHECK_INT(pipe(fds), 0);
	pid = start_spool(fds, 1 << 20);
	close(fds[1]);
	close(fds[0]);
	CHECK_INT(status_of(pid), ERR_IO);
	CHECK_STR(sandbox_names(), "");
	sandbox_free();
}

/* A reader that has stopped must not keep us from ending. */
static void
signal_ends_a_copy_that_nobody_reads(void)
{
	uint64_t start;
	int fds[2], filled = 0;
	pid_t pid;

	sandbox_open();
	CHECK_INT(pipe(fds), 0);
	pid = start_spool(fds, 1 << 20);
	close(fds[1]);
	start = clock_mono_ms();
	/* It has begun when the pipe is full. */
	while (filled < 65536 && clock_mono_ms() - start < 10000) {
		CHECK_INT(ioctl(fds[0], FIONREAD, &filled), 0);
		usleep(10000);
	}
	CHECK_INT(filled, 65536);
	kill(pid, SIGTERM);
	CHECK_INT(status_of(pid), ERR_SIGNAL + SIGTERM);
	CHECK(clock_mono_ms() - start < 10000);
	close(fds[0]);
	sandbox_free();
}

static void
output_that_cannot_be_written_is_told_at_once(void)
{
	struct err e = { 0 };
	int fd = open("/dev/null", O_RDONLY);

	sandbox_open();
	CHECK(
	    afile_open_spool(fd, "standard output", sandbox_root, &e) == NULL);
	CHECK_INT(e.class, ERR_IO);
	CHECK_STR(e.text, "write to standard output: Bad file descriptor");
	close(fd);
	sandbox_free();
}

CHECK_MAIN(TEST(bytes_can_be_written_over_and_cut_off),
    TEST(two_writers_never_publish_a_mixture),
    TEST(broken_pipe_is_an_error_with_a_reason),
    TEST(signal_ends_a_copy_that_nobody_reads),
    TEST(output_that_cannot_be_written_is_told_at_once))
