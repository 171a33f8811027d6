#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include "sandbox.h"
#include "sys/afile.h"

/* In place of libc's: the order of what was called, and which fails how. */
static char calls[200];
static const char *failing = "";
static int failing_errno;

static bool
fails(const char *call)
{
	strcat(strcat(calls, calls[0] == '\0' ? "" : " "), call);
	if (strcmp(call, failing) != 0)
		return false;
	errno = failing_errno;
	return true;
}

int
fsync(int fd)
{
	struct stat st;
	bool is_dir = fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);

	if (fails(is_dir ? "fsync-dir" : "fsync"))
		return -1;
	return (int)syscall(SYS_fsync, fd);
}

int
renameat2(int from_dir, const char *from, int to_dir, const char *to,
    unsigned int flags)
{
	if (fails(flags == 0 ? "replace" : "rename"))
		return -1;
	return (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, flags);
}

/* Of a file system that has none. */
static bool no_links;

int
linkat(int from_dir, const char *from, int to_dir, const char *to, int flags)
{
	if (no_links) {
		errno = EPERM;
		return -1;
	}
	return (int)syscall(SYS_linkat, from_dir, from, to_dir, to, flags);
}

/* Of NFS: who may not write gets no exclusive one.  Of others: nobody. */
static enum { LOCKS, LOCKS_OF_NFS, NO_LOCKS } locks;

int
flock(int fd, int operation)
{
	bool may_write = (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY;

	if (locks == NO_LOCKS || (locks == LOCKS_OF_NFS && !may_write)) {
		errno = locks == NO_LOCKS ? ENOLCK : EBADF;
		return -1;
	}
	return (int)syscall(SYS_flock, fd, operation);
}

static void
fail(const char *call, int errnum)
{
	calls[0] = '\0';
	failing = call;
	failing_errno = errnum;
}

static struct afile *
open_with(const char *name, enum afile_mode how, const char *text)
{
	struct err e = { 0 };
	struct afile *f = afile_open(sandbox_path(name), how, 0640, &e);

	CHECK_STR(e.text, "");
	if (f != NULL)
		CHECK_INT(afile_write(f, text, strlen(text), &e), 0);
	return f;
}

static void
file_has_no_name_before_it_is_whole(void)
{
	struct err e = { 0 };
	struct afile *f;
	struct sink s;
	struct stat st;
	mode_t old;

	sandbox_open();
	fail("", 0);
	old = umask(077);
	f = open_with("f", AFILE_NEW, "one ");
	umask(old);
	if (!CHECK(f != NULL))
		return;
	s = afile_sink(f);
	CHECK_INT(flow_write(&s, "two", 3, &e), 0);
	CHECK_INT(flow_write(&s, "", 0, &e), 0);
	CHECK_INT(afile_bytes(f), 7);
	CHECK_STR(sandbox_names(), ".f.partial");
	CHECK_INT(afile_commit(f, &e), 0);
	CHECK_STR(sandbox_names(), "f");
	afile_free(f);
	CHECK_STR(calls, "fsync rename fsync-dir");
	CHECK_STR(sandbox_read("f"), "one two");
	CHECK_INT(stat(sandbox_path("f"), &st), 0);
	CHECK_INT(st.st_mode & 07777, 0640);
	sandbox_free();
}

static void
abandoned_file_leaves_nothing(void)
{
	sandbox_open();
	fail("", 0);
	sandbox_write("old", "old", 3, 0644);
	afile_free(open_with("new", AFILE_NEW, "x"));
	afile_free(open_with("old", AFILE_REPLACE, "x"));
	afile_free(NULL);
	CHECK_STR(sandbox_names(), "old");
	CHECK_STR(sandbox_read("old"), "old");
	sandbox_free();
}

static void
old_file_goes_at_commit_only(void)
{
	struct err e = { 0 };
	struct afile *f;

	sandbox_open();
	fail("", 0);
	sandbox_write("f", "old", 3, 0644);
	f = open_with("f", AFILE_REPLACE, "new");
	CHECK_STR(sandbox_read("f"), "old");
	CHECK_INT(afile_commit(f, &e), 0);
	afile_free(f);
	CHECK_STR(calls, "fsync replace fsync-dir");
	CHECK_STR(sandbox_read("f"), "new");
	CHECK_STR(sandbox_names(), "f");
	sandbox_free();
}

static void
taken_name_is_not_overwritten(void)
{
	struct err e = { 0 };
	struct afile *f;

	sandbox_open();
	fail("", 0);
	sandbox_write("f", "old", 3, 0644);
	CHECK(afile_open(sandbox_path("f"), AFILE_NEW, 0644, &e) == NULL);
	CHECK_INT(e.class, ERR_CREATE);
	CHECK_STR(e.text, sandbox_text("%s: exists already", "f"));
	CHECK_INT(symlink("nowhere", sandbox_path("link")), 0);
	err_clear(&e);
	CHECK(afile_open(sandbox_path("link"), AFILE_NEW, 0644, &e) == NULL);
	CHECK_STR(e.text, sandbox_text("%s: exists already", "link"));
	err_clear(&e);
	f = open_with("late", AFILE_NEW, "x");
	sandbox_write("late", "other", 5, 0644);
	CHECK_INT(afile_commit(f, &e), -1);
	CHECK_INT(e.class, ERR_CREATE);
	CHECK_STR(e.text, "rename .late.partial to late: File exists");
	afile_free(f);
	CHECK_STR(sandbox_read("late"), "other");
	CHECK_STR(sandbox_read("f"), "old");
	CHECK_STR(sandbox_names(), "f late link");
	sandbox_free();
}

static void
commit_without_flags(void)
{
	struct err e = { 0 };
	struct afile *f;

	sandbox_open();
	fail("rename", EINVAL);
	f = open_with("f", AFILE_NEW, "x");
	CHECK_INT(afile_commit(f, &e), 0);
	afile_free(f);
	CHECK_STR(calls, "fsync rename fsync-dir");
	CHECK_STR(sandbox_names(), "f");
	f = open_with("g", AFILE_NEW, "x");
	sandbox_write("g", "other", 5, 0644);
	CHECK_INT(afile_commit(f, &e), -1);
	CHECK_STR(e.text, "rename .g.partial to g: File exists");
	afile_free(f);
	CHECK_STR(sandbox_read("g"), "other");
	CHECK_STR(sandbox_names(), "f g");
	sandbox_free();
}

/* NFS knows no flags of rename; many a FUSE has no links either. */
static void
file_system_without_flags_is_as_safe(void)
{
	commit_without_flags();
	no_links = true;
	commit_without_flags();
	no_links = false;
}

static void
file_that_may_not_last_is_no_success(void)
{
	static const struct {
		const char *call;
		int errnum, class;
		const char *text, *left;
	} rows[] = {
		{ "fsync", EIO, ERR_IO, "fsync .f.partial: Input/output error",
		    "" },
		{ "fsync", ENOSPC, ERR_IO,
		    "fsync .f.partial: No space left on device", "" },
		{ "rename", EROFS, ERR_CREATE,
		    "rename .f.partial to f: Read-only file system", "" },
		{ "fsync-dir", EIO, ERR_IO, "fsync %s: Input/output error",
		    "f" },
	};
	char want[400];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { 0 };
		struct afile *f;

		check_at(rows[i].text);
		sandbox_open();
		fail(rows[i].call, rows[i].errnum);
		f = open_with("f", AFILE_NEW, "x");
		CHECK_INT(afile_commit(f, &e), -1);
		CHECK_INT(e.class, rows[i].class);
		snprintf(want, sizeof(want), "fsync %s: Input/output error",
		    sandbox_root);
		CHECK_STR(e.text, *rows[i].left == '\0' ? rows[i].text : want);
		afile_free(f);
		CHECK_STR(sandbox_names(), rows[i].left);
		fail("", 0);
		sandbox_free();
	}
}

static void
file_that_cannot_grow_says_so(void)
{
	static char block[8192];
	struct rlimit old, small;
	struct err e = { 0 };
	struct afile *f;

	sandbox_open();
	fail("", 0);
	signal(SIGXFSZ, SIG_IGN);
	f = open_with("f", AFILE_NEW, "");
	getrlimit(RLIMIT_FSIZE, &old);
	small = (struct rlimit){ 5000, old.rlim_max };
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &small), 0);
	CHECK_INT(afile_write(f, block, sizeof(block), &e), -1);
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &old), 0);
	CHECK_INT(e.class, ERR_IO);
	CHECK_STR(e.text, "write .f.partial: File too large");
	CHECK_INT(afile_bytes(f), 5000);
	afile_free(f);
	CHECK_STR(sandbox_names(), "");
	sandbox_free();
}

static void
a_lock_of_nfs_keeps_others_out(void)
{
	struct err e = { 0 };
	struct afile *f;
	struct stat st;

	sandbox_open();
	fail("", 0);
	locks = LOCKS_OF_NFS;
	f = afile_open(sandbox_path("f"), AFILE_NEW, 0444, &e);
	CHECK_INT(afile_write(f, "mine", 4, &e), 0);
	/* Else nobody but root could ask for the lock. */
	CHECK_INT(stat(sandbox_path(".f.partial"), &st), 0);
	CHECK_INT(st.st_mode & 07777, 0600);
	CHECK(afile_open(sandbox_path("f"), AFILE_NEW, 0444, &e) == NULL);
	CHECK_INT(e.class, ERR_TEMP);
	err_clear(&e);
	CHECK_INT(afile_commit(f, &e), 0);
	CHECK_STR(e.text, "");
	afile_free(f);
	CHECK_STR(sandbox_read("f"), "mine");
	CHECK_INT(stat(sandbox_path("f"), &st), 0);
	CHECK_INT(st.st_mode & 07777, 0444);
	locks = LOCKS;
	sandbox_free();
}

static void
nobodys_half_is_published_without_locks(void)
{
	struct err e = { 0 };
	struct afile *f, *other;

	sandbox_open();
	fail("", 0);
	locks = NO_LOCKS;
	f = open_with("f", AFILE_NEW, "all of mine");
	other = open_with("f", AFILE_NEW, "half");
	CHECK_INT(afile_commit(f, &e), -1);
	CHECK_INT(e.class, ERR_TEMP);
	CHECK_STR(e.text, "another run has taken .f.partial away");
	afile_free(f);
	CHECK_STR(sandbox_names(), ".f.partial");
	err_clear(&e);
	CHECK_INT(afile_write(other, " and half", 9, &e), 0);
	CHECK_INT(afile_commit(other, &e), 0);
	CHECK_STR(e.text, "");
	afile_free(other);
	CHECK_STR(sandbox_read("f"), "half and half");
	locks = LOCKS;
	sandbox_free();
}

/* A run that was killed left it; or a stranger put it there. */
static void
old_partial_is_in_nobodys_way(void)
{
	struct err e = { 0 };
	struct afile *f;

	sandbox_open();
	fail("", 0);
	sandbox_write(".f.partial", "much older text", 15, 0444);
	f = open_with("f", AFILE_NEW, "x");
	CHECK_INT(afile_commit(f, &e), 0);
	afile_free(f);
	CHECK_STR(sandbox_read("f"), "x");
	sandbox_write("victim", "safe", 4, 0644);
	CHECK_INT(symlink("victim", sandbox_path(".g.partial")), 0);
	f = open_with("g", AFILE_NEW, "x");
	CHECK_INT(afile_commit(f, &e), 0);
	afile_free(f);
	CHECK_STR(sandbox_read("victim"), "safe");
	CHECK_STR(sandbox_read("g"), "x");
	sandbox_free();
}

static void
file_of_this_folder_needs_no_slash(void)
{
	struct err e = { 0 };
	struct afile *f;
	char old[400];

	sandbox_open();
	fail("", 0);
	CHECK(getcwd(old, sizeof(old)) != NULL && chdir(sandbox_root) == 0);
	f = afile_open("f", AFILE_NEW, 0644, &e);
	CHECK(f != NULL && afile_commit(f, &e) == 0);
	afile_free(f);
	CHECK_INT(chdir(old), 0);
	CHECK_STR(sandbox_names(), "f");
	sandbox_free();
}

static void
folder_that_is_none_is_named(void)
{
	static const struct {
		const char *name, *dir, *text;
	} rows[] = {
		{ "no/f", "no", "open %s: No such file or directory" },
		{ "file/f", "file", "open %s: Not a directory" },
	};
	size_t i;

	sandbox_open();
	fail("", 0);
	sandbox_write("file", "", 0, 0644);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { 0 };

		CHECK(afile_open(sandbox_path(rows[i].name), AFILE_NEW, 0644,
			  &e) == NULL);
		CHECK_INT(e.class, ERR_CREATE);
		CHECK_STR(e.text, sandbox_text(rows[i].text, rows[i].dir));
	}
	CHECK_STR(sandbox_names(), "file");
	sandbox_free();
}

CHECK_MAIN(TEST(file_has_no_name_before_it_is_whole),
    TEST(abandoned_file_leaves_nothing), TEST(old_file_goes_at_commit_only),
    TEST(taken_name_is_not_overwritten),
    TEST(file_system_without_flags_is_as_safe),
    TEST(file_that_may_not_last_is_no_success),
    TEST(file_that_cannot_grow_says_so), TEST(a_lock_of_nfs_keeps_others_out),
    TEST(nobodys_half_is_published_without_locks),
    TEST(old_partial_is_in_nobodys_way),
    TEST(file_of_this_folder_needs_no_slash),
    TEST(folder_that_is_none_is_named))
