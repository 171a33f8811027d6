#ifndef IMAGE_VMDK_H
#define IMAGE_VMDK_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "base/err.h"

/*
 * vmdk - the structures of a streamOptimized VMDK (VMware "Virtual Disk
 * Format 5.0"), as its reader and its writer share them.
 *
 * Integers are little-endian.  Positions and lengths are in sectors: of the
 * file unless "of the disk" is said.
 */
enum {
	VMDK_SECTOR_BYTES = 512,
	VMDK_GRAIN_BYTES = 65536,
	VMDK_GRAIN_SECTORS = 128,       /* of the disk */
	VMDK_TABLE_GRAINS = 512,        /* entries of a grain table */
	VMDK_TABLE_SPAN = 65536,        /* sectors of the disk a table covers */
	VMDK_TABLE_SECTORS = 4,         /* that a table takes */
	VMDK_DIRECTORY_TABLES = 128,    /* directory entries in a sector */
	VMDK_GRAIN_HEAD = 12,           /* bytes before a grain's data */
	VMDK_PACKED_MAX = 65536 + 1024, /* bytes of a grain's data */
};
#define VMDK_CAPACITY_MAX (UINT64_C(62) << 31) /* 62 TiB in sectors */
#define VMDK_AT_END UINT64_MAX                 /* gdOffset of a stream */
#define VMDK_NO_PARENT UINT32_C(0xffffffff)

/* Types of a marker whose size field is 0. */
enum vmdk_marker {
	VMDK_END,
	VMDK_TABLE,
	VMDK_DIRECTORY,
	VMDK_FOOTER,
	VMDK_PROGRESS, /* not in the book; hosts send it in long gaps */
};

enum vmdk_flags {
	VMDK_HAS_RGD = 0x2,
	VMDK_ZERO_ENTRIES = 0x4, /* a table's entry 1 is a zero grain */
};

struct vmdk_header {
	uint32_t flags;
	uint64_t capacity_sectors; /* of the disk */
	uint64_t descriptor_sectors;
	uint64_t rgd_sector;
	uint64_t gd_sector;
	uint64_t overhead_sectors; /* what stands before the first marker */
};

struct vmdk_descriptor {
	uint32_t cid;
	uint32_t parent_cid;
	uint64_t extent_sectors;
	char create_type[32];
	char parent_hint[512]; /* "" if there is none */
	const char *warning;   /* a deviation that does no harm, or NULL */
};

static inline uint32_t
vmdk_u32(const unsigned char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

static inline uint64_t
vmdk_u64(const unsigned char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

/* Sectors of the grain directory, and tables, of a disk. */
uint64_t vmdk_tables(const struct vmdk_header *h);
uint64_t vmdk_directory_sectors(const struct vmdk_header *h);

/* True if directory and tables stand before the grains. */
bool vmdk_is_front(const struct vmdk_header *h);

/* p: one sector.  What parses is a header that we can work with: ERR_IO
 * names the field that is not as it must be. */
int vmdk_parse_header(const unsigned char *p, struct vmdk_header *h,
    struct err *e);

/* The first field in which a footer, gdOffset aside, is not its header, or
 * NULL. */
const char *vmdk_find_difference(const unsigned char *header,
    const unsigned char *footer);

/* A progress marker: where on the disk, in sectors, the host is. */
int vmdk_parse_progress(const unsigned char *p, const struct vmdk_header *h,
    uint64_t *lba, struct err *e);

/* The descriptor's text, padded with NUL. */
int vmdk_parse_descriptor(const char *p, size_t n, struct vmdk_descriptor *d,
    struct err *e);

#endif
