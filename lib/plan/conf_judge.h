#ifndef PLAN_CONF_JUDGE_H
#define PLAN_CONF_JUDGE_H

#include "base/buf.h"
#include "base/err.h"
#include "codec/json.h"

/*
 * conf_judge - whether one file of the configuration is as plan/conf_schema
 * has it, taken for itself.
 *
 * What is wrong is ERR_CONFIG: "FILE: /plans/nightly/retention/daily: text",
 * never with a secret in it.
 */

/* *secret is the place of the first value that is secret in itself, or "". */
int conf_judge_file(const char *file, const json_t *root, struct buf *secret,
    struct err *e);

/* Appends "/" and a key, as a JSON pointer has it (RFC 6901). */
void conf_judge_point(struct buf *b, const char *key);

#endif
