#ifndef VSPHERE_IMPORTSPEC_H
#define VSPHERE_IMPORTSPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "vsphere/vim.h"

/*
 * importspec - what the host makes of an OVF descriptor
 * (OvfManager.CreateImportSpec): the specification of the VM, the files it
 * wants, what it warns of and what it refuses.
 */
struct import_network {
	const char *name; /* the descriptor's */
	struct moref network;
};

struct import_property {
	const char *key;
	const char *value;
};

struct import_params {
	const char *descriptor; /* text, UTF-8 */
	const char *name;       /* of the new VM, unescaped */
	const char *disk_mode;  /* "thin", "thick", "eagerZeroedThick" */
	const char *deployment; /* option of the descriptor, "" for its own */
	struct moref pool;
	struct moref datastore;
	struct moref host; /* { 0 }: the server chooses */
	const struct import_network *networks;
	size_t n_networks;
	const struct import_property *properties;
	size_t n_properties;
};

struct import_item {       /* OvfFileItem, in the order of upload */
	char *device_id;   /* is a lease item's import_key */
	char *path;        /* href in the descriptor */
	char *compression; /* "gzip" or "" */
	uint64_t chunk_size;
	bool has_size;
	uint64_t size;
	bool create; /* PUT: the file is made as it comes; else a disk */
};

/* All strings are owned.  { 0 } is empty. */
struct import_spec {
	struct buf xml; /* <spec xsi:type="...">: verbatim, for ImportVApp */
	bool is_vapp;   /* VirtualAppImportSpec */
	struct import_item *items;
	size_t n_items;
	char **warnings; /* what the server says, at most 100 of each */
	size_t n_warnings;
	char **errors;
	size_t n_errors;
};

/* 0 also if the server answers with errors: then n_errors is not 0 and xml may
 * be empty.  -1 if it does not answer, or with nonsense. */
int importspec_create(struct vim *v, const struct import_params *params,
    struct import_spec *s, struct err *e);
void importspec_free(struct import_spec *s);

#endif
