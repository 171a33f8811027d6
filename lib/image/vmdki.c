#include "image/vmdki.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include "image/content.h"
#include "image/vmdk.h"
#include "image/vmdkg.h"
#include "image/vmdkt.h"

/* So many bytes behind the end are counted before we give up. */
#define AFTER_END_MAX (UINT64_C(1) << 20)
#define PROGRESS_SPARE 1024 /* four for each gap, on a small disk */

/* The stream is a row of items; each state takes one whole item. */
enum state {
	IN_HEADER,
	IN_DESCRIPTOR,
	IN_FRONT, /* a sector between descriptor and first marker */
	AT_MARKER,
	IN_GRAIN, /* marker, data and padding */
	IN_TABLE,
	IN_DIRECTORY, /* a sector of it */
	IN_FOOTER,
	AT_END,
};

static const char *const state_names[] = {
	[IN_HEADER] = "the header",
	[IN_DESCRIPTOR] = "the descriptor",
	[IN_FRONT] = "the space before the first marker",
	[AT_MARKER] = "a marker",
	[IN_GRAIN] = "a grain",
	[IN_TABLE] = "a grain table",
	[IN_DIRECTORY] = "the grain directory",
	[IN_FOOTER] = "the footer",
};

/* How far the closing parts of a streamed file have come. */
enum closing { GRAINS, DIRECTORY_DONE, FOOTER_DONE };

static const char *const missing_parts[] = {
	[GRAINS] = "grain directory",
	[DIRECTORY_DONE] = "footer",
	[FOOTER_DONE] = "end marker",
};

struct vmdki {
	struct vmdkr_ops ops;
	struct vmdkr_info *info;
	struct vmdk_header header;
	struct vmdkg *grains;
	struct vmdkt *tables;
	_Atomic uint64_t position;

	enum state state;
	size_t need;     /* bytes of the item */
	uint64_t offset; /* of the item in the stream */
	enum closing closing;
	uint64_t directory_sector; /* where it was seen */
	uint64_t directory_left;   /* sectors of it to come */
	uint64_t after_end;        /* bytes */
	uint64_t progress_markers;
	bool open_end;                          /* the descriptor has none */
	unsigned char first[VMDK_SECTOR_BYTES]; /* the header as it came */
};

struct vmdki *
vmdki_open(const struct vmdkr_ops *ops, struct vmdkr_info *info, struct err *e)
{
	struct vmdki *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		err_set(e, ERR_OS, "out of memory");
		return NULL;
	}
	s->ops = *ops;
	s->info = info;
	s->need = VMDK_SECTOR_BYTES;
	return s;
}

size_t
vmdki_need(const struct vmdki *s)
{
	return s->state == AT_END ? 0 : s->need;
}

static void
expect(struct vmdki *s, enum state state, size_t need)
{
	s->state = state;
	s->need = need;
}

static void
expect_marker(struct vmdki *s)
{
	expect(s, AT_MARKER, VMDK_SECTOR_BYTES);
}

static void
move_to(struct vmdki *s, uint64_t position)
{
	atomic_store_explicit(&s->position, position, memory_order_relaxed);
}

static uintmax_t
sector_of(const struct vmdki *s)
{
	return s->offset / VMDK_SECTOR_BYTES;
}

/* A place that a table or footer can name: entries have 32 bits. */
static int
check_place(const struct vmdki *s, struct err *e)
{
	if (sector_of(s) >= UINT32_MAX)
		return err_set(e, ERR_IO, "the stream goes beyond 2 TiB");
	return 0;
}

static int
take_header(struct vmdki *s, const unsigned char *p, struct err *e)
{
	if (vmdk_parse_header(p, &s->header, e) == -1)
		return -1;
	memcpy(s->first, p, sizeof(s->first));
	s->info->capacity_bytes = s->header.capacity_sectors *
	    VMDK_SECTOR_BYTES;
	expect(s, IN_DESCRIPTOR,
	    s->header.descriptor_sectors * VMDK_SECTOR_BYTES);
	return 0;
}

static int
read_descriptor(struct vmdki *s, const unsigned char *p, struct err *e)
{
	struct vmdk_descriptor d;

	if (vmdk_parse_descriptor((const char *)p, s->need, &d, e) == -1)
		return -1;
	if (d.extent_sectors != s->header.capacity_sectors)
		return err_set(e, ERR_IO,
		    "descriptor: extent of %ju sectors, the header says %ju",
		    (uintmax_t)d.extent_sectors,
		    (uintmax_t)s->header.capacity_sectors);
	s->info->warning = d.warning;
	s->info->cid = d.cid;
	s->info->parent_cid = d.parent_cid;
	memcpy(s->info->create_type, d.create_type,
	    sizeof(s->info->create_type));
	memcpy(s->info->parent_hint, d.parent_hint,
	    sizeof(s->info->parent_hint));
	return 0;
}

static int
end_front(struct vmdki *s, struct err *e)
{
	expect_marker(s);
	return vmdk_is_front(&s->header) ? vmdkt_front_end(s->tables, e) : 0;
}

static int
take_descriptor(struct vmdki *s, const unsigned char *p, struct err *e)
{
	s->open_end = p[s->need - 1] != '\0';
	if (read_descriptor(s, p, e) == -1 ||
	    (s->ops.header != NULL &&
		s->ops.header(s->ops.self, s->info, e) == -1))
		return -1;
	s->tables = vmdkt_open(&s->header,
	    s->info->parent_cid != VMDK_NO_PARENT, e);
	s->grains = vmdkg_open(s->header.capacity_sectors, e);
	if (s->tables == NULL || s->grains == NULL)
		return -1;
	if (s->header.overhead_sectors == 1 + s->header.descriptor_sectors)
		return end_front(s, e);
	expect(s, IN_FRONT, VMDK_SECTOR_BYTES);
	return 0;
}

static int
take_front(struct vmdki *s, const unsigned char *p, struct err *e)
{
	/* Others read on up to a NUL, and may find a parent there. */
	if (s->open_end && *p != '\0')
		return err_set(e, ERR_IO, "descriptor: it has no end");
	s->open_end = false;
	if (vmdk_is_front(&s->header)) {
		if (vmdkt_front(s->tables, p, e) == -1)
			return -1;
	} else if (!content_is_zero(p, VMDK_SECTOR_BYTES)) {
		s->info->warning =
		    "bytes other than zero behind the descriptor";
	}
	if (sector_of(s) + 1 == s->header.overhead_sectors)
		return end_front(s, e);
	return 0;
}

/* p: the first sector of a grain. */
static int
begin_grain(struct vmdki *s, const unsigned char *p, struct err *e)
{
	uint64_t lba = vmdk_u64(p);
	size_t need;

	if (s->closing != GRAINS)
		return err_set(e, ERR_IO,
		    "grain at sector %ju behind the grain directory",
		    (uintmax_t)lba);
	need = vmdkg_begin(s->grains, p, e);
	if (need == 0 || check_place(s, e) == -1)
		return -1;
	expect(s, IN_GRAIN, need);
	return vmdkt_grain(s->tables, lba / VMDK_GRAIN_SECTORS,
	    (uint32_t)sector_of(s), e);
}

static int
take_grain(struct vmdki *s, const unsigned char *p, struct err *e)
{
	uint64_t number = vmdk_u64(p) / VMDK_GRAIN_SECTORS;
	size_t n = 0;
	const void *data;

	data = vmdkg_inflate(s->grains, p, &n, &s->info->warning, e);
	if (data == NULL)
		return -1;
	s->info->grains++;
	if (content_is_zero(data, n))
		s->info->zero_grains++;
	if (s->ops.grain != NULL &&
	    s->ops.grain(s->ops.self, number, data, n, e) == -1)
		return -1;
	move_to(s, number * VMDK_GRAIN_BYTES + n);
	expect_marker(s);
	return 0;
}

/* The marker before a table, directory or footer. */
static int
check_marker(const struct vmdki *s, const unsigned char *p, uint64_t sectors,
    enum closing closing, struct err *e)
{
	static const char *const names[] = {
		[VMDK_TABLE] = "grain table",
		[VMDK_DIRECTORY] = "grain directory",
		[VMDK_FOOTER] = "footer",
	};
	const char *name = names[vmdk_u32(p + 12)];

	if (vmdk_is_front(&s->header))
		return err_set(e, ERR_IO,
		    "%s marker at sector %ju, but the tables are in front",
		    name, sector_of(s));
	if (s->closing != closing)
		return err_set(e, ERR_IO, "%s marker out of turn at sector %ju",
		    name, sector_of(s));
	if (vmdk_u64(p) != sectors)
		return err_set(e, ERR_IO,
		    "%s of %ju sectors at sector %ju, not %ju", name,
		    (uintmax_t)vmdk_u64(p), sector_of(s), (uintmax_t)sectors);
	return check_place(s, e);
}

static int
begin_table(struct vmdki *s, const unsigned char *p, struct err *e)
{
	if (check_marker(s, p, VMDK_TABLE_SECTORS, GRAINS, e) == -1)
		return -1;
	expect(s, IN_TABLE, VMDK_TABLE_SECTORS * VMDK_SECTOR_BYTES);
	return 0;
}

static int
take_table(struct vmdki *s, const unsigned char *p, struct err *e)
{
	expect_marker(s);
	return vmdkt_table(s->tables, (uint32_t)sector_of(s), p, e);
}

static int
begin_directory(struct vmdki *s, const unsigned char *p, struct err *e)
{
	uint64_t named = s->header.gd_sector;

	s->directory_left = vmdk_directory_sectors(&s->header);
	if (check_marker(s, p, s->directory_left, GRAINS, e) == -1 ||
	    vmdkt_directory_begin(s->tables, e) == -1)
		return -1;
	s->directory_sector = sector_of(s) + 1;
	if (named != VMDK_AT_END && named != s->directory_sector)
		return err_set(e, ERR_IO,
		    "header: gdOffset is sector %ju, the stream has %ju",
		    (uintmax_t)named, (uintmax_t)s->directory_sector);
	expect(s, IN_DIRECTORY, VMDK_SECTOR_BYTES);
	return 0;
}

static int
take_directory(struct vmdki *s, const unsigned char *p, struct err *e)
{
	if (vmdkt_directory(s->tables, p, e) == -1)
		return -1;
	if (--s->directory_left > 0)
		return 0;
	s->closing = DIRECTORY_DONE;
	expect_marker(s);
	return 0;
}

static int
begin_footer(struct vmdki *s, const unsigned char *p, struct err *e)
{
	if (check_marker(s, p, 1, DIRECTORY_DONE, e) == -1)
		return -1;
	expect(s, IN_FOOTER, VMDK_SECTOR_BYTES);
	return 0;
}

static int
take_footer(struct vmdki *s, const unsigned char *p, struct err *e)
{
	const char *field = vmdk_find_difference(s->first, p);
	struct vmdk_header footer;

	if (field != NULL)
		return err_set(e, ERR_IO,
		    "footer: %s is not that of the header", field);
	if (vmdk_parse_header(p, &footer, e) == -1)
		return err_ctx(e, "footer");
	if (footer.gd_sector != s->directory_sector)
		return err_set(e, ERR_IO,
		    "footer: gdOffset is sector %ju, the stream has %ju",
		    (uintmax_t)footer.gd_sector,
		    (uintmax_t)s->directory_sector);
	s->closing = FOOTER_DONE;
	expect_marker(s);
	return 0;
}

static int
take_progress(struct vmdki *s, const unsigned char *p, struct err *e)
{
	uint64_t lba;

	if (vmdk_parse_progress(p, &s->header, &lba, e) == -1)
		return -1;
	/* Nothing else of a stream could go on for ever. */
	if (++s->progress_markers >
	    s->header.capacity_sectors / VMDK_GRAIN_SECTORS + PROGRESS_SPARE)
		return err_set(e, ERR_IO,
		    "more progress markers than the disk has grains");
	move_to(s, lba * VMDK_SECTOR_BYTES);
	return 0;
}

static int
take_end(struct vmdki *s, const unsigned char *p, struct err *e)
{
	if (!content_is_zero(p, VMDK_SECTOR_BYTES))
		return err_set(e, ERR_IO,
		    "end marker at sector %ju is not all zero", sector_of(s));
	if (!vmdk_is_front(&s->header) && s->closing != FOOTER_DONE)
		return err_set(e, ERR_IO,
		    "end marker at sector %ju before the %s", sector_of(s),
		    missing_parts[s->closing]);
	expect(s, AT_END, VMDK_SECTOR_BYTES);
	return vmdkt_finish(s->tables, e);
}

static int
take_marker(struct vmdki *s, const unsigned char *p, struct err *e)
{
	switch (vmdk_u32(p + 12)) {
	case VMDK_END:
		return take_end(s, p, e);
	case VMDK_TABLE:
		return begin_table(s, p, e);
	case VMDK_DIRECTORY:
		return begin_directory(s, p, e);
	case VMDK_FOOTER:
		return begin_footer(s, p, e);
	case VMDK_PROGRESS:
		return take_progress(s, p, e);
	default:
		return err_set(e, ERR_IO,
		    "marker of unknown type %ju at sector %ju",
		    (uintmax_t)vmdk_u32(p + 12), sector_of(s));
	}
}

typedef int take_item(struct vmdki *s, const unsigned char *p, struct err *e);

static take_item *const takers[] = {
	[IN_HEADER] = take_header,
	[IN_DESCRIPTOR] = take_descriptor,
	[IN_FRONT] = take_front,
	[AT_MARKER] = take_marker,
	[IN_GRAIN] = take_grain,
	[IN_TABLE] = take_table,
	[IN_DIRECTORY] = take_directory,
	[IN_FOOTER] = take_footer,
};

int
vmdki_take(struct vmdki *s, const unsigned char *p, struct err *e)
{
	size_t need = s->need;

	/* Only its first sector tells how long a grain is. */
	if (s->state == AT_MARKER && vmdk_u32(p + 8) != 0)
		return begin_grain(s, p, e) == -1 ? -1 : 1;
	if (takers[s->state](s, p, e) == -1)
		return -1;
	s->offset += need;
	return 0;
}

int
vmdki_after_end(struct vmdki *s, const void *p, size_t n, struct err *e)
{
	/* qemu-img fills its last 64 KiB with zeros. */
	if (vmdk_is_front(&s->header) && !content_is_zero(p, n))
		return err_set(e, ERR_IO,
		    "bytes other than zero after the end of the stream");
	s->info->warning = "zeros behind its end: ovftool and vSphere may "
			   "refuse it for its digest";
	s->after_end += n;
	if (s->after_end > AFTER_END_MAX)
		return err_set(e, ERR_IO,
		    "more than %ju bytes after the end of the stream",
		    (uintmax_t)AFTER_END_MAX);
	return 0;
}

static int
cut_short(const struct vmdki *s, size_t have, struct err *e)
{
	uintmax_t n = s->info->file_bytes;

	if (n == 0)
		return err_set(e, ERR_IO, "the stream is empty");
	if (have > 0 || s->state != AT_MARKER)
		return err_set(e, ERR_IO,
		    "stream ends after %ju bytes, inside %s", n,
		    state_names[s->state]);
	return err_set(e, ERR_IO, "stream ends after %ju bytes, before its %s",
	    n, missing_parts[s->closing]);
}

/* A file with its tables in front may go without an end marker, and with
 * more zeros behind it. */
static int
check_end(struct vmdki *s, size_t have, struct err *e)
{
	bool front = vmdk_is_front(&s->header);

	if (front && s->state == AT_MARKER && have == 0)
		return vmdkt_finish(s->tables, e) == 0
		    ? 0
		    : err_ctx(e, "stream ends after %ju bytes",
			  (uintmax_t)s->info->file_bytes);
	if (s->state != AT_END)
		return cut_short(s, have, e);
	if (s->after_end == 0 ||
	    (front && s->after_end % VMDK_SECTOR_BYTES == 0))
		return 0;
	return err_set(e, ERR_IO, "%ju bytes after the end of the stream",
	    (uintmax_t)s->after_end);
}

int
vmdki_finish(struct vmdki *s, size_t have, struct err *e)
{
	if (check_end(s, have, e) == -1)
		return -1;
	move_to(s, s->info->capacity_bytes);
	return 0;
}

uint64_t
vmdki_position(const struct vmdki *s)
{
	return atomic_load_explicit(&s->position, memory_order_relaxed);
}

void
vmdki_free(struct vmdki *s)
{
	if (s == NULL)
		return;
	vmdkg_free(s->grains);
	vmdkt_free(s->tables);
	free(s);
}
