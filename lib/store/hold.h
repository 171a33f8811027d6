#ifndef STORE_HOLD_H
#define STORE_HOLD_H

#include "base/err.h"
#include "store/package.h"

/*
 * hold - a point that is being read is not removed meanwhile: the reader's
 * lock ".r-UUID8" in the folder that holds the points (esxbk-backup(5), LOCKS).
 *
 * Shared by readers; only who removes points takes it alone.  The file is
 * never removed.  Where it cannot be made or locked the point is read without,
 * with a warning.
 */
struct hold;

/* NULL with ERR_TEMP if points are being removed.  What is no point needs
 * none: the hold is empty. */
struct hold *hold_open(const struct package *p, struct err *e);
void hold_free(struct hold *h); /* NULL is fine */

#endif
