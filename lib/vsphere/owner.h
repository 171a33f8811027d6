#ifndef VSPHERE_OWNER_H
#define VSPHERE_OWNER_H

#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"
#include "vsphere/inv.h"
#include "vsphere/vim.h"

/*
 * owner - the VM that a disk belongs to, by the disk's file.
 */

/* "[datastore1] web/web.vmdk" rather than a name of a VM. */
bool owner_is_file(const char *operand);

/* Looks at the disks of all VMs: *at is the VM's place in inv, *label the
 * disk's, to be freed.  ERR_NOTFOUND if no VM has it now, or two. */
int owner_find(struct vim *v, const struct inv *inv, const char *file,
    size_t *at, char **label, struct err *e);

#endif
