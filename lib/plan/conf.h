#ifndef PLAN_CONF_H
#define PLAN_CONF_H

#include <stddef.h>
#include "base/err.h"
#include "codec/json.h"
#include "plan/conf_parts.h"
#include "plan/conf_plan.h"

struct conf_block;

/*
 * conf - the configuration: repositories, sites, notifications, targets and
 * plans (esxbk-plan(5)).
 *
 * Read strictly: an unknown key, a wrong type, a duplicate, a name that is
 * not defined, a literal password is ERR_CONFIG with file:line:column or
 * "FILE: /plans/nightly/retention/daily: text".  All strings are borrowed
 * from the JSON that struct conf owns.
 */
struct conf {
	char *path;                /* of the main file */
	json_t *root;              /* all files in one */
	json_t *files;             /* "plans/nightly": the file it is from */
	json_t *effective;         /* plans with their defaults */
	struct conf_block *blocks; /* what the arrays below lie in */
	struct conf_repo *repos;
	struct conf_site *sites;
	struct conf_notify *notifies;
	struct conf_target *targets;
	struct conf_plan *plans; /* in order of name */
	size_t n_repos, n_sites, n_notifies, n_targets, n_plans;
};

/* The file that --config (or NULL), $ESXBK_CONFIG, ... mean; free() it.  It
 * need not exist. */
char *conf_path(const char *given, struct err *e);

/* Reads the file and plans.d/ (all names ending in .json, in order) beside it.
 * A file that others may write is refused, and one that others may read if it
 * holds something secret.  conf_free() in any case. */
int conf_read(struct conf *c, const char *path, struct err *e);
void conf_free(struct conf *c);

/* NULL and ERR_NOTFOUND with the names there are; found by exact name. */
const struct conf_plan *conf_plan(const struct conf *c, const char *name,
    struct err *e);
const struct conf_site *conf_site(const struct conf *c, const char *name,
    struct err *e);

/* The secret's first line, known to base/secret from now on: free() it.  For
 * a command, before any thread. */
char *conf_secret(const struct conf_secret *s, const char *what, struct err *e);

#endif
