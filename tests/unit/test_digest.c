#include "codec/digest.h"

#include "check.h"

static void
digests_of_abc_are_the_published_ones(void)
{
	static const struct {
		enum digest_kind kind;
		const char *name, *hex;
	} rows[] = {
		{ DIGEST_SHA1, "SHA1",
		    "a9993e364706816aba3e25717850c26c9cd0d89d" },
		{ DIGEST_SHA256, "SHA256",
		    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f"
		    "20015ad" },
		{ DIGEST_SHA512, "SHA512",
		    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64"
		    "b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a"
		    "9ac94fa54ca49f" },
	};
	char hex[DIGEST_HEX_SIZE];
	struct digest *d;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { 0 };

		check_at(rows[i].name);
		d = digest_open(rows[i].kind, &e);
		CHECK_INT(digest_add(d, "a", 1, &e), 0);
		CHECK_INT(digest_add(d, "", 0, &e), 0);
		CHECK_INT(digest_add(d, "bc", 2, &e), 0);
		CHECK_INT(digest_finish(d, hex, &e), 0);
		CHECK_STR(hex, rows[i].hex);
		CHECK_STR(digest_name(rows[i].kind), rows[i].name);
		CHECK_INT(digest_hex_len(rows[i].kind), strlen(rows[i].hex));
		digest_free(d);
	}
}

static void
names_of_people_and_servers_are_known(void)
{
	static const struct {
		const char *name;
		int rc;
		enum digest_kind kind;
	} rows[] = {
		{ "SHA1", 0, DIGEST_SHA1 },
		{ "sha-1", 0, DIGEST_SHA1 },
		{ "sha256", 0, DIGEST_SHA256 },
		{ "SHA-256", 0, DIGEST_SHA256 },
		{ "Sha512", 0, DIGEST_SHA512 },
		{ "SHA2-256", -1, 0 },
		{ "SHA", -1, 0 },
		{ "SHA2560", -1, 0 },
		{ "md5", -1, 0 },
		{ "", -1, 0 },
	};
	enum digest_kind kind;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check_at(rows[i].name);
		kind = 0;
		CHECK_INT(digest_parse(rows[i].name, &kind), rows[i].rc);
		CHECK_INT(kind, rows[i].kind);
	}
}

CHECK_MAIN(TEST(digests_of_abc_are_the_published_ones),
    TEST(names_of_people_and_servers_are_known))
