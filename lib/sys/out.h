#ifndef SYS_OUT_H
#define SYS_OUT_H

#include <stddef.h>
#include "base/err.h"

/*
 * out - bytes to a descriptor that somebody else reads: a signal ends the
 * writing also while a reader takes nothing.
 */

/* name is for messages.  All of p, or -1. */
int out_write(int fd, const char *name, const void *p, size_t n, struct err *e);

#endif
