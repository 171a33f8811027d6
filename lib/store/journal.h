#ifndef STORE_JOURNAL_H
#define STORE_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "codec/json.h"
#include "store/point.h"

/*
 * journal - which ranges of its disks a partial point holds, so that another
 * run can take it up.
 *
 * A file in the partial folder: a line of JSON that says what the point is of,
 * then "DISK RANGE" a line.  A line is written after the range itself is
 * durable; one that is cut or damaged and all behind it count for nothing, and
 * are cut off.  Untrusted when read.  Any thread may ask and add.
 */
struct journal;

/* of: what must be the same for the rest to be of use. */
struct journal *journal_create(struct point *p, const json_t *of,
    struct err *e);

/* That of a point that was taken up; more lines can be added. */
struct journal *journal_open(struct point *p, struct err *e);
const json_t *journal_of(const struct journal *j);

bool journal_has(struct journal *j, unsigned int disk, uint64_t range);
bool journal_knows(struct journal *j, unsigned int disk); /* any range of it */
int journal_add(struct journal *j, unsigned int disk, const uint64_t *ranges,
    size_t n, struct err *e);
void journal_free(struct journal *j); /* NULL is fine */

#endif
