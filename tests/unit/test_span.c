#include "base/span.h"

#include "check.h"

static struct span
span_of(const char *text)
{
	return (struct span){ text, strlen(text) };
}

/* "<text>", as CHECK_STR shows it. */
static const char *
shown(struct span s)
{
	static char text[4][80];
	static int next;
	char *to = text[next++ % 4];

	snprintf(to, sizeof(text[0]), "<%.*s>", (int)s.n, s.p);
	return to;
}

static void
blanks_are_trimmed_at_both_ends_only(void)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "", "<>" },
		{ " \t\r ", "<>" },
		{ "a", "<a>" },
		{ "  a b\t ", "<a b>" },
		{ "a\r", "<a>" },
		{ "\na\n", "<\na\n>" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check_at(rows[i].text);
		CHECK_STR(shown(span_trim(span_of(rows[i].text))),
		    rows[i].want);
	}
}

static void
text_is_cut_into_lines_that_may_be_empty(void)
{
	struct span s = span_of("one\n\nthree");

	CHECK_STR(shown(span_cut(&s, '\n')), "<one>");
	CHECK_STR(shown(span_cut(&s, '\n')), "<>");
	CHECK_STR(shown(span_cut(&s, '\n')), "<three>");
	CHECK_INT(s.n, 0);
	CHECK_STR(shown(span_cut(&s, '\n')), "<>");
}

static void
last_line_with_its_end_leaves_nothing(void)
{
	struct span s = span_of("one\n");

	CHECK_STR(shown(span_cut(&s, '\n')), "<one>");
	CHECK_INT(s.n, 0);
}

/* Not a byte behind n is looked at. */
static void
text_without_an_end_is_read_to_its_length(void)
{
	static const char text[] = { 'a', 'b', ' ', 'c', 'd', ' ', '\n' };
	struct span s = { text, 4 };

	CHECK_STR(shown(span_word(&s)), "<ab>");
	CHECK_STR(shown(span_word(&s)), "<c>");
	CHECK_INT(s.n, 0);
	s = (struct span){ text, 6 };
	CHECK_STR(shown(span_cut(&s, '\n')), "<ab cd >");
	s = (struct span){ text + 2, 1 };
	CHECK_STR(shown(span_trim(s)), "<>");
}

static void
words_stand_between_blanks(void)
{
	struct span s = span_of("  RW\t2048   VMFS ");

	CHECK_STR(shown(span_word(&s)), "<RW>");
	CHECK_STR(shown(span_word(&s)), "<2048>");
	CHECK_STR(shown(span_word(&s)), "<VMFS>");
	CHECK_STR(shown(span_word(&s)), "<>");
	CHECK_STR(shown(span_word(&s)), "<>");
}

static void
equal_is_neither_a_prefix_nor_longer(void)
{
	CHECK(span_is(span_of("CID"), "CID"));
	CHECK(!span_is(span_of("CID"), "CIDs"));
	CHECK(!span_is(span_of("CIDs"), "CID"));
	CHECK(!span_is(span_of("cid"), "CID"));
	CHECK(span_is(span_of(""), ""));
}

CHECK_MAIN(TEST(blanks_are_trimmed_at_both_ends_only),
    TEST(text_is_cut_into_lines_that_may_be_empty),
    TEST(last_line_with_its_end_leaves_nothing),
    TEST(text_without_an_end_is_read_to_its_length),
    TEST(words_stand_between_blanks),
    TEST(equal_is_neither_a_prefix_nor_longer))
