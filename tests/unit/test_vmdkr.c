#include "image/vmdkr.h"

#include "check.h"
#include "vmdk_gen.h"
#include "vmdk_seen.h"

#define LAST UINT64_MAX
#define MAX_GRAINS 10

/* Three whole tables, the third without a grain, and 1.5 grains. */
#define STANDARD_CAPACITY (3 * 65536 + 128 + 64)
static const uint64_t standard[] = { 0, 1, 2, 7, 8, 511, 512, 600, 1537, LAST };

#define AFTER_END \
	"zeros behind its end: ovftool and vSphere may refuse it for its digest"

struct good {
	const char *name;
	enum gen_layout layout;
	uint64_t capacity; /* sectors */
	uint64_t grains[MAX_GRAINS];
	bool empty_tables;
	const char *warning;
};

static const struct good good[] = {
	{ "host", GEN_HOST, STANDARD_CAPACITY,
	    { 0, 1, 2, 7, 8, 511, 512, 600, 1537, LAST }, false, NULL },
	{ "vmdktool", GEN_VMDKTOOL, STANDARD_CAPACITY,
	    { 0, 1, 2, 7, 8, 511, 512, 600, 1537, LAST }, true, NULL },
	{ "open-vmdk", GEN_FRONT, STANDARD_CAPACITY,
	    { 0, 1, 2, 7, 8, 511, 512, 600, 1537, LAST }, false, NULL },
	{ "qemu", GEN_QEMU, STANDARD_CAPACITY,
	    { 0, 1, 2, 7, 8, 511, 512, 600, 1537, LAST }, false, AFTER_END },
	{ "empty", GEN_HOST, STANDARD_CAPACITY, { LAST }, false, NULL },
	{ "empty with tables", GEN_HOST, STANDARD_CAPACITY, { LAST }, true,
	    NULL },
	{ "empty in front", GEN_FRONT, STANDARD_CAPACITY, { LAST }, false,
	    NULL },
	{ "empty qemu", GEN_QEMU, STANDARD_CAPACITY, { LAST }, false,
	    AFTER_END },
	{ "one sector", GEN_HOST, 1, { 0, LAST }, false, NULL },
	{ "one sector, short", GEN_QEMU, 1, { 0, LAST }, false, AFTER_END },
	{ "one table to the sector", GEN_HOST, 65536, { 0, 511, LAST }, false,
	    NULL },
	{ "two tables to the sector", GEN_FRONT, 131072, { 511, 512, LAST },
	    false, NULL },
	{ "only the last grain", GEN_HOST, STANDARD_CAPACITY, { 1537, LAST },
	    false, NULL },
	{ "a directory of two sectors", GEN_HOST, 129 * 65536 + 1,
	    { 3, 65535, 65536, 129 * 512, LAST }, false, NULL },
	{ "two sectors, in front", GEN_QEMU, 129 * 65536 + 1,
	    { 3, 65535, 65536, 129 * 512, LAST }, false, AFTER_END },
};

/* What must come out, made without the reader. */
static void
check_grains(const struct good *t, const struct seen *s)
{
	unsigned char data[GEN_GRAIN];
	uint64_t sum = 0, bytes = 0, zero = 0, rest;
	size_t i, n;

	for (i = 0; t->grains[i] != LAST; i++) {
		rest = (t->capacity - t->grains[i] * 128) * GEN_SECTOR;
		n = rest < GEN_GRAIN ? rest : GEN_GRAIN;
		gen_fill(t->grains[i], data);
		sum = seen_sum(sum ^ t->grains[i], data, n);
		bytes += n;
		zero += t->grains[i] % 512 == 8;
	}
	CHECK_INT(s->grains, i);
	CHECK_INT(s->info.grains, i);
	CHECK_INT(s->info.zero_grains, zero);
	CHECK_INT(s->bytes, bytes);
	CHECK(s->sum == sum);
}

static void
every_writers_disk_is_read_right(void)
{
	struct seen s;
	struct gen *g;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		check_at(good[i].name);
		g = gen_open(good[i].layout, good[i].capacity);
		g->empty_tables = good[i].empty_tables;
		gen_disk(g, good[i].grains);
		seen_read_all(g, &s);
		CHECK_INT(s.rc, 0);
		CHECK_STR(s.e.text, "");
		CHECK_INT(s.headers, 1);
		CHECK_STR(s.info.warning, good[i].warning);
		CHECK_INT(s.info.capacity_bytes, good[i].capacity * 512);
		CHECK_INT(s.position, good[i].capacity * 512);
		CHECK_INT(s.info.file_bytes, g->n);
		check_grains(&good[i], &s);
		gen_free(g);
	}
	CHECK_INT(i, 15);
}

static void
a_gap_before_the_first_marker_is_not_needed(void)
{
	struct seen s;
	struct gen *g;
	int layout;

	for (layout = GEN_HOST; layout <= GEN_QEMU; layout++) {
		g = gen_open((enum gen_layout)layout, STANDARD_CAPACITY);
		g->tight = true;
		gen_disk(g, standard);
		seen_read_all(g, &s);
		CHECK_STR(s.e.text, "");
		CHECK_INT(s.grains, 9);
		gen_free(g);
	}
}

static void
a_file_with_tables_in_front_may_just_end(void)
{
	struct gen *g = gen_open(GEN_FRONT, STANDARD_CAPACITY);
	struct seen s;

	gen_disk(g, standard);
	g->n -= 512; /* the end marker */
	seen_read_all(g, &s);
	CHECK_STR(s.e.text, "");
	CHECK_INT(s.grains, 9);
	CHECK_INT(s.position, STANDARD_CAPACITY * 512);
	g->n += 100;
	seen_read_all(g, &s);
	CHECK_INT(s.rc, -1);
	CHECK_STR(s.e.text, "stream ends after 135780 bytes, inside a marker");
	gen_zeros(g, 600);
	seen_read_all(g, &s);
	CHECK_INT(s.rc, -1);
	CHECK_STR(s.e.text, "188 bytes after the end of the stream");
	gen_free(g);
}

static void
an_empty_disk_is_as_small_as_the_hosts_one(void)
{
	struct gen *g = gen_open(GEN_HOST, 65536);
	struct seen s;

	gen_disk(g, &(uint64_t){ LAST });
	CHECK_INT(g->n, 68096); /* as a host writes it */
	seen_read_all(g, &s);
	CHECK_INT(s.rc, 0);
	CHECK_INT(s.grains, 0);
	gen_free(g);
}

static void
header_is_known_before_the_first_grain(void)
{
	struct gen *g = gen_open(GEN_HOST, STANDARD_CAPACITY);
	struct err e = { 0 };
	struct seen s = { 0 };
	struct vmdkr_ops ops = { seen_grain, seen_header, &s };
	struct vmdkr *r = vmdkr_open(&ops, &e);

	g->parent = "parentCID=00c0ffee\r\n"
		    "parentFileNameHint=\"../a b/base.vmdk\"\r\n";
	gen_disk(g, standard);
	CHECK_INT(vmdkr_write(r, g->p, 1023, &e), 0);
	CHECK_INT(s.headers, 0);
	CHECK_INT(vmdkr_write(r, g->p + 1023, 1, &e), 0);
	CHECK_INT(s.headers, 1);
	CHECK_INT(s.info.capacity_bytes, STANDARD_CAPACITY * 512);
	CHECK_INT(s.info.cid, 0x4ca346e5);
	CHECK_INT(s.info.parent_cid, 0x00c0ffee);
	CHECK_STR(s.info.parent_hint, "../a b/base.vmdk");
	CHECK_STR(s.info.create_type, "streamOptimized");
	vmdkr_free(r);
	gen_free(g);
}

static void
progress_markers_move_the_position(void)
{
	struct gen *g = gen_open(GEN_HOST, STANDARD_CAPACITY);
	struct vmdkr_ops ops = { 0 };
	struct err e = { 0 };
	struct seen s;
	struct vmdkr *r;
	size_t before, i;

	gen_begin(g);
	gen_grain(g, 1);
	before = g->n;
	for (i = 0; i < 4; i++)
		gen_progress(g, 40000 + i);
	gen_grain(g, 400);
	gen_progress(g, 400 * 128);
	gen_table(g, 0);
	gen_progress(g, STANDARD_CAPACITY);
	gen_finish(g);
	seen_read_all(g, &s);
	CHECK_STR(s.e.text, "");
	CHECK_INT(s.grains, 2);

	r = vmdkr_open(&ops, &e);
	CHECK_INT(vmdkr_position(r), 0);
	CHECK_INT(vmdkr_write(r, g->p, before, &e), 0);
	CHECK_INT(vmdkr_position(r), 2 * GEN_GRAIN);
	CHECK_INT(vmdkr_write(r, g->p + before, 2048, &e), 0);
	CHECK_INT(vmdkr_position(r), 40003 * 512);
	vmdkr_free(r);
	gen_free(g);
}

static void
zero_entries_stand_for_nothing_in_a_full_disk(void)
{
	static const enum gen_layout layouts[] = { GEN_HOST, GEN_QEMU };
	struct seen s;
	struct gen *g;
	size_t i;

	for (i = 0; i < 2; i++) {
		g = gen_open(layouts[i], STANDARD_CAPACITY);
		g->flags = 0x30005;
		gen_disk(g, standard);
		gen_set32(g, gen_entry_at(g, 5), 1);
		seen_read_all(g, &s);
		CHECK_STR(s.e.text, "");
		CHECK_INT(s.grains, 9);
		gen_free(g);
	}
}

static void
what_other_writers_leave_in_gaps_is_only_a_warning(void)
{
	struct gen *g = gen_open(GEN_HOST, STANDARD_CAPACITY);
	unsigned char data[GEN_GRAIN];
	struct seen s;

	gen_disk(g, standard);
	g->p[gen_grain_at(g, 1) - 1] = 'x';
	seen_read_all(g, &s);
	CHECK_INT(s.rc, 0);
	CHECK_STR(s.info.warning,
	    "bytes other than zero behind the data of a grain");
	g->p[4096] = 'x';
	seen_read_all(g, &s);
	CHECK_STR(s.info.warning,
	    "bytes other than zero behind the descriptor");
	gen_free(g);

	g = gen_open(GEN_HOST, 64);
	gen_begin(g);
	memset(data, 'x', sizeof(data));
	gen_data(g, 0, data, sizeof(data));
	gen_table(g, 0);
	gen_finish(g);
	seen_read_all(g, &s);
	CHECK_INT(s.rc, 0);
	CHECK_INT(s.bytes, 64 * 512);
	CHECK_STR(s.info.warning,
	    "bytes other than zero behind the end of the disk");
	gen_free(g);
}

static int
refuse(void *self, uint64_t number, const void *data, size_t n, struct err *e)
{
	(void)self;
	(void)data;
	return err_set(e, ERR_CREATE, "grain %ju of %zu bytes: no room",
	    (uintmax_t)number, n);
}

static void
a_grain_that_does_not_pack_is_longer_than_its_data(void)
{
	struct gen *g = gen_open(GEN_HOST, STANDARD_CAPACITY);

	gen_disk(g, standard);
	CHECK(gen_get32(g, gen_grain_at(g, 7) + 8) > GEN_GRAIN);
	gen_free(g);
}

static void
failure_of_the_receiver_ends_the_stream(void)
{
	struct gen *g = gen_open(GEN_HOST, STANDARD_CAPACITY);
	struct vmdkr_ops ops = { .grain = refuse };
	struct err e = { 0 }, later = { 0 };
	struct vmdkr *r = vmdkr_open(&ops, &e);
	struct sink sink = vmdkr_sink(r);

	gen_disk(g, standard);
	CHECK_INT(flow_write(&sink, g->p, g->n, &e), -1);
	CHECK_INT(e.class, ERR_CREATE);
	CHECK_STR(e.text, "grain 0 of 65536 bytes: no room");
	CHECK_INT(vmdkr_write(r, g->p, 1, &later), -1);
	CHECK_INT(later.class, ERR_IO);
	CHECK_STR(later.text, "the reader of the VMDK has failed before");
	err_clear(&later);
	CHECK_INT(vmdkr_finish(r, &later), -1);
	CHECK_STR(later.text, "the reader of the VMDK has failed before");
	vmdkr_free(NULL);
	vmdkr_free(r);
	gen_free(g);
}

CHECK_MAIN(TEST(every_writers_disk_is_read_right),
    TEST(a_gap_before_the_first_marker_is_not_needed),
    TEST(a_file_with_tables_in_front_may_just_end),
    TEST(an_empty_disk_is_as_small_as_the_hosts_one),
    TEST(header_is_known_before_the_first_grain),
    TEST(progress_markers_move_the_position),
    TEST(zero_entries_stand_for_nothing_in_a_full_disk),
    TEST(what_other_writers_leave_in_gaps_is_only_a_warning),
    TEST(a_grain_that_does_not_pack_is_longer_than_its_data),
    TEST(failure_of_the_receiver_ends_the_stream))
