#include "image/vmdk.h"

#include "base/num.h"
#include "base/span.h"

enum { VERSION = 3, DEFLATE = 1, DESCRIPTOR_MAX = 20 };

/* Gaps that writers leave before the first marker are up to 64 KiB. */
enum { OVERHEAD_SLACK = 2048 };

/* Hosts and all other writers set both: compressed grains, markers. */
#define FLAGS_NEEDED UINT32_C(0x30000)
#define FLAGS_KNOWN (FLAGS_NEEDED | UINT32_C(0x7))

/* Offsets of the header's fields. */
enum field {
	MAGIC = 0,
	VERSION_AT = 4,
	FLAGS = 8,
	CAPACITY = 12,
	GRAIN_SIZE = 20,
	DESCRIPTOR_OFFSET = 28,
	DESCRIPTOR_SIZE = 36,
	TABLE_ENTRIES = 44,
	RGD_OFFSET = 48,
	GD_OFFSET = 56,
	OVERHEAD = 64,
	UNCLEAN = 72,
	NEWLINES = 73,
	COMPRESSION = 77,
	FIELDS_END = 79,
};

static uint64_t
divide_up(uint64_t n, uint64_t by)
{
	return n / by + (n % by != 0);
}

uint64_t
vmdk_tables(const struct vmdk_header *h)
{
	return divide_up(h->capacity_sectors, VMDK_TABLE_SPAN);
}

uint64_t
vmdk_directory_sectors(const struct vmdk_header *h)
{
	return divide_up(vmdk_tables(h), VMDK_DIRECTORY_TABLES);
}

bool
vmdk_is_front(const struct vmdk_header *h)
{
	return h->gd_sector < h->overhead_sectors;
}

static int
check_kind(const unsigned char *p, struct err *e)
{
	uint32_t flags = vmdk_u32(p + FLAGS);

	if (memcmp(p + MAGIC, "KDMV", 4) != 0)
		return err_set(e, ERR_IO,
		    "not a sparse VMDK: it begins with %02x%02x%02x%02x", p[0],
		    p[1], p[2], p[3]);
	if ((flags & FLAGS_NEEDED) != FLAGS_NEEDED)
		return err_set(e, ERR_IO,
		    "not a streamOptimized VMDK: flags 0x%jx",
		    (uintmax_t)flags);
	if (vmdk_u32(p + VERSION_AT) != VERSION)
		return err_set(e, ERR_IO, "VMDK version %ju, not %d",
		    (uintmax_t)vmdk_u32(p + VERSION_AT), VERSION);
	if ((flags & ~FLAGS_KNOWN) != 0)
		return err_set(e, ERR_IO, "unknown flags 0x%jx in the header",
		    (uintmax_t)flags);
	if (memcmp(p + NEWLINES, "\n \r\n", 4) != 0)
		return err_set(e, ERR_IO,
		    "line ends were converted: the file was copied as text");
	if (p[UNCLEAN] != 0)
		return err_set(e, ERR_IO,
		    "marked unclean: its writer did not close the disk");
	return 0;
}

static int
check_fixed(const unsigned char *p, struct err *e)
{
	uint32_t compression = p[COMPRESSION] | p[COMPRESSION + 1] << 8;
	const struct {
		const char *name;
		uint64_t got, want;
	} fields[] = {
		{ "grainSize", vmdk_u64(p + GRAIN_SIZE), VMDK_GRAIN_SECTORS },
		{ "descriptorOffset", vmdk_u64(p + DESCRIPTOR_OFFSET), 1 },
		{ "numGTEsPerGT", vmdk_u32(p + TABLE_ENTRIES),
		    VMDK_TABLE_GRAINS },
		{ "compressAlgorithm", compression, DEFLATE },
	};
	size_t i;

	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (fields[i].got != fields[i].want)
			return err_set(e, ERR_IO, "%s is %ju, not %ju",
			    fields[i].name, (uintmax_t)fields[i].got,
			    (uintmax_t)fields[i].want);
	}
	return 0;
}

static int
check_sizes(const struct vmdk_header *h, struct err *e)
{
	uint64_t most = OVERHEAD_SLACK;

	if (h->capacity_sectors == 0)
		return err_set(e, ERR_IO, "a disk of 0 sectors");
	if (h->capacity_sectors > VMDK_CAPACITY_MAX)
		return err_set(e, ERR_IO, "a disk of %ju sectors, at most %ju",
		    (uintmax_t)h->capacity_sectors,
		    (uintmax_t)VMDK_CAPACITY_MAX);
	if (h->descriptor_sectors == 0 ||
	    h->descriptor_sectors > DESCRIPTOR_MAX)
		return err_set(e, ERR_IO,
		    "descriptorSize is %ju sectors, not 1 to %d",
		    (uintmax_t)h->descriptor_sectors, DESCRIPTOR_MAX);
	/* Tables in front may be there twice. */
	if (vmdk_is_front(h))
		most += 2 *
		    (vmdk_directory_sectors(h) +
			vmdk_tables(h) * VMDK_TABLE_SECTORS);
	if (h->overhead_sectors < 1 + h->descriptor_sectors ||
	    h->overhead_sectors > most)
		return err_set(e, ERR_IO,
		    "overHead is %ju sectors, not %ju to %ju",
		    (uintmax_t)h->overhead_sectors,
		    (uintmax_t)(1 + h->descriptor_sectors), (uintmax_t)most);
	return 0;
}

int
vmdk_parse_header(const unsigned char *p, struct vmdk_header *h, struct err *e)
{
	if (check_kind(p, e) == -1 || check_fixed(p, e) == -1)
		return -1;
	*h = (struct vmdk_header){
		.flags = vmdk_u32(p + FLAGS),
		.capacity_sectors = vmdk_u64(p + CAPACITY),
		.descriptor_sectors = vmdk_u64(p + DESCRIPTOR_SIZE),
		.rgd_sector = vmdk_u64(p + RGD_OFFSET),
		.gd_sector = vmdk_u64(p + GD_OFFSET),
		.overhead_sectors = vmdk_u64(p + OVERHEAD),
	};
	return check_sizes(h, e);
}

const char *
vmdk_find_difference(const unsigned char *header, const unsigned char *footer)
{
	static const struct {
		const char *name;
		enum field at, end;
	} fields[] = {
		{ "magic", MAGIC, VERSION_AT },
		{ "version", VERSION_AT, FLAGS },
		{ "flags", FLAGS, CAPACITY },
		{ "capacity", CAPACITY, GRAIN_SIZE },
		{ "grainSize", GRAIN_SIZE, DESCRIPTOR_OFFSET },
		{ "descriptorOffset", DESCRIPTOR_OFFSET, DESCRIPTOR_SIZE },
		{ "descriptorSize", DESCRIPTOR_SIZE, TABLE_ENTRIES },
		{ "numGTEsPerGT", TABLE_ENTRIES, RGD_OFFSET },
		{ "rgdOffset", RGD_OFFSET, GD_OFFSET },
		{ "overHead", OVERHEAD, UNCLEAN },
		{ "uncleanShutdown", UNCLEAN, NEWLINES },
		{ "newline bytes", NEWLINES, COMPRESSION },
		{ "compressAlgorithm", COMPRESSION, FIELDS_END },
	};
	size_t i;

	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (memcmp(header + fields[i].at, footer + fields[i].at,
			fields[i].end - fields[i].at) != 0)
			return fields[i].name;
	}
	return NULL;
}

/* What a descriptor must have once, and may have once. */
enum seen {
	SEEN_CID = 1,
	SEEN_PARENT_CID = 2,
	SEEN_TYPE = 4,
	SEEN_EXTENT = 8,
	SEEN_HINT = 16,
};

static const struct {
	const char *name;
	enum seen bit;
} once[] = {
	{ "CID", SEEN_CID },
	{ "parentCID", SEEN_PARENT_CID },
	{ "createType", SEEN_TYPE },
	{ "extent", SEEN_EXTENT },
	{ "parentFileNameHint", SEEN_HINT },
};

static int
parse_cid(struct span value, uint32_t *cid, struct err *e)
{
	uint32_t v = 0;
	size_t i;
	char c;

	for (i = 0; i < value.n; i++) {
		c = value.p[i];
		v <<= 4;
		if (c >= '0' && c <= '9')
			v += (uint32_t)(c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			v += (uint32_t)((c | 0x20) - 'a' + 10);
		else
			break;
	}
	if (i == 0 || i > 8 || i != value.n)
		return err_set(e, ERR_IO, "'%.*s' is no CID",
		    (int)(value.n > 40 ? 40 : value.n), value.p);
	*cid = v;
	return 0;
}

static int
parse_quoted(struct span value, char *out, size_t size, struct err *e)
{
	size_t i;

	if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"')
		value = (struct span){ value.p + 1, value.n - 2 };
	if (value.n >= size)
		return err_set(e, ERR_IO, "a value of %zu bytes, at most %zu",
		    value.n, size - 1);
	for (i = 0; i < value.n; i++) {
		if ((unsigned char)value.p[i] < ' ' || value.p[i] == '"')
			return err_set(e, ERR_IO, "byte %02x in a value",
			    (unsigned char)value.p[i]);
	}
	memcpy(out, value.p, value.n);
	out[value.n] = '\0';
	return 0;
}

/* "RDONLY 20480 SPARSE "name.vmdk"": access, sectors, type, a name of no
 * meaning here. */
static int
parse_extent(struct span line, struct vmdk_descriptor *d, struct err *e)
{
	struct span sectors, type;

	span_word(&line);
	sectors = span_word(&line);
	type = span_word(&line);
	if (!span_is(type, "SPARSE"))
		return err_set(e, ERR_IO, "type %.*s, not SPARSE",
		    (int)(type.n > 40 ? 40 : type.n), type.p);
	if (num_scan(sectors.p, sectors.n, UINT64_MAX, &d->extent_sectors) ==
	    -1)
		return err_set(e, ERR_IO, "'%.*s' is no number of sectors",
		    (int)(sectors.n > 40 ? 40 : sectors.n), sectors.p);
	return 0;
}

/* The item of once[] that a line is, its length if it is none of them. */
static size_t
classify(struct span line, struct span key)
{
	struct span word = span_word(&line);
	size_t i, n = sizeof(once) / sizeof(once[0]);
	bool extent = span_is(word, "RW") || span_is(word, "RDONLY") ||
	    span_is(word, "NOACCESS");

	for (i = 0; i < n; i++) {
		if (once[i].bit == SEEN_EXTENT ? extent
					       : span_is(key, once[i].name))
			break;
	}
	return i;
}

static int
parse_item(enum seen item, struct span line, struct span value,
    struct vmdk_descriptor *d, struct err *e)
{
	switch (item) {
	case SEEN_CID:
		return parse_cid(value, &d->cid, e);
	case SEEN_PARENT_CID:
		return parse_cid(value, &d->parent_cid, e);
	case SEEN_TYPE:
		return parse_quoted(value, d->create_type,
		    sizeof(d->create_type), e);
	case SEEN_HINT:
		return parse_quoted(value, d->parent_hint,
		    sizeof(d->parent_hint), e);
	case SEEN_EXTENT:
		return parse_extent(line, d, e);
	}
	return 0;
}

static int
parse_line(struct span line, struct vmdk_descriptor *d, unsigned int *seen,
    struct err *e)
{
	struct span value, key;
	size_t i;

	line = span_trim(line);
	if (line.n == 0 || line.p[0] == '#')
		return 0;
	value = line;
	key = span_trim(span_cut(&value, '='));
	i = classify(line, key);
	if (i == sizeof(once) / sizeof(once[0])) {
		if (key.n == line.n)
			d->warning = "the descriptor has a line of unknown "
				     "form";
		return 0;
	}
	if ((*seen & once[i].bit) != 0)
		return err_set(e, ERR_IO, "descriptor: a second %s",
		    once[i].name);
	*seen |= once[i].bit;
	if (parse_item(once[i].bit, line, span_trim(value), d, e) == -1)
		return err_ctx(e, "descriptor: %s", once[i].name);
	return 0;
}

/* qemu-img takes a hint wherever it stands, in a comment, too. */
static int
check_hidden(struct span line, struct err *e)
{
	static const char word[] = "parentFileNameHint";
	const char *at = memmem(line.p, line.n, word, sizeof(word) - 1);

	if (at == NULL || at == span_trim(line).p)
		return 0;
	return err_set(e, ERR_IO, "descriptor: %s inside of a line", word);
}

/* We follow no parents, but tools do that this disk may be given to: with a
 * protocol they reach out, and a disk that is its own parent has no end. */
static int
check_parent(const struct vmdk_descriptor *d, struct err *e)
{
	const char *hint = d->parent_hint;

	if (hint[strcspn(hint, ":/")] == ':')
		return err_set(e, ERR_IO,
		    "descriptor: parentFileNameHint %.80s is no file's name",
		    hint);
	if (d->parent_cid != VMDK_NO_PARENT && d->parent_cid == d->cid)
		return err_set(e, ERR_IO,
		    "descriptor: the disk is its own parent: CID %08jx",
		    (uintmax_t)d->cid);
	return 0;
}

static int
check_descriptor(const struct vmdk_descriptor *d, unsigned int seen,
    struct err *e)
{
	size_t i;

	for (i = 0; i < sizeof(once) / sizeof(once[0]); i++) {
		if ((seen & once[i].bit) == 0 && once[i].bit != SEEN_HINT)
			return err_set(e, ERR_IO, "descriptor: no %s",
			    once[i].name);
	}
	if (strcmp(d->create_type, "streamOptimized") != 0)
		return err_set(e, ERR_IO,
		    "descriptor: createType %s, not streamOptimized",
		    d->create_type);
	return check_parent(d, e);
}

int
vmdk_parse_descriptor(const char *p, size_t n, struct vmdk_descriptor *d,
    struct err *e)
{
	static const char first[] = "# Disk DescriptorFile";
	struct span text = { p, strnlen(p, n) }, line;
	unsigned int seen = 0;
	size_t i;

	*d = (struct vmdk_descriptor){ 0 };
	if (text.n < sizeof(first) - 1 ||
	    memcmp(p, first, sizeof(first) - 1) != 0)
		return err_set(e, ERR_IO,
		    "descriptor: it does not begin with '%s'", first);
	/* qemu-img leaves old text there if its CID has few digits. */
	for (i = text.n; i < n; i++) {
		if (p[i] != '\0')
			d->warning = "bytes other than zero behind the "
				     "descriptor";
	}
	while (text.n > 0) {
		line = span_cut(&text, '\n');
		if (parse_line(line, d, &seen, e) == -1 ||
		    check_hidden(line, e) == -1)
			return -1;
	}
	return check_descriptor(d, seen, e);
}

int
vmdk_parse_progress(const unsigned char *p, const struct vmdk_header *h,
    uint64_t *lba, struct err *e)
{
	*lba = vmdk_u64(p + 16);
	if (vmdk_u64(p) == 0 && *lba <= h->capacity_sectors)
		return 0;
	return err_set(e, ERR_IO,
	    "progress marker of sector %ju (and %ju sectors more) of a disk "
	    "of %ju sectors",
	    (uintmax_t)*lba, (uintmax_t)vmdk_u64(p),
	    (uintmax_t)h->capacity_sectors);
}
