#include "finding.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "base/buf.h"
#include "base/utf8.h"
#include "cli/cmd.h"
#include "plan/outcome.h"

static struct outcome total;
static size_t warnings, changes;
static struct err last; /* that failed */
static const char *type = "check";

void
finding_begin(const char *called)
{
	type = called;
}

static const char *
outcome(const struct finding *f)
{
	return f->exit != 0 ? "failed" : f->is_warning ? "warn" : "ok";
}

static void
print_json(const struct finding *f, const char *text)
{
	json_t *o = json_object();

	json_set_text(o, "schema", "esxbk.result/1");
	json_set_text(o, "type", type);
	json_set_text(o, "what", f->what);
	json_set_text(o, "site", f->site);
	json_set_text(o, "plan", f->plan);
	json_set_text(o, "vm", f->vm);
	json_set_text(o, "outcome", outcome(f));
	if (strcmp(type, "cleanup") == 0)
		json_set_bool(o, "changed", f->changed);
	json_set_int(o, "exit", f->exit);
	json_set_text(o, "class", err_class_name(f->exit));
	json_set_text(o, "text", text);
	cmd_print_json(o);
	json_decref(o);
}

/* "failed  site esx1: text", "ok      nightly: web01: text". */
static void
print_line(const struct finding *f, const char *text)
{
	char line[2000];

	snprintf(line, sizeof(line), "%-6s  %s%s%s%s: %s", outcome(f),
	    f->plan == NULL ? "site " : "",
	    f->plan == NULL ? (f->site == NULL ? "?" : f->site) : f->plan,
	    f->vm == NULL ? "" : ": ", f->vm == NULL ? "" : f->vm, text);
	utf8_make_line(line);
	cmd_print("%s\n", line);
}

void
finding_tell(const struct finding *f, const char *fmt, ...)
{
	char text[1200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	outcome_add(&total, f->exit);
	warnings += f->exit == 0 && f->is_warning;
	changes += f->changed;
	if (f->exit != 0) {
		err_clear(&last);
		err_set(&last, f->exit, "%s", text);
	}
	print_json(f, text);
	if (!cmd_json)
		print_line(f, text);
}

void
finding_fail(struct finding f, struct err *e)
{
	f.exit = e->class;
	finding_tell(&f, "%s", e->text);
	last = *e; /* with the fault's name */
	err_clear(e);
}

int
finding_end(void)
{
	json_t *o = cmd_begin_summary();
	size_t bad = total.n - total.good;
	int rc = outcome_exit(&total);

	if (rc == 0 && cmd_dry_exit_code && changes > 0)
		rc = ERR_WORK;
	if (strcmp(type, "cleanup") == 0)
		json_set_bool(o, "changed", changes > 0);
	json_set_int(o, "checks", (long long)total.n);
	json_set_int(o, "warnings", (long long)warnings);
	json_set_int(o, "failed", (long long)bad);
	cmd_end_summary(o, rc, &last);
	if (bad > 0)
		cmd_say("%zu of %zu %ss failed", bad, total.n, type);
	return rc;
}
