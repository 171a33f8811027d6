#ifndef VSPHERE_WIRE_H
#define VSPHERE_WIRE_H

#include <stdbool.h>
#include "base/buf.h"
#include "base/err.h"
#include "codec/xml.h"
#include "net/http.h"
#include "net/url.h"

/*
 * wire - how SOAP envelopes travel: connections to one server, its session
 * cookie, patience with a busy server.
 *
 * Any thread may call; each request has a connection of its own for its
 * duration.  A server that answers 502 or 503, or that cannot be reached
 * although it could before, did not look at the request: it is made
 * again, a few times.
 */
struct wire;

/* server and the strings of conf must outlive the wire. */
struct wire *wire_open(const struct http_conf *conf, const struct url *server,
    struct err *e);

/* GET of "/sdk" + path into body; any status is a success. */
int wire_get(struct wire *w, const char *path, struct buf *body,
    struct http_reply *reply, struct err *e);

/* POSTs an envelope; the reply's document, also of a SOAP fault.
 * action: "SOAPAction: ...".  once: the call may not be made twice, so no
 * connection is reused for it. */
struct xml *wire_post(struct wire *w, const char *action,
    const struct buf *envelope, bool once, struct http_reply *reply,
    struct err *e);

/* The cookie to send from now on, "" for none. */
void wire_set_cookie(struct wire *w, const char *cookie);
void wire_cookie(struct wire *w, char *out, size_t size);
void wire_free(struct wire *w); /* NULL is fine */

#endif
