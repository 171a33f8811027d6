#include "image/vmdkd.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include "base/num.h"
#include "base/span.h"
#include "image/vmdk.h"

static int
parse_cid(struct span value, uint32_t *cid, struct err *e)
{
	static const char digits[] = "0123456789abcdef";
	const char *at;
	size_t i;

	*cid = 0;
	for (i = 0; i < value.n && i < 8; i++) {
		if (!isxdigit((unsigned char)value.p[i]))
			break;
		at = strchr(digits, value.p[i] | 0x20);
		*cid = *cid << 4 | (uint32_t)(at - digits);
	}
	if (i == 0 || i != value.n)
		return err_set(e, ERR_DATA, "'%.*s' is no CID",
		    (int)(value.n > 40 ? 40 : value.n), value.p);
	return 0;
}

static int
copy_value(struct span value, char *out, size_t size, struct err *e)
{
	size_t i;

	if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"')
		value = (struct span){ value.p + 1, value.n - 2 };
	if (value.n >= size)
		return err_set(e, ERR_DATA, "a value of %zu bytes, at most %zu",
		    value.n, size - 1);
	for (i = 0; i < value.n; i++)
		if ((unsigned char)value.p[i] < ' ' || value.p[i] == '"')
			return err_set(e, ERR_DATA, "byte %02x in a value",
			    (unsigned char)value.p[i]);
	memcpy(out, value.p, value.n);
	out[value.n] = '\0';
	return 0;
}

/* 'RW 2048 VMFS "web-flat.vmdk"', with an offset behind it in some. */
static int
parse_extent(struct span line, struct vmdkd *d, struct err *e)
{
	struct span sectors, kind, file;

	if (d->n_extents++ > 0)
		return 0;
	span_word(&line);
	sectors = span_word(&line);
	kind = span_word(&line);
	span_cut(&line, '"');
	file = span_cut(&line, '"');
	if (num_scan(sectors.p, sectors.n, INT64_MAX / VMDK_SECTOR_BYTES,
		&d->sectors) == -1)
		return err_set(e, ERR_DATA,
		    "extent: '%.*s' is no number of sectors",
		    (int)(sectors.n > 40 ? 40 : sectors.n), sectors.p);
	if (copy_value(kind, d->kind, sizeof(d->kind), e) == -1 ||
	    copy_value(file, d->file, sizeof(d->file), e) == -1)
		return err_ctx(e, "extent");
	return 0;
}

static int
parse_pair(struct span key, struct span value, struct vmdkd *d, struct err *e)
{
	if (span_is(key, "CID"))
		return parse_cid(value, &d->cid, e);
	if (span_is(key, "parentCID"))
		return parse_cid(value, &d->parent_cid, e);
	if (span_is(key, "createType"))
		return copy_value(value, d->create_type, sizeof(d->create_type),
		    e);
	if (span_is(key, "ddb.adapterType"))
		return copy_value(value, d->adapter, sizeof(d->adapter), e);
	if (span_is(key, "ddb.virtualHWVersion"))
		return copy_value(value, d->hardware, sizeof(d->hardware), e);
	return 0;
}

static int
parse_line(struct span line, struct vmdkd *d, struct err *e)
{
	struct span rest, word, key;

	line = span_trim(line);
	if (line.n == 0 || line.p[0] == '#')
		return 0;
	rest = line;
	word = span_word(&rest);
	if (span_is(word, "RW") || span_is(word, "RDONLY") ||
	    span_is(word, "NOACCESS"))
		return parse_extent(line, d, e);
	key = span_trim(span_cut(&line, '='));
	if (parse_pair(key, span_trim(line), d, e) == -1)
		return err_ctx(e, "%.*s", (int)key.n, key.p);
	return 0;
}

int
vmdkd_parse(const char *p, size_t n, struct vmdkd *d, struct err *e)
{
	static const char first[] = "# Disk DescriptorFile";
	struct span text = { p, strnlen(p, n) };

	*d = (struct vmdkd){ .parent_cid = VMDK_NO_PARENT };
	if (text.n < sizeof(first) - 1 ||
	    memcmp(text.p, first, sizeof(first) - 1) != 0)
		return err_set(e, ERR_DATA, "it is no disk descriptor");
	while (text.n > 0)
		if (parse_line(span_cut(&text, '\n'), d, e) == -1)
			return -1;
	if (d->create_type[0] == '\0' || d->n_extents == 0)
		return err_set(e, ERR_DATA, "the descriptor has no %s",
		    d->n_extents == 0 ? "extent" : "createType");
	return 0;
}

/* What hosts write, for a BIOS that asks: IDE disks have 16 heads, SCSI disks
 * what BusLogic's adapters made of their size. */
void
vmdkd_format_geometry(uint64_t sectors, const char *adapter, struct buf *b)
{
	bool is_ide = strcmp(adapter, "ide") == 0;
	unsigned int heads = 255, track = 63;
	uint64_t cylinders;

	if (is_ide) {
		heads = 16;
	} else if (sectors < UINT64_C(4) << 20) {
		heads = sectors < UINT64_C(2) << 20 ? 64 : 128;
		track = 32;
	}
	cylinders = sectors / heads / track;
	if (is_ide && cylinders > 16383)
		cylinders = 16383;
	buf_fmt(b,
	    "ddb.geometry.cylinders = \"%ju\"\n"
	    "ddb.geometry.heads = \"%u\"\n"
	    "ddb.geometry.sectors = \"%u\"\n",
	    (uintmax_t)cylinders, heads, track);
}

void
vmdkd_format_flat(const struct vmdkd_flat *f, struct buf *b)
{
	uint64_t sectors = f->capacity_bytes / VMDK_SECTOR_BYTES;
	const char *adapter = f->adapter[0] == '\0' ? "lsilogic" : f->adapter;

	buf_fmt(b,
	    "# Disk DescriptorFile\n"
	    "version=1\n"
	    "encoding=\"UTF-8\"\n"
	    "CID=%08x\n"
	    "parentCID=ffffffff\n"
	    "createType=\"monolithicFlat\"\n"
	    "\n"
	    "# Extent description\n"
	    "RW %ju FLAT \"%s\" 0\n"
	    "\n"
	    "# The Disk Data Base\n"
	    "#DDB\n"
	    "\n",
	    (unsigned int)f->cid, (uintmax_t)sectors, f->file);
	buf_fmt(b, "ddb.adapterType = \"%s\"\n", adapter);
	vmdkd_format_geometry(sectors, adapter, b);
	buf_fmt(b, "ddb.virtualHWVersion = \"%s\"\n",
	    f->hardware[0] == '\0' ? "4" : f->hardware);
}
