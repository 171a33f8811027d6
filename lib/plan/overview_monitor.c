#include <string.h>
#include "base/utf8.h"
#include "plan/overview_show.h"

/* A monitoring system keeps a few kilobytes of what a plugin prints. */
enum { MOST_LINES = 20, LONGEST = 200 };

/* Of the VMs that are still there. */
static const struct overview_row *
oldest(const struct overview *o)
{
	const struct overview_row *row, *oldest = NULL;

	for (row = o->rows; row < o->rows + o->n; row++) {
		if (row->good == NULL || row->state == OVERVIEW_VANISHED ||
		    row->state == OVERVIEW_DROPPED)
			continue;
		if (oldest == NULL || row->age_s > oldest->age_s)
			oldest = row;
	}
	return oldest;
}

/* '|' begins the numbers, and a line is one line: names and causes come from
 * servers. */
static void
add_clean(struct buf *b, const char *s)
{
	size_t from = b->len;

	utf8_add_shown(b, s, LONGEST);
	for (; from < b->len; from++)
		if (b->data[from] == '|')
			b->data[from] = '/';
}

static void
add_what(const struct overview *o, struct buf *b)
{
	static const char *const what[OVERVIEW_WARNED] = {
		[OVERVIEW_UNREADABLE] = "repository unreadable",
		[OVERVIEW_FAILED] = "failed",
		[OVERVIEW_LATE] = "late",
		[OVERVIEW_NEVER] = "never backed up",
		[OVERVIEW_DAMAGED] = "damaged",
		[OVERVIEW_VANISHED] = "vanished",
		[OVERVIEW_AHEAD] = "ahead of the clock",
		[OVERVIEW_PARTIAL] = "partial",
		[OVERVIEW_UNVERIFIED] = "unverified",
	};
	size_t i;

	buf_fmt(b, "%zu of %zu VMs protected", o->protected, o->vms);
	for (i = 0; i < OVERVIEW_WARNED; i++)
		if (o->states[i] > 0)
			buf_fmt(b, ", %zu %s", o->states[i], what[i]);
}

static void
add_numbers(const struct overview *o, const struct overview_row *old,
    struct buf *b)
{
	size_t i;

	buf_puts(b, " |");
	if (old != NULL) {
		buf_fmt(b, " oldest=%jus;;", (uintmax_t)old->age_s);
		if (old->plan->stale_after_s != 0)
			buf_fmt(b, "%ju", (uintmax_t)old->plan->stale_after_s);
		buf_puts(b, ";0");
	}
	buf_fmt(b, " vms=%zu;;;0 protected=%zu;;;0", o->vms, o->protected);
	for (i = OVERVIEW_FAILED; i < OVERVIEW_WARNED; i++)
		buf_fmt(b, " %s=%zu;;;0", overview_words_state(i),
		    o->states[i]);
	buf_fmt(b, " unprotected=%zu;;;0\n", o->n_unprotected);
}

static void
add_row(const struct overview_row *row, struct buf *b)
{
	struct buf name = { 0 };

	overview_words_name(row, &name);
	buf_fmt(b, "%s %s ", overview_words_level(row->level),
	    overview_words_state(row->state));
	if (row->name != NULL) {
		add_clean(b, buf_text(&name));
		buf_fmt(b, " (%s): ", row->plan->name);
	} else {
		buf_fmt(b, "plan %s: ", row->plan->name);
	}
	add_clean(b, row->text);
	buf_char(b, '\n');
	buf_free(&name);
}

void
overview_monitor(const struct overview *o, struct buf *b)
{
	const struct overview_row *old = oldest(o);
	char age[OVERVIEW_AGE_SIZE];
	size_t i, bad = 0;

	buf_fmt(b, "ESXBK %s - ", overview_words_level(overview_level(o)));
	if (o->n == 0) {
		buf_puts(b, "there is no plan\n");
		return;
	}
	if (overview_level(o) == OVERVIEW_GOOD)
		buf_fmt(b, "%zu VM%s protected", o->vms,
		    o->vms == 1 ? "" : "s");
	else
		add_what(o, b);
	if (old != NULL) {
		overview_words_age(old->age_s, age);
		buf_fmt(b, ", oldest %s", age);
	}
	add_numbers(o, old, b);
	while (bad < o->n && o->rows[bad].level != OVERVIEW_GOOD)
		bad++;
	for (i = 0; i < bad && i < MOST_LINES; i++)
		add_row(&o->rows[i], b);
	if (bad > MOST_LINES)
		buf_fmt(b, "and %zu more\n", bad - MOST_LINES);
}
