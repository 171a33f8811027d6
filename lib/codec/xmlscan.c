#include "codec/xmlscan.h"

#include <stdint.h>
#include <string.h>
#include "base/utf8.h"
#include "codec/xml.h"

/* libxml2 guesses other encodings from the first bytes, and falls back to
 * Latin-1 in the middle of a document: neither may happen. */
static int
check_utf8(const char *p, size_t n, struct err *e)
{
	unsigned int line = 1;
	uint32_t v;
	size_t len;

	for (; n > 0; p += len, n -= len) {
		len = utf8_next(p, n, &v);
		if (len == 0 || v == 0)
			return err_set(e, ERR_DATA, "line %u: not UTF-8", line);
		line += v == '\n';
	}
	return 0;
}

/* How far the tag that p[0] begins reaches.  No tag holds a '<': there the
 * next one begins, whatever the quotes say. */
static size_t
tag_length(const char *p, size_t n)
{
	char quote = '\0';
	size_t i;

	for (i = 1; i < n && p[i] != '<'; i++) {
		if (quote != '\0' && p[i] == quote)
			quote = '\0';
		else if (quote == '\0' && (p[i] == '"' || p[i] == '\''))
			quote = p[i];
		else if (quote == '\0' && p[i] == '>')
			break;
	}
	return i;
}

/* What stands at p up to and with its end, if a '<' in it begins no tag. */
static size_t
opaque_length(const char *p, size_t n)
{
	static const char *const marks[][2] = { { "<!--", "-->" },
		{ "<![CDATA[", "]]>" }, { "<?", "?>" } };
	const char *end;
	size_t i, begin;

	if (n < 2 || (p[1] != '!' && p[1] != '?'))
		return 0;
	for (i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		begin = strlen(marks[i][0]);
		if (n < begin || memcmp(p, marks[i][0], begin) != 0)
			continue;
		end = memmem(p + begin, n - begin, marks[i][1],
		    strlen(marks[i][1]));
		return end == NULL ? n
				   : (size_t)(end - p) + strlen(marks[i][1]);
	}
	return 0;
}

static unsigned int
line_of(const char *begin, const char *p)
{
	unsigned int line = 1;

	while ((begin = memchr(begin, '\n', (size_t)(p - begin))) != NULL) {
		line++;
		begin++;
	}
	return line;
}

/* libxml2 compares each attribute of a tag with all before it, and cannot be
 * stopped meanwhile: so tags are measured before it sees them. */
static int
check_tags(const char *begin, size_t n, struct err *e)
{
	const char *end = begin + n, *p = begin;
	size_t len, most = XML_MAX_TAG;

	while ((p = memchr(p, '<', (size_t)(end - p))) != NULL) {
		n = (size_t)(end - p);
		len = opaque_length(p, n);
		if (len == 0) {
			len = tag_length(p, n < most ? n : most);
			if (len == most)
				return err_set(e, ERR_DATA,
				    "line %u: a tag of more than %d bytes",
				    line_of(begin, p), XML_MAX_TAG);
		}
		p += len;
	}
	return 0;
}

int
xmlscan_check(const char *p, size_t n, struct err *e)
{
	return check_utf8(p, n, e) == -1 || check_tags(p, n, e) == -1 ? -1 : 0;
}
