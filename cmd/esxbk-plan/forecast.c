#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/num.h"
#include "plan.h"
#include "plan/prune_days.h"
#include "plan/repo.h"
#include "sys/sig.h"

/* "prune -n --days N". */
enum { ROWS = 24 };

static void
print_row(const struct prune_day *day)
{
	char when[CLOCK_ISO_SIZE], size[16];

	clock_format_iso(day->when, when);
	num_format_size(day->bytes, size, sizeof(size));
	cmd_print("%.10s  %7zu  %9s\n", when, day->points, size);
}

static const struct prune_day *
largest(const struct prune_days *d)
{
	const struct prune_day *most = &d->days[0];
	size_t i;

	for (i = 1; i <= d->n; i++)
		if (d->days[i].bytes > most->bytes)
			most = &d->days[i];
	return most;
}

/* Every so many days a line, and the last. */
static void
print_table(const struct conf_plan *plan, const struct prune_days *d)
{
	const struct prune_day *most = largest(d);
	char when[CLOCK_ISO_SIZE], size[16];
	size_t step = d->n / ROWS + 1, i;

	cmd_print("plan %s, VMs: %zu\n", plan->name, d->vms);
	if (d->vms == 0)
		return;
	cmd_print("%-10s  %7s  %9s\n", "DAY", "POINTS", "SPACE");
	for (i = 0; i < d->n; i += step)
		print_row(&d->days[i]);
	print_row(&d->days[d->n]);
	clock_format_iso(most->when, when);
	num_format_size(most->bytes, size, sizeof(size));
	cmd_print("at most %s, on %.10s\n", size, when);
}

static json_t *
days_json(const struct prune_days *d)
{
	json_t *list = json_array(), *o;
	size_t i;

	for (i = 0; i <= d->n; i++) {
		o = json_object();
		json_set_time(o, "day", d->days[i].when);
		json_set_int(o, "points", (long long)d->days[i].points);
		json_set_int(o, "bytes", (long long)d->days[i].bytes);
		json_set_int(o, "made", (long long)d->days[i].made);
		json_set_int(o, "removed", (long long)d->days[i].removed);
		json_array_append_new(list, o);
	}
	return list;
}

static void
print_json(const struct conf_plan *plan, const struct prune_days *d)
{
	json_t *doc = json_object();

	json_set_text(doc, "schema", "esxbk.result/1");
	json_set_text(doc, "type", "forecast");
	json_set_text(doc, "plan", plan->name);
	json_set_int(doc, "vms", (long long)d->vms);
	json_set_int(doc, "refused", (long long)d->refused);
	json_set(doc, "days", days_json(d));
	cmd_print_json(doc);
	json_decref(doc);
}

static int
add_folder(struct prune_days *d, const struct conf_plan *plan, const char *name,
    struct err *e)
{
	struct prune p = { 0 };
	int rc;

	if (sig_check(e) == -1)
		return -1;
	rc = prune_open(&p, plan->repo->path, name, e);
	if (rc == 0 && prune_has(&p, plan))
		rc = prune_days_add(d, &p, plan, e);
	prune_free(&p);
	return rc;
}

static int
forecast(const struct conf_plan *plan, size_t n, struct err *e)
{
	struct prune_days d = { 0 };
	struct catalog c = { 0 };
	int rc = -1;
	size_t i;

	if (prune_days_open(&d, plan, clock_now(), n, e) == -1 ||
	    repo_check_mounted(plan->repo, e) == -1 ||
	    catalog_read(&c, plan->repo->path, CATALOG_NEWEST, false, e) == -1)
		goto out;
	for (i = 0; i < c.n; i++)
		if (add_folder(&d, plan, c.folders[i].name, e) == -1)
			goto out;
	if (!cmd_json)
		print_table(plan, &d);
	print_json(plan, &d);
	if (d.refused > 0)
		log_warn("plan %s: %zu times the guard would remove nothing",
		    plan->name, d.refused);
	rc = 0;
out:
	catalog_free(&c);
	prune_days_free(&d);
	return rc;
}

int
plan_forecast(const struct conf_plan **plans, size_t n, bool are_named,
    size_t days, struct err *e)
{
	json_t *doc;
	size_t i;
	int rc = 0;

	for (i = 0; i < n && rc == 0; i++)
		if (are_named || schedule_has_slots(&plans[i]->schedule))
			rc = forecast(plans[i], days, e);
		else
			log_warn("plan %s: it has no schedule whose days are "
				 "known here",
			    plans[i]->name);
	doc = cmd_begin_summary();
	json_set_bool(doc, "dry_run", true);
	json_set_bool(doc, "changed", false);
	cmd_end_summary(doc, rc == 0 ? 0 : e->class, e);
	return rc;
}
