#ifndef IMAGE_OVF_H
#define IMAGE_OVF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

/*
 * ovf - what an OVF descriptor says about files, disks and networks
 * (DMTF DSP0243 1.x and 2.x).
 *
 * Untrusted: at most OVF_MAX_BYTES, OVF_MAX_ITEMS of a kind, no DOCTYPE, ids
 * and hrefs unique, references neither dangling nor circular, sizes below
 * 2^63.  Everything else is ERR_DATA with the reason.  { 0 } is an empty
 * value.
 */
enum { OVF_MAX_BYTES = 16 << 20, OVF_MAX_ITEMS = 4096 };

struct ovf_file {
	char *id;
	char *href; /* as given; see ovf_href_is_safe() */
	bool has_size;
	uint64_t size;
	char *compression;   /* "gzip", "identity" or NULL */
	uint64_t chunk_size; /* 0: none */
};

struct ovf_disk {
	char *id;
	const struct ovf_file *file; /* NULL: a blank disk */
	char *parent_ref;            /* id of the parent disk or NULL */
	uint64_t capacity_bytes;     /* 0 if has_capacity is false */
	bool has_capacity;           /* false: "${property}" */
	char *format;                /* URI or NULL */
};

struct ovf {
	int version;    /* 1 or 2 */
	char *name;     /* VirtualSystem's Name or id, or NULL */
	char *hardware; /* "vmx-19 ..." VirtualSystemType or NULL */
	struct ovf_file *files;
	size_t n_files;
	struct ovf_disk *disks;
	size_t n_disks;
	char **networks;
	size_t n_networks;
	size_t n_systems; /* VirtualSystems, those of a collection too */
};

/* *o is empty on failure. */
int ovf_parse(const void *p, size_t n, struct ovf *o, struct err *e);
const struct ovf_file *ovf_file_by_href(const struct ovf *o, const char *href);
void ovf_free(struct ovf *o);

/* A relative name in the descriptor's own folder or below: no "..", no
 * leading '/', no backslash, no scheme, no control characters. */
bool ovf_href_is_safe(const char *href);

#endif
