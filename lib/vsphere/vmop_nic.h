#ifndef VSPHERE_VMOP_NIC_H
#define VSPHERE_VMOP_NIC_H

#include "base/buf.h"
#include "codec/xml.h"
#include "vsphere/vmop.h"

/* vmop_nic - <deviceChange> that edits a network card: device as the server
 * has it, with other values where the change says so. */
int vmop_nic_add_edit(struct buf *b, const struct xml_node *device,
    const struct vmop_nic *change, struct err *e);

#endif
