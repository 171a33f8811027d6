#ifndef CODEC_JSON_H
#define CODEC_JSON_H

#include <jansson.h>
#include <stddef.h>
#include "base/buf.h"
#include "base/err.h"

/*
 * json - jansson, with this project's rules: duplicate keys refused, size
 * limited, errors with line and column, text from a server made valid.
 *
 * Values are used by jansson's own API.
 */

/* Parses n bytes that must be one object or array.  name stands in the
 * error: "NAME:LINE:COLUMN: text" (ERR_DATA). */
json_t *json_read(const char *name, const void *p, size_t n, struct err *e);

/* Sets object[key] to a string; invalid UTF-8 becomes U+FFFD; NULL becomes
 * null.  Secrets known to base/secret are masked. */
void json_set_text(json_t *object, const char *key, const char *text);
void json_set_int(json_t *object, const char *key, long long value);
void json_set_bool(json_t *object, const char *key, int value);

/* Sets object[key] to value and takes it over; a NULL value marks the
 * object as failed, which json_write() reports. */
void json_set(json_t *object, const char *key, json_t *value);

/* Seconds since 1970 as "2026-11-24T00:30:04Z"; 0 becomes null. */
void json_set_time(json_t *object, const char *key, long long t);

/* {"class":..., "text":..., "fault":...}, or null if there is no error. */
void json_set_err(json_t *object, const char *key, const struct err *e);

/* Appends the value and a newline: one line, or indented by 2.  Keys keep
 * their order.  ERR_OS if building any of it had failed. */
enum json_form { JSON_LINE, JSON_INDENTED };
int json_write(const json_t *value, enum json_form form, struct buf *b,
    struct err *e);

#endif
