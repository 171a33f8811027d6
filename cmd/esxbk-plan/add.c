#include <stdlib.h>
#include <string.h>
#include "edit.h"
#include "plan.h"

static const char *site, *repository, *mode, *quiesce;
static const char *daily, *weekly, *monthly, *on_calendar, *jitter, *zone;
static const char *stale_after, *full, *incremental, *max_chain, *keep;
static struct opt_list selects, exclude_disks, verifies, notifies;

static const struct opt table[] = {
	{ 0, "site", "SITE", "the host, by its name in the configuration",
	    OPT_TEXT, &site },
	{ 0, "repository", "REPOSITORY", "where to, by its name there",
	    OPT_TEXT, &repository },
	{ 0, "select", "VM", "a selector of VMs; several may be given",
	    OPT_LIST, &selects },
	{ 0, "exclude-disk", "LABEL", "leave this disk out; several may be",
	    OPT_LIST, &exclude_disks },
	{ 0, "mode", "ovf|vmdk", "how", OPT_CHOICE, &mode },
	{ 0, "quiesce", "off|try|require", "have the guest write all it has",
	    OPT_CHOICE, &quiesce },
	{ 0, "daily", "HH:MM", "each day at this time", OPT_TEXT, &daily },
	{ 0, "weekly", "DAY HH:MM", "each week, such as 'sat 23:00'", OPT_TEXT,
	    &weekly },
	{ 0, "monthly", "N HH:MM", "each month, such as 'last 04:30'", OPT_TEXT,
	    &monthly },
	{ 0, "on-calendar", "TEXT", "as systemd.time(7) has it", OPT_TEXT,
	    &on_calendar },
	{ 0, "jitter", "TIME", "begin up to TIME later", OPT_TEXT, &jitter },
	{ 0, "timezone", "ZONE", "of these times, such as Europe/Paris",
	    OPT_TEXT, &zone },
	{ 0, "stale-after", "TIME", "an older backup is an alarm", OPT_TEXT,
	    &stale_after },
	{ 0, "full", "WHEN", "always, weekly=DAY or monthly=N", OPT_TEXT,
	    &full },
	{ 0, "incremental", "off|compare|cbt", "between the fulls", OPT_CHOICE,
	    &incremental },
	{ 0, "max-chain", "N", "a full after so many", OPT_TEXT, &max_chain },
	{ 0, "keep", "HOW-MANY", "such as last=3,daily=14,weekly=8", OPT_TEXT,
	    &keep },
	{ 0, "verify", "LEVEL[=TIME]",
	    "after each run, or so often; several may be given", OPT_LIST,
	    &verifies },
	{ 0, "notify", "NAME", "tell it what came of it; several may be given",
	    OPT_LIST, &notifies },
	{ 0 },
};

static int
put_texts(struct conf_edit *ed, struct err *e)
{
	const struct {
		const char *key, *value;
	} texts[] = {
		{ "site", site },
		{ "repository", repository },
		{ "mode", mode },
		{ "quiesce", quiesce },
		{ "schedule.daily", daily },
		{ "schedule.weekly", weekly },
		{ "schedule.monthly", monthly },
		{ "schedule.on_calendar", on_calendar },
		{ "schedule.jitter", jitter },
		{ "timezone", zone },
		{ "stale_after", stale_after },
		{ "strategy.full", full },
		{ "strategy.incremental", incremental },
		{ "strategy.max_chain", max_chain },
		{ "retention", keep },
	};
	struct buf b = { 0 };
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (texts[i].value == NULL)
			continue;
		/* A variable that was not set: it is no word to leave the
		 * schedule or the retention out. */
		if (texts[i].value[0] == '\0') {
			rc = err_set(e, ERR_USAGE, "%s: is empty",
			    texts[i].key);
			break;
		}
		buf_cut(&b, 0);
		buf_fmt(&b, "%s=%s", texts[i].key, texts[i].value);
		rc = buf_check(&b, e) == -1
		    ? -1
		    : conf_edit_set(ed, buf_text(&b), e);
	}
	buf_free(&b);
	return rc;
}

static int
put_list(struct conf_edit *ed, const char *key, const struct opt_list *l,
    struct err *e)
{
	json_t *list;
	size_t i;

	if (l->n == 0)
		return 0;
	list = json_array();
	for (i = 0; i < l->n; i++)
		json_array_append_new(list, json_string(l->items[i]));
	return conf_edit_put(ed, key, list, e);
}

/* "hash", "deep=30d" */
static int
put_verifies(struct conf_edit *ed, struct err *e)
{
	json_t *list, *o;
	size_t i, n;

	if (verifies.n == 0)
		return 0;
	list = json_array();
	for (i = 0; i < verifies.n; i++) {
		const char *text = verifies.items[i];

		n = strcspn(text, "=");
		o = json_object();
		json_object_set_new(o, "level", json_stringn(text, n));
		if (text[n] == '=')
			json_object_set_new(o, "every",
			    json_string(text + n + 1));
		else
			json_object_set_new(o, "after", json_string("run"));
		json_array_append_new(list, o);
	}
	return conf_edit_put(ed, "verify", list, e);
}

static int
one_schedule(struct err *e)
{
	int n = (daily != NULL) + (weekly != NULL) + (monthly != NULL) +
	    (on_calendar != NULL);

	if (n > 1)
		return err_set(e, ERR_USAGE,
		    "give one of --daily, --weekly, --monthly and "
		    "--on-calendar");
	return 0;
}

static int
put_all(struct conf_edit *ed, const char **rest, struct err *e)
{
	if (conf_edit_empty(ed, e) == -1 || put_texts(ed, e) == -1 ||
	    put_list(ed, "select", &selects, e) == -1 ||
	    put_list(ed, "exclude_disks", &exclude_disks, e) == -1 ||
	    put_verifies(ed, e) == -1 ||
	    put_list(ed, "notify", &notifies, e) == -1)
		return -1;
	for (; *rest != NULL; rest++)
		if (conf_edit_set(ed, *rest, e) == -1)
			return -1;
	return 0;
}

/* The same plan a second time is no mistake, another one is. */
static int
add_plan(struct conf_edit *ed, const char *name, const char **rest,
    struct err *e)
{
	json_t *old = json_deep_copy(conf_edit_value(ed));
	int rc = put_all(ed, rest, e);

	if (rc == 0 && old != NULL && !json_equal(old, conf_edit_value(ed)))
		rc = err_set(e, ERR_CREATE,
		    "there is another plan '%s': 'esxbk-plan set' changes it",
		    name);
	if (rc == 0)
		rc = edit_finish(ed, name, "added", e);
	json_decref(old);
	return rc;
}

static int
add(const char **operands, size_t n, struct err *e)
{
	struct conf_edit *ed = NULL;
	int rc = -1;

	if (n == 0 || operands[0][0] == '/' || strchr(operands[0], '=') != NULL)
		err_set(e, ERR_USAGE, "give a name for the plan");
	else if (one_schedule(e) == 0)
		ed = edit_open(operands[0], e);
	if (ed != NULL)
		rc = add_plan(ed, operands[0], operands + 1, e);
	conf_edit_free(ed);
	return plan_end(rc, e);
}

const struct cmd plan_add = { .name = "add",
	.about = "Add a plan.",
	.synopsis = "[OPTION]... PLAN [KEY=VALUE]...",
	.tables = { table, plan_table, cmd_table_dry_run },
	.run = add };
