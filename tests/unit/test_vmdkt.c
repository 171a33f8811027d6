#include "image/vmdkt.h"

#include "check.h"
#include "vmdk_gen.h"
#include "vmdk_seen.h"

static void
entries_swapped(struct gen *g)
{
	uint32_t v = gen_get32(g, gen_entry_at(g, 1));

	gen_set32(g, gen_entry_at(g, 1), g->grain[2]);
	gen_set32(g, gen_entry_at(g, 2), v);
}

static void
entry_lost(struct gen *g)
{
	gen_set32(g, gen_entry_at(g, 600), 0);
}

static void
entry_behind_end(struct gen *g)
{
	gen_set32(g, gen_entry_at(g, 600), 1 << 30);
}

static void
entry_into_grain(struct gen *g)
{
	gen_set32(g, gen_entry_at(g, 600), g->grain[600] + 1);
}

static void
entry_of_no_grain(struct gen *g)
{
	gen_set32(g, gen_entry_at(g, 601), 1 << 30);
}

static void
zero_entry(struct gen *g)
{
	gen_set32(g, gen_entry_at(g, 601), 1);
}

static void
make_zero_entry_in_delta(struct gen *g)
{
	g->flags = g->layout == GEN_QEMU ? 0x30007 : 0x30005;
	g->parent = "parentCID=00c0ffee\n";
	gen_disk(g, seen_grains);
}

static void
directory_entry_lost(struct gen *g)
{
	gen_set32(g, gen_gd_at(g, 1), 0);
}

static void
directory_entry_behind_end(struct gen *g)
{
	gen_set32(g, gen_gd_at(g, 1), 1 << 30);
}

static void
directory_entry_of_no_table(struct gen *g)
{
	gen_set32(g, gen_gd_at(g, 2), g->table[0]);
}

static void
directory_too_long(struct gen *g)
{
	gen_set32(g, gen_gd_at(g, 4), g->table[0]);
}

static void
directory_sectors(struct gen *g)
{
	gen_set64(g, (g->gd - 1) * GEN_SECTOR, 2);
}

static void
table_sectors(struct gen *g)
{
	gen_set64(g, (g->table[0] - 1) * GEN_SECTOR, 5);
}

static void
footer_sectors(struct gen *g)
{
	gen_set64(g, g->footer * GEN_SECTOR, 0);
}

static void
unknown_marker(struct gen *g)
{
	gen_set32(g, (g->table[0] - 1) * GEN_SECTOR + 12, 5);
}

static void
make_table_missing(struct gen *g)
{
	gen_begin(g);
	gen_grain(g, 1);
	gen_grain(g, 512);
	gen_table(g, 0);
	gen_table(g, 1);
	gen_finish(g);
}

static void
make_last_table_missing(struct gen *g)
{
	gen_begin(g);
	gen_grain(g, 1);
	gen_finish(g);
}

static void
make_grain_behind_its_table(struct gen *g)
{
	gen_begin(g);
	gen_grain(g, 1);
	gen_table(g, 0);
	gen_grain(g, 2);
	gen_finish(g);
}

static void
make_table_twice(struct gen *g)
{
	gen_begin(g);
	gen_grain(g, 1);
	gen_table(g, 0);
	gen_table(g, 0);
	gen_finish(g);
}

static void
make_many_tables(struct gen *g)
{
	int i;

	gen_begin(g);
	for (i = 0; i < 5; i++)
		gen_table(g, 0);
	gen_finish(g);
}

static void
make_grain_behind_directory(struct gen *g)
{
	gen_begin(g);
	gen_directory(g);
	gen_grain(g, 1);
	gen_footer(g);
	gen_end(g);
}

static void
make_table_behind_directory(struct gen *g)
{
	gen_begin(g);
	gen_directory(g);
	gen_table(g, 1);
	gen_footer(g);
	gen_end(g);
}

static void
make_two_directories(struct gen *g)
{
	gen_begin(g);
	gen_directory(g);
	gen_directory(g);
	gen_footer(g);
	gen_end(g);
}

static void
make_no_directory(struct gen *g)
{
	gen_begin(g);
	gen_footer(g);
	gen_end(g);
}

static void
make_no_footer(struct gen *g)
{
	gen_begin(g);
	gen_directory(g);
	gen_end(g);
}

static void
make_two_footers(struct gen *g)
{
	gen_begin(g);
	gen_directory(g);
	gen_footer(g);
	gen_footer(g);
	gen_end(g);
}

static void
front_directory_outside(struct gen *g)
{
	gen_set64(g, 56, 3);
}

static void
front_directory_at_edge(struct gen *g)
{
	gen_set64(g, 64, g->gd + 1);
	gen_set64(g, 56, g->gd + 1 - 1);
	gen_set32(g, gen_gd_at(g, 0), g->gd + 1);
}

static void
redundant_directory_outside(struct gen *g)
{
	gen_set64(g, 48, g->overhead);
}

static void
redundant_table_differs(struct gen *g)
{
	g->p[(size_t)g->rgd * GEN_SECTOR + 512 + 100] ^= 1;
}

static void
front_overhead_huge(struct gen *g)
{
	gen_set64(g, 64, 1 << 20);
}

static void
garbage_in_pad(struct gen *g)
{
	g->p[g->n - 1] = 1;
}

static void
marker_in_front_layout(struct gen *g)
{
	gen_set32(g, gen_grain_at(g, 1) + 8, 0);
	gen_set32(g, gen_grain_at(g, 1) + 12, 1);
}

static void
cut_before_last_grain(struct gen *g)
{
	g->n = gen_grain_at(g, 1537);
}

static void
both_zero_entry(struct gen *g)
{
	zero_entry(g);
	gen_set32(g,
	    gen_entry_at(g, 601) - (size_t)(g->gd - g->rgd) * GEN_SECTOR, 1);
}

static void
redundant_entry_lost(struct gen *g)
{
	gen_set32(g, (size_t)g->rgd * GEN_SECTOR, 0);
}

static void
make_empty_tables(struct gen *g)
{
	g->empty_tables = true;
	gen_disk(g, &seen_grains[8]);
}

static void
directory_too_long_for_empty_tables(struct gen *g)
{
	gen_set32(g, gen_gd_at(g, 4), g->table[3]);
}

static const struct seen_damage table[] = {
	{ "entries swapped", GEN_HOST, NULL, entries_swapped,
	    "grain table 0 names sector 130 (entry 1), the stream has 129" },
	{ "entry lost", GEN_HOST, NULL, entry_lost,
	    "grain table 1 names sector 0 (entry 88), the stream has 139" },
	{ "entry behind end", GEN_HOST, NULL, entry_behind_end,
	    "grain table 1 names sector 1073741824 (entry 88), the stream has "
	    "139" },
	{ "entry into grain", GEN_HOST, NULL, entry_into_grain,
	    "grain table 1 names sector 140 (entry 88), the stream has 139" },
	{ "entry of no grain", GEN_HOST, NULL, entry_of_no_grain,
	    "grain table 1 names sector 1073741824 (entry 89), the stream has "
	    "no such grain" },
	{ "zero entry", GEN_HOST, NULL, zero_entry,
	    "grain table 1 names sector 1 (entry 89), the stream has no such "
	    "grain" },
	{ "zero entry in delta", GEN_HOST, make_zero_entry_in_delta, zero_entry,
	    "grain table 1 has a zero entry (89), which a disk with a parent "
	    "may not have" },
	{ "directory entry lost", GEN_HOST, NULL, directory_entry_lost,
	    "grain directory names sector 0 for table 1, the stream has 141" },
	{ "directory entry behind end", GEN_HOST, NULL,
	    directory_entry_behind_end,
	    "grain directory names sector 1073741824 for table 1, the stream "
	    "has 141" },
	{ "directory entry of no table", GEN_HOST, NULL,
	    directory_entry_of_no_table,
	    "grain directory names sector 134 for table 2, the stream has no "
	    "such table" },
	{ "directory too long", GEN_HOST, NULL, directory_too_long,
	    "grain directory names sector 134 for table 4, the disk has 4 "
	    "tables" },
	{ "directory too long, empty tables", GEN_HOST, make_empty_tables,
	    directory_too_long_for_empty_tables,
	    "grain directory names sector 144 for table 4, the disk has 4 "
	    "tables" },
	{ "directory entry behind empty tables", GEN_HOST, make_empty_tables,
	    directory_entry_behind_end,
	    "grain directory names sector 1073741824 for table 1, the stream "
	    "has no such table" },
	{ "directory sectors", GEN_HOST, NULL, directory_sectors,
	    "grain directory of 2 sectors at sector 151, not 1" },
	{ "table sectors", GEN_HOST, NULL, table_sectors,
	    "grain table of 5 sectors at sector 133, not 4" },
	{ "footer sectors", GEN_HOST, NULL, footer_sectors,
	    "footer of 0 sectors at sector 153, not 1" },
	{ "unknown marker", GEN_HOST, NULL, unknown_marker,
	    "marker of unknown type 5 at sector 133" },
	{ "table missing", GEN_HOST, make_table_missing, NULL,
	    "grain table 0 is missing" },
	{ "last table missing", GEN_HOST, make_last_table_missing, NULL,
	    "grain table 0 is missing" },
	{ "grain behind its table", GEN_HOST, make_grain_behind_its_table, NULL,
	    "grain at sector 256 behind its grain table 0" },
	{ "table twice", GEN_HOST, make_table_twice, NULL,
	    "grain table 1 names sector 128 (entry 1), the stream has no such "
	    "grain" },
	{ "many tables", GEN_HOST, make_many_tables, NULL,
	    "more than the 4 grain tables of the disk" },
	{ "grain behind directory", GEN_HOST, make_grain_behind_directory, NULL,
	    "grain at sector 128 behind the grain directory" },
	{ "table behind directory", GEN_HOST, make_table_behind_directory, NULL,
	    "grain table marker out of turn at sector 130" },
	{ "two directories", GEN_HOST, make_two_directories, NULL,
	    "grain directory marker out of turn at sector 130" },
	{ "no directory", GEN_HOST, make_no_directory, NULL,
	    "footer marker out of turn at sector 128" },
	{ "no footer", GEN_HOST, make_no_footer, NULL,
	    "end marker at sector 130 before the footer" },
	{ "two footers", GEN_HOST, make_two_footers, NULL,
	    "footer marker out of turn at sector 132" },
	{ "front directory outside", GEN_FRONT, NULL, front_directory_outside,
	    "grain directory at sector 3, the data begins at 128" },
	{ "front directory at edge", GEN_FRONT, NULL, front_directory_at_edge,
	    "grain table 0 at sector 22, the data begins at 22" },
	{ "redundant directory outside", GEN_QEMU, NULL,
	    redundant_directory_outside,
	    "redundant copy: grain directory at sector 128, the data begins at "
	    "128" },
	{ "redundant table differs", GEN_QEMU, NULL, redundant_table_differs,
	    "grain table 0 and its redundant copy differ" },
	{ "front overhead huge", GEN_FRONT, NULL, front_overhead_huge,
	    "overHead is 1048576 sectors, not 21 to 2082" },
	{ "garbage in pad", GEN_QEMU, NULL, garbage_in_pad,
	    "bytes other than zero after the end of the stream" },
	{ "marker in front layout", GEN_FRONT, NULL, marker_in_front_layout,
	    "grain table marker at sector 129, but the tables are in front" },
	{ "cut before last grain", GEN_QEMU, NULL, cut_before_last_grain,
	    "stream ends after 69120 bytes: grain table 3 names sector 135 "
	    "(entry 1), the stream has no such grain" },
	{ "zero entry in delta, in front", GEN_QEMU, make_zero_entry_in_delta,
	    both_zero_entry,
	    "grain table 1 has a zero entry (89), which a disk with a parent "
	    "may not have" },
	{ "entries swapped, in front", GEN_FRONT, NULL, entries_swapped,
	    "grain table 0 names sector 130 (entry 1), the stream has 129" },
	{ "entry lost, in front", GEN_FRONT, NULL, entry_lost,
	    "grain table 1 names sector 0 (entry 88), the stream has 134" },
	{ "entry behind end, in front", GEN_FRONT, NULL, entry_behind_end,
	    "grain table 1 names sector 1073741824 (entry 88), the stream has "
	    "134" },
	{ "entry into grain, in front", GEN_FRONT, NULL, entry_into_grain,
	    "grain table 1 names sector 135 (entry 88), the stream has 134" },
	{ "entry of no grain, in front", GEN_FRONT, NULL, entry_of_no_grain,
	    "grain table 1 names sector 1073741824 (entry 89), the stream has "
	    "no such grain" },
	{ "zero entry, in front", GEN_FRONT, NULL, zero_entry,
	    "grain table 1 names sector 1 (entry 89), the stream has no such "
	    "grain" },
	{ "directory entry lost, in front", GEN_FRONT, NULL,
	    directory_entry_lost,
	    "grain table 1 names sector 0 (entry 0), the stream has 133" },
	{ "directory entry behind end, in front", GEN_FRONT, NULL,
	    directory_entry_behind_end,
	    "grain table 1 at sector 1073741824, the data begins at 128" },
	{ "redundant directory entry lost", GEN_QEMU, NULL,
	    redundant_entry_lost,
	    "grain table 0 and its redundant copy differ" },
	{ "redundant table is lost", GEN_QEMU, NULL, directory_entry_lost,
	    "grain table 1 and its redundant copy differ" },
};

static void
tables_that_lie_are_told(void)
{
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		seen_check_damage(&table[i]);
}

static void
memory_for_tables_in_front_is_limited(void)
{
	struct vmdk_header h = { .capacity_sectors = UINT64_C(10) << 31,
		.descriptor_sectors = 20,
		.gd_sector = 21,
		.overhead_sectors = 21 + (1 << 20) + 2048 };
	struct err e = { 0 };

	CHECK(vmdkt_open(&h, false, &e) == NULL);
	CHECK_INT(e.class, ERR_IO);
	CHECK_STR(e.text,
	    "513 MiB of grain tables in front of the data, at most 512");
}

CHECK_MAIN(TEST(tables_that_lie_are_told),
    TEST(memory_for_tables_in_front_is_limited))
