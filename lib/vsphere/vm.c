#include "vsphere/vm.h"

#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "vsphere/device.h"
#include "vsphere/entity.h"

enum { MAX_SNAPSHOTS = 1024, SNAPSHOT_DEPTH = 64, BATCH = 64 };

/* The first came with API 6.5: an older server refuses all of them for it. */
static const char *const vm_paths[] = { "config.keyId", "name", "config.uuid",
	"config.instanceUuid", "config.version", "config.files.vmPathName",
	"config.guestFullName", "config.firmware", "config.template",
	"config.hardware.device", "runtime.powerState",
	"runtime.connectionState", "runtime.consolidationNeeded",
	"runtime.faultToleranceState", "guest.toolsRunningStatus",
	"summary.storage", "snapshot", "datastore", NULL };

static const char *const snapshot_paths[] = { "snapshot",
	"runtime.consolidationNeeded", NULL };

static int
keep(char **to, const char *text, struct err *e)
{
	*to = strdup(text);
	return *to == NULL ? err_sys(e, ERR_OS, "memory") : 0;
}

static int
read_identity(const struct props_object *o, struct vm *vm, struct err *e)
{
	const struct {
		char **to;
		const char *path;
	} texts[] = {
		{ &vm->name, "name" },
		{ &vm->uuid, "config.uuid" },
		{ &vm->instance_uuid, "config.instanceUuid" },
		{ &vm->hardware, "config.version" },
		{ &vm->vmx, "config.files.vmPathName" },
		{ &vm->guest, "config.guestFullName" },
		{ &vm->firmware, "config.firmware" },
		{ &vm->power, "runtime.powerState" },
		{ &vm->connection, "runtime.connectionState" },
	};
	size_t i;

	vm->ref = o->ref;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (keep(texts[i].to, props_text(o, texts[i].path), e) == -1)
			return -1;
	entity_unescape(vm->name);
	return keep(&vm->path, "", e);
}

static void
read_flags(const struct props_object *o, struct vm *vm)
{
	const char *ft = props_text(o, "runtime.faultToleranceState");

	vm->is_template = soap_bool(props_find(o, "config.template"), false);
	vm->is_encrypted = props_find(o, "config.keyId") != NULL;
	vm->needs_consolidation = soap_bool(
	    props_find(o, "runtime.consolidationNeeded"), false);
	vm->is_fault_tolerant = ft[0] != '\0' &&
	    strcmp(ft, "notConfigured") != 0;
	vm->has_tools = strcmp(props_text(o, "guest.toolsRunningStatus"),
			    "guestToolsRunning") == 0;
	vm->committed_bytes = soap_u64(
	    xml_child(props_find(o, "summary.storage"), "committed"), 0);
}

static int
read_datastores(const struct props_object *o, struct vm *vm, struct err *e)
{
	const struct xml_node *val = props_find(o, "datastore"), *n;
	size_t count = 0;

	for (n = xml_child(val, NULL); n != NULL; n = xml_next(n, NULL))
		count++;
	vm->datastores = calloc(count + 1, sizeof(*vm->datastores));
	if (vm->datastores == NULL)
		return err_sys(e, ERR_OS, "memory");
	for (n = xml_child(val, NULL); n != NULL; n = xml_next(n, NULL))
		if (soap_read_ref(n, &vm->datastores[vm->n_datastores]) == 0)
			vm->n_datastores++;
	return 0;
}

static int
add_snapshot(struct vm *vm, const struct xml_node *n, int parent, struct err *e)
{
	struct vm_snapshot *grown, *s;

	if (vm->n_snapshots >= MAX_SNAPSHOTS)
		return err_set(e, ERR_PROTO, "more than %d snapshots",
		    MAX_SNAPSHOTS);
	grown = realloc(vm->snapshots, (vm->n_snapshots + 1) * sizeof(*grown));
	if (grown == NULL)
		return err_sys(e, ERR_OS, "memory");
	vm->snapshots = grown;
	s = &grown[vm->n_snapshots++];
	*s = (struct vm_snapshot){ .parent = parent };
	if (keep(&s->name, xml_text(xml_child(n, "name")), e) == -1 ||
	    keep(&s->description, xml_text(xml_child(n, "description")), e) ==
		-1)
		return -1;
	entity_unescape(s->name);
	clock_parse_iso(xml_text(xml_child(n, "createTime")), &s->created);
	s->quiesced = soap_bool(xml_child(n, "quiesced"), false);
	if (soap_read_ref(xml_child(n, "snapshot"), &s->ref) == -1)
		return err_set(e, ERR_PROTO, "a snapshot without reference");
	return 0;
}

/* rootSnapshotList, then childSnapshotList of each. */
static int
read_tree(struct vm *vm, const struct xml_node *parent, const char *list,
    int parent_index, int depth, struct err *e)
{
	const struct xml_node *n = xml_child(parent, list);

	if (n != NULL && depth > SNAPSHOT_DEPTH)
		return err_set(e, ERR_PROTO, "snapshots nested too deep");
	for (; n != NULL; n = xml_next(n, list))
		if (add_snapshot(vm, n, parent_index, e) == -1 ||
		    read_tree(vm, n, "childSnapshotList",
			(int)vm->n_snapshots - 1, depth + 1, e) == -1)
			return -1;
	return 0;
}

static void
free_snapshots(struct vm *vm)
{
	while (vm->n_snapshots > 0) {
		vm->n_snapshots--;
		free(vm->snapshots[vm->n_snapshots].name);
		free(vm->snapshots[vm->n_snapshots].description);
	}
	free(vm->snapshots);
	vm->snapshots = NULL;
}

static int
read_object(const struct props_object *o, struct vm *vm, struct err *e)
{
	int rc;

	rc = read_identity(o, vm, e);
	if (rc == 0)
		rc = props_check(o, "config.hardware.device", e);
	if (rc == 0) {
		read_flags(o, vm);
		rc = device_read(props_find(o, "config.hardware.device"), vm,
		    e);
	}
	if (rc == 0)
		rc = read_datastores(o, vm, e);
	if (rc == 0)
		rc = read_tree(vm, props_find(o, "snapshot"),
		    "rootSnapshotList", -1, 0, e);
	return rc == -1 ? err_ctx(e, "VM %s", o->ref.id) : 0;
}

static const struct props_object *
find_object(const struct props *p, const struct moref *ref)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		if (strcmp(p->objects[i].ref.id, ref->id) == 0)
			return &p->objects[i];
	return NULL;
}

/* Keeps the first reason; one VM among many is only told of. */
static void
read_found(const struct props *p, struct vm *vm, struct err *e)
{
	const struct moref ref = vm->ref;
	const struct props_object *o = find_object(p, &ref);

	if (o == NULL)
		err_set(e, ERR_NOTFOUND, "VM %s is gone", ref.id);
	else
		read_object(o, vm, e);
	if (e->class != ERR_NONE) {
		vm_free(vm);
		vm->ref = ref;
	}
}

/* A batch at a time: the replies are many times larger than what is kept. */
int
vm_read_many(struct vim *v, const struct moref *refs, size_t n, struct vm *vms,
    struct err *e)
{
	const char *const *paths = vm_paths + (vim_has_api(v, 6, 5) ? 0 : 1);
	size_t i, at, batch;
	int rc = 0;

	for (i = 0; i < n; i++)
		vms[i] = (struct vm){ .ref = refs[i] };
	for (at = 0; rc == 0 && at < n; at += batch) {
		struct props p = { 0 };

		batch = n - at < BATCH ? n - at : BATCH;
		rc = props_get_many(v, refs + at, batch, paths, &p, e);
		for (i = at; rc == 0 && i < at + batch; i++) {
			struct err own = { 0 };

			read_found(&p, &vms[i], &own);
			if (own.class != ERR_NONE && n > 1)
				log_warn("%s", own.text);
			else if (own.class != ERR_NONE)
				*e = own;
		}
		props_free(&p);
	}
	return rc == 0 && e->class == ERR_NONE ? 0 : -1;
}

int
vm_read(struct vim *v, const struct moref *ref, struct vm *vm, struct err *e)
{
	return vm_read_many(v, ref, 1, vm, e);
}

int
vm_refresh_snapshots(struct vim *v, struct vm *vm, struct err *e)
{
	struct props p = { 0 };
	int rc;

	if (props_get(v, &vm->ref, snapshot_paths, &p, e) == -1)
		return -1;
	free_snapshots(vm);
	vm->needs_consolidation = soap_bool(
	    props_find(&p.objects[0], "runtime.consolidationNeeded"), false);
	rc = props_check(&p.objects[0], "snapshot", e);
	if (rc == 0)
		rc = props_check(&p.objects[0], "runtime.consolidationNeeded",
		    e);
	if (rc == 0)
		rc = read_tree(vm, props_find(&p.objects[0], "snapshot"),
		    "rootSnapshotList", -1, 0, e);
	props_free(&p);
	return rc;
}

static void
swap(char **a, char **b)
{
	char *t = *a;

	*a = *b;
	*b = t;
}

static int
use_disks_of(struct vim *v, struct vm *vm, const struct moref *object,
    struct err *e)
{
	static const char *const paths[] = { "config.hardware.device", NULL };
	struct vm then = { 0 };
	struct props p = { 0 };
	size_t i, j;
	int rc;

	if (props_get(v, object, paths, &p, e) == -1)
		return -1;
	rc = props_check(&p.objects[0], paths[0], e);
	if (rc == 0)
		rc = device_read(props_find(&p.objects[0], paths[0]), &then, e);
	for (i = 0; rc == 0 && i < vm->n_disks; i++)
		for (j = 0; j < then.n_disks; j++) {
			if (then.disks[j].key != vm->disks[i].key)
				continue;
			swap(&vm->disks[i].file, &then.disks[j].file);
			swap(&vm->disks[i].change_id, &then.disks[j].change_id);
			vm->disks[i].has_parent = then.disks[j].has_parent;
			break;
		}
	vm_free(&then);
	props_free(&p);
	return rc;
}

int
vm_refresh_disks(struct vim *v, struct vm *vm, struct err *e)
{
	return use_disks_of(v, vm, &vm->ref, e);
}

int
vm_use_snapshot(struct vim *v, struct vm *vm, const struct moref *snapshot,
    struct err *e)
{
	return use_disks_of(v, vm, snapshot, e) == -1 ? err_ctx(e, "snapshot")
						      : 0;
}

bool
vm_is_on(const struct vm *vm)
{
	return strcmp(vm->power, "poweredOn") == 0;
}

const struct vm_disk *
vm_disk_by_label(const struct vm *vm, const char *label)
{
	size_t i;

	for (i = 0; i < vm->n_disks; i++)
		if (strcmp(vm->disks[i].label, label) == 0)
			return &vm->disks[i];
	return NULL;
}

const char *
vm_identity(const struct vm *vm)
{
	return vm->instance_uuid[0] != '\0' ? vm->instance_uuid : vm->uuid;
}

void
vm_free(struct vm *vm)
{
	device_free(vm);
	free_snapshots(vm);
	free(vm->name);
	free(vm->path);
	free(vm->uuid);
	free(vm->instance_uuid);
	free(vm->hardware);
	free(vm->vmx);
	free(vm->guest);
	free(vm->firmware);
	free(vm->power);
	free(vm->connection);
	free(vm->datastores);
	*vm = (struct vm){ 0 };
}
