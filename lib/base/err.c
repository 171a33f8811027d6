#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/utf8.h"

/* A cut must not leave half of a UTF-8 sequence behind. */
static void
trim_utf8(char *s)
{
	size_t n = strlen(s), i = n;
	uint32_t c;

	while (i > 0 && n - i < 4 && ((unsigned char)s[i - 1] & 0xc0) == 0x80)
		i--;
	if (i > 0 && (unsigned char)s[i - 1] >= 0xc0 &&
	    utf8_next(s + i - 1, n - i + 1, &c) == 0)
		s[i - 1] = '\0';
}

static void
finish_text(struct err *e)
{
	trim_utf8(e->text);
	utf8_make_line(e->text);
}

int
err_set(struct err *e, int class, const char *fmt, ...)
{
	va_list ap;

	if (e->class != ERR_NONE)
		return -1;
	e->class = class;
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	finish_text(e);
	return -1;
}

int
err_sys(struct err *e, int class, const char *fmt, ...)
{
	int saved = errno;
	char buffer[128];
	const char *reason = strerror_r(saved, buffer, sizeof(buffer));
	va_list ap;
	size_t n;

	if (e->class != ERR_NONE)
		return -1;
	e->class = class;
	va_start(ap, fmt);
	/* A long path must not push the reason out. */
	vsnprintf(e->text, sizeof(e->text) - strlen(reason) - 2, fmt, ap);
	va_end(ap);
	trim_utf8(e->text);
	n = strlen(e->text);
	snprintf(e->text + n, sizeof(e->text) - n, ": %s", reason);
	finish_text(e);
	errno = saved;
	return -1;
}

/* The cause is at the end: what does not fit is cut off the context. */
int
err_ctx(struct err *e, const char *fmt, ...)
{
	char context[sizeof(e->text)];
	size_t old = strlen(e->text), n, room = sizeof(e->text) - 1 - old;
	va_list ap;

	if (e->class == ERR_NONE || room < 3)
		return -1;
	va_start(ap, fmt);
	vsnprintf(context, room - 1, fmt, ap);
	va_end(ap);
	trim_utf8(context);
	n = strlen(context);
	memmove(e->text + n + 2, e->text, old + 1);
	memcpy(e->text, context, n);
	memcpy(e->text + n, ": ", 2);
	finish_text(e);
	return -1;
}

int
err_class_of_errno(int errnum)
{
	switch (errnum) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
	case EIO:
		return ERR_IO;
	case EROFS:
	case EACCES:
	case EPERM:
	case EEXIST:
	case ENOTEMPTY:
	case ENOENT:
	case ENOTDIR:
	case EISDIR:
	case ENAMETOOLONG:
	case ELOOP:
		return ERR_CREATE;
	default:
		return ERR_OS;
	}
}

const char *
err_class_name(int class)
{
	static const struct {
		int class;
		const char *name;
	} names[] = {
		{ ERR_NONE, "ok" },
		{ ERR_NEGATIVE, "negative" },
		{ ERR_PARTIAL, "partial" },
		{ ERR_EMPTY, "empty" },
		{ ERR_WORK, "work" },
		{ ERR_USAGE, "usage" },
		{ ERR_DATA, "data" },
		{ ERR_NOTFOUND, "notfound" },
		{ ERR_UNAVAIL, "unavailable" },
		{ ERR_BUG, "bug" },
		{ ERR_OS, "os" },
		{ ERR_CREATE, "create" },
		{ ERR_IO, "io" },
		{ ERR_TEMP, "temporary" },
		{ ERR_PROTO, "protocol" },
		{ ERR_PERM, "permission" },
		{ ERR_CONFIG, "config" },
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].class == class)
			return names[i].name;
	return class > ERR_SIGNAL ? "signal" : "unknown";
}

int
err_is_temporary(const struct err *e)
{
	return e->class == ERR_UNAVAIL || e->class == ERR_IO ||
	    e->class == ERR_TEMP;
}

void
err_clear(struct err *e)
{
	memset(e, 0, sizeof(*e));
}
