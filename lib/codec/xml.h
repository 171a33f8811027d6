#ifndef CODEC_XML_H
#define CODEC_XML_H

#include <stdbool.h>
#include <stddef.h>
#include "base/buf.h"
#include "base/err.h"

/*
 * xml - untrusted XML in, well-formed XML out (libxml2).
 *
 * A document with a DOCTYPE, invalid UTF-8 or more than one of the limits
 * below is refused with ERR_DATA, so that its tree takes less than 130 MiB
 * and parsing it a second, whatever it is; nothing is loaded from anywhere
 * and no entity but the five predefined ones is known.  Comments, processing
 * instructions and text behind a child element are dropped.  Names are
 * matched by local name: the prefix does not count.  Nodes and their texts
 * belong to their document, which does not change: any thread may read it.
 */
enum {
	XML_MAX_DEPTH = 200,
	/* Elements, attributes and declarations; a page of a hundred large
	 * VMs has 300,000. */
	XML_MAX_NODES = 400000,
	XML_MAX_TEXT = 9 << 20, /* bytes of texts and values */
	XML_MAX_NAMES = 65536,  /* different ones */
	XML_MAX_TAG = 65536,    /* bytes of "<a b='c'>" */
	XML_MAX_NS = 256,       /* declarations in force at an element */
};

struct xml;      /* a document */
struct xml_node; /* an element in it */

/* Once, before any thread. */
void xml_init(void);
void xml_cleanup(void);

/* An error's text is "line N: why"; the caller says of what. */
struct xml *xml_parse(const void *p, size_t n, struct err *e);
void xml_free(struct xml *x); /* NULL is fine */

/* The memory it takes, about, for whoever keeps several. */
size_t xml_bytes(const struct xml *x);

const struct xml_node *xml_root(const struct xml *x);

/* First child element of that local name (NULL: of any name), or NULL;
 * of a NULL node: NULL. */
const struct xml_node *xml_child(const struct xml_node *n, const char *name);

/* Next sibling element of that local name (NULL: of any name), or NULL. */
const struct xml_node *xml_next(const struct xml_node *n, const char *name);

/* Children down a path "a/b/c"; NULL if one is missing. */
const struct xml_node *xml_find(const struct xml_node *n, const char *path);

const char *xml_name(const struct xml_node *n); /* local name */
const char *xml_ns(const struct xml_node *n);   /* namespace URI or "" */

/* The text inside before the first child element, "" if there is none or n is
 * NULL. */
const char *xml_text(const struct xml_node *n);

/* An attribute's value by local name, or NULL. */
const char *xml_attr(const struct xml_node *n, const char *name);

/* The attribute of that local name in that namespace, or NULL. */
const char *xml_attr_ns(const struct xml_node *n, const char *ns,
    const char *name);

/* xsi:type without its prefix, "" if there is none. */
const char *xml_type(const struct xml_node *n);

/* Writers: append to b, escaped for an element or a quoted attribute.  What
 * XML cannot hold (control characters, invalid UTF-8) becomes U+FFFD. */
void xml_add_text(struct buf *b, const char *s);

/* "<name>text</name>"; nothing if text is NULL. */
void xml_add_elem(struct buf *b, const char *name, const char *text);

/* "<name ...>...</name>": the element under another local name, else as it
 * came: with its prefix, its attributes, all elements within it, and every
 * namespace declaration in force at it, so that a prefix in a value
 * ("xsi:type") keeps its meaning.  A copy can be parsed by itself; -1 if b
 * failed. */
int xml_add_copy(struct buf *b, const struct xml_node *n, const char *name,
    struct err *e);

#endif
