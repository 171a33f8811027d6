#include "image/content.h"

#include "check.h"

static unsigned char grain[CONTENT_GRAIN_BYTES];

static void
digest_of(uint64_t capacity, uint64_t number, size_t n, char *hex)
{
	struct err e = { 0 };
	struct content *c = content_open(capacity, &e);

	CHECK_INT(content_add(c, number, grain, n, &e), 0);
	CHECK_INT(content_finish(c, hex, &e), 0);
	content_free(c);
}

/* The digests were computed with sha256sum over bytes put together by hand:
 * anyone must be able to. */
static void
digest_is_that_of_the_manual(void)
{
	char hex[DIGEST_HEX_SIZE];

	/* printf '\0\0\2\0\0\0\0\0' */
	memset(grain, 0, sizeof(grain));
	digest_of(131072, 1, sizeof(grain), hex);
	CHECK_STR(hex,
	    "446bfbd9ec163187d37929dc2e44cc86f8403d574c2d841c9a5e4f3b5a0c20e3");
	/* the same; printf '\1\0\0\0\0\0\0\0'; 65536 times 'a' */
	memset(grain, 'a', sizeof(grain));
	digest_of(131072, 1, sizeof(grain), hex);
	CHECK_STR(hex,
	    "c468b80d2583d29bdab58395cda0b9124376436cff68c11c19b39668414170ba");
	/* printf '\0\2\1\0\0\0\0\0'; printf '\1\0\0\0\0\0\0\0'; 512 times
	 * 'a'; 65024 zeros */
	digest_of(66048, 1, 512, hex);
	CHECK_STR(hex,
	    "e8444c95e09f8754b814bebc7d96d920d44c9edc0a68683d01a1e5137b58e5b7");
}

static void
grains_out_of_turn_are_our_own_mistake(void)
{
	static const struct {
		uint64_t number;
		size_t n;
		int rc;
	} rows[] = { { 0, 512, -1 }, { 0, 65537, -1 }, { 0, 65536, 0 },
		{ 0, 65536, -1 }, { 1, 65536, -1 }, { 1, 0, -1 },
		{ 1, 511, -1 }, { 1, 512, 0 }, { 2, 0, -1 }, { 2, 512, -1 },
		{ UINT64_MAX, 512, -1 } };
	struct err e = { 0 };
	struct content *c = content_open(66048, &e);
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err bad = { 0 };

		CHECK_INT(
		    content_add(c, rows[i].number, grain, rows[i].n, &bad),
		    rows[i].rc);
		CHECK_INT(bad.class, rows[i].rc == 0 ? 0 : ERR_BUG);
	}
	CHECK_INT(content_add(c, 7, grain, 512, &e), -1);
	CHECK_STR(e.text, "content digest: grain 7 of 512 bytes out of turn");
	content_free(c);
	content_free(NULL);
}

static void
one_byte_anywhere_makes_a_grain_not_zero(void)
{
	static unsigned char b[300];
	size_t n, i;

	for (n = 0; n < sizeof(b); n++) {
		CHECK(content_is_zero(b, n));
		for (i = 0; i < n; i++) {
			b[i] = 1;
			if (content_is_zero(b, n))
				CHECK(!"zero");
			b[i] = 0;
		}
	}
}

CHECK_MAIN(TEST(digest_is_that_of_the_manual),
    TEST(grains_out_of_turn_are_our_own_mistake),
    TEST(one_byte_anywhere_makes_a_grain_not_zero))
