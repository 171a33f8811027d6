#include "plan/conf_judge.h"

#include <string.h>
#include "base/names.h"
#include "base/utf8.h"
#include "plan/conf_form.h"
#include "plan/conf_schema.h"

struct judge {
	const char *file;
	struct buf at; /* JSON pointer of what is being judged */
	struct buf *secret;
	struct err *e;
};

static int judge_value(struct judge *j, const struct conf_key *key,
    const json_t *value);

void
conf_judge_point(struct buf *b, const char *key)
{
	buf_char(b, '/');
	for (; *key != '\0'; key++) {
		if (*key == '~')
			buf_puts(b, "~0");
		else if (*key == '/')
			buf_puts(b, "~1");
		else
			buf_char(b, *key);
	}
}

/* Puts the place before an error; the file as a whole has none. */
static int
placed(struct judge *j)
{
	if (j->at.len > 0)
		err_ctx(j->e, "%s", buf_text(&j->at));
	err_ctx(j->e, "%s", j->file);
	j->e->class = ERR_CONFIG;
	return -1;
}

#define REFUSE(j, ...) (err_set((j)->e, ERR_CONFIG, __VA_ARGS__), placed(j))

/* One step down: the length to come back to. */
static size_t
enter(struct judge *j, const char *key)
{
	size_t len = j->at.len;

	conf_judge_point(&j->at, key);
	return len;
}

static size_t
enter_index(struct judge *j, size_t i)
{
	size_t len = j->at.len;

	buf_fmt(&j->at, "/%zu", i);
	return len;
}

static int
wrong_type(struct judge *j, const json_t *value, const char *wanted)
{
	static const char *const names[] = {
		[JSON_OBJECT] = "an object",
		[JSON_ARRAY] = "a list",
		[JSON_STRING] = "a text",
		[JSON_INTEGER] = "a number",
		[JSON_REAL] = "a number with a fraction",
		[JSON_TRUE] = "true",
		[JSON_FALSE] = "false",
		[JSON_NULL] = "null",
	};

	return REFUSE(j, "must be %s, is %s", wanted,
	    names[json_typeof(value)]);
}

static bool
has_control(const char *text)
{
	size_t left = strlen(text), n;
	uint32_t c;

	for (; left > 0; text += n, left -= n) {
		n = utf8_next(text, left, &c);
		if (n == 0 || utf8_is_control(c))
			return true;
	}
	return false;
}

/* "off|try|require" as "off, try or require" */
static int
refuse_word(struct judge *j, const char *text, const char *words,
    const char *other)
{
	struct buf b = { 0 };
	size_t n;

	for (; *words != '\0'; words += n + (words[n] == '|')) {
		n = strcspn(words, "|");
		if (b.len > 0)
			buf_puts(&b, words[n] == '|' ? ", " : " or ");
		buf_add(&b, words, n);
	}
	REFUSE(j, "'%s': not %s%s", text, buf_text(&b), other);
	buf_free(&b);
	return -1;
}

static int
judge_text(struct judge *j, const struct conf_key *key, const json_t *value)
{
	const char *text = json_string_value(value);

	if (text == NULL)
		return wrong_type(j, value, "a text");
	if (text[0] == '\0')
		return REFUSE(j, "is empty");
	if (has_control(text))
		return REFUSE(j, "holds a control character");
	if (key->words != NULL && !conf_schema_has_word(key->words, text))
		return refuse_word(j, text, key->words, "");
	if (key->form != NULL && key->form(text, j->e) == -1)
		return placed(j);
	return 0;
}

static int
judge_number(struct judge *j, const struct conf_key *key, const json_t *value)
{
	const char *word = json_string_value(value);
	char or [24] = "";

	if (key->words != NULL) {
		if (word != NULL && conf_schema_has_word(key->words, word))
			return 0;
		snprintf(or, sizeof(or), " or \"%s\"", key->words);
	}
	if (!json_is_integer(value) || json_integer_value(value) < key->min ||
	    json_integer_value(value) > key->max)
		return key->min == key->max
		    ? REFUSE(j, "must be %lld", key->min)
		    : REFUSE(j, "must be a number from %lld to %lld%s",
			  key->min, key->max, or);
	return 0;
}

/* Each item, as the key says. */
static int
judge_items(struct judge *j, const struct conf_key *item, const json_t *list,
    size_t least)
{
	size_t i, len;

	if (!json_is_array(list))
		return wrong_type(j, list, "a list");
	if (json_array_size(list) < least)
		return REFUSE(j, "is empty");
	for (i = 0; i < json_array_size(list); i++) {
		len = enter_index(j, i);
		if (judge_value(j, item, json_array_get(list, i)) == -1)
			return -1;
		buf_cut(&j->at, len);
	}
	return 0;
}

static int
judge_argv(struct judge *j, const json_t *list)
{
	static const struct conf_key text = { .kind = CONF_TEXT },
				     path = { .form = conf_form_path };
	size_t len;

	if (judge_items(j, &text, list, 1) == -1)
		return -1;
	len = enter_index(j, 0);
	if (judge_value(j, &path, json_array_get(list, 0)) == -1)
		return -1;
	buf_cut(&j->at, len);
	return 0;
}

static int
unknown_key(struct judge *j, const struct conf_key *keys, const char *name)
{
	struct names there = { 0 };
	struct buf b = { 0 };
	size_t len;

	for (; keys->name != NULL; keys++)
		names_add(&there, keys->name);
	names_tell(&there, &b);
	len = enter(j, name);
	REFUSE(j, "unknown key: %s", buf_text(&b));
	buf_cut(&j->at, len);
	buf_free(&b);
	return -1;
}

static bool
is_of_type(const struct conf_key *key, const json_t *object)
{
	const char *type = json_string_value(json_object_get(object, "type"));

	return key->only == NULL ||
	    (type != NULL && strcmp(key->only, type) == 0);
}

/* "'daily' and 'weekly' exclude each other" */
static int
judge_one_of(struct judge *j, const struct conf_key *keys, const json_t *object)
{
	const char *first = NULL;
	struct buf names = { 0 };
	bool any = false;

	for (; keys->name != NULL; keys++) {
		if ((keys->flags & CONF_ONE_OF) == 0)
			continue;
		buf_fmt(&names, "%s'%s'", any ? ", " : "", keys->name);
		any = true;
		if (json_object_get(object, keys->name) == NULL)
			continue;
		if (first != NULL) {
			REFUSE(j, "'%s' and '%s' exclude each other", first,
			    keys->name);
			goto out;
		}
		first = keys->name;
	}
	if (any && first == NULL)
		REFUSE(j, "needs one of %s", buf_text(&names));
out:
	buf_free(&names);
	return j->e->class == ERR_NONE ? 0 : -1;
}

static int
judge_missing(struct judge *j, const struct conf_key *keys,
    const json_t *object)
{
	for (; keys->name != NULL; keys++)
		if ((keys->flags & CONF_REQUIRED) != 0 &&
		    is_of_type(keys, object) &&
		    json_object_get(object, keys->name) == NULL)
			return REFUSE(j, "'%s' is missing", keys->name);
	return 0;
}

static int
judge_member(struct judge *j, const struct conf_key *keys, const json_t *object,
    const char *name, const json_t *value)
{
	const struct conf_key *key = conf_schema_find(keys, name, strlen(name));
	size_t len;

	if (key == NULL)
		return unknown_key(j, keys, name);
	len = enter(j, name);
	if (!is_of_type(key, object))
		return REFUSE(j, "goes only with type \"%s\"", key->only);
	if (judge_value(j, key, value) == -1)
		return -1;
	buf_cut(&j->at, len);
	return 0;
}

static int
judge_members(struct judge *j, const struct conf_key *keys,
    const json_t *object)
{
	json_t *o = json_incref((json_t *)(uintptr_t)object), *value;
	const char *name;
	int rc = 0;

	/* What it is decides what else it may have. */
	value = json_object_get(o, "type");
	if (value != NULL && conf_schema_find(keys, "type", 4) != NULL)
		rc = judge_member(j, keys, o, "type", value);
	json_object_foreach(o, name, value) if (rc == 0)
	    rc = judge_member(j, keys, o, name, value);
	json_decref(o);
	return rc;
}

static int
judge_object(struct judge *j, const struct conf_key *key, const json_t *value)
{
	if (json_is_string(value) && key->words != NULL)
		return conf_schema_has_word(key->words,
			   json_string_value(value))
		    ? 0
		    : refuse_word(j, json_string_value(value), key->words,
			  ", and no object");
	if (!json_is_object(value))
		return wrong_type(j, value, "an object");
	if (judge_members(j, key->keys, value) == -1 ||
	    judge_missing(j, key->keys, value) == -1 ||
	    judge_one_of(j, key->keys, value) == -1)
		return -1;
	if (key->whole != NULL && key->whole(value, j->e) == -1)
		return placed(j);
	return 0;
}

static int
judge_password(struct judge *j, const struct conf_key *key, const json_t *value)
{
	if (json_is_string(value))
		return REFUSE(j,
		    "a password has no place in this file: put it into one "
		    "that only we read and say {\"file\": PATH}, or "
		    "{\"credential\": NAME} or {\"command\": [PATH, ...]}");
	return judge_object(j, key, value);
}

static int
judge_map(struct judge *j, const struct conf_key *key, const json_t *map)
{
	json_t *o = json_incref((json_t *)(uintptr_t)map), *value;
	const char *name;
	size_t len;
	int rc = 0;

	if (!json_is_object(map))
		rc = wrong_type(j, map, "an object");
	json_object_foreach(o, name, value)
	{
		if (rc == -1)
			break;
		len = enter(j, name);
		rc = conf_form_name(name, j->e) == -1
		    ? placed(j)
		    : judge_object(j, key, value);
		if (rc == 0)
			buf_cut(&j->at, len);
	}
	json_decref(o);
	return rc;
}

static int
judge_kind(struct judge *j, const struct conf_key *key, const json_t *value)
{
	static const struct conf_key argv = { .kind = CONF_ARGV };
	const struct conf_key item = { .form = key->form, .words = key->words },
			      object = { .kind = CONF_OBJECT,
				      .keys = key->keys };

	switch (key->kind) {
	case CONF_TEXT:
		return judge_text(j, key, value);
	case CONF_BOOL:
		return json_is_boolean(value)
		    ? 0
		    : wrong_type(j, value, "true or false");
	case CONF_NUMBER:
		return judge_number(j, key, value);
	case CONF_LIST:
		return judge_items(j, &item, value, (size_t)key->min);
	case CONF_ARGV:
		return judge_argv(j, value);
	case CONF_ARGVS:
		return judge_items(j, &argv, value, 0);
	case CONF_OBJECT:
		return judge_object(j, key, value);
	case CONF_OBJECTS:
		return judge_items(j, &object, value, 0);
	case CONF_PASSWORD:
		return judge_password(j, key, value);
	case CONF_MAP:
		return judge_map(j, key, value);
	}
	return REFUSE(j, "unknown kind");
}

static int
judge_value(struct judge *j, const struct conf_key *key, const json_t *value)
{
	if (judge_kind(j, key, value) == -1)
		return -1;
	if (j->secret->len == 0 && conf_schema_is_secret(key, value))
		buf_puts(j->secret, buf_text(&j->at));
	return 0;
}

int
conf_judge_file(const char *file, const json_t *root, struct buf *secret,
    struct err *e)
{
	static const struct conf_key whole = { .kind = CONF_OBJECT,
		.keys = conf_schema };
	struct judge j = { .file = file, .secret = secret, .e = e };
	int rc = judge_value(&j, &whole, root);

	if (rc == 0)
		rc = buf_check(&j.at, e);
	buf_free(&j.at);
	return rc;
}
