#ifndef NET_HTTP_RECV_H
#define NET_HTTP_RECV_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "net/http.h"
#include "net/http_tls.h"

/*
 * http_recv - one request under way: what libcurl's callbacks share.
 *
 * Judges the head, gives the body to the sink, and sees when nothing moves.
 * A body from a source goes out by http_send.
 */
struct http_recv {
	CURL *curl;
	struct http_tls *tls;
	const struct http_req *req;
	struct http_reply *reply;
	struct err *e;     /* set if a callback ended the transfer */
	const char *where; /* "host:port" */
	unsigned int stall_s;
	uint64_t bwlimit; /* bytes a second, 0: any */
	uint64_t start_ms;

	uint64_t last_ms; /* when something moved */
	uint64_t moved;
	uint64_t dropped;
	size_t head_bytes;
	bool in_head;
	bool chunked;
	bool connected; /* the handshake was done */
	bool stalled;
	struct http_range said; /* Content-Range */
	enum { HTTP_RECV_NONE, HTTP_RECV_RANGE, HTTP_RECV_BAD } range;
	bool enough; /* we ended a transfer that went well */

	/* If the request has a source: */
	uint64_t given;      /* bytes that came from it */
	size_t portion;      /* most to take at once */
	bool all_given;      /* it has come to its good end */
	uint64_t refused_ms; /* when a final answer came before that, or 0 */
};

/* Sets the callbacks of r->curl, which point to r until its next use. */
int http_recv_apply(struct http_recv *r);

/* True if only the end of the connection was to end the body, and the peer
 * did not say that it closes: then some of it may be missing. */
bool http_recv_is_cut(const struct http_recv *r);

/* A body that ended well, but before the range that was asked for. */
bool http_recv_is_short(const struct http_recv *r);

#endif
