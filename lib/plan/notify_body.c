#include "plan/notify_body.h"

#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "base/num.h"
#include "base/utf8.h"
#include "base/zone.h"
#include "plan/notify_advice.h"

enum {
	WIDTH = 76,
	NAME_MAX_COLUMNS = 35,
	TOLD_MAX = 20, /* failures with their causes; the table has all */
};

static void
indent_by(struct buf *b, unsigned int columns)
{
	for (; columns > 0; columns--)
		buf_char(b, ' ');
}

void
notify_body_wrap(struct buf *b, unsigned int indent, const char *text)
{
	const char *line = strrchr(buf_text(b), '\n');
	unsigned int column, wide;
	struct buf word = { 0 };
	bool first = true;
	size_t n;

	column = utf8_columns(line == NULL ? buf_text(b) : line + 1);
	for (;; text += n) {
		text += strspn(text, " ");
		n = strcspn(text, " ");
		if (n == 0)
			break;
		buf_cut(&word, 0);
		buf_add(&word, text, n);
		wide = utf8_columns(buf_text(&word));
		if (!first && column + 1 + wide > WIDTH) {
			buf_char(b, '\n');
			indent_by(b, indent);
			column = indent;
		} else if (!first) {
			buf_char(b, ' ');
			column++;
		}
		column += utf8_add_shown(b, buf_text(&word), 0);
		first = false;
	}
	buf_char(b, '\n');
	buf_free(&word);
}

static const char *
plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static void
failed(const struct notify_facts *f, struct buf *b)
{
	if (f->bad == 0)
		buf_fmt(b, "FAILED%s%s", f->text[0] == '\0' ? "" : ": ",
		    f->text);
	else if (f->bad == f->n && f->n > 1)
		buf_fmt(b, "FAILED: all %zu VMs", f->n);
	else
		buf_fmt(b, "FAILED: %zu of %zu VM%s", f->bad, f->n,
		    plural(f->n));
}

void
notify_body_verdict(const struct notify_facts *f, enum conf_event event,
    struct buf *b)
{
	char size[16];

	num_format_size(f->bytes, size, sizeof(size));
	if (event == CONF_START)
		buf_puts(b, "started");
	else if (event == CONF_FAILURE)
		failed(f, b);
	else if (event == CONF_RECOVERY)
		buf_fmt(b, "good again: %zu VM%s, %s%s", f->n, plural(f->n),
		    size, f->warned > 0 ? ", with warnings" : "");
	else if (event == CONF_WARNING && f->warned > 0)
		buf_fmt(b, "good with warnings: %zu of %zu VM%s", f->warned,
		    f->n, plural(f->n));
	else if (event == CONF_WARNING)
		buf_fmt(b, "good with warnings: %zu VM%s", f->n, plural(f->n));
	else
		buf_fmt(b, "good: %zu VM%s, %s", f->n, plural(f->n), size);
}

/* "Started    2026-11-24 02:00:04 Europe/Paris" */
static void
add_time(struct buf *b, const char *label, const struct conf_plan *plan,
    time_t t)
{
	const char *zone = plan->zone == NULL ? "UTC" : plan->zone;
	struct tm tm;

	if (t == 0)
		return;
	zone_civil(zone, t, &tm);
	buf_fmt(b, "%-12s%04d-%02d-%02d %02d:%02d:%02d %s\n", label,
	    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
	    tm.tm_sec, zone);
}

static void
add_fact(struct buf *b, const char *label, const char *text)
{
	if (text == NULL || text[0] == '\0')
		return;
	buf_fmt(b, "%-12s", label);
	notify_body_wrap(b, 12, text);
}

static void
add_facts(const struct notify_facts *f, struct buf *b)
{
	const struct notify_run *r = f->run;
	char took[24];

	add_fact(b, "Plan", r->plan->name);
	add_fact(b, "Site",
	    json_string_value(json_object_get(r->begin, "site")));
	add_fact(b, "Repository",
	    json_string_value(json_object_get(r->begin, "repository")));
	add_fact(b, "Machine", r->host);
	add_time(b, "Due", r->plan, f->slot);
	add_time(b, "Started", r->plan, f->started);
	add_time(b, "Ended", r->plan, f->ended);
	if (f->started != 0 && f->ended >= f->started) {
		num_format_seconds((uint64_t)(f->ended - f->started), took,
		    sizeof(took));
		add_fact(b, "Took", took);
	}
	zone_leave();
}

static void
add_failures(const struct notify_facts *f, struct buf *b)
{
	size_t i;

	if (f->bad == 0)
		return;
	buf_puts(b, "\nWhat failed\n");
	for (i = 0; i < f->bad && i < TOLD_MAX; i++) {
		const struct notify_vm *v = &f->vms[i];

		buf_puts(b, "  ");
		utf8_add_shown(b, v->name, NAME_MAX_COLUMNS);
		buf_fmt(b, ": ");
		notify_body_wrap(b, 4,
		    v->text[0] == '\0' ? v->outcome : v->text);
	}
	if (f->bad > i)
		buf_fmt(b, "  and %zu more, see the list\n", f->bad - i);
}

static unsigned int
name_columns(const struct notify_facts *f)
{
	unsigned int most = 2, columns;
	size_t i;

	for (i = 0; i < f->n; i++) {
		columns = utf8_columns(f->vms[i].name);
		if (columns > most)
			most = columns;
	}
	return most < NAME_MAX_COLUMNS ? most : NAME_MAX_COLUMNS;
}

static void
add_vm(const struct notify_vm *v, unsigned int columns, struct buf *b)
{
	char size[16] = "", took[24] = "";
	size_t n;

	if (v->bytes > 0)
		num_format_size(v->bytes, size, sizeof(size));
	if (v->seconds >= 0)
		num_format_seconds((uint64_t)v->seconds, took, sizeof(took));
	buf_puts(b, "  ");
	utf8_add_column(b, v->name, columns, columns);
	buf_puts(b, "  ");
	utf8_add_column(b, v->outcome, 8, 8);
	buf_puts(b, "  ");
	utf8_add_column(b, v->kind, 4, 4);
	buf_fmt(b, "  %10s  %9s", size, took);
	n = b->len;
	while (n > 0 && b->data[n - 1] == ' ')
		n--;
	buf_cut(b, n);
	buf_char(b, '\n');
}

static void
add_table(const struct notify_facts *f, struct buf *b)
{
	unsigned int columns = name_columns(f);
	size_t i;

	if (f->n == 0)
		return;
	buf_puts(b, "\n  ");
	utf8_add_column(b, "VM", columns, columns);
	buf_fmt(b, "  %-8s  %-4s  %10s  %9s\n", "outcome", "kind", "written",
	    "time");
	for (i = 0; i < f->n; i++)
		add_vm(&f->vms[i], columns, b);
}

static bool
add_warnings_of(const char *name, const json_t *list, bool begun, struct buf *b)
{
	const char *text;
	size_t i;

	for (i = 0; i < json_array_size(list); i++) {
		text = json_string_value(
		    json_object_get(json_array_get(list, i), "text"));
		if (text == NULL)
			continue;
		if (!begun)
			buf_puts(b, "\nWarnings\n");
		begun = true;
		buf_puts(b, "  ");
		if (name != NULL) {
			utf8_add_shown(b, name, NAME_MAX_COLUMNS);
			buf_puts(b, ": ");
		}
		notify_body_wrap(b, 4, text);
	}
	return begun;
}

static void
add_warnings(const struct notify_facts *f, struct buf *b)
{
	bool begun = add_warnings_of(NULL, f->warnings, false, b);
	size_t i;

	for (i = 0; i < f->n; i++)
		begun = add_warnings_of(f->vms[i].name,
		    json_object_get(f->vms[i].line, "warnings"), begun, b);
}

void
notify_body(const struct notify_facts *f, enum conf_event event, struct buf *b)
{
	struct buf verdict = { 0 };

	notify_body_verdict(f, event, &verdict);
	buf_puts(b, "Backup ");
	notify_body_wrap(b, 0, buf_text(&verdict));
	buf_free(&verdict);
	buf_char(b, '\n');
	add_facts(f, b);
	if (event == CONF_FAILURE) {
		add_failures(f, b);
		notify_advice(f, b);
	}
	add_table(f, b);
	add_warnings(f, b);
	if (f->run->record != NULL) {
		buf_char(b, '\n');
		add_fact(b, "Record", f->run->record);
	}
}
