#include "net/http_range.h"

#include "httpstory.h"

static void
content_range_is_read_strictly(void)
{
	static const struct {
		const char *text;
		struct http_range range;
	} rows[] = {
		{ "bytes 0-0/1", { 0, 1, 1 } },
		{ "bytes 10-19/20", { 10, 10, 20 } },
		{ "BYTES 0-99/1000", { 0, 100, 1000 } },
		{ "bytes */47", { 0, 0, 47 } },
		{ "bytes */0", { 0, 0, 0 } },
		{ "bytes 0-9223372036854775806/9223372036854775807",
		    { 0, INT64_MAX, INT64_MAX } },
		{ "bytes 10-20/20", { 0 } },
		{ "bytes 11-10/20", { 0 } },
		{ "bytes 0-0/0", { 0 } },
		{ "bytes 0-9/*", { 0 } },
		{ "bytes */*", { 0 } },
		{ "bytes 0-9", { 0 } },
		{ "bytes 0/10", { 0 } },
		{ "bytes -9/10", { 0 } },
		{ "bytes 0-/10", { 0 } },
		{ "bytes  0-9/10", { 0 } },
		{ "bytes 0 - 9/10", { 0 } },
		{ "bytes 0-9/10 ", { 0 } },
		{ "bytes 0-9/10/", { 0 } },
		{ "bytes +0-9/10", { 0 } },
		{ "bytes=0-9/10", { 0 } },
		{ "bytes", { 0 } },
		{ "sectors 0-9/10", { 0 } },
		{ "bytes 0-9/18446744073709551616", { 0 } },
		{ "bytes 0-9/9223372036854775808", { 0 } },
		{ "bytes 18446744073709551616-1/10", { 0 } },
		{ "", { 0 } },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct http_range got = { 0 };
		bool is_good = i < 6;

		check_at(rows[i].text);
		CHECK_INT(http_range_parse(rows[i].text, &got),
		    is_good ? 0 : -1);
		CHECK_INT(got.first, rows[i].range.first);
		CHECK_INT(got.bytes, rows[i].range.bytes);
		CHECK_INT(got.of, rows[i].range.of);
	}
}

static bool
two_parts(struct tlsserver *s, SSL *ssl)
{
	(void)s;
	tlsserver_say(ssl,
	    "HTTP/1.1 206 X\r\ncontent-range:bytes 3-6/9\r\n"
	    "last-modified:  Thu, 01 Jan 1970 00:00:00 GMT \r\n"
	    "Transfer-Encoding: chunked\r\n\r\n"
	    "1\r\na\r\n3\r\nbcd\r\n0\r\nContent-Range: bytes 0-0/1\r\n\r\n");
	return true;
}

static void
part_of_a_file_comes(void)
{
	struct story s = { .server.script = two_parts,
		.req.range = { 3, 4, 9 } };

	story_run(&s);
	CHECK_INT(s.rc, 0);
	CHECK_STR(s.e.text, "");
	CHECK_INT(s.reply.status, 206);
	CHECK_INT(s.reply.of, 9);
	CHECK_INT(s.reply.bytes, 4);
	CHECK_STR(s.reply.modified, "Thu, 01 Jan 1970 00:00:00 GMT");
	CHECK_STR(buf_text(&s.body), "abcd");
	CHECK(strstr(s.seen, "\r\nRange: bytes=3-6\r\n") != NULL);
	story_free(&s);
}

static void
without_a_range_none_is_sent(void)
{
	struct story s = { .server.script = hello };

	story_run(&s);
	CHECK_INT(s.rc, 0);
	CHECK_INT(s.reply.of, -1);
	CHECK_STR(s.reply.modified, "");
	CHECK(strstr(s.seen, "Range") == NULL);
	story_free(&s);
}

static bool
head(struct tlsserver *s, SSL *ssl)
{
	(void)s;
	tlsserver_say(ssl,
	    "HTTP/1.1 200 OK\r\nContent-Length: 5368709120\r\n"
	    "Last-Modified: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\n");
	return true;
}

static void
head_tells_size_and_date(void)
{
	struct story s = { .server.script = head, .req.method = "HEAD" };

	story_run(&s);
	CHECK_INT(s.rc, 0);
	CHECK_INT(s.reply.status, 200);
	CHECK_INT(s.reply.length, 5368709120);
	CHECK_STR(s.reply.modified, "Thu, 01 Jan 1970 00:00:00 GMT");
	story_free(&s);
}

/* Only the last head counts. */
static bool
early_hints(struct tlsserver *s, SSL *ssl)
{
	(void)s;
	tlsserver_say(ssl,
	    "HTTP/1.1 103 Early Hints\r\nContent-Range: bytes 0-1/9\r\n"
	    "Last-Modified: never\r\n\r\n"
	    "HTTP/1.1 206 X\r\nContent-Range: bytes 3-6/9\r\n"
	    "Content-Length: 4\r\n\r\nabcd");
	return true;
}

static void
hints_before_the_answer_do_not_count(void)
{
	struct story s = { .server.script = early_hints,
		.req.range = { 3, 4, 0 } };

	story_run(&s);
	CHECK_INT(s.rc, 0);
	CHECK_STR(s.e.text, "");
	CHECK_STR(s.reply.modified, "");
	CHECK_STR(buf_text(&s.body), "abcd");
	story_free(&s);
}

static bool
sends_all(struct tlsserver *s, SSL *ssl)
{
	(void)s;
	tlsserver_say(ssl, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd");
	return true;
}

static bool
sends_less(struct tlsserver *s, SSL *ssl)
{
	(void)s;
	tlsserver_say(ssl,
	    "HTTP/1.1 206 OK\r\nContent-Range: bytes 3-6/9\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n");
	return true;
}

static bool
sends_more(struct tlsserver *s, SSL *ssl)
{
	(void)s;
	tlsserver_say(ssl,
	    "HTTP/1.1 206 OK\r\nContent-Range: bytes 3-6/9\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n");
	nap(200);
	tlsserver_say(ssl, "3\r\ncde\r\n0\r\n\r\n");
	return true;
}

static void
other_parts_are_errors(void)
{
	static const struct {
		bool (*script)(struct tlsserver *s, SSL *ssl);
		int class;
		uint64_t bytes; /* that came before */
		const char *text;
	} rows[] = {
		{ sends_all, ERR_PROTO, 0,
		    "127.0.0.1:PORT: the server ignores ranges (HTTP status "
		    "200)" },
		{ sends_less, ERR_IO, 2,
		    "127.0.0.1:PORT: transfer cut off after 2 bytes: that is "
		    "less than the range" },
		{ sends_more, ERR_PROTO, 2,
		    "127.0.0.1:PORT: more than the 4 bytes of the range" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct story s = { .server.script = rows[i].script,
			.req.range = { 3, 4, 0 } };

		check_at(rows[i].text);
		story_run(&s);
		CHECK_INT(s.rc, -1);
		CHECK_INT(s.e.class, rows[i].class);
		CHECK_STR(story_error(&s), rows[i].text);
		CHECK_INT(s.body.len, rows[i].bytes);
		CHECK_INT(s.reply.bytes, rows[i].bytes);
		story_free(&s);
	}
}

static void
range_beyond_all_numbers_is_a_bug(void)
{
	struct story s = { .server.script = hello,
		.req.range = { UINT64_MAX, 2, 0 } };

	story_fails(&s, ERR_BUG, "bad range");
}

/* clang-format off */
STORY_MAIN(TEST(content_range_is_read_strictly), TEST(part_of_a_file_comes),
    TEST(without_a_range_none_is_sent), TEST(head_tells_size_and_date),
    TEST(hints_before_the_answer_do_not_count), TEST(other_parts_are_errors),
    TEST(range_beyond_all_numbers_is_a_bug))
