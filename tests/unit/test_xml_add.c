#include <stdlib.h>
#include "check.h"
#include "codec/xml.h"

/* The element at path of the document, copied as "spec". */
static void
copy_at(const char *text, const char *path, struct buf *b)
{
	struct err e = { 0 };
	struct xml *x = xml_parse(text, strlen(text), &e);

	CHECK_STR(e.text, "");
	if (x == NULL)
		return;
	CHECK_INT(
	    xml_add_copy(b,
		path[0] == '\0' ? xml_root(x) : xml_find(xml_root(x), path),
		"spec", &e),
	    0);
	CHECK_STR(e.text, "");
	xml_free(x);
}

static void
copy_is_what_was_there(void)
{
	static const struct {
		const char *doc, *path, *copy;
	} rows[] = {
		{ "<a/>", "", "<spec></spec>" },
		{ "<a><b>x</b><c/></a>", "", "<spec><b>x</b><c></c></spec>" },
		{ "<a><b><c><d>1</d></c><c>2</c></b><e>3</e></a>", "b",
		    "<spec><c><d>1</d></c><c>2</c></spec>" },
		{ "<a>&lt;&amp;&gt;&quot;'&#13;\t\n</a>", "",
		    "<spec>&lt;&amp;&gt;&quot;'&#13;\t\n</spec>" },
		{ "<a x='&lt;&amp;&gt;&quot;&apos;&#13;&#9;&#10; z' y=''/>", "",
		    "<spec x=\"&lt;&amp;&gt;&quot;'&#13;&#9;&#10; z\" "
		    "y=\"\"></spec>" },
		{ "<a>1<![CDATA[<2>]]><!-- 3 --><b/>4</a>", "",
		    "<spec>1&lt;2&gt;<b></b></spec>" },
		{ "<a xml:lang='de'>\xc3\xa4\xf0\x9f\x98\x80</a>", "",
		    "<spec xml:lang=\"de\">\xc3\xa4\xf0\x9f\x98\x80</spec>" },
		{ "<a><b> </b></a>", "b", "<spec> </spec>" },
	};
	struct buf b = { 0 };
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check_at(rows[i].doc);
		buf_cut(&b, 0);
		copy_at(rows[i].doc, rows[i].path, &b);
		CHECK_STR(buf_text(&b), rows[i].copy);
	}
	buf_free(&b);
}

/* Those which only a value uses, too: nobody can know what is a prefix. */
static void
every_declaration_in_force_comes_along(void)
{
	static const struct {
		const char *doc, *copy;
	} rows[] = {
		{ "<E xmlns:xsi='urn:xsi' xmlns:v='urn:vim25'>"
		  "<b xsi:type='v:T'/></E>",
		    "<spec xmlns:xsi=\"urn:xsi\" xmlns:v=\"urn:vim25\" "
		    "xsi:type=\"v:T\"></spec>" },
		{ "<E xmlns='urn:1' xmlns:p='urn:2'>"
		  "<b xmlns='urn:3'><c/></b></E>",
		    "<spec xmlns=\"urn:3\" xmlns:p=\"urn:2\"><c></c></spec>" },
		{ "<E xmlns='urn:1'><b xmlns=''><c/></b></E>",
		    "<spec xmlns=\"\"><c></c></spec>" },
		{ "<E xmlns:p='urn:1'><b xmlns:p='urn:2'>"
		  "<p:c xmlns:p='urn:3' p:a='1'/></b></E>",
		    "<spec xmlns:p=\"urn:2\">"
		    "<p:c xmlns:p=\"urn:3\" p:a=\"1\"></p:c></spec>" },
		{ "<v:E xmlns:v='urn:vim25'><v:b><v:c/></v:b></v:E>",
		    "<v:spec xmlns:v=\"urn:vim25\"><v:c></v:c></v:spec>" },
		{ "<E><b xmlns:q='a&amp;&quot;b'/></E>",
		    "<spec xmlns:q=\"a&amp;&quot;b\"></spec>" },
	};
	struct buf b = { 0 };
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check_at(rows[i].doc);
		buf_cut(&b, 0);
		copy_at(rows[i].doc, "b", &b);
		CHECK_STR(buf_text(&b), rows[i].copy);
	}
	buf_free(&b);
}

static void
check_same(const struct xml_node *a, const struct xml_node *b, bool is_first)
{
	const struct xml_node *x = xml_child(a, NULL), *y = xml_child(b, NULL);

	if (!is_first)
		CHECK_STR(xml_name(b), xml_name(a));
	CHECK_STR(xml_ns(b), xml_ns(a));
	CHECK_STR(xml_text(b), xml_text(a));
	CHECK_STR(xml_type(b), xml_type(a));
	for (; x != NULL && y != NULL;
	     x = xml_next(x, NULL), y = xml_next(y, NULL))
		check_same(x, y, false);
	CHECK(x == NULL && y == NULL);
}

static const char reply[] =
    "<soapenv:Envelope xmlns:soapenv=\"urn:env\" xmlns:xsd=\"urn:xsd\""
    " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">"
    "<soapenv:Body><R xmlns=\"urn:vim25\"><returnval>"
    "<importSpec xsi:type=\"VirtualMachineImportSpec\"><configSpec>"
    "<name>a &amp; b</name><deviceChange><device xsi:type=\"VirtualDisk\">"
    "<key>-1</key></device></deviceChange><extraConfig><key>k</key>"
    "<value xsi:type=\"xsd:string\">&lt;v/&gt;</value></extraConfig>"
    "</configSpec></importSpec></returnval></R></soapenv:Body>"
    "</soapenv:Envelope>";

static void
copy_stands_alone_and_says_the_same(void)
{
	struct err e = { 0 };
	struct xml *x = xml_parse(reply, strlen(reply), &e), *y;
	const struct xml_node *n;
	struct buf once = { 0 }, twice = { 0 };

	n = xml_find(xml_root(x), "Body/R/returnval/importSpec");
	CHECK_INT(xml_add_copy(&once, n, "spec", &e), 0);
	y = xml_parse(buf_text(&once), once.len, &e);
	CHECK_STR(e.text, "");
	CHECK_STR(xml_name(xml_root(y)), "spec");
	check_same(n, xml_root(y), true);
	CHECK_INT(xml_add_copy(&twice, xml_root(y), "spec", &e), 0);
	CHECK_STR(buf_text(&twice), buf_text(&once));
	xml_free(x);
	xml_free(y);
	buf_free(&once);
	buf_free(&twice);
}

static void
depth_and_limit_are_held(void)
{
	struct buf doc = { 0 }, copy = { .limit = 100 }, all = { 0 };
	struct err e = { 0 };
	struct xml *x;
	int i;

	for (i = 0; i < XML_MAX_DEPTH; i++)
		buf_puts(&doc, "<a>");
	for (i = 0; i < XML_MAX_DEPTH; i++)
		buf_puts(&doc, "</a>");
	x = xml_parse(doc.data, doc.len, &e);
	CHECK_INT(xml_add_copy(&all, xml_root(x), "a", &e), 0);
	CHECK_STR(buf_text(&all), buf_text(&doc));
	CHECK_INT(xml_add_copy(&copy, xml_root(x), "a", &e), -1);
	CHECK_STR(e.text, "more than 100 bytes");
	CHECK_INT(e.class, ERR_DATA);
	xml_free(x);
	buf_free(&doc);
	buf_free(&copy);
	buf_free(&all);
}

CHECK_MAIN(TEST(copy_is_what_was_there),
    TEST(every_declaration_in_force_comes_along),
    TEST(copy_stands_alone_and_says_the_same), TEST(depth_and_limit_are_held))
