#ifndef VSPHERE_INV_H
#define VSPHERE_INV_H

#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"
#include "vsphere/vim.h"

/*
 * inv - the inventory: which VMs there are and which a selector means.
 */
struct inv_entry {
	struct moref ref;
	char *name; /* unescaped */
	char *path; /* "DC/vm/folder/NAME" as the server has it: %2f etc. */
	char *uuid; /* BIOS uuid */
	char *instance_uuid;
	bool is_on;
};

/* In order of name, then id.  { 0 } is empty. */
struct inv {
	struct inv_entry *entries;
	size_t n;
};

int inv_read(struct vim *v, struct inv *inv, struct err *e);
void inv_free(struct inv *inv);

#endif
