#include "base/span.h"

#include <string.h>

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

struct span
span_trim(struct span s)
{
	while (s.n > 0 && is_blank(s.p[s.n - 1]))
		s.n--;
	for (; s.n > 0 && is_blank(*s.p); s.n--)
		s.p++;
	return s;
}

struct span
span_cut(struct span *s, char c)
{
	const char *end = memchr(s->p, c, s->n);
	struct span head = { s->p, end != NULL ? (size_t)(end - s->p) : s->n };
	size_t gone = head.n + (end != NULL);

	s->p += gone;
	s->n -= gone;
	return head;
}

struct span
span_word(struct span *s)
{
	struct span word;
	size_t n = 0;

	*s = span_trim(*s);
	while (n < s->n && !is_blank(s->p[n]))
		n++;
	word = (struct span){ s->p, n };
	s->p += n;
	s->n -= n;
	return word;
}

bool
span_is(struct span s, const char *text)
{
	return s.n == strlen(text) && memcmp(s.p, text, s.n) == 0;
}
