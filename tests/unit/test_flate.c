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

CHECK_MAIN(TEST(end_of_the_packed_bytes_is_found),
    TEST(what_does_not_fit_or_is_damaged_is_refused))
