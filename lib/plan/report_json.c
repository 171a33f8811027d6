#include "plan/overview_show.h"
#include "plan/report.h"
#include "plan/report_days.h"

static json_t *
rows_json(const struct overview *o)
{
	json_t *rows = json_array(), *row;
	size_t i;

	for (i = 0; i < o->n; i++) {
		row = json_object();
		overview_json_row(&o->rows[i], row);
		json_set_int(row, "points", (long long)o->rows[i].points);
		json_set_int(row, "stored", (long long)o->rows[i].stored);
		json_array_append_new(rows, row);
	}
	return rows;
}

static json_t *
actions_json(const struct overview *o)
{
	json_t *actions = json_array(), *action;
	struct buf command = { 0 };
	size_t i;

	for (i = 0; i < o->n && o->rows[i].level != OVERVIEW_GOOD; i++) {
		action = json_object();
		buf_cut(&command, 0);
		overview_words_command(&o->rows[i], &command);
		json_set_text(action, "plan", o->rows[i].plan->name);
		json_set_text(action, "vm", o->rows[i].name);
		json_set_text(action, "state",
		    overview_words_state(o->rows[i].state));
		json_set_text(action, "text", o->rows[i].text);
		json_set_text(action, "command",
		    command.len == 0 ? NULL : command.data);
		json_array_append_new(actions, action);
	}
	buf_free(&command);
	return actions;
}

static json_t *
plans_json(const struct overview *o)
{
	json_t *plans = json_array(), *plan, *list, *day;
	struct report_days days;
	size_t i, j;

	for (i = 0; i < o->n_plans; i++) {
		plan = json_object();
		list = json_array();
		overview_json_plan(&o->plans[i], plan);
		report_days(&o->plans[i], o->now, &days);
		for (j = 0; j < REPORT_DAYS; j++) {
			day = json_object();
			json_set_text(day, "date", days.date[j]);
			json_set_text(day, "outcome",
			    report_days_word(days.day[j]));
			json_array_append_new(list, day);
		}
		json_set(plan, "days", list);
		json_array_append_new(plans, plan);
	}
	return plans;
}

static json_t *
mode_json(const struct report *r, bool is_vmdk)
{
	struct report_mode m;
	json_t *o = json_object();

	report_mode(r, is_vmdk, &m);
	json_set_int(o, "points", (long long)m.points);
	json_set_int(o, "provisioned", (long long)m.provisioned);
	json_set_int(o, "transferred", (long long)m.transferred);
	json_set_int(o, "stored", (long long)m.stored);
	json_set(o, "seconds", json_real(m.seconds));
	return o;
}

static json_t *
modes_json(const struct report *r)
{
	json_t *o = json_object();

	json_set(o, "ovf", mode_json(r, false));
	json_set(o, "vmdk", mode_json(r, true));
	return o;
}

static json_t *
repos_json(const struct report *r)
{
	json_t *repos = json_array(), *o;
	struct report_stored stored;
	size_t i;

	for (i = 0; i < r->n_repos; i++) {
		const struct report_space *s = &r->repos[i];

		o = json_object();
		json_set_text(o, "name", s->repo->name);
		json_set_text(o, "path", s->repo->path);
		json_set_text(o, "problem", s->problem);
		if (s->catalog != NULL) {
			report_stored(s, r->overview->now, &stored);
			json_set_int(o, "points", (long long)stored.points);
			json_set_int(o, "stored", (long long)stored.bytes);
			json_set_int(o, "stored_new",
			    (long long)stored.new_bytes);
		}
		json_set(o, "free",
		    s->knows_free ? json_integer((json_int_t)s->free_bytes)
				  : json_null());
		json_array_append_new(repos, o);
	}
	return repos;
}

void
report_json(const struct report *r, json_t *doc)
{
	json_set_text(doc, "schema", "esxbk.report/1");
	json_set_text(doc, "type", "report");
	overview_json_summary(r->overview, doc);
	json_set(doc, "plans", plans_json(r->overview));
	json_set(doc, "actions", actions_json(r->overview));
	json_set(doc, "rows", rows_json(r->overview));
	json_set(doc, "modes", modes_json(r));
	json_set(doc, "repositories", repos_json(r));
}
