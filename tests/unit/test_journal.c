#include "store/journal.h"

#include <sys/resource.h>
#include "base/buf.h"
#include "sandbox.h"

#define WHEN 1795480204 /* 2026-11-24T00:30:04Z */
#define PARTIAL ".web_20261124_003004.partial"
#define JOURNAL PARTIAL "/.journal"
#define HEAD "{\"vm\":\"5029\"}\n"

static struct point *point;

static void
begin(void)
{
	struct err e = { 0 };

	sandbox_open();
	point = point_open(sandbox_root, "web", WHEN, &e);
	CHECK_STR(e.text, "");
	if (point == NULL)
		abort();
}

static void
end(void)
{
	point_free(point);
	sandbox_free();
}

static struct journal *
create(void)
{
	json_t *of = json_object();
	struct err e = { 0 };
	struct journal *j;

	json_set_text(of, "vm", "5029");
	j = journal_create(point, of, &e);
	CHECK_STR(e.text, "");
	json_decref(of);
	return j;
}

static void
add(struct journal *j, unsigned int disk, uint64_t range)
{
	struct err e = { 0 };

	CHECK_INT(journal_add(j, disk, &range, 1, &e), 0);
	CHECK_STR(e.text, "");
}

static struct journal *
reopen(void)
{
	struct err e = { 0 };
	struct journal *j = journal_open(point, &e);

	CHECK_STR(e.text, "");
	CHECK(j != NULL);
	return j;
}

/* "0:3 1:5": what it has of the first disks and ranges. */
static const char *
had(struct journal *j)
{
	static char text[400];
	unsigned int disk;
	uint64_t range;

	text[0] = '\0';
	for (disk = 0; disk < 20; disk++)
		for (range = 0; range < 100; range++)
			if (journal_has(j, disk, range))
				sprintf(text + strlen(text), "%s%u:%u",
				    text[0] == '\0' ? "" : " ", disk,
				    (unsigned int)range);
	return text;
}

static void
journal_is(const char *text)
{
	sandbox_write(JOURNAL, text, strlen(text), 0600);
}

static void
next_run_knows_what_is_there(void)
{
	static const uint64_t many[] = { 7, 99, 8 };
	struct err e = { 0 };
	struct journal *j;

	begin();
	j = create();
	CHECK_STR(sandbox_read(JOURNAL), HEAD);
	add(j, 0, 3);
	CHECK_INT(journal_add(j, 11, many, 3, &e), 0);
	CHECK_STR(had(j), "0:3 11:7 11:8 11:99");
	CHECK(journal_knows(j, 0) && !journal_knows(j, 1));
	journal_free(j);
	CHECK_STR(sandbox_read(JOURNAL), HEAD "0 3\n11 7\n11 99\n11 8\n");

	j = reopen();
	CHECK_STR(json_string_value(json_object_get(journal_of(j), "vm")),
	    "5029");
	CHECK_STR(had(j), "0:3 11:7 11:8 11:99");
	add(j, 0, 4);
	journal_free(j);
	j = reopen();
	CHECK_STR(had(j), "0:3 0:4 11:7 11:8 11:99");
	CHECK(!journal_has(j, 5000, 0) && !journal_has(j, 0, UINT64_MAX));
	journal_free(j);
	end();
}

static void
new_journal_forgets_the_old_one(void)
{
	struct journal *j;

	begin();
	j = create();
	add(j, 0, 3);
	journal_free(j);
	j = create();
	CHECK_STR(had(j), "");
	CHECK(!journal_knows(j, 0));
	journal_free(j);
	CHECK_STR(sandbox_read(JOURNAL), HEAD);
	end();
}

/* "1" of "1 5" must not become the "10 7" of another disk. */
static void
line_that_was_cut_is_not_joined_to_the_next(void)
{
	struct journal *j;

	begin();
	journal_is(HEAD "0 3\n1");
	j = reopen();
	CHECK_STR(had(j), "0:3");
	add(j, 0, 7);
	journal_free(j);
	CHECK_STR(sandbox_read(JOURNAL), HEAD "0 3\n0 7\n");
	j = reopen();
	CHECK_STR(had(j), "0:3 0:7");
	journal_free(j);
	end();
}

static void
what_stands_behind_damage_counts_for_nothing(void)
{
	static const char *const lines[] = { "0  \n", "\n", "0\n", "0 x\n",
		"0 -1\n", "0 4 5\n", "256 0\n", "0 4194304\n",
		"0 99999999999999999999\n", "{}\n" };
	struct buf b = { 0 };
	struct journal *j;
	size_t i;

	begin();
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		check_at(lines[i]);
		buf_cut(&b, 0);
		buf_fmt(&b, HEAD "0 1\n%s0 2\n", lines[i]);
		journal_is(buf_text(&b));
		j = reopen();
		CHECK_STR(had(j), "0:1");
		add(j, 0, 9);
		journal_free(j);
		CHECK_STR(sandbox_read(JOURNAL), HEAD "0 1\n0 9\n");
	}
	buf_free(&b);
	end();
}

static void
what_is_no_journal_is_refused(void)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "", ".journal is cut" },
		{ "{\"vm\":\"5029\"}", ".journal is cut" },
		{ "0 1\n", ".journal:1:1: '[' or '{' expected near '0'" },
	};
	struct err e = { 0 };
	size_t i;

	begin();
	CHECK(journal_open(point, &e) == NULL);
	CHECK_INT(e.class, ERR_CREATE);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check_at(rows[i].text);
		err_clear(&e);
		journal_is(rows[i].text);
		CHECK(journal_open(point, &e) == NULL);
		CHECK_INT(e.class, ERR_DATA);
		CHECK_STR(e.text, rows[i].why);
	}
	err_clear(&e);
	unlink(sandbox_path(JOURNAL));
	CHECK_INT(mkfifo(sandbox_path(JOURNAL), 0600), 0);
	CHECK(journal_open(point, &e) == NULL);
	CHECK_STR(e.text, ".journal is no journal");
	err_clear(&e);
	unlink(sandbox_path(JOURNAL));
	CHECK_INT(symlink("/etc/passwd", sandbox_path(JOURNAL)), 0);
	CHECK(journal_open(point, &e) == NULL);
	CHECK_STR(e.text + strlen(e.text) -
		strlen("Too many levels of symbolic links"),
	    "Too many levels of symbolic links");
	end();
}

/* As values in memory it would take a hundred times as much. */
static void
long_first_line_is_not_parsed(void)
{
	struct buf b = { 0 };
	struct err e = { 0 };
	int i;

	begin();
	buf_puts(&b, "{\"vm\":[");
	for (i = 0; i < 1 << 20; i++)
		buf_puts(&b, "{},");
	buf_puts(&b, "0]}\n0 1\n");
	journal_is(buf_text(&b));
	CHECK(journal_open(point, &e) == NULL);
	CHECK_INT(e.class, ERR_DATA);
	CHECK_STR(e.text, ".journal begins with 3145738 bytes of JSON");
	buf_free(&b);
	end();
}

/* A line more that did not fit is no line. */
static void
full_disk_leaves_whole_lines(void)
{
	struct rlimit limit = { .rlim_cur = strlen(HEAD) + 6,
		.rlim_max = RLIM_INFINITY };
	static const uint64_t many[] = { 11, 12, 13 };
	struct err e = { 0 };
	struct journal *j;

	signal(SIGXFSZ, SIG_IGN);
	begin();
	j = create();
	add(j, 0, 3);
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &limit), 0);
	CHECK_INT(journal_add(j, 0, many, 3, &e), -1);
	CHECK_STR(e.text, "write .journal: File too large");
	journal_free(j);
	CHECK_STR(sandbox_read(JOURNAL), HEAD "0 3\n");
	limit.rlim_cur = RLIM_INFINITY;
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &limit), 0);
	end();
}

CHECK_MAIN(TEST(next_run_knows_what_is_there),
    TEST(new_journal_forgets_the_old_one),
    TEST(line_that_was_cut_is_not_joined_to_the_next),
    TEST(what_stands_behind_damage_counts_for_nothing),
    TEST(what_is_no_journal_is_refused), TEST(long_first_line_is_not_parsed),
    TEST(full_disk_leaves_whole_lines))
