#include "store/name.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>
#include "base/buf.h"
#include "base/utf8.h"

enum { LONGEST = 120 };

/* A name's parts that are encoded because of where they stand. */
struct span {
	size_t leading;  /* bytes at the start */
	size_t trailing; /* where the trailing ones begin */
};

static bool
is_device(const char *s, size_t n)
{
	static const char *const names[] = { "CON", "PRN", "AUX", "NUL",
		"CONIN$", "CONOUT$", "CLOCK$" };
	static const char *const ports[] = { "COM", "LPT" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i]) == n && strncasecmp(s, names[i], n) == 0)
			return true;
	for (i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		if (n < 4 || strncasecmp(s, ports[i], 3) != 0)
			continue;
		if (n == 4 && s[3] >= '0' && s[3] <= '9')
			return true;
		/* Superscript 1, 2, 3 count as digits there. */
		if (n == 5 && s[3] == '\xc2' &&
		    (s[4] == '\xb9' || s[4] == '\xb2' || s[4] == '\xb3'))
			return true;
	}
	return false;
}

/* Windows looks only at what is before the first dot or colon, without
 * blanks at its end. */
static bool
is_reserved(const char *name)
{
	size_t n = strcspn(name, ".:");

	while (n > 0 && name[n - 1] == ' ')
		n--;
	return is_device(name, n);
}

static struct span
measure(const char *name)
{
	struct span s = { strspn(name, ".- "), strlen(name) };

	while (s.trailing > s.leading && strchr(". ", name[s.trailing - 1]))
		s.trailing--;
	if (is_reserved(name))
		s.leading = 1;
	return s;
}

static bool
is_plain(const char *s, size_t len, uint32_t c)
{
	if (len == 0 || utf8_is_control(c))
		return false;
	return len > 1 || strchr("%/\\:\"*?<>|", s[0]) == NULL;
}

static void
add_character(struct buf *b, const char *s, size_t len, bool plain)
{
	size_t i;

	if (plain)
		buf_add(b, s, len);
	else
		for (i = 0; i < len; i++)
			buf_fmt(b, "%%%02X", (unsigned int)(unsigned char)s[i]);
}

/* True if the whole name fitted in. */
static bool
encode(struct buf *b, const char *name, size_t longest)
{
	struct span span = measure(name);
	size_t n = strlen(name), at, len, before;
	uint32_t c;
	bool plain;

	if (n == 0)
		buf_puts(b, "%00");
	for (at = 0; at < n; at += len) {
		len = utf8_next(name + at, n - at, &c);
		plain = at >= span.leading && at < span.trailing &&
		    is_plain(name + at, len, c);
		if (len == 0)
			len = 1;
		before = b->len;
		add_character(b, name + at, len, plain);
		if (b->len > longest) {
			buf_cut(b, before);
			return false;
		}
	}
	return true;
}

char *
name_local_short(const char *name, const char *uuid, bool force_uuid,
    size_t longest)
{
	struct buf b = { 0 };
	char uuid8[9];

	if (!encode(&b, name, longest) || force_uuid) {
		name_uuid8(uuid, uuid8);
		buf_fmt(&b, "~%s", uuid8);
	}
	return buf_steal(&b);
}

char *
name_local(const char *name, const char *uuid, bool force_uuid)
{
	return name_local_short(name, uuid, force_uuid, LONGEST);
}

void
name_uuid8(const char *uuid, char out[9])
{
	size_t n = 0;

	for (; uuid != NULL && *uuid != '\0' && n < 8; uuid++) {
		if (strchr("0123456789abcdef", *uuid) != NULL)
			out[n++] = *uuid;
		else if (*uuid >= 'A' && *uuid <= 'F')
			out[n++] = (char)(*uuid - 'A' + 'a');
	}
	memset(out + n, '0', 8 - n);
	out[8] = '\0';
}

bool
name_is_file(const char *name)
{
	size_t n = strlen(name), len;
	uint32_t c;

	if (n == 0 || name[0] == '.')
		return false;
	for (; n > 0; name += len, n -= len) {
		len = utf8_next(name, n, &c);
		if (len == 0 || c == '/' || utf8_is_control(c))
			return false;
	}
	return true;
}
