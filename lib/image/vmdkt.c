#include "image/vmdkt.h"

#include <stdlib.h>
#include "image/content.h"

struct vmdkt {
	struct vmdk_header header;
	uint64_t n_tables;
	bool front;
	bool zero_entries; /* 1 stands for a zero grain */

	/* Tables behind their grains. */
	uint32_t *tables; /* [n_tables] sector of each table seen, 0: none */
	uint32_t *empty;  /* [n_tables] sectors of tables without a grain */
	uint64_t n_empty;
	uint32_t seen[VMDK_TABLE_GRAINS]; /* sectors of grains not in a table */
	size_t n_seen;
	uint64_t current;    /* table of the grains in seen */
	uint64_t closed;     /* tables below this one are over */
	uint64_t next_entry; /* of the directory */

	/* Tables in front. */
	unsigned char *kept; /* from the sector first on */
	uint64_t first, n_kept, put;
	uint64_t next_grain; /* whose entry was not looked at yet */
};

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_OS, "out of memory");
}

static int
open_front(struct vmdkt *t, struct err *e)
{
	t->first = 1 + t->header.descriptor_sectors;
	t->n_kept = t->header.overhead_sectors - t->first;
	if (t->n_kept > VMDKT_FRONT_MAX / VMDK_SECTOR_BYTES)
		return err_set(e, ERR_IO,
		    "%ju MiB of grain tables in front of the data, at most %ju",
		    (uintmax_t)(t->n_kept >> 11),
		    (uintmax_t)(VMDKT_FRONT_MAX >> 20));
	t->kept = calloc(t->n_kept + 1, VMDK_SECTOR_BYTES);
	return t->kept != NULL ? 0 : no_memory(e);
}

static int
open_streamed(struct vmdkt *t, struct err *e)
{
	t->tables = calloc(t->n_tables, sizeof(*t->tables));
	t->empty = calloc(t->n_tables, sizeof(*t->empty));
	return t->tables != NULL && t->empty != NULL ? 0 : no_memory(e);
}

struct vmdkt *
vmdkt_open(const struct vmdk_header *h, bool is_delta, struct err *e)
{
	struct vmdkt *t = calloc(1, sizeof(*t));
	int rc;

	if (t == NULL) {
		no_memory(e);
		return NULL;
	}
	t->header = *h;
	t->n_tables = vmdk_tables(h);
	t->front = vmdk_is_front(h);
	t->zero_entries = (h->flags & VMDK_ZERO_ENTRIES) != 0 && !is_delta;
	rc = t->front ? open_front(t, e) : open_streamed(t, e);
	if (rc == 0)
		return t;
	vmdkt_free(t);
	return NULL;
}

/* Compares an entry of a table with where the grain was seen (0: nowhere). */
static int
check_entry(const struct vmdkt *t, uint64_t number, uint32_t entry,
    uint32_t seen, struct err *e)
{
	uintmax_t table = number / VMDK_TABLE_GRAINS;
	uintmax_t i = number % VMDK_TABLE_GRAINS;

	if (entry == seen || (seen == 0 && entry == 1 && t->zero_entries))
		return 0;
	if (seen == 0 && entry == 1 &&
	    (t->header.flags & VMDK_ZERO_ENTRIES) != 0)
		return err_set(e, ERR_IO,
		    "grain table %ju has a zero entry (%ju), which a disk "
		    "with a parent may not have",
		    table, i);
	if (seen == 0)
		return err_set(e, ERR_IO,
		    "grain table %ju names sector %ju (entry %ju), the stream "
		    "has no such grain",
		    table, (uintmax_t)entry, i);
	return err_set(e, ERR_IO,
	    "grain table %ju names sector %ju (entry %ju), the stream has %ju",
	    table, (uintmax_t)entry, i, (uintmax_t)seen);
}

int
vmdkt_front(struct vmdkt *t, const unsigned char *p, struct err *e)
{
	if (t->put == t->n_kept)
		return err_set(e, ERR_BUG, "more than the overhead");
	/* calloc gave zeros: memory that nobody writes is not there. */
	if (!content_is_zero(p, VMDK_SECTOR_BYTES))
		memcpy(t->kept + t->put * VMDK_SECTOR_BYTES, p,
		    VMDK_SECTOR_BYTES);
	t->put++;
	return 0;
}

/* n sectors that were kept, or NULL. */
static const unsigned char *
find_kept(const struct vmdkt *t, uint64_t sector, uint64_t n)
{
	if (sector < t->first || sector - t->first > t->n_kept ||
	    n > t->n_kept - (sector - t->first))
		return NULL;
	return t->kept + (sector - t->first) * VMDK_SECTOR_BYTES;
}

static uint32_t
entry_at(const struct vmdkt *t, uint64_t gd_sector, uint64_t i)
{
	return vmdk_u32(find_kept(t, gd_sector, 1) + 4 * i);
}

/* The directory at this sector and all that it names are inside. */
static int
check_directory(const struct vmdkt *t, uint64_t gd_sector, struct err *e)
{
	uint64_t i, sectors = vmdk_directory_sectors(&t->header);
	uint32_t v;

	if (find_kept(t, gd_sector, sectors) == NULL)
		return err_set(e, ERR_IO,
		    "grain directory at sector %ju, the data begins at %ju",
		    (uintmax_t)gd_sector,
		    (uintmax_t)t->header.overhead_sectors);
	for (i = 0; i < t->n_tables; i++) {
		v = entry_at(t, gd_sector, i);
		if (v != 0 && find_kept(t, v, VMDK_TABLE_SECTORS) == NULL)
			return err_set(e, ERR_IO,
			    "grain table %ju at sector %ju, the data begins "
			    "at %ju",
			    (uintmax_t)i, (uintmax_t)v,
			    (uintmax_t)t->header.overhead_sectors);
	}
	return 0;
}

/* Table i, NULL if the directory names none. */
static const unsigned char *
find_table(const struct vmdkt *t, uint64_t gd_sector, uint64_t i)
{
	return find_kept(t, entry_at(t, gd_sector, i), VMDK_TABLE_SECTORS);
}

/* The second copy must say the same: else one of the two is damaged. */
static int
check_redundant(const struct vmdkt *t, struct err *e)
{
	const unsigned char *a, *b;
	uint64_t i;

	if (check_directory(t, t->header.rgd_sector, e) == -1)
		return err_ctx(e, "redundant copy");
	for (i = 0; i < t->n_tables; i++) {
		a = find_table(t, t->header.gd_sector, i);
		b = find_table(t, t->header.rgd_sector, i);
		if (a == b ||
		    (a != NULL && b != NULL &&
			memcmp(a, b, VMDK_TABLE_SECTORS * VMDK_SECTOR_BYTES) ==
			    0))
			continue;
		return err_set(e, ERR_IO,
		    "grain table %ju and its redundant copy differ",
		    (uintmax_t)i);
	}
	return 0;
}

int
vmdkt_front_end(struct vmdkt *t, struct err *e)
{
	if (check_directory(t, t->header.gd_sector, e) == -1)
		return -1;
	if ((t->header.flags & VMDK_HAS_RGD) == 0)
		return 0;
	return check_redundant(t, e);
}

/* Looks at the entries of all grains below number: none of them came. */
static int
pass_front(struct vmdkt *t, uint64_t number, struct err *e)
{
	const unsigned char *table;
	uint64_t end;

	while (t->next_grain < number) {
		table = find_table(t, t->header.gd_sector,
		    t->next_grain / VMDK_TABLE_GRAINS);
		end = (t->next_grain / VMDK_TABLE_GRAINS + 1) *
		    VMDK_TABLE_GRAINS;
		if (end > number)
			end = number;
		for (; table != NULL && t->next_grain < end; t->next_grain++) {
			if (check_entry(t, t->next_grain,
				vmdk_u32(table +
				    t->next_grain % VMDK_TABLE_GRAINS * 4),
				0, e) == -1)
				return -1;
		}
		t->next_grain = end;
	}
	return 0;
}

static int
front_grain(struct vmdkt *t, uint64_t number, uint32_t sector, struct err *e)
{
	const unsigned char *table;
	uint32_t entry = 0;

	if (pass_front(t, number, e) == -1)
		return -1;
	table = find_table(t, t->header.gd_sector, number / VMDK_TABLE_GRAINS);
	if (table != NULL)
		entry = vmdk_u32(table + number % VMDK_TABLE_GRAINS * 4);
	t->next_grain = number + 1;
	return check_entry(t, number, entry, sector, e);
}

/* The grains seen must have been closed by a table. */
static int
check_closed(const struct vmdkt *t, struct err *e)
{
	if (t->n_seen == 0)
		return 0;
	return err_set(e, ERR_IO, "grain table %ju is missing",
	    (uintmax_t)t->current);
}

int
vmdkt_grain(struct vmdkt *t, uint64_t number, uint32_t sector, struct err *e)
{
	uint64_t table = number / VMDK_TABLE_GRAINS;

	if (t->front)
		return front_grain(t, number, sector, e);
	if (table != t->current && check_closed(t, e) == -1)
		return -1;
	if (table < t->closed)
		return err_set(e, ERR_IO,
		    "grain at sector %ju behind its grain table %ju",
		    (uintmax_t)number * VMDK_GRAIN_SECTORS, (uintmax_t)table);
	t->current = table;
	t->seen[number % VMDK_TABLE_GRAINS] = sector;
	t->n_seen++;
	return 0;
}

/* A table of no grain: only the directory tells which one it is. */
static int
empty_table(struct vmdkt *t, uint32_t sector, struct err *e)
{
	if (t->n_empty == t->n_tables)
		return err_set(e, ERR_IO,
		    "more than the %ju grain tables of the disk",
		    (uintmax_t)t->n_tables);
	t->empty[t->n_empty++] = sector;
	return 0;
}

int
vmdkt_table(struct vmdkt *t, uint32_t sector, const unsigned char *p,
    struct err *e)
{
	/* Without a grain this is the likely number, for the message. */
	uint64_t i, table = t->n_seen > 0 ? t->current : t->closed;

	for (i = 0; i < VMDK_TABLE_GRAINS; i++) {
		if (check_entry(t, table * VMDK_TABLE_GRAINS + i,
			vmdk_u32(p + 4 * i), t->seen[i], e) == -1)
			return -1;
	}
	if (t->n_seen == 0)
		return empty_table(t, sector, e);
	t->tables[table] = sector;
	t->closed = table + 1;
	memset(t->seen, 0, sizeof(t->seen));
	t->n_seen = 0;
	return 0;
}

int
vmdkt_directory_begin(struct vmdkt *t, struct err *e)
{
	return check_closed(t, e);
}

/* They were put in ascending order. */
static bool
is_empty_table(const struct vmdkt *t, uint32_t sector)
{
	uint64_t low = 0, high = t->n_empty, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (t->empty[mid] < sector)
			low = mid + 1;
		else
			high = mid;
	}
	return low < t->n_empty && t->empty[low] == sector;
}

static int
check_directory_entry(const struct vmdkt *t, uint64_t i, uint32_t v,
    struct err *e)
{
	uint32_t seen = i < t->n_tables ? t->tables[i] : 0;

	if (v == seen || (i < t->n_tables && seen == 0 && is_empty_table(t, v)))
		return 0;
	if (i >= t->n_tables)
		return err_set(e, ERR_IO,
		    "grain directory names sector %ju for table %ju, the "
		    "disk has %ju tables",
		    (uintmax_t)v, (uintmax_t)i, (uintmax_t)t->n_tables);
	if (seen == 0)
		return err_set(e, ERR_IO,
		    "grain directory names sector %ju for table %ju, the "
		    "stream has no such table",
		    (uintmax_t)v, (uintmax_t)i);
	return err_set(e, ERR_IO,
	    "grain directory names sector %ju for table %ju, the stream "
	    "has %ju",
	    (uintmax_t)v, (uintmax_t)i, (uintmax_t)seen);
}

int
vmdkt_directory(struct vmdkt *t, const unsigned char *p, struct err *e)
{
	size_t i;

	for (i = 0; i < VMDK_DIRECTORY_TABLES; i++) {
		if (check_directory_entry(t, t->next_entry + i,
			vmdk_u32(p + 4 * i), e) == -1)
			return -1;
	}
	t->next_entry += VMDK_DIRECTORY_TABLES;
	return 0;
}

int
vmdkt_finish(struct vmdkt *t, struct err *e)
{
	if (!t->front)
		return 0;
	return pass_front(t, t->n_tables * VMDK_TABLE_GRAINS, e);
}

void
vmdkt_free(struct vmdkt *t)
{
	if (t == NULL)
		return;
	free(t->tables);
	free(t->empty);
	free(t->kept);
	free(t);
}
