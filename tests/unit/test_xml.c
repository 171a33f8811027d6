#include <stdlib.h>
#include "base/clock.h"
#include "check.h"
#include "codec/xml.h"

static struct xml *
parse(const char *text, struct err *e)
{
	return xml_parse(text, strlen(text), e);
}

static void
text_is_whole_whatever_stands_between(void)
{
	static const struct {
		const char *doc, *text;
	} rows[] = {
		{ "<a/>", "" },
		{ "<a>one</a>", "one" },
		{ "<a> one </a>", " one " },
		{ "<a> </a>", " " },
		{ "<a>1<!-- x -->2<?y z?>3</a>", "123" },
		{ "<a>1<![CDATA[<2>&amp;]]>3</a>", "1<2>&amp;3" },
		{ "<a>1<!-- x --><b>no</b>2<b/>3</a>", "1" },
		{ "<a><b/>2</a>", "" },
		{ "<a>1<!-- <b> --><![CDATA[<b>]]>2</a>", "1<b>2" },
		{ "<a><b>no</b></a>", "" },
		{ "<a>&lt;&gt;&amp;&quot;&apos;&#65;&#x4e2d;</a>",
		    "<>&\"'A\xe4\xb8\xad" },
		{ "<a>x\r\ny</a>", "x\ny" },
		{ "<?xml version='1.0' encoding='utf-8'?><a>\xc3\xa4</a>",
		    "\xc3\xa4" },
		{ "\xef\xbb\xbf<a>bom</a>", "bom" },
		{ "\xef\xbb\xbf<?xml version='1.0'?><a>bom</a>", "bom" },
		{ "<?xml version='1.0' encoding='US-ASCII'?><a>x</a>", "x" },
		{ "<!-- c --><?p i?>\n<a>x</a>\n<!-- d -->", "x" },
	};
	struct err e = { 0 };
	struct xml *x;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check_at(rows[i].doc);
		x = parse(rows[i].doc, &e);
		if (!CHECK(x != NULL))
			continue;
		CHECK_STR(xml_text(xml_root(x)), rows[i].text);
		xml_free(x);
	}
	CHECK_STR(xml_text(NULL), "");
}

static void
bad_document_is_refused_with_its_line(void)
{
	static const struct {
		const char *doc, *text;
	} rows[] = {
		{ "", "no XML document" },
		{ "\xef\xbb\xbf", "no XML document" },
		{ " \n ", "line 2: Start tag expected, '<' not found" },
		{ "hello", "line 1: Start tag expected, '<' not found" },
		{ "<a>\n<b>\n</a>",
		    "line 3: Opening and ending tag mismatch: b line 2 and a" },
		{ "<a>", "line 1: Premature end of data in tag a line 1" },
		{ "<a/>\n<b/>",
		    "line 2: Extra content at the end of the document" },
		{ "<a x='1' x='2'/>", "line 1: Attribute x redefined" },
		{ "<a><p:b/></a>",
		    "line 1: Namespace prefix p on b is not defined" },
		{ "<a>\n&own;</a>", "line 2: Entity 'own' not defined" },
		{ "<a x='&own;'/>", "line 1: Entity 'own' not defined" },
		{ "<a>&#0;</a>",
		    "line 1: xmlParseCharRef: invalid xmlChar "
		    "value 0" },
		{ "<a>\x01</a>", "line 1: PCDATA invalid Char value 1" },
		{ "<!DOCTYPE a><a/>", "line 1: a DOCTYPE is not allowed" },
		{ "<?xml version='1.0'?>\n<!DOCTYPE a [<!ENTITY b 'c'>]>"
		  "<a>&b;</a>",
		    "line 2: a DOCTYPE is not allowed" },
		{ "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
		    "line 1: a DOCTYPE is not allowed" },
		{ "<a>\n\n\xff</a>", "line 3: not UTF-8" },
		{ "<a>\xc0\x80</a>", "line 1: not UTF-8" },
		{ "<a>\xc1\x81</a>", "line 1: not UTF-8" },
		{ "<a>\xe0\x9f\xbf</a>", "line 1: not UTF-8" },
		{ "<a>\xe0\x80\x80</a>", "line 1: not UTF-8" },
		{ "<a>\xed\xa0\x80</a>", "line 1: not UTF-8" },
		{ "<a>\xf4\x90\x80\x80</a>", "line 1: not UTF-8" },
		{ "<a/>\xc3", "line 1: not UTF-8" },
		{ "<?xml version='1.0' encoding='ISO-8859-1'?><a>\xc3\xa4</a>",
		    "line 1: the encoding must be UTF-8" },
		{ "<?xml version='1.0' encoding='UTF-16'?><a/>",
		    "line 1: Document labelled UTF-16 but has UTF-8 "
		    "content" },
	};
	struct err e;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check_at(rows[i].doc);
		err_clear(&e);
		CHECK(parse(rows[i].doc, &e) == NULL);
		CHECK_INT(e.class, ERR_DATA);
		CHECK_STR(e.text, rows[i].text);
	}
	check_at(NULL);
	err_clear(&e);
	CHECK(xml_parse("\0<\0a\0/\0>", 8, &e) == NULL);
	CHECK_STR(e.text, "line 1: not UTF-8");
	err_clear(&e);
	CHECK(xml_parse("<a/>\n\0", 6, &e) == NULL);
	CHECK_STR(e.text, "line 2: not UTF-8");
}

/* libxml2's own messages would appear between ours. */
static void
nothing_goes_to_stderr(void)
{
	struct err e = { 0 };
	char *text = NULL;
	size_t n = 0;
	FILE *saved = stderr, *f = open_memstream(&text, &n);

	stderr = f;
	CHECK(parse("<a><b></a>", &e) == NULL);
	err_clear(&e);
	CHECK(parse("<?xml version='1.0' encoding='x-none'?><a/>", &e) == NULL);
	stderr = saved;
	fclose(f);
	CHECK_STR(text, "");
	free(text);
}

static char *
nested(int depth)
{
	struct buf b = { 0 };
	int i;

	for (i = 0; i < depth; i++)
		buf_puts(&b, "<a>");
	for (i = 0; i < depth; i++)
		buf_puts(&b, "</a>");
	return buf_steal(&b);
}

static void
deep_document_cannot_exhaust_the_stack(void)
{
	char *fine = nested(XML_MAX_DEPTH), *deep = nested(XML_MAX_DEPTH + 1);
	struct err e = { 0 };
	struct xml *x = parse(fine, &e);

	CHECK(x != NULL);
	xml_free(x);
	CHECK(parse(deep, &e) == NULL);
	CHECK_INT(e.class, ERR_DATA);
	CHECK_STR(e.text, "line 1: elements are nested too deeply");
	free(fine);
	free(deep);
}

/* before, n times each, after */
static void
repeat(struct buf *b, const char *before, const char *each, int n,
    const char *after)
{
	buf_cut(b, 0);
	buf_puts(b, before);
	while (n-- > 0)
		buf_puts(b, each);
	buf_puts(b, after);
}

#define TEN "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define BLANK "          "
#define BLANKS BLANK BLANK BLANK BLANK BLANK BLANK BLANK BLANK BLANK BLANK
enum { FITS = XML_MAX_TEXT / 100 };

static void
small_reply_cannot_become_a_huge_tree(void)
{
	static const char many[] =
	    "line 1: more than 400000 elements and attributes";
	static const char text[] = "line 1: more than 9437184 bytes of text";
	static const struct {
		const char *before, *each, *after, *text;
		int n;
	} rows[] = {
		{ "<a>", "<b/>", "</a>", "", XML_MAX_NODES - 1 },
		{ "<a>", "<b/>", "</a>", many, XML_MAX_NODES },
		{ "<a>", "<b c='' d=''/>", "</a>", "", XML_MAX_NODES / 3 },
		{ "<a>", "<b c='' d=''/>", "</a>", many,
		    XML_MAX_NODES / 3 + 1 },
		{ "<a>", "<b xmlns='u' xmlns:p='v'/>", "</a>", many,
		    XML_MAX_NODES / 3 + 1 },
		{ "<a>", "<!---->", "</a>", "", XML_MAX_NODES },
		{ "<a>", "<?x?>", "</a>", "", XML_MAX_NODES },
		{ "<a><b/>", "0123456789", "</a>", "", XML_MAX_TEXT / 8 },
		{ "<a>", "<b>" HUNDRED "</b>", "</a>", "", FITS },
		{ "<a>", "<b>" HUNDRED "</b>", "</a>", text, FITS + 1 },
		{ "<a>", "<b c='" HUNDRED "'/>", "</a>", "", FITS },
		{ "<a>", "<b c='" HUNDRED "'/>", "</a>", text, FITS + 1 },
		{ "<a>", "<b xmlns='" HUNDRED "'/>", "</a>", "", FITS },
		{ "<a>", "<b xmlns='" HUNDRED "'/>", "</a>", text, FITS + 1 },
		{ "<a>", "<b>" BLANKS "<c/></b>", "</a>", "", FITS },
		{ "<a>", "<b>" BLANKS "<c/></b>", "</a>", text, FITS + 1 },
		{ "<a>", "&lt;&#38;&gt;&amp;", "</a>", "", XML_MAX_TEXT / 4 },
		{ "<a>", "&lt;&#38;&gt;&amp;", "</a>", text,
		    XML_MAX_TEXT / 4 + 1 },
	};
	struct buf b = { 0 };
	struct xml *x;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { 0 };

		check_at(rows[i].each);
		repeat(&b, rows[i].before, rows[i].each, rows[i].n,
		    rows[i].after);
		x = xml_parse(b.data, b.len, &e);
		CHECK((x != NULL) == (*rows[i].text == '\0'));
		CHECK_INT(e.class, x == NULL ? ERR_DATA : ERR_NONE);
		CHECK_STR(e.text, rows[i].text);
		xml_free(x);
	}
	buf_free(&b);
}

static void
declare(struct buf *b, const char *before, int n, const char *after)
{
	buf_puts(b, before);
	while (n-- > 0)
		buf_fmt(b, " xmlns:p%d='u'", n);
	buf_puts(b, after);
}

static void
prefixes_are_not_looked_up_among_thousands(void)
{
	struct err e = { 0 };
	struct buf b = { 0 };
	struct xml *x;

	declare(&b, "<a>\n<b", XML_MAX_NS - 1, "><c xmlns='u'/>\n<d/>");
	declare(&b, "<c xmlns='u'/></b><b", XML_MAX_NS, "/>");
	x = xml_parse(b.data, b.len, &e);
	CHECK(x == NULL);
	CHECK_STR(e.text, "line 3: Premature end of data in tag a line 1");
	err_clear(&e);
	declare(&b, "<b", XML_MAX_NS - 1, "><c xmlns='u'><d><e xmlns='u'/>\n");
	CHECK(xml_parse(b.data, b.len, &e) == NULL);
	CHECK_INT(e.class, ERR_DATA);
	CHECK_STR(e.text, "line 3: more than 256 namespaces");
	buf_free(&b);
}

static void
table_of_names_stays_fast(void)
{
	struct err e = { 0 };
	struct buf b = { 0 };
	int i;

	buf_puts(&b, "<a>");
	for (i = 0; i < XML_MAX_NAMES; i++)
		buf_fmt(&b, "<a%d/>", i);
	buf_puts(&b, "</a>");
	CHECK(xml_parse(b.data, b.len, &e) == NULL);
	CHECK_INT(e.class, ERR_DATA);
	CHECK_STR(e.text, "line 1: more than 65536 names");
	buf_free(&b);
}

/* libxml2 needs minutes for a tag of so many attributes: it must not meet it
 * in what the scan took for something else. */
static void
error_does_not_lead_to_an_unseen_tag(void)
{
	static const struct {
		const char *before, *after;
	} rows[] = {
		{ "<a><!-- \x01 <b", "/> --></a>" },
		{ "<a><![CDATA[ \x01 <b", "/> ]]></a>" },
		{ "<a><? <b", "/> ?></a>" },
		{ "<a>&x;<!-- \x01 <b", "/> --></a>" },
		{ "<a><?x\x01 <b", "/> ?></a>" },
		{ "<!-- \x01 <b", "/> -->" },
		{ "<a b='<!-- ' <b", "/> --></a>" },
		{ "<a b=\"'<? <b", "/> ?>'\"></a>" },
	};
	struct buf b = { 0 };
	uint64_t begin = clock_mono_ms();
	size_t i;
	int n;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { 0 };

		check_at(rows[i].before);
		buf_cut(&b, 0);
		buf_puts(&b, rows[i].before);
		for (n = 0; n < 300000; n++)
			buf_fmt(&b, " a%d=''", n);
		buf_puts(&b, rows[i].after);
		CHECK(xml_parse(b.data, b.len, &e) == NULL);
		CHECK_INT(e.class, ERR_DATA);
	}
	CHECK(clock_mono_ms() - begin < 30000);
	buf_free(&b);
}

static const char reply[] =
    "<?xml version=\"1.0\"?>\n"
    "<s:E xmlns:s=\"urn:soap\" xmlns:xs=\""
    "http://www.w3.org/2001/XMLSchema-instance\"><s:B>\n"
    "<R xmlns=\"urn:vim25\"><v type=\"VM\" xs:type=\"M:Ref\" empty=''>"
    "42</v> <v xs:type=\"Plain\">43</v><w s:id='a&amp;b'/></R>\n"
    "</s:B></s:E>";

static void
names_are_found_without_their_prefix(void)
{
	struct err e = { 0 };
	struct xml *x = parse(reply, &e);
	const struct xml_node *root, *r, *v;

	if (!CHECK(x != NULL))
		return;
	root = xml_root(x);
	CHECK_STR(xml_name(root), "E");
	CHECK_STR(xml_ns(root), "urn:soap");
	r = xml_find(root, "B/R");
	CHECK_STR(xml_ns(r), "urn:vim25");
	CHECK(xml_child(root, NULL) == xml_child(root, "B"));
	CHECK(xml_find(root, "B/X") == NULL);
	CHECK(xml_find(root, "X/R") == NULL);
	CHECK(xml_find(root, "") == NULL);
	CHECK(xml_find(NULL, "B") == NULL);
	v = xml_child(r, "v");
	CHECK_STR(xml_text(v), "42");
	v = xml_next(v, "v");
	CHECK_STR(xml_text(v), "43");
	CHECK(xml_next(v, "v") == NULL);
	CHECK_STR(xml_name(xml_next(v, NULL)), "w");
	CHECK(xml_next(xml_next(v, NULL), NULL) == NULL);
	CHECK(xml_child(NULL, "v") == NULL);
	CHECK(xml_next(NULL, "v") == NULL);
	xml_free(x);
}

static void
attributes_know_their_namespace(void)
{
	struct err e = { 0 };
	struct xml *x = parse(reply, &e);
	const struct xml_node *v, *w;

	if (!CHECK(x != NULL))
		return;
	v = xml_find(xml_root(x), "B/R/v");
	w = xml_find(xml_root(x), "B/R/w");
	CHECK_STR(xml_attr(v, "type"), "VM");
	CHECK_STR(xml_attr(v, "empty"), "");
	CHECK(xml_attr(v, "none") == NULL);
	CHECK(xml_attr(NULL, "type") == NULL);
	CHECK_STR(xml_attr_ns(w, "urn:soap", "id"), "a&b");
	CHECK(xml_attr_ns(w, "urn:other", "id") == NULL);
	CHECK(xml_attr_ns(w, "", "id") == NULL);
	CHECK_STR(xml_attr(w, "id"), "a&b");
	CHECK_STR(xml_type(v), "Ref");
	CHECK_STR(xml_type(xml_next(v, "v")), "Plain");
	CHECK_STR(xml_type(w), "");
	CHECK_STR(xml_type(NULL), "");
	xml_free(x);
}

static void
what_is_written_can_be_read_again(void)
{
	static const char bad[] = "\xef\xbf\xbd";
	static const struct {
		const char *text, *xml;
	} rows[] = {
		{ "plain", "plain" },
		{ "a<b>&\"c'", "a&lt;b&gt;&amp;&quot;c'" },
		{ "\t\n\r", "\t\n&#13;" },
		{ "\x01\x1b\x7f", "\xef\xbf\xbd\xef\xbf\xbd\x7f" },
		{ "\xc3\xa4\xe4\xb8\xad\xf0\x9f\x98\x80",
		    "\xc3\xa4\xe4\xb8\xad\xf0\x9f\x98\x80" },
		{ "\xff", bad },
		{ "\xc3", bad },
		{ "\xc3(", "\xef\xbf\xbd(" },
		{ "\xef\xbf\xbe", bad },
		{ "]]>", "]]&gt;" },
	};
	struct buf b = { 0 };
	struct err e = { 0 };
	struct xml *x;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check_at(rows[i].text);
		buf_cut(&b, 0);
		xml_add_text(&b, rows[i].text);
		CHECK_STR(buf_text(&b), rows[i].xml);
		buf_cut(&b, 0);
		xml_add_elem(&b, "a", rows[i].text);
		x = xml_parse(b.data, b.len, &e);
		CHECK(x != NULL);
		xml_free(x);
	}
	check_at(NULL);
	buf_cut(&b, 0);
	xml_add_elem(&b, "x:y", "<");
	xml_add_elem(&b, "none", NULL);
	xml_add_elem(&b, "z", "");
	CHECK_STR(buf_text(&b), "<x:y>&lt;</x:y><z></z>");
	buf_free(&b);
}

/* DMTF's own example has one. */
static void
namespace_need_not_be_a_uri(void)
{
	static const char text[] = "<a xmlns:x='not a uri'>b</a>";
	struct err e = { 0 };
	struct xml *x = xml_parse(text, sizeof(text) - 1, &e);

	CHECK_STR(e.text, "");
	CHECK_STR(xml_text(xml_root(x)), "b");
	xml_free(x);
}

CHECK_MAIN(TEST(namespace_need_not_be_a_uri),
    /* clang-format off */
    TEST(text_is_whole_whatever_stands_between),
    TEST(bad_document_is_refused_with_its_line),
    TEST(nothing_goes_to_stderr),
    TEST(deep_document_cannot_exhaust_the_stack),
    TEST(small_reply_cannot_become_a_huge_tree),
    TEST(prefixes_are_not_looked_up_among_thousands),
    TEST(table_of_names_stays_fast),
    TEST(error_does_not_lead_to_an_unseen_tag),
    TEST(names_are_found_without_their_prefix),
    TEST(attributes_know_their_namespace),
    TEST(what_is_written_can_be_read_again)
    /* clang-format on */
)
