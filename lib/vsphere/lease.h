#ifndef VSPHERE_LEASE_H
#define VSPHERE_LEASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "net/http.h"
#include "vsphere/vim.h"

/*
 * lease - an HttpNfcLease: the right to move one VM's disks for a while.
 *
 * lease_open() waits until the lease is ready and keeps it alive from a
 * thread of its own, by the clock: every 30 s, or a quarter of the lease's
 * time-out if that is less.  These calls keep the session alive, too.
 * lease_commit() tells the server that all went well.  lease_free() of a
 * lease not committed aborts it; on the import side the server then deletes
 * the half-made VM.  One thread owns a lease; any thread may call
 * lease_set_progress() and lease_check().  (API: vim.HttpNfcLease)
 */
struct lease_item {
	char *key;        /* "/vm-42/VirtualLsiLogicController0:0" */
	char *import_key; /* of an import: whose file goes there, or "" */
	char *url;        /* absolute; "*" replaced by the API's host */
	char *target;     /* "disk-0.vmdk" or "" */
	char *host;       /* of the url, for messages */
	bool is_disk;
	bool has_size;
	uint64_t size;           /* non-disk files only */
	char pin[HTTP_PIN_SIZE]; /* of the url's host, or "" */
	bool is_api_host;        /* the API's own TLS policy applies */
};

struct lease_checksum {
	char *key;
	uint64_t size;
	char sha1[41];
	char sha256[65]; /* "" if the server has none */
};

struct lease;

/* Exports a snapshot (ExportSnapshot) or a stopped VM (ExportVm). *stop is
 * set when the lease is lost, so that transfers end at once; see
 * lease_check(). */
struct lease *lease_open(struct vim *v, const struct moref *source,
    volatile bool *stop, struct err *e);

/* Makes the VM of an import specification (ResourcePool.ImportVApp); spec is
 * importspec's XML; folder and host may be { 0 } or NULL.  A lease that fails
 * while it gets ready: ERR_CREATE (name or file taken), ERR_IO (no space),
 * ERR_PERM (privilege, licence), else ERR_TEMP. */
struct lease *lease_import(struct vim *v, const struct moref *pool,
    const struct buf *spec, const struct moref *folder,
    const struct moref *host, volatile bool *stop, struct err *e);

const struct lease_item *lease_items(const struct lease *l, size_t *n);

/* Asks for SHA-256 in lease_manifest(); before any transfer.  False if the
 * server cannot, or an import's items have no keys yet: then there is only
 * SHA-1. */
bool lease_ask_sha256(struct lease *l);

void lease_set_progress(struct lease *l, int percent);

/* -1 with the server's reason if the lease was lost. */
int lease_check(struct lease *l, struct err *e);

/* The same, but asks the server now: after a transfer that failed. */
int lease_look(struct lease *l, struct err *e);

/* What the server says that it sent; free with lease_manifest_free().
 * n is 0 if it says nothing. */
int lease_manifest(struct lease *l, struct lease_checksum **sums, size_t *n,
    struct err *e);
void lease_manifest_free(struct lease_checksum *sums, size_t n);

/* The TLS policy for an item's URL; strings point into l and the session. */
void lease_http_conf(const struct lease *l, const struct lease_item *item,
    struct http_conf *conf);

/* Asks for the items again: an import's keys are known once its files have
 * come.  Earlier items are no longer valid. */
int lease_reread(struct lease *l, struct err *e);

/* Of an import: the VM.  { 0 } if the server does not say. */
const struct moref *lease_entity(const struct lease *l);

/* A completion whose answer was lost is looked up in the lease's state. */
int lease_commit(struct lease *l, struct err *e);
void lease_free(struct lease *l); /* NULL is fine */

#endif
