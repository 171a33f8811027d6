#ifndef NET_HTTP_H
#define NET_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "base/flow.h"

/*
 * http - HTTP/1.1 over TLS (libcurl), one connection owner a thread.
 *
 * TLS 1.2 or newer.  The peer is identified either by its leaf
 * certificate's digest (a pin: then chain and name are not looked at), or
 * by the CAs and its name.  The pin is compared during the handshake:
 * nothing is sent to a wrong peer.  Redirects are never followed.
 *
 * There is no total time-out: a request fails when no byte moves for the
 * stall time, connecting, the handshake and the headers included, and the
 * peer's silence after a body was sent; time in which our own sink or source
 * holds the other side back does not count.  A pending signal
 * (sys/sig, unless this thread is shielded) and a set stop flag end a request
 * within about a second.  SIGPIPE must be ignored, as sig_open() does.
 *
 * Errors: ERR_UNAVAIL no connection (name, refused, unreachable, lost or
 * timed out before the handshake was done, or lost before anything of a
 * source's body was sent); ERR_PROTO TLS identity, malformed
 * HTTP or URL; ERR_IO a transfer that broke, stalled or was cut short;
 * ERR_TEMP the stop flag; ERR_SIGNAL; what the sink or the source says;
 * ERR_DATA a source of another length.  Each of ours names "host:port", never
 * a path or query: those may hold a ticket.
 */
#define HTTP_PIN_SIZE (7 + 64 + 1) /* "sha256:" and lower-case hex */

struct http_conf {
	const char *cacert; /* PEM file instead of the system's CAs, or NULL */
	const char *pin;    /* a thumbprint, or NULL; beats insecure */
	bool insecure;      /* no check at all */
	unsigned int stall_s;       /* 0: 300 */
	const char *const *resolve; /* "NAME=ADDR", NULL at the end, or NULL */
	const char *proxy;          /* http or socks5, NULL: none at all */
	uint64_t bwlimit;           /* bytes a second, 0: any */
};

/* A part of a file. */
struct http_range {
	uint64_t first;
	uint64_t bytes;
	uint64_t of; /* bytes of the whole file */
};

struct http_req {
	const char *method; /* "GET", "POST", ... */
	const char *url;
	const char *const *headers; /* "Name: value", NULL ends it, or NULL */
	const char *cookie;         /* sent byte for byte as Cookie, or NULL */
	const void *body;           /* sent with Content-Length, or NULL */
	size_t body_len;
	/* Instead of body, with POST or PUT: sent as it comes, with
	 * Content-Length source_len, or in chunks if that is -1, by a
	 * connection of its own, once.  The peer gets the last byte only when
	 * the source has come to its good end: one that fails, or gives less
	 * or more, cuts the connection.  An answer of 300 or more ends it at
	 * once and is no error of http_do(); an earlier good one is. */
	const struct source *source;
	int64_t source_len;
	/* Unless its bytes are 0: asks for this part alone.  An answer of 200,
	 * and 206 with another part or another body length (or of another
	 * whole, unless that is 0) is ERR_PROTO, before the sink gets any
	 * byte that was not asked for. */
	struct http_range range;
	bool plain;      /* an http:// URL is fine, too: no TLS, no check */
	bool decode;     /* offer and undo content encodings (not for disks) */
	bool fresh;      /* a new connection: then libcurl never repeats it */
	bool any_status; /* sink gets any status's body, not only 200 and 206 */
	struct sink sink;          /* { 0 } drops the body */
	unsigned int stall_s;      /* if less than the conf's; 0: that */
	unsigned int limit_s;      /* for all of it; 0: none */
	const volatile bool *stop; /* or NULL */
};

struct http_reply {
	int status;             /* 0: no answer came */
	char content_type[128]; /* lower case, without parameters */
	int64_t length;         /* Content-Length, -1: none */
	int64_t of;             /* bytes of the whole by Content-Range, or -1 */
	uint64_t bytes;         /* body bytes given to the sink */
	uint64_t sent;          /* bytes of the source given to the peer */
	char set_cookie[512];   /* first "name=value", byte for byte, or ""; its
				 value is added to base/secret */
	char modified[64];      /* Last-Modified as it came, or "" */
	char peer[HTTP_PIN_SIZE]; /* "sha256:..." of the peer's leaf seen */
};

struct http;

/* Once, before any thread, and at the end. */
int http_init(struct err *e);
void http_cleanup(void);

/* The strings of conf are copied. */
struct http *http_open(const struct http_conf *conf, struct err *e);

/* Any status is a success here, the caller decides; *reply is always
 * filled as far as it went.  A body that nobody wants is left after 64 KiB. */
int http_do(struct http *h, const struct http_req *req,
    struct http_reply *reply, struct err *e);
void http_free(struct http *h); /* NULL is fine */

/* A thumbprint as people and servers write it ("sha256:5F:0C...", bare hex
 * with or without colons, by its length SHA-1 or SHA-256) in the form
 * "sha256:HEX" or "sha1:HEX"; -1 without an error value if it is none. */
int http_pin_parse(const char *text, char pin[HTTP_PIN_SIZE]);

#endif
