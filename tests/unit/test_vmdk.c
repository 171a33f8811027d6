#include "image/vmdk.h"

#include "check.h"
#include "vmdk_gen.h"

/* A header of a host, in which a test changes one field. */
static struct gen *
open_header(void)
{
	struct gen *g = gen_open(GEN_HOST, 131072);

	g->overhead = 128;
	gen_header(g, UINT64_MAX);
	return g;
}

static void
header_is_read_as_the_host_wrote_it(void)
{
	struct gen *g = open_header();
	struct vmdk_header h;
	struct err e = { 0 };

	CHECK_INT(vmdk_parse_header(g->p, &h, &e), 0);
	CHECK_INT(h.flags, 0x30001);
	CHECK_INT(h.capacity_sectors, 131072);
	CHECK_INT(h.descriptor_sectors, 1);
	CHECK_INT(h.overhead_sectors, 128);
	CHECK(h.gd_sector == VMDK_AT_END);
	CHECK(!vmdk_is_front(&h));
	CHECK_INT(vmdk_tables(&h), 2);
	CHECK_INT(vmdk_directory_sectors(&h), 1);
	h.capacity_sectors = 65536 * 128 + 1;
	CHECK_INT(vmdk_tables(&h), 129);
	CHECK_INT(vmdk_directory_sectors(&h), 2);
	gen_free(g);
}

static void
header_at_the_limits_is_read(void)
{
	struct gen *g = open_header();
	struct vmdk_header h;
	struct err e = { 0 };

	gen_set64(g, 12, UINT64_C(62) << 31);
	gen_set64(g, 36, 20);
	gen_set64(g, 64, 2048);
	CHECK_INT(vmdk_parse_header(g->p, &h, &e), 0);
	CHECK_INT(vmdk_tables(&h), 2031616);
	gen_set64(g, 64, 21);
	CHECK_INT(vmdk_parse_header(g->p, &h, &e), 0);
	CHECK_STR(e.text, "");
	gen_free(g);
}

static const struct bad_header {
	const char *name;
	size_t at, bytes;
	uint64_t value;
	const char *text;
} bad_headers[] = {
	{ "magic", 0, 4, 0x12345678,
	    "not a sparse VMDK: it begins with 78563412" },
	{ "version 1", 4, 4, 1, "VMDK version 1, not 3" },
	{ "version 4", 4, 4, 4, "VMDK version 4, not 3" },
	{ "hosted sparse", 8, 4, 3, "not a streamOptimized VMDK: flags 0x3" },
	{ "no markers", 8, 4, 0x10001,
	    "not a streamOptimized VMDK: flags 0x10001" },
	{ "unknown flag", 8, 4, 0x70001,
	    "unknown flags 0x70001 in the header" },
	{ "capacity 0", 12, 8, 0, "a disk of 0 sectors" },
	{ "above 62 TiB", 12, 8, (UINT64_C(62) << 31) + 1,
	    "a disk of 133143986177 sectors, at most 133143986176" },
	{ "capacity 2^62", 12, 8, UINT64_C(1) << 62,
	    "a disk of 4611686018427387904 sectors, at most 133143986176" },
	{ "grain size 0", 20, 8, 0, "grainSize is 0, not 128" },
	{ "grain size 256", 20, 8, 256, "grainSize is 256, not 128" },
	{ "descriptor at 2", 28, 8, 2, "descriptorOffset is 2, not 1" },
	{ "no descriptor", 36, 8, 0,
	    "descriptorSize is 0 sectors, not 1 to 20" },
	{ "descriptor of 21", 36, 8, 21,
	    "descriptorSize is 21 sectors, not 1 to 20" },
	{ "descriptor 2^40", 36, 8, UINT64_C(1) << 40,
	    "descriptorSize is 1099511627776 sectors, not 1 to 20" },
	{ "entries 1024", 44, 4, 1024, "numGTEsPerGT is 1024, not 512" },
	{ "overhead 1", 64, 8, 1, "overHead is 1 sectors, not 2 to 2048" },
	{ "overhead 2049", 64, 8, 2049,
	    "overHead is 2049 sectors, not 2 to 2048" },
	{ "overhead 2^63", 64, 8, UINT64_C(1) << 63,
	    "overHead is 9223372036854775808 sectors, not 2 to 2048" },
	{ "unclean", 72, 1, 1,
	    "marked unclean: its writer did not close the disk" },
	{ "text mode", 73, 4, 0x0a0a200a,
	    "line ends were converted: the file was copied as text" },
	{ "no compression", 77, 2, 0, "compressAlgorithm is 0, not 1" },
	{ "compression 257", 77, 2, 257, "compressAlgorithm is 257, not 1" },
};

static void
header_that_cannot_be_is_refused(void)
{
	struct vmdk_header h;
	struct gen *g;
	uint64_t le;
	size_t i;

	for (i = 0; i < sizeof(bad_headers) / sizeof(bad_headers[0]); i++) {
		const struct bad_header *t = &bad_headers[i];
		struct err e = { 0 };

		check_at(t->name);
		g = open_header();
		le = htole64(t->value);
		memcpy(g->p + t->at, &le, t->bytes);
		CHECK_INT(vmdk_parse_header(g->p, &h, &e), -1);
		CHECK_INT(e.class, ERR_IO);
		CHECK_STR(e.text, t->text);
		gen_free(g);
	}
}

static void
footer_may_differ_in_nothing_but_the_directory(void)
{
	static const struct {
		size_t at;
		const char *field;
	} rows[] = { { 0, "magic" }, { 7, "version" }, { 8, "flags" },
		{ 19, "capacity" }, { 20, "grainSize" },
		{ 28, "descriptorOffset" }, { 43, "descriptorSize" },
		{ 44, "numGTEsPerGT" }, { 48, "rgdOffset" },
		{ 55, "rgdOffset" }, { 56, NULL }, { 63, NULL },
		{ 64, "overHead" }, { 71, "overHead" },
		{ 72, "uncleanShutdown" }, { 73, "newline bytes" },
		{ 76, "newline bytes" }, { 77, "compressAlgorithm" },
		{ 78, "compressAlgorithm" }, { 79, NULL } };
	struct gen *a = open_header(), *b;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		b = open_header();
		b->p[rows[i].at] ^= 0x80;
		CHECK_STR(vmdk_find_difference(a->p, b->p), rows[i].field);
		gen_free(b);
	}
	gen_free(a);
}

#define FIRST "# Disk DescriptorFile\n"
#define IDS "CID=4ca346e5\nparentCID=ffffffff\n"
#define TYPE "createType=\"streamOptimized\"\n"
#define EXTENT "RDONLY 20480 SPARSE \"x.vmdk\"\n"

static void
descriptor_is_read_as_writers_write_it(void)
{
	static const char text[] = FIRST
	    "version=1\r\nCID = 9CA346F0 \r\n"
	    "parentCID=1\ncreateType=\"streamOptimized\"\n\n"
	    "# Extent description\n RW  20480\tSPARSE \"CID=x\"\n"
	    "parentFileNameHint=\"a=b c.vmdk\"\n"
	    "ddb.longContentID = \"31641530\"\nnew_key=1";
	struct vmdk_descriptor d;
	char padded[1024] = "";
	struct err e = { 0 };

	memcpy(padded, text, sizeof(text));
	CHECK_INT(vmdk_parse_descriptor(padded, sizeof(padded), &d, &e), 0);
	CHECK_STR(e.text, "");
	CHECK_INT(d.cid, 0x9ca346f0);
	CHECK_INT(d.parent_cid, 1);
	CHECK_INT(d.extent_sectors, 20480);
	CHECK_STR(d.create_type, "streamOptimized");
	CHECK_STR(d.parent_hint, "a=b c.vmdk");
	CHECK_STR(d.warning, NULL);
	CHECK_INT(
	    vmdk_parse_descriptor(FIRST IDS TYPE EXTENT
		"parentFileNameHint=\"\"\nwhat\n",
		sizeof(FIRST IDS TYPE EXTENT "parentFileNameHint=\"\"\nwhat\n"),
		&d, &e),
	    0);
	CHECK_STR(d.warning, "the descriptor has a line of unknown form");
	CHECK_STR(d.parent_hint, "");
}

/* "CID=853d0f" was written over "CID=fffffffe". */
static void
old_text_behind_its_end_is_only_a_warning(void)
{
	static const char text[] = FIRST IDS TYPE EXTENT "\0\n";
	struct vmdk_descriptor d;
	struct err e = { 0 };

	CHECK_INT(vmdk_parse_descriptor(text, sizeof(text), &d, &e), 0);
	CHECK_STR(e.text, "");
	CHECK_INT(d.cid, 0x4ca346e5);
	CHECK_STR(d.warning, "bytes other than zero behind the descriptor");
}

static void
a_base_disk_may_have_the_cid_of_no_parent(void)
{
	static const char text[] = FIRST
	    "CID=ffffffff\nparentCID=ffffffff\n" TYPE EXTENT
	    " parentFileNameHint = \"a/b:c\"\n";
	struct vmdk_descriptor d;
	struct err e = { 0 };

	CHECK_INT(vmdk_parse_descriptor(text, sizeof(text), &d, &e), 0);
	CHECK_STR(e.text, "");
	CHECK_STR(d.parent_hint, "a/b:c");
}

static const struct bad_descriptor {
	const char *text, *error;
} bad_descriptors[] = {
	{ "", "it does not begin with '# Disk DescriptorFile'" },
	{ "\n" FIRST, "it does not begin with '# Disk DescriptorFile'" },
	{ FIRST, "no CID" },
	{ "# Disk DescriptorFile", "no CID" },
	{ FIRST "CID=4ca346e5\n" TYPE EXTENT, "no parentCID" },
	{ FIRST IDS EXTENT, "no createType" },
	{ FIRST IDS TYPE, "no extent" },
	{ FIRST "CID=1\nCID=1\n", "a second CID" },
	{ FIRST IDS "parentCID=1\n", "a second parentCID" },
	{ FIRST IDS TYPE TYPE, "a second createType" },
	{ FIRST IDS TYPE EXTENT "NOACCESS 1 ZERO\n", "a second extent" },
	{ FIRST "parentFileNameHint=\"a\"\nparentFileNameHint=\"b\"\n",
	    "a second parentFileNameHint" },
	{ FIRST "CID=\n", "CID: '' is no CID" },
	{ FIRST "CID=123456789\n", "CID: '123456789' is no CID" },
	{ FIRST "CID=12x\n", "CID: '12x' is no CID" },
	{ FIRST "CID=-1\n", "CID: '-1' is no CID" },
	{ FIRST IDS "createType=\"monolithicFlat\"\n" EXTENT,
	    "createType monolithicFlat, not streamOptimized" },
	{ FIRST "createType=\"0123456789012345678901234567890123\"\n",
	    "createType: a value of 34 bytes, at most 31" },
	{ FIRST "parentFileNameHint=\"a\n",
	    "parentFileNameHint: byte 22 in a value" },
	{ FIRST "parentFileNameHint=a\"\n",
	    "parentFileNameHint: byte 22 in a value" },
	{ FIRST "parentFileNameHint=\"\n",
	    "parentFileNameHint: byte 22 in a value" },
	{ FIRST "parentFileNameHint=\"a\"b\"\n",
	    "parentFileNameHint: byte 22 in a value" },
	{ FIRST "parentFileNameHint=\"a\033b\"\n",
	    "parentFileNameHint: byte 1b in a value" },
	{ FIRST "RW 20480 FLAT \"/etc/passwd\" 0\n",
	    "extent: type FLAT, not SPARSE" },
	{ FIRST "RW\n", "extent: type , not SPARSE" },
	{ FIRST "RW -1 SPARSE \"x\"\n",
	    "extent: '-1' is no number of sectors" },
	{ FIRST "RW 99999999999999999999 SPARSE \"x\"\n",
	    "extent: '99999999999999999999' is no number of sectors" },
	{ FIRST IDS TYPE EXTENT "parentFileNameHint=\"nbd:127.0.0.1:9\"\n",
	    "parentFileNameHint nbd:127.0.0.1:9 is no file's name" },
	{ FIRST IDS TYPE EXTENT "# parentFileNameHint=\"nbd:a\"\n",
	    "parentFileNameHint inside of a line" },
	{ FIRST "CID=4ca346e5\nparentCID=4CA346E5\n" TYPE EXTENT,
	    "the disk is its own parent: CID 4ca346e5" },
};

static void
descriptor_that_cannot_be_is_refused(void)
{
	struct vmdk_descriptor d;
	char padded[512], want[200];
	size_t i, n = sizeof(bad_descriptors) / sizeof(bad_descriptors[0]);

	for (i = 0; i < n; i++) {
		const struct bad_descriptor *t = &bad_descriptors[i];
		struct err e = { 0 };

		memset(padded, 0, sizeof(padded));
		strcpy(padded, t->text);
		snprintf(want, sizeof(want), "descriptor: %s", t->error);
		CHECK_INT(vmdk_parse_descriptor(padded, sizeof(padded), &d, &e),
		    -1);
		CHECK_INT(e.class, ERR_IO);
		CHECK_STR(e.text, want);
	}
}

static void
hint_longer_than_its_field_is_refused(void)
{
	struct vmdk_descriptor d;
	struct err e = { 0 };
	char text[1024];

	snprintf(text, sizeof(text), "%sparentFileNameHint=\"%0511d\"\n%s",
	    FIRST, 1, IDS TYPE EXTENT);
	CHECK_INT(vmdk_parse_descriptor(text, strlen(text), &d, &e), 0);
	CHECK_INT(strlen(d.parent_hint), 511);
	snprintf(text, sizeof(text), "%sparentFileNameHint=\"%0512d\"\n%s",
	    FIRST, 1, IDS TYPE EXTENT);
	CHECK_INT(vmdk_parse_descriptor(text, strlen(text), &d, &e), -1);
	CHECK_STR(e.text,
	    "descriptor: parentFileNameHint: a value of 512 bytes, at most "
	    "511");
}

CHECK_MAIN(TEST(header_is_read_as_the_host_wrote_it),
    TEST(header_at_the_limits_is_read), TEST(header_that_cannot_be_is_refused),
    TEST(footer_may_differ_in_nothing_but_the_directory),
    TEST(descriptor_is_read_as_writers_write_it),
    TEST(old_text_behind_its_end_is_only_a_warning),
    TEST(a_base_disk_may_have_the_cid_of_no_parent),
    TEST(descriptor_that_cannot_be_is_refused),
    TEST(hint_longer_than_its_field_is_refused))
