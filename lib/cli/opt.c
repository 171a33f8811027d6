#include "cli/opt.h"

#include <stdlib.h>
#include <string.h>
#include "base/num.h"

enum {
	TABLES = sizeof(((struct opt_set *)NULL)->tables) / sizeof(void *),
	LINE_COLUMNS = 80,
	LABEL_MAX = 26, /* a wider label has its help on the next line */
	NAME_MAX_HINT = 40,
	HINT_DISTANCE = 2,
};

struct parser {
	const struct opt_set *set;
	char **argv;
	int argc;
	int next;
	bool *seen; /* by the option's position over all tables */
	const char **operands;
	size_t n;
};

/* The nth option over all tables, NULL at the end. */
static const struct opt *
opt_at(const struct opt_set *set, size_t nth)
{
	const struct opt *o;
	size_t t;

	for (t = 0; t < TABLES && set->tables[t] != NULL; t++)
		for (o = set->tables[t]; o->name != NULL; o++)
			if (nth-- == 0)
				return o;
	return NULL;
}

static const struct opt *
find_name(const struct opt_set *set, const char *name, size_t n, size_t *at)
{
	const struct opt *o;

	for (*at = 0; (o = opt_at(set, *at)) != NULL; (*at)++)
		if (strlen(o->name) == n && memcmp(o->name, name, n) == 0)
			return o;
	return NULL;
}

static const struct opt *
find_letter(const struct opt_set *set, char letter, size_t *at)
{
	const struct opt *o;

	for (*at = 0; (o = opt_at(set, *at)) != NULL; (*at)++)
		if (o->letter != '\0' && o->letter == letter)
			return o;
	return NULL;
}

static bool
takes_value(const struct opt *o)
{
	return o->kind != OPT_FLAG && o->kind != OPT_COUNT;
}

static size_t
smallest(size_t a, size_t b, size_t c)
{
	a = a < b ? a : b;
	return a < c ? a : c;
}

/* Edit distance (Levenshtein), NAME_MAX_HINT for names that are too long. */
static size_t
distance(const char *a, size_t n, const char *b)
{
	size_t row[NAME_MAX_HINT + 1], m = strlen(b), i, j, diagonal, above;

	if (n > NAME_MAX_HINT || m > NAME_MAX_HINT)
		return NAME_MAX_HINT;
	for (j = 0; j <= m; j++)
		row[j] = j;
	for (i = 1; i <= n; i++) {
		diagonal = row[0];
		row[0] = i;
		for (j = 1; j <= m; j++) {
			above = row[j];
			row[j] = smallest(above + 1, row[j - 1] + 1,
			    diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[m];
}

size_t
opt_distance(const char *word, size_t n, const char *name)
{
	size_t d = n > 1 && strncmp(name, word, n) == 0
	    ? 0
	    : distance(word, n, name);

	/* Of a short name nearly everything is an edit or two away. */
	return d < n && d <= HINT_DISTANCE ? d : SIZE_MAX;
}

/* The option somebody who typed this may have meant, or NULL. */
static const struct opt *
nearest(const struct opt_set *set, const char *name, size_t n)
{
	const struct opt *o, *best = NULL;
	size_t at, d, least = SIZE_MAX;

	for (at = 0; (o = opt_at(set, at)) != NULL; at++) {
		if (o->kind == OPT_REFUSED)
			continue;
		d = opt_distance(name, n, o->name);
		if (d < least) {
			least = d;
			best = o;
		}
	}
	return best;
}

static int
unknown_name(const struct parser *p, const char *name, size_t n, struct err *e)
{
	const struct opt *o = nearest(p->set, name, n);

	if (o == NULL)
		return err_set(e, ERR_USAGE, "unknown option '--%.*s'", (int)n,
		    name);
	return err_set(e, ERR_USAGE,
	    "unknown option '--%.*s', did you mean '--%s'?", (int)n, name,
	    o->name);
}

static int
unknown_letter(char c, struct err *e)
{
	if (c > 0x20 && c < 0x7f)
		return err_set(e, ERR_USAGE, "unknown option '-%c'", c);
	return err_set(e, ERR_USAGE, "unknown option '-\\x%02x'",
	    (unsigned int)(unsigned char)c);
}

static int
add_item(struct opt_list *l, const char *item, struct err *e)
{
	const char **items;

	items = reallocarray(l->items, l->n + 2, sizeof(*items));
	if (items == NULL)
		return err_set(e, ERR_OS, "out of memory");
	items[l->n++] = item;
	items[l->n] = NULL;
	l->items = items;
	return 0;
}

static void
add_choices(struct buf *b, const char *choices)
{
	for (; *choices != '\0'; choices++)
		if (*choices == '|')
			buf_puts(b, ", ");
		else
			buf_char(b, *choices);
}

static int
choose(const struct opt *o, const char *value, struct err *e)
{
	const char *at, *end = o->arg;
	struct buf b = { 0 };
	size_t n = strlen(value);

	for (at = o->arg; *end != '\0'; at = end + 1) {
		end = strchrnul(at, '|');
		if ((size_t)(end - at) == n && memcmp(at, value, n) == 0) {
			*(const char **)o->value = value;
			return 0;
		}
	}
	add_choices(&b, o->arg);
	err_set(e, ERR_USAGE, "--%s: '%s' is none of %s", o->name, value,
	    buf_text(&b));
	buf_free(&b);
	return -1;
}

static int
store(const struct opt *o, const char *value, struct err *e)
{
	int rc = 0;

	switch (o->kind) {
	case OPT_FLAG:
		*(bool *)o->value = true;
		break;
	case OPT_COUNT:
		++*(int *)o->value;
		break;
	case OPT_TEXT:
		*(const char **)o->value = value;
		break;
	case OPT_LIST:
		return add_item(o->value, value, e);
	case OPT_U64:
		rc = num_u64(value, o->value, e);
		break;
	case OPT_SIZE:
		rc = num_size(value, o->value, e);
		break;
	case OPT_DURATION:
		rc = num_duration(value, o->value, e);
		break;
	case OPT_CHOICE:
		return choose(o, value, e);
	case OPT_REFUSED:
		return err_set(e, ERR_USAGE, "--%s: %s", o->name, o->help);
	}
	return rc == -1 ? err_ctx(e, "--%s", o->name) : 0;
}

/* value: what stands in the same argument, or NULL. */
static int
use(struct parser *p, const struct opt *o, size_t at, const char *value,
    struct err *e)
{
	if (o->kind == OPT_REFUSED)
		return store(o, NULL, e);
	if (!takes_value(o))
		return store(o, NULL, e);
	if (p->seen[at] && o->kind != OPT_LIST)
		return err_set(e, ERR_USAGE, "option '--%s' is given twice",
		    o->name);
	p->seen[at] = true;
	if (value == NULL && p->next < p->argc)
		value = p->argv[p->next++];
	if (value == NULL)
		return err_set(e, ERR_USAGE, "option '--%s' needs a value: %s",
		    o->name, o->arg);
	return store(o, value, e);
}

static int
parse_name(struct parser *p, const char *text, struct err *e)
{
	const char *end = strchrnul(text, '=');
	const char *value = *end == '=' ? end + 1 : NULL;
	const struct opt *o;
	size_t at;

	o = find_name(p->set, text, (size_t)(end - text), &at);
	if (o == NULL)
		return unknown_name(p, text, (size_t)(end - text), e);
	if (value != NULL && !takes_value(o))
		return err_set(e, ERR_USAGE, "option '--%s' takes no value",
		    o->name);
	return use(p, o, at, value, e);
}

static int
parse_letters(struct parser *p, const char *text, struct err *e)
{
	const struct opt *o;
	size_t at;

	for (; *text != '\0'; text++) {
		o = find_letter(p->set, *text, &at);
		if (o == NULL)
			return unknown_letter(*text, e);
		if (takes_value(o))
			return use(p, o, at, text[1] != '\0' ? text + 1 : NULL,
			    e);
		if (use(p, o, at, NULL, e) == -1)
			return -1;
	}
	return 0;
}

static int
parse_all(struct parser *p, struct err *e)
{
	const char *arg;
	bool ended = false;
	int rc = 0;

	while (rc == 0 && p->next < p->argc) {
		arg = p->argv[p->next++];
		if (ended || arg[0] != '-' || arg[1] == '\0')
			p->operands[p->n++] = arg;
		else if (strcmp(arg, "--") == 0)
			ended = true;
		else if (arg[1] == '-')
			rc = parse_name(p, arg + 2, e);
		else
			rc = parse_letters(p, arg + 1, e);
	}
	return rc;
}

int
opt_parse(const struct opt_set *set, int argc, char **argv,
    const char ***operands, size_t *n, struct err *e)
{
	struct parser p = { .set = set, .argv = argv, .argc = argc, .next = 1 };
	size_t count = 0;
	int rc = -1;

	while (opt_at(set, count) != NULL)
		count++;
	p.seen = calloc(count + 1, sizeof(*p.seen));
	p.operands = calloc((size_t)argc + 1, sizeof(*p.operands));
	if (p.seen == NULL || p.operands == NULL) {
		err_set(e, ERR_OS, "out of memory");
		goto out;
	}
	if (parse_all(&p, e) == -1)
		goto out;
	*operands = p.operands;
	*n = p.n;
	p.operands = NULL;
	rc = 0;
out:
	free(p.operands);
	free(p.seen);
	return rc;
}

static void
add_blanks(struct buf *b, size_t n)
{
	while (n-- > 0)
		buf_char(b, ' ');
}

/* The words of text from column on; further lines begin at indent. */
static void
add_wrapped(struct buf *b, const char *text, size_t column, size_t indent)
{
	bool first = true;
	size_t n;

	for (; *text != '\0'; text += n) {
		text += strspn(text, " ");
		n = strcspn(text, " ");
		if (!first && column + 1 + n > LINE_COLUMNS) {
			buf_char(b, '\n');
			add_blanks(b, indent);
			column = indent;
		} else if (!first) {
			buf_char(b, ' ');
			column++;
		}
		buf_add(b, text, n);
		column += n;
		first = false;
	}
	buf_char(b, '\n');
}

static void
add_label(struct buf *b, const struct opt *o)
{
	if (o->letter != '\0')
		buf_fmt(b, "  -%c, --%s", o->letter, o->name);
	else
		buf_fmt(b, "      --%s", o->name);
	if (takes_value(o))
		buf_fmt(b, " %s", o->arg);
}

static size_t
label_width(const struct opt *o)
{
	return strlen("  -x, --") + strlen(o->name) +
	    (takes_value(o) ? 1 + strlen(o->arg) : 0);
}

/* Column where help texts begin. */
static size_t
help_column(const struct opt_set *set)
{
	const struct opt *o;
	size_t at, w, widest = 0;

	for (at = 0; (o = opt_at(set, at)) != NULL; at++) {
		if (o->kind == OPT_REFUSED)
			continue;
		w = label_width(o);
		if (w <= LABEL_MAX && w > widest)
			widest = w;
	}
	return widest + 2;
}

static void
add_table(struct buf *b, const struct opt *o, size_t column)
{
	for (; o->name != NULL; o++) {
		if (o->kind == OPT_REFUSED)
			continue;
		add_label(b, o);
		if (label_width(o) + 2 > column) {
			buf_char(b, '\n');
			add_blanks(b, column);
		} else {
			add_blanks(b, column - label_width(o));
		}
		add_wrapped(b, o->help, column, column);
	}
}

void
opt_help(const struct opt_set *set, const char *program, struct buf *b)
{
	size_t column = help_column(set), start, t;

	buf_fmt(b, "Usage: %s ", program);
	start = strlen("Usage:  ") + strlen(program);
	add_wrapped(b, set->synopsis, start, start);
	add_wrapped(b, set->about, 0, 0);
	for (t = 0; t < TABLES && set->tables[t] != NULL; t++) {
		buf_char(b, '\n');
		add_table(b, set->tables[t], column);
	}
}

void
opt_options(const struct opt_set *set, struct buf *b)
{
	const struct opt *o;
	size_t at;

	for (at = 0; (o = opt_at(set, at)) != NULL; at++) {
		if (o->kind == OPT_REFUSED)
			continue;
		if (o->letter != '\0')
			buf_fmt(b, "-%c", o->letter);
		buf_fmt(b, "\t--%s\t%s\t%s\n", o->name,
		    takes_value(o) ? o->arg : "", o->help);
	}
}

void
opt_list_free(struct opt_list *l)
{
	free(l->items);
	*l = (struct opt_list){ 0 };
}
