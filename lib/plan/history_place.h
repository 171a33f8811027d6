#ifndef PLAN_HISTORY_PLACE_H
#define PLAN_HISTORY_PLACE_H

#include "base/err.h"

/*
 * history_place - the folder of our own state on this machine, for what the
 * repository cannot take (plan/history.h).  free() it.
 */
char *history_place(struct err *e);

#endif
