#include <string.h>
#include "base/num.h"
#include "base/utf8.h"
#include "plan/overview_show.h"
#include "plan/schedule.h"

enum {
	COLUMNS = 100,
	STATE = 0,
	VM,
	PLAN,
	GOOD,
	AGE,
	KIND,
	STORED,
	VERIFIED,
	CELLS,
	CELL_SIZE = 1024,
	GAP = 2,
	LEAST_VM = 12,
};

static const char *const heads[CELLS] = { "STATE", "VM", "PLAN",
	"LAST GOOD (UTC)", "AGE", "KIND", "STORED", "VERIFIED" };

struct cells {
	char text[CELLS][CELL_SIZE];
};

static void
set_cell(struct cells *c, unsigned int which, const char *text)
{
	snprintf(c->text[which], CELL_SIZE, "%s", text);
}

static void
fill(struct cells *c, const struct overview_row *row)
{
	const struct catalog_point *p = row->good;
	struct buf name = { 0 };

	overview_words_name(row, &name);
	set_cell(c, STATE, overview_words_state(row->state));
	set_cell(c, VM, buf_text(&name));
	set_cell(c, PLAN, row->plan->name);
	overview_words_time(p == NULL ? 0 : p->when, c->text[GOOD]);
	overview_words_kind(row, c->text[KIND]);
	set_cell(c, AGE, "-");
	set_cell(c, STORED, "-");
	set_cell(c, VERIFIED, "-");
	if (p != NULL) {
		overview_words_age(row->age_s, c->text[AGE]);
		num_format_size(p->stored, c->text[STORED], CELL_SIZE);
		if (p->verified != 0)
			set_cell(c, VERIFIED, p->verified_level);
	}
	if (row->name == NULL)
		set_cell(c, GOOD, "-");
	buf_free(&name);
}

/* Names get what the others leave: the plan's no more than a third of it. */
static void
find_widths(const struct overview *o, unsigned int width[CELLS])
{
	unsigned int sum = (CELLS - 1) * GAP, columns, i;
	struct cells c;
	size_t r;

	for (i = 0; i < CELLS; i++)
		width[i] = (unsigned int)strlen(heads[i]);
	for (r = 0; r < o->n; r++) {
		fill(&c, &o->rows[r]);
		for (i = 0; i < CELLS; i++) {
			columns = utf8_columns(c.text[i]);
			width[i] = columns > width[i] ? columns : width[i];
		}
	}
	for (i = 0; i < CELLS; i++)
		sum += i == VM || i == PLAN ? 0 : width[i];
	if (sum + width[VM] + width[PLAN] <= COLUMNS)
		return;
	if (width[PLAN] > (COLUMNS - sum) / 3)
		width[PLAN] = (COLUMNS - sum) / 3;
	if (width[VM] > COLUMNS - sum - width[PLAN])
		width[VM] = COLUMNS - sum - width[PLAN];
}

static void
add_line(struct buf *b, const char *const text[CELLS],
    const unsigned int width[CELLS])
{
	unsigned int i, j;

	for (i = 0; i < CELLS; i++) {
		if (i == AGE || i == STORED) /* numbers stand on the right */
			for (j = utf8_columns(text[i]); j < width[i]; j++)
				buf_char(b, ' ');
		utf8_add_column(b, text[i],
		    i == AGE || i == STORED ? 0 : width[i], width[i]);
		for (j = 0; j < GAP; j++)
			buf_char(b, ' ');
	}
	while (b->len > 0 && b->data[b->len - 1] == ' ')
		buf_cut(b, b->len - 1);
	buf_char(b, '\n');
}

/* What is too long loses its middle: a cause begins with the step that failed
 * and ends with why. */
static void
add_cause(struct buf *b, const char *s)
{
	const unsigned int most = COLUMNS - 4;

	if (utf8_columns(s) > most) {
		utf8_add_shown(b, s, most / 2);
		while (utf8_columns(s) > most / 2 || (*s & 0xc0) == 0x80)
			s++;
	}
	utf8_add_shown(b, s, 0);
}

static void
add_row(struct buf *b, const struct overview_row *row,
    const unsigned int width[CELLS])
{
	const char *text[CELLS];
	struct cells c;
	size_t i;

	fill(&c, row);
	for (i = 0; i < CELLS; i++)
		text[i] = c.text[i];
	add_line(b, text, width);
	if (row->text[0] != '\0') {
		buf_puts(b, "    ");
		add_cause(b, row->text);
		buf_char(b, '\n');
	}
}

static void
add_plan(struct buf *b, const struct overview_plan *p)
{
	const struct conf_plan *plan = p->source->plan;
	char when[OVERVIEW_TIME_SIZE];
	struct buf line = { 0 };

	buf_fmt(&line, "%s: ", plan->name);
	schedule_format(&plan->schedule, &line);
	if (p->next != 0)
		buf_fmt(&line, " %s", plan->zone);
	utf8_add_shown(b, buf_text(&line), COLUMNS);
	buf_puts(b, "\n    last run ");
	if (p->last != NULL) {
		overview_words_time(p->last->started, when);
		buf_fmt(b, "%s UTC: ", when);
	}
	overview_words_run(p->last, b);
	if (p->next != 0) {
		overview_words_time(p->next, when);
		buf_fmt(b, "; next %s UTC", when);
	}
	buf_char(b, '\n');
	buf_free(&line);
}

static void
add_unprotected(struct buf *b, const struct overview *o)
{
	struct buf line = { 0 };
	size_t i;

	if (o->n_unprotected == 0)
		return;
	buf_puts(&line, "no plan selects: ");
	for (i = 0; i < o->n_unprotected && line.len < COLUMNS; i++)
		buf_fmt(&line, "%s%s", i == 0 ? "" : ", ", o->unprotected[i]);
	utf8_add_shown(b, buf_text(&line), COLUMNS);
	buf_char(b, '\n');
	buf_free(&line);
}

void
overview_table(const struct overview *o, struct buf *b)
{
	unsigned int width[CELLS];
	size_t i;

	find_widths(o, width);
	add_line(b, heads, width);
	for (i = 0; i < o->n; i++)
		add_row(b, &o->rows[i], width);
	buf_char(b, '\n');
	for (i = 0; i < o->n_plans; i++)
		add_plan(b, &o->plans[i]);
	add_unprotected(b, o);
	overview_words_verdict(o, b);
	buf_char(b, '\n');
}
