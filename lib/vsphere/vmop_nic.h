#ifndef VSPHERE_VMOP_NIC_H
#define VSPHERE_VMOP_NIC_H

#include "base/buf.h"
#include "codec/xml.h"
#include "vsphere/vmop.h"

/* vmop_nic - <deviceChange> that edits a network card: device as the server
 * has it, with other values where the change says so. */
int vmop_nic_add_edit(struct buf *b, const struct xml_node *device,
    const struct vmop_nic *change, struct err *e);

enum { VMOP_NIC_KEY_SIZE = 32 };

/* A host does not start a VM with a manual address of the ranges that it and
 * vCenter draw from, unless it is told not to look: true with the key of the
 * setting that is to be "false" for this change. */
bool vmop_nic_needs_setting(const struct vmop_nic *change,
    char key[VMOP_NIC_KEY_SIZE]);

#endif
