#ifndef NET_HTTP_TLS_H
#define NET_HTTP_TLS_H

#include <curl/curl.h>
#include <stdbool.h>
#include "base/err.h"
#include "net/http.h"

/*
 * http_tls - who the peer of a http is (OpenSSL below libcurl).
 *
 * The peer is judged in OpenSSL's verify callback, within the handshake and
 * thus before any byte of a request.  A part of struct http; { 0 } trusts
 * the system's CAs.
 */
enum http_tls_refusal { HTTP_TLS_FINE, HTTP_TLS_PIN, HTTP_TLS_CHAIN };

struct http_tls {
	char pin[HTTP_PIN_SIZE]; /* http_pin_parse()'s form or "" */
	bool insecure;
	/* Of the last handshake: */
	enum http_tls_refusal refusal;
	int reason;               /* X509_V_ERR_... if the chain is bad */
	char peer[HTTP_PIN_SIZE]; /* "sha256:..." of the leaf */
	char seen[HTTP_PIN_SIZE]; /* the same by the pin's algorithm */
	bool closed;              /* it said that it closes (close_notify) */
};

/* Sets the options of c, which keeps pointing to t. */
int http_tls_apply(struct http_tls *t, CURL *c, const char *cacert,
    struct err *e);

/* Forgets what an earlier request saw. */
void http_tls_begin(struct http_tls *t);

/* From the connection that c is about to use: also of one used before. */
void http_tls_record(struct http_tls *t, CURL *c);

/* The error of a refused peer, which where names as "host:port". */
int http_tls_explain(const struct http_tls *t, const char *where,
    struct err *e);

#endif
