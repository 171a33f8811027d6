#ifndef VSPHERE_PROPS_H
#define VSPHERE_PROPS_H

#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"
#include "codec/xml.h"
#include "vsphere/vim.h"

/*
 * props - properties of managed objects (PropertyCollector,
 * RetrievePropertiesEx), all pages of them.
 *
 * Servers page at about 100 objects although nobody asked for it, and an
 * ESXi host may answer an expired session with an empty reply: both are
 * looked after here.  { 0 } is an empty value; one thread.
 */
struct props_object {
	struct moref ref;
	const struct xml_node *node;
};

struct props {
	struct xml **pages;
	size_t n_pages;
	size_t bytes; /* that the pages take */
	struct props_object *objects;
	size_t n;
};

/* A type and what is asked of its objects; NULL at the end of paths. */
struct props_kind {
	const char *type;
	const char *const *paths;
};

/* paths end with NULL.  One object that must exist: ERR_NOTFOUND if not. */
int props_get(struct vim *v, const struct moref *object,
    const char *const *paths, struct props *out, struct err *e);

/* Objects of one type; those that are gone are left out. */
int props_get_many(struct vim *v, const struct moref *objects, size_t n,
    const char *const *paths, struct props *out, struct err *e);

/* All objects of these types (NULL at the end) below the root folder. */
int props_get_all(struct vim *v, const char *const *types,
    const char *const *paths, struct props *out, struct err *e);

/* The same of several kinds (a NULL type at the end), each asked for its own.
 */
int props_get_kinds(struct vim *v, const struct props_kind *kinds,
    struct props *out, struct err *e);

/* Value of a property, NULL if it is unset or could not be read. */
const struct xml_node *props_find(const struct props_object *o,
    const char *path);
const char *props_text(const struct props_object *o, const char *path);

/* If the server said why the property could not be read: -1 and the fault.
 */
int props_check(const struct props_object *o, const char *path, struct err *e);

void props_free(struct props *p);

#endif
