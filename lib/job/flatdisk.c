#include "job/flatdisk.h"

#include <string.h>
#include <strings.h>

static const char way_out[] = "esxbk-export-ovf can back it up";
static const char raw[] = "a raw device has no flat file";
static const char no_file[] = "on vSAN or vVols its data are no file";
static const char stale[] = "it holds what changed since a snapshot, its flat "
			    "file is older";

static int
refuse(const struct vm_disk *disk, const char *why, struct err *e)
{
	return err_set(e, ERR_DATA, "%s: %s: %s", disk->label, why, way_out);
}

static bool
is_raw_device(const struct vm_disk *disk, const struct vmdkd *d)
{
	return disk->is_physical_rdm ||
	    strstr(disk->backing, "RawDisk") != NULL ||
	    strcmp(d->kind, "VMFSRDM") == 0 ||
	    strcmp(d->create_type, "vmfsRawDeviceMap") == 0 ||
	    strcmp(d->create_type, "vmfsPassthroughRawDeviceMap") == 0;
}

static int
check_kind(const struct vm_disk *disk, const struct vmdkd *d, struct err *e)
{
	if (is_raw_device(disk, d))
		return refuse(disk, raw, e);
	if (strstr(d->file, "://") != NULL)
		return refuse(disk, no_file, e);
	if (d->parent_cid != UINT32_MAX)
		return refuse(disk, stale, e);
	if (strcmp(d->kind, "VMFS") != 0 && strcmp(d->kind, "FLAT") != 0)
		return err_set(e, ERR_DATA,
		    "%s: its data are no flat file (createType %s): %s",
		    disk->label, d->create_type, way_out);
	if (d->n_extents != 1)
		return refuse(disk, "its data are in several files", e);
	if (d->file[0] == '\0' || d->file[0] == '.' ||
	    strchr(d->file, '/') != NULL)
		return refuse(disk, "its data lie elsewhere", e);
	return 0;
}

int
flatdisk_check(const struct vm_disk *disk, const char *store_type,
    bool is_above_ours, struct err *e)
{
	if (disk->is_physical_rdm || strstr(disk->backing, "RawDisk") != NULL)
		return refuse(disk, raw, e);
	if (strcasecmp(store_type, "vsan") == 0 ||
	    strcasecmp(store_type, "VVOL") == 0)
		return refuse(disk, no_file, e);
	if (disk->has_parent && !is_above_ours)
		return refuse(disk, stale, e);
	return 0;
}

static int
read_descriptor(struct vim *v, const char *datacenter,
    const struct vm_disk *disk, struct vmdkd *d, struct err *e)
{
	struct buf b = { .limit = VMDKD_MAX_BYTES };
	int rc = -1;

	if (dsfile_get(v, datacenter, disk->file, &b, e) == -1)
		err_ctx(e, "%s", disk->label);
	else if (vmdkd_parse(buf_text(&b), b.len, d, e) == -1)
		err_ctx(e, "%s: %s", disk->label, disk->file);
	else
		rc = 0;
	buf_free(&b);
	return rc;
}

/* The data lie beside the descriptor. */
static int
open_data(struct vim *v, const char *datacenter, const struct vm_disk *disk,
    struct flatdisk *f, struct err *e)
{
	struct buf name = { 0 };
	char datastore[256];
	const char *path, *slash;

	if (dsfile_split(disk->file, datastore, &path) == -1)
		return err_set(e, ERR_PROTO,
		    "%s: '%s' is no file of a datastore", disk->label,
		    disk->file);
	slash = strrchr(path, '/');
	buf_add(&name, disk->file,
	    (size_t)((slash == NULL ? path : slash + 1) - disk->file));
	buf_puts(&name, f->host.file);
	if (buf_check(&name, e) == 0)
		f->data = dsfile_open(v, datacenter, buf_text(&name), e);
	buf_free(&name);
	if (f->data == NULL)
		return err_ctx(e, "%s", disk->label);
	if (dsfile_size(f->data) == disk->capacity_bytes)
		return 0;
	return err_set(e, ERR_PROTO,
	    "%s: its flat file has %ju bytes, the disk %ju", disk->label,
	    (uintmax_t)dsfile_size(f->data), (uintmax_t)disk->capacity_bytes);
}

int
flatdisk_open(struct vim *v, const char *datacenter, const struct vm_disk *disk,
    struct flatdisk *f, struct err *e)
{
	*f = (struct flatdisk){ 0 };
	if (disk->file[0] != '[')
		return refuse(disk, "it is no file of a datastore", e);
	if (read_descriptor(v, datacenter, disk, &f->host, e) == -1 ||
	    check_kind(disk, &f->host, e) == -1)
		return -1;
	if (open_data(v, datacenter, disk, f, e) == 0)
		return 0;
	flatdisk_close(f);
	return -1;
}

void
flatdisk_close(struct flatdisk *f)
{
	dsfile_free(f->data);
	f->data = NULL;
}
