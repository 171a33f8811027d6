#ifndef VSPHERE_VM_H
#define VSPHERE_VM_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>
#include "base/err.h"
#include "vsphere/device.h"
#include "vsphere/props.h"
#include "vsphere/vim.h"

/*
 * vm - what a backup must know of a virtual machine, read once.
 *
 * All strings are owned by the vm and never NULL.  { 0 } is empty.
 */
struct vm_snapshot {
	struct moref ref;
	char *name; /* unescaped */
	char *description;
	time_t created; /* 0: unknown */
	bool quiesced;
	int parent; /* index, -1: a root */
};

struct vm {
	struct moref ref;
	char *name; /* unescaped */
	char *path; /* inventory path, "" unless asked for */
	char *uuid; /* BIOS uuid */
	char *instance_uuid;
	char *hardware; /* "vmx-19" */
	char *vmx;      /* "[datastore1] web/web.vmx" */
	char *guest;
	char *firmware; /* "bios", "efi" */
	char *power;    /* "poweredOn", "poweredOff", "suspended" */
	char *connection;
	bool is_template;
	bool is_encrypted;
	bool has_vtpm;
	bool is_fault_tolerant;
	bool has_tools; /* running now */
	bool needs_consolidation;
	uint64_t committed_bytes;
	struct vm_disk *disks;
	size_t n_disks;
	struct vm_nic *nics;
	size_t n_nics;
	struct vm_device *devices;
	size_t n_devices;
	struct vm_snapshot *snapshots; /* a parent before its children */
	size_t n_snapshots;
	struct moref *datastores;
	size_t n_datastores;
};

/* Reads the VMs of these references, in their order; one that is gone or
 * cannot be read has an empty name (and a log line). vms has room for n. */
int vm_read_many(struct vim *v, const struct moref *refs, size_t n,
    struct vm *vms, struct err *e);
int vm_read(struct vim *v, const struct moref *ref, struct vm *vm,
    struct err *e);

/* Reads snapshots and needs_consolidation again. */
int vm_refresh_snapshots(struct vim *v, struct vm *vm, struct err *e);

/* Reads the disks' files and change ids again: snapshots came or went. */
int vm_refresh_disks(struct vim *v, struct vm *vm, struct err *e);

/* Takes over what a snapshot's own configuration says of the disks: their
 * files and change ids (the VM's current ones are already newer). */
int vm_use_snapshot(struct vim *v, struct vm *vm, const struct moref *snapshot,
    struct err *e);

bool vm_is_on(const struct vm *vm);
const struct vm_disk *vm_disk_by_label(const struct vm *vm, const char *label);

/* The uuid that names this VM on disk: instance uuid, else BIOS uuid. */
const char *vm_identity(const struct vm *vm);

void vm_free(struct vm *vm);

#endif
