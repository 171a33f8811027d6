#include "plan/conf_assign.h"

#include <stdlib.h>
#include <string.h>
#include "base/names.h"
#include "base/num.h"

static bool
is_object(const struct conf_key *key)
{
	return key->kind == CONF_OBJECT || key->kind == CONF_PASSWORD;
}

/* What is wrong with a name, and the keys that there are. */
static int
refuse(const struct conf_key *keys, const char *name, const char *why,
    struct err *e)
{
	struct names there = { 0 };
	struct buf b = { 0 };

	for (; keys->name != NULL; keys++)
		names_add(&there, keys->name);
	names_tell(&there, &b);
	err_set(e, ERR_USAGE, "%s: %s: %s", name, why, buf_text(&b));
	buf_free(&b);
	return -1;
}

const struct conf_key *
conf_assign_key(const struct conf_key *keys, const char *key, struct err *e)
{
	const struct conf_key *found = NULL;
	const char *at = key;
	size_t n;

	for (;; at += n + 1) {
		n = strcspn(at, ".");
		found = keys == NULL ? NULL : conf_schema_find(keys, at, n);
		if (found == NULL && keys != NULL)
			refuse(keys, key, "unknown key", e);
		else if (found == NULL)
			err_set(e, ERR_USAGE, "%s: '%.*s' has no keys", key,
			    (int)(at - key) - 1, key);
		if (found == NULL || at[n] == '\0')
			return found;
		keys = is_object(found) ? found->keys : NULL;
	}
}

static json_t *
list_of(const char *text)
{
	json_t *list = json_array();
	size_t n;

	for (;; text += n + 1) {
		n = strcspn(text, ",");
		json_array_append_new(list, json_stringn(text, n));
		if (text[n] == '\0')
			return list;
	}
}

static json_t *
number_of(const char *text)
{
	uint64_t n;

	if (num_scan(text, strlen(text), INT32_MAX, &n) == -1)
		return json_string(text); /* a word, or it is refused later */
	return json_integer((json_int_t)n);
}

static json_t *
bool_of(const char *name, const char *text, struct err *e)
{
	if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0) {
		err_set(e, ERR_USAGE, "%s=%s: not true or false", name, text);
		return NULL;
	}
	return json_boolean(text[0] == 't');
}

/* "last=3,daily=14" */
static json_t *
object_of(const struct conf_key *key, const char *name, const char *text,
    struct err *e)
{
	char *copy = strdup(text), *save = NULL, *part, *is;
	const struct conf_key *sub;
	json_t *object = json_object();

	if (copy == NULL || object == NULL)
		err_sys(e, ERR_OS, "memory");
	for (part = copy == NULL ? NULL : strtok_r(copy, ",", &save);
	     e->class == ERR_NONE && part != NULL;
	     part = strtok_r(NULL, ",", &save)) {
		is = strchr(part, '=');
		if (is == NULL) {
			err_set(e, ERR_USAGE, "'%s': not KEY=VALUE", part);
			break;
		}
		*is = '\0';
		sub = conf_assign_key(key->keys, part, e);
		if (sub != NULL)
			(void)conf_assign(object, key->keys, NULL, part,
			    conf_assign_value(sub, part, is + 1, e), e);
	}
	free(copy);
	if (e->class == ERR_NONE)
		return object;
	err_ctx(e, "%s", name);
	json_decref(object);
	return NULL;
}

json_t *
conf_assign_value(const struct conf_key *key, const char *name,
    const char *text, struct err *e)
{
	/* Of a text they are its own, as in server=[2001:db8::1]. */
	if (key->kind != CONF_TEXT && (text[0] == '[' || text[0] == '{'))
		return json_read(name, text, strlen(text), e);
	switch (key->kind) {
	case CONF_BOOL:
		return bool_of(name, text, e);
	case CONF_NUMBER:
		return number_of(text);
	case CONF_LIST:
		return list_of(text);
	case CONF_OBJECT:
	case CONF_PASSWORD:
		if (strchr(text, '=') != NULL)
			return object_of(key, name, text, e);
		if (key->kind == CONF_PASSWORD || key->words != NULL)
			break;
		refuse(key->keys, name, "its value is KEY=VALUE itself", e);
		return NULL;
	case CONF_ARGV:
	case CONF_ARGVS:
	case CONF_OBJECTS:
		err_set(e, ERR_USAGE, "%s: say it in JSON, in brackets", name);
		return NULL;
	default:
		break;
	}
	return json_string(text);
}

static void
drop_others(json_t *object, const struct conf_key *keys,
    const struct conf_key *key)
{
	if ((key->flags & CONF_ONE_OF) == 0)
		return;
	for (; keys->name != NULL; keys++)
		if (keys != key && (keys->flags & CONF_ONE_OF) != 0)
			json_object_del(object, keys->name);
}

/* The object that key is to be changed in; NULL if there is none, and nothing
 * to be removed from it. */
static json_t *
inner(json_t *object, const char *key, const json_t *defaults, bool is_needed)
{
	json_t *in = json_object_get(object, key),
	       *from = json_object_get(defaults, key);

	if (json_is_object(in))
		return in;
	if (in == NULL && json_is_object(from))
		json_object_set_new(object, key, json_deep_copy(from));
	else if (is_needed)
		json_object_set_new(object, key, json_object());
	in = json_object_get(object, key);
	return json_is_object(in) ? in : NULL;
}

/* key without its first part, name being that. */
static int
assign_inner(json_t *object, const struct conf_key *found, const char *name,
    const json_t *defaults, const char *key, json_t *value, struct err *e)
{
	json_t *in = inner(object, name, defaults, value != NULL);
	int rc = 0;

	if (in == NULL && value == NULL)
		return 0;
	rc = conf_assign(in, found->keys, NULL, key, value, e);
	/* One that is left empty is not there, unless the defaults had their
	 * say again then. */
	if (json_object_size(in) == 0 &&
	    json_object_get(defaults, name) == NULL)
		json_object_del(object, name);
	return rc;
}

int
conf_assign(json_t *object, const struct conf_key *keys, const json_t *defaults,
    const char *key, json_t *value, struct err *e)
{
	size_t n = strcspn(key, ".");
	const struct conf_key *found = conf_schema_find(keys, key, n);

	if (e->class != ERR_NONE) {
		json_decref(value);
		return -1;
	}
	if (found == NULL || (key[n] == '.' && !is_object(found))) {
		json_decref(value);
		return refuse(keys, key, "unknown key", e);
	}
	if (value != NULL)
		drop_others(object, keys, found);
	if (key[n] == '.')
		return assign_inner(object, found, found->name, defaults,
		    key + n + 1, value, e);
	if (value == NULL)
		json_object_del(object, found->name);
	else if (json_object_set_new(object, found->name, value) == -1)
		return err_sys(e, ERR_OS, "memory");
	return 0;
}
