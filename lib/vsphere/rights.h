#ifndef VSPHERE_RIGHTS_H
#define VSPHERE_RIGHTS_H

#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"
#include "vsphere/vim.h"

/*
 * rights - what the user of a session may do, and what the host's licence lets
 * be done, asked without trying it.
 */
struct rights_licence {
	char name[128]; /* "VMware vSphere 8 Enterprise Plus", "": not told */
	bool is_free;   /* its API only reads */
};

/* Of a host; a vCenter has those of many hosts and tells none here. */
int rights_licence(struct vim *v, struct rights_licence *l, struct err *e);

/* missing[i * n_ids + k]: the user has not the privilege ids[k]
 * ("VApp.Export") on objects[i]. */
int rights_missing(struct vim *v, const struct moref *objects, size_t n,
    const char *const *ids, size_t n_ids, bool *missing, struct err *e);

#endif
