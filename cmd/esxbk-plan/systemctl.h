#ifndef ESXBK_PLAN_SYSTEMCTL_H
#define ESXBK_PLAN_SYSTEMCTL_H

#include "base/err.h"
#include "place.h"

/*
 * systemctl - telling systemd of timers that come and go.  Where it does not
 * run (log_warn), what is to be typed where it does.
 */

/* Before the files go: timers that are to go are stopped and disabled. */
int systemctl_stop(const struct place *p, struct err *e);

/* After they came: timers that changed or are not enabled yet are enabled and
 * started. */
int systemctl_start(const struct place *p, struct err *e);

#endif
