#include <stdlib.h>
#include <string.h>
#include "plan.h"
#include "plan/schedule.h"

static const char *format = "table";

static const struct opt table[] = {
	{ 0, "format", "table|plans|sites|repositories|notify",
	    "a table for people, or just the names of these", OPT_CHOICE,
	    &format },
	{ 0 },
};

enum { COLUMNS = 6 };

/* One line of the table. */
struct row {
	struct buf cells[COLUMNS];
};

static void
fill_row(struct row *r, const struct conf_plan *p)
{
	size_t i;

	buf_puts(&r->cells[0], p->name);
	buf_puts(&r->cells[1], p->is_vmdk ? "vmdk" : "ovf");
	schedule_format(&p->schedule, &r->cells[2]);
	buf_puts(&r->cells[3], p->site->name);
	buf_puts(&r->cells[4], p->repo->name);
	for (i = 0; i < p->select.n; i++)
		buf_fmt(&r->cells[5], "%s%s", i == 0 ? "" : " ",
		    p->select.items[i]);
}

static void
fill_head(struct row *r)
{
	static const char *const names[COLUMNS] = { "PLAN", "MODE", "WHEN",
		"SITE", "REPOSITORY", "VMS" };
	size_t i;

	for (i = 0; i < COLUMNS; i++)
		buf_puts(&r->cells[i], names[i]);
}

static void
print_rows(const struct row *rows, size_t n)
{
	size_t widths[COLUMNS] = { 0 }, i, k;

	for (i = 0; i < n; i++)
		for (k = 0; k < COLUMNS; k++)
			if (rows[i].cells[k].len > widths[k])
				widths[k] = rows[i].cells[k].len;
	for (i = 0; i < n; i++)
		for (k = 0; k < COLUMNS; k++)
			cmd_print("%-*s%s",
			    k + 1 < COLUMNS ? (int)widths[k] : 0,
			    buf_text(&rows[i].cells[k]),
			    k + 1 < COLUMNS ? "  " : "\n");
}

static int
print_table(const struct conf *c, struct err *e)
{
	struct row *rows = calloc(c->n_plans + 1, sizeof(*rows));
	size_t i, k;

	if (rows == NULL)
		return err_sys(e, ERR_OS, "memory");
	fill_head(&rows[0]);
	for (i = 0; i < c->n_plans; i++)
		fill_row(&rows[i + 1], &c->plans[i]);
	if (c->n_plans > 0)
		print_rows(rows, c->n_plans + 1);
	for (i = 0; i <= c->n_plans; i++)
		for (k = 0; k < COLUMNS; k++)
			buf_free(&rows[i].cells[k]);
	free(rows);
	return 0;
}

static void
print_json(const struct conf *c)
{
	struct err none = { 0 };
	json_t *doc;
	size_t i;

	for (i = 0; i < c->n_plans; i++) {
		doc = json_object();
		json_set_text(doc, "schema", "esxbk.result/1");
		json_set_text(doc, "type", "plan");
		json_set_text(doc, "name", c->plans[i].name);
		json_set(doc, "plan", json_incref(c->plans[i].effective));
		cmd_print_json(doc);
		json_decref(doc);
	}
	doc = cmd_begin_summary();
	json_set_int(doc, "plans", (long long)c->n_plans);
	cmd_end_summary(doc, 0, &none);
}

static void
print_names(const struct conf *c)
{
	const char *section = format;
	const char *name;
	json_t *value;
	size_t i;

	if (strcmp(section, "plans") != 0)
		json_object_foreach(json_object_get(c->root, section), name,
		    value) cmd_print("%s\n", name);
	else
		for (i = 0; i < c->n_plans; i++)
			cmd_print("%s\n", c->plans[i].name);
}

static int
list(const char **operands, size_t n, struct err *e)
{
	struct conf c = { 0 };
	int rc = -1;

	(void)operands;
	if (n > 0)
		err_set(e, ERR_USAGE, "list takes no operands");
	else
		rc = plan_read_conf(&c, e);
	if (rc == 0 && !cmd_json) {
		if (strcmp(format, "table") == 0)
			rc = print_table(&c, e);
		else
			print_names(&c);
	}
	if (rc == 0)
		print_json(&c);
	else
		rc = plan_end(rc, e);
	conf_free(&c);
	return rc;
}

const struct cmd plan_list = { .name = "list",
	.about = "List the plans.",
	.synopsis = "[OPTION]...",
	.tables = { table, plan_table },
	.run = list };
