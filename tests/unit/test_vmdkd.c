#include "image/vmdkd.h"

#include "check.h"
#include "image/vmdk.h"

#define FIRST "# Disk DescriptorFile\n"
#define REST "createType=\"vmfs\"\nRW 2048 VMFS \"a-flat.vmdk\"\n"

static int
parse(const char *text, struct vmdkd *d, struct err *e)
{
	return vmdkd_parse(text, strlen(text), d, e);
}

/* As an ESXi writes it. */
static const char host[] =
    "# Disk DescriptorFile\n"
    "version=1\n"
    "encoding=\"UTF-8\"\n"
    "CID=5b0c1a52\n"
    "parentCID=ffffffff\n"
    "createType=\"vmfs\"\n"
    "\n"
    "# Extent description\n"
    "RW 83886080 VMFS \"web 01-flat.vmdk\"\n"
    "\n"
    "# The Disk Data Base \n"
    "#DDB\n"
    "\n"
    "ddb.adapterType = \"lsilogic\"\n"
    "ddb.geometry.cylinders = \"5221\"\n"
    "ddb.longContentID = \"00112233445566778899aabb5b0c1a52\"\n"
    "ddb.uuid = \"60 00 C2 90 00 00 40 00-80 00 00 00 00 00 00 30\"\n"
    "ddb.virtualHWVersion = \"19\"\n";

static void
hosts_descriptor_is_understood(void)
{
	struct err e = { 0 };
	struct vmdkd d;

	CHECK_INT(parse(host, &d, &e), 0);
	CHECK_STR(e.text, "");
	CHECK_STR(d.create_type, "vmfs");
	CHECK_INT(d.cid, 0x5b0c1a52);
	CHECK(d.parent_cid == VMDK_NO_PARENT);
	CHECK_INT(d.n_extents, 1);
	CHECK_STR(d.kind, "VMFS");
	CHECK_STR(d.file, "web 01-flat.vmdk");
	CHECK_INT(d.sectors, 83886080);
	CHECK_STR(d.adapter, "lsilogic");
	CHECK_STR(d.hardware, "19");
}

static void
disk_above_a_snapshot_tells_its_parent(void)
{
	struct err e = { 0 };
	struct vmdkd d;

	CHECK_INT(parse(FIRST "CID=1\r\nparentCID=5B0C1A52\r\n"
			      "createType=\"seSparse\"\r\n"
			      "RW 2048 SESPARSE \"a-000001-sesparse.vmdk\"\r\n",
		      &d, &e),
	    0);
	CHECK_STR(e.text, "");
	CHECK_INT(d.parent_cid, 0x5b0c1a52);
	CHECK_STR(d.kind, "SESPARSE");
	CHECK_STR(d.file, "a-000001-sesparse.vmdk");
	CHECK_STR(d.adapter, "");
}

/* A disk in several files is refused by who reads them. */
static void
extents_are_counted_and_the_first_is_told(void)
{
	struct err e = { 0 };
	struct vmdkd d;

	CHECK_INT(parse(FIRST "createType=\"twoGbMaxExtentFlat\"\n"
			      "RW 4192256 FLAT \"a-f001.vmdk\" 0\n"
			      "RDONLY x\nNOACCESS 1 ZERO\n",
		      &d, &e),
	    0);
	CHECK_INT(d.n_extents, 3);
	CHECK_STR(d.kind, "FLAT");
	CHECK_STR(d.file, "a-f001.vmdk");
	CHECK_INT(d.sectors, 4192256);
}

static void
what_is_no_descriptor_is_refused(void)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "", "it is no disk descriptor" },
		{ "KDMV", "it is no disk descriptor" },
		{ "# Disk Descriptor", "it is no disk descriptor" },
		{ "\n" FIRST REST, "it is no disk descriptor" },
		{ FIRST, "the descriptor has no extent" },
		{ FIRST "createType=\"vmfs\"\n",
		    "the descriptor has no extent" },
		{ FIRST "RW 1 VMFS \"a\"\n",
		    "the descriptor has no createType" },
		{ FIRST "CID=\n" REST, "CID: '' is no CID" },
		{ FIRST "CID=12g4\n" REST, "CID: '12g4' is no CID" },
		{ FIRST "parentCID=123456789\n" REST,
		    "parentCID: '123456789' is no CID" },
		{ FIRST "RW 1x VMFS \"a\"\n",
		    "extent: '1x' is no number of sectors" },
		{ FIRST "RW\n", "extent: '' is no number of sectors" },
		{ FIRST "RW -1 VMFS \"a\"\n",
		    "extent: '-1' is no number of sectors" },
		{ FIRST "RW 18014398509481984 VMFS \"a\"\n",
		    "extent: '18014398509481984' is no number of sectors" },
		{ FIRST "RW 1 AVERYLONGKINDOFEXTENT \"a\"\n",
		    "extent: a value of 21 bytes, at most 15" },
		{ FIRST "RW 1 VMFS \"a\x01\"\n", "extent: byte 01 in a value" },
		{ FIRST "createType=\"a\"b\"\n",
		    "createType: byte 22 in a value" },
		{ FIRST "ddb.virtualHWVersion = \"12345678901234567\"\n",
		    "ddb.virtualHWVersion: a value of 17 bytes, at most 15" },
	};
	struct vmdkd d;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { 0 };

		check_at(rows[i].text);
		CHECK_INT(parse(rows[i].text, &d, &e), -1);
		CHECK_INT(e.class, ERR_DATA);
		CHECK_STR(e.text, rows[i].why);
	}
}

/* Sector by sector padded with NUL bytes inside other files. */
static void
descriptor_ends_at_a_nul(void)
{
	static const char text[] = FIRST REST "\0CID=x\n";
	struct err e = { 0 };
	struct vmdkd d;

	CHECK_INT(vmdkd_parse(text, sizeof(text) - 1, &d, &e), 0);
	CHECK_STR(e.text, "");
}

static void
flat_disk_is_described_for_other_programs(void)
{
	static const struct vmdkd_flat flat = { .file = "web01-disk1-flat.vmdk",
		.capacity_bytes = 40 << 20,
		.cid = 0x1a2b3c,
		.adapter = "ide",
		.hardware = "" };
	struct buf b = { 0 };

	vmdkd_format_flat(&flat, &b);
	CHECK_STR(buf_text(&b),
	    "# Disk DescriptorFile\n"
	    "version=1\n"
	    "encoding=\"UTF-8\"\n"
	    "CID=001a2b3c\n"
	    "parentCID=ffffffff\n"
	    "createType=\"monolithicFlat\"\n"
	    "\n"
	    "# Extent description\n"
	    "RW 81920 FLAT \"web01-disk1-flat.vmdk\" 0\n"
	    "\n"
	    "# The Disk Data Base\n"
	    "#DDB\n"
	    "\n"
	    "ddb.adapterType = \"ide\"\n"
	    "ddb.geometry.cylinders = \"81\"\n"
	    "ddb.geometry.heads = \"16\"\n"
	    "ddb.geometry.sectors = \"63\"\n"
	    "ddb.virtualHWVersion = \"4\"\n");
	buf_free(&b);
}

static void
what_is_written_is_read_again(void)
{
	static const struct vmdkd_flat flat = { .file = "\xc3\xa4 b-flat.vmdk",
		.capacity_bytes = UINT64_C(62) << 40,
		.cid = UINT32_MAX - 1,
		.adapter = "",
		.hardware = "21" };
	struct buf b = { 0 };
	struct err e = { 0 };
	struct vmdkd d;

	vmdkd_format_flat(&flat, &b);
	CHECK_INT(parse(buf_text(&b), &d, &e), 0);
	CHECK_STR(e.text, "");
	CHECK_STR(d.file, flat.file);
	CHECK_STR(d.kind, "FLAT");
	CHECK_STR(d.create_type, "monolithicFlat");
	CHECK(d.sectors == flat.capacity_bytes / 512);
	CHECK(d.cid == flat.cid);
	CHECK(d.parent_cid == VMDK_NO_PARENT);
	CHECK_STR(d.adapter, "lsilogic");
	CHECK_STR(d.hardware, "21");
	buf_free(&b);
}

static void
geometry_is_that_of_the_adapter(void)
{
	static const struct {
		uint64_t sectors;
		const char *adapter, *want;
	} rows[] = {
		{ (UINT64_C(2) << 20) - 1, "lsilogic", "1023/64/32" },
		{ UINT64_C(2) << 20, "buslogic", "512/128/32" },
		{ UINT64_C(4) << 20, "lsilogic", "261/255/63" },
		{ UINT64_C(1) << 30, "ide", "16383/16/63" },
	};
	char got[80];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned int c = 0, h = 0, s = 0;
		struct buf b = { 0 };

		vmdkd_format_geometry(rows[i].sectors, rows[i].adapter, &b);
		CHECK_INT(sscanf(buf_text(&b),
			      "ddb.geometry.cylinders = \"%u\"\n"
			      "ddb.geometry.heads = \"%u\"\n"
			      "ddb.geometry.sectors = \"%u\"\n",
			      &c, &h, &s),
		    3);
		snprintf(got, sizeof(got), "%u/%u/%u", c, h, s);
		CHECK_STR(got, rows[i].want);
		buf_free(&b);
	}
}

CHECK_MAIN(TEST(hosts_descriptor_is_understood),
    TEST(disk_above_a_snapshot_tells_its_parent),
    TEST(extents_are_counted_and_the_first_is_told),
    TEST(what_is_no_descriptor_is_refused), TEST(descriptor_ends_at_a_nul),
    TEST(flat_disk_is_described_for_other_programs),
    TEST(what_is_written_is_read_again), TEST(geometry_is_that_of_the_adapter))
