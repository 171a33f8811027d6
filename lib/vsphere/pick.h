#ifndef VSPHERE_PICK_H
#define VSPHERE_PICK_H

#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"
#include "base/selector.h"
#include "vsphere/inv.h"

/*
 * pick - which VMs of an inventory a command line means.
 *
 * One selector each (esxbk(7), SELECTING VMS): an exact name, name:GLOB,
 * moid:ID, uuid:UUID, path:/DC/vm/NAME, folder:GLOB, power:on|off; with '!'
 * in front it removes.  picked[i] tells for each entry whether it is meant.
 *
 * ERR_USAGE for a malformed selector, a bare word with a glob character
 * included; ERR_NOTFOUND for an exact name, id or path that is not there
 * and for a name that two VMs have, with both ids; ERR_EMPTY if patterns
 * match nothing.
 */
int pick_vms(const struct inv *inv, const char *const *selectors, size_t n,
    bool *picked, struct err *e);

/* The inventory as base/selector takes it; borrows from it, free() it. */
struct selector_vm *pick_list(const struct inv *inv, struct err *e);

#endif
