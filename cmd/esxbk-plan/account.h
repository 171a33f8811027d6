#ifndef ESXBK_PLAN_ACCOUNT_H
#define ESXBK_PLAN_ACCOUNT_H

#include <stddef.h>
#include "base/err.h"
#include "plan/conf.h"

/*
 * account - the user of this machine as whom plans are to run.
 */

/* Makes the user "esxbk" if it is that and does not exist; ERR_CONFIG with the
 * way out if there is none.  Before any thread. */
int account_make(const char *user, struct err *e);

/* Warns of each file and folder of the plans that this user could not use
 * (log_warn).  By systemd: credentials are handed over by root. */
void account_look(const char *user, const struct conf *c,
    const struct conf_plan *const *plans, size_t n, bool by_systemd);

#endif
