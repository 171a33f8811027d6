#include "vsphere/vmop_nic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "vsphere/soap.h"

enum {
	FIRST_KEY = 4000, /* of the cards, "ethernet0" */
	CARDS_MAX = 10,
	MANUAL_MAX = 0x3f, /* fourth byte, behind 00:50:56 */
};

/* What stands before the address in a VirtualEthernetCard: the fields of
 * VirtualDevice. */
static const char *const device_fields[] = { "key", "deviceInfo", "backing",
	"connectable", "slotInfo", "controllerKey", "unitNumber", "numaNode",
	"deviceGroupInfo" };

static bool
is_before(const char *name, const char *field)
{
	size_t i;

	for (i = 0; i < sizeof(device_fields) / sizeof(device_fields[0]); i++) {
		if (field != NULL && strcmp(device_fields[i], field) == 0)
			return false;
		if (strcmp(device_fields[i], name) == 0)
			return true;
	}
	return false;
}

/* In the order of VirtualDeviceConnectInfo. */
static void
add_connectable(struct buf *b, const struct xml_node *old)
{
	const struct xml_node *n = xml_child(old, "migrateConnect");

	soap_open(b, "connectable", NULL);
	xml_add_elem(b, "migrateConnect", n == NULL ? NULL : xml_text(n));
	soap_add_bool(b, "startConnected", false);
	soap_add_bool(b, "allowGuestControl",
	    soap_bool(xml_child(old, "allowGuestControl"), true));
	soap_add_bool(b, "connected", false);
	n = xml_child(old, "status");
	xml_add_elem(b, "status", n == NULL ? NULL : xml_text(n));
	soap_close(b, "connectable");
}

static void
add_address(struct buf *b, const char *mac)
{
	/* "generated" without an address: the server makes one. */
	xml_add_elem(b, "addressType", mac == NULL ? "generated" : "manual");
	xml_add_elem(b, "macAddress", mac);
}

/* The changed fields come in their places, also if the device had none. */
struct edit {
	const struct vmop_nic *change;
	const struct xml_node *connectable; /* the old one */
	bool needs_connectable;
	bool needs_address;
};

/* name: of the field that comes next, NULL at the end. */
static void
add_due(struct buf *b, struct edit *edit, const char *name)
{
	if (edit->needs_connectable &&
	    (name == NULL || !is_before(name, "connectable"))) {
		edit->needs_connectable = false;
		add_connectable(b, edit->connectable);
	}
	if (edit->needs_address && (name == NULL || !is_before(name, NULL))) {
		edit->needs_address = false;
		add_address(b, edit->change->mac);
	}
}

static bool
is_replaced(const struct vmop_nic *change, const char *name)
{
	if (strcmp(name, "connectable") == 0)
		return change->disconnect;
	return change->has_mac &&
	    (strcmp(name, "addressType") == 0 ||
		strcmp(name, "macAddress") == 0);
}

int
vmop_nic_add_edit(struct buf *b, const struct xml_node *device,
    const struct vmop_nic *change, struct err *e)
{
	struct edit edit = { change, xml_child(device, "connectable"),
		change->disconnect, change->has_mac };
	const struct xml_node *n = xml_child(device, NULL);

	soap_open(b, "deviceChange", "VirtualDeviceConfigSpec");
	xml_add_elem(b, "operation", "edit");
	soap_open(b, "device", xml_type(device));
	for (; n != NULL; n = xml_next(n, NULL)) {
		add_due(b, &edit, xml_name(n));
		if (!is_replaced(change, xml_name(n)) &&
		    xml_add_copy(b, n, xml_name(n), e) == -1)
			return -1;
	}
	add_due(b, &edit, NULL);
	soap_close(b, "device");
	soap_close(b, "deviceChange");
	return 0;
}

static bool
is_reserved(const char *mac)
{
	static const char *const made[] = { "00:0c:29:", "00:05:69:",
		"00:1c:14:" };
	static const char both[] = "00:50:56:"; /* manual ones, and vCenter's */
	size_t i;

	for (i = 0; i < sizeof(made) / sizeof(made[0]); i++)
		if (strncasecmp(mac, made[i], strlen(made[i])) == 0)
			return true;
	return strncmp(mac, both, sizeof(both) - 1) == 0 &&
	    strtoul(mac + sizeof(both) - 1, NULL, 16) > MANUAL_MAX;
}

bool
vmop_nic_needs_setting(const struct vmop_nic *change,
    char key[VMOP_NIC_KEY_SIZE])
{
	int at = change->key - FIRST_KEY;

	if (!change->has_mac || change->mac == NULL || at < 0 ||
	    at >= CARDS_MAX || !is_reserved(change->mac))
		return false;
	snprintf(key, VMOP_NIC_KEY_SIZE, "ethernet%d.checkMACAddress", at);
	return true;
}
