#include <stdlib.h>
#include "httpstory.h"

static void
nobody_there_is_told_apart(void)
{
	struct story refused = { .server.script = hello,
		.req.url = "https://127.0.0.1:1/x" };
	struct story unknown = { .server.script = hello,
		.host = "a--------------------------------------------------"
			"-----------------too-long-for-any-name-server" };

	story_fails(&refused, ERR_UNAVAIL,
	    "127.0.0.1:1: cannot connect: Connection refused");
	story_run(&unknown);
	CHECK_INT(unknown.e.class, ERR_UNAVAIL);
	CHECK(strstr(unknown.e.text, ": cannot resolve the name") != NULL);
	story_free(&unknown);
}

static bool
redirect(struct tlsserver *s, SSL *ssl)
{
	char text[200];

	snprintf(text, sizeof(text),
	    "HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1:%u/y\r\n"
	    "Content-Length: 5\r\n\r\nhello",
	    s->port);
	tlsserver_say(ssl, text);
	return true;
}

static void
redirect_is_not_followed(void)
{
	struct story s = { .server.script = redirect };

	story_run(&s);
	CHECK_INT(s.rc, 0);
	CHECK_INT(s.reply.status, 302);
	CHECK_INT(s.reply.bytes, 0);
	CHECK_INT(s.server.requests, 1);
	CHECK_STR(buf_text(&s.body), "");
	story_free(&s);
}

static void
request_is_what_was_asked_and_no_more(void)
{
	static const char *const headers[] = { "Content-Type: text/xml",
		"SOAPAction: urn:vim25/7.0", NULL };
	struct story s = { .server.script = hello,
		.req = { .method = "POST",
		    .headers = headers,
		    .body = "<a\0b/>",
		    .body_len = 6 },
		.conf.resolve = (const char *const[]){ "ESX1=127.0.0.1",
		    "x=::1", NULL },
		.host = "esx1" };
	char want[300];

	story_run(&s);
	CHECK_STR(s.e.text, "");
	snprintf(want, sizeof(want),
	    "POST /x?ticket=5ecret HTTP/1.1\r\nHost: esx1:%u\r\n"
	    "User-Agent: esxbk/%s\r\nAccept: */*\r\n"
	    "Content-Type: text/xml\r\nSOAPAction: urn:vim25/7.0\r\n"
	    "Content-Length: 6\r\n\r\n<a",
	    s.server.port,
#ifdef ESXBK_VERSION
	    ESXBK_VERSION
#else
	    "0"
#endif
	);
	CHECK_STR(s.seen, want);
	story_free(&s);
}

static void
every_method_goes_out_as_named(void)
{
	static const struct {
		const char *method, *body, *line;
		bool has_length;
	} rows[] = {
		{ "GET", NULL, "GET /x", false },
		{ "HEAD", NULL, "HEAD /x", false },
		{ "POST", NULL, "POST /x", true },
		{ "PUT", "hello", "PUT /x", true },
		{ "DELETE", NULL, "DELETE /x", false },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct story s = { .server.script = hello };

		check_at(rows[i].method);
		s.req.method = rows[i].method;
		s.req.body = rows[i].body;
		s.req.body_len = rows[i].body == NULL ? 0 : 5;
		story_run(&s);
		CHECK_INT(s.rc, 0);
		CHECK_INT(s.reply.length, 5);
		CHECK_INT(s.reply.bytes, i == 1 ? 0 : 5);
		CHECK_MEM(s.seen, rows[i].line, strlen(rows[i].line));
		CHECK((strstr(s.seen, "Content-Length:") != NULL) ==
		    rows[i].has_length);
		CHECK(strstr(s.seen, "Content-Type:") == NULL);
		CHECK(strstr(s.seen, "Expect:") == NULL);
		story_free(&s);
	}
}

static bool
zipped(struct tlsserver *s, SSL *ssl)
{
	static const char gz[] =
	    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\xcb\x48\xcd\xc9\xc9\x07"
	    "\x00\x86\xa6\x10\x36\x05\x00\x00\x00";

	(void)s;
	tlsserver_say(ssl,
	    "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
	    "Content-Length: 25\r\n\r\n");
	tlsserver_send(ssl, gz, 25);
	return true;
}

static void
encodings_are_undone_only_if_asked(void)
{
	struct story with = { .server.script = zipped, .req.decode = true };
	struct story without = { .server.script = zipped };

	story_run(&with);
	CHECK_STR(with.e.text, "");
	CHECK_STR(buf_text(&with.body), "hello");
	CHECK_INT(with.reply.bytes, 5);
	CHECK(strstr(with.seen, "Accept-Encoding: ") != NULL);
	story_free(&with);
	story_run(&without);
	CHECK_INT(without.reply.bytes, 25);
	CHECK(strstr(without.seen, "Accept-Encoding") == NULL);
	story_free(&without);
}

static void
environment_sets_no_proxy(void)
{
	struct story s = { .server.script = hello };

	setenv("https_proxy", "http://127.0.0.1:1", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
	story_run(&s);
	unsetenv("https_proxy");
	unsetenv("ALL_PROXY");
	CHECK_STR(s.e.text, "");
	story_free(&s);
}

static void
proxy_that_refuses_is_no_connection(void)
{
	struct story s = { .server = { .script = hello, .tls = TLS_NONE },
		.req.url = "https://127.0.0.1:1/x" };
	char proxy[40];

	/* The port is known only once the server runs. */
	tlsserver_start(&s.server);
	snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%u", s.server.port);
	s.conf = (struct http_conf){ .proxy = proxy, .insecure = true };
	story_ask(&s);
	CHECK_INT(s.e.class, ERR_UNAVAIL);
	CHECK_STR(s.e.text,
	    "127.0.0.1:1: no connection: CONNECT tunnel failed, response 400");
	tlsserver_stop(&s.server);
	story_free(&s);
}

static bool
big(struct tlsserver *s, SSL *ssl)
{
	static char body[4000000];

	(void)s;
	tlsserver_say(ssl,
	    "HTTP/1.1 200 OK\r\nContent-Length: 4000000\r\n\r\n");
	tlsserver_send(ssl, body, sizeof(body));
	return true;
}

static void
bandwidth_can_be_limited(void)
{
	struct story s = { .server.script = big, .conf.bwlimit = 2000000 };

	story_run(&s);
	CHECK_STR(s.e.text, "");
	CHECK_INT(s.reply.bytes, 4000000);
	CHECK(s.ms > 1000 && s.ms < 6000);
	story_free(&s);
}

static void
bad_request_never_leaves(void)
{
	static const char *const headers[] = { "X: a\r\nY: b", NULL };
	struct story header = { .server.script = hello,
		.req.headers = headers };
	struct story cookie = { .server.script = hello,
		.req.cookie = "a=b\r\nX: y" };
	struct story url = { .server.script = hello,
		.req.url = "http://127.0.0.1/5ecret" };
	struct story any = { .server.script = hello,
		.req.url = "https://*/5ecret" };

	story_fails(&header, ERR_BUG, "bad header");
	story_fails(&cookie, ERR_BUG, "bad cookie");
	story_fails(&url, ERR_PROTO, "bad URL: not https");
	story_fails(&any, ERR_BUG, "URL of any host");
	CHECK_INT(header.server.connections + cookie.server.connections +
		url.server.connections + any.server.connections,
	    0);
}

static void
bad_settings_are_usage_errors(void)
{
	static const char *const odd[] = { "esx1", NULL };
	static const char *const name[] = { "esx1=esx2", NULL };
	static const struct {
		struct http_conf conf;
		const char *text;
	} rows[] = {
		{ { .cacert = "/nonexistent/ca.pem" },
		    "CA file /nonexistent/ca.pem: No such file or directory" },
		{ { .pin = "sha256:12" },
		    "thumbprint sha256:12: neither SHA-256 nor SHA-1" },
		{ { .proxy = "HTTPS://proxy" },
		    "a proxy is reached by http or socks5, not https" },
		{ { .resolve = odd }, "resolve esx1: not NAME=ADDRESS" },
		{ { .resolve = name }, "resolve esx1=esx2: not NAME=ADDRESS" },
	};
	struct err e;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check_at(rows[i].text);
		err_clear(&e);
		CHECK(http_open(&rows[i].conf, &e) == NULL);
		CHECK_INT(e.class, ERR_USAGE);
		CHECK_STR(e.text, rows[i].text);
	}
}

#define HEX20 "0123456789abcdef0123"
#define HEX24 HEX20 "4567"

static void
thumbprints_are_read_as_people_write_them(void)
{
	static const struct {
		const char *text, *pin;
	} rows[] = {
		{ HEX20 HEX20, "sha1:" HEX20 HEX20 },
		{ "SHA1:" HEX20 HEX20, "sha1:" HEX20 HEX20 },
		{ "01:23:45:67:89:AB:CD:EF:01:23:01:23:45:67:89:AB:CD:EF:01:23",
		    "sha1:" HEX20 HEX20 },
		{ HEX20 HEX20 HEX24, "sha256:" HEX20 HEX20 HEX24 },
		{ "sha256:" HEX20 HEX20 HEX24, "sha256:" HEX20 HEX20 HEX24 },
		{ "", NULL },
		{ "sha1:", NULL },
		{ "sha256:" HEX20 HEX20, NULL },
		{ "sha1:" HEX20 HEX20 HEX24, NULL },
		{ "md5:" HEX20 HEX20, NULL },
		{ HEX20 HEX20 HEX24 "00", NULL },
		{ HEX20 HEX20 ":", NULL },
		{ ":" HEX20 HEX20, NULL },
		{ HEX20 "::" HEX20, NULL },
		{ "0:1" HEX20 "234567012345670123", NULL },
		{ HEX20 " " HEX20, NULL },
		{ HEX20 "g" HEX20, NULL },
	};
	char pin[HTTP_PIN_SIZE];
	size_t i;
	int rc;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check_at(rows[i].text);
		rc = http_pin_parse(rows[i].text, pin);
		CHECK_INT(rc, rows[i].pin == NULL ? -1 : 0);
		if (rc == 0)
			CHECK_STR(pin, rows[i].pin);
	}
}

/* clang-format off */
STORY_MAIN(
    TEST(nobody_there_is_told_apart),
    TEST(redirect_is_not_followed),
    TEST(request_is_what_was_asked_and_no_more),
    TEST(every_method_goes_out_as_named),
    TEST(encodings_are_undone_only_if_asked),
    TEST(environment_sets_no_proxy),
    TEST(proxy_that_refuses_is_no_connection),
    TEST(bandwidth_can_be_limited),
    TEST(bad_request_never_leaves),
    TEST(bad_settings_are_usage_errors),
    TEST(thumbprints_are_read_as_people_write_them)
)
/* clang-format on */
