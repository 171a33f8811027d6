/*
 * vmdk_gen - writes streamOptimized VMDKs of several makers for the tests, and
 * remembers where everything is, so that a test can damage it.
 *
 * Independent of lib/image: it follows the format book, not our reader.
 */
#ifndef UNIT_VMDK_GEN_H
#define UNIT_VMDK_GEN_H

#include <endian.h>
#include <libdeflate.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	GEN_SECTOR = 512,
	GEN_GRAIN = 65536,
	GEN_OVERHEAD = 128, /* sectors, if the tables come later */
	GEN_TABLES = 130,   /* at most */
	GEN_GRAINS = GEN_TABLES * 512,
};

enum gen_layout {
	GEN_HOST,     /* tables behind their grains, gdOffset in the footer */
	GEN_VMDKTOOL, /* the same, but the header knows gdOffset too */
	GEN_FRONT,    /* open-vmdk: tables in front, end marker */
	GEN_QEMU,     /* tables in front twice, no end marker */
};

struct gen {
	unsigned char *p;
	size_t n, size;
	enum gen_layout layout;
	uint64_t capacity; /* sectors */
	uint64_t tables;
	uint32_t flags;             /* 0: the layout's own */
	const char *descriptor;     /* NULL: the usual one */
	const char *parent;         /* extra descriptor lines and parentCID */
	bool empty_tables;          /* write tables without a grain, too */
	bool tight;                 /* no gap before the first marker */
	uint32_t grain[GEN_GRAINS]; /* sector of each grain, 0: none */
	uint32_t table[GEN_TABLES]; /* sector of each table, 0: none */
	uint32_t overhead;          /* sectors */
	uint32_t gd, rgd;           /* sectors of the directories */
	uint32_t footer, end;       /* sectors of their markers */
};

static inline void
gen_put(struct gen *g, const void *p, size_t n)
{
	if (g->n + n > g->size) {
		g->size = (g->n + n) * 2;
		g->p = realloc(g->p, g->size);
		if (g->p == NULL)
			abort();
	}
	memcpy(g->p + g->n, p, n);
	g->n += n;
}

static inline void
gen_zeros(struct gen *g, size_t n)
{
	static const unsigned char zero[GEN_SECTOR];

	for (; n > sizeof(zero); n -= sizeof(zero))
		gen_put(g, zero, sizeof(zero));
	gen_put(g, zero, n);
}

static inline void
gen_pad(struct gen *g)
{
	gen_zeros(g, (GEN_SECTOR - g->n % GEN_SECTOR) % GEN_SECTOR);
}

static inline uint32_t
gen_sector(const struct gen *g)
{
	return (uint32_t)(g->n / GEN_SECTOR);
}

static inline void
gen_set32(struct gen *g, size_t at, uint32_t v)
{
	v = htole32(v);
	memcpy(g->p + at, &v, sizeof(v));
}

static inline void
gen_set64(struct gen *g, size_t at, uint64_t v)
{
	v = htole64(v);
	memcpy(g->p + at, &v, sizeof(v));
}

static inline uint32_t
gen_get32(const struct gen *g, size_t at)
{
	uint32_t v;

	memcpy(&v, g->p + at, sizeof(v));
	return le32toh(v);
}

/* Where things are, in bytes. */
static inline size_t
gen_grain_at(const struct gen *g, uint64_t number)
{
	return (size_t)g->grain[number] * GEN_SECTOR;
}

static inline size_t
gen_entry_at(const struct gen *g, uint64_t number)
{
	return (size_t)g->table[number / 512] * GEN_SECTOR + number % 512 * 4;
}

static inline size_t
gen_gd_at(const struct gen *g, uint64_t table)
{
	return (size_t)g->gd * GEN_SECTOR + table * 4;
}

/* What grain number holds: text that packs well; number 7 does not pack, 8
 * is zero. */
static inline void
gen_fill(uint64_t number, unsigned char out[GEN_GRAIN])
{
	uint64_t x = number * 0x9e3779b97f4a7c15u + 1;
	size_t i;

	memset(out, 0, GEN_GRAIN);
	for (i = 0; number % 512 == 7 && i < GEN_GRAIN; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		out[i] = (unsigned char)x;
	}
	for (i = 0; number % 512 > 8 || number % 512 < 7; i += 32) {
		if (i == GEN_GRAIN)
			break;
		snprintf((char *)out + i, 32, "grain %u, part %u",
		    (unsigned int)number, (unsigned int)(i >> 13));
	}
}

static inline uint64_t
gen_directory_sectors(const struct gen *g)
{
	return (g->tables + 127) / 128;
}

static inline void
gen_header(struct gen *g, uint64_t gd)
{
	size_t at = g->n;
	bool front = g->layout == GEN_FRONT || g->layout == GEN_QEMU;
	uint32_t flags = g->layout == GEN_QEMU ? 0x30003 : 0x30001;

	gen_zeros(g, GEN_SECTOR);
	memcpy(g->p + at, "KDMV", 4);
	gen_set32(g, at + 4, 3);
	gen_set32(g, at + 8, g->flags != 0 ? g->flags : flags);
	gen_set64(g, at + 12, g->capacity);
	gen_set64(g, at + 20, 128);
	gen_set64(g, at + 28, 1);
	gen_set64(g, at + 36, front && !g->tight ? 20 : 1);
	gen_set32(g, at + 44, 512);
	gen_set64(g, at + 48, g->rgd);
	gen_set64(g, at + 56, gd);
	gen_set64(g, at + 64, g->overhead);
	memcpy(g->p + at + 73, "\n \r\n\1", 5);
}

static inline void
gen_descriptor(struct gen *g)
{
	bool front = g->layout == GEN_FRONT || g->layout == GEN_QEMU;
	size_t end = (front && !g->tight ? 21 : 2) * GEN_SECTOR;
	char text[1024];

	snprintf(text, sizeof(text),
	    "# Disk DescriptorFile\nversion=1\nCID=4ca346e5\n%s"
	    "createType=\"streamOptimized\"\n\n# Extent description\n"
	    "RDONLY %ju SPARSE \"generated-stream.vmdk\"\n\n"
	    "# The Disk Data Base \n#DDB\n\n"
	    "ddb.adapterType = \"lsilogic\"\n",
	    g->parent != NULL ? g->parent : "parentCID=ffffffff\n",
	    (uintmax_t)g->capacity);
	if (g->descriptor != NULL)
		snprintf(text, sizeof(text), "%s", g->descriptor);
	gen_put(g, text, strlen(text));
	gen_zeros(g, end - g->n);
}

/* Places one directory and its tables at the end of what is there. */
static inline void
gen_reserve(struct gen *g, uint32_t *gd)
{
	uint64_t i;

	*gd = gen_sector(g);
	gen_zeros(g, gen_directory_sectors(g) * GEN_SECTOR);
	for (i = 0; i < g->tables; i++) {
		gen_set32(g, *gd * GEN_SECTOR + i * 4, gen_sector(g));
		g->table[i] = gen_sector(g);
		gen_zeros(g, 4 * GEN_SECTOR);
	}
}

static inline void
gen_begin(struct gen *g)
{
	g->tables = (g->capacity + 65535) / 65536;
	g->overhead = g->tight ? 2 : GEN_OVERHEAD;
	gen_header(g, UINT64_MAX);
	gen_descriptor(g);
	if (g->layout == GEN_QEMU)
		gen_reserve(g, &g->rgd);
	if (g->layout == GEN_QEMU || g->layout == GEN_FRONT) {
		gen_reserve(g, &g->gd);
		g->overhead = gen_sector(g);
		if (!g->tight)
			g->overhead = (g->overhead + 127) / 128 * 128;
	}
	gen_zeros(g, (size_t)g->overhead * GEN_SECTOR - g->n);
}

/* A grain of these packed bytes. */
static inline void
gen_packed(struct gen *g, uint64_t number, const void *p, uint32_t size)
{
	size_t at = g->n;

	g->grain[number] = gen_sector(g);
	gen_zeros(g, 12);
	gen_set64(g, at, number * 128);
	gen_set32(g, at + 8, size);
	gen_put(g, p, size);
	gen_pad(g);
}

/* A grain of these bytes. */
static inline void
gen_data(struct gen *g, uint64_t number, const void *p, size_t n)
{
	static unsigned char packed[2 * GEN_GRAIN];
	struct libdeflate_compressor *c = libdeflate_alloc_compressor(1);
	size_t size;

	if (c == NULL)
		abort();
	size = libdeflate_zlib_compress(c, p, n, packed, sizeof(packed));
	libdeflate_free_compressor(c);
	gen_packed(g, number, packed, (uint32_t)size);
}

static inline void
gen_grain(struct gen *g, uint64_t number)
{
	unsigned char data[GEN_GRAIN];
	uint64_t rest = (g->capacity - number * 128) * GEN_SECTOR;
	bool whole = g->layout == GEN_HOST || rest > GEN_GRAIN;

	gen_fill(number, data);
	if (rest < GEN_GRAIN)
		memset(data + rest, 0, GEN_GRAIN - rest);
	gen_data(g, number, data, whole ? GEN_GRAIN : rest);
}

static inline void
gen_marker(struct gen *g, uint32_t type, uint64_t sectors)
{
	size_t at = g->n;

	gen_zeros(g, GEN_SECTOR);
	gen_set64(g, at, sectors);
	gen_set32(g, at + 12, type);
}

static inline void
gen_progress(struct gen *g, uint64_t lba)
{
	gen_marker(g, 4, 0);
	gen_set64(g, g->n - GEN_SECTOR + 16, lba);
}

/* Entries of a table of which the grains are written. */
static inline void
gen_entries(struct gen *g, uint64_t table, size_t at)
{
	size_t i;

	for (i = 0; i < 512; i++)
		gen_set32(g, at + 4 * i, g->grain[table * 512 + i]);
}

static inline void
gen_table(struct gen *g, uint64_t table)
{
	gen_marker(g, 1, 4);
	g->table[table] = gen_sector(g);
	gen_zeros(g, 4 * GEN_SECTOR);
	gen_entries(g, table, g->n - 4 * GEN_SECTOR);
}

static inline void
gen_directory(struct gen *g)
{
	uint64_t i;

	gen_marker(g, 2, gen_directory_sectors(g));
	g->gd = gen_sector(g);
	gen_zeros(g, gen_directory_sectors(g) * GEN_SECTOR);
	for (i = 0; i < g->tables; i++)
		gen_set32(g, gen_gd_at(g, i), g->table[i]);
	if (g->layout == GEN_VMDKTOOL)
		gen_set64(g, 56, g->gd);
}

static inline void
gen_footer(struct gen *g)
{
	g->footer = gen_sector(g);
	gen_marker(g, 3, 1);
	gen_put(g, g->p, GEN_SECTOR);
	gen_set64(g, g->n - GEN_SECTOR + 56, g->gd);
}

static inline void
gen_end(struct gen *g)
{
	g->end = gen_sector(g);
	gen_zeros(g, GEN_SECTOR);
}

/* Fills in the tables in front. */
static inline void
gen_front_tables(struct gen *g)
{
	uint64_t i;
	size_t shift = (size_t)(g->gd - g->rgd) * GEN_SECTOR;

	for (i = 0; i < g->tables; i++) {
		gen_entries(g, i, gen_entry_at(g, i * 512));
		if (g->rgd != 0)
			gen_entries(g, i, gen_entry_at(g, i * 512) - shift);
	}
	gen_set64(g, 48, g->rgd);
	gen_set64(g, 56, g->gd);
	gen_set64(g, 64, g->overhead);
}

/* All that follows the last grain. */
static inline void
gen_finish(struct gen *g)
{
	if (g->layout == GEN_QEMU || g->layout == GEN_FRONT)
		gen_front_tables(g);
	if (g->layout == GEN_QEMU) {
		gen_zeros(g, 3 * GEN_SECTOR);
		return;
	}
	if (g->layout != GEN_FRONT) {
		gen_directory(g);
		gen_footer(g);
	}
	gen_end(g);
}

/* A whole disk of these grains, ascending, ended by UINT64_MAX. */
static inline void
gen_disk(struct gen *g, const uint64_t *grains)
{
	bool front = g->layout == GEN_QEMU || g->layout == GEN_FRONT;
	uint64_t t;
	bool any;

	gen_begin(g);
	for (t = 0; t < g->tables; t++) {
		for (any = false; *grains / 512 == t; grains++) {
			gen_grain(g, *grains);
			any = true;
		}
		if (!front && (any || g->empty_tables))
			gen_table(g, t);
	}
	gen_finish(g);
}

static inline struct gen *
gen_open(enum gen_layout layout, uint64_t capacity)
{
	struct gen *g = calloc(1, sizeof(*g));

	if (g == NULL)
		abort();
	g->layout = layout;
	g->capacity = capacity;
	return g;
}

static inline void
gen_free(struct gen *g)
{
	free(g->p);
	free(g);
}

#endif
