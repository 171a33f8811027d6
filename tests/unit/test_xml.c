#include <stdlib.h>
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
		{ "<a>1<b>no</b>2<b/>3</a>", "123" },
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

static void
mixed_content_costs_linear_time(void)
{
	struct buf b = { 0 };
	struct err e = { 0 };
	struct xml *x;
	int i;

	buf_puts(&b, "<a>");
	for (i = 0; i < 200000; i++)
		buf_puts(&b, "0123456789<b/>");
	buf_puts(&b, "</a>");
	x = xml_parse(b.data, b.len, &e);
	if (CHECK(x != NULL))
		CHECK_INT(strlen(xml_text(xml_root(x))), 2000000);
	xml_free(x);
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

CHECK_MAIN(
    /* clang-format off */
    TEST(text_is_whole_whatever_stands_between),
    TEST(bad_document_is_refused_with_its_line),
    TEST(nothing_goes_to_stderr),
    TEST(deep_document_cannot_exhaust_the_stack),
    TEST(mixed_content_costs_linear_time),
    TEST(names_are_found_without_their_prefix),
    TEST(attributes_know_their_namespace),
    TEST(what_is_written_can_be_read_again)
    /* clang-format on */
)
