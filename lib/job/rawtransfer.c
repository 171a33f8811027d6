#include "job/rawtransfer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/num.h"
#include "image/vmdk.h"
#include "job/account.h"
#include "job/flatdisk.h"
#include "job/preflight.h"
#include "job/rawcheck.h"
#include "job/rawdisk.h"
#include "job/rawfiles.h"
#include "job/rawpipe.h"
#include "vsphere/descriptor.h"

enum { LINES = 4 };

/* One transfer on its way. */
struct raw {
	const struct transfer *t;
	char *datacenter;
	struct flatdisk *disks; /* beside the match's fetches */
	struct journal **journal;
	bool is_resumed;
	bool is_shown;
};

static const struct moref *
snapshot_of(const struct transfer *t)
{
	return t->source == &t->vm->ref ? NULL : t->source;
}

static int
add_fetch(struct raw *r, size_t disk, struct err *e)
{
	const struct transfer *t = r->t;
	struct match *m = t->match;
	struct fetch *f = &m->fetches[m->n];
	size_t number = disk + 1; /* one that is left out leaves a gap */

	if (asprintf(&m->files[m->n], "%s-disk%zu-flat.vmdk", t->stem,
		number) == -1)
		m->files[m->n] = NULL;
	if (asprintf(&m->keys[m->n], "%s-disk%zu.vmdk", t->stem, number) == -1)
		m->keys[m->n] = NULL;
	f->file = t->target == NULL ? NULL : m->files[m->n];
	f->descriptor = m->keys[m->n];
	f->label = t->vm->disks[disk].label;
	f->capacity_bytes = t->vm->disks[disk].capacity_bytes;
	f->is_disk = true;
	f->disk = (int)disk;
	f->digest = DIGEST_SHA256;
	f->verdict = "unverified"; /* it has no manifest of these */
	f->info.capacity_bytes = f->capacity_bytes;
	f->info.cid = r->disks[m->n].host.cid;
	m->n++;
	return m->files[m->n - 1] == NULL || f->descriptor == NULL
	    ? err_set(e, ERR_OS, "out of memory")
	    : 0;
}

static int
find_disks(struct raw *r, struct err *e)
{
	const struct vm *vm = r->t->vm;
	struct match *m = r->t->match;
	size_t i, room = vm->n_disks + 1 + RAWFILES_MAX;

	m->fetches = calloc(room, sizeof(*m->fetches));
	m->files = calloc(room, sizeof(*m->files));
	m->keys = calloc(room, sizeof(*m->keys));
	r->disks = calloc(room, sizeof(*r->disks));
	if (m->fetches == NULL || m->files == NULL || m->keys == NULL ||
	    r->disks == NULL)
		return err_sys(e, ERR_OS, "memory");
	for (i = 0; i < vm->n_disks; i++) {
		if (!rawcheck_wants(r->t->conf, snapshot_of(r->t) != NULL,
			&vm->disks[i]))
			continue;
		if (flatdisk_open(r->t->v, r->datacenter, &vm->disks[i],
			&r->disks[m->n], e) == -1 ||
		    add_fetch(r, i, e) == -1)
			return -1;
		r->t->r->capacity_bytes += vm->disks[i].capacity_bytes;
	}
	if (m->n == 0)
		return err_set(e, ERR_DATA, "there is nothing to export");
	return preflight_coverage(vm, m, r->t->conf->excluded, r->t->r, e);
}

/* What must be the same for a journal to be of use. */
static json_t *
describe_source(const struct raw *r)
{
	const struct moref *snapshot = snapshot_of(r->t);
	const struct match *m = r->t->match;
	json_t *o = json_object(), *disks = json_array(), *d;
	size_t i;

	json_set_text(o, "schema", "esxbk.journal/1");
	json_set_text(o, "vm", vm_identity(r->t->vm));
	json_set_text(o, "snapshot", snapshot == NULL ? NULL : snapshot->id);
	for (i = 0; i < m->n; i++) {
		const struct vm_disk *disk =
		    &r->t->vm->disks[m->fetches[i].disk];

		d = json_object();
		json_set_text(d, "uuid", disk->uuid);
		json_set_text(d, "source", disk->file);
		json_set_text(d, "file", m->fetches[i].file);
		json_set_int(d, "capacity", (long long)disk->capacity_bytes);
		json_set_text(d, "modified", dsfile_modified(r->disks[i].data));
		json_array_append_new(disks, d);
	}
	json_set(o, "disks", disks);
	return o;
}

static void
on_moved(void *self, struct fetch *f)
{
	struct raw *r = self;
	const struct watch *w = r->t->conf->watch;

	if (w != NULL)
		w->moved(w->self, (size_t)(f - r->t->match->fetches),
		    atomic_load(&f->position), f->bytes);
}

static struct rawdisk
disk_of(struct raw *r, size_t i, struct point_file *to)
{
	return (struct rawdisk){ .from = r->disks[i].data,
		.to = to,
		.journal = *r->journal,
		.index = (unsigned int)i,
		.is_resumed = r->is_resumed,
		.lines = LINES,
		.retries = (unsigned int)r->t->conf->retries,
		.f = &r->t->match->fetches[i],
		.moved = on_moved,
		.self = r };
}

static struct point_file *
open_file(const struct raw *r, size_t i, struct err *e)
{
	return point_file_open_sparse(target_as_point(r->t->target),
	    r->t->match->fetches[i].file, dsfile_size(r->disks[i].data), e);
}

/* 1: what a disk's last range was it still is. */
static int
compare_disk(struct raw *r, size_t i, struct err *e)
{
	struct point_file *to;
	struct rawdisk d;
	int rc;

	if (!journal_knows(*r->journal, (unsigned int)i))
		return 1;
	if (!point_resume_has(target_as_point(r->t->target),
		r->t->match->fetches[i].file, dsfile_size(r->disks[i].data)))
		return 0;
	to = open_file(r, i, e);
	if (to == NULL)
		return -1;
	d = disk_of(r, i, to);
	rc = rawdisk_is_same(&d, e);
	point_file_leave(to);
	return rc;
}

/* Can a stopped VM have run in between?  Its files tell when they changed. */
static bool
is_datable(const struct raw *r)
{
	size_t i;

	for (i = 0; i < r->t->match->n; i++)
		if (dsfile_modified(r->disks[i].data)[0] == '\0')
			return false;
	return true;
}

/* 1: all is as it was when the journal was begun. */
static int
compare_all(struct raw *r, const json_t *now, struct err *e)
{
	int rc = 1;
	size_t i;

	if (!json_equal(journal_of(*r->journal), now) ||
	    (snapshot_of(r->t) == NULL && !is_datable(r)))
		return 0;
	for (i = 0; rc == 1 && i < r->t->match->n; i++)
		rc = compare_disk(r, i, e);
	return rc;
}

/* Is the journal at hand one of this source?  Else a new one is begun. */
static int
settle_journal(struct raw *r, struct err *e)
{
	json_t *now = describe_source(r);
	int rc = 0;

	r->is_resumed = *r->journal != NULL;
	if (r->is_resumed)
		rc = compare_all(r, now, e);
	if (rc != 0)
		goto out;
	if (r->is_resumed) {
		account_warn(r->t->r, "W_NOT_RESUMED",
		    "what is there is not the same as the source any more: "
		    "everything comes anew");
		journal_free(*r->journal);
	}
	*r->journal = journal_create(target_as_point(r->t->target), now, e);
	rc = *r->journal == NULL ? -1 : 0;
out:
	json_decref(now);
	return rc == -1 ? -1 : 0;
}

static int
write_descriptor(const struct raw *r, size_t i, struct err *e)
{
	const struct fetch *f = &r->t->match->fetches[i];
	const struct vmdkd_flat flat = { .file = f->file,
		.capacity_bytes = f->capacity_bytes,
		.cid = f->info.cid,
		.adapter = r->disks[i].host.adapter,
		.hardware = r->disks[i].host.hardware };
	struct buf b = { 0 };
	int rc = -1;

	vmdkd_format_flat(&flat, &b);
	if (buf_check(&b, e) == 0)
		rc = point_put(target_as_point(r->t->target), f->descriptor,
		    b.data, b.len, e);
	buf_free(&b);
	return rc;
}

/* No lease keeps a stopped VM from being started. */
static int
check_unchanged(const struct raw *r, size_t i, struct err *e)
{
	struct dsfile *f = r->disks[i].data;

	if (snapshot_of(r->t) == NULL && dsfile_look_again(f, e) == -1)
		return err_ctx(e, "%s", r->t->match->fetches[i].label);
	if (!dsfile_is_changed(f))
		return 0;
	return err_set(e, ERR_TEMP,
	    "%s: it was written to while it was read: was the VM started?",
	    r->t->match->fetches[i].label);
}

static int
fetch_disk(struct raw *r, size_t i, struct err *e)
{
	const struct watch *w = r->t->conf->watch;
	struct fetch *f = &r->t->match->fetches[i];
	struct point_file *to = open_file(r, i, e);
	struct rawdisk d = disk_of(r, i, to);
	int rc = -1;

	if (to == NULL)
		return -1;
	if (rawdisk_run(&d, e) == -1) {
		f->err = *e;
		err_ctx(e, "%s", f->label);
		goto out;
	}
	memcpy(f->digest_hex, f->sha256, sizeof(f->digest_hex));
	if (check_unchanged(r, i, e) == 0 &&
	    point_file_used(to, &f->used_bytes, e) == 0 &&
	    point_file_commit(to, f->sha256, e) == 0)
		rc = write_descriptor(r, i, e);
	f->is_done = f->is_stored = rc == 0;
	if (rc == 0 && w != NULL)
		w->done(w->self, i);
out:
	if (rc == -1)
		point_file_leave(to); /* a resumed run needs it */
	else
		point_file_free(to);
	return rc;
}

static int
fetch_all(struct raw *r, struct err *e)
{
	struct buf lines = { 0 };
	size_t i;
	int rc;

	for (i = 0; i < r->t->match->n; i++)
		if (fetch_disk(r, i, e) == -1)
			return -1;
	if (rawfiles_fetch(r->t, r->datacenter, e) == -1)
		return -1;
	rc = descriptor_create(r->t->v, &r->t->vm->ref, snapshot_of(r->t), NULL,
	    0, r->t->descriptor, &lines, e);
	buf_free(&lines);
	return rc;
}

static int
prepare(struct raw *r, struct err *e)
{
	r->t->r->committed_bytes = r->t->vm->committed_bytes;
	return dsfile_datacenter(r->t->v, &r->t->vm->ref, &r->datacenter, e) ==
		    -1 ||
		find_disks(r, e) == -1
	    ? -1
	    : 0;
}

static int
begin(struct raw *r, struct err *e)
{
	const struct watch *w = r->t->conf->watch;

	if (match_begin_watch(r->t->match, w, e) == -1)
		return -1;
	r->is_shown = w != NULL;
	return 0;
}

static void
leave(struct raw *r)
{
	size_t i;

	for (i = 0; r->disks != NULL && i < r->t->vm->n_disks; i++)
		flatdisk_close(&r->disks[i]);
	free(r->disks);
	free(r->datacenter);
}

/* What this mode costs beside the other. */
static void
tell_bytes(const struct transfer *t)
{
	char moved[16], used[16];
	uint64_t bytes = 0;
	size_t i;

	for (i = 0; i < t->match->n; i++)
		bytes += t->match->fetches[i].bytes;
	num_format_size(bytes, moved, sizeof(moved));
	num_format_size(t->vm->committed_bytes, used, sizeof(used));
	log_step("%s downloaded; the VM uses %s, the most that OVF mode would "
		 "have downloaded",
	    moved, used);
}

static void
finish(struct raw *r, int rc)
{
	const struct watch *w = r->t->conf->watch;

	if (r->is_shown)
		w->end(w->self);
	leave(r);
	if (rc == 0)
		tell_bytes(r->t);
	json_set_text(r->t->r->steps, "transfer", rc == 0 ? "ok" : "failed");
}

int
rawtransfer_run(const struct transfer *t, struct journal **j, struct err *e)
{
	struct raw r = { .t = t, .journal = j };
	int rc = -1;

	if (prepare(&r, e) == 0 && settle_journal(&r, e) == 0 &&
	    begin(&r, e) == 0)
		rc = fetch_all(&r, e);
	finish(&r, rc);
	return rc;
}

int
rawtransfer_look(const struct transfer *t, struct err *e)
{
	struct raw r = { .t = t };
	int rc = prepare(&r, e);

	leave(&r);
	return rc;
}

static int
pipe_disk(struct raw *r, struct err *e)
{
	struct fetch *f = &r->t->match->fetches[0];
	const struct rawpipe p = { .from = r->disks[0].data,
		.retries = (unsigned int)r->t->conf->retries,
		.f = f,
		.moved = on_moved,
		.self = r };

	if (rawpipe_run(&p, e) == -1 || check_unchanged(r, 0, e) == -1)
		return -1;
	f->is_done = true;
	return 0;
}

int
rawtransfer_pipe(const struct transfer *t, struct err *e)
{
	struct raw r = { .t = t };
	int rc = -1;

	if (prepare(&r, e) == 0 && begin(&r, e) == 0)
		rc = pipe_disk(&r, e);
	finish(&r, rc);
	return rc;
}
