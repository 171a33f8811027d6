#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdarg.h>

/*
 * err - the one error value.
 *
 * A function that can fail takes a `struct err *` as its last argument and
 * returns -1 or NULL.  The first failure wins: setting an error that is
 * already set changes nothing.  Callers prepend context.  The class is the
 * exit status of the program (esxbk(7), EXIT STATUS).  The text is one line:
 * control characters, which may come from a server, are replaced.
 *
 * { 0 } is "no error".  A value belongs to one thread at a time.
 */
enum err_class {
	ERR_NONE = 0,
	ERR_NEGATIVE = 1,  /* a test came out negative: damage, too old */
	ERR_PARTIAL = 3,   /* some of it failed, the rest is good */
	ERR_EMPTY = 4,     /* the selection matched nothing */
	ERR_WORK = 10,     /* dry run: there is work to do */
	ERR_USAGE = 64,    /* the command line */
	ERR_DATA = 65,     /* unusable input: OVF, VMDK, manifest, chain */
	ERR_NOTFOUND = 66, /* no such VM, point, network, datastore */
	ERR_UNAVAIL = 69,  /* server unreachable */
	ERR_BUG = 70,      /* our own mistake */
	ERR_OS = 71,       /* the operating system refused */
	ERR_CREATE = 73,   /* cannot create: name taken, read-only */
	ERR_IO = 74,       /* I/O error, no space, damaged transfer */
	ERR_TEMP = 75,     /* temporary: locked, lease lost, cancelled */
	ERR_PROTO = 76,    /* protocol or TLS identity mismatch */
	ERR_PERM = 77,     /* login, privilege or licence refused */
	ERR_CONFIG = 78,   /* configuration file */
	ERR_SIGNAL = 128,  /* plus the signal's number */
};

struct err {
	int class;       /* enum err_class, or ERR_SIGNAL + n */
	char text[1000]; /* one line, UTF-8, no newline */
	char fault[80];  /* type name of a vSphere fault, or "" */
};

/* Sets the class and text; returns -1, so that callers can return it. */
int err_set(struct err *e, int class, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The same, followed by ": " and the text of errno. */
int err_sys(struct err *e, int class, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Prepends "context: " to an error that is set; returns -1. */
int err_ctx(struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Class of a failed write path by errno: no space and I/O errors are 74,
 * a read-only or forbidden target and a taken name are 73, else 71. */
int err_class_of_errno(int errnum);

/* "usage", "notfound", ...: the word that stands in JSON results. */
const char *err_class_name(int class);

/* True if doing the same again later may succeed (exit 69, 74, 75). */
int err_is_temporary(const struct err *e);

void err_clear(struct err *e);

#endif
