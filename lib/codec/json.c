#include "codec/json.h"

#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include "base/clock.h"
#include "base/secret.h"
#include "base/utf8.h"

enum { LIMIT_BYTES = 64 << 20, REAL_DIGITS = 15 };

/* No document of ours has such a key: it marks an object as failed. */
static const char failed_key[] = "\x7f";

/* Not even the mark could be set. */
static atomic_bool out_of_memory;

json_t *
json_read(const char *name, const void *p, size_t n, struct err *e)
{
	struct buf why = { 0 };
	json_error_t at;
	json_t *value;

	if (n > LIMIT_BYTES) {
		err_set(e, ERR_DATA, "%s: more than %d MiB", name,
		    LIMIT_BYTES >> 20);
		return NULL;
	}
	/* NULL, as an empty buffer has, is no text to jansson. */
	value = json_loadb(n == 0 ? "" : p, n, JSON_REJECT_DUPLICATES, &at);
	if (value == NULL) {
		/* Jansson cuts its text anywhere. */
		utf8_add_valid(&why, at.text, strlen(at.text));
		err_set(e, ERR_DATA, "%s:%d:%d: %s", name, at.line, at.column,
		    buf_text(&why));
	}
	buf_free(&why);
	return value;
}

static json_t *
clean_string(const char *text)
{
	struct buf copy = { 0 }, valid = { 0 };
	json_t *value = NULL;

	buf_puts(&copy, text);
	if (copy.len > 0)
		secret_mask(copy.data, copy.len);
	utf8_add_valid(&valid, buf_text(&copy), copy.len);
	if (!copy.failed && !valid.failed)
		value = json_stringn(buf_text(&valid), valid.len);
	buf_free(&copy);
	buf_free(&valid);
	return value;
}

void
json_set_text(json_t *object, const char *key, const char *text)
{
	json_set(object, key, text == NULL ? json_null() : clean_string(text));
}

void
json_set_int(json_t *object, const char *key, long long value)
{
	json_set(object, key, json_integer(value));
}

void
json_set_bool(json_t *object, const char *key, int value)
{
	json_set(object, key, json_boolean(value));
}

void
json_set(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, value) == 0)
		return;
	if (json_object_set_new(object, failed_key, json_null()) == -1)
		atomic_store(&out_of_memory, true);
}

void
json_set_time(json_t *object, const char *key, long long t)
{
	char text[CLOCK_ISO_SIZE];

	clock_format_iso((time_t)t, text);
	json_set_text(object, key, t == 0 ? NULL : text);
}

static bool
has_failed(const json_t *value)
{
	/* Jansson's loops want a value that is not const. */
	json_t *v = json_incref((json_t *)(uintptr_t)value), *item;
	const char *key;
	bool failed = false;
	size_t i;

	if (json_object_get(v, failed_key) != NULL)
		failed = true;
	json_object_foreach(v, key, item) failed = failed || has_failed(item);
	json_array_foreach(v, i, item) failed = failed || has_failed(item);
	json_decref(v);
	return failed;
}

static int
add_chunk(const char *p, size_t n, void *b)
{
	buf_add(b, p, n);
	return 0;
}

int
json_write(const json_t *value, enum json_form form, struct buf *b,
    struct err *e)
{
	size_t flags = JSON_REAL_PRECISION(REAL_DIGITS);

	flags |= form == JSON_LINE ? JSON_COMPACT : JSON_INDENT(2);
	if (atomic_load(&out_of_memory) || has_failed(value) ||
	    json_dump_callback(value, add_chunk, b, flags) == -1)
		return err_set(e, ERR_OS, "JSON document: out of memory");
	buf_char(b, '\n');
	return buf_check(b, e);
}

void
json_set_err(json_t *object, const char *key, const struct err *e)
{
	json_t *o;

	if (e->class == ERR_NONE) {
		json_set(object, key, json_null());
		return;
	}
	o = json_object();
	json_set_text(o, "class", err_class_name(e->class));
	json_set_text(o, "text", e->text);
	json_set_text(o, "fault", e->fault[0] == '\0' ? NULL : e->fault);
	json_set(object, key, o);
}
