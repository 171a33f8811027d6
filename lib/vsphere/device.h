#ifndef VSPHERE_DEVICE_H
#define VSPHERE_DEVICE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "codec/xml.h"

/*
 * device - a VM's virtual hardware: config.hardware.device taken apart.
 *
 * All strings are owned by the struct vm that holds the device, and never
 * NULL.
 */
struct vm_disk {
	int key;     /* device key, 2000 */
	char *label; /* "Hard disk 1" */
	uint64_t capacity_bytes;
	char *backing; /* "VirtualDiskFlatVer2BackingInfo" */
	char *file;    /* "[datastore1] web/web.vmdk" or "" */
	char *uuid;
	char *change_id; /* or "" */
	char *mode;      /* "persistent", as the API names it */
	bool is_independent;
	bool is_physical_rdm;
	bool is_shared;  /* multi-writer, or the bus is shared */
	bool has_parent; /* it holds what changed since a snapshot */
	int controller_key;
	int unit;
};

/* A network card and what it is connected to. */
struct vm_nic {
	int key;
	char *label;
	char *type;      /* "VirtualVmxnet3" */
	char *mac;       /* or "" */
	bool is_manual;  /* the address was given, not made by the server */
	char *network;   /* network's name, or "" */
	char *portgroup; /* key of a distributed port group, or "" */
	char *switch_uuid;
};

/* Any device, for the layout of the hardware. */
struct vm_device {
	int key;
	int controller_key; /* 0: none */
	int unit;           /* -1: none */
	int bus;            /* controllers: their number, else -1 */
	char *type;
	char *label;
};

/* Why a snapshot of this disk cannot be had ("independent disk ..."), or
 * NULL; code gets a stable word such as "W_INDEPENDENT_DISK". */
const char *device_problem(const struct vm_disk *d, const char **code);

struct vm;

/* Fills the disks, network cards and devices of vm. */
int device_read(const struct xml_node *array, struct vm *vm, struct err *e);
void device_free(struct vm *vm);

#endif
