#include "store/catalog_internal.h"

#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/utf8.h"
#include "store/name.h"
#include "store/record.h"

enum { LONGEST_TEXT = 1000 };

static const char *
text(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

/* One line that can be shown; NULL stays NULL. */
static int
copy_line(char **out, const char *s, struct err *e)
{
	size_t n;

	if (s == NULL)
		return 0;
	for (n = strnlen(s, LONGEST_TEXT); (s[n] & 0xc0) == 0x80; n--)
		continue;
	*out = strndup(s, n);
	if (*out == NULL)
		return err_sys(e, ERR_OS, "memory");
	utf8_make_line(*out);
	return 0;
}

/* The same, "" in place of what is missing. */
static int
copy_text(const char **out, const json_t *object, const char *key,
    struct err *e)
{
	const char *s = text(object, key);
	char *copy = NULL;
	int rc = copy_line(&copy, s == NULL ? "" : s, e);

	*out = copy;
	return rc;
}

static int
copy_vm(struct catalog_vm_id *vm, const json_t *record, struct err *e)
{
	const json_t *o = json_object_get(record, "vm");

	if (copy_text(&vm->name, o, "name", e) == -1 ||
	    copy_text(&vm->moid, o, "moid", e) == -1 ||
	    copy_text(&vm->instance_uuid, o, "instance_uuid", e) == -1 ||
	    copy_text(&vm->bios_uuid, o, "bios_uuid", e) == -1)
		return -1;
	return copy_text(&vm->server, json_object_get(record, "server"), "host",
	    e);
}

/* A sum that cannot overflow is as good as any that is a lie. */
static void
add_bytes(uint64_t *sum, const json_t *object, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(object, key));

	if (n > 0 && __builtin_add_overflow(*sum, (uint64_t)n, sum))
		*sum = UINT64_MAX;
}

static void
count_bytes(struct catalog_point *p, const json_t *record)
{
	const json_t *disks = json_object_get(record, "disks");
	const json_t *files = json_object_get(record, "files");
	size_t i;

	for (i = 0; i < json_array_size(disks); i++) {
		add_bytes(&p->provisioned, json_array_get(disks, i),
		    "capacity");
		add_bytes(&p->stored, json_array_get(disks, i), "size");
	}
	for (i = 0; i < json_array_size(files); i++)
		add_bytes(&p->stored, json_array_get(files, i), "size");
	p->transferred = p->stored;
}

static void
measure_time(struct catalog_point *p, const json_t *record)
{
	const json_t *times = json_object_get(record, "times");
	const char *from = text(times, "started");
	const char *to = text(times, "transfer_end");
	time_t a, b;

	if (from != NULL && to != NULL && clock_parse_iso(from, &a) == 0 &&
	    clock_parse_iso(to, &b) == 0 && b > a)
		p->seconds = (double)(b - a);
}

/* A parent that is no point's name is one that is not there. */
static int
copy_parent(struct catalog_point *p, const json_t *record, struct err *e)
{
	const char *kind = text(record, "kind");
	const char *parent = text(record, "parent");
	time_t ignored;

	p->is_full = kind != NULL &&
	    (strcmp(kind, "full") == 0 || strcmp(kind, "merged") == 0);
	if (p->is_full || parent == NULL ||
	    !catalog_scan_is_point(parent, &ignored))
		return 0;
	return copy_line(&p->parent, parent, e);
}

static int
fill(struct catalog_point *p, const json_t *record, struct err *e)
{
	const char *point = text(record, "point");

	p->when = record_time(record);
	p->is_renamed = point == NULL || strcmp(point, p->name) != 0;
	p->is_partial = json_array_size(json_object_get(record, "skipped")) > 0;
	count_bytes(p, record);
	measure_time(p, record);
	if (copy_vm(&p->vm, record, e) == -1 ||
	    copy_line(&p->plan, text(record, "plan"), e) == -1 ||
	    copy_text(&p->mode, record, "mode", e) == -1)
		return -1;
	return copy_parent(p, record, e);
}

/* A whole disk has holes that its size does not tell. */
static void
measure_holes(struct catalog_point *p, const struct catalog_scan *s)
{
	struct err ignored = { 0 };
	uint64_t bytes;

	if (strcmp(p->mode, "vmdk") == 0 &&
	    catalog_used_at(s->fd, p->name, &bytes, &ignored) == 0)
		p->stored = bytes;
}

int
catalog_record_read(struct catalog_point *p, struct catalog_scan *s,
    const char *name, struct err *e)
{
	json_t *record = record_read(s->fd, name, e);
	int rc = -1;

	*p = (struct catalog_point){ 0 };
	if (record == NULL)
		return -1;
	p->name = strdup(name);
	if (p->name == NULL)
		err_sys(e, ERR_OS, "memory");
	else
		rc = fill(p, record, e);
	json_decref(record);
	if (rc == -1) {
		catalog_record_free(p);
		return -1;
	}
	measure_holes(p, s);
	catalog_state_fill(p, s);
	return 0;
}

/* Who asks for a VM's folder borrows these. */
static void
drop(const char *owned)
{
	free((char *)(uintptr_t)owned);
}

void
catalog_record_free(struct catalog_point *p)
{
	free(p->name);
	drop(p->vm.name);
	drop(p->vm.moid);
	drop(p->vm.instance_uuid);
	drop(p->vm.bios_uuid);
	drop(p->vm.server);
	free(p->plan);
	drop(p->mode);
	free(p->parent);
	*p = (struct catalog_point){ 0 };
}

const char *
catalog_record_uuid(const struct catalog_vm_id *vm)
{
	if (vm->instance_uuid != NULL && vm->instance_uuid[0] != '\0')
		return vm->instance_uuid;
	return vm->bios_uuid;
}
