#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/syscall.h>
#include "base/secret.h"
#include "sandbox.h"
#include "sys/file.h"

/* In place of libc's: what was synced, and how that is to end. */
static char synced[PATH_MAX];
static int sync_errno;

int
fsync(int fd)
{
	size_t n = strlen(synced);
	char link[64];
	ssize_t got;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	got = readlink(link, synced + n, sizeof(synced) - n - 2);
	if (got == -1)
		abort();
	strcpy(synced + n + got, "\n");
	errno = sync_errno;
	return sync_errno == 0 ? (int)syscall(SYS_fsync, fd) : -1;
}

static void
file_is_read_whole_or_not(void)
{
	struct buf b = { .limit = 5 };
	struct err e = { 0 };

	sandbox_open();
	sandbox_write("f", "ab\0cd", 5, 0644);
	CHECK_INT(file_read(sandbox_path("f"), &b, &e), 0);
	CHECK_INT(b.len, 5);
	CHECK_MEM(b.data, "ab\0cd", 5);
	buf_cut(&b, 1);
	CHECK_INT(file_read(sandbox_path("f"), &b, &e), -1);
	CHECK_INT(e.class, ERR_DATA);
	CHECK_STR(e.text, sandbox_text("%s: more than 5 bytes", "f"));
	err_clear(&e);
	CHECK_INT(file_read(sandbox_path("no"), &b, &e), -1);
	CHECK_INT(e.class, ERR_NOTFOUND);
	CHECK_STR(e.text,
	    sandbox_text("open %s: No such file or directory", "no"));
	err_clear(&e);
	CHECK_INT(file_read(sandbox_path("f/no"), &b, &e), -1);
	CHECK_INT(e.class, ERR_OS);
	err_clear(&e);
	CHECK_INT(file_read(sandbox_root, &b, &e), -1);
	CHECK_INT(e.class, ERR_IO);
	CHECK(strstr(e.text, ": read: Is a directory") != NULL);
	buf_free(&b);
	sandbox_free();
}

static void
secret_is_the_first_line(void)
{
	static char much[5000];
	static const struct {
		const char *bytes;
		size_t n;
		const char *secret, *text;
	} rows[] = {
		{ "hunter2\n", 8, "hunter2", "" },
		{ "hunter3", 7, "hunter3", "" },
		{ "hunter4\r\nsecond\n", 16, "hunter4", "" },
		{ " with blanks \n", 14, " with blanks ", "" },
		{ "", 0, NULL, "%s: the first line is empty" },
		{ "\nsecond\n", 8, NULL, "%s: the first line is empty" },
		{ "a\0b\n", 4, NULL, "%s: holds a NUL byte" },
		{ much, 4097, NULL, "%s: more than 4096 bytes" },
	};
	size_t i;

	memset(much, 'x', sizeof(much));
	sandbox_open();
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { 0 };
		char line[] = "it is hunter2, hunter3, hunter4.";
		char *secret;

		check_at(rows[i].bytes);
		sandbox_write("s", rows[i].bytes, rows[i].n, 0600);
		secret = file_read_secret(sandbox_path("s"), false, &e);
		CHECK_STR(secret, rows[i].secret);
		CHECK_STR(e.text, sandbox_text(rows[i].text, "s"));
		CHECK_INT(e.class, secret == NULL ? ERR_CONFIG : ERR_NONE);
		secret_mask(line, strlen(line));
		CHECK(secret == NULL || strstr(line, secret) == NULL);
		free(secret);
	}
	secret_free();
	sandbox_free();
}

static void
secret_that_others_can_read_is_refused(void)
{
	static const struct {
		mode_t mode;
		const char *text;
	} rows[] = {
		{ 0600, "" },
		{ 0400, "" },
		{ 0700, "" },
		{ 0640, "%s: mode 0640 lets others read it, chmod 600 it" },
		{ 0604, "%s: mode 0604 lets others read it, chmod 600 it" },
		{ 0620, "%s: mode 0620 lets others read it, chmod 600 it" },
		{ 0602, "%s: mode 0602 lets others read it, chmod 600 it" },
	};
	struct err e;
	char *secret;
	size_t i;

	sandbox_open();
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		sandbox_write("s", "word", 4, rows[i].mode);
		err_clear(&e);
		secret = file_read_secret(sandbox_path("s"), false, &e);
		CHECK_STR(e.text, sandbox_text(rows[i].text, "s"));
		CHECK((secret == NULL) == (e.class == ERR_CONFIG));
		free(secret);
		err_clear(&e);
		secret = file_read_secret(sandbox_path("s"), true, &e);
		CHECK_STR(secret, "word");
		free(secret);
	}
	if (geteuid() == 0) {
		sandbox_write("s", "word", 4, 0600);
		CHECK_INT(chown(sandbox_path("s"), 12345, 0), 0);
		CHECK(file_read_secret(sandbox_path("s"), false, &e) == NULL);
		CHECK_STR(e.text,
		    sandbox_text("%s: belongs to another user (uid 12345)",
			"s"));
	}
	secret_free();
	sandbox_free();
}

static void
secret_of_no_regular_file_hangs_nobody(void)
{
	struct err e = { 0 };

	sandbox_open();
	CHECK_INT(mkfifo(sandbox_path("fifo"), 0600), 0);
	CHECK(file_read_secret(sandbox_path("fifo"), false, &e) == NULL);
	CHECK_INT(e.class, ERR_CONFIG);
	CHECK_STR(e.text, sandbox_text("%s: not a regular file", "fifo"));
	err_clear(&e);
	CHECK(file_read_secret(sandbox_path("fifo"), true, &e) == NULL);
	err_clear(&e);
	CHECK(file_read_secret(sandbox_path("no"), false, &e) == NULL);
	CHECK_INT(e.class, ERR_CONFIG);
	CHECK_STR(e.text,
	    sandbox_text("open %s: No such file or directory", "no"));
	sandbox_free();
}

static void
secret_comes_from_an_open_file_as_well(void)
{
	struct err e = { 0 };
	int fds[2];
	char *secret;

	CHECK_INT(pipe(fds), 0);
	CHECK_INT(write(fds[1], "piped\nrest", 10), 10);
	close(fds[1]);
	secret = file_read_secret_fd(fds[0], &e);
	CHECK_STR(secret, "piped");
	free(secret);
	close(fds[0]);
	CHECK(file_read_secret_fd(777, &e) == NULL);
	CHECK_INT(e.class, ERR_CONFIG);
	CHECK_STR(e.text, "file descriptor 777: read: Bad file descriptor");
	secret_free();
}

static void
folder_made_outlives_a_power_cut(void)
{
	struct err e = { 0 };
	char want[400], old[400];
	struct stat st;

	sandbox_open();
	snprintf(want, sizeof(want), "%s\n", sandbox_root);
	synced[0] = '\0';
	CHECK_INT(file_mkdir(sandbox_path("new"), &e), 0);
	CHECK_STR(synced, want);
	CHECK_INT(stat(sandbox_path("new"), &st), 0);
	CHECK(S_ISDIR(st.st_mode));
	synced[0] = '\0';
	CHECK_INT(file_mkdir(sandbox_path("slash/"), &e), 0);
	CHECK_STR(synced, want);
	CHECK(getcwd(old, sizeof(old)) != NULL && chdir(sandbox_root) == 0);
	synced[0] = '\0';
	CHECK_INT(file_mkdir("relative", &e), 0);
	CHECK_STR(synced, want);
	CHECK_INT(chdir(old), 0);
	CHECK_STR(sandbox_names(), "new relative slash");
	synced[0] = '\0';
	CHECK_INT(symlink("new", sandbox_path("link")), 0);
	CHECK_INT(file_mkdir(sandbox_path("new"), &e), 0);
	CHECK_INT(file_mkdir(sandbox_path("link"), &e), 0);
	CHECK_INT(file_mkdir("/", &e), 0);
	CHECK_STR(synced, "");
	sandbox_free();
}

/* Else the next run would find it, and take it for durable. */
static void
folder_that_may_not_last_is_not_left(void)
{
	struct err e = { 0 };
	char want[400];

	sandbox_open();
	sync_errno = EIO;
	CHECK_INT(file_mkdir(sandbox_path("new"), &e), -1);
	sync_errno = 0;
	CHECK_INT(e.class, ERR_IO);
	snprintf(want, sizeof(want), "fsync %s: Input/output error",
	    sandbox_root);
	CHECK_STR(e.text, want);
	CHECK_STR(sandbox_names(), "");
	sandbox_free();
}

static void
folder_that_cannot_be_made_is_named(void)
{
	static const struct {
		const char *name, *text;
		int class;
	} rows[] = {
		{ "file", "make folder %s: Not a directory", ERR_CREATE },
		{ "dangling", "make folder %s: Not a directory", ERR_CREATE },
		{ "no/new", "make folder %s: No such file or directory",
		    ERR_CREATE },
		{ "file/new", "make folder %s: Not a directory", ERR_CREATE },
	};
	size_t i;

	sandbox_open();
	sandbox_write("file", "", 0, 0644);
	CHECK_INT(symlink("nowhere", sandbox_path("dangling")), 0);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { 0 };

		CHECK_INT(file_mkdir(sandbox_path(rows[i].name), &e), -1);
		CHECK_STR(e.text, sandbox_text(rows[i].text, rows[i].name));
		CHECK_INT(e.class, rows[i].class);
	}
	sandbox_free();
}

static void
only_a_folder_is_synced_as_one(void)
{
	struct err e = { 0 };

	sandbox_open();
	sandbox_write("file", "", 0, 0644);
	CHECK_INT(file_sync_dir(sandbox_path("."), &e), 0);
	CHECK_INT(file_sync_dir(sandbox_path("file"), &e), -1);
	CHECK_INT(e.class, ERR_CREATE);
	CHECK_STR(e.text, sandbox_text("open %s: Not a directory", "file"));
	sandbox_free();
}

static void
room_is_that_of_the_place(void)
{
	struct err e = { 0 };
	uint64_t bytes = 1;

	CHECK_INT(file_free_bytes("/proc", &bytes, &e), 0);
	CHECK_INT(bytes, 0);
	sandbox_open();
	CHECK_INT(file_free_bytes(sandbox_root, &bytes, &e), 0);
	CHECK(bytes > 0 && bytes % 512 == 0);
	CHECK_INT(file_free_bytes(sandbox_path("no"), &bytes, &e), -1);
	CHECK_INT(e.class, ERR_CREATE);
	CHECK_STR(e.text, sandbox_text("%s: No such file or directory", "no"));
	sandbox_free();
}

static void
removal_stays_in_the_tree(void)
{
	struct err e = { 0 };

	sandbox_open();
	CHECK_INT(mkdir(sandbox_path("kept"), 0755), 0);
	sandbox_write("kept/file", "x", 1, 0644);
	CHECK_INT(mkdir(sandbox_path("tree"), 0755), 0);
	CHECK_INT(mkdir(sandbox_path("tree/sub"), 0755), 0);
	sandbox_write("tree/sub/.hidden", "x", 1, 0);
	CHECK_INT(symlink("../../kept", sandbox_path("tree/sub/link")), 0);
	CHECK_INT(symlink("..", sandbox_path("tree/up")), 0);
	CHECK_INT(mkfifo(sandbox_path("tree/fifo"), 0600), 0);
	CHECK_INT(file_remove_tree(sandbox_path("tree"), &e), 0);
	CHECK_STR(sandbox_names(), "kept");
	CHECK_STR(sandbox_read("kept/file"), "x");
	CHECK_INT(symlink("kept", sandbox_path("link")), 0);
	CHECK_INT(file_remove_tree(sandbox_path("link"), &e), 0);
	CHECK_STR(sandbox_names(), "kept");
	CHECK_INT(file_remove_tree(sandbox_path("no"), &e), 0);
	CHECK_STR(e.text, "");
	sandbox_free();
}

static void
endless_tree_does_not_exhaust_the_stack(void)
{
	struct err e = { 0 };
	int i, at;

	sandbox_open();
	at = open(sandbox_root, O_RDONLY | O_DIRECTORY);
	for (i = 0; i < 70; i++) {
		int next;

		CHECK_INT(mkdirat(at, "d", 0755), 0);
		next = openat(at, "d", O_RDONLY | O_DIRECTORY);
		close(at);
		at = next;
	}
	close(at);
	CHECK_INT(file_remove_tree(sandbox_path("d"), &e), -1);
	CHECK_STR(e.text, "d: too deep");
	CHECK_INT(e.class, ERR_OS);
	err_clear(&e);
	CHECK_INT(file_remove_tree(sandbox_path("d/d/d/d/d/d/d/d/d/d"), &e), 0);
	sandbox_free();
}

static void
path_has_one_slash_between(void)
{
	static const char *const rows[][3] = { { "a", "b", "a/b" },
		{ "a/", "b", "a/b" }, { "/", "b", "/b" }, { "", "b", "/b" } };
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *path = file_join(rows[i][0], rows[i][1]);

		CHECK_STR(path, rows[i][2]);
		free(path);
	}
}

CHECK_MAIN(TEST(file_is_read_whole_or_not), TEST(secret_is_the_first_line),
    TEST(secret_that_others_can_read_is_refused),
    TEST(secret_of_no_regular_file_hangs_nobody),
    TEST(secret_comes_from_an_open_file_as_well),
    TEST(folder_made_outlives_a_power_cut),
    TEST(folder_that_may_not_last_is_not_left),
    TEST(folder_that_cannot_be_made_is_named),
    TEST(only_a_folder_is_synced_as_one), TEST(room_is_that_of_the_place),
    TEST(removal_stays_in_the_tree),
    TEST(endless_tree_does_not_exhaust_the_stack),
    TEST(path_has_one_slash_between))
