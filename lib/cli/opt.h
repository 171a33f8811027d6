#ifndef CLI_OPT_H
#define CLI_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"

/*
 * opt - one table is the parser, --help and --options.
 *
 * Long names must be exact.  Options may stand anywhere before "--".
 * "--name=VALUE", "--name VALUE", "-nVALUE", "-n VALUE", "-qv"; "-" alone is
 * an operand.  An option that is given twice is a usage error unless it is a
 * list, a flag or a counter.  Everything wrong is ERR_USAGE with one line,
 * which never shows a value that may be a secret: only numbers and choices.
 */
enum opt_kind {
	OPT_FLAG,     /* bool * */
	OPT_COUNT,    /* int * : -v -v */
	OPT_TEXT,     /* const char ** : points into argv */
	OPT_LIST,     /* struct opt_list * */
	OPT_U64,      /* uint64_t * */
	OPT_SIZE,     /* uint64_t *, bytes */
	OPT_DURATION, /* uint64_t *, seconds */
	OPT_CHOICE,   /* const char ** : one of choices "a|b|c" */
	OPT_REFUSED,  /* always an error: help is the text that says why; in
			 neither --help nor --options */
};

struct opt_list {
	const char **items; /* NULL at the end; NULL while empty */
	size_t n;
};

struct opt {
	char letter;      /* 0: none */
	const char *name; /* without dashes; NULL ends a table */
	const char *arg;  /* "DIR"; NULL for flags; for OPT_CHOICE "a|b|c" */
	const char *help;
	enum opt_kind kind;
	void *value;
};

struct opt_set {
	const struct opt *tables[8]; /* each ends with { 0 }; NULL at the end */
	const char *synopsis;        /* "[OPTION]... VM..." */
	const char *about;           /* one line */
};

/* Fills the values; operands[0..n) point into argv, NULL at the end (free()
 * the array).  Lists are freed by opt_list_free(), also after a failure. */
int opt_parse(const struct opt_set *set, int argc, char **argv,
    const char ***operands, size_t *n, struct err *e);

/* How far the n bytes are from a name that may have been meant by them;
 * SIZE_MAX: too far. */
size_t opt_distance(const char *word, size_t n, const char *name);

/* Text of --help (lines of at most 80 columns). */
void opt_help(const struct opt_set *set, const char *program, struct buf *b);

/* Text of --options: "-o<TAB>--output<TAB>DIR<TAB>help" a line, the letter
 * field empty if there is none, the argument field empty for flags. */
void opt_options(const struct opt_set *set, struct buf *b);
void opt_list_free(struct opt_list *l);

#endif
