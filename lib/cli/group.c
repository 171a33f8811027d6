#include "cli/group.h"

#include <string.h>

enum { TABLES = sizeof(((struct cmd *)NULL)->tables) / sizeof(void *) };

void
group_help(const struct cmd_group *g, struct buf *b)
{
	const struct cmd *const *c;

	buf_fmt(b, "Usage: %s COMMAND [OPTION]...\n%s\n\n", g->name, g->about);
	for (c = g->commands; *c != NULL; c++)
		buf_fmt(b, "  %-12s  %s\n", (*c)->name, (*c)->about);
	buf_fmt(b, "\n'%s COMMAND --help' tells the options of each.\n",
	    g->name);
}

/* A line that opt_options() made is there already, whatever its help: two
 * commands may explain an option in their own words. */
static bool
has_line(const struct buf *b, const char *line, size_t n)
{
	const char *at = b->data, *end = at == NULL ? NULL : at + b->len, *next;

	for (; at != NULL && at < end; at = next + 1) {
		next = memchr(at, '\n', (size_t)(end - at));
		if (next == NULL)
			break;
		if ((size_t)(next - at) >= n && memcmp(at, line, n) == 0)
			return true;
	}
	return false;
}

static void
add_new(const struct opt *table, struct buf *b)
{
	struct opt_set set = { .tables = { table } };
	struct buf all = { 0 };
	const char *line, *next, *end;

	opt_options(&set, &all);
	line = all.len == 0 ? NULL : buf_text(&all);
	for (; line != NULL && *line != '\0'; line = next + 1) {
		next = strchr(line, '\n');
		/* Letter and name: up to the second tab. */
		end = strchr(strchr(line, '\t') + 1, '\t');
		if (!has_line(b, line, (size_t)(end - line) + 1))
			buf_add(b, line, (size_t)(next - line) + 1);
	}
	buf_free(&all);
}

void
group_options(const struct cmd_group *g, const struct opt *common,
    struct buf *b)
{
	const struct cmd *const *c;
	size_t t;

	for (c = g->commands; *c != NULL; c++)
		for (t = 0; t < TABLES && (*c)->tables[t] != NULL; t++)
			add_new((*c)->tables[t], b);
	add_new(common, b);
}
