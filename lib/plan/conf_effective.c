#include <string.h>
#include "base/num.h"
#include "plan/conf_internal.h"
#include "plan/conf_schema.h"

/* What a plan has if neither it nor the defaults say something else. */
static const char builtin[] = "{\"exclude_disks\":[],\"mode\":\"ovf\","
			      "\"quiesce\":\"try\",\"timezone\":\"UTC\","
			      "\"retry_for\":\"6h\",\"strategy\":{},"
			      "\"verify\":[],\"replicate\":[],\"hooks\":{},"
			      "\"notify\":[]}";

static void
otherwise(json_t *object, const char *key, json_t *value)
{
	if (json_object_get(object, key) == NULL)
		json_set(object, key, value);
	else
		json_decref(value);
}

/* Who wants incrementals wants fulls now and then; who wants fulls now and
 * then wants incrementals in between. */
static void
complete_strategy(json_t *strategy)
{
	const json_t *full = json_object_get(strategy, "full");
	const char *inc = conf_fill_text(strategy, "incremental");

	if (full == NULL && inc != NULL && strcmp(inc, "off") != 0)
		json_set(strategy, "full", json_pack("{s:s}", "weekly", "sun"));
	otherwise(strategy, "full", json_string("always"));
	full = json_object_get(strategy, "full");
	otherwise(strategy, "incremental",
	    json_string(json_is_object(full) ? "compare" : "off"));
	otherwise(strategy, "max_chain", json_integer(14));
	otherwise(strategy, "audit_every", json_integer(0));
}

static void
complete_restore_test(json_t *test)
{
	otherwise(test, "success", json_string("tools"));
	otherwise(test, "timeout", json_string("15m"));
}

static json_t *
choose(const struct conf *c, const json_t *plan, const json_t *fallback,
    const char *key)
{
	json_t *value = json_object_get(plan, key);

	if (value == NULL)
		value = json_object_get(json_object_get(c->root, "defaults"),
		    key);
	if (value == NULL)
		value = json_object_get(fallback, key);
	return value;
}

json_t *
conf_effective(const struct conf *c, const json_t *plan, struct err *e)
{
	json_t *fallback = json_loads(builtin, 0, NULL), *all = json_object();
	const struct conf_key *key;
	struct buf b = { 0 };
	json_t *value;

	for (key = conf_schema_plan; key->name != NULL; key++) {
		value = choose(c, plan, fallback, key->name);
		if (value != NULL)
			json_set(all, key->name, json_deep_copy(value));
	}
	json_decref(fallback);
	complete_strategy(json_object_get(all, "strategy"));
	otherwise(json_object_get(all, "hooks"), "timeout", json_string("5m"));
	value = json_object_get(all, "restore_test");
	if (value != NULL)
		complete_restore_test(value);
	/* The only way to learn that there was memory for all of it. */
	if (json_write(all, JSON_LINE, &b, e) == -1) {
		json_decref(all);
		all = NULL;
	}
	buf_free(&b);
	return all;
}
