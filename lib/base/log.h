#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

/*
 * log - the one place that writes messages: to stderr, one write(2) a line,
 * each line "PROGRAM: text", secrets masked.
 *
 * Silent until log_open().  Any thread.
 */
enum log_level { LOG_QUIET, LOG_NORMAL, LOG_STEPS, LOG_PROTOCOL };

void log_open(const char *program, enum log_level level);

/* Called before and after a line, e.g. to clear and redraw a progress line;
 * NULL for none. */
void log_hook(void (*before)(void), void (*after)(void));

void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_step(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_protocol(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A line of another program's stderr, already fit to be shown. */
void log_pass(const char *line);

bool log_is_on(enum log_level level);

#endif
