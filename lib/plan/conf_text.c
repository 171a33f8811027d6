#include "plan/conf_text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "plan/conf_schema.h"

enum { COLUMNS = 80, INDENT = 2 };

static void
add_blanks(struct buf *b, unsigned int level)
{
	unsigned int i;

	for (i = 0; i < level * INDENT; i++)
		buf_char(b, ' ');
}

/* On one line; what there is no memory for fails the buffer. */
static void
add_line(struct buf *b, const json_t *value)
{
	char *text = json_dumps(value, JSON_ENCODE_ANY);

	if (text == NULL)
		b->failed = true;
	else
		buf_puts(b, text);
	free(text);
}

static void
add_key(struct buf *b, const char *key)
{
	json_t *text = json_string(key);

	add_line(b, text);
	buf_puts(b, ": ");
	json_decref(text);
}

static void add_value(struct buf *b, const json_t *value, unsigned int level,
    unsigned int depth);

static void
add_broken(struct buf *b, const json_t *value, unsigned int level,
    unsigned int depth)
{
	json_t *v = json_incref((json_t *)(uintptr_t)value), *item;
	const char *key, *comma = "\n";
	size_t i;

	buf_char(b, json_is_object(v) ? '{' : '[');
	json_object_foreach(v, key, item)
	{
		buf_puts(b, comma);
		add_blanks(b, level + 1);
		add_key(b, key);
		add_value(b, item, level + 1, depth);
		comma = ",\n";
	}
	json_array_foreach(v, i, item)
	{
		buf_puts(b, comma);
		add_blanks(b, level + 1);
		add_value(b, item, level + 1, depth);
		comma = ",\n";
	}
	buf_char(b, '\n');
	add_blanks(b, level);
	buf_char(b, json_is_object(v) ? '}' : ']');
	json_decref(v);
}

static size_t
column(const struct buf *b)
{
	const char *line = b->len == 0 ? NULL : memrchr(b->data, '\n', b->len);

	return line == NULL ? b->len : (size_t)(b->data + b->len - line) - 1;
}

static void
add_value(struct buf *b, const json_t *value, unsigned int level,
    unsigned int depth)
{
	size_t size = json_is_object(value) ? json_object_size(value)
					    : json_array_size(value);
	struct buf line = { 0 };

	add_line(&line, value);
	if (line.failed)
		b->failed = true;
	/* A comma may follow. */
	if (size == 0 || (level >= depth && column(b) + line.len < COLUMNS))
		buf_puts(b, buf_text(&line));
	else
		add_broken(b, value, level, depth);
	buf_free(&line);
}

int
conf_text(const json_t *value, unsigned int depth, struct buf *b, struct err *e)
{
	add_value(b, value, 0, depth);
	buf_char(b, '\n');
	return buf_check(b, e);
}

static void
hush(json_t *object, const struct conf_key *keys)
{
	const json_t *value;

	for (; keys->name != NULL; keys++) {
		value = json_object_get(object, keys->name);
		if (value != NULL && conf_schema_is_secret(keys, value))
			json_object_set_new(object, keys->name,
			    json_string("(secret)"));
	}
}

json_t *
conf_text_hushed(const json_t *root)
{
	json_t *copy = json_deep_copy(root), *map, *object;
	const struct conf_key *key;
	const char *section, *name;

	json_object_foreach(copy, section, map)
	{
		key = conf_schema_find(conf_schema, section, strlen(section));
		if (key == NULL || key->kind != CONF_MAP)
			continue;
		json_object_foreach(map, name, object) hush(object, key->keys);
	}
	return copy;
}
