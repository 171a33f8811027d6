#include "image/vmdkw.h"

#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "image/vmdk.h"
#include "image/vmdkd.h"

/* Sectors: overHead, and what a stream may have; places in it have 32 bits. */
enum { OVERHEAD = 128 };
#define SECTORS_MAX (UINT64_C(1) << 32)

/* A marker and a table; of the end: directory's marker, footer and its marker,
 * end marker. */
enum { TABLE_TAKES = 1 + VMDK_TABLE_SECTORS, END_TAKES = 4 };

/* The sparse header, a sector. */
struct __attribute__((packed)) header {
	char magic[4];
	uint32_t version;
	uint32_t flags;
	uint64_t capacity;
	uint64_t grain_size;
	uint64_t descriptor_offset;
	uint64_t descriptor_size;
	uint32_t table_entries;
	uint64_t rgd_offset;
	uint64_t gd_offset;
	uint64_t overhead;
	uint8_t is_unclean;
	char newlines[4];
	uint16_t compression;
	uint8_t rest[433];
};
_Static_assert(sizeof(struct header) == VMDK_SECTOR_BYTES, "header");

struct __attribute__((packed)) marker {
	uint64_t sectors;
	uint32_t size; /* 0: no grain */
	uint32_t type;
	uint8_t rest[496];
};
_Static_assert(sizeof(struct marker) == VMDK_SECTOR_BYTES, "marker");

struct __attribute__((packed)) grain_head {
	uint64_t sector; /* of the disk */
	uint32_t size;
};
_Static_assert(sizeof(struct grain_head) == VMDK_GRAIN_HEAD, "grain's head");

struct vmdkw {
	struct sink to;
	struct header header;
	uint64_t grains;                /* of the disk */
	uint64_t next;                  /* smallest number that may come */
	uint64_t bytes;                 /* written */
	uint64_t gd_sectors;            /* size of the directory */
	uint32_t *gd;                   /* little-endian, as it is written */
	uint32_t gt[VMDK_TABLE_GRAINS]; /* the same, the table in work */
	uint64_t table;                 /* which one that is */
	bool has_grain;                 /* in it */
	bool over;                      /* it failed, or was finished */
};

static const unsigned char zeros[4096];

static uint64_t
sectors_of(uint64_t bytes)
{
	return bytes / VMDK_SECTOR_BYTES + (bytes % VMDK_SECTOR_BYTES != 0);
}

static int
put(struct vmdkw *w, const void *p, size_t n, struct err *e)
{
	if (flow_write(&w->to, p, n, e) == -1)
		return -1;
	w->bytes += n;
	return 0;
}

static int
put_zeros(struct vmdkw *w, size_t n, struct err *e)
{
	size_t part;

	for (; n > 0; n -= part) {
		part = n < sizeof(zeros) ? n : sizeof(zeros);
		if (put(w, zeros, part, e) == -1)
			return -1;
	}
	return 0;
}

static int
put_marker(struct vmdkw *w, enum vmdk_marker type, uint64_t sectors,
    struct err *e)
{
	struct marker m = { .sectors = htole64(sectors),
		.type = htole32(type) };

	return put(w, &m, sizeof(m), e);
}

/* Where the next byte goes, in sectors: there is room for all that is put. */
static uint32_t
here(const struct vmdkw *w)
{
	return (uint32_t)(w->bytes / VMDK_SECTOR_BYTES);
}

/* 64 bits that look like chance, the same for the same seed (SplitMix64). */
static uint64_t
scatter(uint64_t seed)
{
	uint64_t x = seed + UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

/* 0 is none, the others mean "no parent" and "not known yet". */
static uint32_t
usable_cid(uint32_t cid)
{
	while (cid == 0 || cid >= UINT32_C(0xfffffffe))
		cid = (uint32_t)scatter(cid);
	return cid;
}

static void
format_descriptor(struct buf *b, const struct vmdkw_conf *conf)
{
	uint64_t sectors = conf->capacity_bytes / VMDK_SECTOR_BYTES;
	uint32_t cid = usable_cid(conf->cid);

	buf_fmt(b,
	    "# Disk DescriptorFile\n"
	    "version=1\n"
	    "CID=%08jx\n"
	    "parentCID=%08jx\n"
	    "createType=\"streamOptimized\"\n"
	    "\n"
	    "# Extent description\n"
	    "RDONLY %ju SPARSE \"generated-stream.vmdk\"\n"
	    "\n"
	    "# The Disk Data Base \n" /* with the blank */
	    "#DDB\n"
	    "\n"
	    "ddb.adapterType = \"%s\"\n",
	    (uintmax_t)cid, (uintmax_t)VMDK_NO_PARENT, (uintmax_t)sectors,
	    conf->adapter);
	vmdkd_format_geometry(sectors, conf->adapter, b);
	buf_fmt(b,
	    "ddb.longContentID = \"%016jx%08jx%08jx\"\n"
	    "ddb.virtualHWVersion = \"%s\"\n",
	    (uintmax_t)scatter(cid),
	    (uintmax_t)(scatter(cid ^ sectors << 32) >> 32), (uintmax_t)cid,
	    conf->hardware);
}

/* They stand in quotes, and the whole descriptor must be short: qemu-img reads
 * no more than 10 KiB of it. */
static int
check_word(const char *name, const char *word, struct err *e)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
	size_t n = strlen(word);

	if (n > 0 && n <= 40 && strspn(word, good) == n)
		return 0;
	return err_set(e, ERR_DATA, "VMDK: '%.40s' is no %s", word, name);
}

static int
check_conf(const struct vmdkw_conf *conf, struct err *e)
{
	uint64_t sectors = conf->capacity_bytes / VMDK_SECTOR_BYTES;

	if (sectors == 0 || sectors > VMDK_CAPACITY_MAX ||
	    conf->capacity_bytes % VMDK_SECTOR_BYTES != 0)
		return err_set(e, ERR_DATA,
		    "VMDK: a disk of %ju bytes: it must be whole sectors, "
		    "at most 62 TiB",
		    (uintmax_t)conf->capacity_bytes);
	if (check_word("adapter type", conf->adapter, e) == -1 ||
	    check_word("hardware version", conf->hardware, e) == -1)
		return -1;
	return 0;
}

static int
begin(struct vmdkw *w, const struct vmdkw_conf *conf, struct err *e)
{
	struct buf b = { 0 };
	size_t front = OVERHEAD * VMDK_SECTOR_BYTES;
	int rc = -1;

	format_descriptor(&b, conf);
	if (buf_check(&b, e) == -1)
		goto out;
	w->header = (struct header){
		.magic = "KDMV",
		.version = htole32(3),
		.flags = htole32(0x30001),
		.capacity = htole64(conf->capacity_bytes / VMDK_SECTOR_BYTES),
		.grain_size = htole64(VMDK_GRAIN_SECTORS),
		.descriptor_offset = htole64(1),
		.descriptor_size = htole64(sectors_of(b.len)),
		.table_entries = htole32(VMDK_TABLE_GRAINS),
		.gd_offset = htole64(VMDK_AT_END),
		.overhead = htole64(OVERHEAD),
		.newlines = "\n \r\n",
		.compression = htole16(1), /* deflate */
	};
	if (put(w, &w->header, sizeof(w->header), e) == -1 ||
	    put(w, b.data, b.len, e) == -1 ||
	    put_zeros(w, front - sizeof(w->header) - b.len, e) == -1)
		goto out;
	rc = 0;
out:
	buf_free(&b);
	return rc;
}

struct vmdkw *
vmdkw_open(const struct vmdkw_conf *conf, struct sink to, struct err *e)
{
	struct vmdkw *w;
	uint64_t tables;

	if (check_conf(conf, e) == -1)
		return NULL;
	w = calloc(1, sizeof(*w));
	if (w == NULL)
		goto no_memory;
	w->to = to;
	w->grains = (conf->capacity_bytes - 1) / VMDK_GRAIN_BYTES + 1;
	tables = (w->grains - 1) / VMDK_TABLE_GRAINS + 1;
	w->gd_sectors = sectors_of(tables * sizeof(*w->gd));
	w->gd = calloc(w->gd_sectors, VMDK_SECTOR_BYTES);
	if (w->gd == NULL)
		goto no_memory;
	if (begin(w, conf, e) == 0)
		return w;
	vmdkw_free(w);
	return NULL;
no_memory:
	err_set(e, ERR_OS, "out of memory");
	vmdkw_free(w);
	return NULL;
}

/* The table of the grains so far, if there were any. */
static int
put_table(struct vmdkw *w, struct err *e)
{
	if (!w->has_grain)
		return 0;
	if (put_marker(w, VMDK_TABLE, VMDK_TABLE_SECTORS, e) == -1)
		return -1;
	w->gd[w->table] = htole32(here(w));
	w->has_grain = false;
	if (put(w, w->gt, sizeof(w->gt), e) == -1)
		return -1;
	memset(w->gt, 0, sizeof(w->gt));
	return 0;
}

/* With this grain, all that must follow it still has its place. */
static int
check_room(const struct vmdkw *w, uint64_t number, size_t n, struct err *e)
{
	uint64_t need = here(w) + sectors_of(VMDK_GRAIN_HEAD + n) +
	    TABLE_TAKES + w->gd_sectors + END_TAKES;

	if (w->has_grain && number / VMDK_TABLE_GRAINS != w->table)
		need += TABLE_TAKES;
	if (need <= SECTORS_MAX)
		return 0;
	return err_set(e, ERR_DATA,
	    "VMDK: grain %ju of %ju does not fit: a stream has 2 TiB at most",
	    (uintmax_t)number, (uintmax_t)w->grains);
}

static int
check_grain(const struct vmdkw *w, uint64_t number, size_t n, struct err *e)
{
	if (number < w->next || number >= w->grains)
		return err_set(e, ERR_BUG, "VMDK: grain %ju of %ju out of turn",
		    (uintmax_t)number, (uintmax_t)w->grains);
	if (n == 0 || n > VMDK_PACKED_MAX)
		return err_set(e, ERR_BUG,
		    "VMDK: grain %ju has %zu packed bytes", (uintmax_t)number,
		    n);
	return check_room(w, number, n, e);
}

static int
put_grain(struct vmdkw *w, uint64_t number, const void *packed, size_t n,
    struct err *e)
{
	struct grain_head head = {
		.sector = htole64(number * VMDK_GRAIN_SECTORS),
		.size = htole32((uint32_t)n),
	};
	uint64_t table = number / VMDK_TABLE_GRAINS;
	size_t pad = -(sizeof(head) + n) % VMDK_SECTOR_BYTES;

	if (table != w->table && put_table(w, e) == -1)
		return -1;
	w->table = table;
	w->has_grain = true;
	w->gt[number % VMDK_TABLE_GRAINS] = htole32(here(w));
	w->next = number + 1;
	if (put(w, &head, sizeof(head), e) == -1 ||
	    put(w, packed, n, e) == -1 || put(w, zeros, pad, e) == -1)
		return -1;
	return 0;
}

static int
check_open(const struct vmdkw *w, struct err *e)
{
	if (!w->over)
		return 0;
	return err_set(e, ERR_BUG,
	    "VMDK: its writer has failed or finished before");
}

int
vmdkw_grain(struct vmdkw *w, uint64_t number, const void *packed, size_t n,
    struct err *e)
{
	if (check_open(w, e) == -1)
		return -1;
	if (check_grain(w, number, n, e) == 0 &&
	    put_grain(w, number, packed, n, e) == 0)
		return 0;
	w->over = true;
	return -1;
}

static int
put_end(struct vmdkw *w, struct err *e)
{
	size_t gd_bytes = w->gd_sectors * VMDK_SECTOR_BYTES;

	if (put_table(w, e) == -1 ||
	    put_marker(w, VMDK_DIRECTORY, w->gd_sectors, e) == -1)
		return -1;
	w->header.gd_offset = htole64(here(w));
	if (put(w, w->gd, gd_bytes, e) == -1 ||
	    put_marker(w, VMDK_FOOTER, 1, e) == -1 ||
	    put(w, &w->header, sizeof(w->header), e) == -1 ||
	    put_marker(w, VMDK_END, 0, e) == -1)
		return -1;
	return 0;
}

int
vmdkw_finish(struct vmdkw *w, struct err *e)
{
	if (check_open(w, e) == -1)
		return -1;
	w->over = true;
	return put_end(w, e);
}

uint64_t
vmdkw_bytes(const struct vmdkw *w)
{
	return w->bytes;
}

void
vmdkw_free(struct vmdkw *w)
{
	if (w == NULL)
		return;
	free(w->gd);
	free(w);
}
