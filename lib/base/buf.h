#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"

/*
 * buf - growing bytes.
 *
 * Appending never reports: a failed allocation, or growing beyond the
 * limit, makes the buffer fail and stay as it is; buf_check() asks once.
 * The bytes are always followed by a NUL that does not count.  { 0 } is an
 * empty buffer without a limit.
 */
struct buf {
	char *data; /* NULL while empty: buf_text() gives "" */
	size_t len;
	size_t size;
	size_t limit; /* most bytes it may hold, 0: any */
	bool failed;
};

void buf_add(struct buf *b, const void *p, size_t n);
void buf_puts(struct buf *b, const char *s);
void buf_char(struct buf *b, char c);
void buf_fmt(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The bytes as a C string; "" if there are none. */
const char *buf_text(const struct buf *b);

/* Drops what is behind len, or everything; keeps the memory. */
void buf_cut(struct buf *b, size_t len);

/* Fails with ERR_OS if an append failed. */
int buf_check(const struct buf *b, struct err *e);

/* Hands the NUL-terminated bytes to the caller (free() them); the buffer
 * is empty afterwards.  NULL if an append had failed. */
char *buf_steal(struct buf *b);

void buf_free(struct buf *b); /* the bytes are wiped: they may be secret */

#endif
