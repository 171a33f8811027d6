#ifndef VSPHERE_PLACEMENT_H
#define VSPHERE_PLACEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "vsphere/vim.h"

/*
 * placement - where a new VM is to go: pool, folder, host, datastore, and the
 * networks that there are.
 *
 * What is not asked for is taken if there is exactly one candidate; else
 * ERR_USAGE with all of them in one line.  A name that is not there is
 * ERR_NOTFOUND with the names there are; one that two things have, too, with
 * their paths.  Names are exact; a path ("/DC/host/cluster/Resources/pool",
 * as esxbk-list prints those of VMs) is taken for each.
 *
 * Without a pool it is the root pool of the host or cluster, which goes by
 * their name, too.  A host that is in maintenance mode or not connected, and
 * a datastore that is not accessible, are no candidates.
 */
struct placement_want {
	const char *datastore; /* each NULL: not asked for */
	const char *folder;
	const char *pool;
	const char *host;
};

struct placement_network {
	struct moref ref;
	char *name; /* unescaped; "/" and path if another has that name, too */
	char *path; /* "DC/network/NAME" */
};

/* All strings are owned.  { 0 } is empty. */
struct placement {
	struct moref datastore;
	char *datastore_name;
	uint64_t free_bytes;
	struct moref folder;
	char *folder_path; /* "DC/vm/folder": a VM's inventory path without its
			      name */
	struct moref pool;
	char *pool_name;
	struct moref host;    /* { 0 }: a cluster that chooses (DRS) */
	char *host_name;      /* or "" */
	struct moref compute; /* ComputeResource of the pool */
	/* Those the host, or every host of the cluster, has. */
	struct placement_network *networks;
	size_t n_networks;
};

int placement_find(struct vim *v, const struct placement_want *want,
    struct placement *p, struct err *e);

/* ERR_TEMP (fault InvalidState) if the host is in maintenance mode or not
 * connected. */
int placement_check_host(struct vim *v, const struct placement *p,
    struct err *e);

/* hardware: a descriptor's VirtualSystemType, "vmx-19" or several with blanks
 * between; ERR_DATA with what the host can if it can make none of them.
 * (EnvironmentBrowser.QueryConfigOptionDescriptor) */
int placement_check_hardware(struct vim *v, const struct placement *p,
    const char *hardware, struct err *e);

/* By name or path; NULL if there is none. */
const struct placement_network *placement_network(const struct placement *p,
    const char *name);
void placement_free(struct placement *p);

#endif
