#ifndef PLAN_CONF_SCHEMA_H
#define PLAN_CONF_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"
#include "codec/json.h"

/*
 * conf_schema - which keys the configuration may have, and what each takes
 * (esxbk-plan(5)).  The strict reading and the editing of plans follow these
 * tables.
 */
enum conf_kind {
	CONF_TEXT, /* with a form, or one of words, or any */
	CONF_BOOL,
	CONF_NUMBER,   /* from min to max, or one of words */
	CONF_LIST,     /* of texts, at least min */
	CONF_ARGV,     /* of texts, an absolute path first */
	CONF_ARGVS,    /* of these */
	CONF_OBJECT,   /* with keys, or one of words */
	CONF_OBJECTS,  /* a list of these */
	CONF_PASSWORD, /* CONF_OBJECT that says where one is */
	CONF_MAP,      /* names, and for each a CONF_OBJECT with keys */
};

enum conf_flag {
	CONF_REQUIRED = 1 << 0,
	CONF_ONE_OF = 1 << 1,    /* an object has just one of those so marked */
	CONF_HUSH = 1 << 2,      /* a secret in itself */
	CONF_HUSH_USER = 1 << 3, /* so if it is a URL with a user in it */
};

struct conf_key {
	const char *name; /* NULL ends a table */
	enum conf_kind kind;
	unsigned int flags;
	const struct conf_key *keys;
	const char *words; /* "off|try|require" */
	/* What is wrong with the text, without the text if it is secret. */
	int (*form)(const char *text, struct err *e);
	/* What is wrong with the object as a whole. */
	int (*whole)(const json_t *object, struct err *e);
	const char *only; /* goes only with this "type" */
	long long min, max;
};

extern const struct conf_key conf_schema[];      /* of a file */
extern const struct conf_key conf_schema_plan[]; /* of a plan */

/* The key of this name (n bytes) in a table, or NULL. */
const struct conf_key *conf_schema_find(const struct conf_key *keys,
    const char *name, size_t n);

/* Whether the word is one of "a|b|c". */
bool conf_schema_has_word(const char *words, const char *word);

/* Whether this value of the key is secret in itself. */
bool conf_schema_is_secret(const struct conf_key *key, const json_t *value);

#endif
