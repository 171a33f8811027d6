#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "image/vmdk.h"
#include "job/verify_internal.h"
#include "store/record.h"

/* One file, and what is said of it. */
struct expected {
	const struct ovf_file *ref;
	const struct ovf_disk *disk;
	const struct mf_entry *entry;
	const json_t *record;
	bool is_small;
};

static bool
is_same(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static bool
is_descriptor(const struct verify *v, const struct verify_file *f)
{
	return is_same(f->name, v->p.descriptor_name);
}

static void
find_expected(const struct verify *v, const char *name, struct expected *x)
{
	size_t i;

	x->ref = ovf_file_by_href(&v->p.ovf, name);
	x->disk = NULL;
	for (i = 0; x->ref != NULL && i < v->p.ovf.n_disks; i++)
		if (v->p.ovf.disks[i].file == x->ref) {
			x->disk = &v->p.ovf.disks[i];
			break;
		}
	x->entry = mf_find(&v->p.manifest, name);
	x->record = verify_names_record(v, name);
	x->is_small = verify_names_is_small(v, name);
}

/* A fault of a part, without the part's name in front. */
static void
fail_part(struct verify_file *f, const struct err *fault)
{
	size_t n = strlen(f->name);
	const char *text = fault->text;
	bool is_damage = fault->class == ERR_DATA ||
	    fault->class == ERR_NOTFOUND || fault->class == ERR_NEGATIVE;

	if (fault->class == ERR_NONE)
		return;
	if (n > 0 && strncmp(text, f->name, n) == 0 &&
	    strncmp(text + n, ": ", 2) == 0)
		text += n + 2;
	verify_fail(f, is_damage ? ERR_NEGATIVE : fault->class, "%s", text);
}

static bool
is_strange(const struct package *p, const char *name)
{
	size_t i;

	for (i = 0; i < p->n_strange; i++)
		if (strcmp(p->strange[i], name) == 0)
			return true;
	return false;
}

static void
judge_presence(const struct verify *v, struct verify_file *f)
{
	if (f->is_there)
		return;
	if (is_strange(&v->p, f->name))
		verify_fail(f, ERR_NEGATIVE, "it is no regular file");
	else if (!ovf_href_is_safe(f->name))
		verify_fail(f, ERR_NEGATIVE,
		    "its name leads out of the package");
	else
		verify_fail(f, ERR_NEGATIVE, "it is not there");
}

/* Named on all sides where it must be, and on no side alone. */
static void
judge_naming(const struct verify *v, struct verify_file *f,
    const struct expected *x)
{
	bool has_descriptor = v->faults.descriptor.class == ERR_NONE;
	bool has_manifest = v->p.manifest_name != NULL &&
	    v->faults.manifest.class == ERR_NONE;

	if (x->is_small && x->ref != NULL)
		verify_fail(f, ERR_NEGATIVE,
		    "the descriptor names it as a file of the VM");
	if (x->is_small && !is_descriptor(v, f) && x->entry != NULL)
		verify_fail(f, ERR_NEGATIVE, "the manifest names it");
	if (verify_names_is_flat(v)) {
		if (x->entry == NULL && has_manifest &&
		    (!x->is_small || is_descriptor(v, f)))
			verify_fail(f, ERR_NEGATIVE,
			    "it is not in the manifest");
		return;
	}
	if (!x->is_small && x->ref == NULL && has_descriptor)
		verify_fail(f, ERR_NEGATIVE,
		    x->entry != NULL || x->record != NULL
			? "the descriptor does not name it"
			: "neither descriptor nor manifest names it");
	if ((x->ref != NULL || is_descriptor(v, f)) && x->entry == NULL &&
	    has_manifest)
		verify_fail(f, ERR_NEGATIVE, "it is not in the manifest");
	if (x->ref != NULL && x->record == NULL && v->p.record != NULL)
		verify_fail(f, ERR_NEGATIVE, RECORD_FILE " does not name it");
}

/* A number of the record, or -1. */
static json_int_t
number(const json_t *record, const char *key)
{
	const json_t *n = json_object_get(record, key);

	return json_is_integer(n) ? json_integer_value(n) : -1;
}

static const char *
text(const json_t *record, const char *key)
{
	return json_string_value(json_object_get(record, key));
}

static void
judge_size(struct verify_file *f, const struct expected *x)
{
	json_int_t recorded = number(x->record, "size");

	if (x->ref != NULL && x->ref->has_size && x->ref->size != f->size_bytes)
		verify_fail(f, ERR_NEGATIVE,
		    "%ju bytes, the descriptor says %ju",
		    (uintmax_t)f->size_bytes, (uintmax_t)x->ref->size);
	if (recorded >= 0 && (uintmax_t)recorded != f->size_bytes)
		verify_fail(f, ERR_NEGATIVE,
		    "%ju bytes, " RECORD_FILE " says %jd",
		    (uintmax_t)f->size_bytes, (intmax_t)recorded);
}

/* Why the structure is as it is: damaged here, or made so? */
static const char *
word_on_digest(const struct verify_file *f, const struct mf_entry *entry)
{
	if (entry == NULL || f->digests[entry->kind] == NULL)
		return "";
	return strcmp(f->digests[entry->kind], entry->hex) == 0
	    ? "; its digest is the manifest's all the same"
	    : "; its digest is not the manifest's either";
}

static void
judge_digests(struct verify_file *f, const struct expected *x)
{
	const char *recorded = text(x->record, "sha256");
	const struct mf_entry *entry = x->entry;

	if (f->fault != NULL)
		verify_fail(f, ERR_NEGATIVE, "%s%s", f->fault,
		    word_on_digest(f, entry));
	/* Without a look at the file, too. */
	if (entry != NULL && entry->kind == DIGEST_SHA256 && recorded != NULL &&
	    strcasecmp(entry->hex, recorded) != 0)
		verify_fail(f, ERR_NEGATIVE,
		    "its digests in the manifest and in " RECORD_FILE
		    " are not the same");
	if (entry != NULL && f->digests[entry->kind] != NULL &&
	    strcmp(f->digests[entry->kind], entry->hex) != 0)
		verify_fail(f, ERR_NEGATIVE, "its %s is not the manifest's",
		    digest_name(entry->kind));
	if (recorded != NULL && f->digests[DIGEST_SHA256] != NULL &&
	    strcasecmp(f->digests[DIGEST_SHA256], recorded) != 0)
		verify_fail(f, ERR_NEGATIVE,
		    "its SHA256 is not the one in " RECORD_FILE);
}

static void
judge_recorded_disk(struct verify_file *f, const json_t *record)
{
	const struct verify_disk *d = f->disk;
	json_int_t capacity = number(record, "capacity");
	const char *content = text(record, "content_sha256");
	const char *cid = text(record, "cid");

	if (capacity >= 0 && (uintmax_t)capacity != d->info.capacity_bytes)
		verify_fail(f, ERR_NEGATIVE,
		    "a disk of %ju bytes, " RECORD_FILE " says %jd",
		    (uintmax_t)d->info.capacity_bytes, (intmax_t)capacity);
	if (cid != NULL && *cid != '\0' && !d->is_raw &&
	    strtoul(cid, NULL, 16) != d->info.cid)
		verify_fail(f, ERR_NEGATIVE,
		    "its CID is %08x, " RECORD_FILE " says %.8s", d->info.cid,
		    cid);
	if (content != NULL && d->content[0] != '\0' &&
	    strcasecmp(content, d->content) != 0)
		verify_fail(f, ERR_NEGATIVE,
		    "its content digest is not the one in " RECORD_FILE);
}

static void
warn_of_format(const struct verify *v, const struct verify_file *f,
    const struct ovf_disk *disk)
{
	if (disk != NULL && f->class == ERR_NONE &&
	    v->conf->level == VERIFY_DEEP)
		verify_warn(v->r, "W_FORMAT",
		    "%s%s: no streamOptimized disk (format '%.100s'): only "
		    "its size and digest were checked",
		    v->r->prefix, f->name,
		    disk->format == NULL ? "" : disk->format);
}

static void
judge_disk(const struct verify *v, struct verify_file *f,
    const struct expected *x)
{
	const struct verify_disk *d = f->disk;

	if (d == NULL)
		warn_of_format(v, f, x->disk);
	if (d == NULL || !d->has_header)
		return;
	if (x->disk != NULL && x->disk->has_capacity &&
	    x->disk->capacity_bytes != d->info.capacity_bytes)
		verify_fail(f, ERR_NEGATIVE,
		    "a disk of %ju bytes, the descriptor says %ju",
		    (uintmax_t)d->info.capacity_bytes,
		    (uintmax_t)x->disk->capacity_bytes);
	judge_recorded_disk(f, x->record);
	if (x->disk != NULL && x->disk->parent_ref == NULL &&
	    d->info.parent_cid != VMDK_NO_PARENT)
		verify_fail(f, ERR_NEGATIVE,
		    "it is no whole disk: it needs a parent of CID %08x",
		    d->info.parent_cid);
	/* Of a file that failed the reason is enough. */
	if (v->is_single && d->info.parent_cid != VMDK_NO_PARENT &&
	    f->class == ERR_NONE)
		verify_warn(v->r, "W_PARENT",
		    "%s: it is no whole disk: it needs a parent of CID %08x",
		    v->r->path, d->info.parent_cid);
	if (d->info.warning != NULL && f->class == ERR_NONE)
		verify_warn(v->r, "W_VMDK", "%s%s: %s",
		    f->name[0] == '\0' ? v->r->path : v->r->prefix, f->name,
		    d->info.warning);
}

static void
judge_small(struct verify *v, struct verify_file *f)
{
	if (is_descriptor(v, f)) {
		fail_part(f, &v->faults.descriptor);
		if (v->p.is_archive && v->p.n_files > 0 &&
		    !is_same(v->p.files[0].name, f->name))
			verify_fail(f, ERR_NEGATIVE,
			    "it is not the first in the archive");
	} else if (is_same(f->name, v->p.manifest_name)) {
		fail_part(f, &v->faults.manifest);
	} else if (is_same(f->name, v->p.certificate_name)) {
		fail_part(f, &v->faults.certificate);
		verify_sign(v, f);
	} else {
		fail_part(f, &v->faults.record);
	}
}

/* Of the small files only the descriptor is in the manifest. */
static int
look_at_descriptor(const struct verify *v, struct verify_file *f, struct err *e)
{
	struct verify_way way = verify_names_way(v, f->name);

	way.level = v->conf->level;
	if (!f->is_there || v->p.descriptor.data == NULL)
		return 0;
	return verify_look_data(f, &way, v->p.descriptor.data,
	    v->p.descriptor.len, e);
}

static int
judge_file(struct verify *v, struct verify_file *f, struct err *e)
{
	struct expected x;

	if (v->is_single || f->name[0] == '\0') {
		/* Of a whole archive nothing but its fault is known. */
		x = (struct expected){ 0 };
		fail_part(f, &v->faults.whole);
	} else {
		find_expected(v, f->name, &x);
		judge_presence(v, f);
	}
	if (x.is_small) {
		if (is_descriptor(v, f) && look_at_descriptor(v, f, e) == -1)
			return -1;
		judge_small(v, f);
	}
	if (!v->is_single && f->name[0] != '\0')
		judge_naming(v, f, &x);
	if (f->is_there)
		judge_size(f, &x);
	judge_digests(f, &x);
	judge_disk(v, f, &x);
	return 0;
}

static void
warn_of_manifest(const struct verify *v)
{
	size_t i;

	for (i = 0; i < v->p.manifest.n; i++) {
		if (!v->p.manifest.entries[i].is_odd)
			continue;
		verify_warn(v->r, "W_MANIFEST_FORM",
		    "%s%s: line %u is not of the form SHA256(file)= hex: "
		    "VMware's tools refuse it",
		    v->r->prefix, v->p.manifest_name,
		    v->p.manifest.entries[i].line);
		return;
	}
}

static void
warn_of_package(const struct verify *v)
{
	const char *path = v->r->path;
	bool has_digests = v->p.manifest_name != NULL || v->p.record != NULL;

	if (v->is_folder && v->p.record == NULL &&
	    v->faults.record.class == ERR_NONE)
		verify_warn(v->r, "W_NO_RECORD",
		    "%s: there is no " RECORD_FILE
		    ": whether all of the backup is there is not known",
		    path);
	if (v->is_single || v->conf->level == VERIFY_QUICK)
		return;
	if (!has_digests && v->p.descriptor_name != NULL)
		verify_warn(v->r, "W_NO_DIGESTS",
		    "%s: there is nothing to compare digests with", path);
}

int
verify_judge(struct verify *v, struct err *e)
{
	size_t i;

	for (i = 0; i < v->r->n_files; i++)
		if (judge_file(v, &v->r->files[i], e) == -1)
			return -1;
	warn_of_manifest(v);
	warn_of_package(v);
	return 0;
}
