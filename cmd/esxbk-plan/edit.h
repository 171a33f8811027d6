#ifndef ESXBK_PLAN_EDIT_H
#define ESXBK_PLAN_EDIT_H

#include "base/err.h"
#include "plan/conf_edit.h"

/*
 * edit - what add, set and remove share.
 */

/* Opens the place in the configuration of --config; with -n only to look. */
struct conf_edit *edit_open(const char *place, struct err *e);

/* Makes the change durable and tells of it in a word ("added"). */
int edit_finish(struct conf_edit *ed, const char *place, const char *word,
    struct err *e);

#endif
