#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "job/verify_internal.h"
#include "store/record.h"

static const char *const lists[] = { "disks", "files" };

const json_t *
verify_names_record(const struct verify *v, const char *name)
{
	const json_t *list, *entry;
	const char *file;
	size_t i, at;

	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		list = json_object_get(v->p.record, lists[i]);
		for (at = 0; at < json_array_size(list); at++) {
			entry = json_array_get(list, at);
			file = json_string_value(
			    json_object_get(entry, "file"));
			if (file != NULL && strcmp(file, name) == 0)
				return entry;
		}
	}
	return NULL;
}

static bool
is_same(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

bool
verify_names_is_small(const struct verify *v, const char *name)
{
	return is_same(name, v->p.descriptor_name) ||
	    is_same(name, v->p.manifest_name) ||
	    is_same(name, v->p.certificate_name) ||
	    (!v->p.is_archive && is_same(name, RECORD_FILE));
}

static bool
is_stream_format(const char *format)
{
	const char *kind = format == NULL ? NULL : strchr(format, '#');

	return kind != NULL && strcasecmp(kind, "#streamOptimized") == 0;
}

static const struct ovf_disk *
disk_of(const struct ovf *o, const struct ovf_file *file)
{
	size_t i;

	for (i = 0; i < o->n_disks; i++)
		if (o->disks[i].file == file)
			return &o->disks[i];
	return NULL;
}

bool
verify_names_is_flat(const struct verify *v)
{
	const char *mode = json_string_value(
	    json_object_get(v->p.record, "mode"));

	return mode != NULL && strcmp(mode, "vmdk") == 0;
}

/* Of a flat disk the record says that it has a descriptor beside it. */
static uint64_t
raw_bytes(const struct verify *v, const char *name)
{
	const json_t *record = verify_names_record(v, name);
	const json_t *size = json_object_get(record, "capacity");

	if (!verify_names_is_flat(v) ||
	    json_object_get(record, "descriptor") == NULL ||
	    !json_is_integer(size) || json_integer_value(size) <= 0)
		return 0;
	return (uint64_t)json_integer_value(size);
}

struct verify_way
verify_names_way(const struct verify *v, const char *name)
{
	struct verify_way way = { .level = v->conf->level };
	const struct ovf_file *ref = ovf_file_by_href(&v->p.ovf, name);
	const struct mf_entry *entry = mf_find(&v->p.manifest, name);
	const struct ovf_disk *disk = ref == NULL ? NULL
						  : disk_of(&v->p.ovf, ref);
	int kind;

	if (v->is_single) {
		way.is_disk = true;
		return way;
	}
	/* What nobody names is a failure whatever is in it. */
	if (ref == NULL && v->p.ovf.n_files > 0)
		way.level = VERIFY_QUICK;
	way.is_disk = disk != NULL && is_stream_format(disk->format);
	way.is_gzip = ref != NULL && ref->compression != NULL &&
	    strcasecmp(ref->compression, "gzip") == 0;
	way.raw_bytes = raw_bytes(v, name);
	if (entry != NULL)
		way.digests[entry->kind] = true;
	if (verify_names_record(v, name) != NULL)
		way.digests[DIGEST_SHA256] = true;
	/* The manifest may come behind the files. */
	for (kind = 0;
	     v->is_pipe && v->p.manifest_name == NULL && kind < VERIFY_DIGESTS;
	     kind++)
		way.digests[kind] = true;
	return way;
}

static int
add(struct verify *v, const char *name, struct err *e)
{
	if (name == NULL)
		return 0;
	return verify_add_file(v->r, name, e) == NULL ? -1 : 0;
}

static int
add_referred(struct verify *v, struct err *e)
{
	size_t i;

	for (i = 0; i < v->p.ovf.n_files; i++)
		if (add(v, v->p.ovf.files[i].href, e) == -1)
			return -1;
	for (i = 0; i < v->p.manifest.n; i++)
		if (add(v, v->p.manifest.entries[i].name, e) == -1)
			return -1;
	return 0;
}

static int
add_recorded(struct verify *v, struct err *e)
{
	const json_t *list, *file;
	size_t i, at;

	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		list = json_object_get(v->p.record, lists[i]);
		for (at = 0; at < json_array_size(list); at++) {
			file = json_object_get(json_array_get(list, at),
			    "file");
			if (add(v, json_string_value(file), e) == -1)
				return -1;
		}
	}
	return 0;
}

/* Are there files of the package below it? */
static bool
is_folder_of_files(const struct verify *v, const char *name)
{
	size_t n = strlen(name), i;

	for (i = 0; i < v->p.n_files; i++)
		if (strncmp(v->p.files[i].name, name, n) == 0 &&
		    v->p.files[i].name[n] == '/')
			return true;
	return false;
}

static int
add_present(struct verify *v, struct err *e)
{
	size_t i;

	for (i = 0; i < v->p.n_files; i++)
		if (add(v, v->p.files[i].name, e) == -1)
			return -1;
	for (i = 0; i < v->p.n_strange; i++)
		if (!is_folder_of_files(v, v->p.strange[i]) &&
		    add(v, v->p.strange[i], e) == -1)
			return -1;
	return 0;
}

/* A point was made with one, and of its descriptor no other digest is kept. */
static int
add_lost_manifest(struct verify *v, struct err *e)
{
	struct verify_file *f;
	char *name;

	if (v->p.manifest_name != NULL)
		return 0;
	if (asprintf(&name, "%s.mf", v->p.stem) == -1)
		return err_sys(e, ERR_OS, "memory");
	f = verify_add_file(v->r, name, e);
	free(name);
	if (f == NULL)
		return -1;
	verify_fail(f, ERR_NEGATIVE,
	    "it is not there: nothing tells whether the descriptor is what it "
	    "was");
	return 0;
}

int
verify_names(struct verify *v, struct err *e)
{
	bool has_record = v->p.record != NULL ||
	    v->faults.record.class != ERR_NONE;

	/* The archive by itself. */
	if (v->p.is_archive && v->faults.whole.class != ERR_NONE &&
	    add(v, "", e) == -1)
		return -1;
	if (add(v, v->p.descriptor_name, e) == -1 ||
	    add(v, v->p.manifest_name, e) == -1 ||
	    add(v, v->p.certificate_name, e) == -1 ||
	    (has_record &&
		(add_lost_manifest(v, e) == -1 ||
		    add(v, RECORD_FILE, e) == -1)))
		return -1;
	if (add_referred(v, e) == -1 || add_recorded(v, e) == -1)
		return -1;
	return add_present(v, e);
}

static bool
is_packed_oddly(const struct ovf_file *f)
{
	return f->compression != NULL && f->compression[0] != '\0' &&
	    strcasecmp(f->compression, "identity") != 0 &&
	    strcasecmp(f->compression, "gzip") != 0;
}

int
verify_names_support(const struct verify *v, struct err *e)
{
	const char *kind = json_string_value(
	    json_object_get(v->p.record, "kind"));
	size_t i;

	if (kind != NULL && strcmp(kind, "full") != 0)
		return err_set(e, ERR_DATA,
		    "%s: a backup of kind '%.40s': this version checks full "
		    "ones only",
		    v->r->path, kind);
	for (i = 0; i < v->p.ovf.n_files; i++) {
		const struct ovf_file *f = &v->p.ovf.files[i];

		if (is_packed_oddly(f))
			return err_set(e, ERR_DATA,
			    "%s: %s is compressed (ovf:compression='%.40s'), "
			    "which this version cannot read",
			    v->r->path, f->href, f->compression);
		if (f->chunk_size != 0)
			return err_set(e, ERR_DATA,
			    "%s: %s is cut into chunks (ovf:chunkSize), which "
			    "this version cannot read",
			    v->r->path, f->href);
	}
	return 0;
}
