#include <stdlib.h>
#include <string.h>
#include "base/span.h"
#include "plan/units.h"

/* Texts of more cells than these are told as wholly different. */
enum { CELLS_MAX = 1 << 20 };

struct lines {
	struct span *line;
	size_t n;
};

static int
cut_lines(struct lines *l, const char *text)
{
	struct span rest = { text, strlen(text) };
	size_t i;

	for (i = 0; i < rest.n; i++)
		l->n += text[i] == '\n' || i + 1 == rest.n;
	l->line = calloc(l->n + 1, sizeof(*l->line));
	if (l->line == NULL)
		return -1;
	for (i = 0; i < l->n; i++)
		l->line[i] = span_cut(&rest, '\n');
	return 0;
}

static bool
is_same(struct span a, struct span b)
{
	return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

/* Cell (i, j): how many lines the texts from i and j on have in common. */
static unsigned int *
measure(const struct lines *a, const struct lines *b)
{
	size_t w = b->n + 1, i, j;
	unsigned int *common;

	if ((a->n + 1) > CELLS_MAX / w)
		return NULL;
	common = calloc((a->n + 1) * w, sizeof(*common));
	for (i = a->n; common != NULL && i-- > 0;)
		for (j = b->n; j-- > 0;)
			common[i * w + j] = is_same(a->line[i], b->line[j])
			    ? common[(i + 1) * w + j + 1] + 1
			    : common[(i + 1) * w + j] > common[i * w + j + 1]
			    ? common[(i + 1) * w + j]
			    : common[i * w + j + 1];
	return common;
}

static void
add_line(struct buf *out, char sign, struct span line)
{
	buf_char(out, sign);
	buf_add(out, line.p, line.n);
	buf_char(out, '\n');
}

static void
add_hunk(const struct lines *a, const struct lines *b, struct buf *out)
{
	unsigned int *common = measure(a, b);
	size_t w = b->n + 1, i = 0, j = 0;

	buf_fmt(out, "@@ -%d,%zu +%d,%zu @@\n", a->n > 0, a->n, b->n > 0, b->n);
	while (i < a->n || j < b->n) {
		if (common != NULL && i < a->n && j < b->n &&
		    is_same(a->line[i], b->line[j])) {
			add_line(out, ' ', a->line[i++]);
			j++;
		} else if (i < a->n &&
		    (j == b->n || common == NULL ||
			common[(i + 1) * w + j] >= common[i * w + j + 1])) {
			add_line(out, '-', a->line[i++]);
		} else {
			add_line(out, '+', b->line[j++]);
		}
	}
	free(common);
}

void
units_diff(const char *path, const char *old, const char *new, struct buf *out)
{
	struct lines a = { 0 }, b = { 0 };

	if (old != NULL && new != NULL && strcmp(old, new) == 0)
		return;
	if (cut_lines(&a, old == NULL ? "" : old) == -1 ||
	    cut_lines(&b, new == NULL ? "" : new) == -1)
		out->failed = true;
	else {
		buf_fmt(out, "--- %s\n+++ %s\n",
		    old == NULL ? "/dev/null" : path,
		    new == NULL ? "/dev/null" : path);
		add_hunk(&a, &b, out);
	}
	free(a.line);
	free(b.line);
}
