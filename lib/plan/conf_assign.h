#ifndef PLAN_CONF_ASSIGN_H
#define PLAN_CONF_ASSIGN_H

#include "base/err.h"
#include "codec/json.h"
#include "plan/conf_schema.h"

/*
 * conf_assign - "retention.daily=14" put into an object, as its keys want it
 * (plan/conf_edit.h).  Whether the result is right is for conf_judge to say.
 */

/* The value of one key from its text; NULL with ERR_USAGE. */
json_t *conf_assign_value(const struct conf_key *key, const char *name,
    const char *text, struct err *e);

/* key is a path with dots; value NULL removes.  What of the first key stands
 * in defaults (or NULL) is where a change within it begins. */
int conf_assign(json_t *object, const struct conf_key *keys,
    const json_t *defaults, const char *key, json_t *value, struct err *e);

/* The key at the end of such a path, or NULL with ERR_USAGE. */
const struct conf_key *conf_assign_key(const struct conf_key *keys,
    const char *key, struct err *e);

#endif
