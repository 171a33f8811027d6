#include <signal.h>
#include "httpstory.h"
#include "net/http_fail.h"

/* A body whose bytes tell their place, in odd portions. */
struct body {
	uint64_t size, at;
	size_t portion; /* most at once, 0: any */
	uint64_t fails_at;
	bool fails;
	long nap_ms; /* before each portion */
};

static unsigned char
byte_at(uint64_t at)
{
	return (unsigned char)(at * 7 + (at >> 8) * 13);
}

static ssize_t
give(void *self, void *p, size_t n, struct err *e)
{
	struct body *b = self;
	unsigned char *to = p;
	size_t i;

	if (b->nap_ms != 0)
		nap(b->nap_ms);
	if (b->fails && b->at >= b->fails_at)
		return err_set(e, ERR_IO, "tape torn at %ju", (uintmax_t)b->at);
	if (b->portion != 0 && n > b->portion)
		n = b->portion;
	if (n > b->size - b->at)
		n = (size_t)(b->size - b->at);
	for (i = 0; i < n; i++)
		to[i] = byte_at(b->at + i);
	b->at += n;
	return (ssize_t)n;
}

/* What the server has got of it. */
static struct {
	uint64_t n;
	bool differs;
	bool ended; /* the last chunk came */
} taken;

static int
take(SSL *ssl, uint64_t most)
{
	static unsigned char p[65536];
	int got, i;

	got = SSL_read(ssl, p, (int)(most < sizeof(p) ? most : sizeof(p)));
	for (i = 0; i < got; i++)
		taken.differs |= p[i] != byte_at(taken.n + (uint64_t)i);
	if (got > 0)
		taken.n += (uint64_t)got;
	return got;
}

static void
take_bytes(SSL *ssl, uint64_t n)
{
	uint64_t end = taken.n + n;

	while (taken.n < end && take(ssl, end - taken.n) > 0)
		continue;
}

static bool
take_line(SSL *ssl, char *line, size_t size)
{
	size_t n = 0;

	while (n < size - 1 && SSL_read(ssl, line + n, 1) == 1)
		if (line[n++] == '\n')
			break;
	line[n] = '\0';
	return n > 1 && line[n - 1] == '\n';
}

static void
take_chunks(SSL *ssl)
{
	char line[40];
	uint64_t n;

	while (take_line(ssl, line, sizeof(line))) {
		n = strtoul(line, NULL, 16);
		take_bytes(ssl, n);
		if (!take_line(ssl, line, sizeof(line)))
			return;
		taken.ended = n == 0;
		if (taken.ended)
			return;
	}
}

static bool
take_all(struct tlsserver *s, SSL *ssl)
{
	const char *length = strstr(s->request, "Content-Length: ");

	if (length != NULL)
		take_bytes(ssl, strtoul(length + 16, NULL, 10));
	else if (strstr(s->request, "Transfer-Encoding: chunked") != NULL)
		take_chunks(ssl);
	return hello(s, ssl);
}

/* An upload of b by that script. */
static struct story
upload(bool (*script)(struct tlsserver *, SSL *), struct source *source,
    struct body *b)
{
	struct story s = { .server = { .script = script, .head_only = true },
		.req = { .method = "POST", .source_len = (int64_t)b->size } };

	*source = (struct source){ give, b };
	s.req.source = source;
	memset(&taken, 0, sizeof(taken));
	return s;
}

static void
check_came_through(struct story *s, uint64_t n)
{
	CHECK_STR(s->e.text, "");
	CHECK_INT(s->rc, 0);
	CHECK_INT(s->reply.status, 200);
	CHECK_INT(s->reply.sent, n);
	CHECK_INT(s->reply.bytes, 5);
	CHECK_INT(taken.n, n);
	CHECK(!taken.differs);
	CHECK_INT(s->server.requests, 1);
}

static void
every_size_comes_through(void)
{
	static const struct {
		uint64_t size;
		size_t portion;
	} rows[] = { { 0, 0 }, { 1, 0 }, { 5, 2 }, { 262143, 0 }, { 262144, 0 },
		{ 262145, 0 }, { 3000001, 7777 }, { 9000000, 0 } };
	char name[40];
	size_t i;

	for (i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		struct body b = { .size = rows[i / 2].size,
			.portion = rows[i / 2].portion };
		struct source source;
		struct story s = upload(take_all, &source, &b);

		snprintf(name, sizeof(name), "%ju bytes%s", (uintmax_t)b.size,
		    i % 2 == 0 ? "" : " in chunks");
		check_at(name);
		if (i % 2 == 1)
			s.req.source_len = -1;
		story_run(&s);
		check_came_through(&s, b.size);
		CHECK_INT(taken.ended, i % 2);
		story_free(&s);
	}
}

static void
head_says_what_was_asked_and_no_more(void)
{
	static const char *const headers[] = {
		"Content-Type: application/x-vnd.vmware-streamVmdk",
		"Overwrite: t", NULL
	};
	struct body b = { .size = 2000000 }, c = { .size = 2000000 };
	struct source source;
	struct story put = upload(take_all, &source, &b);
	struct story post;
	char want[300];

	put.req.method = "PUT";
	put.req.headers = headers;
	story_run(&put);
	snprintf(want, sizeof(want),
	    "PUT /x?ticket=5ecret HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n"
	    "User-Agent: esxbk/%s\r\nAccept: */*\r\n"
	    "Content-Type: application/x-vnd.vmware-streamVmdk\r\n"
	    "Overwrite: t\r\nContent-Length: 2000000\r\n\r\n",
	    put.server.port,
#ifdef ESXBK_VERSION
	    ESXBK_VERSION
#else
	    "0"
#endif
	);
	CHECK_STR(put.seen, want);
	story_free(&put);
	post = upload(take_all, &source, &c);
	post.req.source_len = -1;
	story_run(&post);
	CHECK_MEM(post.seen, "POST /x", 7);
	CHECK(strstr(post.seen, "Transfer-Encoding: chunked\r\n") != NULL);
	CHECK(strstr(post.seen, "Content-Length:") == NULL);
	CHECK(strstr(post.seen, "Content-Type:") == NULL);
	CHECK(strstr(post.seen, "Expect:") == NULL);
	story_free(&post);
}

/* The peer must never take a part for the whole. */
static void
source_that_fails_cuts_the_body(void)
{
	static const struct {
		const char *what;
		struct body body;
		int64_t announced;
		int class;
		const char *text;
	} rows[] = {
		{ "at once", { .size = 9, .fails = true }, 9, ERR_IO,
		    "tape torn at 0" },
		{ "in the middle",
		    { .size = 900000, .fails = true, .fails_at = 400000 },
		    900000, ERR_IO, NULL },
		{ "in the middle of chunks",
		    { .size = 900000, .fails = true, .fails_at = 400000 }, -1,
		    ERR_IO, NULL },
		{ "at its end", { .size = 9, .fails = true, .fails_at = 9 }, 9,
		    ERR_IO, "tape torn at 9" },
		{ "at its end, in chunks",
		    { .size = 9, .fails = true, .fails_at = 9 }, -1, ERR_IO,
		    "tape torn at 9" },
		{ "empty, at its end", { .fails = true }, 0, ERR_IO,
		    "tape torn at 0" },
		{ "too short", { .size = 9 }, 10, ERR_DATA,
		    "127.0.0.1:PORT: there is less to send than 10 bytes: 9" },
		{ "too long", { .size = 10 }, 9, ERR_DATA,
		    "127.0.0.1:PORT: there is more to send than 9 bytes" },
		{ "not empty", { .size = 1 }, 0, ERR_DATA,
		    "127.0.0.1:PORT: there is more to send than 0 bytes" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct body b = rows[i].body;
		struct source source;
		struct story s = upload(take_all, &source, &b);

		check_at(rows[i].what);
		s.req.source_len = rows[i].announced;
		story_run(&s);
		CHECK_INT(s.rc, -1);
		CHECK_INT(s.e.class, rows[i].class);
		if (rows[i].text != NULL)
			CHECK_STR(story_error(&s), rows[i].text);
		else
			CHECK_MEM(s.e.text, "tape torn at ", 13);
		CHECK(!taken.ended);
		CHECK(rows[i].announced < 0 ||
		    taken.n < (uint64_t)rows[i].announced ||
		    s.server.requests == 0);
		story_free(&s);
	}
}

static bool
refuse_and_close(struct tlsserver *s, SSL *ssl)
{
	(void)s;
	tlsserver_say(ssl,
	    "HTTP/1.1 503 Busy\r\nConnection: close\r\n"
	    "Content-Length: 2\r\n\r\nno");
	take(ssl, 65536); /* lets it be read before the connection breaks */
	nap(200);
	return false;
}

static bool
refuse_and_stay(struct tlsserver *s, SSL *ssl)
{
	(void)s;
	take_bytes(ssl, 100000);
	tlsserver_say(ssl,
	    "HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 2\r\n\r\nno");
	tlsserver_hang(ssl);
	return false;
}

static bool
refuse_without_end(struct tlsserver *s, SSL *ssl)
{
	(void)s;
	tlsserver_say(ssl, "HTTP/1.1 500 Oops\r\n\r\nno");
	nap(6000);
	return false;
}

static void
refusal_ends_the_upload(void)
{
	static const struct {
		bool (*script)(struct tlsserver *, SSL *);
		int64_t size;
		int status;
		uint64_t most_ms;
	} rows[] = {
		{ refuse_and_close, 1000000000, 503, 2000 },
		{ refuse_and_close, -1, 503, 2000 },
		{ refuse_and_stay, 1000000000, 405, 2000 },
		{ refuse_and_stay, -1, 405, 2000 },
		{ refuse_without_end, 1000000000, 500, 5500 },
	};
	char name[60];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct body b = { .size = 1000000000 };
		struct source source;
		struct story s = upload(rows[i].script, &source, &b);

		snprintf(name, sizeof(name), "%d, length %jd", rows[i].status,
		    (intmax_t)rows[i].size);
		check_at(name);
		s.req.source_len = rows[i].size;
		s.req.any_status = true;
		story_run(&s);
		CHECK_STR(s.e.text, "");
		CHECK_INT(s.rc, 0);
		CHECK_INT(s.reply.status, rows[i].status);
		CHECK_STR(buf_text(&s.body), "no");
		CHECK(s.reply.sent < 100000000);
		CHECK(!taken.ended);
		CHECK(s.ms < rows[i].most_ms);
		story_free(&s);
	}
}

static bool
content_too_early(struct tlsserver *s, SSL *ssl)
{
	(void)s;
	take_bytes(ssl, 1000);
	tlsserver_say(ssl,
	    "HTTP/1.1 200 OK\r\nConnection: close\r\n"
	    "Content-Length: 2\r\n\r\nok");
	tlsserver_hang(ssl);
	return false;
}

static bool
reset_in_body(struct tlsserver *s, SSL *ssl)
{
	struct linger now = { .l_onoff = 1 };

	(void)s;
	take_bytes(ssl, 1000000);
	setsockopt(SSL_get_fd(ssl), SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	return false;
}

static bool
close_unanswered(struct tlsserver *s, SSL *ssl)
{
	(void)s;
	take_bytes(ssl, 5000);
	SSL_shutdown(ssl);
	return false;
}

static bool
hang_after_body(struct tlsserver *s, SSL *ssl)
{
	(void)s;
	take_bytes(ssl, 5000);
	tlsserver_hang(ssl);
	return false;
}

static bool
hang_in_upload(struct tlsserver *s, SSL *ssl)
{
	(void)s;
	take_bytes(ssl, 1000000);
	nap(4000);
	return false;
}

/* Cuts the text behind its first number, which is chance. */
static void
check_begins(const struct story *s, const char *begin, const char *has)
{
	const char *text = story_error(s);

	CHECK_MEM(text, begin, strlen(begin));
	CHECK(strstr(text, has) != NULL);
}

static void
upload_that_breaks_is_an_error(void)
{
	static const struct {
		bool (*script)(struct tlsserver *, SSL *);
		uint64_t size;
		const char *begin, *has;
	} rows[] = {
		{ content_too_early, 100000000,
		    "127.0.0.1:PORT: answer 200 after only ", " bytes" },
		{ reset_in_body, 100000000,
		    "127.0.0.1:PORT: transfer broken after ", "" },
		{ close_unanswered, 5000,
		    "127.0.0.1:PORT: closed without an answer after all 5000 "
		    "bytes",
		    "" },
		{ hang_after_body, 5000,
		    "127.0.0.1:PORT: no answer for 1 s after all 5000 bytes",
		    "" },
		{ hang_in_upload, 100000000,
		    "127.0.0.1:PORT: no byte for 1 s after ", " bytes" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct body b = { .size = rows[i].size };
		struct source source;
		struct story s = upload(rows[i].script, &source, &b);

		check_at(rows[i].begin);
		s.conf.stall_s = 1;
		story_run(&s);
		CHECK_INT(s.rc, -1);
		CHECK_INT(s.e.class, ERR_IO);
		check_begins(&s, rows[i].begin, rows[i].has);
		CHECK(s.reply.sent > 0 && s.reply.sent <= b.size);
		CHECK_INT(s.server.requests, 1);
		CHECK(s.ms < 4000);
		story_free(&s);
	}
}

static void
nothing_sent_is_no_connection(void)
{
	static const struct {
		CURLcode code;
		uint64_t bytes;
		int class;
		const char *text;
	} rows[] = {
		{ CURLE_SEND_ERROR, 0, ERR_UNAVAIL,
		    "esx1:443: connection lost: why" },
		{ CURLE_GOT_NOTHING, 0, ERR_UNAVAIL,
		    "esx1:443: connection lost: why" },
		{ CURLE_SEND_ERROR, 1, ERR_IO,
		    "esx1:443: transfer broken after 1 bytes: why" },
	};
	struct err e;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct http_fail f = { .code = rows[i].code,
			.where = "esx1:443",
			.detail = "why",
			.connected = true,
			.sends = true,
			.bytes = rows[i].bytes };

		check_at(rows[i].text);
		err_clear(&e);
		CHECK_INT(http_fail_set(&f, &e), -1);
		CHECK_INT(e.class, rows[i].class);
		CHECK_STR(e.text, rows[i].text);
	}
}

static void
slow_source_is_no_silence(void)
{
	struct body b = { .size = 2, .portion = 1, .nap_ms = 1500 };
	struct source source;
	struct story s = upload(take_all, &source, &b);

	s.conf.stall_s = 1;
	story_run(&s);
	check_came_through(&s, 2);
	CHECK(s.ms >= 4000);
	story_free(&s);
}

/* Takes a little now and then, out of small buffers. */
static bool
sip(struct tlsserver *s, SSL *ssl)
{
	while (taken.n < 608000) {
		take_bytes(ssl, 16000);
		nap(120);
	}
	return hello(s, ssl);
}

/* The kernel would take all of it at once and send it for seconds. */
static void
slow_line_is_no_silence(void)
{
	struct body b = { .size = 608000 };
	struct source source;
	struct story s = upload(sip, &source, &b);

	s.server.rcvbuf = 4096;
	s.conf.stall_s = 2;
	story_run(&s);
	check_came_through(&s, 608000);
	CHECK(s.ms >= 3000);
	story_free(&s);
}

static void
bandwidth_of_an_upload_can_be_limited(void)
{
	struct body b = { .size = 2000000 };
	struct source source;
	struct story s = upload(take_all, &source, &b);

	s.conf.bwlimit = 1000000;
	story_run(&s);
	check_came_through(&s, 2000000);
	CHECK(s.ms > 1000 && s.ms < 6000);
	story_free(&s);
}

/* Little by little: a second's silence would be a stall. */
static void
small_bandwidth_is_no_silence(void)
{
	struct body b = { .size = 150000 };
	struct source source;
	struct story s = upload(take_all, &source, &b);

	s.conf.bwlimit = 50000;
	s.conf.stall_s = 1;
	story_run(&s);
	check_came_through(&s, 150000);
	CHECK(s.ms > 1500);
	story_free(&s);
}

static bool
answer_and_vanish(struct tlsserver *s, SSL *ssl)
{
	(void)s;
	take_bytes(ssl, 5000);
	tlsserver_say(ssl, "HTTP/1.1 201 Created\r\n\r\nwel");
	return false; /* without TLS's end */
}

/* Who has it all and says so has it: the words behind do not matter. */
static void
answer_counts_however_it_ends(void)
{
	struct body b = { .size = 5000 };
	struct source source;
	struct story s = upload(answer_and_vanish, &source, &b);

	story_run(&s);
	CHECK_STR(s.e.text, "");
	CHECK_INT(s.rc, 0);
	CHECK_INT(s.reply.status, 201);
	CHECK_INT(s.reply.sent, 5000);
	story_free(&s);
}

/* On the same handle: nothing of the upload is left in it. */
static void
next_request_is_as_if_none_was_before(void)
{
	struct body b = { .size = 300000 };
	struct source source;
	struct story s = upload(take_all, &source, &b);
	struct http_req get = { .method = "GET" };
	char url[200];
	struct http *h;

	tlsserver_start(&s.server);
	make_url(&s.server, NULL, url, sizeof(url));
	s.conf.pin = s.server.pin;
	h = http_open(&s.conf, &s.e);
	s.req.url = get.url = url;
	s.req.sink = get.sink = (struct sink){ into_buf, &s.body };
	CHECK_INT(http_do(h, &s.req, &s.reply, &s.e), 0);
	CHECK_INT(http_do(h, &get, &s.reply, &s.e), 0);
	CHECK_STR(s.e.text, "");
	CHECK_INT(s.reply.sent, 0);
	CHECK_INT(taken.n, 300000);
	http_free(h);
	CHECK_INT(s.server.connections, 2);
	strcpy(s.seen, tlsserver_request(&s.server));
	CHECK_MEM(s.seen, "GET /x", 6);
	CHECK(strstr(s.seen, "Content-Length") == NULL);
	CHECK(strstr(s.seen, "Transfer-Encoding") == NULL);
	CHECK_STR(buf_text(&s.body), "hellohello");
	tlsserver_stop(&s.server);
	story_free(&s);
}

static void
two_bodies_are_our_mistake(void)
{
	struct body b = { .size = 5 };
	struct source source;
	struct story both = upload(take_all, &source, &b);
	struct story length = upload(take_all, &source, &b);

	both.req.body = "hello";
	both.req.body_len = 5;
	length.req.source_len = -2;
	story_fails(&both, ERR_BUG, "bad body");
	story_fails(&length, ERR_BUG, "bad body");
	CHECK_INT(both.server.connections + length.server.connections, 0);
}

static volatile bool stop_flag;

static bool
stops_us(struct tlsserver *s, SSL *ssl)
{
	(void)s;
	take_bytes(ssl, 100000);
	stop_flag = true;
	nap(3000);
	return false;
}

static bool
signals_us(struct tlsserver *s, SSL *ssl)
{
	(void)s;
	take_bytes(ssl, 100000);
	kill(getpid(), SIGTERM);
	nap(3000);
	return false;
}

/* Must be the last: a signal stays pending. */
static void
stop_and_signal_end_an_upload(void)
{
	struct body b = { .size = 100000000 }, c = b;
	struct source source;
	struct story stop = upload(stops_us, &source, &b);
	struct story signal;

	stop.req.stop = &stop_flag;
	story_fails(&stop, ERR_TEMP, "127.0.0.1:PORT: stopped");
	CHECK(stop.ms < 2000);
	signal = upload(signals_us, &source, &c);
	story_fails(&signal, ERR_SIGNAL + SIGTERM, "interrupted by SIGTERM");
	CHECK(signal.ms < 2000);
}

/* clang-format off */
STORY_MAIN(
    TEST(every_size_comes_through),
    TEST(head_says_what_was_asked_and_no_more),
    TEST(source_that_fails_cuts_the_body),
    TEST(refusal_ends_the_upload),
    TEST(upload_that_breaks_is_an_error),
    TEST(nothing_sent_is_no_connection),
    TEST(slow_source_is_no_silence),
    TEST(slow_line_is_no_silence),
    TEST(bandwidth_of_an_upload_can_be_limited),
    TEST(small_bandwidth_is_no_silence),
    TEST(answer_counts_however_it_ends),
    TEST(next_request_is_as_if_none_was_before),
    TEST(two_bodies_are_our_mistake),
    TEST(stop_and_signal_end_an_upload)
)
/* clang-format on */
