#include "base/utf8.h"
#include "check.h"

static void
only_valid_characters_are_taken(void)
{
	static const struct {
		const char *s;
		size_t n, len;
		uint32_t c;
	} rows[] = {
		{ "a", 1, 1, 'a' },
		{ "", 1, 1, 0 },
		{ "", 0, 0, 0 },
		{ "\xc3\xb6", 2, 2, 0xf6 },
		{ "\xc3\xb6", 1, 0, 0 },
		{ "\xe2\x82\xac", 3, 3, 0x20ac },
		{ "\xe2\x82", 2, 0, 0 },
		{ "\xf0\x9f\x98\x80", 4, 4, 0x1f600 },
		{ "\xf4\x8f\xbf\xbf", 4, 4, 0x10ffff },
		{ "\xf4\x90\x80\x80", 4, 0, 0 },
		{ "\xc0\xaf", 2, 0, 0 },
		{ "\xc1\xbf", 2, 0, 0 },
		{ "\xe0\x9f\xbf", 3, 0, 0 },
		{ "\xf0\x8f\xbf\xbf", 4, 0, 0 },
		{ "\xed\x9f\xbf", 3, 3, 0xd7ff },
		{ "\xed\xa0\x80", 3, 0, 0 },
		{ "\x80", 1, 0, 0 },
		{ "\xff", 1, 0, 0 },
		{ "\xc3z", 2, 0, 0 },
	};
	uint32_t c;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check_at(rows[i].s);
		c = 0;
		CHECK_INT(utf8_next(rows[i].s, rows[i].n, &c), rows[i].len);
		CHECK_INT(c, rows[i].c);
	}
}

static void
column_counts_follow_the_terminal(void)
{
	CHECK_INT(utf8_width('a'), 1);
	CHECK_INT(utf8_width(0xf6), 1);
	CHECK_INT(utf8_width(0x301), 0);
	CHECK_INT(utf8_width(0x4e2d), 2);
	CHECK_INT(utf8_width(0x1f600), 2);
	CHECK_INT(utf8_width(0xac00), 2);
	CHECK_INT(utf8_width(0x20ac), 1);
}

static void
control_characters_are_known(void)
{
	static const uint32_t bad[] = { 0, 0x1b, 0x1f, 0x7f, 0x80, 0x9b, 0x9f,
		0x200e, 0x2028, 0x202e, 0x2066 };
	static const uint32_t good[] = { ' ', '~', 0xa0, 0xf6, 0x200d, 0x2010,
		0x20ac };
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(utf8_is_control(bad[i]));
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		CHECK(!utf8_is_control(good[i]));
}

static void
broken_text_is_mended(void)
{
	struct buf b = { 0 };
	char line[] = "a\xffz\n\xc3\xb6\xe2\x80\xae!\xc3";

	utf8_add_valid(&b, "a\xff\0z", 4);
	CHECK_INT(b.len, 6);
	CHECK_MEM(b.data, "a\xef\xbf\xbd\0z", 7);
	buf_free(&b);
	utf8_make_line(line);
	CHECK_STR(line, "a?z \xc3\xb6 !?");
}

static void
name_from_a_server_cannot_move_the_cursor_or_the_columns(void)
{
	static const struct {
		const char *s, *want;
		unsigned int width, most;
	} rows[] = {
		{ "web", "web|", 0, 0 },
		{ "web", "web  |", 5, 5 },
		{ "", "  |", 2, 2 },
		{ "database", "dat~|", 4, 4 },
		{ "data", "data|", 4, 4 },
		{ "a\x1b[2J\xffz", "a?[2J?z|", 0, 0 },
		{ "\xe2\x80\xae"
		  "cba",
		    "?cba|", 4, 4 },
		{ "\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad", "\xe4\xb8\xad~ |", 4,
		    4 },
		{ "o\xcc\x88x", "o\xcc\x88x |", 3, 2 },
	};
	struct buf b = { 0 };
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check_at(rows[i].s);
		buf_cut(&b, 0);
		utf8_add_column(&b, rows[i].s, rows[i].width, rows[i].most);
		buf_char(&b, '|');
		CHECK_STR(buf_text(&b), rows[i].want);
	}
	buf_free(&b);
	CHECK_INT(utf8_columns("\xe4\xb8\xad\x07z"), 4);
}

CHECK_MAIN(TEST(only_valid_characters_are_taken),
    TEST(column_counts_follow_the_terminal), TEST(control_characters_are_known),
    TEST(broken_text_is_mended),
    TEST(name_from_a_server_cannot_move_the_cursor_or_the_columns))
