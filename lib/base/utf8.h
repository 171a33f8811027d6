#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"

/*
 * utf8 - text from a server, one character at a time, in any locale.
 */

/* Bytes (1 to 4) of the character that s[0..n) begins with, *c its number;
 * 0 if it begins with none: overlong forms, surrogates and numbers above
 * 10FFFF are invalid.  A NUL is a character. */
size_t utf8_next(const char *s, size_t n, uint32_t *c);

/* C0, DEL, C1 and the marks that turn the direction of writing: never
 * to be shown as they are. */
bool utf8_is_control(uint32_t c);

/* Columns on a terminal: 0 for combining marks, 2 for wide East Asian
 * characters and most emoji, else 1.  wcwidth(3) needs a locale. */
unsigned int utf8_width(uint32_t c);

/* Appends s for a terminal: no control characters, no marks that turn the
 * writing, nothing invalid ('?' in their place).  At most most columns (0:
 * all); a text that is cut ends in '~'.  Returns the columns. */
unsigned int utf8_add_shown(struct buf *b, const char *s, unsigned int most);

/* The same with blanks up to width columns. */
void utf8_add_column(struct buf *b, const char *s, unsigned int width,
    unsigned int most);

/* Columns of all of s as it is shown. */
unsigned int utf8_columns(const char *s);

/* Makes one line of what can be shown, in place: each control character
 * becomes a blank, each invalid byte a question mark. */
void utf8_make_line(char *s);

/* Appends the n bytes, U+FFFD in place of each byte that is invalid. */
void utf8_add_valid(struct buf *b, const char *s, size_t n);

#endif
