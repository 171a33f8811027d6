#include "plan/overview_show.h"

static const char *const levels[] = { "ok", "warning", "critical", "unknown" };

static json_t *
vm_json(const struct overview_row *row)
{
	json_t *o;

	if (row->name == NULL)
		return json_null();
	o = json_object();
	json_set_text(o, "name", row->name);
	json_set_text(o, "moid", row->moid);
	json_set_text(o, "uuid", row->uuid);
	return o;
}

static json_t *
point_json(const struct overview_row *row, const struct catalog_point *p)
{
	json_t *o;
	int chain;

	if (p == NULL)
		return json_null();
	o = json_object();
	json_set_text(o, "name", p->name);
	json_set_time(o, "time", p->when);
	json_set_text(o, "kind", p->is_full ? "full" : "inc");
	json_set_text(o, "mode", p->mode);
	chain = overview_chain(row, p);
	json_set(o, "chain", chain < 0 ? json_null() : json_integer(chain));
	json_set_bool(o, "partial", p->is_partial);
	json_set_bool(o, "good", catalog_is_good(p));
	json_set_int(o, "provisioned", (long long)p->provisioned);
	json_set_int(o, "transferred", (long long)p->transferred);
	json_set_int(o, "stored", (long long)p->stored);
	json_set(o, "seconds", json_real(p->seconds));
	json_set_time(o, "verified", p->verified);
	json_set_text(o, "verified_level", p->verified_level);
	return o;
}

static json_t *
run_json(const struct history_run *r)
{
	json_t *o;

	if (r == NULL)
		return json_null();
	o = json_object();
	json_set_text(o, "run", r->run);
	json_set_time(o, "slot", r->slot);
	json_set_time(o, "started", r->started);
	json_set_time(o, "ended", r->ended);
	json_set(o, "exit",
	    r->ended == 0 ? json_null() : json_integer(r->exit));
	json_set_text(o, "text", r->text);
	json_set_bool(o, "scheduled", r->scheduled);
	return o;
}

/* What the newest run made of the VM; one that came to no VM stands there as
 * a failure of each. */
static json_t *
last_json(const struct overview_row *row)
{
	json_t *o = run_json(row->run);

	if (row->run == NULL || row->name == NULL)
		return o;
	if (row->last == NULL || row->run->n == 0) {
		json_set_text(o, "outcome", "failed");
		return o;
	}
	json_set_text(o, "outcome", row->last->outcome);
	json_set_time(o, "started", row->last->started);
	json_set_time(o, "ended", row->last->ended);
	json_set_int(o, "exit", row->last->exit);
	json_set_text(o, "text", row->last->text);
	return o;
}

void
overview_json_row(const struct overview_row *row, json_t *o)
{
	json_set_text(o, "plan", row->plan->name);
	json_set_text(o, "site", row->plan->site->name);
	json_set_text(o, "repository", row->plan->repo->name);
	json_set(o, "vm", vm_json(row));
	json_set_text(o, "state", overview_words_state(row->state));
	json_set_text(o, "level", levels[row->level]);
	json_set_text(o, "text", row->text);
	json_set_text(o, "folder",
	    row->folder == NULL ? NULL : row->folder->name);
	json_set(o, "newest", point_json(row, row->newest));
	json_set(o, "good", point_json(row, row->good));
	json_set(o, "age",
	    row->good == NULL ? json_null()
			      : json_integer((json_int_t)row->age_s));
	json_set_bool(o, "late", row->is_late);
	json_set_time(o, "verified", row->verified);
	json_set_time(o, "deep_verified", row->deep_verified);
	json_set(o, "last", last_json(row));
}

void
overview_json_plan(const struct overview_plan *p, json_t *o)
{
	const struct conf_plan *plan = p->source->plan;

	json_set_text(o, "plan", plan->name);
	json_set_text(o, "site", plan->site->name);
	json_set_text(o, "repository", plan->repo->name);
	json_set_text(o, "problem", p->source->problem);
	json_set(o, "stale_after",
	    plan->stale_after_s == 0
		? json_null()
		: json_integer((json_int_t)plan->stale_after_s));
	json_set_time(o, "slot", p->slot);
	json_set_time(o, "next", p->next);
	json_set(o, "last", run_json(p->last));
}

/* A string that is cleaned as a member is. */
static json_t *
text_json(const char *text)
{
	json_t *o = json_object(), *value;

	json_set_text(o, "", text);
	value = json_incref(json_object_get(o, ""));
	json_decref(o);
	return value;
}

void
overview_json_summary(const struct overview *o, json_t *summary)
{
	json_t *plans = json_array(), *states = json_object(),
	       *names = json_array(), *plan;
	size_t i;

	for (i = 0; i < o->n_plans; i++) {
		plan = json_object();
		overview_json_plan(&o->plans[i], plan);
		json_array_append_new(plans, plan);
	}
	for (i = 0; i < OVERVIEW_STATES; i++)
		json_set_int(states, overview_words_state(i),
		    (long long)o->states[i]);
	for (i = 0; i < o->n_unprotected; i++)
		json_array_append_new(names, text_json(o->unprotected[i]));
	json_set_time(summary, "time", o->now);
	json_set_text(summary, "verdict", levels[overview_level(o)]);
	json_set_int(summary, "vms", (long long)o->vms);
	json_set_int(summary, "protected", (long long)o->protected);
	json_set_int(summary, "at_risk", (long long)o->at_risk);
	json_set_int(summary, "failed", (long long)o->failed);
	json_set(summary, "states", states);
	json_set(summary, "unprotected", names);
	json_set(summary, "plans", plans);
}
