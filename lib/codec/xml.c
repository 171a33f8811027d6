#include "codec/xml.h"

#include <errno.h>
#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "base/utf8.h"

#define XSI "http://www.w3.org/2001/XMLSchema-instance"

struct xml {
	xmlDoc *doc;
};

/* Some errors of libxml2 belong to no context and would go to stderr. */
__attribute__((format(printf, 2, 3))) static void
say_nothing(void *ctx, const char *fmt, ...)
{
	(void)ctx;
	(void)fmt;
}

void
xml_init(void)
{
	xmlInitParser();
	xmlSetGenericErrorFunc(NULL, say_nothing);
	xmlThrDefSetGenericErrorFunc(NULL, say_nothing);
}

void
xml_cleanup(void)
{
	xmlCleanupParser();
}

/* libxml2 guesses other encodings from the first bytes, and falls back to
 * Latin-1 in the middle of a document: neither may happen. */
static int
check_utf8(const char *p, size_t n, struct err *e)
{
	unsigned int line = 1;
	uint32_t v;
	size_t len;

	for (; n > 0; p += len, n -= len) {
		len = utf8_next(p, n, &v);
		if (len == 0 || v == 0)
			return err_set(e, ERR_DATA, "line %u: not UTF-8", line);
		line += v == '\n';
	}
	return 0;
}

static void
refuse(xmlParserCtxt *c, const char *why)
{
	err_set(c->_private, ERR_DATA, "line %d: %s", xmlSAX2GetLineNumber(c),
	    why);
	xmlStopParser(c);
}

static void
on_error(void *ctx, xmlError *error)
{
	xmlParserCtxt *c = ctx;
	struct err *e = c->_private;
	const char *text = error->message != NULL ? error->message : "bad XML";

	if (error->level < XML_ERR_ERROR)
		return;
	if (error->code == XML_ERR_NO_MEMORY)
		err_set(e, ERR_OS, "out of memory");
	err_set(e, ERR_DATA, "line %d: %.*s", error->line,
	    (int)strcspn(text, "\n"), text);
}

/* The declared encoding is known here, and nothing was converted yet. */
static void
on_document(void *ctx)
{
	static const char *const fine[] = { "UTF-8", "US-ASCII", "ASCII" };
	xmlParserCtxt *c = ctx;
	const xmlChar *name = c->encoding;
	size_t i;

	if (c->input != NULL && c->input->encoding != NULL)
		name = c->input->encoding;
	for (i = 0; name != NULL && i < sizeof(fine) / sizeof(fine[0]); i++)
		if (strcasecmp((const char *)name, fine[i]) == 0)
			name = NULL;
	if (name != NULL)
		refuse(c, "the encoding must be UTF-8");
	xmlSAX2StartDocument(ctx);
}

static void
on_doctype(void *ctx, const xmlChar *name, const xmlChar *public_id,
    const xmlChar *system_id)
{
	(void)name;
	(void)public_id;
	(void)system_id;
	refuse(ctx, "a DOCTYPE is not allowed");
}

static void
on_start(void *ctx, const xmlChar *name, const xmlChar *prefix,
    const xmlChar *uri, int n_ns, const xmlChar **ns, int n_attrs,
    int n_defaulted, const xmlChar **attrs)
{
	if (((xmlParserCtxt *)ctx)->nodeNr >= XML_MAX_DEPTH)
		refuse(ctx, "elements are nested too deeply");
	else
		xmlSAX2StartElementNs(ctx, name, prefix, uri, n_ns, ns, n_attrs,
		    n_defaulted, attrs);
}

static xmlParserCtxt *
new_context(struct err *e)
{
	xmlParserCtxt *c = xmlNewParserCtxt();

	if (c == NULL) {
		err_set(e, ERR_OS, "out of memory");
		return NULL;
	}
	c->_private = e;
	c->sax->serror = on_error;
	c->sax->startDocument = on_document;
	c->sax->internalSubset = on_doctype;
	c->sax->startElementNs = on_start;
	return c;
}

static xmlNode *
first_of(xmlElementType type, xmlNode *n)
{
	while (n != NULL && n->type != type)
		n = n->next;
	return n;
}

/* Makes the first text node hold all text directly inside its parent, so that
 * xml_text() need not allocate.  Copies each byte once. */
static int
join_text(xmlNode *parent, struct err *e)
{
	xmlNode *first = first_of(XML_TEXT_NODE, parent->children), *n;
	struct buf all = { 0 };
	int rc = -1;

	if (first == NULL || first_of(XML_TEXT_NODE, first->next) == NULL)
		return 0;
	for (n = first; n != NULL; n = first_of(XML_TEXT_NODE, n->next))
		if (n->content != NULL)
			buf_puts(&all, (const char *)n->content);
	if (buf_check(&all, e) == -1)
		goto out;
	xmlNodeSetContent(first, (const xmlChar *)buf_text(&all));
	if (first->content == NULL) {
		err_set(e, ERR_OS, "out of memory");
		goto out;
	}
	rc = 0;
out:
	buf_free(&all);
	return rc;
}

static int
join_attrs(const xmlNode *n, struct err *e)
{
	xmlAttr *a;

	for (a = n->properties; a != NULL; a = a->next)
		if (join_text((xmlNode *)a, e) == -1)
			return -1;
	return 0;
}

static int
join_all(xmlNode *root, struct err *e)
{
	xmlNode *n = root, *next;

	for (;;) {
		if (join_text(n, e) == -1 || join_attrs(n, e) == -1)
			return -1;
		next = first_of(XML_ELEMENT_NODE, n->children);
		while (next == NULL && n != root) {
			next = first_of(XML_ELEMENT_NODE, n->next);
			n = n->parent;
		}
		if (next == NULL)
			return 0;
		n = next;
	}
}

static xmlDoc *
parse(const void *p, size_t n, struct err *e)
{
	xmlParserCtxt *c = new_context(e);
	xmlDoc *doc;

	if (c == NULL)
		return NULL;
	doc = xmlCtxtReadMemory(c, p, (int)n, NULL, NULL,
	    XML_PARSE_NONET | XML_PARSE_NOCDATA | XML_PARSE_NOERROR |
		XML_PARSE_NOWARNING);
	xmlFreeParserCtxt(c);
	/* A stopped parser returns what it has; so does a wrong prefix. */
	if (e->class == ERR_NONE && doc != NULL &&
	    xmlDocGetRootElement(doc) != NULL &&
	    join_all(xmlDocGetRootElement(doc), e) == 0)
		return doc;
	err_set(e, ERR_DATA, "no XML document");
	xmlFreeDoc(doc);
	return NULL;
}

struct xml *
xml_parse(const void *p, size_t n, struct err *e)
{
	const char *bytes = p;
	struct err why = { 0 };
	struct xml *x = NULL;

	if (n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0) {
		bytes += 3;
		n -= 3;
	}
	if (n == 0 || n > INT_MAX) {
		err_set(e, ERR_DATA, n == 0 ? "no XML document" : "too large");
		return NULL;
	}
	if (check_utf8(bytes, n, e) == -1)
		return NULL;
	x = calloc(1, sizeof(*x));
	if (x == NULL) {
		err_sys(e, ERR_OS, "XML document");
		return NULL;
	}
	x->doc = parse(bytes, n, &why);
	if (x->doc == NULL) {
		err_set(e, why.class, "%s", why.text);
		xml_free(x);
		return NULL;
	}
	return x;
}

void
xml_free(struct xml *x)
{
	if (x == NULL)
		return;
	xmlFreeDoc(x->doc);
	free(x);
}

/* A struct xml_node is an xmlNode; nobody else needs to know. */
static const xmlNode *
from_node(const struct xml_node *n)
{
	return (const xmlNode *)n;
}

static const struct xml_node *
to_node(const xmlNode *n)
{
	return (const struct xml_node *)n;
}

const struct xml_node *
xml_root(const struct xml *x)
{
	return to_node(xmlDocGetRootElement(x->doc));
}

/* The first element from n on whose name is name[0..len), NULL: any. */
static const xmlNode *
named(const xmlNode *n, const char *name, size_t len)
{
	for (; n != NULL; n = n->next) {
		const char *own = (const char *)n->name;

		if (n->type == XML_ELEMENT_NODE &&
		    (name == NULL ||
			(strncmp(own, name, len) == 0 && own[len] == '\0')))
			return n;
	}
	return NULL;
}

const struct xml_node *
xml_child(const struct xml_node *n, const char *name)
{
	if (n == NULL)
		return NULL;
	return to_node(named(from_node(n)->children, name,
	    name == NULL ? 0 : strlen(name)));
}

const struct xml_node *
xml_next(const struct xml_node *n, const char *name)
{
	if (n == NULL)
		return NULL;
	return to_node(
	    named(from_node(n)->next, name, name == NULL ? 0 : strlen(name)));
}

const struct xml_node *
xml_find(const struct xml_node *n, const char *path)
{
	const xmlNode *at = from_node(n);
	size_t len;

	for (; at != NULL; path += len + 1) {
		len = strcspn(path, "/");
		at = named(at->children, path, len);
		if (path[len] == '\0')
			break;
	}
	return to_node(at);
}

const char *
xml_name(const struct xml_node *n)
{
	return (const char *)from_node(n)->name;
}

static const char *
ns_uri(const xmlNs *ns)
{
	return ns == NULL || ns->href == NULL ? "" : (const char *)ns->href;
}

const char *
xml_ns(const struct xml_node *n)
{
	return ns_uri(from_node(n)->ns);
}

static const char *
text_in(const xmlNode *child)
{
	for (; child != NULL; child = child->next)
		if (child->type == XML_TEXT_NODE && child->content != NULL)
			return (const char *)child->content;
	return "";
}

const char *
xml_text(const struct xml_node *n)
{
	return n == NULL ? "" : text_in(from_node(n)->children);
}

const char *
xml_attr(const struct xml_node *n, const char *name)
{
	return xml_attr_ns(n, NULL, name);
}

const char *
xml_attr_ns(const struct xml_node *n, const char *ns, const char *name)
{
	const xmlAttr *a;

	if (n == NULL)
		return NULL;
	for (a = from_node(n)->properties; a != NULL; a = a->next)
		if (strcmp((const char *)a->name, name) == 0 &&
		    (ns == NULL || strcmp(ns_uri(a->ns), ns) == 0))
			return text_in(a->children);
	return NULL;
}

const char *
xml_type(const struct xml_node *n)
{
	const char *type = xml_attr_ns(n, XSI, "type");
	const char *colon = type == NULL ? NULL : strrchr(type, ':');

	if (colon != NULL)
		return colon + 1;
	return type == NULL ? "" : type;
}

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

void
xml_add_text(struct buf *b, const char *s)
{
	size_t left = strlen(s), len;
	const char *instead;
	uint32_t c;

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
xml_add_elem(struct buf *b, const char *name, const char *text)
{
	if (text == NULL)
		return;
	buf_fmt(b, "<%s>", name);
	xml_add_text(b, text);
	buf_fmt(b, "</%s>", name);
}
