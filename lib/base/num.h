#ifndef BASE_NUM_H
#define BASE_NUM_H

#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

/*
 * num - strict numbers in text, in any locale.
 *
 * The parsers take the whole string or refuse it (ERR_USAGE): no blanks, no
 * sign, no trailing text, no overflow.
 */

int num_u64(const char *s, uint64_t *out, struct err *e);

/* The same for n bytes that need no NUL, up to max; for text from a server:
 * no error value, -1 if it is no such number. */
int num_scan(const char *s, size_t n, uint64_t max, uint64_t *out);

/* "4096", "64KiB", "40MiB", "2GiB", "1TiB"; K, M, G, T alone mean the same.
 * Decimal units (kB, MB) are refused: they are usually a mistake. */
int num_size(const char *s, uint64_t *bytes, struct err *e);

/* "5%" or a size as num_size() takes: the other of the two is 0. */
int num_share(const char *s, unsigned int *percent, uint64_t *bytes,
    struct err *e);

/* "90s", "10m", "20h", "30d", "2w"; a bare number is seconds. */
int num_duration(const char *s, uint64_t *seconds, struct err *e);

/* "1.5 GiB": three digits, for people; out holds at least 16 bytes. */
void num_format_size(uint64_t bytes, char *out, size_t size);

/* "1:02:03" or "2:03", for people; out holds at least 24 bytes. */
void num_format_seconds(uint64_t seconds, char *out, size_t size);

#endif
