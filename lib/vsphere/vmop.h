#ifndef VSPHERE_VMOP_H
#define VSPHERE_VMOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "vsphere/vim.h"
#include "vsphere/vm.h"

/*
 * vmop - what is done to a VM that was just made: another identity, marks,
 * power, removal.  Each waits until its task has ended.
 */
struct vmop_nic {
	int key;         /* device key */
	bool has_mac;    /* change the address: */
	const char *mac; /* NULL: the host makes one */
	bool disconnect; /* now and at power on */
};

struct vmop_setting {
	const char *key; /* of extraConfig */
	const char *value;
};

struct vmop_changes {
	const char *uuid;          /* BIOS uuid, NULL: as it is */
	const char *instance_uuid; /* NULL: as it is */
	const struct vmop_nic *nics;
	size_t n_nics;
	const struct vmop_setting *settings;
	size_t n_settings;
};

/* ReconfigVM_Task.  The devices are sent back as the server has them, with
 * only the named fields changed. */
int vmop_change(struct vim *v, const struct moref *vm,
    const struct vmop_changes *c, struct err *e);

/* A setting of extraConfig; *value is NULL if there is none; free() it. */
int vmop_setting(struct vim *v, const struct moref *vm, const char *key,
    char **value, struct err *e);

/* A question of a VM that was moved or copied is answered "copied". */
int vmop_power_on(struct vim *v, const struct moref *vm, struct err *e);

enum vmop_wait { VMOP_TOOLS, VMOP_IP, VMOP_OFF };

/* Until the tools run, the guest has an address (*ip, free() it; may be
 * NULL), or the VM is off; ERR_TEMP after limit_s. */
int vmop_wait(struct vim *v, const struct moref *vm, enum vmop_wait what,
    uint64_t limit_s, char **ip, struct err *e);

/* Powers off if it is on, then Destroy_Task: the VM and its files are gone.
 * A VM that is gone already is fine. */
int vmop_destroy(struct vim *v, const struct moref *vm, struct err *e);

/* A random uuid (RFC 4122, version 4). */
void vmop_new_uuid(char out[37]);

#endif
