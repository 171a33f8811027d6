#include "vsphere/props.h"

#include <stdlib.h>
#include <string.h>
#include "sys/sig.h"

enum {
	MAX_OBJECTS = 100000,
	MAX_PAGES = 1000,
	MAX_BYTES = 512 << 20,
	MAX_KINDS = 8, /* of props_get_all() */
};

static void
add_prop_set(struct buf *b, const char *type, const char *const *paths)
{
	soap_open(b, "propSet", NULL);
	xml_add_elem(b, "type", type);
	for (; *paths != NULL; paths++)
		xml_add_elem(b, "pathSet", *paths);
	soap_close(b, "propSet");
}

static void
add_objects(struct buf *b, const struct moref *objects, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		soap_open(b, "objectSet", NULL);
		soap_add_ref(b, "obj", &objects[i]);
		soap_close(b, "objectSet");
	}
}

/* The view itself is skipped, what it shows is taken. */
static void
add_view(struct buf *b, const struct moref *view)
{
	soap_open(b, "objectSet", NULL);
	soap_add_ref(b, "obj", view);
	soap_add_bool(b, "skip", true);
	soap_open(b, "selectSet", "TraversalSpec");
	xml_add_elem(b, "name", "view");
	xml_add_elem(b, "type", "ContainerView");
	xml_add_elem(b, "path", "view");
	soap_add_bool(b, "skip", false);
	soap_close(b, "selectSet");
	soap_close(b, "objectSet");
}

static int
add_object(struct props *p, const struct xml_node *n, struct err *e)
{
	struct props_object *grown;

	if (p->n >= MAX_OBJECTS)
		return err_set(e, ERR_PROTO, "more than %d objects",
		    MAX_OBJECTS);
	if ((p->n & (p->n - 1)) == 0) {
		grown = realloc(p->objects,
		    (p->n == 0 ? 1 : p->n * 2) * sizeof(*grown));
		if (grown == NULL)
			return err_sys(e, ERR_OS, "memory");
		p->objects = grown;
	}
	p->objects[p->n].node = n;
	if (soap_read_ref(xml_child(n, "obj"), &p->objects[p->n].ref) == -1)
		return err_set(e, ERR_PROTO, "a result without its object");
	p->n++;
	return 0;
}

/* Keeps the page, which the objects point into. */
static int
add_page(struct props *p, struct xml *page, const struct xml_node *returnval,
    struct err *e)
{
	const struct xml_node *n;
	struct xml **grown;

	grown = realloc(p->pages, (p->n_pages + 1) * sizeof(*grown));
	if (grown == NULL) {
		xml_free(page);
		return err_sys(e, ERR_OS, "memory");
	}
	p->pages = grown;
	p->pages[p->n_pages++] = page;
	p->bytes += xml_bytes(page);
	if (p->bytes > MAX_BYTES)
		return err_set(e, ERR_PROTO, "more than %d MiB of results",
		    MAX_BYTES >> 20);
	n = xml_child(returnval, "objects");
	for (; n != NULL; n = xml_next(n, "objects"))
		if (add_object(p, n, e) == -1)
			return -1;
	return 0;
}

/* A server that always has one more page must not keep us for ever. */
static int
check_more(const struct props *p, size_t before, struct err *e)
{
	if (p->n == before)
		return err_set(e, ERR_PROTO,
		    "a page of results is empty, but more are to come");
	if (p->n_pages >= MAX_PAGES)
		return err_set(e, ERR_PROTO, "more than %d pages of results",
		    MAX_PAGES);
	return 0;
}

/* First page and all that follow. */
static int
retrieve(struct vim *v, const struct buf *args, struct props *out,
    struct err *e)
{
	const struct moref *pc = vim_manager(v, VIM_PROPERTY_COLLECTOR);
	struct buf token = { 0 };
	const struct xml_node *n;
	struct xml *page = NULL;
	size_t before;
	int rc = -1;

	n = vim_call(v, "RetrievePropertiesEx", pc, args, &page, e);
	while (n != NULL) {
		n = xml_child(n, "returnval");
		before = out->n;
		if (add_page(out, page, n, e) == -1)
			goto out;
		if (xml_child(n, "token") == NULL) {
			rc = 0;
			goto out;
		}
		if (check_more(out, before, e) == -1)
			goto out;
		if (sig_check(e) == -1)
			goto out;
		buf_cut(&token, 0);
		xml_add_elem(&token, "token", xml_text(xml_child(n, "token")));
		n = vim_call(v, "ContinueRetrievePropertiesEx", pc, &token,
		    &page, e);
	}
out:
	buf_free(&token);
	if (rc == -1)
		props_free(out);
	return rc;
}

/* all: one that is gone is a fault; else it is left out. */
static int
get_once(struct vim *v, const struct moref *objects, size_t n, bool all,
    const char *const *paths, struct props *out, struct err *e)
{
	struct buf args = { 0 };
	int rc;

	soap_open(&args, "specSet", NULL);
	add_prop_set(&args, objects[0].type, paths);
	add_objects(&args, objects, n);
	if (!all)
		soap_add_bool(&args, "reportMissingObjectsInResults", true);
	soap_close(&args, "specSet");
	buf_puts(&args, "<options/>");
	rc = retrieve(v, &args, out, e);
	buf_free(&args);
	return rc;
}

static bool
has_lost_session(const struct props *p)
{
	const struct xml_node *n;
	size_t i;

	for (i = 0; i < p->n; i++) {
		n = xml_child(p->objects[i].node, "missingSet");
		for (; n != NULL; n = xml_next(n, "missingSet"))
			if (strcmp(xml_type(xml_find(n, "fault/fault")),
				"NotAuthenticated") == 0)
				return true;
	}
	return false;
}

/* Pages and views go with their session: a call that found it dead has
 * logged in again, and all is to be asked again. */
static bool
has_new_session(struct vim *v, unsigned int session, const struct err *e)
{
	return vim_session(v) != session && e->class < ERR_SIGNAL;
}

static int
get(struct vim *v, const struct moref *objects, size_t n, bool all,
    const char *const *paths, struct props *out, struct err *e)
{
	unsigned int session = vim_session(v);
	struct err own = { 0 };
	int rc;

	if (n == 0)
		return 0;
	rc = get_once(v, objects, n, all, paths, out, &own);
	/* Nothing where something must be: is the session still there? */
	if (rc == 0 && (out->n == 0 || has_lost_session(out)))
		rc = vim_ping(v, &own);
	if (has_new_session(v, session, &own)) {
		props_free(out);
		err_clear(&own);
		rc = get_once(v, objects, n, all, paths, out, &own);
	}
	if (rc == -1) {
		props_free(out);
		if (e->class == ERR_NONE)
			*e = own;
	}
	return rc;
}

int
props_get_many(struct vim *v, const struct moref *objects, size_t n,
    const char *const *paths, struct props *out, struct err *e)
{
	return get(v, objects, n, false, paths, out, e);
}

int
props_get(struct vim *v, const struct moref *object, const char *const *paths,
    struct props *out, struct err *e)
{
	if (get(v, object, 1, true, paths, out, e) == -1)
		return -1;
	if (out->n == 1)
		return 0;
	props_free(out);
	return err_set(e, ERR_NOTFOUND, "%s %s: no such object", object->type,
	    object->id);
}

static int
create_view(struct vim *v, const struct props_kind *kinds, struct moref *view,
    struct err *e)
{
	struct buf args = { 0 };
	int rc;

	soap_add_ref(&args, "container", vim_manager(v, VIM_ROOT_FOLDER));
	for (; kinds->type != NULL; kinds++)
		xml_add_elem(&args, "type", kinds->type);
	soap_add_bool(&args, "recursive", true);
	rc = vim_call_ref(v, "CreateContainerView",
	    vim_manager(v, VIM_VIEW_MANAGER), &args, view, e);
	buf_free(&args);
	return rc;
}

static void
destroy_view(struct vim *v, const struct moref *view)
{
	struct err ignored = { 0 }; /* it goes with the session anyway */

	sig_shield();
	vim_do(v, "DestroyView", view, NULL, &ignored);
	sig_unshield();
}

static int
all_once(struct vim *v, const struct props_kind *kinds, struct props *out,
    struct err *e)
{
	const struct props_kind *k;
	struct buf args = { 0 };
	struct moref view;
	int rc;

	if (create_view(v, kinds, &view, e) == -1)
		return -1;
	soap_open(&args, "specSet", NULL);
	for (k = kinds; k->type != NULL; k++)
		add_prop_set(&args, k->type, k->paths);
	add_view(&args, &view);
	soap_close(&args, "specSet");
	buf_puts(&args, "<options/>");
	rc = retrieve(v, &args, out, e);
	buf_free(&args);
	destroy_view(v, &view);
	return rc;
}

int
props_get_kinds(struct vim *v, const struct props_kind *kinds,
    struct props *out, struct err *e)
{
	unsigned int session = vim_session(v);
	struct err own = { 0 };
	int rc;

	rc = all_once(v, kinds, out, &own);
	if (rc == 0 && out->n == 0)
		rc = vim_ping(v, &own);
	if (has_new_session(v, session, &own)) {
		props_free(out);
		err_clear(&own);
		rc = all_once(v, kinds, out, &own);
	}
	if (rc == -1 && e->class == ERR_NONE)
		*e = own;
	return rc;
}

int
props_get_all(struct vim *v, const char *const *types, const char *const *paths,
    struct props *out, struct err *e)
{
	struct props_kind kinds[MAX_KINDS + 1] = { 0 };
	size_t i;

	for (i = 0; types[i] != NULL; i++) {
		if (i == MAX_KINDS)
			return err_set(e, ERR_BUG, "more than %d types",
			    MAX_KINDS);
		kinds[i] = (struct props_kind){ types[i], paths };
	}
	return props_get_kinds(v, kinds, out, e);
}

const struct xml_node *
props_find(const struct props_object *o, const char *path)
{
	const struct xml_node *n = xml_child(o->node, "propSet");

	for (; n != NULL; n = xml_next(n, "propSet"))
		if (strcmp(xml_text(xml_child(n, "name")), path) == 0)
			return xml_child(n, "val");
	return NULL;
}

const char *
props_text(const struct props_object *o, const char *path)
{
	return xml_text(props_find(o, path));
}

int
props_check(const struct props_object *o, const char *path, struct err *e)
{
	const struct xml_node *n = xml_child(o->node, "missingSet");

	for (; n != NULL; n = xml_next(n, "missingSet"))
		if (strcmp(xml_text(xml_child(n, "path")), path) == 0)
			return soap_method_fault(xml_child(n, "fault"), path,
			    e);
	return 0;
}

void
props_free(struct props *p)
{
	while (p->n_pages > 0)
		xml_free(p->pages[--p->n_pages]);
	free(p->pages);
	free(p->objects);
	*p = (struct props){ 0 };
}
