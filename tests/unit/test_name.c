#include <stdlib.h>
#include "base/utf8.h"
#include "check.h"
#include "store/name.h"

static const char uuid[] = "5029ABCD-1234-0000-ffff-000000000000";

static void
name_becomes_a_file_name(void)
{
	static const struct {
		const char *name, *local;
	} rows[] = {
		{ "web01", "web01" },
		{ "prod web (1)", "prod web (1)" },
		{ "w\xc3\xb6rk \xe4\xb8\xad", "w\xc3\xb6rk \xe4\xb8\xad" },
		{ "web:8080", "web%3A8080" },
		{ "a/b\\c", "a%2Fb%5Cc" },
		{ "../../etc", "%2E%2E%2F..%2Fetc" },
		{ "\"*?<>|%", "%22%2A%3F%3C%3E%7C%25" },
		{ "a\nb\x7f", "a%0Ab%7F" },
		{ "a\xc2\x85z", "a%C2%85z" },
		{ "a\xe2\x80\xaez", "a%E2%80%AEz" },
		{ "a\xffz\xc3", "a%FFz%C3" },
		{ "\xed\xa0\x80", "%ED%A0%80" },
		{ ".", "%2E" },
		{ "..", "%2E%2E" },
		{ " ", "%20" },
		{ "-rf", "%2Drf" },
		{ ".-. x", "%2E%2D%2E%20x" },
		{ "x. .", "x%2E%20%2E" },
		{ "a.b c-d", "a.b c-d" },
		{ "a-", "a-" },
		{ "", "%00" },
		{ "CON", "%43ON" },
		{ "con.old", "%63on.old" },
		{ "Nul .x", "%4Eul .x" },
		{ "lpt1", "%6Cpt1" },
		{ "COM\xc2\xb9", "%43OM\xc2\xb9" },
		{ "com", "com" },
		{ "com10", "com10" },
		{ "console", "console" },
		{ "web~1", "web~1" },
	};
	char *got;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check_at(rows[i].name);
		got = name_local(rows[i].name, uuid, false);
		CHECK_STR(got, rows[i].local);
		free(got);
	}
}

static void
colliding_name_gets_the_uuid(void)
{
	char *got = name_local("web:1", uuid, true);

	CHECK_STR(got, "web%3A1~5029abcd");
	free(got);
}

/* name, repeated: the result is so many bytes of it, then "~5029abcd". */
static void
long_name_is_cut_at_a_character(void)
{
	static const struct {
		const char *part;
		size_t times, kept;
		const char *last;
	} rows[] = {
		{ "a", 120, 120, "aa" },
		{ "a", 121, 120, "aa~5029abcd" },
		{ ":", 41, 120, "%3A~5029abcd" },
		{ "abcdefgh:", 11, 118, "%3Aabcdefgh~5029abcd" },
		{ "\xc3\xb6", 61, 120, "\xc3\xb6~5029abcd" },
		{ "\xe4\xb8\xad", 41, 120, "\xe4\xb8\xad~5029abcd" },
		{ "a\xf0\x9f\x98\x80", 30, 120, "a\xf0\x9f\x98\x80~5029abcd" },
		{ "\xc2\x85", 21, 120, "%C2%85~5029abcd" },
		{ "a\xc2\x85", 21, 120, "a%C2%85a~5029abcd" },
	};
	char name[200], *got;
	size_t i, t, cut;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check_at(rows[i].part);
		name[0] = '\0';
		for (t = 0; t < rows[i].times; t++)
			strcat(name, rows[i].part);
		got = name_local(name, uuid, false);
		cut = strcspn(got, "~");
		CHECK_INT(cut, rows[i].kept);
		CHECK_STR(got + strlen(got) - strlen(rows[i].last),
		    rows[i].last);
		free(got);
	}
}

static void
uuid8_is_made_of_any_uuid(void)
{
	static const struct {
		const char *uuid, *out;
	} rows[] = {
		{ "5029ABCD-1234", "5029abcd" },
		{ "56 4d aa 01-02 03", "564daa01" },
		{ "12", "12000000" },
		{ "", "00000000" },
		{ NULL, "00000000" },
		{ "/../..", "00000000" },
	};
	char out[9];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check_at(rows[i].uuid);
		name_uuid8(rows[i].uuid, out);
		CHECK_STR(out, rows[i].out);
	}
}

static bool
is_safe(const char *s)
{
	size_t n = strlen(s), at, len;
	uint32_t c;

	if (n == 0 || n > 129 || strchr(".- ", s[0]) != NULL ||
	    strchr(". ", s[n - 1]) != NULL)
		return false;
	for (at = 0; at < n; at += len) {
		len = utf8_next(s + at, n - at, &c);
		if (len == 0 || utf8_is_control(c) ||
		    (len == 1 && strchr("/\\:\"*?<>|", s[at]) != NULL))
			return false;
	}
	return true;
}

/* What was percent-encoded, back again. */
static void
decode(const char *s, char *out)
{
	unsigned int c;

	for (; *s != '\0'; s++) {
		if (*s == '%' && sscanf(s + 1, "%2x", &c) == 1) {
			*out++ = (char)c;
			s += 2;
		} else {
			*out++ = *s;
		}
	}
	*out = '\0';
}

/* All names of two bytes and many longer ones, from a fixed sequence:
 * decoding gives the name back, so no two names share a file. */
static void
any_name_is_safe_and_none_is_lost(void)
{
	char name[64], back[300], *got;
	uint32_t seed = 1, i;
	size_t n, k, bad = 0, lost = 0;

	for (i = 0x0101; i < 0x40000; i++) {
		n = i < 0x10000 ? 2 : 2 + i % 30;
		for (k = 0; k < n; k++) {
			seed = seed * 1103515245 + 12345;
			name[k] = (char)(1 + (seed >> 16) % 255);
		}
		if (i < 0x10000) {
			name[0] = (char)(i >> 8);
			name[1] = (char)i;
		}
		name[n] = '\0';
		got = name_local(name, uuid, false);
		if (!is_safe(got))
			bad++;
		decode(got, back);
		if (strcmp(back, name) != 0)
			lost++;
		free(got);
	}
	CHECK_INT(bad, 0);
	CHECK_INT(lost, 0);
}

static void
short_name_fits_an_archive(void)
{
	char *got = name_local_short("webserver", uuid, false, 9);

	CHECK_STR(got, "webserver");
	free(got);
	got = name_local_short("web%server", uuid, false, 9);
	CHECK(got != NULL && strncmp(got, "web%25ser~", 10) == 0);
	CHECK_INT(got == NULL ? 0 : strlen(got), 18);
	free(got);
	/* Not within a character. */
	got = name_local_short("webserve\xc3\xa4", uuid, false, 9);
	CHECK(got != NULL && strncmp(got, "webserve~", 9) == 0);
	free(got);
}

static void
file_name_of_a_server_stays_in_its_folder(void)
{
	static const char *const good[] = { "a", "web 01-disk1.vmdk",
		"gr\xc3\xbc\xc3\x9f", "a..b", "-a" };
	static const char *const bad[] = { "", ".", "..", ".a", "/", "a/b",
		"../a", "a\n", "a\x7f", "\xff", "a\xe2\x80\xae!" };
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		check_at(good[i]);
		CHECK(name_is_file(good[i]));
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		check_at(bad[i]);
		CHECK(!name_is_file(bad[i]));
	}
}

CHECK_MAIN(TEST(name_becomes_a_file_name), TEST(colliding_name_gets_the_uuid),
    TEST(long_name_is_cut_at_a_character), TEST(uuid8_is_made_of_any_uuid),
    TEST(any_name_is_safe_and_none_is_lost), TEST(short_name_fits_an_archive),
    TEST(file_name_of_a_server_stays_in_its_folder))
