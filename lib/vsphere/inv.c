#include "vsphere/inv.h"

#include <stdlib.h>
#include <string.h>
#include "vsphere/entity.h"
#include "vsphere/props.h"

enum { PATH_DEPTH = 64, PATH_BYTES = 4096 };

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
by_id(const void *a, const void *b)
{
	return strcmp(((const struct props_object *)a)->ref.id,
	    ((const struct props_object *)b)->ref.id);
}

static const struct props_object *
find_folder(const struct props *folders, const struct moref *ref)
{
	struct props_object key = { .ref = *ref };

	if (folders->n == 0)
		return NULL;
	return bsearch(&key, folders->objects, folders->n,
	    sizeof(*folders->objects), by_id);
}

/* Puts "segment/" before what is in b.  A '/' inside a name stays %2f, as
 * the server has it: else "a/b" would be b in the folder a. */
static void
prepend(struct buf *b, const char *segment)
{
	struct buf grown = { .limit = b->limit };

	buf_puts(&grown, segment);
	if (b->len > 0)
		buf_char(&grown, '/');
	buf_puts(&grown, buf_text(b));
	if (b->failed)
		grown.failed = true;
	buf_free(b);
	*b = grown;
}

/* Up from the VM to below the root folder. */
static char *
path_of(struct vim *v, const struct props_object *vm,
    const struct props *folders)
{
	const char *root = vim_manager(v, VIM_ROOT_FOLDER)->id;
	const struct props_object *at = vm;
	struct buf path = { .limit = PATH_BYTES };
	struct moref up;
	int depth;

	for (depth = 0; at != NULL && !path.failed && depth < PATH_DEPTH;
	     depth++) {
		if (strcmp(at->ref.id, root) == 0)
			break;
		prepend(&path, props_text(at, "name"));
		if (soap_read_ref(props_find(at, "parent"), &up) == -1 &&
		    soap_read_ref(props_find(at, "parentVApp"), &up) == -1)
			break;
		at = find_folder(folders, &up);
	}
	return buf_steal(&path);
}

static int
fill(struct vim *v, const struct props_object *o, const struct props *folders,
    struct inv_entry *entry, struct err *e)
{
	entry->ref = o->ref;
	entry->name = strdup(props_text(o, "name"));
	entry->uuid = strdup(props_text(o, "config.uuid"));
	entry->instance_uuid = strdup(props_text(o, "config.instanceUuid"));
	entry->path = path_of(v, o, folders);
	if (entry->path == NULL)
		return err_set(e, ERR_PROTO,
		    "VM %s: a path of more than %d bytes", o->ref.id,
		    PATH_BYTES);
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
	if (folders.n > 0)
		qsort(folders.objects, folders.n, sizeof(*folders.objects),
		    by_id);
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
