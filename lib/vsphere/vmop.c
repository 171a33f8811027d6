#include "vsphere/vmop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include "sys/sig.h"
#include "vsphere/props.h"
#include "vsphere/task.h"
#include "vsphere/vmop_nic.h"

enum { CHANGE_LIMIT_S = 600, LOST_MAX = 3 };

static const char device_path[] = "config.hardware.device";
static const char setting_path[] = "config.extraConfig";

static const struct xml_node *
find_device(const struct xml_node *array, int key)
{
	const struct xml_node *n = xml_child(array, NULL);

	for (; n != NULL; n = xml_next(n, NULL))
		if (soap_u64(xml_child(n, "key"), UINT64_MAX) ==
		    (uint64_t)(unsigned int)key)
			return n;
	return NULL;
}

static int
add_nics(struct vim *v, const struct moref *vm, const struct vmop_changes *c,
    struct buf *b, struct err *e)
{
	static const char *const paths[] = { device_path, NULL };
	const struct xml_node *array, *device;
	struct props p = { 0 };
	int rc = 0;
	size_t i;

	if (c->n_nics == 0)
		return 0;
	if (props_get(v, vm, paths, &p, e) == -1)
		return -1;
	rc = props_check(&p.objects[0], device_path, e);
	array = props_find(&p.objects[0], device_path);
	for (i = 0; rc == 0 && i < c->n_nics; i++) {
		device = find_device(array, c->nics[i].key);
		if (device == NULL)
			rc = err_set(e, ERR_PROTO,
			    "the VM has no device %d any more", c->nics[i].key);
		else
			rc = vmop_nic_add_edit(b, device, &c->nics[i], e);
	}
	props_free(&p);
	return rc;
}

static void
add_setting(struct buf *b, const char *key, const char *value)
{
	soap_open(b, "extraConfig", "OptionValue");
	xml_add_elem(b, "key", key);
	soap_open(b, "value", "xsd:string");
	xml_add_text(b, value);
	soap_close(b, "value");
	soap_close(b, "extraConfig");
}

static void
add_settings(struct buf *b, const struct vmop_changes *c)
{
	char key[VMOP_NIC_KEY_SIZE];
	size_t i;

	for (i = 0; i < c->n_settings; i++)
		add_setting(b, c->settings[i].key, c->settings[i].value);
	for (i = 0; i < c->n_nics; i++)
		if (vmop_nic_needs_setting(&c->nics[i], key))
			add_setting(b, key, "false");
}

static int
reconfigure(struct vim *v, const struct moref *vm, const struct buf *spec,
    struct err *e)
{
	struct moref task;

	if (vim_call_ref(v, "ReconfigVM_Task", vm, spec, &task, e) == -1)
		return -1;
	return task_wait(v, &task, CHANGE_LIMIT_S, "change the VM", NULL, e);
}

/* A reply that was lost says nothing, but the same change can be made twice. */
static int
reconfigure_surely(struct vim *v, const struct moref *vm,
    const struct buf *spec, struct err *e)
{
	int i;

	for (i = 1; reconfigure(v, vm, spec, e) == -1; i++) {
		if (e->fault[0] != '\0' || i == LOST_MAX ||
		    (e->class != ERR_UNAVAIL && e->class != ERR_IO))
			return -1;
		err_clear(e);
		if (task_wait_idle(v, vm, "ReconfigVM_Task", CHANGE_LIMIT_S,
			e) == -1)
			return -1;
	}
	return 0;
}

int
vmop_change(struct vim *v, const struct moref *vm, const struct vmop_changes *c,
    struct err *e)
{
	struct buf spec = { 0 };
	struct err own = { 0 };
	int rc = -1;

	/* In the order of VirtualMachineConfigSpec. */
	soap_open(&spec, "spec", NULL);
	xml_add_elem(&spec, "uuid", c->uuid);
	xml_add_elem(&spec, "instanceUuid", c->instance_uuid);
	if (add_nics(v, vm, c, &spec, &own) == -1)
		goto out;
	add_settings(&spec, c);
	soap_close(&spec, "spec");
	if (buf_check(&spec, &own) == 0)
		rc = reconfigure_surely(v, vm, &spec, &own);
out:
	buf_free(&spec);
	if (rc == -1 && e->class == ERR_NONE)
		*e = own;
	return rc;
}

int
vmop_setting(struct vim *v, const struct moref *vm, const char *key,
    char **value, struct err *e)
{
	static const char *const paths[] = { setting_path, NULL };
	const struct xml_node *n;
	struct props p = { 0 };
	int rc;

	*value = NULL;
	if (props_get(v, vm, paths, &p, e) == -1)
		return -1;
	rc = props_check(&p.objects[0], setting_path, e);
	n = xml_child(props_find(&p.objects[0], setting_path), NULL);
	for (; rc == 0 && n != NULL; n = xml_next(n, NULL)) {
		if (strcmp(xml_text(xml_child(n, "key")), key) != 0)
			continue;
		*value = strdup(xml_text(xml_child(n, "value")));
		if (*value == NULL)
			rc = err_sys(e, ERR_OS, "memory");
		break;
	}
	props_free(&p);
	return rc;
}

void
vmop_new_uuid(char out[37])
{
	unsigned char b[16];
	char *to = out;
	size_t i;

	/* It cannot fail for so few bytes, but a signal may come early. */
	while (getrandom(b, sizeof(b), 0) != sizeof(b))
		;
	b[6] = (b[6] & 0x0f) | 0x40;
	b[8] = (b[8] & 0x3f) | 0x80;
	for (i = 0; i < sizeof(b); i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*to++ = '-';
		to += snprintf(to, 3, "%02x", b[i]);
	}
}
