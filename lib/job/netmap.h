#ifndef JOB_NETMAP_H
#define JOB_NETMAP_H

#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"
#include "image/ovf.h"
#include "vsphere/importspec.h"
#include "vsphere/placement.h"

/*
 * netmap - which network of the host each network of a descriptor becomes.
 */
struct netmap_want {
	const char *const *pairs; /* "SRC=DST", NULL at the end, or NULL */
	const char *fallback;     /* for those not named, or NULL */
	/* Nothing will be connected: any network does where none is named. */
	bool is_disconnected;
};

/* What is named wins, then a network of the same name, then the fallback.
 * ERR_NOTFOUND with the names on both sides if one has no place to go;
 * ERR_USAGE for a malformed pair.  free() *map; its strings are o's. */
int netmap_make(const struct ovf *o, const struct placement *p,
    const struct netmap_want *w, struct import_network **map, struct err *e);

#endif
