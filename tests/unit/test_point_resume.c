#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include "sandbox.h"
#include "store/journal.h"
#include "store/point.h"

#define WHEN 1795480204 /* 2026-11-24T00:30:04Z */
#define NAME "web_20261124_003004"
#define PARTIAL "." NAME ".partial"
#define FLAT PARTIAL "/web-disk1-flat.vmdk"
#define UUID "5029abcd-1"
#define HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

enum { MIB = 1 << 20, SIZE = 8 * MIB + 512 };

static struct point *
open_point(void)
{
	struct err e = { 0 };
	struct point *p = point_open(sandbox_root, "web", WHEN, &e);

	CHECK_STR(e.text, "");
	if (p == NULL)
		abort();
	return p;
}

static struct point_file *
open_flat(struct point *p)
{
	struct err e = { 0 };
	struct point_file *f = point_file_open_sparse(p, "web-disk1-flat.vmdk",
	    SIZE, &e);

	CHECK_STR(e.text, "");
	if (f == NULL)
		abort();
	return f;
}

static void
put(struct point_file *f, uint64_t at, const char *text)
{
	struct err e = { 0 };

	CHECK_INT(point_file_write_at(f, at, text, strlen(text), &e), 0);
	CHECK_STR(e.text, "");
}

static const char *
got(struct point_file *f, uint64_t at, size_t n)
{
	static char text[100];
	struct err e = { 0 };
	size_t i;

	CHECK_INT(point_file_read_at(f, at, text, n, &e), 0);
	CHECK_STR(e.text, "");
	for (i = 0; i < n; i++)
		if (text[i] == '\0')
			text[i] = '.';
	text[n] = '\0';
	return text;
}

static void
begin_journal(struct point *p)
{
	json_t *of = json_object();
	struct err e = { 0 };

	journal_free(journal_create(p, of, &e));
	CHECK_STR(e.text, "");
	json_decref(of);
}

/* As a killed run leaves it, with a disk of which "begun" is there. */
static void
leave_partial(bool is_finished)
{
	struct point *p = open_point();
	struct point_file *f = open_flat(p);
	struct err e = { 0 };

	begin_journal(p);
	put(f, MIB, "begun");
	CHECK_INT(point_put(p, "web.vmx", "old", 3, &e), 0);
	if (is_finished)
		CHECK_INT(point_file_commit(f, HEX, &e), 0);
	CHECK_STR(e.text, "");
	point_file_leave(f);
	point_keep(p);
	point_free(p);
}

static struct point *
resume(void)
{
	struct err e = { 0 };
	struct point *p;

	CHECK_INT(point_resume(sandbox_root, "web", UUID, &p, &e), 1);
	CHECK_STR(e.text, "");
	if (p == NULL)
		abort();
	return p;
}

static int
resumes_of(const char *stem)
{
	struct err e = { 0 };
	struct point *p;
	int rc = point_resume(sandbox_root, stem, UUID, &p, &e);

	CHECK_STR(e.text, "");
	CHECK((rc == 1) == (p != NULL));
	if (p != NULL)
		point_keep(p);
	point_free(p);
	return rc;
}

static int
resumes(void)
{
	return resumes_of("web");
}

static void
what_nobody_writes_is_a_hole(void)
{
	struct point *p;
	struct point_file *f;
	struct err e = { 0 };
	uint64_t used;
	struct stat st;

	sandbox_open();
	p = open_point();
	f = open_flat(p);
	put(f, SIZE - 3, "end");
	put(f, 4 * MIB, "mid");
	CHECK_STR(got(f, 4 * MIB - 2, 7), "..mid..");
	CHECK_STR(got(f, SIZE - 5, 5), "..end");
	CHECK_STR(got(f, 0, 3), "...");
	CHECK_INT(point_file_sync(f, &e), 0);
	CHECK_INT(point_file_used(f, &used, &e), 0);
	CHECK(used >= 2 * 512 && used <= MIB);
	CHECK_INT(stat(sandbox_path(FLAT), &st), 0);
	CHECK_INT(st.st_size, SIZE);
	CHECK_INT(st.st_blocks * 512, used);
	CHECK_STR(e.text, "");
	CHECK_INT(point_file_read_at(f, SIZE - 1, &used, 2, &e), -1);
	CHECK_STR(e.text, sandbox_text("%s has become shorter", FLAT));
	point_file_free(f);
	CHECK_STR(sandbox_read(FLAT), "(not there)");
	point_free(p);
	sandbox_free();
}

/* Also where the file system cannot punch holes: at odd places. */
static void
what_was_begun_is_cleared(void)
{
	struct point *p;
	struct point_file *f;
	struct err e = { 0 };

	sandbox_open();
	p = open_point();
	f = open_flat(p);
	put(f, MIB - 2, "abcdef");
	put(f, 2 * MIB - 2, "abcdef");
	CHECK_INT(point_file_clear(f, MIB, MIB, &e), 0);
	CHECK_STR(e.text, "");
	CHECK_STR(got(f, MIB - 2, 6), "ab....");
	CHECK_STR(got(f, 2 * MIB - 2, 6), "..cdef");
	point_file_free(f);
	point_free(p);
	sandbox_free();
}

static void
full_disk_names_the_file(void)
{
	struct rlimit limit = { .rlim_cur = MIB, .rlim_max = RLIM_INFINITY };
	struct err e = { 0 };
	struct point *p;
	struct point_file *f;

	signal(SIGXFSZ, SIG_IGN);
	sandbox_open();
	p = open_point();
	f = open_flat(p);
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &limit), 0);
	CHECK_INT(point_file_write_at(f, MIB, "x", 1, &e), -1);
	CHECK_STR(e.text, sandbox_text("write %s: File too large", FLAT));
	err_clear(&e);
	CHECK(point_file_open_sparse(p, "b-flat.vmdk", 2 * MIB, &e) == NULL);
	CHECK_STR(e.text,
	    sandbox_text("truncate %s: File too large",
		PARTIAL "/b-flat.vmdk"));
	limit.rlim_cur = RLIM_INFINITY;
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &limit), 0);
	CHECK_STR(sandbox_read(PARTIAL "/b-flat.vmdk"), "(not there)");
	point_file_free(f);
	point_free(p);
	sandbox_free();
}

static void
killed_run_is_taken_up_where_it_was(void)
{
	struct point *p;
	struct point_file *f;
	struct err e = { 0 };
	json_t *record = json_object();

	sandbox_open();
	leave_partial(false);
	p = resume();
	CHECK_STR(point_name(p), NAME);
	CHECK_INT(point_time(p), WHEN);
	/* What is written at once comes anew. */
	CHECK_STR(sandbox_read(PARTIAL "/web.vmx"), "(not there)");
	CHECK(point_resume_has(p, "web-disk1-flat.vmdk", SIZE));
	CHECK(!point_resume_has(p, "web-disk1-flat.vmdk", SIZE + 1));
	CHECK(!point_resume_has(p, "web-disk2-flat.vmdk", SIZE));
	f = open_flat(p);
	CHECK_STR(got(f, MIB, 5), "begun");
	CHECK_INT(point_file_commit(f, HEX, &e), 0);
	point_file_free(f);
	CHECK_INT(point_put(p, "web.vmx", "new", 3, &e), 0);
	CHECK_INT(point_commit(p, DIGEST_SHA256, record, &e), 0);
	CHECK_STR(e.text, "");
	point_free(p);
	CHECK_STR(sandbox_names(), NAME);
	CHECK_STR(sandbox_read(NAME "/web.vmx"), "new");
	CHECK_STR(sandbox_read(NAME "/.journal"), "(not there)");
	json_decref(record);
	sandbox_free();
}

/* Root may open what nobody else may, by these capabilities. */
static void
obey_modes(void)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3,
		0 };
	struct __user_cap_data_struct caps[2];

	if (syscall(SYS_capget, &head, caps) == -1)
		abort();
	caps[0].effective &= ~(
	    1U << CAP_DAC_OVERRIDE | 1U << CAP_DAC_READ_SEARCH);
	if (syscall(SYS_capset, &head, caps) == -1)
		abort();
}

static void
nobody_else_may_open(void)
{
	struct point *p;

	obey_modes();
	p = resume();
	point_file_leave(open_flat(p));
	point_keep(p);
	point_free(p);
}

/* It is read-only by then. */
static void
finished_disk_can_be_opened_again(void)
{
	struct stat st;

	sandbox_open();
	leave_partial(true);
	CHECK_INT(stat(sandbox_path(FLAT), &st), 0);
	CHECK_INT(st.st_mode & 0777, 0444);
	sandbox_in_child(nobody_else_may_open);
	CHECK_INT(stat(sandbox_path(FLAT), &st), 0);
	CHECK_INT(st.st_mode & 0777, 0600);
	sandbox_free();
}

static void
disk_that_is_gone_meanwhile_is_not_published(void)
{
	struct point *p;
	struct err e = { 0 };
	json_t *record = json_object();

	sandbox_open();
	leave_partial(false);
	p = resume();
	CHECK_INT(point_put(p, "web.vmx", "new", 3, &e), 0);
	CHECK_INT(point_commit(p, DIGEST_SHA256, record, &e), 0);
	CHECK_STR(e.text, "");
	point_free(p);
	CHECK_STR(sandbox_read(NAME "/web-disk1-flat.vmdk"), "(not there)");
	CHECK_STR(sandbox_read(NAME "/web.vmx"), "new");
	json_decref(record);
	sandbox_free();
}

static void
only_an_abandoned_point_with_a_journal_is_taken_up(void)
{
	struct err e = { 0 };
	struct point *p;

	sandbox_open();
	CHECK_INT(resumes(), 0);
	p = open_point();
	CHECK_INT(resumes(), 0); /* no journal */
	begin_journal(p);
	CHECK_INT(resumes(), 0); /* at work */
	point_keep(p);
	point_free(p);
	CHECK_INT(resumes(), 1);
	CHECK_INT(rename(sandbox_path(PARTIAL),
		      sandbox_path("." NAME "_merged.partial")),
	    0);
	CHECK_INT(resumes(), 0); /* of another tool */
	CHECK_INT(rename(sandbox_path("." NAME "_merged.partial"),
		      sandbox_path(".web_old_20261124_003004.partial")),
	    0);
	CHECK_INT(resumes(), 0); /* of another VM */
	CHECK_INT(resumes_of("web_old"), 1);
	CHECK_INT(rename(sandbox_path(".web_old_20261124_003004.partial"),
		      sandbox_path(".a_merged.b_20261124_003004.partial")),
	    0);
	CHECK_INT(resumes_of("a_merged.b"), 1);
	CHECK_INT(point_resume(sandbox_path("file"), "web", UUID, &p, &e), 0);
	CHECK_INT(point_resume(sandbox_path("no/no"), "web", UUID, &p, &e), -1);
	CHECK_INT(e.class, ERR_CREATE);
	sandbox_free();
}

static void
newest_of_several_is_taken_up(void)
{
	struct point *p;

	sandbox_open();
	leave_partial(false);
	CHECK_INT(rename(sandbox_path(PARTIAL),
		      sandbox_path(".web_20261201_000000.partial")),
	    0);
	leave_partial(false);
	p = resume();
	CHECK_STR(point_name(p), "web_20261201_000000");
	point_free(p); /* of no use: gone */
	CHECK_STR(sandbox_names(), PARTIAL);
	p = resume();
	CHECK_STR(point_name(p), NAME);
	point_free(p);
	CHECK_STR(sandbox_names(), "");
	sandbox_free();
}

/* NFS has no locks for folders. */
static void
take_locks_away(void)
{
	char path[40], target[1000];
	int fd;
	ssize_t n;

	for (fd = 3; fd < 100; fd++) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		n = readlink(path, target, sizeof(target));
		if (n > 8 && memcmp(target + n - 8, ".partial", 8) == 0)
			flock(fd, LOCK_UN);
	}
}

static void
sweep_spares_the_point_that_was_taken_up(void)
{
	struct err e = { 0 };
	struct point *p;

	sandbox_open();
	leave_partial(false);
	p = resume();
	take_locks_away();
	CHECK_INT(point_sweep(sandbox_root, "web", UUID, p, &e), 0);
	CHECK_STR(sandbox_names(), PARTIAL);
	CHECK_INT(point_sweep(sandbox_root, "web", UUID, NULL, &e), 0);
	CHECK_STR(sandbox_names(), "");
	CHECK_STR(e.text, "");
	point_keep(p);
	point_free(p);
	sandbox_free();
}

/* Another process has this lock in the way of fcntl(), as on NFS another
 * machine has one of flock(): a child, to be killed. */
static pid_t
hold_lock(const char *name)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int ends[2], fd;
	char c;
	pid_t pid;

	sandbox_write(name, "", 0, 0644);
	if (pipe(ends) == -1 || (pid = fork()) == -1)
		abort();
	if (pid == 0) {
		fd = open(sandbox_path(name), O_RDWR);
		if (fd == -1 || fcntl(fd, F_SETLK, &l) == -1 ||
		    write(ends[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	CHECK_INT(read(ends[0], &c, 1), 1);
	close(ends[0]);
	close(ends[1]);
	return pid;
}

static void
let_go(pid_t pid)
{
	CHECK_INT(kill(pid, SIGKILL), 0);
	CHECK_INT(waitpid(pid, NULL, 0), pid);
}

/* It may be the one that is being written, by another VM of the same name. */
static void
partial_stays_while_another_machine_writes_here(void)
{
	struct err e = { 0 };
	pid_t own, other;

	sandbox_open();
	leave_partial(false);
	own = hold_lock(".w-5029abcd");
	other = hold_lock(".w-11111111");
	CHECK_INT(resumes(), 0);
	CHECK_INT(point_sweep(sandbox_root, "web", UUID, NULL, &e), 0);
	CHECK_STR(sandbox_read(PARTIAL "/web.vmx"), "old");
	CHECK_STR(sandbox_names(), ".w-11111111 .w-5029abcd " PARTIAL);
	let_go(other);
	CHECK_INT(resumes(), 1);
	CHECK_INT(point_sweep(sandbox_root, "web", UUID, NULL, &e), 0);
	CHECK_STR(sandbox_names(), ".w-11111111 .w-5029abcd");
	let_go(own);
	CHECK_STR(e.text, "");
	sandbox_free();
}

/* Somebody else's link must not lead out of the folder. */
static void
link_in_place_of_a_disk_is_not_followed(void)
{
	struct err e = { 0 };
	struct point *p;

	sandbox_open();
	leave_partial(false);
	sandbox_write("outside", "mine", 4, 0444);
	CHECK_INT(unlink(sandbox_path(FLAT)), 0);
	CHECK_INT(symlink(sandbox_path("outside"), sandbox_path(FLAT)), 0);
	p = resume();
	CHECK(!point_resume_has(p, "web-disk1-flat.vmdk", 4));
	CHECK(
	    point_file_open_sparse(p, "web-disk1-flat.vmdk", SIZE, &e) == NULL);
	CHECK_STR(e.text,
	    sandbox_text("create %s: Too many levels of symbolic links", FLAT));
	CHECK_STR(sandbox_read("outside"), "mine");
	point_free(p);
	sandbox_free();
}

CHECK_MAIN(TEST(what_nobody_writes_is_a_hole), TEST(what_was_begun_is_cleared),
    TEST(full_disk_names_the_file), TEST(killed_run_is_taken_up_where_it_was),
    TEST(finished_disk_can_be_opened_again),
    TEST(disk_that_is_gone_meanwhile_is_not_published),
    TEST(only_an_abandoned_point_with_a_journal_is_taken_up),
    TEST(newest_of_several_is_taken_up),
    TEST(sweep_spares_the_point_that_was_taken_up),
    TEST(partial_stays_while_another_machine_writes_here),
    TEST(link_in_place_of_a_disk_is_not_followed))
