#include "vsphere/device.h"

#include <stdlib.h>
#include <string.h>
#include "vsphere/entity.h"
#include "vsphere/vm.h"

enum { MAX_DEVICES = 4096 };
#define CAPACITY_MAX (UINT64_C(62) << 40) /* vSphere's, 62 TiB */

static int
keep(char **to, const char *text, struct err *e)
{
	*to = strdup(text);
	return *to == NULL ? err_sys(e, ERR_OS, "memory") : 0;
}

/* Keys of devices that are being added are negative. */
static int
read_int(const struct xml_node *n, int dflt)
{
	const char *text = xml_text(n);
	char *end;
	long v;

	if (text[0] == '\0')
		return dflt;
	v = strtol(text, &end, 10);
	return *end != '\0' || v < INT32_MIN || v > INT32_MAX ? dflt : (int)v;
}

static const char *
label_of(const struct xml_node *n)
{
	return xml_text(xml_find(n, "deviceInfo/label"));
}

/* capacityInBytes came with 5.5; the other is always there. */
static int
read_capacity(const struct xml_node *n, struct vm_disk *d, struct err *e)
{
	uint64_t kib = soap_u64(xml_child(n, "capacityInKB"), 0);

	d->capacity_bytes = soap_u64(xml_child(n, "capacityInBytes"), 0);
	if (d->capacity_bytes == 0 && kib <= CAPACITY_MAX / 1024)
		d->capacity_bytes = kib * 1024;
	if (d->capacity_bytes == 0 || d->capacity_bytes > CAPACITY_MAX)
		return err_set(e, ERR_PROTO, "%.100s: no usable capacity",
		    d->label);
	return 0;
}

static bool
bus_is_shared(const struct xml_node *array, int controller_key)
{
	const struct xml_node *n = xml_child(array, NULL);
	const char *sharing;

	for (; n != NULL; n = xml_next(n, NULL)) {
		if (read_int(xml_child(n, "key"), -1) != controller_key)
			continue;
		sharing = xml_text(xml_child(n, "sharedBus"));
		return sharing[0] != '\0' && strcmp(sharing, "noSharing") != 0;
	}
	return false;
}

static int
read_disk(const struct xml_node *array, const struct xml_node *n,
    struct vm_disk *d, struct err *e)
{
	const struct xml_node *backing = xml_child(n, "backing");
	const char *mode = xml_text(xml_child(backing, "diskMode"));
	const struct {
		char **to;
		const char *text;
	} texts[] = {
		{ &d->label, label_of(n) },
		{ &d->backing, backing == NULL ? "" : xml_type(backing) },
		{ &d->file, xml_text(xml_child(backing, "fileName")) },
		{ &d->uuid, xml_text(xml_child(backing, "uuid")) },
		{ &d->change_id, xml_text(xml_child(backing, "changeId")) },
		{ &d->mode, mode },
	};
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (keep(texts[i].to, texts[i].text, e) == -1)
			return -1;
	d->key = read_int(xml_child(n, "key"), -1);
	d->controller_key = read_int(xml_child(n, "controllerKey"), 0);
	d->unit = read_int(xml_child(n, "unitNumber"), -1);
	d->is_physical_rdm = strcmp(xml_text(xml_child(backing,
					"compatibilityMode")),
				 "physicalMode") == 0;
	d->is_independent = strncmp(mode, "independent_", 12) == 0;
	d->is_shared = strcmp(xml_text(xml_child(backing, "sharing")),
			   "sharingMultiWriter") == 0 ||
	    bus_is_shared(array, d->controller_key);
	d->has_parent = xml_child(backing, "parent") != NULL;
	return read_capacity(n, d, e);
}

static int
read_nic(const struct xml_node *n, struct vm_nic *nic, struct err *e)
{
	const struct xml_node *backing = xml_child(n, "backing");
	const struct xml_node *port = xml_child(backing, "port");
	const struct {
		char **to;
		const char *text;
	} texts[] = {
		{ &nic->label, label_of(n) },
		{ &nic->type, xml_type(n) },
		{ &nic->mac, xml_text(xml_child(n, "macAddress")) },
		{ &nic->network, xml_text(xml_child(backing, "deviceName")) },
		{ &nic->portgroup, xml_text(xml_child(port, "portgroupKey")) },
		{ &nic->switch_uuid, xml_text(xml_child(port, "switchUuid")) },
	};
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (keep(texts[i].to, texts[i].text, e) == -1)
			return -1;
	entity_unescape(nic->network);
	nic->is_manual = nic->mac[0] != '\0' &&
	    strcmp(xml_text(xml_child(n, "addressType")), "manual") == 0;
	nic->key = read_int(xml_child(n, "key"), -1);
	return 0;
}

static int
read_device(const struct xml_node *n, struct vm_device *d, struct err *e)
{
	d->key = read_int(xml_child(n, "key"), -1);
	d->controller_key = read_int(xml_child(n, "controllerKey"), 0);
	d->unit = read_int(xml_child(n, "unitNumber"), -1);
	d->bus = read_int(xml_child(n, "busNumber"), -1);
	if (keep(&d->type, xml_type(n), e) == -1)
		return -1;
	return keep(&d->label, label_of(n), e);
}

/* Network cards differ by model.  One that never was powered on has no MAC
 * address yet if the host is to make it, but it is connected all the same. */
static bool
is_nic(const struct xml_node *n)
{
	static const char card[] = "VirtualEthernetCard";
	const char *backing = xml_type(xml_child(n, "backing"));

	return xml_child(n, "macAddress") != NULL ||
	    xml_child(n, "addressType") != NULL ||
	    strncmp(backing, card, sizeof(card) - 1) == 0;
}

static int
make_room(const struct xml_node *array, struct vm *vm, struct err *e)
{
	const struct xml_node *n;
	size_t count = 0;

	for (n = xml_child(array, NULL); n != NULL; n = xml_next(n, NULL))
		count++;
	if (count > MAX_DEVICES)
		return err_set(e, ERR_PROTO, "%zu devices", count);
	/* Never of 0 bytes: that may be NULL. */
	vm->disks = calloc(count + 1, sizeof(*vm->disks));
	vm->nics = calloc(count + 1, sizeof(*vm->nics));
	vm->devices = calloc(count + 1, sizeof(*vm->devices));
	if (vm->disks == NULL || vm->nics == NULL || vm->devices == NULL)
		return err_sys(e, ERR_OS, "memory");
	return 0;
}

int
device_read(const struct xml_node *array, struct vm *vm, struct err *e)
{
	const struct xml_node *n;

	if (make_room(array, vm, e) == -1)
		return -1;
	for (n = xml_child(array, NULL); n != NULL; n = xml_next(n, NULL)) {
		if (read_device(n, &vm->devices[vm->n_devices++], e) == -1)
			return -1;
		if (strcmp(xml_type(n), "VirtualDisk") == 0 &&
		    read_disk(array, n, &vm->disks[vm->n_disks++], e) == -1)
			return -1;
		if (is_nic(n) && read_nic(n, &vm->nics[vm->n_nics++], e) == -1)
			return -1;
		if (strcmp(xml_type(n), "VirtualTPM") == 0)
			vm->has_vtpm = true;
	}
	return 0;
}

const char *
device_problem(const struct vm_disk *d, const char **code)
{
	if (d->is_physical_rdm) {
		*code = "W_PHYSICAL_RDM";
		return "a raw device mapping in physical mode is not part of "
		       "a snapshot";
	}
	if (d->is_independent) {
		*code = "W_INDEPENDENT_DISK";
		return "an independent disk is not part of a snapshot";
	}
	return NULL;
}

static void
free_disk(struct vm_disk *d)
{
	free(d->label);
	free(d->backing);
	free(d->file);
	free(d->uuid);
	free(d->change_id);
	free(d->mode);
}

static void
free_nic(struct vm_nic *n)
{
	free(n->label);
	free(n->type);
	free(n->mac);
	free(n->network);
	free(n->portgroup);
	free(n->switch_uuid);
}

void
device_free(struct vm *vm)
{
	size_t i;

	for (i = 0; i < vm->n_disks; i++)
		free_disk(&vm->disks[i]);
	for (i = 0; i < vm->n_nics; i++)
		free_nic(&vm->nics[i]);
	for (i = 0; i < vm->n_devices; i++) {
		free(vm->devices[i].type);
		free(vm->devices[i].label);
	}
	free(vm->disks);
	free(vm->nics);
	free(vm->devices);
}
