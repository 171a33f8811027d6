#ifndef PLAN_REPO_H
#define PLAN_REPO_H

#include "base/err.h"
#include "plan/conf_parts.h"

/*
 * repo - whether a repository can take points now: ERR_CREATE if it is
 * not there, not mounted, or cannot be written to; ERR_IO if it does not
 * answer.
 */
int repo_check(const struct conf_repo *repo, struct err *e);

/* Only that it is mounted if it is to be; what is not there is nobody's. */
int repo_check_mounted(const struct conf_repo *repo, struct err *e);

#endif
