#ifndef JOB_FLATDISK_H
#define JOB_FLATDISK_H

#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "image/vmdkd.h"
#include "vsphere/dsfile.h"
#include "vsphere/vim.h"
#include "vsphere/vm.h"

/*
 * flatdisk - where the data of a VM's disk lie on the datastore, and whether
 * they are one flat file that is all of it.
 */
struct flatdisk {
	struct vmdkd host; /* what the host's descriptor says */
	struct dsfile *data;
};

/* The same as far as the inventory tells, before a snapshot is made.
 * store_type: its datastore's, "" if unknown; is_above_ours: our own snapshot
 * is there. */
int flatdisk_check(const struct vm_disk *disk, const char *store_type,
    bool is_above_ours, struct err *e);

/* Refused, with the way out, is what is no flat file: a disk above another
 * (snapshots), a raw device, one on vSAN or vVols. */
int flatdisk_open(struct vim *v, const char *datacenter,
    const struct vm_disk *disk, struct flatdisk *f, struct err *e);
void flatdisk_close(struct flatdisk *f);

#endif
