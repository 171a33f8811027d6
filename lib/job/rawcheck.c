#include "job/rawcheck.h"

#include <stdio.h>
#include <string.h>
#include "base/num.h"
#include "job/account.h"
#include "job/flatdisk.h"
#include "job/match.h"
#include "sys/file.h"
#include "vsphere/datastore.h"

bool
rawcheck_wants(const struct export_conf *conf, bool from_snapshot,
    const struct vm_disk *d)
{
	const char *code;

	if (match_is_excluded(d->label, conf->excluded))
		return false;
	return !from_snapshot || device_problem(d, &code) == NULL;
}

static const char *
type_of(const struct vm_disk *d, const struct datastore *stores, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (datastore_holds(&stores[i], d->file))
			return stores[i].type;
	return "";
}

/* Holes take no room, but nobody knows how many there are. */
static void
check_room(const struct vm *vm, const char *dir, uint64_t capacity_bytes,
    struct export_result *r)
{
	uint64_t needs_bytes = vm->committed_bytes, has_bytes;
	struct err ignored = { 0 };
	char has[16], needs[16], text[200];

	if (needs_bytes > capacity_bytes)
		needs_bytes = capacity_bytes;
	/* A folder that is still to be made is an error elsewhere, or none. */
	if (file_free_bytes(dir, &has_bytes, &ignored) == -1 ||
	    has_bytes >= needs_bytes)
		return;
	num_format_size(has_bytes, has, sizeof(has));
	num_format_size(needs_bytes, needs, sizeof(needs));
	snprintf(text, sizeof(text),
	    "%s free for up to %s of data: it may not fit", has, needs);
	account_warn(r, "W_LITTLE_ROOM", text);
}

static int
check_count(const struct export_conf *conf, size_t wanted, struct err *e)
{
	if (wanted == 0)
		return err_set(e, ERR_DATA, "there is nothing to export");
	if (conf->dir == NULL && wanted > 1)
		return err_set(e, ERR_USAGE,
		    "standard output takes one disk, these are %zu: give "
		    "--disk LABEL",
		    wanted);
	return 0;
}

static int
check_disks(const struct vm *vm, const struct export_conf *conf, bool has_own,
    const struct datastore *stores, size_t n, uint64_t *capacity_bytes,
    struct err *e)
{
	bool from_snapshot = conf->snapshot == EXPORT_OWN || has_own;
	size_t i, wanted = 0;

	*capacity_bytes = 0;
	for (i = 0; i < vm->n_disks; i++) {
		const struct vm_disk *d = &vm->disks[i];

		if (!rawcheck_wants(conf, from_snapshot, d))
			continue;
		if (flatdisk_check(d, type_of(d, stores, n), has_own, e) == -1)
			return -1;
		*capacity_bytes += d->capacity_bytes;
		wanted++;
	}
	return check_count(conf, wanted, e);
}

int
rawcheck_vm(struct vim *v, const struct vm *vm, const struct export_conf *conf,
    bool has_own, struct export_result *r, struct err *e)
{
	struct datastore *stores = NULL;
	uint64_t capacity_bytes;
	size_t n = 0;
	int rc;

	rc = datastore_read(v, vm->datastores, vm->n_datastores, &stores, &n,
	    e);
	if (rc == 0)
		rc = check_disks(vm, conf, has_own, stores, n, &capacity_bytes,
		    e);
	datastore_free(stores, n);
	if (rc == 0 && conf->dir != NULL && !has_own)
		check_room(vm, conf->dir, capacity_bytes, r);
	return rc;
}

void
rawcheck_name_way_out(struct err *e)
{
	struct err with = { 0 };
	const char *way;

	if (strcmp(e->fault, "NoPermission") == 0)
		way = "the account needs VirtualMachine.State.CreateSnapshot "
		      "and RemoveSnapshot, or stop the VM";
	else if (strcmp(e->fault, "RestrictedVersion") == 0)
		way = "stop the VM, then no snapshot is needed";
	else
		return;
	err_set(&with, e->class, "%s: %s", e->text, way);
	memcpy(with.fault, e->fault, sizeof(with.fault));
	*e = with;
}
