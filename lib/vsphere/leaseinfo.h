#ifndef VSPHERE_LEASEINFO_H
#define VSPHERE_LEASEINFO_H

#include "codec/xml.h"
#include "vsphere/lease.h"

/*
 * leaseinfo - HttpNfcLeaseInfo taken apart: which files a lease offers and
 * whom to fetch them from.
 *
 * A URL must be https; on an ESXi host it must name that host (or "*"); on
 * a vCenter it may name another one, which the lease's thumbprint or the
 * CAs identify.
 */
int leaseinfo_read(struct vim *v, const struct xml_node *info,
    struct lease_item **items, size_t *n, struct err *e);
void leaseinfo_free(struct lease_item *items, size_t n);

/* The manifest entries of an HttpNfcLeaseGetManifestResponse. */
int leaseinfo_read_manifest(const struct xml_node *response,
    struct lease_checksum **sums, size_t *n, struct err *e);

#endif
