#include "httpstory.h"

static void
right_pin_is_enough(void)
{
	struct story s = { .server.script = hello };

	story_run(&s);
	CHECK_STR(s.e.text, "");
	CHECK_INT(s.rc, 0);
	CHECK_INT(s.reply.status, 200);
	CHECK_INT(s.reply.length, 5);
	CHECK_INT(s.reply.bytes, 5);
	CHECK_STR(s.reply.content_type, "text/xml");
	CHECK_STR(s.reply.set_cookie, "");
	CHECK_STR(s.reply.peer, s.server.pin);
	CHECK_STR(buf_text(&s.body), "hello");
	story_free(&s);
}

static void
sha1_pin_of_a_lease_is_enough(void)
{
	struct story s = { .server.script = hello };
	struct err e = { 0 };
	struct http_reply reply;
	char url[200];
	struct http *h;
	struct http_req req = { .method = "GET",
		.url = url,
		.sink = { into_buf, &s.body } };

	tlsserver_start(&s.server);
	make_url(&s.server, NULL, url, sizeof(url));
	h = http_open(&(struct http_conf){ .pin = s.server.pin1 }, &e);
	CHECK_INT(http_do(h, &req, &reply, &e), 0);
	CHECK_STR(reply.peer, s.server.pin);
	http_free(h);
	tlsserver_stop(&s.server);
	story_free(&s);
}

#define ZERO8 "00000000"
#define ZERO40 ZERO8 ZERO8 ZERO8 ZERO8 ZERO8

static void
wrong_peer_gets_no_byte_of_the_request(void)
{
	static const char *const pins[] = {
		"sha256:" ZERO40 ZERO8 ZERO8 ZERO8,
		"sha1:" ZERO40,
	};
	char want[300];
	size_t i;

	for (i = 0; i < 2; i++) {
		struct story s = { .server.script = hello,
			.conf.pin = pins[i],
			.conf.insecure = true };

		check_at(pins[i]);
		story_run(&s);
		CHECK_INT(s.rc, -1);
		CHECK_INT(s.e.class, ERR_PROTO);
		snprintf(want, sizeof(want),
		    "127.0.0.1:PORT: certificate is %s, expected %s",
		    i == 0 ? s.server.pin : s.server.pin1, pins[i]);
		CHECK_STR(story_error(&s), want);
		CHECK_INT(s.server.connections, 1);
		CHECK_INT(s.server.requests, 0);
		CHECK_INT(s.reply.status, 0);
		CHECK_STR(s.reply.peer, s.server.pin);
		story_free(&s);
	}
}

static void
unknown_ca_is_refused_with_the_way_out(void)
{
	struct story s = { .server.script = hello, .no_pin = true };
	char want[400];

	story_run(&s);
	CHECK_INT(s.rc, -1);
	CHECK_INT(s.e.class, ERR_PROTO);
	snprintf(want, sizeof(want),
	    "127.0.0.1:PORT: certificate not trusted: self-signed "
	    "certificate; if it is this server's: --thumbprint %s, or its CA "
	    "by --cacert",
	    s.server.pin);
	CHECK_STR(story_error(&s), want);
	CHECK_INT(s.server.requests, 0);
	story_free(&s);
}

static void
given_ca_is_trusted_for_its_name_only(void)
{
	struct story good = { .server.script = hello, .no_pin = true };
	struct story bad = { .server.script = hello,
		.server.name = "DNS:other",
		.no_pin = true };
	char want[400];

	/* story_run() makes the file at once, by this name. */
	good.conf.cacert = good.server.pem;
	bad.conf.cacert = bad.server.pem;
	story_run(&good);
	CHECK_STR(good.e.text, "");
	CHECK_INT(good.rc, 0);
	CHECK_STR(good.reply.peer, good.server.pin);
	story_free(&good);

	story_run(&bad);
	CHECK_INT(bad.rc, -1);
	CHECK_INT(bad.e.class, ERR_PROTO);
	snprintf(want, sizeof(want),
	    "127.0.0.1:PORT: certificate is for another name; if it is this "
	    "server's: --thumbprint %s",
	    bad.server.pin);
	CHECK_STR(story_error(&bad), want);
	CHECK_INT(bad.server.requests, 0);
	story_free(&bad);
}

static void
empty_ca_file_is_a_usage_error(void)
{
	struct story s = { .server.script = hello,
		.no_pin = true,
		.conf.cacert = "/dev/null" };

	story_fails(&s, ERR_USAGE,
	    "127.0.0.1:PORT: no CA certificates could be read; use --cacert "
	    "or --thumbprint");
}

static void
insecure_asks_nobody_but_tells_the_peer(void)
{
	struct story s = { .server.script = hello,
		.server.name = "DNS:other",
		.no_pin = true,
		.conf.insecure = true };

	story_run(&s);
	CHECK_INT(s.rc, 0);
	CHECK_STR(s.reply.peer, s.server.pin);
	story_free(&s);
}

static void
old_tls_is_refused(void)
{
	struct story s = { .server = { .script = hello, .tls = TLS_OLD } };
	static const char want[] = "127.0.0.1:PORT: TLS handshake failed: ";

	story_run(&s);
	CHECK_INT(s.rc, -1);
	CHECK_INT(s.e.class, ERR_PROTO);
	CHECK_MEM(story_error(&s), want, sizeof(want) - 1);
	story_free(&s);
}

static void
server_without_tls_is_refused(void)
{
	struct story s = { .server = { .script = hello, .tls = TLS_NONE } };

	story_run(&s);
	CHECK_INT(s.rc, -1);
	CHECK_INT(s.e.class, ERR_PROTO);
	CHECK(strstr(s.e.text, "wrong version number") != NULL);
	story_free(&s);
}

static void
lost_handshake_may_be_tried_again(void)
{
	struct story s = { .server = { .script = hello, .tls = TLS_CLOSES } };

	story_fails(&s, ERR_UNAVAIL,
	    "127.0.0.1:PORT: connection lost in the TLS handshake");
}

static int
ask(struct http *h, const char *url, struct http_reply *reply)
{
	struct http_req req = { .method = "GET", .url = url };
	struct err e = { 0 };

	return http_do(h, &req, reply, &e);
}

static void
connections_are_used_again_each_with_its_peer(void)
{
	struct tlsserver a = { .script = hello }, b = { .script = hello };
	struct http_conf conf = { .insecure = true };
	struct http_reply reply;
	struct err e = { 0 };
	struct http *h;
	char url_a[200], url_b[200];

	tlsserver_start(&a);
	tlsserver_start(&b);
	make_url(&a, NULL, url_a, sizeof(url_a));
	make_url(&b, NULL, url_b, sizeof(url_b));
	h = http_open(&conf, &e);
	CHECK_INT(ask(h, url_a, &reply), 0);
	CHECK_STR(reply.peer, a.pin);
	CHECK_INT(ask(h, url_b, &reply), 0);
	CHECK_STR(reply.peer, b.pin);
	CHECK_INT(ask(h, url_a, &reply), 0);
	CHECK_STR(reply.peer, a.pin);
	CHECK_INT(a.requests, 2);
	CHECK_INT(a.connections, 1);
	CHECK_INT(ask(h, "https://127.0.0.1:1/", &reply), -1);
	CHECK_STR(reply.peer, "");
	http_free(h);
	tlsserver_stop(&a);
	tlsserver_stop(&b);
}

/* clang-format off */
STORY_MAIN(
    TEST(right_pin_is_enough),
    TEST(sha1_pin_of_a_lease_is_enough),
    TEST(wrong_peer_gets_no_byte_of_the_request),
    TEST(unknown_ca_is_refused_with_the_way_out),
    TEST(given_ca_is_trusted_for_its_name_only),
    TEST(empty_ca_file_is_a_usage_error),
    TEST(insecure_asks_nobody_but_tells_the_peer),
    TEST(old_tls_is_refused),
    TEST(server_without_tls_is_refused),
    TEST(lost_handshake_may_be_tried_again),
    TEST(connections_are_used_again_each_with_its_peer)
)
/* clang-format on */
