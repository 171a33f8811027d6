#include "vsphere/wire.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "sys/sig.h"

enum {
	IDLE_MAX = 8,
	REPLY_LIMIT = 64 << 20, /* a page of a hundred large VMs has 5 MiB */
	BUSY_TRIES = 4,
	BUSY_PAUSE_MS = 500,
	CLEANUP_STALL_S = 60,
	CALL_LIMIT_S = 1800, /* long work is a task: no call takes long */
	COOKIE_SIZE = sizeof(((struct http_reply *)0)->set_cookie),
};

struct wire {
	const struct http_conf *conf;
	const struct url *server;
	char *endpoint; /* "https://host:port/sdk" */
	atomic_bool was_reached;
	pthread_mutex_t lock; /* guards what follows */
	struct http *idle[IDLE_MAX];
	unsigned int n_idle;
	char cookie[COOKIE_SIZE];
};

struct wire *
wire_open(const struct http_conf *conf, const struct url *server, struct err *e)
{
	struct wire *w = calloc(1, sizeof(*w));
	char *base = url_format(server); /* ends in '/' */

	if (w == NULL || base == NULL ||
	    asprintf(&w->endpoint, "%ssdk", base) == -1) {
		err_set(e, ERR_OS, "out of memory");
		free(base);
		free(w);
		return NULL;
	}
	free(base);
	w->conf = conf;
	w->server = server;
	pthread_mutex_init(&w->lock, NULL);
	return w;
}

static struct http *
take_handle(struct wire *w, struct err *e)
{
	struct http *h = NULL;

	pthread_mutex_lock(&w->lock);
	if (w->n_idle > 0)
		h = w->idle[--w->n_idle];
	pthread_mutex_unlock(&w->lock);
	return h != NULL ? h : http_open(w->conf, e);
}

static void
put_handle(struct wire *w, struct http *h)
{
	pthread_mutex_lock(&w->lock);
	if (w->n_idle < IDLE_MAX) {
		w->idle[w->n_idle++] = h;
		h = NULL;
	}
	pthread_mutex_unlock(&w->lock);
	http_free(h);
}

void
wire_cookie(struct wire *w, char *out, size_t size)
{
	pthread_mutex_lock(&w->lock);
	snprintf(out, size, "%s", w->cookie);
	pthread_mutex_unlock(&w->lock);
}

static int
send_once(struct wire *w, struct http_req *req, struct http_reply *reply,
    struct err *e)
{
	char cookie[COOKIE_SIZE];
	struct http *h = take_handle(w, e);
	int rc;

	if (h == NULL)
		return -1;
	/* Clean-up does not wait long for a host that is gone. */
	req->limit_s = CALL_LIMIT_S;
	if (sig_is_shielded())
		req->stall_s = CLEANUP_STALL_S;
	wire_cookie(w, cookie, sizeof(cookie));
	req->cookie = cookie[0] == '\0' ? NULL : cookie;
	rc = http_do(h, req, reply, e);
	req->cookie = NULL;
	explicit_bzero(cookie, sizeof(cookie));
	if (rc == 0)
		atomic_store(&w->was_reached, true);
	put_handle(w, h);
	return rc;
}

static bool
is_worth_repeating(const struct wire *w, int rc, const struct http_reply *reply,
    const struct err *e)
{
	if (rc == -1)
		return e->class == ERR_UNAVAIL && atomic_load(&w->was_reached);
	return reply->status == 502 || reply->status == 503;
}

static int
send_patiently(struct wire *w, struct http_req *req, struct http_reply *reply,
    struct buf *body, struct err *e)
{
	unsigned int i, pause_ms = BUSY_PAUSE_MS;
	int rc;

	for (i = 1;; i++) {
		err_clear(e);
		buf_cut(body, 0);
		rc = send_once(w, req, reply, e);
		if (i == BUSY_TRIES || !is_worth_repeating(w, rc, reply, e))
			return rc;
		log_step("%s is busy or away, trying again", w->server->host);
		sig_sleep_ms(pause_ms);
		pause_ms *= 2;
		if (sig_pending() != 0) {
			err_clear(e);
			return sig_check(e);
		}
	}
}

static int
collect(void *self, const void *p, size_t n, struct err *e)
{
	struct buf *b = self;

	buf_add(b, p, n);
	if (buf_check(b, e) == 0)
		return 0;
	if (e->class == ERR_DATA)
		e->class = ERR_PROTO;
	return err_ctx(e, "reply");
}

int
wire_get(struct wire *w, const char *path, struct buf *body,
    struct http_reply *reply, struct err *e)
{
	struct http_req req = { .method = "GET",
		.decode = true,
		.sink = { collect, body } };
	char *url;
	int rc;

	if (asprintf(&url, "%s%s", w->endpoint, path) == -1)
		return err_sys(e, ERR_OS, "memory");
	req.url = url;
	rc = send_patiently(w, &req, reply, body, e);
	free(url);
	return rc;
}

static int
check_status(const struct wire *w, int status, struct err *e)
{
	bool is_busy = status == 502 || status == 503;

	/* 500 carries a SOAP fault */
	if (status == 200 || status == 500)
		return 0;
	return err_set(e, is_busy ? ERR_UNAVAIL : ERR_PROTO,
	    "%s answers HTTP status %d", w->server->host, status);
}

struct xml *
wire_post(struct wire *w, const char *action, const struct buf *envelope,
    bool once, struct http_reply *reply, struct err *e)
{
	const char *const headers[] = {
		"Content-Type: text/xml; charset=\"utf-8\"", action, NULL
	};
	struct buf body = { .limit = REPLY_LIMIT };
	struct http_req req = { .method = "POST",
		.url = w->endpoint,
		.headers = headers,
		.body = envelope->data,
		.body_len = envelope->len,
		.decode = true,
		.fresh = once,
		.any_status = true,
		.sink = { collect, &body } };
	struct xml *x = NULL;

	if (buf_check(envelope, e) == 0 &&
	    send_patiently(w, &req, reply, &body, e) == 0 &&
	    check_status(w, reply->status, e) == 0) {
		x = xml_parse(buf_text(&body), body.len, e);
		if (x == NULL) {
			if (e->class == ERR_DATA)
				e->class = ERR_PROTO;
			err_ctx(e, "reply of %s", w->server->host);
		}
	}
	buf_free(&body);
	return x;
}

void
wire_set_cookie(struct wire *w, const char *cookie)
{
	pthread_mutex_lock(&w->lock);
	explicit_bzero(w->cookie, sizeof(w->cookie));
	snprintf(w->cookie, sizeof(w->cookie), "%s", cookie);
	pthread_mutex_unlock(&w->lock);
}

void
wire_free(struct wire *w)
{
	if (w == NULL)
		return;
	while (w->n_idle > 0)
		http_free(w->idle[--w->n_idle]);
	explicit_bzero(w->cookie, sizeof(w->cookie));
	pthread_mutex_destroy(&w->lock);
	free(w->endpoint);
	free(w);
}
