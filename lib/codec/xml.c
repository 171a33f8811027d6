#include "codec/xml.h"

#include <libxml/SAX2.h>
#include <libxml/dict.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "codec/xmlscan.h"

#define XSI "http://www.w3.org/2001/XMLSchema-instance"

/* libxml2's for an element, an attribute, a declaration: 120 to 260. */
enum { NODE_BYTES = 192 };

struct xml {
	xmlDoc *doc;
	size_t bytes;
};

/* Behind a parser's _private. */
struct reader {
	const char *at;
	size_t left;
	size_t text_bytes;  /* in the tree so far */
	unsigned int nodes; /* elements, attributes and declarations */
	int ns_above[XML_MAX_DEPTH + 1]; /* declarations down to each level */
	struct err why;
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

__attribute__((format(printf, 2, 3))) static void
refuse(xmlParserCtxt *c, const char *fmt, ...)
{
	struct reader *r = c->_private;
	char why[100];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	err_set(&r->why, ERR_DATA, "line %d: %s", xmlSAX2GetLineNumber(c), why);
	xmlStopParser(c);
}

static void
on_error(void *ctx, xmlError *error)
{
	xmlParserCtxt *c = ctx;
	struct reader *r = c->_private;
	const char *text = error->message != NULL ? error->message : "bad XML";

	/* Of a namespace only equality counts: "not a URI" does no harm. */
	if (error->level < XML_ERR_ERROR || error->code == XML_WAR_NS_URI)
		return;
	if (error->code == XML_ERR_NO_MEMORY)
		err_set(&r->why, ERR_OS, "out of memory");
	err_set(&r->why, ERR_DATA, "line %d: %.*s", error->line,
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

/* The tree takes many times the bytes of a document of short elements, and
 * libxml2's table of names becomes slow. */
static bool
is_too_much(xmlParserCtxt *c, int more, size_t text_bytes)
{
	struct reader *r = c->_private;

	r->nodes += (unsigned int)more;
	r->text_bytes += text_bytes;
	if (r->nodes > XML_MAX_NODES)
		refuse(c, "more than %d elements and attributes",
		    XML_MAX_NODES);
	else if (r->text_bytes > XML_MAX_TEXT)
		refuse(c, "more than %d bytes of text", XML_MAX_TEXT);
	else if (xmlDictSize(c->dict) > XML_MAX_NAMES)
		refuse(c, "more than %d names", XML_MAX_NAMES);
	else
		return false;
	return true;
}

static void
on_start(void *ctx, const xmlChar *name, const xmlChar *prefix,
    const xmlChar *uri, int n_ns, const xmlChar **ns, int n_attrs,
    int n_defaulted, const xmlChar **attrs)
{
	xmlParserCtxt *c = ctx;
	struct reader *r = c->_private;
	size_t bytes = 0;
	int level = c->nodeNr, i;

	if (level >= XML_MAX_DEPTH) {
		refuse(c, "elements are nested too deeply");
		return;
	}
	/* A prefix is looked up among all of them. */
	r->ns_above[level + 1] = r->ns_above[level] + n_ns;
	if (r->ns_above[level + 1] > XML_MAX_NS) {
		refuse(c, "more than %d namespaces", XML_MAX_NS);
		return;
	}
	for (i = 0; i < n_ns; i++)
		if (ns[2 * i + 1] != NULL)
			bytes += strlen((const char *)ns[2 * i + 1]);
	for (i = 0; i < n_attrs; i++)
		bytes += (size_t)(attrs[5 * i + 4] - attrs[5 * i + 3]);
	if (!is_too_much(c, 1 + n_ns + n_attrs, bytes))
		xmlSAX2StartElementNs(c, name, prefix, uri, n_ns, ns, n_attrs,
		    n_defaulted, attrs);
}

/* Keeps what stands before the first child only, so that an element has one
 * text node: neither our formats nor SOAP mix text and elements. */
static void
on_text(void *ctx, const xmlChar *text, int len)
{
	xmlParserCtxt *c = ctx;
	const xmlNode *last = c->node == NULL ? NULL : c->node->last;

	if (last != NULL && last->type == XML_ELEMENT_NODE)
		return;
	if (!is_too_much(c, 0, (size_t)len))
		xmlSAX2Characters(c, text, len);
}

static xmlParserCtxt *
new_context(struct reader *r)
{
	xmlParserCtxt *c = xmlNewParserCtxt();

	if (c == NULL) {
		err_set(&r->why, ERR_OS, "out of memory");
		return NULL;
	}
	c->_private = r;
	c->sax->serror = on_error;
	c->sax->startDocument = on_document;
	c->sax->internalSubset = on_doctype;
	c->sax->startElementNs = on_start;
	c->sax->characters = on_text;
	c->sax->ignorableWhitespace = on_text;
	c->sax->comment = NULL;
	c->sax->processingInstruction = NULL;
	return c;
}

/* After an error libxml2 goes on, and no longer sees the tags that
 * xmlscan_check() saw: the input ends there. */
static int
read_more(void *ctx, char *to, int room)
{
	struct reader *r = ctx;
	size_t n = (size_t)room < r->left ? (size_t)room : r->left;

	if (r->why.class != ERR_NONE)
		return 0;
	memcpy(to, r->at, n);
	r->at += n;
	r->left -= n;
	return (int)n;
}

static xmlDoc *
parse(struct reader *r)
{
	xmlParserCtxt *c = new_context(r);
	xmlDoc *doc;

	if (c == NULL)
		return NULL;
	/* Not from memory: libxml2 would copy all of it first. */
	doc = xmlCtxtReadIO(c, read_more, NULL, r, NULL, NULL,
	    XML_PARSE_NONET | XML_PARSE_NOCDATA | XML_PARSE_COMPACT |
		XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	xmlFreeParserCtxt(c);
	/* A stopped parser returns what it has; so does a wrong prefix. */
	if (r->why.class == ERR_NONE && doc != NULL &&
	    xmlDocGetRootElement(doc) != NULL)
		return doc;
	err_set(&r->why, ERR_DATA, "no XML document");
	xmlFreeDoc(doc);
	return NULL;
}

struct xml *
xml_parse(const void *p, size_t n, struct err *e)
{
	struct reader r = { .at = p, .left = n };
	struct xml *x = NULL;

	if (n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0) {
		r.at += 3;
		r.left -= 3;
	}
	if (r.left == 0) {
		err_set(e, ERR_DATA, "no XML document");
		return NULL;
	}
	if (xmlscan_check(r.at, r.left, e) == -1)
		return NULL;
	x = calloc(1, sizeof(*x));
	if (x == NULL) {
		err_sys(e, ERR_OS, "XML document");
		return NULL;
	}
	x->doc = parse(&r);
	if (x->doc == NULL) {
		err_set(e, r.why.class, "%s", r.why.text);
		xml_free(x);
		return NULL;
	}
	x->bytes = (size_t)r.nodes * NODE_BYTES + r.text_bytes;
	return x;
}

size_t
xml_bytes(const struct xml *x)
{
	return x->bytes;
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
