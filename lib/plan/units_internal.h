#ifndef PLAN_UNITS_INTERNAL_H
#define PLAN_UNITS_INTERNAL_H

#include "plan/units.h"

/* Takes over name (may be NULL: no memory) and the text, which is empty
 * afterwards. */
int units_add(struct units *u, char *name, struct buf *text, struct err *e);

/* A path must be absolute and one line; what names it in the message. */
int units_check_path(const char *path, const char *what, struct err *e);

#endif
