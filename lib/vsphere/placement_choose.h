#ifndef VSPHERE_PLACEMENT_CHOOSE_H
#define VSPHERE_PLACEMENT_CHOOSE_H

#include "vsphere/placement.h"
#include "vsphere/placement_set.h"

/*
 * placement_choose - which objects of the inventory a new VM goes to.
 *
 * The sets begin with what is called as asked for, or with all, and end with
 * the one that was chosen; hosts with all that the VM may run on, networks
 * with those that all of these have.
 */
struct placement_choice {
	struct vim *v;
	const struct placement_want *want;
	struct placement_inv inv;
	struct placement_set computes, hosts, pools, datastores, folders,
	    networks;
	const struct props_object *host; /* NULL: the cluster chooses */
};

int placement_choose(struct vim *v, const struct placement_want *want,
    struct placement_choice *c, struct err *e);
void placement_choose_free(struct placement_choice *c); /* also after -1 */

#endif
