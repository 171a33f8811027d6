#ifndef PLAN_CONF_EDIT_H
#define PLAN_CONF_EDIT_H

#include <stdbool.h>
#include "base/err.h"
#include "codec/json.h"

/*
 * conf_edit - one place of the configuration changed, all else kept.
 *
 * A place is a plan's name, or /plans/NAME, /sites/NAME, /repositories/NAME,
 * /notify/NAME, /targets/NAME, /defaults.  What is changed is the file it
 * stands in, else the main one, which is made if need be.  Between open and
 * free nobody else can edit.  Commit refuses what conf_read() would refuse,
 * and leaves the file as it was then; it keeps owner, mode and order.
 */
struct conf_edit;

/* Waits some seconds for another editor: ERR_TEMP.  just_look: locks nothing,
 * and commit writes nothing. */
struct conf_edit *conf_edit_open(const char *path, const char *place,
    bool just_look, struct err *e);

/* What stands there, or NULL. */
const json_t *conf_edit_value(const struct conf_edit *ed);

/* The file that is to be changed. */
const char *conf_edit_file(const struct conf_edit *ed);

/* Puts an empty object there instead; removes it. */
int conf_edit_empty(struct conf_edit *ed, struct err *e);
void conf_edit_remove(struct conf_edit *ed);

/*
 * "KEY=VALUE", KEY being "retention.daily".  VALUE is taken as the key wants
 * it: a list is words with commas, an object KEY=VALUE with commas, or either
 * is JSON.  No VALUE removes the key.  Of what excludes each other the new one
 * stays.  In a plan, a key that is in the defaults alone begins as it stands
 * there.  ERR_USAGE.
 */
int conf_edit_set(struct conf_edit *ed, const char *assignment, struct err *e);

/* The same for a value of one's own, which it takes over. */
int conf_edit_put(struct conf_edit *ed, const char *key, json_t *value,
    struct err *e);

int conf_edit_commit(struct conf_edit *ed, bool *changed, struct err *e);
void conf_edit_free(struct conf_edit *ed); /* NULL is fine */

#endif
