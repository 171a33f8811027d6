#ifndef NET_HTTP_FAIL_H
#define NET_HTTP_FAIL_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"

/*
 * http_fail - what a result of libcurl means to us: class and words.
 */
struct http_fail {
	CURLcode code;
	const char *where;  /* "host:port" */
	const char *detail; /* libcurl's words or "" */
	int os_errno;       /* of the connection attempt, or 0 */
	bool by_proxy;      /* it is the proxy that we connect to */
	bool connected;     /* the TLS handshake was done */
	uint64_t bytes;     /* of the body so far: what came, or what went */
	bool sends;         /* a source's */
	bool sent_all;
	unsigned int stall_s;
};

/* Returns -1. */
int http_fail_set(const struct http_fail *f, struct err *e);

/* The same for a transfer in which nothing moves. */
int http_fail_stalled(const struct http_fail *f, struct err *e);

#endif
