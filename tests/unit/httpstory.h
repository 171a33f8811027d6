/*
 * httpstory - one request to a server of its own, and all that came of it.
 */
#ifndef UNIT_HTTPSTORY_H
#define UNIT_HTTPSTORY_H

#include <time.h>
#include "base/buf.h"
#include "base/clock.h"
#include "base/secret.h"
#include "check.h"
#include "net/http.h"
#include "sys/sig.h"
#include "tlsserver.h"

struct story {
	struct tlsserver server;
	struct http_conf conf; /* without a pin: the server's */
	struct http_req req;   /* without a URL: "/x" of the server */
	bool no_pin;
	const char *host; /* in the URL, "127.0.0.1" if NULL */

	struct http_reply reply;
	struct err e;
	struct buf body;
	int rc;
	uint64_t ms;
	char seen[8192]; /* the request on the wire */
};

static inline int
into_buf(void *self, const void *p, size_t n, struct err *e)
{
	buf_add(self, p, n);
	return buf_check(self, e);
}

static inline void
nap(long ms)
{
	struct timespec t = { .tv_sec = ms / 1000,
		.tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

static inline void
make_url(const struct tlsserver *s, const char *host, char *url, size_t size)
{
	snprintf(url, size, "https://%s:%u/x?ticket=5ecret",
	    host != NULL ? host : "127.0.0.1", s->port);
}

/* With a server that runs. */
static inline void
story_ask(struct story *s)
{
	struct http_req req = s->req;
	char url[200];
	uint64_t start;
	struct http *h;

	make_url(&s->server, s->host, url, sizeof(url));
	if (s->conf.pin == NULL && !s->no_pin)
		s->conf.pin = s->server.pin;
	if (req.method == NULL)
		req.method = "GET";
	if (req.url == NULL)
		req.url = url;
	if (req.sink.write == NULL)
		req.sink = (struct sink){ into_buf, &s->body };
	h = http_open(&s->conf, &s->e);
	start = clock_mono_ms();
	s->rc = h == NULL ? -1 : http_do(h, &req, &s->reply, &s->e);
	s->ms = clock_mono_ms() - start;
	http_free(h);
}

static inline void
story_run(struct story *s)
{
	tlsserver_start(&s->server);
	story_ask(s);
	strcpy(s->seen, tlsserver_request(&s->server));
	tlsserver_stop(&s->server);
}

/* The error's text, with the server's port as PORT. */
static inline const char *
story_error(const struct story *s)
{
	static char text[1000];
	char port[8];
	const char *at;

	snprintf(port, sizeof(port), ":%u", s->server.port);
	at = strstr(s->e.text, port);
	if (at == NULL)
		return s->e.text;
	snprintf(text, sizeof(text), "%.*s:PORT%s", (int)(at - s->e.text),
	    s->e.text, at + strlen(port));
	return text;
}

static inline void
story_free(struct story *s)
{
	buf_free(&s->body);
}

static inline void
story_fails(struct story *s, int class, const char *text)
{
	story_run(s);
	CHECK_INT(s->rc, -1);
	CHECK_INT(s->e.class, class);
	CHECK_STR(story_error(s), text);
	story_free(s);
}

static inline bool
hello(struct tlsserver *s, SSL *ssl)
{
	(void)s;
	tlsserver_say(ssl,
	    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
	    "Content-Type: Text/XML; charset=utf-8\r\n\r\nhello");
	return true;
}

static inline int
story_main(const struct check_case *cases, size_t n, int argc, char **argv)
{
	struct err e = { 0 };
	int rc;

	if (sig_open(&e) == -1 || http_init(&e) == -1) {
		printf("not ok - %s\n", e.text);
		return 1;
	}
	rc = check_run(cases, n, argc, argv);
	http_cleanup();
	secret_free();
	return rc;
}

/* As CHECK_MAIN, with libcurl and signals set up. */
/* clang-format off */
#define STORY_MAIN(...)                                                   \
	int                                                               \
	main(int argc, char **argv)                                       \
	{                                                                 \
		static const struct check_case cases[] = { __VA_ARGS__ }; \
                                                                          \
		return story_main(cases,                                  \
		    sizeof(cases) / sizeof(cases[0]), argc, argv);        \
	}
/* clang-format on */

#endif
