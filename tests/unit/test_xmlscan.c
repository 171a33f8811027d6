#include <stdlib.h>
#include "base/buf.h"
#include "base/clock.h"
#include "check.h"
#include "codec/xml.h"
#include "codec/xmlscan.h"

/* before + fill bytes + after */
static void
filled(struct buf *b, const char *before, size_t fill, const char *after)
{
	static const char x[] = "xxxxxxxxxxxxxxx\n";
	size_t part;

	buf_cut(b, 0);
	buf_puts(b, before);
	for (; fill > 0; fill -= part) {
		part = fill < 16 ? fill : 16;
		buf_add(b, x, part);
	}
	buf_puts(b, after);
}

/* Rows are read with XML_MAX_TAG bytes between before and after: what is no
 * tag may be as long as it likes. */
static void
long_text_is_no_long_tag(void)
{
	static const struct {
		const char *before, *after;
	} rows[] = {
		{ "<a>", "</a>" },
		{ "<a b='>'>", "</a>" },
		{ "<a b=\">\" c='\">'>", "</a>" },
		{ "<a b=''>\"", "</a>" },
		{ "<a/>'", "<b/>" },
		{ "<a>></a>", "" },
		{ "<a><!--", "--></a>" },
		{ "<a><!-- <b", "--></a>" },
		{ "<a><!-- <b c='>", "--></a>" },
		{ "<a><!--> <b", "--></a>" },
		{ "<a><!-- ]]> ?> <b", "--></a>" },
		{ "<a><!-- x -- <b", "--></a>" },
		{ "<a><![CDATA[ ]> <b", "]]></a>" },
		{ "<a><![CDATA[<b", "]]></a>" },
		{ "<a><![CDATA[ --> it's < 5", "]]></a>" },
		{ "<a><![CDATA[]]]]>", "</a>" },
		{ "<a><?b <c", "?></a>" },
		{ "<a><?b > --> <c", "?></a>" },
		{ "<?x <c d='", "'?><a/>" },
		{ "<!-- <b", "" },
		{ "<![CDATA[<b", "]]" },
		{ "<?x <b", "?" },
		{ "", "" },
	};
	struct buf b = { 0 };
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { 0 };

		check_at(rows[i].before);
		filled(&b, rows[i].before, XML_MAX_TAG, rows[i].after);
		CHECK_INT(xmlscan_check(b.data, b.len, &e), 0);
		CHECK_STR(e.text, "");
	}
	buf_free(&b);
}

static void
long_tag_is_refused_with_its_line(void)
{
	static const struct {
		const char *before, *after, *text;
	} rows[] = {
		{ "<a ", ">", "line 1: a tag of more than 65536 bytes" },
		{ "<a>\n</a ", ">", "line 2: a tag of more than 65536 bytes" },
		{ "<a>\n\n<b ", "", "line 3: a tag of more than 65536 bytes" },
		{ "<a b='>\n", "'>", "line 1: a tag of more than 65536 bytes" },
		{ "<a b=\"'>", "\">",
		    "line 1: a tag of more than 65536 bytes" },
		{ "<a b='\">' c=\"'>\" d='", "'>",
		    "line 1: a tag of more than 65536 bytes" },
		{ "<!-- --><a ", ">",
		    "line 1: a tag of more than 65536 bytes" },
		{ "<!--\n-->\n<a ", ">",
		    "line 3: a tag of more than 65536 bytes" },
		{ "<![CDATA[]] ><a ", ">", "" },
		{ "<![CDATA[]]]]><a ", ">",
		    "line 1: a tag of more than 65536 bytes" },
		{ "<?x y?><a ", ">", "line 1: a tag of more than 65536 bytes" },
		{ "<!-x ", ">", "line 1: a tag of more than 65536 bytes" },
		{ "<![cdata[", ">", "line 1: a tag of more than 65536 bytes" },
		{ "<a b='<c ", "'>", "line 1: a tag of more than 65536 bytes" },
		{ "<", "", "line 1: a tag of more than 65536 bytes" },
	};
	struct buf b = { 0 };
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { 0 };

		check_at(rows[i].before);
		filled(&b, rows[i].before, XML_MAX_TAG, rows[i].after);
		CHECK_INT(xmlscan_check(b.data, b.len, &e),
		    *rows[i].text == '\0' ? 0 : -1);
		CHECK_STR(e.text, rows[i].text);
		CHECK_INT(e.class, *rows[i].text == '\0' ? ERR_NONE : ERR_DATA);
	}
	buf_free(&b);
}

static void
limit_is_exact(void)
{
	struct err e = { 0 };
	struct buf b = { 0 };

	filled(&b, "<a b='", XML_MAX_TAG - 8, "'>");
	CHECK_INT(b.len, XML_MAX_TAG);
	CHECK_INT(xmlscan_check(b.data, b.len, &e), 0);
	filled(&b, "<a b='", XML_MAX_TAG - 7, "'>");
	CHECK_INT(xmlscan_check(b.data, b.len, &e), -1);
	err_clear(&e);
	filled(&b, "<a b='", XML_MAX_TAG - 7, "'>text</a>");
	CHECK_INT(xmlscan_check(b.data, b.len, &e), -1);
	buf_free(&b);
}

static void
short_input_is_not_read_beyond_its_end(void)
{
	static const char *const docs[] = { "<", "<!", "<!-", "<!--", "<!---",
		"<!-->", "<?", "<?>", "<![CDATA", "<![CDATA[", "<![CDATA[]]",
		"<a b='", "<a b=\"'", "a", ">" };
	size_t i;

	for (i = 0; i < sizeof(docs) / sizeof(docs[0]); i++) {
		struct err e = { 0 };
		char *copy = strndup(docs[i], strlen(docs[i]));

		check_at(docs[i]);
		/* Without the NUL: a sanitizer sees what is read beyond. */
		copy = realloc(copy, strlen(docs[i]));
		CHECK_INT(xmlscan_check(copy, strlen(docs[i]), &e), 0);
		free(copy);
	}
}

static void
scan_of_any_bytes_takes_linear_time(void)
{
	static const char *const parts[] = { "<", "<'", "<!--", "<![CDATA[",
		"<?", "<!--x--", "<a b='>'>", "<![CDATA[<]]>", "'", ">" };
	struct buf b = { 0 };
	uint64_t begin = clock_mono_ms();
	size_t i;

	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		struct err e = { 0 };

		check_at(parts[i]);
		buf_cut(&b, 0);
		while (b.len < 1 << 20)
			buf_puts(&b, parts[i]);
		CHECK_INT(xmlscan_check(b.data, b.len, &e), 0);
	}
	CHECK(clock_mono_ms() - begin < 30000);
	buf_free(&b);
}

CHECK_MAIN(TEST(long_text_is_no_long_tag),
    TEST(long_tag_is_refused_with_its_line), TEST(limit_is_exact),
    TEST(short_input_is_not_read_beyond_its_end),
    TEST(scan_of_any_bytes_takes_linear_time))
