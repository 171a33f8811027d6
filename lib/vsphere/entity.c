#include "vsphere/entity.h"

#include <string.h>

static char
unescaped(const char *p)
{
	if (strncasecmp(p, "%25", 3) == 0)
		return '%';
	if (strncasecmp(p, "%2f", 3) == 0)
		return '/';
	if (strncasecmp(p, "%5c", 3) == 0)
		return '\\';
	return '\0';
}

void
entity_unescape(char *name)
{
	char *to = name;

	while (*name != '\0') {
		char c = unescaped(name);

		*to++ = c == '\0' ? *name : c;
		name += c == '\0' ? 1 : 3;
	}
	*to = '\0';
}

void
entity_add_escaped(struct buf *b, const char *name)
{
	for (; *name != '\0'; name++) {
		if (*name == '%')
			buf_puts(b, "%25");
		else if (*name == '/')
			buf_puts(b, "%2f");
		else if (*name == '\\')
			buf_puts(b, "%5c");
		else
			buf_char(b, *name);
	}
}
