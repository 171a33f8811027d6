#ifndef PLAN_CONF_TEXT_H
#define PLAN_CONF_TEXT_H

#include "base/buf.h"
#include "codec/json.h"

/*
 * conf_text - the configuration as text for people: indented, but what fits
 * on a line stands on one.
 */

/* Appends the value and a newline; depth levels are broken whatever fits. */
int conf_text(const json_t *value, unsigned int depth, struct buf *b,
    struct err *e);

/* A copy of the configuration with a word in place of what is secret. */
json_t *conf_text_hushed(const json_t *root);

#endif
