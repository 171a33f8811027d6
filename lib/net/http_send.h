#ifndef NET_HTTP_SEND_H
#define NET_HTTP_SEND_H

#include <stdbool.h>
#include <stdint.h>
#include "net/http_recv.h"

/*
 * http_send - a request's body that comes from a source.
 *
 * The last bytes are held back until the source has said that it has no
 * more, without an error: only then does the peer get a whole body.
 */

/* Sets the options for it; before http_recv_apply().  0 or an error of
 * libcurl's. */
int http_send_apply(struct http_recv *r);

/* Bytes of the body that libcurl has given away. */
uint64_t http_send_bytes(const struct http_recv *r);

/* The whole body is given away. */
bool http_send_is_done(const struct http_recv *r);

/* The error of a peer that answers as if it had all of it: -1. */
int http_send_early(const struct http_recv *r);

#endif
