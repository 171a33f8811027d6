#include "image/vmdkg.h"

#include <stdlib.h>
#include "codec/flate.h"
#include "image/content.h"

/* Room for a grain that inflates to too much, to tell how much. */
#define OUT_MAX (2 * VMDK_GRAIN_BYTES)

struct vmdkg {
	struct flate *flate;
	uint64_t capacity_sectors;
	uint64_t next_lba; /* smallest that a grain may have */
	unsigned char out[OUT_MAX];
};

/* The first sector of a grain: LBA, bytes of data, data. */
static uint64_t
lba_of(const unsigned char *p)
{
	return vmdk_u64(p);
}

static size_t
size_of(const unsigned char *p)
{
	return vmdk_u32(p + 8);
}

static size_t
total(size_t size)
{
	size_t sectors = (VMDK_GRAIN_HEAD + size + VMDK_SECTOR_BYTES - 1) /
	    VMDK_SECTOR_BYTES;

	return sectors * VMDK_SECTOR_BYTES;
}

_Static_assert(VMDKG_MAX >=
	VMDK_GRAIN_HEAD + VMDK_PACKED_MAX + VMDK_SECTOR_BYTES - 1,
    "room for the largest grain");

struct vmdkg *
vmdkg_open(uint64_t capacity_sectors, struct err *e)
{
	struct vmdkg *g = calloc(1, sizeof(*g));

	if (g == NULL) {
		err_set(e, ERR_OS, "out of memory");
		return NULL;
	}
	g->capacity_sectors = capacity_sectors;
	g->flate = flate_open(e);
	if (g->flate != NULL)
		return g;
	vmdkg_free(g);
	return NULL;
}

static int
check_lba(const struct vmdkg *g, uint64_t lba, struct err *e)
{
	if (lba >= g->capacity_sectors)
		return err_set(e, ERR_IO,
		    "grain at sector %ju of a disk of %ju sectors",
		    (uintmax_t)lba, (uintmax_t)g->capacity_sectors);
	if (lba % VMDK_GRAIN_SECTORS != 0)
		return err_set(e, ERR_IO,
		    "grain at sector %ju, which is no multiple of %d",
		    (uintmax_t)lba, VMDK_GRAIN_SECTORS);
	if (lba < g->next_lba)
		return err_set(e, ERR_IO,
		    "grain at sector %ju behind the one at sector %ju",
		    (uintmax_t)lba,
		    (uintmax_t)g->next_lba - VMDK_GRAIN_SECTORS);
	return 0;
}

size_t
vmdkg_begin(struct vmdkg *g, const unsigned char *p, struct err *e)
{
	if (check_lba(g, lba_of(p), e) == -1)
		return 0;
	if (size_of(p) > VMDK_PACKED_MAX) {
		err_set(e, ERR_IO,
		    "grain at sector %ju has %zu bytes of data, at most %d",
		    (uintmax_t)lba_of(p), size_of(p), VMDK_PACKED_MAX);
		return 0;
	}
	g->next_lba = lba_of(p) + VMDK_GRAIN_SECTORS;
	return total(size_of(p));
}

/* VMware's last grain is always full, that of others may end with the disk. */
static int
check_length(const struct vmdkg *g, uint64_t lba, size_t len, size_t *n,
    struct err *e)
{
	uint64_t rest = g->capacity_sectors - lba;

	*n = VMDK_GRAIN_BYTES;
	if (rest < VMDK_GRAIN_SECTORS)
		*n = (size_t)rest * VMDK_SECTOR_BYTES;
	if (len == VMDK_GRAIN_BYTES || len == *n)
		return 0;
	return err_set(e, ERR_IO,
	    "grain at sector %ju inflates to %zu bytes, not %zu",
	    (uintmax_t)lba, len, *n);
}

static void
check_padding(const struct vmdkg *g, const unsigned char *p, size_t len,
    size_t n, const char **warning)
{
	size_t used = VMDK_GRAIN_HEAD + size_of(p);

	if (*warning != NULL)
		return;
	if (!content_is_zero(p + used, total(size_of(p)) - used))
		*warning = "bytes other than zero behind the data of a grain";
	else if (!content_is_zero(g->out + n, len - n))
		*warning = "bytes other than zero behind the end of the disk";
}

const void *
vmdkg_inflate(struct vmdkg *g, const unsigned char *p, size_t *n,
    const char **warning, struct err *e)
{
	size_t size = size_of(p), used = 0, len = 0;

	if (flate_inflate(g->flate, p + VMDK_GRAIN_HEAD, size, &used, g->out,
		sizeof(g->out), &len) == -1) {
		err_set(e, ERR_IO, "grain at sector %ju does not inflate",
		    (uintmax_t)lba_of(p));
		return NULL;
	}
	if (used != size) {
		err_set(e, ERR_IO,
		    "grain at sector %ju: %zu of its %zu bytes are unused",
		    (uintmax_t)lba_of(p), size - used, size);
		return NULL;
	}
	if (check_length(g, lba_of(p), len, n, e) == -1)
		return NULL;
	check_padding(g, p, len, *n, warning);
	return g->out;
}

void
vmdkg_free(struct vmdkg *g)
{
	if (g == NULL)
		return;
	flate_free(g->flate);
	free(g);
}
