#include "codec/flate.h"

#include "check.h"

/* "hello\n" as zlib packs it, and two bytes that follow. */
static const unsigned char packed[] = { 0x78, 0x9c, 0xcb, 0x48, 0xcd, 0xc9,
	0xc9, 0xe7, 0x02, 0x00, 0x08, 0x4b, 0x02, 0x1f, 'x', 'y' };

static void
end_of_the_packed_bytes_is_found(void)
{
	struct err e = { 0 };
	struct flate *f = flate_open(&e);
	size_t used = 0, len = 0;
	char out[16];

	CHECK_INT(flate_inflate(f, packed, sizeof(packed), &used, out,
		      sizeof(out), &len),
	    0);
	CHECK_INT(used, sizeof(packed) - 2);
	CHECK_INT(len, 6);
	CHECK_MEM(out, "hello\n", 6);
	flate_free(f);
}

static void
what_does_not_fit_or_is_damaged_is_refused(void)
{
	unsigned char bad[sizeof(packed)];
	struct err e = { 0 };
	struct flate *f = flate_open(&e);
	size_t used, len, i;
	char out[16];

	CHECK_INT(flate_inflate(f, packed, sizeof(packed), &used, out, 5, &len),
	    -1);
	for (i = 0; i < 14; i++)
		CHECK_INT(flate_inflate(f, packed, i, &used, out, 16, &len),
		    -1);
	for (i = 10; i < 14; i++) {
		memcpy(bad, packed, sizeof(bad));
		bad[i] ^= 1;
		CHECK_INT(flate_inflate(f, bad, 14, &used, out, 16, &len), -1);
	}
	flate_free(f);
	flate_free(NULL);
}

/* A grain: text, or bytes that do not pack. */
static void
fill(unsigned char *p, size_t n, bool packs)
{
	uint32_t x = 1;
	size_t i;

	for (i = 0; i < n; i++) {
		x = x * 1664525 + 1013904223;
		p[i] = (unsigned char)(packs ? (uint32_t) "text "[i % 5]
					     : x >> 24);
	}
}

static void
what_is_packed_comes_back(void)
{
	static const size_t sizes[] = { 0, 1, 100, 65535, 65536 };
	static unsigned char in[65536], out[65536], z[70000];
	struct err e = { 0 };
	struct flate *f = flate_open(&e);
	size_t i, n, used, len;

	for (i = 0; i < 10; i++) {
		fill(in, sizes[i % 5], i < 5);
		CHECK(flate_bound(sizes[i % 5]) <= sizeof(z));
		n = flate_deflate(f, in, sizes[i % 5], z,
		    flate_bound(sizes[i % 5]));
		CHECK(n > 0);
		CHECK_INT(flate_inflate(f, z, n, &used, out, sizeof(out), &len),
		    0);
		CHECK_INT(used, n);
		CHECK_INT(len, sizes[i % 5]);
		CHECK_MEM(out, in, len);
	}
	/* The header that hosts have: level 1. */
	CHECK_MEM(z, "\x78\x01", 2);
	flate_free(f);
}

static void
too_little_room_is_told(void)
{
	static unsigned char in[65536], z[70000];
	struct err e = { 0 };
	struct flate *f = flate_open(&e);
	size_t n, room;

	fill(in, sizeof(in), true);
	n = flate_deflate(f, in, sizeof(in), z, sizeof(z));
	CHECK(n > 0 && n < 1000);
	for (room = 0; room < n; room++) {
		z[room] = 0xaa;
		CHECK_INT(flate_deflate(f, in, sizeof(in), z, room), 0);
		CHECK_INT(z[room], 0xaa);
	}
	fill(in, sizeof(in), false);
	CHECK_INT(flate_deflate(f, in, sizeof(in), z, sizeof(in)), 0);
	flate_free(f);
}

/* The same stream whatever was packed before, by whichever thread's flate. */
static void
the_same_input_gives_the_same_output(void)
{
	static unsigned char in[65536], z[2][70000];
	struct err e = { 0 };
	struct flate *f = flate_open(&e), *g = flate_open(&e);
	size_t n, m;

	fill(in, sizeof(in), false);
	flate_deflate(g, in, sizeof(in), z[1], sizeof(z[1]));
	fill(in, sizeof(in), true);
	in[30000] = 'x';
	n = flate_deflate(f, in, sizeof(in), z[0], sizeof(z[0]));
	m = flate_deflate(g, in, sizeof(in), z[1], flate_bound(sizeof(in)));
	CHECK_INT(m, n);
	CHECK_MEM(z[1], z[0], n);
	flate_free(f);
	flate_free(g);
}

CHECK_MAIN(TEST(end_of_the_packed_bytes_is_found),
    TEST(what_does_not_fit_or_is_damaged_is_refused),
    TEST(what_is_packed_comes_back), TEST(too_little_room_is_told),
    TEST(the_same_input_gives_the_same_output))
