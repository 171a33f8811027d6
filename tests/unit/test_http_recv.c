#include <signal.h>
#include "httpstory.h"

static bool
chunks(struct tlsserver *s, SSL *ssl)
{
	(void)s;
	tlsserver_say(ssl,
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "3\r\nhel\r\n");
	tlsserver_say(ssl, "2;ext=1\r\nlo\r\n0\r\nSet-Cookie: a=late\r\n\r\n");
	return true;
}

static void
chunked_body_is_put_together(void)
{
	struct story s = { .server.script = chunks };

	story_run(&s);
	CHECK_INT(s.rc, 0);
	CHECK_INT(s.reply.length, -1);
	CHECK_INT(s.reply.bytes, 5);
	CHECK_STR(s.reply.content_type, "");
	CHECK_STR(s.reply.set_cookie, "");
	CHECK_STR(buf_text(&s.body), "hello");
	story_free(&s);
}

static bool
cut_length(struct tlsserver *s, SSL *ssl)
{
	(void)s;
	tlsserver_say(ssl, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello");
	SSL_shutdown(ssl);
	return false;
}

static bool
cut_chunks(struct tlsserver *s, SSL *ssl)
{
	(void)s;
	tlsserver_say(ssl,
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "5\r\nhello\r\n");
	SSL_shutdown(ssl);
	return false;
}

static bool
cut_close(struct tlsserver *s, SSL *ssl)
{
	(void)s;
	tlsserver_say(ssl, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello");
	return false; /* without TLS's end */
}

static bool
reset_body(struct tlsserver *s, SSL *ssl)
{
	struct linger now = { .l_onoff = 1 };

	(void)s;
	tlsserver_say(ssl, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello");
	nap(100);
	setsockopt(SSL_get_fd(ssl), SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	return false;
}

static bool
no_answer(struct tlsserver *s, SSL *ssl)
{
	(void)s;
	SSL_shutdown(ssl);
	return false;
}

static void
short_body_is_never_a_success(void)
{
	static const struct {
		bool (*script)(struct tlsserver *s, SSL *ssl);
		const char *text;
	} rows[] = {
		{ cut_length,
		    "127.0.0.1:PORT: transfer cut off after 5 bytes: transfer "
		    "closed with 4 bytes remaining to read" },
		{ cut_chunks,
		    "127.0.0.1:PORT: transfer cut off after 5 bytes: transfer "
		    "closed with outstanding read data remaining" },
		{ cut_close,
		    "127.0.0.1:PORT: transfer cut off after 5 bytes: the "
		    "connection was lost" },
		{ reset_body,
		    "127.0.0.1:PORT: transfer broken after 5 bytes: " },
		{ no_answer, "127.0.0.1:PORT: closed without an answer" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct story s = { .server.script = rows[i].script };

		/* Who sees the reset, libcurl or OpenSSL, is chance. */
		check_at(rows[i].text);
		story_run(&s);
		CHECK_INT(s.rc, -1);
		CHECK_INT(s.e.class, ERR_IO);
		if (rows[i].script == reset_body) {
			CHECK(strstr(s.e.text, "reset by peer") != NULL);
			s.e.text[strlen(s.e.text) -
			    strlen(strstr(s.e.text, "bytes: ") + 7)] = '\0';
		}
		CHECK_STR(story_error(&s), rows[i].text);
		story_free(&s);
	}
}

static bool
plain_end(struct tlsserver *s, SSL *ssl)
{
	(void)s;
	tlsserver_say(ssl, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello");
	SSL_shutdown(ssl);
	return false;
}

static void
body_may_end_with_the_connection(void)
{
	struct story s = { .server.script = plain_end };

	story_run(&s);
	CHECK_STR(s.e.text, "");
	CHECK_INT(s.rc, 0);
	CHECK_STR(buf_text(&s.body), "hello");
	story_free(&s);
}

static bool
hang_at_once(struct tlsserver *s, SSL *ssl)
{
	(void)s;
	tlsserver_hang(ssl);
	return false;
}

static bool
hang_in_head(struct tlsserver *s, SSL *ssl)
{
	(void)s;
	tlsserver_say(ssl, "HTTP/1.1 200 OK\r\nConte");
	tlsserver_hang(ssl);
	return false;
}

static bool
hang_in_body(struct tlsserver *s, SSL *ssl)
{
	(void)s;
	tlsserver_say(ssl, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello");
	tlsserver_hang(ssl);
	return false;
}

static void
silence_ends_a_request(void)
{
	static const struct {
		bool (*script)(struct tlsserver *s, SSL *ssl);
		bool silent;
		int class;
		const char *text;
	} rows[] = {
		{ hello, true, ERR_UNAVAIL,
		    "127.0.0.1:PORT: no connection within 1 s" },
		{ hang_at_once, false, ERR_IO,
		    "127.0.0.1:PORT: no byte for 1 s after 0 bytes" },
		{ hang_in_head, false, ERR_IO,
		    "127.0.0.1:PORT: no byte for 1 s after 0 bytes" },
		{ hang_in_body, false, ERR_IO,
		    "127.0.0.1:PORT: no byte for 1 s after 5 bytes" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct story s = { .server.script = rows[i].script,
			.conf.stall_s = 1 };

		check_at(rows[i].text);
		s.server.tls = rows[i].silent ? TLS_SILENT : TLS_GOOD;
		story_fails(&s, rows[i].class, rows[i].text);
		CHECK(s.ms >= 950 && s.ms < 3500);
	}
}

static bool
drip(struct tlsserver *s, SSL *ssl)
{
	static const char *const parts[] = { "HTTP/1.1 200 OK\r\n",
		"Content-Length: 6\r\n\r\n", "h", "e", "l", "l", "o", "!" };
	size_t i;

	(void)s;
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		nap(600);
		tlsserver_say(ssl, parts[i]);
	}
	return true;
}

/* A header line now and then, for ever. */
static bool
drip_headers(struct tlsserver *s, SSL *ssl)
{
	size_t i;

	(void)s;
	tlsserver_say(ssl, "HTTP/1.1 200 OK\r\n");
	for (i = 0; i < 10; i++) {
		nap(400);
		tlsserver_say(ssl, "X-A: b\r\n");
	}
	return true;
}

static void
head_without_end_is_a_stall(void)
{
	struct story s = { .server.script = drip_headers, .conf.stall_s = 1 };

	story_fails(&s, ERR_IO,
	    "127.0.0.1:PORT: no byte for 1 s after 0 bytes");
	CHECK(s.ms < 3500);
}

static void
slow_answer_is_no_silence(void)
{
	struct story s = { .server.script = drip, .conf.stall_s = 2 };

	story_run(&s);
	CHECK_STR(s.e.text, "");
	CHECK_INT(s.rc, 0);
	CHECK(s.ms > 4500);
	CHECK_STR(buf_text(&s.body), "hello!");
	story_free(&s);
}

static int
slow_sink(void *self, const void *p, size_t n, struct err *e)
{
	(void)self;
	(void)p;
	(void)n;
	(void)e;
	nap(2500);
	return 0;
}

static bool
hello_in_two(struct tlsserver *s, SSL *ssl)
{
	(void)s;
	tlsserver_say(ssl, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel");
	nap(3000);
	tlsserver_say(ssl, "lo");
	return true;
}

static void
slow_disk_is_no_silence(void)
{
	struct story s = { .server.script = hello_in_two,
		.conf.stall_s = 1,
		.req.sink.write = slow_sink };

	story_run(&s);
	CHECK_STR(s.e.text, "");
	CHECK_INT(s.rc, 0);
	CHECK_INT(s.reply.bytes, 5);
	story_free(&s);
}

static int
full_sink(void *self, const void *p, size_t n, struct err *e)
{
	(void)self;
	(void)p;
	return err_set(e, ERR_IO, "disk full at %zu", n);
}

static void
failure_of_the_sink_is_the_one_told(void)
{
	struct story s = { .server.script = hello,
		.req.sink.write = full_sink };

	story_fails(&s, ERR_IO, "disk full at 5");
	CHECK_INT(s.reply.bytes, 0);
	CHECK_INT(s.reply.status, 200);
}

static bool
fault(struct tlsserver *s, SSL *ssl)
{
	(void)s;
	tlsserver_say(ssl,
	    "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 8\r\n\r\n"
	    "<fault/>");
	return true;
}

static void
body_of_a_fault_comes_only_if_wanted(void)
{
	struct story without = { .server.script = fault };
	struct story with = { .server.script = fault, .req.any_status = true };

	story_run(&without);
	CHECK_INT(without.rc, 0);
	CHECK_INT(without.reply.status, 500);
	CHECK_STR(buf_text(&without.body), "");
	story_free(&without);
	story_run(&with);
	CHECK_INT(with.rc, 0);
	CHECK_INT(with.reply.status, 500);
	CHECK_STR(buf_text(&with.body), "<fault/>");
	story_free(&with);
}

static bool
endless_404(struct tlsserver *s, SSL *ssl)
{
	static char page[100000];
	size_t done;

	(void)s;
	memset(page, 'x', sizeof(page));
	tlsserver_say(ssl, "HTTP/1.1 404 Not Found\r\n\r\n");
	while (SSL_write_ex(ssl, page, sizeof(page), &done) == 1)
		continue;
	return false;
}

static void
endless_error_page_is_left(void)
{
	struct story s = { .server.script = endless_404 };

	story_run(&s);
	CHECK_STR(s.e.text, "");
	CHECK_INT(s.rc, 0);
	CHECK_INT(s.reply.status, 404);
	CHECK_INT(s.reply.bytes, 0);
	story_free(&s);
}

static bool
two_cookies(struct tlsserver *s, SSL *ssl)
{
	(void)s;
	tlsserver_say(ssl,
	    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"
	    "set-cookie:  vmware_soap_session=\"5229b02d10b5\"; Path=/; "
	    "HttpOnly; Secure;\r\nSet-Cookie: other=value\r\n\r\n");
	return true;
}

static void
session_cookie_keeps_its_quotes(void)
{
	struct story s = { .server.script = two_cookies,
		.req.cookie = "vmware_soap_session=\"52 a=;b\"; x=\"y\"" };
	char line[] = "cookie 5229b02d10b5 other";

	story_run(&s);
	CHECK_INT(s.rc, 0);
	CHECK_STR(s.reply.set_cookie, "vmware_soap_session=\"5229b02d10b5\"");
	CHECK(strstr(s.seen,
		  "\r\nCookie: vmware_soap_session=\"52 a=;b\"; x=\"y\"\r\n") !=
	    NULL);
	secret_mask(line, strlen(line));
	CHECK_STR(line, "cookie ************ other");
	story_free(&s);
}

static bool
huge_head(struct tlsserver *s, SSL *ssl)
{
	char line[1003];
	int i;

	(void)s;
	memset(line, 'x', sizeof(line));
	line[1] = ':';
	memcpy(line + 1000, "\r\n", 3);
	tlsserver_say(ssl, "HTTP/1.1 200 OK\r\n");
	for (i = 0; i < 300; i++)
		tlsserver_say(ssl, line);
	tlsserver_hang(ssl);
	return false;
}

static bool
no_http(struct tlsserver *s, SSL *ssl)
{
	(void)s;
	tlsserver_say(ssl, "220 mail.example.com ESMTP\r\n");
	SSL_shutdown(ssl);
	return false;
}

static void
answer_that_is_no_http_is_refused(void)
{
	struct story huge = { .server.script = huge_head };
	struct story mail = { .server.script = no_http };

	story_fails(&huge, ERR_PROTO,
	    "127.0.0.1:PORT: more than 262144 bytes of headers");
	story_fails(&mail, ERR_PROTO, "127.0.0.1:PORT: the answer is not HTTP");
}

static volatile bool stop_flag;

static bool
stops_us(struct tlsserver *s, SSL *ssl)
{
	(void)s;
	stop_flag = true;
	tlsserver_hang(ssl);
	return false;
}

static void
stop_flag_ends_a_request(void)
{
	struct story s = { .server.script = stops_us, .req.stop = &stop_flag };

	story_fails(&s, ERR_TEMP, "127.0.0.1:PORT: stopped");
	CHECK(s.ms < 2000);
}

static bool
signals_us(struct tlsserver *s, SSL *ssl)
{
	(void)s;
	kill(getpid(), SIGTERM);
	tlsserver_hang(ssl);
	return false;
}

/* Must be the last: a signal stays pending. */
static void
signal_ends_a_request_but_not_the_clean_up(void)
{
	struct story during = { .server.script = signals_us };
	struct story after = { .server.script = hello };
	struct story clean_up = { .server.script = hello };

	story_fails(&during, ERR_SIGNAL + SIGTERM, "interrupted by SIGTERM");
	CHECK(during.ms < 2000);
	story_fails(&after, ERR_SIGNAL + SIGTERM, "interrupted by SIGTERM");
	CHECK_INT(after.server.connections, 0);
	sig_shield();
	story_run(&clean_up);
	CHECK_INT(clean_up.rc, 0);
	sig_unshield();
	story_free(&clean_up);
}

/* clang-format off */
STORY_MAIN(
    TEST(chunked_body_is_put_together),
    TEST(short_body_is_never_a_success),
    TEST(body_may_end_with_the_connection),
    TEST(silence_ends_a_request),
    TEST(head_without_end_is_a_stall), TEST(slow_answer_is_no_silence),
    TEST(slow_disk_is_no_silence),
    TEST(failure_of_the_sink_is_the_one_told),
    TEST(body_of_a_fault_comes_only_if_wanted),
    TEST(endless_error_page_is_left),
    TEST(session_cookie_keeps_its_quotes),
    TEST(answer_that_is_no_http_is_refused),
    TEST(stop_flag_ends_a_request),
    TEST(signal_ends_a_request_but_not_the_clean_up)
)
/* clang-format on */
