#include <stdlib.h>
#include <string.h>
#include "base/num.h"
#include "plan/conf_internal.h"

/* Where a value of a plan stands: in it, or in the defaults. */
static int
refused(const struct conf *c, const char *plan, const char *key, struct err *e)
{
	const json_t *o = json_object_get(json_object_get(c->root, "plans"),
	    plan);

	if (json_object_get(o, key) != NULL)
		return conf_at(c, "plans", plan, key, e);
	return conf_at(c, "defaults", key, NULL, e);
}

static int
missing(const struct conf *c, const char *plan, const char *key, struct err *e)
{
	err_set(e, ERR_CONFIG, "'%s' is missing", key);
	return conf_at(c, "plans", plan, NULL, e);
}

static int
fill_places(struct conf *c, struct conf_plan *p, struct err *e)
{
	const char *site = conf_fill_text(p->effective, "site");
	const char *repo = conf_fill_text(p->effective, "repository");
	size_t i;

	if (site == NULL)
		return missing(c, p->name, "site", e);
	if (repo == NULL)
		return missing(c, p->name, "repository", e);
	for (i = 0; i < c->n_sites; i++)
		if (strcmp(c->sites[i].name, site) == 0)
			p->site = &c->sites[i];
	for (i = 0; i < c->n_repos; i++)
		if (strcmp(c->repos[i].name, repo) == 0)
			p->repo = &c->repos[i];
	if (p->site == NULL) {
		conf_none(c, "site", "sites", site, ERR_CONFIG, e);
		return refused(c, p->name, "site", e);
	}
	if (p->repo == NULL) {
		conf_none(c, "repository", "repositories", repo, ERR_CONFIG, e);
		return refused(c, p->name, "repository", e);
	}
	return 0;
}

static int
fill_notify(struct conf *c, struct conf_plan *p, struct err *e)
{
	const json_t *list = json_object_get(p->effective, "notify");
	const char *name;
	size_t i, k;

	p->notify = conf_new(c, json_array_size(list) + 1, sizeof(*p->notify),
	    e);
	if (p->notify == NULL)
		return -1;
	for (i = 0; i < json_array_size(list); i++) {
		name = json_string_value(json_array_get(list, i));
		for (k = 0; k < c->n_notifies; k++)
			if (strcmp(c->notifies[k].name, name) == 0)
				break;
		if (k == c->n_notifies) {
			conf_none(c, "notification", "notify", name, ERR_CONFIG,
			    e);
			return refused(c, p->name, "notify", e);
		}
		p->notify[p->n_notify++] = &c->notifies[k];
	}
	return 0;
}

static int
fill_replicate(struct conf *c, struct conf_plan *p, struct err *e)
{
	const json_t *list = json_object_get(p->effective, "replicate");
	size_t i, n = json_array_size(list);
	const char *name;

	p->replicate.items = conf_new(c, n + 1, sizeof(*p->replicate.items), e);
	if (p->replicate.items == NULL)
		return -1;
	for (i = 0; i < n; i++) {
		name = conf_fill_text(json_array_get(list, i), "to");
		if (json_object_get(json_object_get(c->root, "targets"),
			name) == NULL) {
			conf_none(c, "target", "targets", name, ERR_CONFIG, e);
			return refused(c, p->name, "replicate", e);
		}
		p->replicate.items[p->replicate.n++] = name;
	}
	return 0;
}

static int
parse_schedule(struct schedule *s, const json_t *o, struct err *e)
{
	static const struct {
		const char *key;
		enum schedule_kind kind;
	} kinds[] = {
		{ "daily", SCHEDULE_DAILY },
		{ "weekly", SCHEDULE_WEEKLY },
		{ "monthly", SCHEDULE_MONTHLY },
		{ "on_calendar", SCHEDULE_CALENDAR },
	};
	const char *text;
	size_t i;

	s->jitter_s = conf_fill_seconds(o, "jitter", 0);
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		text = conf_fill_text(o, kinds[i].key);
		if (text != NULL &&
		    schedule_parse(s, kinds[i].kind, text, e) == -1)
			return -1;
	}
	return 0;
}

static int
fill_schedule(struct conf *c, struct conf_plan *p, struct err *e)
{
	const json_t *o = json_object_get(p->effective, "schedule");
	uint64_t period;

	p->zone = conf_fill_text(p->effective, "timezone");
	p->retry_for_s = conf_fill_seconds(p->effective, "retry_for", 0);
	if (parse_schedule(&p->schedule, o, e) == -1)
		return refused(c, p->name, "schedule", e);
	period = schedule_period_s(&p->schedule);
	if (period > 0 && p->schedule.jitter_s >= period) {
		err_set(e, ERR_CONFIG,
		    "'jitter' is not less than the time between two runs");
		return refused(c, p->name, "schedule", e);
	}
	p->stale_after_s = conf_fill_seconds(p->effective, "stale_after",
	    period + period / 2);
	if (p->schedule.kind == SCHEDULE_CALENDAR && p->stale_after_s == 0) {
		err_set(e, ERR_CONFIG,
		    "'on_calendar' needs 'stale_after': only systemd knows "
		    "how often that is");
		return conf_at(c, "plans", p->name, NULL, e);
	}
	return 0;
}

/* As a person would have written it. */
static void
tell_stale_after(struct conf_plan *p)
{
	static const struct {
		uint64_t seconds;
		char unit;
	} units[] = { { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
	char text[32];
	size_t i = 0;

	if (p->stale_after_s == 0)
		return;
	while (p->stale_after_s % units[i].seconds != 0)
		i++;
	snprintf(text, sizeof(text), "%ju%c",
	    (uintmax_t)(p->stale_after_s / units[i].seconds), units[i].unit);
	json_set_text(p->effective, "stale_after", text);
}

static void
fill_strategy(struct conf_strategy *s, const json_t *o)
{
	const json_t *full = json_object_get(o, "full");
	const char *inc = conf_fill_text(o, "incremental");
	const char *weekday = conf_fill_text(full, "weekly");
	const json_t *monthday = json_object_get(full, "monthly");

	s->full = CONF_FULL_ALWAYS;
	if (weekday != NULL) {
		s->full = CONF_FULL_WEEKLY;
		s->weekday = (unsigned int)schedule_weekday(weekday);
	} else if (monthday != NULL) {
		s->full = CONF_FULL_MONTHLY;
		s->monthday = (unsigned int)json_integer_value(monthday);
	}
	s->incremental = CONF_INC_OFF;
	if (strcmp(inc, "compare") == 0)
		s->incremental = CONF_INC_COMPARE;
	else if (strcmp(inc, "cbt") == 0)
		s->incremental = CONF_INC_CBT;
	s->max_chain = (unsigned int)json_integer_value(
	    json_object_get(o, "max_chain"));
	s->audit_every = (unsigned int)json_integer_value(
	    json_object_get(o, "audit_every"));
}

static int
how_many(const json_t *o, const char *key)
{
	const json_t *value = json_object_get(o, key);

	return json_is_string(value) ? KEEP_ALL
				     : (int)json_integer_value(value);
}

static void
fill_retention(struct conf_plan *p)
{
	const json_t *o = json_object_get(p->effective, "retention");
	const char *slot = conf_fill_text(o, "slot");

	p->has_retention = o != NULL;
	p->retention.last = how_many(o, "last");
	p->retention.daily = how_many(o, "daily");
	p->retention.weekly = how_many(o, "weekly");
	p->retention.monthly = how_many(o, "monthly");
	p->retention.yearly = how_many(o, "yearly");
	p->retention.within_s = conf_fill_seconds(o, "within", 0);
	p->retention.any_slot = slot != NULL && strcmp(slot, "any") == 0;
}

static int
fill_verify(struct conf *c, struct conf_plan *p, struct err *e)
{
	const json_t *list = json_object_get(p->effective, "verify"), *o;
	size_t i, n = json_array_size(list);

	p->verifies = conf_new(c, n + 1, sizeof(*p->verifies), e);
	if (p->verifies == NULL)
		return -1;
	p->n_verifies = n;
	for (i = 0; i < n; i++) {
		o = json_array_get(list, i);
		p->verifies[i].level = conf_fill_text(o, "level");
		p->verifies[i].every_s = conf_fill_seconds(o, "every", 0);
	}
	return 0;
}

static int
fill_hooks(struct conf *c, struct conf_plan *p, struct err *e)
{
	static const char *const keys[CONF_HOOKS] = {
		[CONF_BEFORE_RUN] = "before_run",
		[CONF_BEFORE_VM] = "before_vm",
		[CONF_AFTER_VM] = "after_vm",
		[CONF_AFTER_RUN] = "after_run",
		[CONF_ON_FAILURE] = "on_failure",
	};
	const json_t *o = json_object_get(p->effective, "hooks"), *list;
	struct conf_list *argv;
	size_t i, k;

	p->hooks.timeout_s = conf_fill_seconds(o, "timeout", 0);
	for (i = 0; i < CONF_HOOKS; i++) {
		list = json_object_get(o, keys[i]);
		p->hooks.n[i] = json_array_size(list);
		argv = conf_new(c, p->hooks.n[i] + 1, sizeof(*argv), e);
		if (argv == NULL)
			return -1;
		p->hooks.argv[i] = argv;
		for (k = 0; k < p->hooks.n[i]; k++)
			if (conf_fill_list(c, json_array_get(list, k), &argv[k],
				e) == -1)
				return -1;
	}
	return 0;
}

static int
fill_rest(struct conf *c, struct conf_plan *p, struct err *e)
{
	const json_t *o = p->effective;
	const char *mode = conf_fill_text(o, "mode");

	p->is_vmdk = strcmp(mode, "vmdk") == 0;
	p->quiesce = conf_fill_text(o, "quiesce");
	p->has_restore_test = json_object_get(o, "restore_test") != NULL;
	fill_strategy(&p->strategy, json_object_get(o, "strategy"));
	fill_retention(p);
	if (json_object_get(o, "select") == NULL)
		return missing(c, p->name, "select", e);
	if (conf_fill_list(c, json_object_get(o, "select"), &p->select, e) ==
		-1 ||
	    conf_fill_list(c, json_object_get(o, "exclude_disks"),
		&p->exclude_disks, e) == -1)
		return -1;
	return fill_verify(c, p, e) == -1 ? -1 : fill_hooks(c, p, e);
}

int
conf_fill_plan(struct conf *c, const char *name, const json_t *plan,
    struct conf_plan *p, struct err *e)
{
	p->name = name;
	p->effective = conf_effective(c, plan, e);
	if (p->effective == NULL)
		return -1;
	if (json_object_set_new(c->effective, name, p->effective) == -1)
		return err_set(e, ERR_OS, "plan %s: out of memory", name);
	if (fill_places(c, p, e) == -1 || fill_schedule(c, p, e) == -1 ||
	    fill_rest(c, p, e) == -1 || fill_notify(c, p, e) == -1 ||
	    fill_replicate(c, p, e) == -1)
		return -1;
	tell_stale_after(p);
	return 0;
}
