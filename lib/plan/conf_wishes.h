#ifndef PLAN_CONF_WISHES_H
#define PLAN_CONF_WISHES_H

#include <stddef.h>
#include "plan/conf_plan.h"

/*
 * conf_wishes - what a plan asks for and this version does not do: a backup is
 * made all the same, but who asked is to know.
 */
enum { CONF_WISHES = 3 }; /* at most */

struct conf_wish {
	const char *code, *text; /* "W_NO_REPLICATE" */
};

/* How many it has. */
size_t conf_wishes(const struct conf_plan *p, struct conf_wish *wishes);

#endif
