#ifndef NET_HTTP_RANGE_H
#define NET_HTTP_RANGE_H

#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "net/http.h"

/*
 * http_range - part of a file: what was asked for, what an answer says.
 */

/* The value of a Content-Range header: "bytes A-B/N", or with a star for A-B as
 * an answer 416 has it: { 0, 0, N }.  -1 if it is neither, or leaves N open. */
int http_range_parse(const char *text, struct http_range *out);

/* An answer 200 or 206 to a request for wanted: is it that?  said: its
 * Content-Range, NULL if it has none or a bad one; length: its
 * Content-Length or -1; where: "host:port". */
int http_range_check(const struct http_range *wanted, int status,
    const struct http_range *said, int64_t length, const char *where,
    struct err *e);

#endif
