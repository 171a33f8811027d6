#include "job/attest.h"

#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "image/content.h"
#include "image/ovf.h"
#include "vsphere/descriptor.h"

static const struct lease_checksum *
find(const struct lease_checksum *sums, size_t n, const char *key)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(sums[i].key, key) == 0)
			return &sums[i];
	return NULL;
}

/* 1: the same, 0: the host gave nothing to compare, -1: another. */
static int
compare(const struct fetch *f, const struct lease_checksum *c, struct err *e)
{
	const char *theirs = c->sha256, *ours = f->sha256;

	if (theirs[0] == '\0') {
		theirs = c->sha1;
		ours = f->sha1;
	}
	if (c->size != 0 && c->size != f->bytes)
		return err_set(e, ERR_IO,
		    "%s: %ju bytes came, the host sent %ju", f->label,
		    (uintmax_t)f->bytes, (uintmax_t)c->size);
	if (theirs[0] == '\0' || ours[0] == '\0')
		return 0;
	if (strcmp(theirs, ours) != 0)
		return err_set(e, ERR_IO,
		    "%s: what came has digest %s, the host sent %s", f->label,
		    ours, theirs);
	return 1;
}

/* A host that knows no manifest is no failure; a broken line is. */
static int
get_sums(struct lease *l, struct lease_checksum **sums, size_t *n,
    struct err *e)
{
	struct err own = { 0 };

	if (lease_manifest(l, sums, n, &own) == 0)
		return 0;
	if (own.fault[0] != '\0' && own.class != ERR_PERM) {
		log_step("no manifest from the host: %s", own.text);
		return 0;
	}
	if (e->class == ERR_NONE)
		*e = own;
	return -1;
}

static void
judge(struct fetch *f, const struct lease_checksum *c)
{
	int rc = c == NULL ? 0 : compare(f, c, &f->err);

	if (rc == -1) {
		f->is_done = false;
		f->fault = FETCH_BODY;
		return;
	}
	f->is_attested = true;
	f->verdict = rc == 1 ? "verified" : "unverified";
}

int
attest_manifest(struct lease *l, struct match *m, struct err *e)
{
	struct lease_checksum *sums = NULL;
	size_t n = 0, i;
	int rc;

	rc = get_sums(l, &sums, &n, e);
	for (i = 0; rc == 0 && i < m->n; i++)
		if (m->fetches[i].is_done && !m->fetches[i].is_attested)
			judge(&m->fetches[i], find(sums, n, m->keys[i]));
	lease_manifest_free(sums, n);
	return rc;
}

static int
check_files(const struct ovf *o, const struct match *m, struct err *e)
{
	const struct ovf_file *file;
	size_t i;

	for (i = 0; i < m->n; i++) {
		const struct fetch *f = &m->fetches[i];

		file = ovf_file_by_href(o, f->file);
		if (file == NULL)
			return err_set(e, ERR_PROTO, "does not name %s (%s)",
			    f->file, f->label);
		if (!file->has_size || file->size != f->bytes)
			return err_set(e, ERR_PROTO,
			    "gives %s %ju bytes, it has %ju", f->file,
			    (uintmax_t)file->size, (uintmax_t)f->bytes);
	}
	if (o->n_files != m->n)
		return err_set(e, ERR_PROTO, "names %zu files instead of %zu",
		    o->n_files, m->n);
	return 0;
}

static int
check_disks(const struct ovf *o, const struct match *m, struct err *e)
{
	size_t i, j, n = 0;

	for (i = 0; i < m->n; i++) {
		const struct fetch *f = &m->fetches[i];

		if (!f->is_disk)
			continue;
		for (j = 0; j < o->n_disks; j++)
			if (o->disks[j].file != NULL &&
			    strcmp(o->disks[j].file->href, f->file) == 0)
				break;
		if (j == o->n_disks)
			return err_set(e, ERR_PROTO, "has no disk for %s",
			    f->file);
		if (o->disks[j].capacity_bytes != f->info.capacity_bytes)
			return err_set(e, ERR_PROTO,
			    "gives %s a capacity of %ju bytes, it has %ju",
			    f->label, (uintmax_t)o->disks[j].capacity_bytes,
			    (uintmax_t)f->info.capacity_bytes);
		n++;
	}
	if (o->n_disks != n)
		return err_set(e, ERR_PROTO, "has %zu disks instead of %zu",
		    o->n_disks, n);
	return 0;
}

static int
check_descriptor(const struct buf *text, const struct match *m, struct err *e)
{
	struct ovf o = { 0 };
	int rc = -1;

	if (ovf_parse(text->data, text->len, &o, e) == 0 &&
	    check_files(&o, m, e) == 0 && check_disks(&o, m, e) == 0)
		rc = 0;
	if (rc == -1 && e->class == ERR_DATA)
		e->class = ERR_PROTO;
	ovf_free(&o);
	return rc == -1 ? err_ctx(e, "the host's descriptor") : 0;
}

/* The last grain may be short. */
static uint64_t
populated_bytes(const struct fetch *f)
{
	uint64_t bytes = f->info.grains * CONTENT_GRAIN_BYTES;

	return bytes < f->info.capacity_bytes ? bytes : f->info.capacity_bytes;
}

int
attest_descriptor(struct vim *v, const struct vm *vm,
    const struct moref *snapshot, const struct match *m, struct buf *out,
    struct err *e)
{
	struct descriptor_file *files = calloc(m->n + 1, sizeof(*files));
	struct buf lines = { 0 }; /* the dry run told them already */
	int rc;
	size_t i;

	if (files == NULL)
		return err_sys(e, ERR_OS, "memory");
	for (i = 0; i < m->n; i++) {
		const struct fetch *f = &m->fetches[i];

		files[i].device = m->keys[i];
		files[i].path = f->file;
		files[i].size = f->bytes;
		files[i].capacity = f->info.capacity_bytes;
		files[i].populated = populated_bytes(f);
	}
	rc = descriptor_create(v, &vm->ref, snapshot, files, m->n, out, &lines,
	    e);
	buf_free(&lines);
	free(files);
	if (rc == 0)
		rc = check_descriptor(out, m, e);
	return rc;
}
