#include "plan/prune.h"

#include <string.h>
#include "store/keep.h"

static json_t *
reasons(unsigned int bits)
{
	json_t *list = json_array(), *word;
	struct buf b = { 0 };
	unsigned int bit;

	for (bit = 1; bit != 0 && bit <= bits; bit <<= 1) {
		if ((bits & bit) == 0)
			continue;
		keep_format(bit, &b);
		word = json_string(buf_text(&b));
		json_array_append_new(list, word);
		buf_cut(&b, 0);
	}
	buf_free(&b);
	return list;
}

static json_t *
vm_of(const struct prune *p)
{
	const struct catalog_vm_id *vm;
	json_t *o;

	if (p->folder.n == 0)
		return json_null();
	vm = &p->folder.points[p->folder.n - 1].vm;
	o = json_object();
	json_set_text(o, "name", vm->name);
	json_set_text(o, "moid", vm->moid);
	json_set_text(o, "uuid",
	    vm->instance_uuid[0] != '\0' ? vm->instance_uuid : vm->bios_uuid);
	return o;
}

json_t *
prune_json(const struct prune *p)
{
	json_t *o = json_object(), *kept = json_array(), *gone = json_array();
	json_t *entry;
	size_t i;

	for (i = 0; p->points != NULL && i < p->folder.n; i++) {
		const struct prune_point *pp = &p->points[i];

		entry = json_object();
		json_set_text(entry, "point", p->folder.points[i].name);
		if (pp->is_removed)
			json_set_int(entry, "bytes", (long long)pp->bytes);
		else
			json_set(entry, "reasons", reasons(pp->reasons));
		json_array_append_new(pp->is_removed ? gone : kept, entry);
	}
	json_set_text(o, "folder", p->folder.name);
	json_set(o, "vm", vm_of(p));
	json_set(o, "kept", kept);
	json_set(o, "removed", gone);
	json_set_int(o, "bytes", (long long)p->bytes);
	return o;
}
