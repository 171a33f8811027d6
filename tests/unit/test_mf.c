#include "image/mf.h"

#include <stdlib.h>
#include "check.h"

#define SHA1 "da39a3ee5e6b4b0d3255bfef95601890afd80709"
#define SHA256 \
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define SHA512 SHA256 SHA256

static int
parse(const char *text, struct mf *m, struct err *e)
{
	return mf_parse(text, strlen(text), m, e);
}

static void
every_writers_line_is_understood(void)
{
	static const struct {
		const char *line;
		enum digest_kind kind;
		const char *name, *hex;
	} rows[] = {
		{ "SHA256(vm.ovf)= " SHA256, DIGEST_SHA256, "vm.ovf", SHA256 },
		{ "SHA1(vm.ovf)= " SHA1 "\n", DIGEST_SHA1, "vm.ovf", SHA1 },
		{ "SHA512(a)= " SHA512 "\n", DIGEST_SHA512, "a", SHA512 },
		{ "SHA256 (a b.vmdk) = " SHA256 "\r\n", DIGEST_SHA256,
		    "a b.vmdk", SHA256 },
		{ "SHA256(a)=" SHA256 " \n", DIGEST_SHA256, "a", SHA256 },
		{ "sha256\t(a)\t=\t" SHA256 "\n\r\n  \n", DIGEST_SHA256, "a",
		    SHA256 },
		{ "SHA2-256(a)= " SHA256 "\n", DIGEST_SHA256, "a", SHA256 },
		{ "SHA2-512(a)= " SHA512 "\n", DIGEST_SHA512, "a", SHA512 },
		{ "SHA1(a (1)= x.vmdk)= " SHA1 "\n", DIGEST_SHA1,
		    "a (1)= x.vmdk", SHA1 },
		{ "SHA1())= " SHA1 "\n", DIGEST_SHA1, ")", SHA1 },
		{ "SHA1( a )= " SHA1 "\n", DIGEST_SHA1, " a ", SHA1 },
		{ "SHA1(a)= DA39A3EE5E6B4B0D3255BFEF95601890AFD80709\n",
		    DIGEST_SHA1, "a", SHA1 },
	};
	struct mf m;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { 0 };

		check_at(rows[i].line);
		CHECK_INT(parse(rows[i].line, &m, &e), 0);
		CHECK_STR(e.text, "");
		if (!CHECK(m.n == 1))
			continue;
		CHECK_INT(m.entries[0].kind, rows[i].kind);
		CHECK_INT(m.entries[0].line, 1);
		CHECK_STR(m.entries[0].name, rows[i].name);
		CHECK_STR(m.entries[0].hex, rows[i].hex);
		mf_free(&m);
	}
}

static void
any_other_line_is_refused_by_its_number(void)
{
	static const struct {
		const char *text, *error;
	} rows[] = {
		{ "SHA256(a)= " SHA256 "\n\nhello\n",
		    "line 3: not of the form SHA256(file)= hex" },
		{ SHA256 "  a\n", "line 1: not of the form SHA256(file)= hex" },
		{ "SHA256 a = " SHA256,
		    "line 1: not of the form SHA256(file)= hex" },
		{ "SHA256(a) " SHA256,
		    "line 1: not of the form SHA256(file)= hex" },
		{ "SHA256()= " SHA256,
		    "line 1: not of the form SHA256(file)= hex" },
		{ ")= " SHA256, "line 1: not of the form SHA256(file)= hex" },
		{ "= " SHA256, "line 1: not of the form SHA256(file)= hex" },
		{ SHA256, "line 1: not of the form SHA256(file)= hex" },
		{ "SHA256(a)= " SHA256 "x",
		    "line 1: not of the form SHA256(file)= hex" },
		{ "SHA256(a)= \n", "line 1: SHA256 has 0 hex digits, not 64" },
		{ "SHA256(a)= " SHA1,
		    "line 1: SHA256 has 40 hex digits, not 64" },
		{ "SHA1(a)= " SHA1 "0",
		    "line 1: SHA1 has 41 hex digits, not 40" },
		{ "SHA3-256(a)= " SHA256,
		    "line 1: unknown algorithm 'SHA3-256'" },
		{ "(a)= " SHA256, "line 1: unknown algorithm ''" },
		{ "SHA256SHA256SHA2(a)= " SHA256,
		    "line 1: unknown algorithm 'SHA256SHA256SHA2'" },
		{ "SHA256SHA256SHA256(a)= " SHA256,
		    "line 1: unknown algorithm 'SHA256SHA256SHA256'" },
		{ "SHA1(b)= " SHA1 "\nSHA1(a)= " SHA1 "\nSHA256(b)= " SHA256,
		    "line 3: 'b' is on line 1 too" },
	};
	struct mf m;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { 0 };

		check_at(rows[i].text);
		CHECK_INT(parse(rows[i].text, &m, &e), -1);
		CHECK_INT(e.class, ERR_DATA);
		CHECK_STR(e.text, rows[i].error);
		CHECK(m.n == 0 && m.entries == NULL);
	}
}

static void
nul_in_a_name_is_refused(void)
{
	static const char text[] = "SHA1(a\0b)= " SHA1;
	struct err e = { 0 };
	struct mf m;

	CHECK_INT(mf_parse(text, sizeof(text) - 1, &m, &e), -1);
	CHECK_STR(e.text, "line 1: not of the form SHA256(file)= hex");
}

static void
number_of_entries_is_limited(void)
{
	struct buf b = { 0 };
	struct err e = { 0 };
	char name[32];
	struct mf m;
	int i;

	for (i = 0; i < MF_MAX_ENTRIES; i++) {
		snprintf(name, sizeof(name), "disk%d", i);
		mf_add_line(&b, DIGEST_SHA1, name, SHA1);
	}
	CHECK_INT(parse(buf_text(&b), &m, &e), 0);
	CHECK_INT(m.n, MF_MAX_ENTRIES);
	CHECK(mf_find(&m, "disk9999") == &m.entries[9999]);
	CHECK(mf_find(&m, "disk10000") == NULL);
	mf_free(&m);
	mf_add_line(&b, DIGEST_SHA1, "one more", SHA1);
	CHECK_INT(parse(buf_text(&b), &m, &e), -1);
	CHECK_STR(e.text, "line 10001: more than 10000 entries");
	buf_free(&b);
}

static void
lines_that_vmware_refuses_are_marked(void)
{
	static const struct {
		const char *text;
		bool is_odd;
	} rows[] = {
		{ "SHA256(a)= " SHA256, false },
		{ "SHA1(a)= " SHA1, false },
		{ "SHA256 (a) = " SHA256, true },
		{ "SHA2-256(a)= " SHA256, true },
		{ "sha256(a)= " SHA256, true },
		{ "SHA-256(a)= " SHA256, true },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { 0 };
		struct mf m;

		check_at(rows[i].text);
		CHECK_INT(mf_parse(rows[i].text, strlen(rows[i].text), &m, &e),
		    0);
		CHECK_INT(m.entries[0].is_odd, rows[i].is_odd);
		mf_free(&m);
	}
	check_at(NULL);
}

static void
a_line_is_written_as_sha256sum_and_vmware_want_it(void)
{
	struct buf b = { 0 };

	mf_add_line(&b, DIGEST_SHA256, "a b.vmdk", SHA256);
	mf_add_line(&b, DIGEST_SHA1, "c", SHA1);
	CHECK_STR(buf_text(&b),
	    "SHA256(a b.vmdk)= " SHA256 "\nSHA1(c)= " SHA1 "\n");
	buf_free(&b);
}

CHECK_MAIN(TEST(every_writers_line_is_understood),
    TEST(any_other_line_is_refused_by_its_number),
    TEST(nul_in_a_name_is_refused), TEST(number_of_entries_is_limited),
    TEST(lines_that_vmware_refuses_are_marked),
    TEST(a_line_is_written_as_sha256sum_and_vmware_want_it))
