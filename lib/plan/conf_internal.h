#ifndef PLAN_CONF_INTERNAL_H
#define PLAN_CONF_INTERNAL_H

#include "plan/conf.h"

/*
 * conf_internal - what the files of plan/conf share.
 */

/* conf_read() with this value in place of what stands in one of the files, of
 * which the main one then need not exist; NULL: with none. */
int conf_read_instead(struct conf *c, const char *path, const char *instead,
    const json_t *value, struct err *e);

/* The main file and its parts, in the order of reading. */
struct conf_paths {
	char **items;
	size_t n;
};
int conf_read_paths(const char *path, struct conf_paths *paths, struct err *e);
void conf_read_paths_free(struct conf_paths *paths);

/* What a file holds, not judged yet. */
json_t *conf_read_file(const char *file, struct err *e);

/* n empty values, as long as c lives. */
void *conf_new(struct conf *c, size_t n, size_t size, struct err *e);

/* Puts "FILE: /section/name/key: " before an error; key may be NULL. */
int conf_at(const struct conf *c, const char *section, const char *name,
    const char *key, struct err *e);

/* "no site 'x': there is 'esx1'" */
void conf_none(const struct conf *c, const char *kind, const char *section,
    const char *name, int class, struct err *e);

/* From what conf_judge_file() has approved. */
int conf_fill(struct conf *c, struct err *e);
int conf_fill_list(struct conf *c, const json_t *array, struct conf_list *l,
    struct err *e);

/* A plan's members, arrays and all, from its place in root. */
int conf_fill_plan(struct conf *c, const char *name, const json_t *plan,
    struct conf_plan *p, struct err *e);

/* The plan with the defaults; a new value. */
json_t *conf_effective(const struct conf *c, const json_t *plan, struct err *e);

const char *conf_fill_text(const json_t *object, const char *key);
uint64_t conf_fill_seconds(const json_t *object, const char *key,
    uint64_t otherwise);

#endif
