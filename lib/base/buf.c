#include "base/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool
make_room(struct buf *b, size_t n)
{
	size_t want, size;
	char *p;

	if (b->failed)
		return false;
	if (__builtin_add_overflow(b->len, n, &want) ||
	    want > SIZE_MAX / 2 - 1 || (b->limit != 0 && want > b->limit)) {
		b->failed = true;
		return false;
	}
	if (want + 1 <= b->size)
		return true;
	size = b->size < 64 ? 64 : b->size;
	while (size < want + 1)
		size *= 2;
	p = malloc(size);
	if (p == NULL) {
		b->failed = true;
		return false;
	}
	if (b->len != 0)
		memcpy(p, b->data, b->len);
	if (b->data != NULL)
		explicit_bzero(b->data, b->size);
	free(b->data);
	b->data = p;
	b->size = size;
	return true;
}

void
buf_add(struct buf *b, const void *p, size_t n)
{
	if (!make_room(b, n))
		return;
	if (n != 0)
		memcpy(b->data + b->len, p, n);
	b->len += n;
	b->data[b->len] = '\0';
}

void
buf_puts(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void
buf_char(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void
buf_fmt(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	char *s = NULL;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	if (n < 0) {
		b->failed = true;
		return;
	}
	buf_add(b, s, (size_t)n);
	explicit_bzero(s, (size_t)n);
	free(s);
}

const char *
buf_text(const struct buf *b)
{
	return b->data == NULL ? "" : b->data;
}

void
buf_cut(struct buf *b, size_t len)
{
	if (b->data == NULL || len > b->len)
		return;
	b->len = len;
	b->data[len] = '\0';
}

int
buf_check(const struct buf *b, struct err *e)
{
	if (!b->failed)
		return 0;
	if (b->limit != 0)
		return err_set(e, ERR_DATA, "more than %zu bytes", b->limit);
	return err_set(e, ERR_OS, "out of memory");
}

char *
buf_steal(struct buf *b)
{
	char *p;

	buf_add(b, "", 0);
	if (b->failed) {
		buf_free(b);
		return NULL;
	}
	p = b->data;
	*b = (struct buf){ .limit = b->limit };
	return p;
}

void
buf_free(struct buf *b)
{
	if (b->data != NULL)
		explicit_bzero(b->data, b->size);
	free(b->data);
	*b = (struct buf){ .limit = b->limit };
}
