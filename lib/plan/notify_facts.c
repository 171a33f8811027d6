#include "plan/notify_facts.h"

#include <stdlib.h>
#include <string.h>
#include "base/clock.h"

static const char *
text_of(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s == NULL ? "" : s;
}

static int
int_of(const json_t *object, const char *key)
{
	return (int)json_integer_value(json_object_get(object, key));
}

static time_t
time_of(const json_t *object, const char *key)
{
	time_t t;

	return clock_parse_iso(text_of(object, key), &t) == 0 ? t : 0;
}

static struct notify_vm
read_vm(const json_t *line)
{
	const json_t *vm = json_object_get(line, "vm");
	const json_t *result = json_object_get(line, "result");
	struct notify_vm v = { .name = text_of(vm, "name"),
		.moid = text_of(vm, "moid"),
		.uuid = text_of(vm, "uuid"),
		.outcome = text_of(line, "outcome"),
		.text = text_of(line, "text"),
		.kind = text_of(result, "kind"),
		.exit = int_of(line, "exit"),
		.seconds = -1,
		.line = line };
	time_t started = time_of(line, "started"),
	       ended = time_of(line, "ended");
	json_int_t bytes = json_integer_value(
	    json_object_get(json_object_get(result, "bytes"), "written"));

	if (v.name[0] == '\0')
		v.name = v.moid[0] == '\0' ? "?" : v.moid;
	if (bytes > 0)
		v.bytes = (uint64_t)bytes;
	if (started != 0 && ended >= started)
		v.seconds = ended - started;
	v.is_bad = v.exit != 0 || strcmp(v.outcome, "failed") == 0;
	v.has_warnings = strcmp(v.outcome, "warn") == 0 ||
	    json_array_size(json_object_get(line, "warnings")) > 0;
	return v;
}

/* What a person must see first, in the order in which it happened. */
static int
rank(const struct notify_vm *v)
{
	if (v->is_bad)
		return 0;
	return v->has_warnings ? 1 : 2;
}

static void
read_vms(struct notify_facts *f, const json_t *lines)
{
	size_t all = json_array_size(lines), i;
	struct notify_vm v;
	int pass;

	for (pass = 0; pass < 3; pass++) {
		for (i = 0; i < all; i++) {
			v = read_vm(json_array_get(lines, i));
			if (rank(&v) == pass)
				f->vms[f->n++] = v;
		}
	}
	for (i = 0; i < f->n; i++) {
		f->bad += f->vms[i].is_bad;
		f->warned += f->vms[i].has_warnings && !f->vms[i].is_bad;
		if (__builtin_add_overflow(f->bytes, f->vms[i].bytes,
			&f->bytes))
			f->bytes = UINT64_MAX;
	}
}

int
notify_facts_read(struct notify_facts *f, const struct notify_run *run,
    struct err *e)
{
	*f = (struct notify_facts){ .run = run,
		.exit = int_of(run->end, "exit"),
		.text = text_of(run->end, "text"),
		.slot = time_of(run->begin, "slot"),
		.started = time_of(run->begin, "started"),
		.ended = time_of(run->end, "ended"),
		.warnings = json_object_get(run->end, "warnings") };
	f->vms = calloc(json_array_size(run->vms) + 1, sizeof(*f->vms));
	if (f->vms == NULL)
		return err_sys(e, ERR_OS, "memory");
	read_vms(f, run->vms);
	return 0;
}

void
notify_facts_free(struct notify_facts *f)
{
	free(f->vms);
	*f = (struct notify_facts){ 0 };
}
