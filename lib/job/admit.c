#include "job/admit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/num.h"
#include "job/proof.h"
#include "job/receipt.h"
#include "job/supply_flat.h"
#include "vsphere/inv.h"
#include "vsphere/vmop.h"

enum { HREF_TOLD = 200 };

static bool
is_gzip(const struct ovf_file *f)
{
	return f->compression != NULL && strcmp(f->compression, "gzip") == 0;
}

/* How many disks a file is for; *capacity_bytes is theirs, 0 if a property
 * sets it or they differ: then they are grown from what the file has. */
static size_t
disks_of(const struct ovf *o, const struct ovf_file *f,
    uint64_t *capacity_bytes)
{
	size_t i, n = 0;

	*capacity_bytes = 0;
	for (i = 0; i < o->n_disks; i++) {
		if (o->disks[i].file != f)
			continue;
		if (n++ == 0)
			*capacity_bytes = o->disks[i].capacity_bytes;
		else if (*capacity_bytes != o->disks[i].capacity_bytes)
			*capacity_bytes = 0;
	}
	return n;
}

static void
fill_upload(const struct ovf *o, const struct ovf_file *f, struct upload *u)
{
	*u = (struct upload){ .file = f->href,
		.is_gzip = is_gzip(f),
		.verdict = "unverified" };
	u->is_disk = disks_of(o, f, &u->capacity_bytes) > 0;
}

static int
check_kind(const struct supply *s, struct err *e)
{
	const json_t *record = s->package.record;
	const char *kind, *mode;

	kind = json_string_value(json_object_get(record, "kind"));
	mode = json_string_value(json_object_get(record, "mode"));
	if (kind != NULL && strcmp(kind, "inc") == 0)
		return err_set(e, ERR_DATA,
		    "%s is an incremental point: make a full one of it first",
		    s->package.path);
	if (mode != NULL && strcmp(mode, "ovf") != 0 && s->flat == NULL)
		return err_set(e, ERR_DATA,
		    "%s is a point of mode %.20s, which this version does "
		    "not know",
		    s->package.path, mode);
	if (s->package.ovf.n_systems != 1)
		return err_set(e, ERR_DATA,
		    "%s describes %zu VMs, only one can be restored at a time",
		    s->package.path, s->package.ovf.n_systems);
	return 0;
}

static int
check_form(const struct ovf_file *f, struct err *e)
{
	if (!ovf_href_is_safe(f->href))
		return err_set(e, ERR_DATA,
		    "%.*s: only names in the backup's own folder are taken",
		    HREF_TOLD, f->href);
	if (f->chunk_size != 0)
		return err_set(e, ERR_DATA,
		    "%s is cut into chunks (ovf:chunkSize): join them and "
		    "remove the attribute",
		    f->href);
	if (f->compression != NULL && f->compression[0] != '\0' &&
	    !is_gzip(f) && strcmp(f->compression, "identity") != 0)
		return err_set(e, ERR_DATA, "%s: unknown compression '%.40s'",
		    f->href, f->compression);
	return 0;
}

static int
refuse_missing(const struct package *p, const char *href, struct err *e)
{
	size_t i;

	for (i = 0; i < p->n_strange; i++)
		if (strcmp(p->strange[i], href) == 0)
			return err_set(e, ERR_DATA, "%s: %s is no regular file",
			    p->path, href);
	return err_set(e, ERR_DATA, "%s: there is no %s", p->path, href);
}

static int
check_size(const struct supply *s, const struct ovf_file *f, struct err *e)
{
	const struct package_file *file = package_find(&s->package, f->href);

	if (file == NULL)
		return refuse_missing(&s->package, f->href, e);
	if (f->has_size && f->size != 0 && file->size_bytes != f->size)
		return err_set(e, ERR_DATA,
		    "%s has %ju bytes, the descriptor says %ju", f->href,
		    (uintmax_t)file->size_bytes, (uintmax_t)f->size);
	return 0;
}

/* In an archive all members must be spoken for; a folder may hold more. */
static int
check_members(const struct supply *s, struct err *e)
{
	const struct package *p = &s->package;
	const char *name;
	size_t i;

	if (p->is_archive && p->n_files > 0 &&
	    strcmp(p->files[0].name, p->descriptor_name) != 0)
		return err_set(e, ERR_DATA,
		    "%s: an OVA begins with its descriptor, this with %s: "
		    "unpack it and give %s",
		    p->path, p->files[0].name, p->descriptor_name);
	for (i = 0; p->is_archive && i < p->n_files; i++) {
		name = p->files[i].name;
		if (strcmp(name, p->descriptor_name) == 0 ||
		    (p->manifest_name != NULL &&
			strcmp(name, p->manifest_name) == 0) ||
		    (p->certificate_name != NULL &&
			strcmp(name, p->certificate_name) == 0) ||
		    ovf_file_by_href(&p->ovf, name) != NULL)
			continue;
		return err_set(e, ERR_DATA,
		    "%s: the descriptor does not name %s", p->path, name);
	}
	return 0;
}

static int
check_files(struct supply *s, bool passes_damage, struct deploy_result *r,
    struct err *e)
{
	const struct ovf *o = &s->package.ovf;
	struct upload u;
	size_t i;

	for (i = 0; i < o->n_files; i++) {
		struct err own = { 0 };

		if (check_form(&o->files[i], e) == -1)
			return -1;
		if (s->is_stream)
			continue;
		if (package_find(&s->package, o->files[i].href) == NULL)
			return check_size(s, &o->files[i], e);
		fill_upload(o, &o->files[i], &u);
		if (check_size(s, &o->files[i], &own) == 0 &&
		    (!u.is_disk || upload_check_head(s, &u, &own) == 0))
			continue;
		if (!passes_damage) {
			*e = own;
			return -1;
		}
		receipt_warn(r, "W_DAMAGED", own.text);
	}
	return 0;
}

int
admit_source(struct supply *s, const struct deploy_conf *conf,
    struct deploy_result *r, struct err *e)
{
	struct err own = { 0 };

	if (check_kind(s, e) == -1 || check_members(s, e) == -1 ||
	    check_files(s, conf->passes_damage, r, e) == -1)
		return -1;
	if (supply_manifest(s) == NULL) {
		if (s->is_stream && conf->is_idempotent)
			return err_set(e, ERR_USAGE,
			    "--state present: the manifest of this OVA comes "
			    "last, restore it from a file");
		if (!s->is_stream)
			receipt_warn(r, "W_NO_MANIFEST",
			    "the backup has no manifest: nothing says that its "
			    "files are what they were");
		return 0;
	}
	if (proof_manifest(s, &own) == 0)
		return 0;
	if (!conf->passes_damage) {
		*e = own;
		return -1;
	}
	receipt_warn(r, "W_DAMAGED", own.text);
	return 0;
}

/* Thin disks take at least what their streams do. */
static uint64_t
bytes_needed(const struct supply *s, const struct deploy_conf *conf)
{
	bool is_thin = strcmp(conf->disk_mode, "thin") == 0;
	const struct ovf *o = &s->package.ovf;
	const struct package_file *f;
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < o->n_disks; i++) {
		uint64_t n = o->disks[i].capacity_bytes;

		if (is_thin) {
			f = o->disks[i].file == NULL
			    ? NULL
			    : package_find(&s->package, o->disks[i].file->href);
			n = f != NULL                  ? f->size_bytes
			    : o->disks[i].file != NULL ? o->disks[i].file->size
						       : 0;
		}
		if (__builtin_add_overflow(sum, n, &sum))
			return UINT64_MAX;
	}
	return sum;
}

static int
check_room(const struct supply *s, const struct deploy_conf *conf,
    const struct placement *p, struct err *e)
{
	uint64_t need = bytes_needed(s, conf);
	char has[16], wants[16];

	if (need <= p->free_bytes)
		return 0;
	num_format_size(p->free_bytes, has, sizeof(has));
	num_format_size(need, wants, sizeof(wants));
	return err_set(e, ERR_IO,
	    "datastore '%s' has %s free, the disks take %s at least",
	    p->datastore_name, has, wants);
}

/* Zeros of flat disks take none, but nobody knows how many there are. */
static void
warn_of_room(const struct supply *s, const struct deploy_conf *conf,
    const struct placement *p, struct deploy_result *r)
{
	bool is_thin = strcmp(conf->disk_mode, "thin") == 0;
	char has[16], wants[16], text[400];
	uint64_t used = 0;

	if (s->flat != NULL && is_thin)
		used = supply_flat_used(s->flat);
	if (used <= p->free_bytes)
		return;
	num_format_size(p->free_bytes, has, sizeof(has));
	num_format_size(used, wants, sizeof(wants));
	snprintf(text, sizeof(text),
	    "datastore '%.200s' has %s free for up to %s of data: it may not "
	    "fit",
	    p->datastore_name, has, wants);
	receipt_warn(r, "W_LITTLE_ROOM", text);
}

int
admit_place(struct vim *v, const struct deploy_conf *conf,
    struct deploy_result *r, struct placement *p, struct err *e)
{
	if (placement_find(v, &conf->want, p, e) == -1)
		return -1;
	receipt_place(r, p, NULL, 0);
	return 0;
}

int
admit_fit(struct vim *v, const struct supply *s, const struct deploy_conf *conf,
    struct deploy_result *r, const struct placement *p,
    struct import_network **map, struct err *e)
{
	const struct ovf *o = &s->package.ovf;

	if (placement_check_host(v, p, e) == -1 ||
	    (o->hardware != NULL &&
		placement_check_hardware(v, p, o->hardware, e) == -1) ||
	    check_room(s, conf, p, e) == -1 ||
	    netmap_make(o, p, &conf->networks, map, e) == -1)
		return -1;
	receipt_place(r, p, *map, o->n_networks);
	warn_of_room(s, conf, p, r);
	return 0;
}

static const struct inv_entry *
find_name(const struct inv *inv, const char *folder, const char *name)
{
	const struct inv_entry *entry;
	const char *slash;
	size_t i, n = strlen(folder);

	for (i = 0; i < inv->n; i++) {
		entry = &inv->entries[i];
		slash = strrchr(entry->path, '/');
		if (strcmp(entry->name, name) == 0 && slash != NULL &&
		    (size_t)(slash - entry->path) == n &&
		    strncmp(entry->path, folder, n) == 0)
			return entry;
	}
	return NULL;
}

static int
judge_namesake(struct vim *v, const struct supply *s,
    const struct inv_entry *other, bool is_idempotent, struct moref *vm,
    struct err *e)
{
	char *source = NULL;
	bool is_same;

	if (!is_idempotent)
		return err_set(e, ERR_CREATE, "there is a VM '%s' (%s) already",
		    other->name, other->ref.id);
	if (vmop_setting(v, &other->ref, DEPLOY_SOURCE_KEY, &source, e) == -1)
		return -1;
	is_same = source != NULL && strcmp(source, s->id) == 0;
	free(source);
	if (!is_same)
		return err_set(e, ERR_CREATE,
		    "the VM '%s' (%s) was not restored from this backup",
		    other->name, other->ref.id);
	*vm = other->ref;
	return 1;
}

int
admit_name(struct vim *v, const struct supply *s, const char *name,
    const struct placement *p, bool is_idempotent, struct moref *vm,
    struct err *e)
{
	const struct inv_entry *other;
	struct inv inv = { 0 };
	int rc = 0;

	if (inv_read(v, &inv, e) == -1)
		return -1;
	other = find_name(&inv, p->folder_path, name);
	if (other != NULL)
		rc = judge_namesake(v, s, other, is_idempotent, vm, e);
	inv_free(&inv);
	return rc;
}

static int
judge_spec(const struct import_spec *spec, struct deploy_result *r,
    struct err *e)
{
	size_t i;

	for (i = 0; i < spec->n_warnings; i++)
		receipt_warn(r, "W_HOST", spec->warnings[i]);
	for (i = 1; i < spec->n_errors; i++)
		log_error("the host refuses the descriptor: %s",
		    spec->errors[i]);
	if (spec->n_errors > 0)
		return err_set(e, ERR_DATA,
		    "the host refuses the descriptor: "
		    "%.500s",
		    spec->errors[0]);
	if (spec->is_vapp)
		return err_set(e, ERR_DATA,
		    "the host makes a vApp of it, not a VM");
	return 0;
}

int
admit_spec(struct vim *v, const struct supply *s,
    const struct deploy_conf *conf, struct deploy_result *r,
    const struct placement *p, const struct import_network *map,
    struct import_spec *spec, struct err *e)
{
	const struct import_params params = {
		.descriptor = buf_text(supply_descriptor(s)),
		.name = r->name,
		.disk_mode = conf->disk_mode,
		.deployment = "",
		.pool = p->pool,
		.datastore = p->datastore,
		.host = p->host,
		.networks = map,
		.n_networks = s->package.ovf.n_networks,
		.properties = conf->properties,
		.n_properties = conf->n_properties,
	};

	if (importspec_create(v, &params, spec, e) == -1)
		return -1;
	return judge_spec(spec, r, e);
}

static bool
is_wanted(const struct import_spec *spec, const char *href)
{
	size_t i;

	for (i = 0; i < spec->n_items; i++)
		if (strcmp(spec->items[i].path, href) == 0)
			return true;
	return false;
}

int
admit_files(struct supply *s, const struct import_spec *spec,
    struct deploy_result *r, struct upload **uploads, struct err *e)
{
	const struct ovf *o = &s->package.ovf;
	const struct ovf_file *f;
	char text[300];
	size_t i;

	*uploads = calloc(spec->n_items + 1, sizeof(**uploads));
	if (*uploads == NULL)
		return err_sys(e, ERR_OS, "memory");
	for (i = 0; i < spec->n_items; i++) {
		f = ovf_file_by_href(o, spec->items[i].path);
		if (f == NULL)
			return err_set(e, ERR_PROTO,
			    "the host wants %.200s, which is not in the "
			    "descriptor",
			    spec->items[i].path);
		fill_upload(o, f, &(*uploads)[i]);
		(*uploads)[i].is_created = spec->items[i].create;
	}
	for (i = 0; i < o->n_files; i++) {
		if (is_wanted(spec, o->files[i].href))
			continue;
		supply_ignore(s, &o->files[i]);
		snprintf(text, sizeof(text), "the host does not want %.200s",
		    o->files[i].href);
		receipt_warn(r, "W_FILE_IGNORED", text);
	}
	return 0;
}
