#include "plan/report.h"
#include <stdlib.h>
#include "base/clock.h"
#include "plan.h"
#include "plan/overview_read.h"
#include "sys/afile.h"
#include "sys/file.h"

static bool as_text;
static const char *output;

static const struct opt table[] = {
	{ 0, "text", NULL, "for people; so it is unless --json is given",
	    OPT_FLAG, &as_text },
	{ 'o', "output", "FILE", "into FILE, whole or not at all", OPT_TEXT,
	    &output },
	{ 0, "html", NULL, "there are --text and --json", OPT_REFUSED, NULL },
	{ 0 },
};

static int
write_file(const struct buf *b, struct err *e)
{
	struct afile *f = afile_open(output, AFILE_REPLACE, 0644, e);
	int rc = -1;

	if (f != NULL && afile_write(f, b->data, b->len, e) == 0 &&
	    afile_commit(f, e) == 0)
		rc = 0;
	afile_free(f);
	return rc;
}

static int
print(const struct report *r, struct err *e)
{
	json_t *doc = json_object();
	struct buf b = { 0 };
	int rc = 0;

	report_json(r, doc);
	if (cmd_json && output != NULL)
		rc = json_write(doc, JSON_INDENTED, &b, e);
	else
		cmd_print_json(doc);
	if (rc == 0 && !cmd_json) {
		report_text(r, &b);
		rc = buf_check(&b, e);
	}
	if (rc == 0 && output != NULL)
		rc = write_file(&b, e);
	else if (rc == 0 && !cmd_json)
		cmd_print("%s", buf_text(&b));
	json_decref(doc);
	buf_free(&b);
	return rc;
}

static struct report_space *
read_spaces(const struct overview_data *d, struct err *e)
{
	struct report_space *s = calloc(d->n_repos + 1, sizeof(*s));
	size_t i;

	if (s == NULL) {
		err_sys(e, ERR_OS, "memory");
		return NULL;
	}
	for (i = 0; i < d->n_repos; i++) {
		struct err ignored = { 0 };

		s[i].repo = d->repos[i].repo;
		s[i].problem = d->repos[i].problem;
		if (s[i].problem != NULL)
			continue;
		s[i].catalog = &d->repos[i].catalog;
		s[i].knows_free = file_free_bytes(s[i].repo->path,
				      &s[i].free_bytes, &ignored) == 0;
	}
	return s;
}

/* A report of what could not be read is one all the same. */
static int
judge(const struct overview_data *d)
{
	size_t i, bad = 0;

	for (i = 0; i < d->n_repos; i++)
		if (d->repos[i].problem != NULL && bad++ == 0)
			cmd_say("%s", d->repos[i].problem);
	if (bad == 0)
		return 0;
	return bad == d->n_repos ? ERR_IO : ERR_PARTIAL;
}

static int
tell(const struct conf *c, const char **names, size_t n_names, struct err *e)
{
	const time_t now = clock_now();
	const struct overview_depth depth = { .points = CATALOG_ALL,
		.runs_since = report_since(now) };
	const struct conf_plan **plans;
	struct overview_data data = { 0 };
	struct report_space *spaces = NULL;
	struct overview o = { 0 };
	int rc = -1;
	size_t n;

	plans = plan_choose(c, names, n_names, &n, e);
	if (plans == NULL ||
	    overview_read(&data, plans, n, &depth, now, e) == -1 ||
	    overview_make(&o, data.sources, data.n, now, e) == -1)
		goto out;
	spaces = read_spaces(&data, e);
	if (spaces != NULL) {
		const struct report r = { &o, spaces, data.n_repos };

		rc = print(&r, e) == -1 ? -1 : judge(&data);
	}
out:
	overview_free(&o);
	overview_read_free(&data);
	free(spaces);
	free(plans);
	return rc;
}

static int
report(const char **operands, size_t n, struct err *e)
{
	struct conf c = { 0 };
	int rc = -1;

	if (as_text && cmd_json)
		return err_set(e, ERR_USAGE,
		    "--text and --json do not go together");
	if (plan_read_conf(&c, e) == 0)
		rc = tell(&c, operands, n, e);
	cmd_end_summary(cmd_begin_summary(), rc == -1 ? e->class : rc, e);
	conf_free(&c);
	return rc;
}

const struct cmd plan_report = { .name = "report",
	.about = "Report on the last 30 days.",
	.synopsis = "[OPTION]... [PLAN]...",
	.tables = { table, plan_table },
	.run = report };
