#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/secret.h"
#include "base/utf8.h"

enum { TEXT_MOST = 4000 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *program;
static enum log_level current;
static void (*hook_before)(void);
static void (*hook_after)(void);

void
log_open(const char *name, enum log_level level)
{
	program = name;
	current = level;
}

void
log_hook(void (*before)(void), void (*after)(void))
{
	pthread_mutex_lock(&lock);
	hook_before = before;
	hook_after = after;
	pthread_mutex_unlock(&lock);
}

bool
log_is_on(enum log_level level)
{
	return program != NULL && current >= level;
}

static void
write_all(const char *p, size_t n)
{
	ssize_t w;

	while (n > 0) {
		w = write(STDERR_FILENO, p, n);
		if (w == -1 && errno == EINTR)
			continue;
		if (w <= 0)
			return; /* nobody to tell */
		p += w;
		n -= (size_t)w;
	}
}

/* Secrets are masked before the line is cut: half of one is not known. */
__attribute__((format(printf, 2, 0))) static char *
format(const char *prefix, const char *fmt, va_list ap)
{
	char *text = NULL, *line = NULL;
	int n = vasprintf(&text, fmt, ap);

	if (n == -1)
		return NULL;
	secret_mask(text, (size_t)n);
	if (asprintf(&line, "%s: %s%.*s", program, prefix, TEXT_MOST, text) ==
	    -1)
		line = NULL;
	explicit_bzero(text, (size_t)n);
	free(text);
	return line;
}

/* n bytes that end in a newline. */
static void
show(const char *line, size_t n)
{
	pthread_mutex_lock(&lock);
	if (hook_before != NULL)
		hook_before();
	write_all(line, n);
	if (hook_after != NULL)
		hook_after();
	pthread_mutex_unlock(&lock);
}

__attribute__((format(printf, 2, 0))) static void
emit(const char *prefix, const char *fmt, va_list ap)
{
	int saved = errno;
	char *line = format(prefix, fmt, ap);
	size_t n;

	if (line == NULL)
		goto out;
	utf8_make_line(line);
	n = strlen(line);
	line[n++] = '\n'; /* in place of the NUL */
	show(line, n);
out:
	free(line);
	errno = saved;
}

#define EMIT(level, prefix)            \
	do {                           \
		va_list ap;            \
		if (!log_is_on(level)) \
			return;        \
		va_start(ap, fmt);     \
		emit(prefix, fmt, ap); \
		va_end(ap);            \
	} while (0)

void
log_pass(const char *line)
{
	char whole[TEXT_MOST + 2];
	int n = snprintf(whole, sizeof(whole), "%.*s\n", TEXT_MOST, line);

	if (n > 0 && log_is_on(LOG_QUIET))
		show(whole, (size_t)n);
}

void
log_error(const char *fmt, ...)
{
	EMIT(LOG_QUIET, "");
}

void
log_warn(const char *fmt, ...)
{
	EMIT(LOG_NORMAL, "warning: ");
}

void
log_step(const char *fmt, ...)
{
	EMIT(LOG_STEPS, "");
}

void
log_protocol(const char *fmt, ...)
{
	EMIT(LOG_PROTOCOL, "");
}
