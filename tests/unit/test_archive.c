#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "codec/tar.h"
#include "sandbox.h"
#include "store/archive.h"

#define WHEN 1795480204 /* 2026-11-24T00:30:04Z */
#define HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define OVF "<Envelope/>"

/* To be freed. */
static struct buf
bytes_of(const char *name)
{
	struct buf b = { 0 };
	struct err e = { 0 };

	if (file_read(sandbox_path(name), &b, &e) == -1)
		buf_puts(&b, e.text);
	return b;
}

static struct archive *
open_archive(struct err *e)
{
	return archive_open(sandbox_path("web.ova"), "web", WHEN, 600, e);
}

static int
add(struct archive *a, const char *name, const char *text, struct err *e)
{
	struct archive_file *f = archive_file_open(a, name, e);
	int rc = -1;

	if (f != NULL && archive_file_write(f, text, strlen(text), e) == 0)
		rc = archive_file_commit(f, HEX, e);
	archive_file_free(f);
	return rc;
}

static int
finish(struct archive *a, struct err *e)
{
	return archive_put_descriptor(a, OVF, strlen(OVF), e) == -1
	    ? -1
	    : archive_commit(a, DIGEST_SHA256, e);
}

/* "name size" of each member, one a line; what is no archive, in words. */
static const char *
members(const char *name)
{
	static char list[1000];
	struct buf b = bytes_of(name);
	struct err e = { 0 };
	struct tar_member m;
	size_t at = 0, n;
	int rc = 1;

	for (list[0] = '\0'; rc == 1; at += rc == 1 ? m.size_bytes + n : 0) {
		if (b.len - at < TAR_BLOCK_BYTES)
			return "cut short";
		rc = tar_parse((unsigned char *)b.data + at, &m, &e);
		at += TAR_BLOCK_BYTES;
		n = rc == 1 ? tar_padding(m.size_bytes) : 0;
		if (rc == 1 && m.mtime != WHEN)
			return "another time";
		if (rc == 1)
			sprintf(list + strlen(list), "%s %ju\n", m.name,
			    (uintmax_t)m.size_bytes);
	}
	if (rc == -1 || b.len != at + TAR_BLOCK_BYTES ||
	    b.data[b.len - 1] != '\0')
		strcat(list, "not two blocks of zeros, and that is all");
	buf_free(&b);
	return list;
}

/* The text of a member. */
static const char *
content(const char *archive, const char *name)
{
	static char text[2000];
	struct buf b = bytes_of(archive);
	struct err e = { 0 };
	struct tar_member m;
	size_t at = 0;

	strcpy(text, "(not there)");
	while (b.len - at >= TAR_BLOCK_BYTES &&
	    tar_parse((unsigned char *)b.data + at, &m, &e) == 1) {
		at += TAR_BLOCK_BYTES;
		if (strcmp(m.name, name) == 0)
			snprintf(text, sizeof(text), "%.*s", (int)m.size_bytes,
			    b.data + at);
		at += m.size_bytes + tar_padding(m.size_bytes);
	}
	buf_free(&b);
	return text;
}

static void
archive_appears_whole_and_in_order(void)
{
	struct err e = { 0 };
	struct archive *a;
	struct stat st;
	char padded[1025];

	sandbox_open();
	a = open_archive(&e);
	CHECK_INT(add(a, "web-disk1.vmdk", "disk", &e), 0);
	CHECK_INT(add(a, "web.nvram", "", &e), 0);
	CHECK_STR(sandbox_names(), ".web.ova.partial");
	CHECK_INT(finish(a, &e), 0);
	CHECK_STR(e.text, "");
	CHECK_STR(archive_path(a), sandbox_path("web.ova"));
	archive_free(a);
	CHECK_STR(sandbox_names(), "web.ova");
	CHECK_STR(members("web.ova"),
	    "web.ovf 1024\nweb-disk1.vmdk 4\nweb.nvram 0\nweb.mf 255\n");
	CHECK_STR(content("web.ova", "web-disk1.vmdk"), "disk");
	memset(padded, ' ', sizeof(padded));
	memcpy(padded, OVF, strlen(OVF));
	strcpy(padded + 1023, "\n");
	CHECK_STR(content("web.ova", "web.ovf"), padded);
	/* The digest is of the descriptor as it is there. */
	CHECK_STR(content("web.ova", "web.mf"),
	    "SHA256(web.ovf)= "
	    "4993544017c72cdba561edfde1383ec7e03a49ced72906b7e8eba293322b2c84"
	    "\nSHA256(web-disk1.vmdk)= " HEX "\nSHA256(web.nvram)= " HEX "\n");
	CHECK_INT(stat(sandbox_path("web.ova"), &st), 0);
	CHECK_INT(st.st_mode & 07777, 0444);
	sandbox_free();
}

static void
failed_file_leaves_no_trace_in_the_archive(void)
{
	struct err e = { 0 };
	struct archive *a;
	struct archive_file *f;

	sandbox_open();
	a = open_archive(&e);
	CHECK_INT(add(a, "a.vmdk", "first", &e), 0);
	f = archive_file_open(a, "b.vmdk", &e);
	CHECK_INT(archive_file_write(f, "half of it", 10, &e), 0);
	archive_file_free(f);
	CHECK_INT(add(a, "b.vmdk", "second, wrong", &e), 0);
	CHECK_INT(add(a, "c.vmdk", "third", &e), 0);
	CHECK_INT(archive_file_remove(a, "c.vmdk", &e), 0);
	CHECK_INT(archive_file_remove(a, "b.vmdk", &e), 0);
	CHECK_INT(add(a, "b.vmdk", "2nd", &e), 0);
	CHECK_INT(finish(a, &e), 0);
	archive_free(a);
	CHECK_STR(members("web.ova"),
	    "web.ovf 1024\na.vmdk 5\nb.vmdk 3\nweb.mf 244\n");
	CHECK_STR(content("web.ova", "b.vmdk"), "2nd");
	CHECK_STR(e.text, "");
	sandbox_free();
}

static void
only_the_last_file_can_be_taken_out(void)
{
	struct err e = { 0 };
	struct archive *a;

	sandbox_open();
	a = open_archive(&e);
	CHECK_INT(archive_file_remove(a, "a.vmdk", &e), -1);
	CHECK_INT(e.class, ERR_BUG);
	err_clear(&e);
	CHECK_INT(add(a, "a.vmdk", "", &e), 0);
	CHECK_INT(add(a, "b.vmdk", "", &e), 0);
	CHECK_INT(archive_file_remove(a, "a.vmdk", &e), -1);
	CHECK(strstr(e.text, "a.vmdk is not the last file of ") == e.text);
	archive_free(a);
	sandbox_free();
}

static void
names_of_a_server_are_checked(void)
{
	static const struct {
		const char *name;
		const char *text;
	} rows[] = {
		{ "", "'' is no file name" },
		{ "../x", "'../x' is no file name" },
		{ "a/x", "'a/x' is no file name" },
		{ ".x", "'.x' is no file name" },
		{ "web.ovf", "'web.ovf' is the name of our own file" },
		{ "web.mf", "'web.mf' is the name of our own file" },
		{ "123456789012345678901234567890123456789012345678901234567890"
		  "12345678901234567890123456789012345678901",
		    "123456789012345678901234567890123456789012345678901234567"
		    "89012345678901234567890123456789012345678901: the name is "
		    "too long for a tar archive" },
	};
	struct err e = { 0 };
	struct archive *a;
	size_t i;

	sandbox_open();
	a = open_archive(&e);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		err_clear(&e);
		CHECK(archive_file_open(a, rows[i].name, &e) == NULL);
		CHECK_INT(e.class, ERR_DATA);
		CHECK_STR(e.text, rows[i].text);
	}
	err_clear(&e);
	CHECK_INT(add(a, "a.vmdk", "", &e), 0);
	CHECK_INT(add(a, "a.vmdk", "", &e), -1);
	CHECK(strstr(e.text, "'a.vmdk' is in ") == e.text);
	err_clear(&e);
	/* None of these spoilt it. */
	CHECK_INT(finish(a, &e), 0);
	CHECK_STR(members("web.ova"), "web.ovf 1024\na.vmdk 0\nweb.mf 163\n");
	archive_free(a);
	sandbox_free();
}

static void
taken_name_and_other_writer_are_told_at_once(void)
{
	struct err e = { 0 };
	struct archive *a;
	char text[500];
	int fd;

	sandbox_open();
	a = open_archive(&e);
	CHECK(open_archive(&e) == NULL);
	CHECK_INT(e.class, ERR_TEMP);
	snprintf(text, sizeof(text), "%s: another run is writing it",
	    sandbox_path("web.ova"));
	CHECK_STR(e.text, text);
	err_clear(&e);
	CHECK_INT(finish(a, &e), 0);
	archive_free(a);
	CHECK(open_archive(&e) == NULL);
	CHECK_INT(e.class, ERR_CREATE);
	snprintf(text, sizeof(text), "%s: exists already",
	    sandbox_path("web.ova"));
	CHECK_STR(e.text, text);
	/* Taken while we wrote. */
	err_clear(&e);
	a = archive_open(sandbox_path("b.ova"), "web", WHEN, 600, &e);
	fd = open(sandbox_path("b.ova"), O_WRONLY | O_CREAT, 0600);
	CHECK(fd != -1 && write(fd, "kept", 4) == 4 && close(fd) == 0);
	CHECK_INT(finish(a, &e), -1);
	CHECK_INT(e.class, ERR_CREATE);
	CHECK_STR(e.text, "rename .b.ova.partial to b.ova: File exists");
	archive_free(a);
	CHECK_STR(sandbox_names(), "b.ova web.ova");
	sandbox_free();
}

static void
descriptor_needs_its_room(void)
{
	char text[1025];
	struct err e = { 0 };
	struct archive *a;

	sandbox_open();
	memset(text, 'x', sizeof(text));
	a = open_archive(&e);
	CHECK_INT(archive_put_descriptor(a, text, 1025, &e), -1);
	CHECK_INT(e.class, ERR_TEMP);
	CHECK_STR(e.text,
	    "the descriptor has 1025 bytes, room was left for 1024");
	err_clear(&e);
	CHECK_INT(archive_commit(a, DIGEST_SHA256, &e), -1);
	CHECK_INT(e.class, ERR_BUG);
	err_clear(&e);
	CHECK_INT(archive_put_descriptor(a, text, 1024, &e), 0);
	CHECK_INT(archive_commit(a, DIGEST_SHA256, &e), 0);
	archive_free(a);
	CHECK_INT(strlen(content("web.ova", "web.ovf")), 1024);
	CHECK_STR(members("web.ova"), "web.ovf 1024\nweb.mf 82\n");
	sandbox_free();
}

static void
killed_run_leaves_no_archive_and_does_not_block(void)
{
	struct err e = { 0 };
	static struct archive *a;
	int status;
	pid_t pid;

	sandbox_open();
	pid = fork();
	if (pid == 0) {
		a = open_archive(&e);
		if (a != NULL && add(a, "a.vmdk", "", &e) == 0)
			raise(SIGKILL);
		_exit(1);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
	CHECK_STR(sandbox_names(), ".web.ova.partial");
	a = open_archive(&e);
	CHECK_INT(finish(a, &e), 0);
	archive_free(a);
	CHECK_STR(members("web.ova"), "web.ovf 1024\nweb.mf 82\n");
	CHECK_STR(sandbox_names(), "web.ova");
	sandbox_free();
}

static void
full_disk_leaves_nothing(void)
{
	struct rlimit old, small = { 4096, 4096 };
	static const char data[8192];
	struct archive_file *f;
	struct err e = { 0 };
	struct archive *a;

	sandbox_open();
	signal(SIGXFSZ, SIG_IGN);
	CHECK_INT(getrlimit(RLIMIT_FSIZE, &old), 0);
	small.rlim_max = old.rlim_max;
	a = open_archive(&e);
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &small), 0);
	f = archive_file_open(a, "a.vmdk", &e);
	CHECK_INT(archive_file_write(f, data, sizeof(data), &e), -1);
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &old), 0);
	CHECK_INT(e.class, ERR_IO);
	CHECK_STR(e.text, "write .web.ova.partial: File too large");
	archive_file_free(f);
	archive_free(a);
	CHECK_STR(sandbox_names(), "");
	sandbox_free();
}

/* Standard output is a pipe whose reader is a file of this test. */
static int
to_stdout(const char *file, const char *tmp, struct err *e)
{
	int saved = dup(STDOUT_FILENO), rc = -1;
	struct archive *a;
	char command[600];
	FILE *reader;

	snprintf(command, sizeof(command), "cat >'%s'", sandbox_path(file));
	fflush(stdout);
	reader = popen(command, "w");
	dup2(fileno(reader), STDOUT_FILENO);
	setenv("TMPDIR", tmp, 1);
	a = archive_open("-", "web", WHEN, 600, e);
	if (a != NULL && add(a, "a.vmdk", "first", e) == 0)
		rc = finish(a, e);
	archive_free(a);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	pclose(reader);
	return rc;
}

static void
pipe_gets_the_same_bytes(void)
{
	struct buf one, other;
	struct err e = { 0 };
	char tmp[300];
	struct archive *a;

	snprintf(tmp, sizeof(tmp), "%s",
	    getenv("TMPDIR") == NULL ? "/tmp" : getenv("TMPDIR"));
	sandbox_open();
	a = open_archive(&e);
	CHECK_INT(add(a, "a.vmdk", "first", &e), 0);
	CHECK_INT(finish(a, &e), 0);
	archive_free(a);
	CHECK_INT(to_stdout("piped", sandbox_root, &e), 0);
	CHECK_STR(sandbox_names(), "piped web.ova");
	one = bytes_of("web.ova");
	other = bytes_of("piped");
	CHECK_INT(other.len, one.len);
	if (one.len == other.len)
		CHECK_MEM(other.data, one.data, one.len);
	CHECK_INT(to_stdout("none", sandbox_path("missing"), &e), -1);
	CHECK_INT(e.class, ERR_CREATE);
	CHECK(strstr(e.text, "create the spool file in ") == e.text);
	buf_free(&one);
	buf_free(&other);
	setenv("TMPDIR", tmp, 1);
	sandbox_free();
}

CHECK_MAIN(TEST(archive_appears_whole_and_in_order),
    TEST(failed_file_leaves_no_trace_in_the_archive),
    TEST(only_the_last_file_can_be_taken_out),
    TEST(names_of_a_server_are_checked),
    TEST(taken_name_and_other_writer_are_told_at_once),
    TEST(descriptor_needs_its_room),
    TEST(killed_run_leaves_no_archive_and_does_not_block),
    TEST(full_disk_leaves_nothing), TEST(pipe_gets_the_same_bytes))
