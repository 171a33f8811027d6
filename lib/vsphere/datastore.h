#ifndef VSPHERE_DATASTORE_H
#define VSPHERE_DATASTORE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "vsphere/vim.h"

/*
 * datastore - what a datastore is, and the room on it (API:
 * Datastore.summary).
 */
struct datastore {
	struct moref ref;
	char *name; /* unescaped, never NULL */
	char *type; /* "VMFS", "NFS", "vsan", "VVOL"; never NULL */
	bool is_accessible;
	uint64_t capacity_bytes;
	uint64_t free_bytes;
};

/* Reads n datastores into *out, as many as there are (*found); free with
 * datastore_free(). */
int datastore_read(struct vim *v, const struct moref *refs, size_t n,
    struct datastore **out, size_t *found, struct err *e);
/* Is "[datastore1] web/web.vmdk", as the server names a file, on it? */
bool datastore_holds(const struct datastore *d, const char *file);
void datastore_free(struct datastore *d, size_t n);

#endif
