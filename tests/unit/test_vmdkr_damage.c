#include "check.h"
#include "vmdk_gen.h"
#include "vmdk_seen.h"

static void
nothing(struct gen *g)
{
	g->n = 0;
}

static void
only_header(struct gen *g)
{
	g->n = 512;
}

static void
half_a_header(struct gen *g)
{
	g->n = 100;
}

static void
cut_in_descriptor(struct gen *g)
{
	g->n = 700;
}

static void
cut_in_gap(struct gen *g)
{
	g->n = 32768;
}

static void
cut_after_last_grain(struct gen *g)
{
	g->n = (g->table[3] - 1) * GEN_SECTOR;
}

static void
cut_in_table(struct gen *g)
{
	g->n = gen_entry_at(g, 600);
}

static void
cut_in_directory(struct gen *g)
{
	g->n = gen_gd_at(g, 1);
}

static void
cut_in_marker(struct gen *g)
{
	g->n = (g->gd - 1) * GEN_SECTOR + 5;
}

static void
no_footer(struct gen *g)
{
	g->n = g->footer * GEN_SECTOR;
}

static void
cut_in_footer(struct gen *g)
{
	g->n = (g->footer + 1) * GEN_SECTOR + 5;
}

static void
no_end(struct gen *g)
{
	g->n -= 512;
}

static void
cut_at_odd_size(struct gen *g)
{
	g->n -= 100;
}

static void
odd_size(struct gen *g)
{
	gen_zeros(g, 100);
}

static void
zeros_after_end(struct gen *g)
{
	gen_zeros(g, 512);
}

static void
mebibyte_after_end(struct gen *g)
{
	gen_zeros(g, 1 << 20);
}

static void
much_after_end(struct gen *g)
{
	gen_zeros(g, (1 << 20) + 1);
}

static void
garbage_after_end(struct gen *g)
{
	gen_put(g, "x", 1);
}

static void
lost_block(struct gen *g)
{
	memset(g->p + gen_grain_at(g, 2), 0, 1024);
}

static void
end_not_zero(struct gen *g)
{
	g->p[g->end * GEN_SECTOR + 100] = 1;
}

/* It ends in the gap, and a reader of text goes on there. */
static void
no_end_of_descriptor(struct gen *g)
{
	size_t end = 2 * GEN_SECTOR;
	size_t n = strlen((char *)g->p + GEN_SECTOR);

	memset(g->p + GEN_SECTOR + n, '#', end - GEN_SECTOR - n);
	memcpy(g->p + end, "\nparentFileNameHint=\"nbd:a\"\n", 28);
}

static void
bad_magic(struct gen *g)
{
	g->p[0] = 'C';
}

static void
header_capacity(struct gen *g)
{
	gen_set64(g, 12, SEEN_CAPACITY + 1);
}

static void
unclean(struct gen *g)
{
	g->p[72] = 1;
}

static void
copied_as_text(struct gen *g)
{
	g->p[75] = '\n';
}

static void
footer_magic(struct gen *g)
{
	g->p[(g->footer + 1) * GEN_SECTOR] = 0;
}

static void
footer_capacity(struct gen *g)
{
	gen_set64(g, (g->footer + 1) * GEN_SECTOR + 12, SEEN_CAPACITY / 2);
}

static void
footer_gd(struct gen *g)
{
	gen_set64(g, (g->footer + 1) * GEN_SECTOR + 56, g->gd + 1);
}

static void
header_gd(struct gen *g)
{
	gen_set64(g, 56, g->gd + 1);
}

static void
flipped_bit(struct gen *g)
{
	g->p[gen_grain_at(g, 1) + 40] ^= 0x10;
}

static void
flipped_adler(struct gen *g)
{
	size_t at = gen_grain_at(g, 1);

	g->p[at + 12 + gen_get32(g, at + 8) - 1] ^= 1;
}

static void
preset_dictionary(struct gen *g)
{
	size_t at = gen_grain_at(g, 1) + 12;

	g->p[at + 1] = (unsigned char)((g->p[at + 1] & 0xc0) | 0x20);
	g->p[at + 1] += (unsigned char)(31 -
	    (g->p[at] * 256 + g->p[at + 1]) % 31);
}

static void
lba_wrong(struct gen *g)
{
	gen_set64(g, gen_grain_at(g, 2), 3 * 128);
}

static void
lba_twice(struct gen *g)
{
	gen_set64(g, gen_grain_at(g, 2), 128);
}

static void
lba_back(struct gen *g)
{
	gen_set64(g, gen_grain_at(g, 2), 0);
}

static void
lba_behind_disk(struct gen *g)
{
	gen_set64(g, gen_grain_at(g, 1537), 1538 * 128);
}

static void
lba_odd(struct gen *g)
{
	gen_set64(g, gen_grain_at(g, 2), 257);
}

static void
size_huge(struct gen *g)
{
	gen_set32(g, gen_grain_at(g, 2) + 8, 0x7fffffff);
}

static void
size_above_limit(struct gen *g)
{
	gen_set32(g, gen_grain_at(g, 2) + 8, 65536 + 1025);
}

static void
size_one_more(struct gen *g)
{
	size_t at = gen_grain_at(g, 2) + 8;

	gen_set32(g, at, gen_get32(g, at) + 1);
}

static void
one_grain_of(struct gen *g, size_t n)
{
	static unsigned char data[3 * GEN_GRAIN];

	gen_begin(g);
	gen_data(g, 3, data, n);
	gen_table(g, 0);
	gen_finish(g);
}

static void
make_short_grain(struct gen *g)
{
	one_grain_of(g, 65024);
}

static void
make_long_grain(struct gen *g)
{
	one_grain_of(g, 66048);
}

static void
make_bomb(struct gen *g)
{
	one_grain_of(g, 3 * GEN_GRAIN);
}

static void
make_short_last_grain(struct gen *g)
{
	static unsigned char data[GEN_GRAIN];

	gen_begin(g);
	gen_data(g, 1537, data, 512);
	gen_table(g, 3);
	gen_finish(g);
}

static void
make_progress_behind_disk(struct gen *g)
{
	gen_begin(g);
	gen_progress(g, SEEN_CAPACITY + 1);
	gen_finish(g);
}

static void
make_cut_in_grain(struct gen *g)
{
	gen_begin(g);
	gen_grain(g, 7);
	g->n -= 1000;
}

static void
make_size_at_limit(struct gen *g)
{
	static unsigned char packed[65536 + 1024];

	gen_begin(g);
	gen_packed(g, 3, packed, sizeof(packed));
	gen_table(g, 0);
	gen_finish(g);
}

static void
make_grain_at_end_of_disk(struct gen *g)
{
	g->capacity = 65536;
	gen_begin(g);
	gen_packed(g, 512, "", 1);
	gen_finish(g);
}

static const struct seen_damage table[] = {
	{ "nothing", GEN_HOST, NULL, nothing, "the stream is empty" },
	{ "only header", GEN_HOST, NULL, only_header,
	    "stream ends after 512 bytes, inside the descriptor" },
	{ "half a header", GEN_HOST, NULL, half_a_header,
	    "stream ends after 100 bytes, inside the header" },
	{ "cut in descriptor", GEN_HOST, NULL, cut_in_descriptor,
	    "stream ends after 700 bytes, inside the descriptor" },
	{ "cut in gap", GEN_HOST, NULL, cut_in_gap,
	    "stream ends after 32768 bytes, inside the space before the first "
	    "marker" },
	{ "cut in grain", GEN_HOST, make_cut_in_grain, NULL,
	    "stream ends after 130584 bytes, inside a grain" },
	{ "cut after last grain", GEN_HOST, NULL, cut_after_last_grain,
	    "stream ends after 74752 bytes, before its grain directory" },
	{ "cut in table", GEN_HOST, NULL, cut_in_table,
	    "stream ends after 72544 bytes, inside a grain table" },
	{ "cut in directory", GEN_HOST, NULL, cut_in_directory,
	    "stream ends after 77828 bytes, inside the grain directory" },
	{ "cut in marker", GEN_HOST, NULL, cut_in_marker,
	    "stream ends after 77317 bytes, inside a marker" },
	{ "no footer", GEN_HOST, NULL, no_footer,
	    "stream ends after 78336 bytes, before its footer" },
	{ "cut in footer", GEN_HOST, NULL, cut_in_footer,
	    "stream ends after 78853 bytes, inside the footer" },
	{ "no end", GEN_HOST, NULL, no_end,
	    "stream ends after 79360 bytes, before its end marker" },
	{ "cut at odd size", GEN_HOST, NULL, cut_at_odd_size,
	    "stream ends after 79772 bytes, inside a marker" },
	{ "odd size", GEN_HOST, NULL, odd_size,
	    "100 bytes after the end of the stream" },
	{ "zeros after end", GEN_HOST, NULL, zeros_after_end,
	    "512 bytes after the end of the stream" },
	{ "mebibyte after end", GEN_HOST, NULL, mebibyte_after_end,
	    "1048576 bytes after the end of the stream" },
	{ "much after end", GEN_HOST, NULL, much_after_end,
	    "more than 1048576 bytes after the end of the stream" },
	{ "garbage after end", GEN_HOST, NULL, garbage_after_end,
	    "1 bytes after the end of the stream" },
	{ "lost block", GEN_HOST, NULL, lost_block,
	    "end marker at sector 130 before the grain directory" },
	{ "end not zero", GEN_HOST, NULL, end_not_zero,
	    "end marker at sector 155 is not all zero" },
	{ "no end of descriptor", GEN_HOST, NULL, no_end_of_descriptor,
	    "descriptor: it has no end" },
	{ "bad magic", GEN_HOST, NULL, bad_magic,
	    "not a sparse VMDK: it begins with 43444d56" },
	{ "header capacity", GEN_HOST, NULL, header_capacity,
	    "descriptor: extent of 196800 sectors, the header says 196801" },
	{ "unclean", GEN_HOST, NULL, unclean,
	    "marked unclean: its writer did not close the disk" },
	{ "copied as text", GEN_HOST, NULL, copied_as_text,
	    "line ends were converted: the file was copied as text" },
	{ "footer magic", GEN_HOST, NULL, footer_magic,
	    "footer: magic is not that of the header" },
	{ "footer capacity", GEN_HOST, NULL, footer_capacity,
	    "footer: capacity is not that of the header" },
	{ "footer gd", GEN_HOST, NULL, footer_gd,
	    "footer: gdOffset is sector 153, the stream has 152" },
	{ "header gd", GEN_VMDKTOOL, NULL, header_gd,
	    "header: gdOffset is sector 153, the stream has 152" },
	{ "flipped bit", GEN_HOST, NULL, flipped_bit,
	    "grain at sector 128 does not inflate" },
	{ "flipped adler", GEN_HOST, NULL, flipped_adler,
	    "grain at sector 128 does not inflate" },
	{ "preset dictionary", GEN_HOST, NULL, preset_dictionary,
	    "grain at sector 128 does not inflate" },
	{ "lba wrong", GEN_HOST, NULL, lba_wrong,
	    "grain table 0 names sector 130 (entry 2), the stream has no such "
	    "grain" },
	{ "lba twice", GEN_HOST, NULL, lba_twice,
	    "grain at sector 128 behind the one at sector 128" },
	{ "lba back", GEN_HOST, NULL, lba_back,
	    "grain at sector 0 behind the one at sector 128" },
	{ "lba behind disk", GEN_HOST, NULL, lba_behind_disk,
	    "grain at sector 196864 of a disk of 196800 sectors" },
	{ "lba odd", GEN_HOST, NULL, lba_odd,
	    "grain at sector 257, which is no multiple of 128" },
	{ "size huge", GEN_HOST, NULL, size_huge,
	    "grain at sector 256 has 2147483647 bytes of data, at most 66560" },
	{ "size above limit", GEN_HOST, NULL, size_above_limit,
	    "grain at sector 256 has 66561 bytes of data, at most 66560" },
	{ "size at limit", GEN_HOST, make_size_at_limit, NULL,
	    "grain at sector 384 does not inflate" },
	{ "grain at end of disk", GEN_HOST, make_grain_at_end_of_disk, NULL,
	    "grain at sector 65536 of a disk of 65536 sectors" },
	{ "size one more", GEN_HOST, NULL, size_one_more,
	    "grain at sector 256: 1 of its 264 bytes are unused" },
	{ "short grain", GEN_HOST, make_short_grain, NULL,
	    "grain at sector 384 inflates to 65024 bytes, not 65536" },
	{ "long grain", GEN_HOST, make_long_grain, NULL,
	    "grain at sector 384 inflates to 66048 bytes, not 65536" },
	{ "bomb", GEN_HOST, make_bomb, NULL,
	    "grain at sector 384 does not inflate" },
	{ "short last grain", GEN_HOST, make_short_last_grain, NULL,
	    "grain at sector 196736 inflates to 512 bytes, not 32768" },
	{ "progress behind disk", GEN_HOST, make_progress_behind_disk, NULL,
	    "progress marker of sector 196801 (and 0 sectors more) of a disk "
	    "of 196800 sectors" },
};

static void
damage_is_told_whatever_the_portions(void)
{
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		seen_check_damage(&table[i]);
}

CHECK_MAIN(TEST(damage_is_told_whatever_the_portions))
