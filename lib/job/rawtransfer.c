#include "job/rawtransfer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"
#include "image/vmdk.h"
#include "job/account.h"
#include "job/flatdisk.h"
#include "job/preflight.h"
#include "job/rawdisk.h"
#include "sys/sig.h"
#include "vsphere/descriptor.h"

enum { LINES = 4, SMALL_MAX_BYTES = 16 << 20 };

/* One transfer on its way. */
struct raw {
	const struct transfer *t;
	char *datacenter;
	struct flatdisk *disks; /* beside the match's fetches */
	struct journal **journal;
	bool is_resumed;
	volatile bool stop;
};

static const struct moref *
snapshot_of(const struct transfer *t)
{
	return t->source == &t->vm->ref ? NULL : t->source;
}

static bool
is_wanted(const struct raw *r, const struct vm_disk *d)
{
	const char *code;

	if (match_is_excluded(d->label, r->t->conf->excluded))
		return false;
	/* Of a stopped VM everything stands still. */
	return snapshot_of(r->t) == NULL || device_problem(d, &code) == NULL;
}

static int
add_fetch(struct raw *r, size_t disk, struct err *e)
{
	const struct transfer *t = r->t;
	struct match *m = t->match;
	struct fetch *f = &m->fetches[m->n];
	int number = (int)m->n + 1;

	if (asprintf(&m->files[m->n], "%s-disk%d-flat.vmdk", t->stem, number) ==
	    -1)
		m->files[m->n] = NULL;
	if (asprintf(&m->keys[m->n], "%s-disk%d.vmdk", t->stem, number) == -1)
		m->keys[m->n] = NULL;
	f->file = m->files[m->n];
	f->descriptor = m->keys[m->n];
	f->label = t->vm->disks[disk].label;
	f->capacity_bytes = t->vm->disks[disk].capacity_bytes;
	f->is_disk = true;
	f->disk = (int)disk;
	f->digest = DIGEST_SHA256;
	f->info.capacity_bytes = f->capacity_bytes;
	f->info.cid = r->disks[m->n].host.cid;
	m->n++;
	return f->file == NULL || f->descriptor == NULL
	    ? err_set(e, ERR_OS, "out of memory")
	    : 0;
}

static int
find_disks(struct raw *r, struct err *e)
{
	const struct vm *vm = r->t->vm;
	struct match *m = r->t->match;
	size_t i, room = vm->n_disks + 1;

	m->fetches = calloc(room, sizeof(*m->fetches));
	m->files = calloc(room, sizeof(*m->files));
	m->keys = calloc(room, sizeof(*m->keys));
	r->disks = calloc(room, sizeof(*r->disks));
	if (m->fetches == NULL || m->files == NULL || m->keys == NULL ||
	    r->disks == NULL)
		return err_sys(e, ERR_OS, "memory");
	for (i = 0; i < vm->n_disks; i++) {
		if (!is_wanted(r, &vm->disks[i]))
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
	const struct export_watch *w = r->t->conf->watch;

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
		.stop = &r->stop,
		.moved = on_moved,
		.self = r };
}

static struct point_file *
open_file(const struct raw *r, size_t i, struct err *e)
{
	return point_file_open_sparse(target_as_point(r->t->target),
	    r->t->match->fetches[i].file, dsfile_size(r->disks[i].data), e);
}

/* 1: what the disks' last ranges were they still are. */
static int
compare_disks(struct raw *r, struct err *e)
{
	struct point_file *to;
	struct rawdisk d;
	int rc = 1;
	size_t i;

	for (i = 0; rc == 1 && i < r->t->match->n; i++) {
		to = open_file(r, i, e);
		if (to == NULL)
			return -1;
		d = disk_of(r, i, to);
		rc = rawdisk_is_same(&d, e);
		point_file_leave(to);
	}
	return rc;
}

/* Is the journal at hand one of this source?  Else a new one is begun. */
static int
settle_journal(struct raw *r, struct err *e)
{
	json_t *now = describe_source(r);
	int rc = 0;

	r->is_resumed = *r->journal != NULL;
	if (*r->journal != NULL && json_equal(journal_of(*r->journal), now) &&
	    (rc = compare_disks(r, e)) == 1)
		goto out;
	if (rc == -1)
		goto out;
	if (*r->journal != NULL) {
		account_warn(r->t->r, "W_NOT_RESUMED",
		    "the source has changed since the interrupted run: "
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

static int
fetch_disk(struct raw *r, size_t i, struct err *e)
{
	const struct export_watch *w = r->t->conf->watch;
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
	rc = point_file_commit(to, f->sha256, e);
	if (rc == 0)
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

/* The text behind 'nvram = "' in a .vmx, to be freed; NULL: there is none. */
static char *
nvram_name(const struct buf *vmx)
{
	static const char key[] = "nvram = \"";
	const char *at = strstr(buf_text(vmx), key), *end;

	if (at == NULL || (at != vmx->data && at[-1] != '\n'))
		return NULL;
	at += sizeof(key) - 1;
	end = at + strcspn(at, "\"\r\n");
	if (end == at || memchr(at, '/', (size_t)(end - at)) != NULL)
		return NULL;
	return strndup(at, (size_t)(end - at));
}

/* The file of that name beside the .vmx as STEM.suffix. */
static int
fetch_small(const struct raw *r, const char *name, const char *suffix,
    struct buf *b, struct err *e)
{
	struct buf file = { 0 };
	int rc = -1;

	buf_fmt(&file, "%s.%s", r->t->stem, suffix);
	if (buf_check(&file, e) == 0 &&
	    dsfile_get(r->t->v, r->datacenter, name, b, e) == 0)
		rc = point_put(target_as_point(r->t->target), buf_text(&file),
		    b->data == NULL ? "" : b->data, b->len, e);
	buf_free(&file);
	return rc;
}

static int
fetch_nvram(const struct raw *r, const struct buf *vmx, struct err *e)
{
	const char *slash = strrchr(r->t->vm->vmx, '/');
	struct buf b = { .limit = SMALL_MAX_BYTES }, path = { 0 };
	char *name = nvram_name(vmx);
	int rc = 0;

	if (name != NULL && slash != NULL) {
		buf_add(&path, r->t->vm->vmx,
		    (size_t)(slash + 1 - r->t->vm->vmx));
		buf_puts(&path, name);
		rc = buf_check(&path, e) == -1
		    ? -1
		    : fetch_small(r, buf_text(&path), "nvram", &b, e);
	}
	free(name);
	buf_free(&b);
	buf_free(&path);
	return rc;
}

static int
fetch_others(const struct raw *r, struct err *e)
{
	struct buf vmx = { .limit = SMALL_MAX_BYTES };
	int rc;

	rc = fetch_small(r, r->t->vm->vmx, "vmx", &vmx, e);
	if (rc == 0)
		rc = fetch_nvram(r, &vmx, e);
	buf_free(&vmx);
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
	if (fetch_others(r, e) == -1)
		return -1;
	rc = descriptor_create(r->t->v, &r->t->vm->ref, snapshot_of(r->t), NULL,
	    0, r->t->descriptor, &lines, e);
	buf_free(&lines);
	return rc;
}

static int
prepare(struct raw *r, struct err *e)
{
	const struct export_watch *w = r->t->conf->watch;

	if (dsfile_datacenter(r->t->v, &r->t->vm->ref, &r->datacenter, e) ==
		-1 ||
	    find_disks(r, e) == -1)
		return -1;
	if (w != NULL)
		w->begin(w->self, r->t->match->fetches, r->t->match->n);
	return 0;
}

static void
finish(struct raw *r, int rc)
{
	const struct export_watch *w = r->t->conf->watch;
	size_t i;

	if (w != NULL && r->t->match->n > 0)
		w->end(w->self);
	for (i = 0; r->disks != NULL && i < r->t->match->n + 1; i++)
		flatdisk_close(&r->disks[i]);
	free(r->disks);
	free(r->datacenter);
	json_set_text(r->t->r->steps, "transfer", rc == 0 ? "ok" : "failed");
}

int
rawtransfer_run(const struct transfer *t, struct journal **j, struct err *e)
{
	struct raw r = { .t = t, .journal = j };
	int rc = -1;

	if (prepare(&r, e) == 0 && settle_journal(&r, e) == 0)
		rc = fetch_all(&r, e);
	finish(&r, rc);
	return rc;
}

static int
to_stdout(void *self, const void *p, size_t n, struct err *e)
{
	struct raw *r = self;
	struct fetch *f = &r->t->match->fetches[0];
	const char *at = p;
	ssize_t w;

	f->bytes += n;
	atomic_fetch_add(&f->position, n);
	on_moved(r, f);
	while (n > 0) {
		w = write(STDOUT_FILENO, at, n);
		if (w == -1 && errno == EINTR && sig_check(e) == 0)
			continue;
		if (w == -1 && e->class != ERR_NONE)
			return -1;
		if (w == -1)
			return err_sys(e, ERR_IO, "write to standard output");
		at += w;
		n -= (size_t)w;
	}
	return 0;
}

static int
pipe_disk(struct raw *r, struct err *e)
{
	struct dsfile *from = r->disks[0].data;
	struct dsfile_line *line = dsfile_line_open(from, e);
	const struct sink to = { to_stdout, r };
	uint64_t at, n, size = dsfile_size(from);
	int rc = line == NULL ? -1 : 0;

	for (at = 0; rc == 0 && at < size; at += n) {
		n = size - at < RAWDISK_RANGE_BYTES ? size - at
						    : RAWDISK_RANGE_BYTES;
		rc = dsfile_read(line, at, n, (unsigned int)r->t->conf->retries,
		    &to, &r->stop, e);
	}
	dsfile_line_free(line);
	r->t->match->fetches[0].is_done = rc == 0;
	return rc;
}

int
rawtransfer_pipe(const struct transfer *t, struct err *e)
{
	struct raw r = { .t = t };
	int rc = -1;

	if (prepare(&r, e) == -1)
		goto out;
	if (t->match->n > 1)
		err_set(e, ERR_USAGE,
		    "standard output takes one disk, the VM has %zu: give "
		    "--disk LABEL",
		    t->match->n);
	else
		rc = pipe_disk(&r, e);
out:
	finish(&r, rc);
	return rc;
}
