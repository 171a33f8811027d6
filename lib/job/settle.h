#ifndef JOB_SETTLE_H
#define JOB_SETTLE_H

#include "base/err.h"
#include "job/deploy.h"
#include "job/supply.h"

/*
 * settle - what is done to a VM once the host has made it: marks, identity,
 * cards, power.
 */

/* One change: our marks, another or the original's identity, the cards. */
int settle_identity(struct vim *v, const struct moref *vm,
    const struct supply *s, const struct deploy_conf *conf,
    struct deploy_result *r, struct err *e);

/* Power on, and what is to be waited for. */
int settle_start(struct vim *v, const struct moref *vm,
    const struct deploy_conf *conf, struct deploy_result *r, struct err *e);

#endif
