#include <signal.h>
#include "dsserver.h"

/* A read of one line, and what came of it. */
struct reading {
	struct dsserver_step steps[10];
	unsigned int retries;
	int from, bytes;
	size_t room; /* of the sink, 0: any */

	struct buf got;
	struct err e;
	int rc;
	bool is_changed;
};

static int
into_room(void *self, const void *p, size_t n, struct err *e)
{
	struct reading *r = self;

	if (r->room != 0 && r->got.len + n > r->room)
		return err_set(e, ERR_IO, "No space left on device");
	buf_add(&r->got, p, n);
	return buf_check(&r->got, e);
}

/* Of an open file: the steps are those of the reading. */
static void
reading_go(struct reading *r, const volatile bool *stop)
{
	const struct sink to = { into_room, r };
	struct dsfile *f = dsfile_open(dsserver.v, "DC", DSSERVER_NAME, &r->e);
	struct dsfile_line *l;

	CHECK_STR(r->e.text, "");
	if (!CHECK(f != NULL))
		return;
	pthread_mutex_lock(&dsserver.server.lock);
	buf_cut(&dsserver.log, 0);
	dsserver.step = r->steps;
	pthread_mutex_unlock(&dsserver.server.lock);
	l = dsfile_line_open(f, &r->e);
	if (CHECK(l != NULL))
		r->rc = dsfile_read(l, (uint64_t)r->from, (uint64_t)r->bytes,
		    r->retries, &to, stop, &r->e);
	r->is_changed = dsfile_is_changed(f);
	dsfile_line_free(l);
	dsfile_free(f);
	/* Whatever came, came once and in order. */
	CHECK(r->got.len <= (size_t)r->bytes);
	CHECK_MEM(buf_text(&r->got), dsserver_file + r->from, r->got.len);
}

static void
reading_is_good(struct reading *r, const char *log)
{
	dsserver_begin(NULL);
	reading_go(r, NULL);
	CHECK_STR(r->e.text, "");
	CHECK_INT(r->rc, 0);
	CHECK_INT(r->got.len, r->bytes);
	CHECK(!r->is_changed);
	buf_free(&r->got);
	dsserver_end(log);
}

/* got: bytes that came before. */
static void
reading_fails(struct reading *r, int class, const char *text, size_t got,
    const char *log)
{
	dsserver_begin(NULL);
	reading_go(r, NULL);
	CHECK_STR(dsserver_error(&r->e), text);
	CHECK_INT(r->e.class, class);
	CHECK_INT(r->rc, -1);
	CHECK_INT(r->got.len, got);
	buf_free(&r->got);
	dsserver_end(log);
}

static void
only_the_range_is_asked_for(void)
{
	static const struct {
		int from, bytes;
		const char *log;
	} rows[] = {
		{ 0, 1000, "GET 0-999\n" },
		{ 0, 1, "GET 0-0\n" },
		{ 999, 1, "GET 999-999\n" },
		{ 100, 500, "GET 100-599\n" },
		{ 500, 0, "" },
		{ 1000, 0, "" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct reading r = { .from = rows[i].from,
			.bytes = rows[i].bytes };

		check_at(rows[i].log);
		reading_is_good(&r, rows[i].log);
	}
}

static void
range_beyond_the_end_is_a_bug_of_ours(void)
{
	static const uint64_t rows[][2] = { { 0, 1001 }, { 1000, 1 },
		{ UINT64_MAX, 2 }, { 2, UINT64_MAX } };
	const struct sink none = { 0 };
	struct dsfile_line *l;
	struct err e = { 0 };
	struct dsfile *f;
	size_t i;

	dsserver_begin(NULL);
	f = dsfile_open(dsserver.v, "DC", DSSERVER_NAME, &e);
	l = f == NULL ? NULL : dsfile_line_open(f, &e);
	for (i = 0; CHECK(l != NULL) && i < 4; i++) {
		err_clear(&e);
		CHECK_INT(
		    dsfile_read(l, rows[i][0], rows[i][1], 3, &none, NULL, &e),
		    -1);
		CHECK_INT(e.class, ERR_BUG);
	}
	dsfile_line_free(l);
	dsfile_free(f);
	dsserver_end("HEAD\n");
}

static void
line_is_one_connection(void)
{
	struct reading r = { .from = 10, .bytes = 20 };
	const struct sink to = { into_room, &r };
	struct dsfile_line *l = NULL;
	struct dsfile *f;
	int i;

	dsserver_begin(NULL);
	f = dsfile_open(dsserver.v, "DC", DSSERVER_NAME, &r.e);
	if (CHECK(f != NULL))
		l = dsfile_line_open(f, &r.e);
	for (i = 0; CHECK(l != NULL) && i < 5; i++)
		CHECK_INT(
		    dsfile_read(l, (uint64_t)i * 10, 10, 0, &to, NULL, &r.e),
		    0);
	CHECK_MEM(r.got.data, dsserver_file, 50);
	dsfile_line_free(l);
	dsfile_free(f);
	CHECK_INT(dsserver.server.connections, 2); /* one asked for the size */
	buf_free(&r.got);
	dsserver_end(
	    "HEAD\nGET 0-9\nGET 10-19\nGET 20-29\nGET 30-39\nGET 40-49\n");
}

static void
broken_line_goes_on_where_it_broke(void)
{
	struct reading r = { .bytes = 1000,
		.retries = 2,
		.steps = { { DS_CUT, NULL, 100 }, { DS_RESET, NULL, 0 },
		    { DS_CUT, NULL, 250 }, { DS_CUT, NULL, 1 },
		    { DS_CUT, NULL, 0 }, { DS_CUT, NULL, 0 } } };
	static const char log[] =
	    "GET 0-999\npause 1000\nGET 100-999\npause 2000\n"
	    "GET 100-999\npause 1000\nGET 350-999\npause 1000\n"
	    "GET 351-999\npause 2000\nGET 351-999\n";

	/* What brings something starts to count anew: the byte at 350 is the
	 * first failure, the two behind it are the second and third. */
	reading_fails(&r, ERR_IO,
	    DSSERVER_NAME
	    " at byte 351: 127.0.0.1:PORT: transfer cut off after 0 bytes: "
	    "transfer closed with 649 bytes remaining to read",
	    351, log);
	r = (struct reading){ .bytes = 1000,
		.retries = 2,
		.steps = { { DS_CUT, NULL, 100 }, { DS_RESET, NULL, 0 },
		    { DS_CUT, NULL, 250 }, { DS_CUT, NULL, 1 },
		    { DS_CUT, NULL, 0 } } };
	reading_is_good(&r, log);
}

static void
much_between_two_breaks_costs_little_time(void)
{
	struct reading r = { .bytes = DSSERVER_BYTES_MAX,
		.retries = 1,
		.steps = { { DS_CUT, NULL, 65536 }, { DS_CUT, NULL, 65535 } } };

	dsserver_begin(NULL);
	dsserver.size = DSSERVER_BYTES_MAX;
	reading_go(&r, NULL);
	CHECK_STR(r.e.text, "");
	CHECK_INT(r.got.len, DSSERVER_BYTES_MAX);
	buf_free(&r.got);
	dsserver_end("GET 0-196607\npause 100\nGET 65536-196607\npause 1000\n"
		     "GET 131071-196607\n");
}

static void
patience_grows_and_has_an_end(void)
{
	struct reading r = { .from = 5,
		.bytes = 10,
		.retries = 7,
		.steps = { DSSERVER_STATUS("503"), DSSERVER_STATUS("502"),
		    DSSERVER_STATUS("504"), DSSERVER_STATUS("503"),
		    DSSERVER_STATUS("503"), DSSERVER_STATUS("503"),
		    DSSERVER_STATUS("503") } };

	reading_is_good(&r,
	    "GET 5-14\npause 1000\nGET 5-14\npause 2000\nGET 5-14\n"
	    "pause 4000\nGET 5-14\npause 8000\nGET 5-14\npause 16000\n"
	    "GET 5-14\npause 30000\nGET 5-14\npause 30000\nGET 5-14\n");
	r.retries = 6;
	reading_fails(&r, ERR_TEMP,
	    DSSERVER_NAME " at byte 5: 127.0.0.1 is busy (HTTP status 503)", 0,
	    NULL);
	r = (struct reading){ .bytes = 10,
		.steps = { DSSERVER_STATUS("502") } };
	reading_fails(&r, ERR_TEMP,
	    DSSERVER_NAME " at byte 0: 127.0.0.1 is busy (HTTP status 502)", 0,
	    "GET 0-9\n");
}

static void
silence_is_a_broken_line(void)
{
	struct reading r = { .bytes = 10,
		.retries = 1,
		.steps = { { DS_SILENT } } };

	dsserver_stall_s = 4;
	reading_is_good(&r, "GET 0-9\npause 1000\nGET 0-9\n");
	dsserver_stall_s = 60;
}

static void
lock_is_explained(void)
{
	struct reading r = { .from = 3,
		.bytes = 10,
		.retries = 1,
		.steps = { DSSERVER_STATUS("500"), DSSERVER_STATUS("500") } };

	reading_fails(&r, ERR_TEMP,
	    DSSERVER_NAME
	    " at byte 3: locked (HTTP status 500 from 127.0.0.1): a running VM "
	    "holds its disk, a snapshot frees it",
	    0, "GET 3-12\npause 1000\nGET 3-12\n");
}

#define RANGE(content_range, length, body)                                   \
	{                                                                    \
		DS_SAY,                                                      \
		    "HTTP/1.1 206 X\r\nContent-Range: " content_range "\r\n" \
		    "Content-Length: " length "\r\n\r\n" body                \
	}
#define WHERE DSSERVER_NAME " at byte 10: 127.0.0.1:PORT: "
#define CHUNKED(body)                                                         \
	{                                                                     \
		DS_SAY,                                                       \
		    "HTTP/1.1 206 X\r\nContent-Range: bytes 10-14/1000\r\n"   \
		    "Transfer-Encoding: chunked\r\n\r\n" body "\r\n0\r\n\r\n" \
	}

/* Not one byte of a wrong answer is taken, and it is not asked for again. */
static void
wrong_range_is_refused(void)
{
	static const struct {
		struct dsserver_step step;
		const char *text;
	} rows[] = {
		{ DSSERVER_STATUS("200"),
		    WHERE "the server ignores ranges (HTTP status 200)" },
		{ RANGE("bytes 11-15/1000", "5", "xxxxx"),
		    WHERE "asked for bytes 10-14, the answer has 11-15" },
		{ RANGE("bytes 10-13/1000", "4", "xxxx"),
		    WHERE "asked for bytes 10-14, the answer has 10-13" },
		{ RANGE("bytes 10-15/1000", "6", "xxxxxx"),
		    WHERE "asked for bytes 10-14, the answer has 10-15" },
		{ RANGE("bytes 10-14/1001", "5", "xxxxx"),
		    WHERE "the file has now 1001 bytes, it had 1000" },
		{ RANGE("bytes 10-14/*", "5", "xxxxx"),
		    WHERE "HTTP status 206 without a good Content-Range" },
		{ RANGE("bytes */1000", "5", "xxxxx"),
		    WHERE "HTTP status 206 without a good Content-Range" },
		{ RANGE("bytes 10-14/1000", "4", "xxxx"),
		    WHERE "Content-Length 4 of a range of 5 bytes" },
		{ RANGE("bytes 10-14/1000", "6", "xxxxxx"),
		    WHERE "Content-Length 6 of a range of 5 bytes" },
		{ RANGE("bytes 10-14/1000\r\nContent-Range: bytes 10-14/1000",
		      "5", "xxxxx"),
		    WHERE "HTTP status 206 without a good Content-Range" },
		{ { DS_SAY,
		      "HTTP/1.1 206 X\r\nContent-Length: 5\r\n\r\nxxxxx" },
		    WHERE "HTTP status 206 without a good Content-Range" },
		{ CHUNKED("6\r\nxxxxxx"),
		    WHERE "more than the 5 bytes of the range" },
		{ { DS_SAY,
		      "HTTP/1.1 416 X\r\nContent-Range: bytes */7\r\n"
		      "Content-Length: 0\r\n\r\n" },
		    DSSERVER_NAME " at byte 10: the file has now 7 bytes (HTTP "
				  "status 416 from 127.0.0.1)" },
		{ DSSERVER_STATUS("416"),
		    DSSERVER_NAME
		    " at byte 10: 127.0.0.1 answers HTTP status 416" },
		{ DSSERVER_STATUS("307"),
		    DSSERVER_NAME " at byte 10: 127.0.0.1 redirects (HTTP "
				  "status 307), which is not followed" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct reading r = { .from = 10,
			.bytes = 5,
			.retries = 3,
			.steps = { rows[i].step } };

		check_at(rows[i].text);
		reading_fails(&r, ERR_PROTO, rows[i].text, 0, "GET 10-14\n");
	}
}

static void
answers_that_refuse_are_not_asked_again(void)
{
	static const struct {
		struct dsserver_step step;
		int class;
		const char *text;
	} rows[] = {
		{ DSSERVER_STATUS("404"), ERR_NOTFOUND,
		    DSSERVER_NAME " at byte 10: no such file at 127.0.0.1 "
				  "(HTTP status 404)" },
		{ DSSERVER_STATUS("403"), ERR_PERM,
		    DSSERVER_NAME
		    " at byte 10: 127.0.0.1 refuses access (HTTP status 403): "
		    "the account needs Datastore.Browse and "
		    "Datastore.FileManagement (low level file operations)" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct reading r = { .from = 10,
			.bytes = 5,
			.retries = 3,
			.steps = { rows[i].step } };

		check_at(rows[i].text);
		reading_fails(&r, rows[i].class, rows[i].text, 0,
		    "GET 10-14\n");
	}
}

/* Chunks may end early without any error of HTTP's. */
static void
range_that_ends_early_goes_on(void)
{
	struct reading r = { .from = 10,
		.bytes = 5,
		.retries = 1,
		.steps = { { DS_SAY, NULL }, { DS_SERVE } } };
	char answer[300];

	dsserver_begin(NULL);
	snprintf(answer, sizeof(answer),
	    "HTTP/1.1 206 X\r\nContent-Range: bytes 10-14/1000\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n2\r\n%.2s\r\n0\r\n\r\n",
	    dsserver_file + 10);
	r.steps[0].text = answer;
	reading_go(&r, NULL);
	CHECK_STR(r.e.text, "");
	CHECK_INT(r.got.len, 5);
	buf_free(&r.got);
	dsserver_end("GET 10-14\npause 1000\nGET 12-14\n");
}

static void
file_that_was_written_to_shows(void)
{
	struct reading r = { .bytes = 5 };
	struct dsfile *f;
	struct dsfile_line *l = NULL;
	const struct sink to = { into_room, &r };

	dsserver_begin(NULL);
	f = dsfile_open(dsserver.v, "DC", DSSERVER_NAME, &r.e);
	if (CHECK(f != NULL))
		l = dsfile_line_open(f, &r.e);
	if (CHECK(l != NULL)) {
		CHECK_INT(dsfile_read(l, 0, 5, 0, &to, NULL, &r.e), 0);
		CHECK(!dsfile_is_changed(f));
		dsserver.modified = "Mon, 02 Jan 2023 03:04:06 GMT";
		CHECK_INT(dsfile_read(l, 5, 5, 0, &to, NULL, &r.e), 0);
		CHECK(dsfile_is_changed(f));
		CHECK_STR(dsfile_modified(f), DSSERVER_DATE);
	}
	dsfile_line_free(l);
	dsfile_free(f);
	buf_free(&r.got);
	dsserver_end(NULL);
}

static void
full_disk_is_not_the_lines_fault(void)
{
	struct reading r = { .bytes = 1000, .retries = 3, .room = 900 };

	/* All of them come at once. */
	reading_fails(&r, ERR_IO,
	    DSSERVER_NAME " at byte 0: No space left on device", 0,
	    "GET 0-999\n");
}

static void
stop_ends_the_patience(void)
{
	struct reading r = { .bytes = 10,
		.retries = 3,
		.steps = { DSSERVER_STATUS("503") } };
	volatile bool stop = false;

	dsserver_begin(NULL);
	dsserver.stops = &stop;
	reading_go(&r, &stop);
	CHECK_INT(r.e.class, ERR_TEMP);
	CHECK_STR(r.e.text, DSSERVER_NAME " at byte 0: stopped");
	dsserver_end("GET 0-9\npause 1000\n");
}

static void
stop_ends_a_transfer(void)
{
	struct reading r = { .bytes = 10, .retries = 3 };
	volatile bool stop = true;

	dsserver_begin(NULL);
	reading_go(&r, &stop);
	CHECK_INT(r.e.class, ERR_TEMP);
	CHECK_STR(dsserver_error(&r.e),
	    DSSERVER_NAME " at byte 0: 127.0.0.1:PORT: stopped");
	buf_free(&r.got);
	dsserver_end(NULL);
}

static void
say_expired(const char *method, const char *envelope, struct buf *out)
{
	(void)envelope;
	CHECK_STR(method, "CurrentTime");
	buf_puts(out,
	    wirefake.logins == 1 ? "!NotAuthenticated The session is over."
				 : "<returnval>now</returnval>");
}

static void
say_refused(const char *method, const char *envelope, struct buf *out)
{
	(void)method;
	(void)envelope;
	buf_puts(out, "!InvalidLogin wrong password");
}

static void
session_that_expired_between_ranges_goes_on(void)
{
	struct reading r = { .from = 1,
		.bytes = 10,
		.steps = { DSSERVER_STATUS("401") } };

	wirefake.answer = say_expired;
	dsserver_begin(NULL);
	dsserver.logs_cookies = true;
	reading_go(&r, NULL);
	CHECK_STR(r.e.text, "");
	CHECK_INT(r.got.len, 10);
	CHECK_INT(wirefake.logins, 2);
	buf_free(&r.got);
	dsserver_end("GET 1-10 a=1\nGET 1-10 a=2\n");
}

static void
cookie_that_is_never_taken_is_an_error(void)
{
	struct reading r = { .bytes = 10,
		.retries = 3,
		.steps = { DSSERVER_STATUS("401"), DSSERVER_STATUS("401"),
		    DSSERVER_STATUS("401") } };

	wirefake.answer = say_expired;
	reading_fails(&r, ERR_PERM,
	    DSSERVER_NAME
	    " at byte 0: 127.0.0.1 does not take the session's cookie (HTTP "
	    "status 401)",
	    0, "GET 0-9\nGET 0-9\nGET 0-9\n");
	wirefake.answer = say_refused;
	r = (struct reading){ .bytes = 10,
		.retries = 3,
		.steps = { DSSERVER_STATUS("401") } };
	reading_fails(&r, ERR_PERM,
	    DSSERVER_NAME " at byte 0: CurrentTime: InvalidLogin: wrong "
			  "password",
	    0, "GET 0-9\n");
}

/* clang-format off */
STORY_MAIN(TEST(only_the_range_is_asked_for),
    TEST(range_beyond_the_end_is_a_bug_of_ours),
    TEST(line_is_one_connection), TEST(broken_line_goes_on_where_it_broke),
    TEST(much_between_two_breaks_costs_little_time),
    TEST(patience_grows_and_has_an_end), TEST(silence_is_a_broken_line),
    TEST(lock_is_explained), TEST(wrong_range_is_refused),
    TEST(answers_that_refuse_are_not_asked_again),
    TEST(range_that_ends_early_goes_on),
    TEST(file_that_was_written_to_shows),
    TEST(full_disk_is_not_the_lines_fault), TEST(stop_ends_the_patience),
    TEST(stop_ends_a_transfer),
    TEST(session_that_expired_between_ranges_goes_on),
    TEST(cookie_that_is_never_taken_is_an_error))
