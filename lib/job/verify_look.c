#include <stdlib.h>
#include <string.h>
#include "codec/gunzip.h"
#include "image/content.h"
#include "image/vmdk.h"
#include "job/verify_internal.h"
#include "sys/ring.h"
#include "sys/sig.h"

enum {
	BUFFER_BYTES = 128 << 10,
	RING_SLOTS = 4,
	RING_SLOT_BYTES = 128 << 10,
	/* All that stands before a disk's first grain, tables aside. */
	HEAD_BYTES = 21 * VMDK_SECTOR_BYTES,
};

struct look {
	struct verify_file *f;
	const struct verify_way *way;
	const struct source *from;
	struct source file;  /* read_file() */
	struct source inner; /* what is in the file: its bytes, or inflated */
	struct gunzip *gunzip;
	struct verify *v;
	uint64_t size_bytes;
	struct digest *digests[VERIFY_DIGESTS];
	struct vmdkr *reader;
	struct content *content;
	struct ring *ring;
	unsigned char *buffer;
	bool has_failed_below; /* the file could not be read */
};

/* What is the file's fault is noted, what is ours is returned. */
static int
note_fault(struct look *l, struct err *own, struct err *e)
{
	if (own->class == ERR_OS || own->class == ERR_BUG ||
	    own->class >= ERR_SIGNAL) {
		*e = *own;
		return -1;
	}
	if (l->has_failed_below) {
		/* An archive that is cut is damage, a bad line is not. */
		verify_fail(l->f,
		    own->class == ERR_DATA ? ERR_NEGATIVE : own->class, "%s",
		    own->text);
		return 0;
	}
	if (l->f->fault == NULL) {
		l->f->fault = strdup(own->text);
		if (l->f->fault == NULL)
			return err_sys(e, ERR_OS, "memory");
	}
	return 0;
}

static void
tell(const struct look *l, uint64_t n)
{
	const struct verify_conf *conf = l->v->conf;

	atomic_fetch_add(&l->v->bytes, n);
	if (conf->moved != NULL && !l->v->is_pipe)
		conf->moved(conf->self, (size_t)(l->f - l->v->r->files),
		    l->size_bytes);
}

/* Bytes of the file pass here once, whoever wants them. */
static ssize_t
read_file(void *self, void *p, size_t n, struct err *e)
{
	struct look *l = self;
	ssize_t got;
	int i;

	if (sig_check(e) == -1)
		return -1;
	got = flow_read(l->from, p, n, e);
	if (got == -1) {
		l->has_failed_below = true;
		return -1;
	}
	l->size_bytes += (uint64_t)got;
	tell(l, (uint64_t)got);
	for (i = 0; i < VERIFY_DIGESTS; i++)
		if (l->digests[i] != NULL &&
		    digest_add(l->digests[i], p, (size_t)got, e) == -1)
			return -1;
	return got;
}

/* Digests are of the file as it lies there. */
static int
open_gunzip(struct look *l, struct err *e)
{
	if (!l->way->is_gzip)
		return 0;
	l->gunzip = gunzip_open(&l->file, e);
	if (l->gunzip == NULL)
		return -1;
	l->inner = gunzip_source(l->gunzip);
	return 0;
}

static int
open_digests(struct look *l, struct err *e)
{
	int i;

	for (i = 0; i < VERIFY_DIGESTS; i++) {
		if (l->way->level == VERIFY_QUICK || !l->way->digests[i])
			continue;
		l->digests[i] = digest_open((enum digest_kind)i, e);
		if (l->digests[i] == NULL)
			return -1;
	}
	return 0;
}

static int
finish_digests(struct look *l, struct err *e)
{
	char hex[DIGEST_HEX_SIZE];
	int i;

	for (i = 0; i < VERIFY_DIGESTS; i++) {
		if (l->digests[i] == NULL)
			continue;
		if (digest_finish(l->digests[i], hex, e) == -1)
			return -1;
		l->f->digests[i] = strdup(hex);
		if (l->f->digests[i] == NULL)
			return err_sys(e, ERR_OS, "memory");
	}
	return 0;
}

static int
on_header(void *self, const struct vmdkr_info *info, struct err *e)
{
	struct look *l = self;

	l->f->disk->has_header = true;
	if (l->way->level != VERIFY_DEEP)
		return 0;
	l->content = content_open(info->capacity_bytes, e);
	return l->content == NULL ? -1 : 0;
}

static int
on_grain(void *self, uint64_t number, const void *data, size_t n, struct err *e)
{
	struct look *l = self;

	return l->content == NULL ? 0
				  : content_add(l->content, number, data, n, e);
}

static int
open_reader(struct look *l, struct err *e)
{
	struct vmdkr_ops ops = { on_grain, on_header, l };

	l->f->disk = calloc(1, sizeof(*l->f->disk));
	if (l->f->disk == NULL)
		return err_sys(e, ERR_OS, "memory");
	l->reader = vmdkr_open(&ops, e);
	if (l->reader == NULL)
		return -1;
	if (l->way->level != VERIFY_DEEP)
		return 0;
	l->ring = ring_open(vmdkr_sink(l->reader), RING_SLOTS, RING_SLOT_BYTES,
	    e);
	return l->ring == NULL ? -1 : 0;
}

/* Up to n bytes; fewer at the end, or if the file cannot be read on. */
static int
fill(struct look *l, size_t n, size_t *have, struct err *own)
{
	ssize_t got;

	for (*have = 0; *have < n; *have += (size_t)got) {
		got = flow_read(&l->inner, l->buffer + *have, n - *have, own);
		if (got == -1)
			return -1;
		if (got == 0)
			break;
	}
	return 0;
}

/* A sector at a time, so that nothing behind the header is looked at. */
static int
take_header(struct look *l, size_t n, struct err *own)
{
	size_t at, part;

	for (at = 0; at < n && !l->f->disk->has_header; at += part) {
		part = n - at < VMDK_SECTOR_BYTES ? n - at : VMDK_SECTOR_BYTES;
		if (vmdkr_write(l->reader, l->buffer + at, part, own) == -1)
			return -1;
	}
	return l->f->disk->has_header ? 0 : vmdkr_finish(l->reader, own);
}

static bool
is_stream(const unsigned char *p, size_t n)
{
	return n >= 12 && memcmp(p, "KDMV", 4) == 0 &&
	    (vmdk_u32(p + 8) & 0x30000) == 0x30000;
}

/* The file's first bytes tell what it is. */
static int
begin(struct look *l, struct err *own, struct err *e)
{
	struct sink to;
	size_t n;

	if (fill(l, HEAD_BYTES, &n, own) == -1)
		return 0;
	if (!l->way->is_disk && !is_stream(l->buffer, n))
		return 0;
	if (open_reader(l, e) == -1)
		return -1;
	if (l->ring == NULL) {
		take_header(l, n, own);
		return 0;
	}
	to = ring_sink(l->ring);
	flow_write(&to, l->buffer, n, own);
	return 0;
}

static void
finish_reader(struct look *l, struct err *own)
{
	if (ring_commit(l->ring, own) == 0 &&
	    vmdkr_finish(l->reader, own) == 0 && l->content != NULL)
		content_finish(l->content, l->f->disk->content, own);
}

static int
add_grains(struct look *l, uint64_t at, size_t n, struct err *e)
{
	size_t i, step;

	for (i = 0; i < n; i += step) {
		step = n - i < CONTENT_GRAIN_BYTES ? n - i
						   : CONTENT_GRAIN_BYTES;
		if (content_add(l->content, (at + i) / CONTENT_GRAIN_BYTES,
			l->buffer + i, step, e) == -1)
			return -1;
	}
	return 0;
}

/* A raw disk has nothing but its content.  One of another size is judged by
 * that: it may end within a grain. */
static void
inspect_raw(struct look *l, struct err *own)
{
	uint64_t at = 0, bytes = l->way->raw_bytes;
	size_t n = 0;

	l->content = content_open(bytes, own);
	if (l->content == NULL)
		return;
	do {
		if (fill(l, BUFFER_BYTES, &n, own) == -1 ||
		    ((n == BUFFER_BYTES ? at + n <= bytes : at + n == bytes) &&
			add_grains(l, at, n, own) == -1))
			return;
		at += n;
	} while (n == BUFFER_BYTES);
	if (at == bytes)
		content_finish(l->content, l->f->disk->content, own);
}

static int
pass_raw(struct look *l, struct err *own, struct err *e)
{
	l->f->disk = calloc(1, sizeof(*l->f->disk));
	if (l->f->disk == NULL)
		return err_sys(e, ERR_OS, "memory");
	inspect_raw(l, own);
	l->f->disk->info.capacity_bytes = l->way->raw_bytes;
	l->f->disk->info.parent_cid = VMDK_NO_PARENT;
	l->f->disk->has_header = l->f->disk->is_raw = true;
	return 0;
}

/* The whole file through the reader of disks. */
static void
inspect(struct look *l, struct err *own)
{
	struct sink to = ring_sink(l->ring);
	ssize_t n;

	while ((n = flow_read(&l->inner, l->buffer, BUFFER_BYTES, own)) > 0)
		if (flow_write(&to, l->buffer, (size_t)n, own) == -1)
			return;
	if (n == 0)
		finish_reader(l, own);
}

/* What is no disk is at least good gzip. */
static void
inflate(struct look *l, struct err *own)
{
	ssize_t n = l->way->level == VERIFY_DEEP;

	while (n > 0)
		n = flow_read(&l->inner, l->buffer, BUFFER_BYTES, own);
}

static bool
has_digests(const struct look *l)
{
	int i;

	for (i = 0; i < VERIFY_DIGESTS; i++)
		if (l->digests[i] != NULL)
			return true;
	return false;
}

/* The rest of the file is for the digests alone; who writes to a pipe is
 * heard to the end. */
static int
drain(struct look *l, struct err *e)
{
	struct err own = { 0 };
	ssize_t n = has_digests(l) || !l->f->is_there;

	while (n > 0 && !l->has_failed_below)
		n = read_file(l, l->buffer, BUFFER_BYTES, &own);
	return n == -1 ? note_fault(l, &own, e) : 0;
}

static int
pass(struct look *l, struct err *e)
{
	bool is_raw = l->way->raw_bytes > 0 && l->way->level == VERIFY_DEEP;
	struct err own = { 0 };

	if ((is_raw ? pass_raw(l, &own, e) : begin(l, &own, e)) == -1)
		return -1;
	if (own.class == ERR_NONE && l->ring != NULL)
		inspect(l, &own);
	else if (own.class == ERR_NONE && l->gunzip != NULL)
		inflate(l, &own);
	if (own.class != ERR_NONE && note_fault(l, &own, e) == -1)
		return -1;
	if (l->way->level == VERIFY_QUICK || l->has_failed_below)
		return 0;
	if (drain(l, e) == -1)
		return -1;
	return l->has_failed_below ? 0 : finish_digests(l, e);
}

/* The last sectors of a host's file: marker and footer, end of stream. */
static int
check_end(const unsigned char *header, const unsigned char *end, struct err *e)
{
	const unsigned char *footer = end + VMDK_SECTOR_BYTES;
	const char *field;

	if (memcmp(footer, "KDMV", 4) != 0 ||
	    vmdk_u32(end + VMDK_GRAIN_HEAD) != VMDK_FOOTER ||
	    !content_is_zero(end + 2 * VMDK_SECTOR_BYTES, VMDK_SECTOR_BYTES))
		return err_set(e, ERR_DATA,
		    "it does not end with a footer and the end of stream");
	field = vmdk_find_difference(header, footer);
	if (field != NULL)
		return err_set(e, ERR_DATA,
		    "footer: %s is not that of the header", field);
	return 0;
}

static int
read_end(const struct verify_file *f, struct package_reader *r, struct look *l,
    struct err *e)
{
	unsigned char header[VMDK_SECTOR_BYTES];
	unsigned char end[3 * VMDK_SECTOR_BYTES] = { 0 };
	struct vmdk_header h;

	if (f->size_bytes % VMDK_SECTOR_BYTES != 0)
		return err_set(e, ERR_DATA, "%ju bytes, not a multiple of %d",
		    (uintmax_t)f->size_bytes, VMDK_SECTOR_BYTES);
	l->has_failed_below = true;
	if (package_read_at(r, 0, header, sizeof(header), e) == -1)
		return -1;
	/* qemu-img's end without any of it. */
	if (vmdk_parse_header(header, &h, e) == -1 || vmdk_is_front(&h))
		return e->class == ERR_NONE ? 0 : -1;
	if (f->size_bytes >= sizeof(end) &&
	    package_read_at(r, f->size_bytes - sizeof(end), end, sizeof(end),
		e) == -1)
		return -1;
	l->has_failed_below = false;
	return check_end(header, end, e);
}

int
verify_look_end(struct verify_file *f, struct package_reader *r, struct err *e)
{
	struct look l = { .f = f };
	struct err own = { 0 };

	if (f->disk == NULL || !f->disk->has_header || f->fault != NULL ||
	    read_end(f, r, &l, &own) == 0)
		return 0;
	return note_fault(&l, &own, e);
}

int
verify_look(struct verify *v, struct verify_file *f,
    const struct verify_way *way, const struct source *from, struct err *e)
{
	struct look l = { .v = v, .f = f, .way = way, .from = from };
	int rc = -1, i;

	l.inner = l.file = (struct source){ read_file, &l };
	l.buffer = malloc(BUFFER_BYTES);
	if (l.buffer == NULL)
		err_sys(e, ERR_OS, "memory");
	else if (open_digests(&l, e) == 0 && open_gunzip(&l, e) == 0)
		rc = pass(&l, e);
	if (!f->is_there)
		f->size_bytes = l.size_bytes;
	ring_free(l.ring); /* before what it writes to */
	if (l.reader != NULL)
		f->disk->info = *vmdkr_info(l.reader);
	vmdkr_free(l.reader);
	content_free(l.content);
	gunzip_free(l.gunzip);
	for (i = 0; i < VERIFY_DIGESTS; i++)
		digest_free(l.digests[i]);
	free(l.buffer);
	return rc;
}

int
verify_look_data(struct verify_file *f, const struct verify_way *way,
    const void *p, size_t n, struct err *e)
{
	struct look l = { .f = f, .way = way };
	int rc, i;

	rc = open_digests(&l, e);
	for (i = 0; i < VERIFY_DIGESTS && rc == 0; i++)
		if (l.digests[i] != NULL)
			rc = digest_add(l.digests[i], p, n, e);
	if (rc == 0)
		rc = finish_digests(&l, e);
	for (i = 0; i < VERIFY_DIGESTS; i++)
		digest_free(l.digests[i]);
	return rc;
}
