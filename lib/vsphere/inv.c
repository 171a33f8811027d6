#include "vsphere/inv.h"

#include <stdlib.h>
#include <string.h>
#include "vsphere/entity.h"
#include "vsphere/props.h"
#include "vsphere/tree.h"

static const char *const vm_paths[] = { "name", "parent", "parentVApp",
	"config.uuid", "config.instanceUuid", "runtime.powerState", NULL };
static const char *const vm_types[] = { "VirtualMachine", NULL };
static const char *const folder_paths[] = { "name", "parent", NULL };
/* What may stand above a VM.  VirtualApp has parentFolder, too, but its
 * parent is a resource pool: its own name is enough. */
static const char *const folder_types[] = { "Folder", "Datacenter",
	"VirtualApp", NULL };

static int
by_name(const void *a, const void *b)
{
	const struct inv_entry *x = a, *y = b;
	int c = strcmp(x->name, y->name);

	return c != 0 ? c : strcmp(x->ref.id, y->ref.id);
}

static int
fill(struct vim *v, const struct props_object *o, const struct props *folders,
    struct inv_entry *entry, struct err *e)
{
	entry->ref = o->ref;
	entry->name = strdup(props_text(o, "name"));
	entry->uuid = strdup(props_text(o, "config.uuid"));
	entry->instance_uuid = strdup(props_text(o, "config.instanceUuid"));
	entry->path = tree_path(folders, vim_manager(v, VIM_ROOT_FOLDER), o);
	if (entry->path == NULL)
		return err_set(e, ERR_PROTO,
		    "VM %s: a path of more than %d bytes", o->ref.id,
		    TREE_PATH_MAX);
	if (entry->name == NULL || entry->uuid == NULL ||
	    entry->instance_uuid == NULL)
		return err_set(e, ERR_OS, "out of memory");
	entity_unescape(entry->name);
	entry->is_on = strcmp(props_text(o, "runtime.powerState"),
			   "poweredOn") == 0;
	return 0;
}

int
inv_read(struct vim *v, struct inv *inv, struct err *e)
{
	struct props vms = { 0 }, folders = { 0 };
	int rc = -1;
	size_t i;

	if (props_get_all(v, folder_types, folder_paths, &folders, e) == -1 ||
	    props_get_all(v, vm_types, vm_paths, &vms, e) == -1)
		goto out;
	tree_sort(&folders);
	inv->entries = calloc(vms.n + 1, sizeof(*inv->entries));
	if (inv->entries == NULL) {
		err_sys(e, ERR_OS, "memory");
		goto out;
	}
	for (i = 0; i < vms.n; i++)
		if (fill(v, &vms.objects[i], &folders, &inv->entries[inv->n++],
			e) == -1)
			goto out;
	qsort(inv->entries, inv->n, sizeof(*inv->entries), by_name);
	rc = 0;
out:
	props_free(&vms);
	props_free(&folders);
	if (rc == -1)
		inv_free(inv);
	return rc;
}

void
inv_free(struct inv *inv)
{
	while (inv->n > 0) {
		struct inv_entry *entry = &inv->entries[--inv->n];

		free(entry->name);
		free(entry->path);
		free(entry->uuid);
		free(entry->instance_uuid);
	}
	free(inv->entries);
	*inv = (struct inv){ 0 };
}
