#include "base/utf8.h"

#include <string.h>

struct range {
	uint32_t first, last;
};

static bool
is_in(uint32_t c, const struct range *r)
{
	for (; r->last != 0; r++)
		if (c >= r->first && c <= r->last)
			return true;
	return false;
}

/* Length by the first byte, 0 if none begins so. */
static size_t
length(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first < 0xe0)
		return 2;
	if (first >= 0xe0 && first < 0xf0)
		return 3;
	if (first >= 0xf0 && first < 0xf5)
		return 4;
	return 0;
}

size_t
utf8_next(const char *s, size_t n, uint32_t *c)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	static const unsigned char mask[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	size_t len = n == 0 ? 0 : length((unsigned char)s[0]), i;
	uint32_t v;

	if (len == 0 || len > n)
		return 0;
	v = (unsigned char)s[0] & mask[len];
	for (i = 1; i < len; i++) {
		if (((unsigned char)s[i] & 0xc0) != 0x80)
			return 0;
		v = v << 6 | ((unsigned char)s[i] & 0x3f);
	}
	if (v < least[len] || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff))
		return 0;
	*c = v;
	return len;
}

bool
utf8_is_control(uint32_t c)
{
	static const struct range controls[] = { { 0, 0x1f }, { 0x7f, 0x9f },
		{ 0x200e, 0x200f }, { 0x2028, 0x202e }, { 0x2066, 0x2069 },
		{ 0 } };

	return is_in(c, controls);
}

unsigned int
utf8_width(uint32_t c)
{
	static const struct range none[] = { { 0x300, 0x36f },
		{ 0x200b, 0x200f }, { 0x20d0, 0x20ff }, { 0xfe00, 0xfe0f },
		{ 0xfe20, 0xfe2f }, { 0 } };
	static const struct range wide[] = { { 0x1100, 0x115f },
		{ 0x2e80, 0x303e }, { 0x3041, 0xa4cf }, { 0xac00, 0xd7a3 },
		{ 0xf900, 0xfaff }, { 0xfe30, 0xfe6f }, { 0xff01, 0xff60 },
		{ 0xffe0, 0xffe6 }, { 0x1f300, 0x1f64f }, { 0x1f680, 0x1f6ff },
		{ 0x1f900, 0x1f9ff }, { 0x20000, 0x3fffd }, { 0 } };

	if (c < 0x300)
		return 1;
	if (is_in(c, none))
		return 0;
	return is_in(c, wide) ? 2 : 1;
}

/* The next character as it is shown; returns the bytes taken. */
static size_t
shown(const char *s, size_t left, const char **as, size_t *len, uint32_t *c)
{
	size_t n = utf8_next(s, left, c);

	*as = s;
	*len = n;
	if (n == 0 || utf8_is_control(*c)) {
		*as = "?";
		*c = '?';
		*len = 1;
	}
	return n == 0 ? 1 : n;
}

unsigned int
utf8_columns(const char *s)
{
	size_t left = strlen(s), n, len;
	unsigned int columns = 0;
	const char *as;
	uint32_t c;

	for (; left > 0; s += n, left -= n) {
		n = shown(s, left, &as, &len, &c);
		columns += utf8_width(c);
	}
	return columns;
}

unsigned int
utf8_add_shown(struct buf *b, const char *s, unsigned int most)
{
	bool cut = most > 0 && utf8_columns(s) > most;
	unsigned int room = cut ? most - 1 : UINT32_MAX, columns = 0;
	size_t left = strlen(s), n, len;
	const char *as;
	uint32_t c;

	for (; left > 0; s += n, left -= n) {
		n = shown(s, left, &as, &len, &c);
		if (utf8_width(c) > room - columns)
			break;
		buf_add(b, as, len);
		columns += utf8_width(c);
	}
	if (cut)
		buf_char(b, '~');
	return columns + (cut ? 1 : 0);
}

void
utf8_add_column(struct buf *b, const char *s, unsigned int width,
    unsigned int most)
{
	unsigned int columns = utf8_add_shown(b, s, most);

	for (; columns < width; columns++)
		buf_char(b, ' ');
}

void
utf8_make_line(char *s)
{
	size_t n = strlen(s), len;
	char *to = s;
	uint32_t c;

	for (; n > 0; s += len, n -= len) {
		len = utf8_next(s, n, &c);
		if (len == 0 || utf8_is_control(c)) {
			*to++ = len == 0 ? '?' : ' ';
			len = len == 0 ? 1 : len;
		} else {
			memmove(to, s, len);
			to += len;
		}
	}
	*to = '\0';
}

void
utf8_add_valid(struct buf *b, const char *s, size_t n)
{
	uint32_t c;
	size_t len;

	for (; n > 0; s += len, n -= len) {
		len = utf8_next(s, n, &c);
		if (len > 0) {
			buf_add(b, s, len);
		} else {
			buf_puts(b, "\xef\xbf\xbd");
			len = 1;
		}
	}
}
