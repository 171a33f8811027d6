#include "image/vmdkw.h"

#include "check.h"
#include "codec/flate.h"
#include "image/vmdk.h"
#include "sandbox.h"
#include "vmdk_gen.h"
#include "vmdk_seen.h"

#define LAST UINT64_MAX
#define MAX_GRAINS 10

/* What a writer gave, as the reader's tests have it. */
struct out {
	struct gen g;
	size_t limit; /* refuses more than these, 0: none */
};

static int
keep(void *self, const void *p, size_t n, struct err *e)
{
	struct out *o = self;

	if (o->limit != 0 && o->g.n + n > o->limit)
		return err_set(e, ERR_IO, "disk full");
	gen_put(&o->g, p, n);
	return 0;
}

static struct vmdkw_conf
conf_of(uint64_t capacity_sectors)
{
	return (struct vmdkw_conf){ .capacity_bytes = capacity_sectors * 512,
		.cid = 0x4ca346e5,
		.adapter = "lsilogic",
		.hardware = "19" };
}

static int
write_grain(struct vmdkw *w, struct flate *z, uint64_t number,
    uint64_t capacity, struct err *e)
{
	static unsigned char data[GEN_GRAIN], packed[2 * GEN_GRAIN];
	uint64_t rest = (capacity - number * 128) * GEN_SECTOR;
	size_t n;

	gen_fill(number, data);
	if (rest < GEN_GRAIN)
		memset(data + rest, 0, GEN_GRAIN - rest);
	n = flate_deflate(z, data, GEN_GRAIN, packed, sizeof(packed));
	return vmdkw_grain(w, number, packed, n, e);
}

/* A whole disk of these grains, ended by LAST; free out->g.p. */
static int
write_disk(const struct vmdkw_conf *conf, const uint64_t *grains,
    struct out *out, struct err *e)
{
	struct vmdkw *w = vmdkw_open(conf, (struct sink){ keep, out }, e);
	struct flate *z = flate_open(e);
	int rc = w != NULL ? 0 : -1;

	for (; rc == 0 && *grains != LAST; grains++)
		rc = write_grain(w, z, *grains, conf->capacity_bytes / 512, e);
	if (rc == 0)
		rc = vmdkw_finish(w, e);
	if (rc == 0)
		CHECK_INT(vmdkw_bytes(w), out->g.n);
	vmdkw_free(w);
	flate_free(z);
	return rc;
}

/* The descriptor of a stream, as text. */
static const char *
descriptor_in(const struct out *o)
{
	static char text[1024];

	CHECK(o->g.n >= 1024);
	snprintf(text, sizeof(text), "%.512s", (const char *)o->g.p + 512);
	return text;
}

struct disk {
	const char *name;
	uint64_t capacity; /* sectors */
	uint64_t grains[MAX_GRAINS];
};

static const struct disk disks[] = {
	{ "usual", SEEN_CAPACITY,
	    { 0, 1, 2, 7, 8, 511, 512, 600, 1537, LAST } },
	{ "empty", SEEN_CAPACITY, { LAST } },
	{ "one sector", 1, { 0, LAST } },
	{ "one table to the sector", 65536, { 0, 511, LAST } },
	{ "two tables to the sector", 131072, { 511, 512, LAST } },
	{ "only the last grain", SEEN_CAPACITY, { 1537, LAST } },
	{ "a last grain of one sector", 129, { 1, LAST } },
	{ "a directory of one sector", 128 * 65536, { 0, 65535, LAST } },
	{ "a directory of two sectors", 129 * 65536 + 1,
	    { 3, 65535, 65536, 129 * 512, LAST } },
};

/* The generator follows the format book and shares nothing with the writer. */
static void
a_stream_is_byte_for_byte_what_a_host_sends(void)
{
	size_t i;

	for (i = 0; i < sizeof(disks) / sizeof(disks[0]); i++) {
		struct vmdkw_conf conf = conf_of(disks[i].capacity);
		struct gen *g = gen_open(GEN_HOST, disks[i].capacity);
		struct out out = { 0 };
		struct err e = { 0 };

		check_at(disks[i].name);
		CHECK_INT(write_disk(&conf, disks[i].grains, &out, &e), 0);
		CHECK_STR(e.text, "");
		g->descriptor = descriptor_in(&out);
		gen_disk(g, disks[i].grains);
		if (CHECK_INT(out.g.n, g->n))
			CHECK_MEM(out.g.p, g->p, g->n);
		free(out.g.p);
		gen_free(g);
	}
	CHECK_INT(i, 9);
}

static void
the_reader_finds_nothing_to_complain_about(void)
{
	size_t i, n;

	for (i = 0; i < sizeof(disks) / sizeof(disks[0]); i++) {
		struct vmdkw_conf conf = conf_of(disks[i].capacity);
		struct out out = { 0 };
		struct err e = { 0 };
		struct seen s;

		check_at(disks[i].name);
		CHECK_INT(write_disk(&conf, disks[i].grains, &out, &e), 0);
		seen_read_all(&out.g, &s);
		for (n = 0; disks[i].grains[n] != LAST; n++)
			continue;
		CHECK_STR(s.e.text, "");
		CHECK_STR(s.info.warning, NULL);
		CHECK_INT(s.grains, n);
		CHECK_INT(s.info.cid, 0x4ca346e5);
		CHECK_INT(s.info.parent_cid, VMDK_NO_PARENT);
		CHECK_INT(s.info.capacity_bytes, disks[i].capacity * 512);
		free(out.g.p);
	}
}

static void
an_empty_disk_is_as_small_as_the_hosts_one(void)
{
	struct vmdkw_conf conf = conf_of(UINT64_C(8) << 20);
	const uint64_t none[] = { LAST };
	struct out out = { 0 };
	struct err e = { 0 };

	CHECK_INT(write_disk(&conf, none, &out, &e), 0);
	CHECK_INT(out.g.n, 68096);
	free(out.g.p);
}

static void
the_descriptor_is_the_hosts_one(void)
{
	struct vmdkw_conf conf = conf_of(23068672);
	const uint64_t none[] = { LAST };
	struct out out = { 0 };
	struct err e = { 0 };

	CHECK_INT(write_disk(&conf, none, &out, &e), 0);
	CHECK_STR(descriptor_in(&out),
	    "# Disk DescriptorFile\n"
	    "version=1\n"
	    "CID=4ca346e5\n"
	    "parentCID=ffffffff\n"
	    "createType=\"streamOptimized\"\n"
	    "\n"
	    "# Extent description\n"
	    "RDONLY 23068672 SPARSE \"generated-stream.vmdk\"\n"
	    "\n"
	    "# The Disk Data Base \n"
	    "#DDB\n"
	    "\n"
	    "ddb.adapterType = \"lsilogic\"\n"
	    "ddb.geometry.cylinders = \"1435\"\n"
	    "ddb.geometry.heads = \"255\"\n"
	    "ddb.geometry.sectors = \"63\"\n"
	    "ddb.longContentID = \"7309e61331138e04815810ad4ca346e5\"\n"
	    "ddb.virtualHWVersion = \"19\"\n");
	free(out.g.p);
}

static void
geometry_is_what_a_bios_expects(void)
{
	static const struct {
		const char *adapter;
		uint64_t sectors;
		const char *want;
	} t[] = {
		{ "lsilogic", 1, "0 64 32" },
		{ "lsilogic", 209714, "102 64 32" },
		{ "lsilogic", 2097151, "1023 64 32" },
		{ "lsilogic", 2097152, "512 128 32" },
		{ "buslogic", 4194303, "1023 128 32" },
		{ "lsilogic", 4194304, "261 255 63" },
		{ "lsilogic", UINT64_C(62) << 31, "8287829 255 63" },
		{ "ide", 209714, "208 16 63" },
		{ "ide", UINT64_C(1) << 30, "16383 16 63" },
	};
	const uint64_t none[] = { LAST };
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct vmdkw_conf conf = conf_of(t[i].sectors);
		struct out out = { 0 };
		struct err e = { 0 };
		unsigned int c = 0, h = 0, s = 0;
		const char *at;
		char got[60];

		check_at(t[i].want);
		conf.adapter = t[i].adapter;
		CHECK_INT(write_disk(&conf, none, &out, &e), 0);
		at = strstr(descriptor_in(&out), "ddb.geometry");
		CHECK(at != NULL &&
		    sscanf(at,
			"ddb.geometry.cylinders = \"%u\"\n"
			"ddb.geometry.heads = \"%u\"\n"
			"ddb.geometry.sectors = \"%u\"\n",
			&c, &h, &s) == 3);
		snprintf(got, sizeof(got), "%u %u %u", c, h, s);
		CHECK_STR(got, t[i].want);
		free(out.g.p);
	}
}

static void
no_cid_means_something_else(void)
{
	static const struct {
		uint32_t cid;
		bool kept;
	} t[] = { { 0, false }, { 1, true }, { 0xfffffffd, true },
		{ 0xfffffffe, false }, { 0xffffffff, false } };
	const uint64_t none[] = { LAST };
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct vmdkw_conf conf = conf_of(100);
		struct out out = { 0 };
		struct err e = { 0 };
		struct seen s;

		conf.cid = t[i].cid;
		CHECK_INT(write_disk(&conf, none, &out, &e), 0);
		seen_read(&out.g, AT_ONCE, &s);
		CHECK_STR(s.e.text, "");
		CHECK((s.info.cid == t[i].cid) == t[i].kept);
		CHECK(s.info.cid > 0 && s.info.cid < 0xfffffffe);
		free(out.g.p);
	}
}

static void
what_makes_no_disk_is_refused(void)
{
	static const struct {
		uint64_t bytes;
		const char *adapter, *hardware, *text;
	} t[] = {
		{ 0, "ide", "19",
		    "VMDK: a disk of 0 bytes: it must be whole sectors, at "
		    "most 62 TiB" },
		{ 1000, "ide", "19",
		    "VMDK: a disk of 1000 bytes: it must be whole sectors, at "
		    "most 62 TiB" },
		{ (UINT64_C(62) << 40) + 512, "ide", "19",
		    "VMDK: a disk of 68169720922624 bytes: it must be whole "
		    "sectors, at most 62 TiB" },
		{ 512, "", "19", "VMDK: '' is no adapter type" },
		{ 512, "a\"b", "19", "VMDK: 'a\"b' is no adapter type" },
		{ 512, "ide", "1 9", "VMDK: '1 9' is no hardware version" },
		{ 512, "ide", "123456789012345678901234567890123456789012",
		    "VMDK: '1234567890123456789012345678901234567890' is no "
		    "hardware version" },
	};
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct vmdkw_conf conf = { t[i].bytes, 1, t[i].adapter,
			t[i].hardware };
		struct out out = { 0 };
		struct err e = { 0 };

		CHECK(
		    vmdkw_open(&conf, (struct sink){ keep, &out }, &e) == NULL);
		CHECK_INT(e.class, ERR_DATA);
		CHECK_STR(e.text, t[i].text);
		CHECK_INT(out.g.n, 0);
	}
	vmdkw_free(NULL);
}

static void
grains_out_of_turn_are_our_mistake(void)
{
	static const struct {
		uint64_t number;
		size_t n;
		const char *text;
	} t[] = {
		{ 4, 100, "VMDK: grain 4 of 1538 out of turn" },
		{ 3, 100, "VMDK: grain 3 of 1538 out of turn" },
		{ 1538, 100, "VMDK: grain 1538 of 1538 out of turn" },
		{ LAST, 100,
		    "VMDK: grain 18446744073709551615 of 1538 out of "
		    "turn" },
		{ 5, 0, "VMDK: grain 5 has 0 packed bytes" },
		{ 5, VMDK_PACKED_MAX + 1,
		    "VMDK: grain 5 has 66561 packed "
		    "bytes" },
	};
	static const unsigned char packed[VMDK_PACKED_MAX + 1];
	struct vmdkw_conf conf = conf_of(SEEN_CAPACITY);
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct out out = { 0 };
		struct err e = { 0 }, after = { 0 };
		struct vmdkw *w;

		check_at(t[i].text);
		w = vmdkw_open(&conf, (struct sink){ keep, &out }, &e);
		CHECK_INT(vmdkw_grain(w, 4, packed, 100, &e), 0);
		CHECK_INT(vmdkw_grain(w, t[i].number, packed, t[i].n, &e), -1);
		CHECK_INT(e.class, ERR_BUG);
		CHECK_STR(e.text, t[i].text);
		/* A disk that lacks a grain must not look whole. */
		CHECK_INT(vmdkw_finish(w, &after), -1);
		CHECK_STR(after.text,
		    "VMDK: its writer has failed or finished before");
		CHECK_INT(out.g.n, 65536 + 512);
		vmdkw_free(w);
		free(out.g.p);
	}
}

static void
a_stream_ends_once(void)
{
	struct vmdkw_conf conf = conf_of(100);
	struct out out = { 0 };
	struct err e = { 0 }, grain = { 0 };
	struct vmdkw *w;
	size_t n;

	w = vmdkw_open(&conf, (struct sink){ keep, &out }, &e);
	CHECK_INT(vmdkw_finish(w, &e), 0);
	n = out.g.n;
	CHECK_INT(vmdkw_finish(w, &e), -1);
	CHECK_INT(vmdkw_grain(w, 0, "x", 1, &grain), -1);
	CHECK_INT(grain.class, ERR_BUG);
	CHECK_STR(grain.text, "VMDK: its writer has failed or finished before");
	CHECK_INT(out.g.n, n);
	vmdkw_free(w);
	free(out.g.p);
}

static void
a_full_disk_ends_it_wherever_it_happens(void)
{
	struct vmdkw_conf conf = conf_of(SEEN_CAPACITY);
	struct out whole = { 0 };
	struct err e = { 0 };
	size_t limit, n = 0;

	CHECK_INT(write_disk(&conf, seen_grains, &whole, &e), 0);
	for (limit = 1; limit < whole.g.n; limit += 511, n++) {
		struct out out = { .limit = limit };

		e = (struct err){ 0 };
		CHECK_INT(write_disk(&conf, seen_grains, &out, &e), -1);
		CHECK_STR(e.text, "disk full");
		CHECK_INT(e.class, ERR_IO);
		free(out.g.p);
	}
	CHECK(n > 100);
	free(whole.g.p);
}

/* A stream of nearly 2 TiB, whose bytes go nowhere. */
static struct {
	struct vmdkw *w;
	uint64_t next;
	uint64_t left; /* sectors that a grain may still take */
} huge;

static const unsigned char big[VMDK_PACKED_MAX];

static int
drop(void *self, const void *p, size_t n, struct err *e)
{
	(void)self;
	(void)p;
	(void)n;
	(void)e;
	return 0;
}

static size_t
bytes_for(uint64_t sectors)
{
	return (size_t)(sectors * 512 - VMDK_GRAIN_HEAD);
}

static void
one_sector_too_many(void)
{
	struct err e = { 0 };
	uint64_t before = vmdkw_bytes(huge.w);

	CHECK_INT(
	    vmdkw_grain(huge.w, huge.next, big, bytes_for(huge.left + 1), &e),
	    -1);
	CHECK_INT(e.class, ERR_DATA);
	CHECK_STR(e.text,
	    "VMDK: grain 32783443 of 1040187392 does not fit: a stream has "
	    "2 TiB at most");
	CHECK_INT(vmdkw_bytes(huge.w), before);
}

static void
fill_up(uint64_t number, uint64_t sectors)
{
	struct err e = { 0 };

	CHECK_INT(vmdkw_grain(huge.w, number, big, bytes_for(sectors), &e), 0);
	CHECK_INT(vmdkw_finish(huge.w, &e), 0);
	CHECK_INT(vmdkw_bytes(huge.w), UINT64_C(1) << 41);
}

static void
to_the_last_sector(void)
{
	fill_up(huge.next, huge.left);
}

static void
to_the_last_sector_in_another_table(void)
{
	fill_up(huge.next + 512, huge.left - 5);
}

static void
no_room_for_another_table(void)
{
	struct err e = { 0 };

	CHECK_INT(vmdkw_grain(huge.w, huge.next + 512, big,
		      bytes_for(huge.left - 4), &e),
	    -1);
	CHECK_INT(e.class, ERR_DATA);
}

static void
a_stream_never_passes_its_limit(void)
{
	struct vmdkw_conf conf = conf_of(UINT64_C(62) << 31);
	uint64_t end = 1 + 4 + 1 + (UINT64_C(62) << 31) / 65536 / 128 + 3;
	struct err e = { 0 };

	huge.w = vmdkw_open(&conf, (struct sink){ drop, NULL }, &e);
	huge.left = (UINT64_C(1) << 32) - 128 - end;
	for (; huge.left > 131; huge.next++) {
		huge.left -= 131;
		if (huge.next > 0 && huge.next % 512 == 0)
			huge.left -= 5;
		if (vmdkw_grain(huge.w, huge.next, big, sizeof(big), &e) == -1)
			break;
	}
	CHECK_STR(e.text, "");
	CHECK(huge.left > 10);
	sandbox_in_child(one_sector_too_many);
	sandbox_in_child(to_the_last_sector);
	sandbox_in_child(to_the_last_sector_in_another_table);
	sandbox_in_child(no_room_for_another_table);
	vmdkw_free(huge.w);
}

CHECK_MAIN(TEST(a_stream_is_byte_for_byte_what_a_host_sends),
    TEST(the_reader_finds_nothing_to_complain_about),
    TEST(an_empty_disk_is_as_small_as_the_hosts_one),
    TEST(the_descriptor_is_the_hosts_one),
    TEST(geometry_is_what_a_bios_expects), TEST(no_cid_means_something_else),
    TEST(what_makes_no_disk_is_refused),
    TEST(grains_out_of_turn_are_our_mistake), TEST(a_stream_ends_once),
    TEST(a_full_disk_ends_it_wherever_it_happens),
    TEST(a_stream_never_passes_its_limit))
