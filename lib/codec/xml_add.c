#include "codec/xml.h"

#include <libxml/tree.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include "base/utf8.h"

/* Also the quote, so that the text may stand in an attribute; a bare CR
 * would come back as a line feed (XML 1.0, 2.11). */
static const char *
escape(uint32_t c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\r':
		return "&#13;";
	case '\t':
	case '\n':
		return NULL;
	default:
		return c < 0x20 || c == 0xfffe || c == 0xffff ? "\xef\xbf\xbd"
							      : NULL;
	}
}

static void
add_escaped(struct buf *b, const char *s, size_t left)
{
	const char *instead;
	uint32_t c;
	size_t len;

	for (; left > 0; s += len, left -= len) {
		len = utf8_next(s, left, &c);
		instead = len == 0 ? "\xef\xbf\xbd" : escape(c);
		if (len == 0)
			len = 1;
		if (instead != NULL)
			buf_puts(b, instead);
		else
			buf_add(b, s, len);
	}
}

void
xml_add_text(struct buf *b, const char *s)
{
	add_escaped(b, s, strlen(s));
}

void
xml_add_elem(struct buf *b, const char *name, const char *text)
{
	if (text == NULL)
		return;
	buf_fmt(b, "<%s>", name);
	xml_add_text(b, text);
	buf_fmt(b, "</%s>", name);
}

/* Bare white space in an attribute would come back as blanks (3.3.3). */
static void
add_value(struct buf *b, const char *s, size_t left)
{
	size_t n;

	while (left > 0) {
		for (n = 0; n < left && s[n] != '\t' && s[n] != '\n'; n++)
			continue;
		add_escaped(b, s, n);
		if (n < left)
			buf_puts(b, s[n++] == '\t' ? "&#9;" : "&#10;");
		s += n;
		left -= n;
	}
}

static void
add_attribute(struct buf *b, const xmlAttr *a)
{
	const xmlNode *text = a->children;
	const char *s = "";

	buf_char(b, ' ');
	if (a->ns != NULL && a->ns->prefix != NULL)
		buf_fmt(b, "%s:", (const char *)a->ns->prefix);
	if (text != NULL && text->content != NULL)
		s = (const char *)text->content;
	buf_fmt(b, "%s=\"", (const char *)a->name);
	add_value(b, s, strlen(s));
	buf_char(b, '"');
}

/* libxml2 undoes the other references in a namespace's name, but keeps that
 * of the ampersand. */
static void
add_declaration(struct buf *b, const xmlNs *ns)
{
	static const char kept[] = "&#38;";
	const char *s = ns->href == NULL ? "" : (const char *)ns->href, *at;

	buf_puts(b, " xmlns");
	if (ns->prefix != NULL)
		buf_fmt(b, ":%s", (const char *)ns->prefix);
	buf_puts(b, "=\"");
	while ((at = strstr(s, kept)) != NULL) {
		add_value(b, s, (size_t)(at - s));
		buf_puts(b, "&amp;");
		s = at + strlen(kept);
	}
	add_value(b, s, strlen(s));
	buf_char(b, '"');
}

static bool
is_same(const xmlChar *a, const xmlChar *b)
{
	return a == NULL || b == NULL ? a == b : xmlStrEqual(a, b) != 0;
}

/* A declaration of the same prefix stands nearer to n. */
static bool
is_hidden(const xmlNode *n, const xmlNode *above, const xmlNs *ns)
{
	const xmlNs *d;

	for (; n != above; n = n->parent)
		for (d = n->nsDef; d != NULL; d = d->next)
			if (is_same(d->prefix, ns->prefix))
				return true;
	return false;
}

static void
add_all_declarations(struct buf *b, const xmlNode *n)
{
	const xmlNode *above;
	const xmlNs *ns;

	for (above = n; above != NULL && above->type == XML_ELEMENT_NODE;
	     above = above->parent)
		for (ns = above->nsDef; ns != NULL; ns = ns->next)
			if (!is_hidden(n, above, ns))
				add_declaration(b, ns);
}

static void
add_name(struct buf *b, const xmlNode *n, const char *name)
{
	if (n->ns != NULL && n->ns->prefix != NULL)
		buf_fmt(b, "%s:", (const char *)n->ns->prefix);
	buf_puts(b, name != NULL ? name : (const char *)n->name);
}

/* "<name ...>" and the text; of the first element there is another name. */
static void
add_begin(struct buf *b, const xmlNode *n, const char *name)
{
	const struct xml_node *node = (const struct xml_node *)n;
	const xmlAttr *a;
	const xmlNs *ns;

	buf_char(b, '<');
	add_name(b, n, name);
	if (name != NULL)
		add_all_declarations(b, n);
	for (ns = n->nsDef; name == NULL && ns != NULL; ns = ns->next)
		add_declaration(b, ns);
	for (a = n->properties; a != NULL; a = a->next)
		add_attribute(b, a);
	buf_char(b, '>');
	xml_add_text(b, xml_text(node));
}

static void
add_end(struct buf *b, const xmlNode *n, const char *name)
{
	buf_puts(b, "</");
	add_name(b, n, name);
	buf_char(b, '>');
}

static const xmlNode *
inside(const xmlNode *n)
{
	return (const xmlNode *)xml_child((const struct xml_node *)n, NULL);
}

static const xmlNode *
behind(const xmlNode *n)
{
	return (const xmlNode *)xml_next((const struct xml_node *)n, NULL);
}

int
xml_add_copy(struct buf *b, const struct xml_node *node, const char *name,
    struct err *e)
{
	const xmlNode *first = (const xmlNode *)node, *n = first;

	add_begin(b, n, name);
	while (!b->failed) {
		if (inside(n) != NULL) {
			n = inside(n);
			add_begin(b, n, NULL);
			continue;
		}
		for (; n != first && behind(n) == NULL; n = n->parent)
			add_end(b, n, NULL);
		if (n == first)
			break;
		add_end(b, n, NULL);
		n = behind(n);
		add_begin(b, n, NULL);
	}
	add_end(b, first, name);
	return buf_check(b, e);
}
