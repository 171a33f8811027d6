#include "job/preflight.h"

#include <string.h>
#include "base/num.h"
#include "job/account.h"
#include "sys/file.h"
#include "vsphere/datastore.h"
#include "vsphere/descriptor.h"

enum { SPARE_BYTES = 16 << 10, SPARE_DISK_BYTES = 2 << 10 };

static int
check_excluded(const struct vm *vm, const char *const *excluded, struct err *e)
{
	for (; excluded != NULL && *excluded != NULL; excluded++)
		if (vm_disk_by_label(vm, *excluded) == NULL)
			return err_set(e, ERR_NOTFOUND,
			    "no disk '%s' to exclude; the first is '%s'",
			    *excluded,
			    vm->n_disks > 0 ? vm->disks[0].label : "");
	return 0;
}

/* What can be known before anything is made. */
static int
check_quiesce(const struct vm *vm, const struct export_conf *conf,
    struct err *e)
{
	if (conf->quiesce != SNAP_QUIESCE_REQUIRE || !vm_is_on(vm) ||
	    snap_quiesce_obstacle(vm) == NULL)
		return 0;
	return err_set(e, ERR_TEMP, "quiescing is required, but %s",
	    snap_quiesce_obstacle(vm));
}

static int
check_own(const struct vm *vm, const struct export_conf *conf, struct err *e)
{
	if (vm->is_template)
		return err_set(e, ERR_DATA,
		    "a template cannot have a snapshot: use '--snapshot "
		    "never'");
	if (vm->is_fault_tolerant)
		return err_set(e, ERR_DATA,
		    "a fault tolerant VM cannot have a snapshot");
	return check_quiesce(vm, conf, e);
}

static int
check_named(const struct vm *vm, const struct export_conf *conf, struct err *e)
{
	const struct vm_snapshot *s = preflight_named_snapshot(vm,
	    conf->snapshot_name, e);

	if (s == NULL)
		return -1;
	if (conf->quiesce == SNAP_QUIESCE_REQUIRE && !s->quiesced)
		return err_set(e, ERR_TEMP,
		    "quiescing is required, but snapshot '%s' was made "
		    "without",
		    s->name);
	return 0;
}

static int
check_state(const struct vm *vm, const struct export_conf *conf, struct err *e)
{
	if (vm->connection[0] != '\0' &&
	    strcmp(vm->connection, "connected") != 0)
		return err_set(e, ERR_TEMP, "the VM is %s", vm->connection);
	switch (conf->snapshot) {
	case EXPORT_NAMED:
		return check_named(vm, conf, e);
	case EXPORT_OWN:
		return check_own(vm, conf, e);
	case EXPORT_NONE:
		break;
	}
	if (vm_is_on(vm))
		return err_set(e, ERR_TEMP,
		    "the VM is running: '--snapshot never' exports only a "
		    "stopped one");
	return 0;
}

static int
check_shared(const struct vm *vm, const struct export_conf *conf, struct err *e)
{
	size_t i;

	for (i = 0; conf->snapshot == EXPORT_OWN && i < vm->n_disks; i++)
		if (vm->disks[i].is_shared)
			return err_set(e, ERR_DATA,
			    "%s is shared with other VMs: no snapshot can "
			    "be made",
			    vm->disks[i].label);
	return 0;
}

/* A snapshot grows with every write of the guest: a full datastore stops
 * all VMs on it. */
static int
check_room(const struct datastore *d, const struct export_conf *conf,
    struct err *e)
{
	uint64_t wanted = conf->min_free_bytes;
	char has[16], needs[16];

	if (conf->min_free_percent > 0)
		wanted = d->capacity_bytes / 100 * conf->min_free_percent;
	if (d->free_bytes >= wanted)
		return 0;
	num_format_size(d->free_bytes, has, sizeof(has));
	num_format_size(wanted, needs, sizeof(needs));
	return err_set(e, ERR_IO,
	    "datastore %s has %s free, a snapshot wants %s "
	    "(--min-datastore-free)",
	    d->name, has, needs);
}

/* Not one that only holds a mounted image. */
static bool
holds_disk(const struct datastore *d, const struct vm *vm)
{
	size_t i;

	for (i = 0; i < vm->n_disks; i++)
		if (datastore_holds(d, vm->disks[i].file))
			return true;
	return false;
}

static int
check_datastores(struct vim *v, const struct vm *vm,
    const struct export_conf *conf, struct err *e)
{
	struct datastore *stores = NULL;
	size_t n = 0, i;
	int rc;

	if (conf->snapshot != EXPORT_OWN)
		return 0;
	rc = datastore_read(v, vm->datastores, vm->n_datastores, &stores, &n,
	    e);
	for (i = 0; rc == 0 && i < n; i++)
		if (holds_disk(&stores[i], vm))
			rc = check_room(&stores[i], conf, e);
	datastore_free(stores, n);
	return rc;
}

static void
add_lines(struct export_result *r, const char *code, struct buf *lines)
{
	char *line, *rest = lines->data;

	while (rest != NULL && (line = strsep(&rest, "\n")) != NULL)
		if (line[0] != '\0')
			account_warn(r, code, line);
}

int
preflight_vm(struct vim *v, const struct vm *vm, const struct export_conf *conf,
    struct export_result *r, uint64_t *descriptor_bytes, struct err *e)
{
	struct buf out = { 0 }, lines = { 0 };
	int rc;

	if (check_excluded(vm, conf->excluded, e) == -1 ||
	    check_state(vm, conf, e) == -1 || check_shared(vm, conf, e) == -1 ||
	    check_datastores(v, vm, conf, e) == -1)
		return -1;
	/* A dry run of the descriptor names hardware that no OVF can hold. */
	rc = descriptor_create(v, &vm->ref, NULL, NULL, 0, &out, &lines, e);
	if (rc == 0)
		add_lines(r, "W_DESCRIPTOR", &lines);
	/* Names and sizes of files are still missing, and an annotation may
	 * grow in the meantime. */
	*descriptor_bytes = out.len + out.len / 4 + SPARE_BYTES +
	    vm->n_disks * SPARE_DISK_BYTES;
	buf_free(&out);
	buf_free(&lines);
	return rc;
}

/* No more than the disks hold, be it that the VM has other files. */
static uint64_t
archive_bytes(const struct vm *vm, const char *const *excluded)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < vm->n_disks; i++)
		if (!match_is_excluded(vm->disks[i].label, excluded) &&
		    __builtin_add_overflow(sum, vm->disks[i].capacity_bytes,
			&sum))
			return vm->committed_bytes;
	return sum < vm->committed_bytes ? sum : vm->committed_bytes;
}

int
preflight_spool(const struct vm *vm, const char *const *excluded,
    const char *dir, struct err *e)
{
	uint64_t bytes, wanted = archive_bytes(vm, excluded);
	char has[16], needs[16];

	if (file_free_bytes(dir, &bytes, e) == -1)
		return -1;
	if (bytes >= wanted)
		return 0;
	num_format_size(bytes, has, sizeof(has));
	num_format_size(wanted, needs, sizeof(needs));
	return err_set(e, ERR_IO,
	    "%s has %s free for the archive, which may take %s: set TMPDIR to "
	    "a larger place",
	    dir, has, needs);
}

const struct vm_snapshot *
preflight_named_snapshot(const struct vm *vm, const char *name, struct err *e)
{
	const struct vm_snapshot *found = NULL;
	size_t i;

	for (i = 0; i < vm->n_snapshots; i++) {
		if (strcmp(vm->snapshots[i].name, name) != 0)
			continue;
		if (found != NULL) {
			err_set(e, ERR_NOTFOUND,
			    "two snapshots are called '%s'", name);
			return NULL;
		}
		found = &vm->snapshots[i];
	}
	if (found == NULL)
		err_set(e, ERR_NOTFOUND, "no snapshot '%s'", name);
	return found;
}

/* m may be NULL, before there is a lease. */
static bool
is_fetched(const struct match *m, size_t disk)
{
	size_t i;

	for (i = 0; m != NULL && i < m->n; i++)
		if (m->fetches[i].disk == (int)disk)
			return true;
	return false;
}

static size_t
unknown_disks(const struct match *m)
{
	size_t i, n = 0;

	for (i = 0; i < m->n; i++)
		n += m->fetches[i].is_disk && m->fetches[i].disk == -1;
	return n;
}

static void
skip_vtpm(const struct vm *vm, struct export_result *r)
{
	size_t i;

	for (i = 0; i < vm->n_devices; i++)
		if (strcmp(vm->devices[i].type, "VirtualTPM") == 0)
			account_skip(r, vm->devices[i].key,
			    vm->devices[i].label, "W_VTPM",
			    "an export holds no virtual TPM; keep its "
			    "recovery keys");
}

static void
cover_disk(const struct vm_disk *d, bool has_lease, struct export_result *r)
{
	const char *code, *why = device_problem(d, &code);

	if (why == NULL && !has_lease)
		return; /* the host will say */
	if (why == NULL) {
		code = "W_DISK_NOT_OFFERED";
		why = "the host does not offer it for export";
	}
	account_skip(r, d->key, d->label, code, why);
}

int
preflight_coverage(const struct vm *vm, const struct match *m,
    const char *const *excluded, struct export_result *r, struct err *e)
{
	size_t i;

	if (m != NULL && unknown_disks(m) > 0)
		return err_set(e, ERR_PROTO,
		    "the lease offers %zu disks that the VM does not have",
		    unknown_disks(m));
	for (i = 0; i < vm->n_disks; i++)
		if (!is_fetched(m, i) &&
		    !match_is_excluded(vm->disks[i].label, excluded))
			cover_disk(&vm->disks[i], m != NULL, r);
	skip_vtpm(vm, r);
	return 0;
}
