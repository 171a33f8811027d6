#include <string.h>
#include "base/num.h"
#include "base/utf8.h"
#include "plan/overview_show.h"
#include "plan/report.h"
#include "plan/report_days.h"
#include "plan/schedule.h"

enum {
	MOST_ACTIONS = 50, /* a mail is to be read */
	MOST_NAMES = 50,
	INDENT = 6,
	DATE_SIZE = 11,
	VM_COLUMNS = 20,
};

/* Words on lines of their columns; a longer word stands alone.  s was made
 * fit to be shown. */
static void
add_wrapped(struct buf *b, const char *s, const char *end_of_line)
{
	unsigned int columns = 0, width;
	struct buf word = { 0 };
	size_t n;

	for (; *s != '\0'; s += n) {
		n = strcspn(s, " ");
		buf_cut(&word, 0);
		buf_add(&word, s, n);
		width = utf8_columns(buf_text(&word));
		if (columns > 0 &&
		    columns + 1 + width + strlen(end_of_line) >
			REPORT_COLUMNS) {
			buf_fmt(b, "%s\n", end_of_line);
			columns = 0;
		}
		if (columns == 0)
			buf_fmt(b, "%*s", INDENT, "");
		else
			buf_char(b, ' ');
		columns = (columns == 0 ? INDENT : columns + 1) + width;
		buf_add(b, s, n);
		n += strspn(s + n, " ");
	}
	buf_char(b, '\n');
	buf_free(&word);
}

static void
add_text(struct buf *b, const char *s)
{
	struct buf safe = { 0 };

	utf8_add_shown(&safe, s, 0);
	if (safe.len > 0)
		add_wrapped(b, safe.data, "");
	buf_free(&safe);
}

static void
add_action(struct buf *b, const struct overview_row *row)
{
	struct buf line = { 0 }, command = { 0 };

	buf_fmt(&line, "  %s: ", overview_words_state(row->state));
	if (row->name != NULL)
		overview_words_name(row, &line);
	else
		buf_puts(&line, "the plan");
	buf_fmt(&line, " (%s)", row->plan->name);
	utf8_add_shown(b, buf_text(&line), REPORT_COLUMNS);
	buf_char(b, '\n');
	add_text(b, row->text);
	overview_words_command(row, &command);
	if (command.len > 0)
		add_wrapped(b, command.data, " \\");
	buf_free(&line);
	buf_free(&command);
}

static void
add_unprotected(struct buf *b, const struct overview *o)
{
	struct buf line = { 0 };
	size_t i;

	if (o->n_unprotected == 0)
		return;
	buf_fmt(b, "  unprotected: no plan selects %zu VM%s\n",
	    o->n_unprotected, o->n_unprotected == 1 ? "" : "s");
	for (i = 0; i < o->n_unprotected && i < MOST_NAMES; i++)
		buf_fmt(&line, "%s%s", i == 0 ? "" : ", ", o->unprotected[i]);
	if (i < o->n_unprotected)
		buf_fmt(&line, " and %zu more", o->n_unprotected - i);
	add_text(b, buf_text(&line));
	buf_free(&line);
}

static void
add_actions(struct buf *b, const struct overview *o)
{
	size_t i, bad = 0;

	while (bad < o->n && o->rows[bad].level != OVERVIEW_GOOD)
		bad++;
	if (bad == 0 && o->n_unprotected == 0)
		return;
	buf_puts(b, "\nWHAT NEEDS ACTION\n");
	for (i = 0; i < bad && i < MOST_ACTIONS; i++)
		add_action(b, &o->rows[i]);
	if (i < bad)
		buf_fmt(b, "  and %zu more: esxbk-plan status\n", bad - i);
	add_unprotected(b, o);
}

/* '!' critical, '?' warning. */
static void
add_vm(struct buf *b, const struct overview_row *row)
{
	const struct catalog_point *p = row->good;
	char when[OVERVIEW_TIME_SIZE],
	    age[OVERVIEW_AGE_SIZE] = "-", kind[OVERVIEW_KIND_SIZE],
	    stored[16] = "-", verified[OVERVIEW_TIME_SIZE] = "-";
	struct buf name = { 0 };

	overview_words_time(p == NULL ? 0 : p->when, when);
	overview_words_kind(row, kind);
	if (p != NULL) {
		overview_words_age(row->age_s, age);
		num_format_size(row->stored, stored, sizeof(stored));
	}
	if (row->verified != 0) {
		overview_words_time(row->verified, verified);
		verified[DATE_SIZE - 1] = '\0';
	}
	overview_words_name(row, &name);
	buf_puts(b,
	    row->level == OVERVIEW_GOOD           ? "  "
		: row->level == OVERVIEW_CRITICAL ? "! "
						  : "? ");
	if (utf8_columns(buf_text(&name)) > VM_COLUMNS) {
		utf8_add_shown(b, buf_text(&name), REPORT_COLUMNS - 2);
		buf_fmt(b, "\n%*s", VM_COLUMNS + 2, "");
	} else {
		utf8_add_column(b, buf_text(&name), VM_COLUMNS, 0);
	}
	buf_fmt(b, "  %-16s %7s  %-6s  %8s  %s\n", when, age, kind, stored,
	    verified);
	buf_free(&name);
}

static void
add_plan(struct buf *b, const struct overview *o, const struct overview_plan *p)
{
	const struct conf_plan *plan = p->source->plan;
	char when[OVERVIEW_TIME_SIZE];
	struct buf line = { 0 };
	bool any = false;
	size_t i;

	buf_fmt(&line, "\nPLAN %s: ", plan->name);
	schedule_format(&plan->schedule, &line);
	if (p->next != 0) {
		overview_words_time(p->next, when);
		buf_fmt(&line, " %s; next %s UTC", plan->zone, when);
	}
	buf_char(b, '\n');
	utf8_add_shown(b, buf_text(&line) + 1, REPORT_COLUMNS);
	buf_char(b, '\n');
	for (i = 0; i < o->n; i++) {
		if (o->rows[i].plan != plan || o->rows[i].name == NULL)
			continue;
		if (!any)
			buf_fmt(b, "  %-*s  %-16s %7s  %-6s  %8s  %s\n",
			    VM_COLUMNS, "VM", "LAST GOOD (UTC)", "AGE", "KIND",
			    "STORED", "VERIFIED");
		any = true;
		add_vm(b, &o->rows[i]);
	}
	if (!any)
		buf_puts(b, "  no VM is known\n");
	buf_free(&line);
}

static void
add_days(struct buf *b, const struct overview *o)
{
	struct report_days days;
	char strip[REPORT_DAYS + 1];
	size_t i, j;

	buf_fmt(b, "\nLAST %d DAYS\n", REPORT_DAYS);
	for (i = 0; i < o->n_plans; i++) {
		report_days(&o->plans[i], o->now, &days);
		for (j = 0; j < REPORT_DAYS; j++)
			strip[j] = report_days_letter(days.day[j]);
		strip[REPORT_DAYS] = '\0';
		buf_fmt(b, "  %s  to %s  ", strip, days.date[REPORT_DAYS - 1]);
		utf8_add_shown(b, o->plans[i].source->plan->name, 29);
		buf_char(b, '\n');
	}
	buf_puts(b,
	    "  . good  w with warnings  p failed in part  F failed  "
	    "K killed\n  r running or due  m missed  - nothing to do\n");
}

static void
add_mode(struct buf *b, const char *name, const struct report_mode *m)
{
	char provisioned[16], transferred[16], stored[16], took[24];
	unsigned int saved = 0;

	if (m->points == 0)
		return;
	num_format_size(m->provisioned, provisioned, sizeof(provisioned));
	num_format_size(m->transferred, transferred, sizeof(transferred));
	num_format_size(m->stored, stored, sizeof(stored));
	num_format_seconds((uint64_t)(m->seconds / (double)m->points), took,
	    sizeof(took));
	if (m->stored < m->provisioned)
		saved = (unsigned int)(100.0 -
		    100.0 * (double)m->stored / (double)m->provisioned);
	buf_fmt(b, "  %-4s  %6zu  %11s  %11s  %9s  %4u%%  %8s\n", name,
	    m->points, provisioned, transferred, stored, saved, took);
}

static void
add_modes(struct buf *b, const struct report *r)
{
	struct report_mode ovf, vmdk;

	report_mode(r, false, &ovf);
	report_mode(r, true, &vmdk);
	if (ovf.points + vmdk.points == 0)
		return;
	buf_fmt(b,
	    "\nOVF AGAINST VMDK\n  %-4s  %6s  %11s  %11s  %9s  %5s  "
	    "%8s\n",
	    "MODE", "POINTS", "PROVISIONED", "TRANSFERRED", "STORED", "SAVED",
	    "TIME");
	add_mode(b, "ovf", &ovf);
	add_mode(b, "vmdk", &vmdk);
}

static void
add_repo(struct buf *b, const struct report_space *s, time_t now)
{
	struct report_stored stored;
	char all[16], fresh[16], left[16];
	struct buf line = { 0 };

	buf_fmt(&line, "  %s: %s", s->repo->name, s->repo->path);
	utf8_add_shown(b, buf_text(&line), REPORT_COLUMNS);
	buf_char(b, '\n');
	buf_cut(&line, 0);
	if (s->catalog == NULL) {
		buf_puts(&line, s->problem);
	} else {
		report_stored(s, now, &stored);
		num_format_size(stored.bytes, all, sizeof(all));
		num_format_size(stored.new_bytes, fresh, sizeof(fresh));
		num_format_size(s->free_bytes, left, sizeof(left));
		buf_fmt(&line, "%zu point%s, %s; %s of it new in %d days; ",
		    stored.points, stored.points == 1 ? "" : "s", all, fresh,
		    REPORT_DAYS);
		buf_fmt(&line, "%s free", s->knows_free ? left : "unknown");
	}
	add_text(b, buf_text(&line));
	buf_free(&line);
}

void
report_text(const struct report *r, struct buf *b)
{
	const struct overview *o = r->overview;
	char when[OVERVIEW_TIME_SIZE];
	size_t i;

	overview_words_time(o->now, when);
	buf_fmt(b, "esxbk report of %s UTC\n\n%s: ", when,
	    overview_words_level(overview_level(o)));
	overview_words_verdict(o, b);
	buf_char(b, '\n');
	add_actions(b, o);
	for (i = 0; i < o->n_plans; i++)
		add_plan(b, o, &o->plans[i]);
	if (o->n_plans > 0)
		add_days(b, o);
	add_modes(b, r);
	if (r->n_repos > 0)
		buf_puts(b, "\nREPOSITORIES\n");
	for (i = 0; i < r->n_repos; i++)
		add_repo(b, &r->repos[i], o->now);
}
