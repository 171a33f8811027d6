/*
 * inventory - the property collector and the views of vimfake, over a table
 * of objects: only what is asked for is told.
 */
#ifndef UNIT_INVENTORY_H
#define UNIT_INVENTORY_H

#include "vimfake.h"

/* A reference is "Type:id". */
struct thing {
	const char *ref;
	const char *name;   /* as the server has it */
	const char *parent; /* NULL: none */
	/* path, value; a value of references begins with '@' (one) or '*'. */
	const char *props[12];
};

static struct {
	const struct thing *things; /* ends with a NULL ref */
	const char *hidden;         /* ids that are not there, as " a b " */
} inventory;

static inline void
inventory_add_ref(struct buf *b, const char *element, const char *ref, int len)
{
	int type = (int)strcspn(ref, ":");

	buf_fmt(b, "<%s type=\"%.*s\">%.*s</%s>", element, type, ref,
	    len - type - 1, ref + type + 1, element);
}

static inline void
inventory_add_value(struct buf *b, const char *value)
{
	size_t len;

	if (value[0] == '@') {
		inventory_add_ref(b, "val", value + 1, (int)strlen(value) - 1);
		return;
	}
	buf_puts(b, "<val>");
	if (value[0] != '*')
		buf_puts(b, value);
	for (value++; value[-1] == '*' || value[-1] == ' '; value += len + 1) {
		len = strcspn(value, " ");
		inventory_add_ref(b, "ManagedObjectReference", value, (int)len);
		if (value[len] == '\0')
			break;
	}
	buf_puts(b, "</val>");
}

static inline void
inventory_add_prop(struct buf *b, const struct thing *t, const char *path)
{
	const char *const *p;
	struct buf value = { 0 };

	if (strcmp(path, "name") == 0)
		buf_puts(&value, t->name);
	else if (strcmp(path, "parent") == 0 && t->parent != NULL)
		buf_fmt(&value, "@%s", t->parent);
	for (p = t->props; p[0] != NULL; p += 2)
		if (strcmp(p[0], path) == 0)
			buf_puts(&value, p[1]);
	if (value.len > 0) {
		buf_fmt(b, "<propSet><name>%s</name>", path);
		inventory_add_value(b, buf_text(&value));
		buf_puts(b, "</propSet>");
	}
	buf_free(&value);
}

static inline bool
inventory_is_a(const struct thing *t, const char *type)
{
	static const char *const derived[][2] = {
		{ "ClusterComputeResource", "ComputeResource" },
		{ "VirtualApp", "ResourcePool" },
		{ "StoragePod", "Folder" },
		{ "DistributedVirtualPortgroup", "Network" },
	};
	size_t i, len = strcspn(t->ref, ":");

	if (strlen(type) == len && strncmp(t->ref, type, len) == 0)
		return true;
	for (i = 0; i < sizeof(derived) / sizeof(derived[0]); i++)
		if (strlen(derived[i][0]) == len &&
		    strncmp(t->ref, derived[i][0], len) == 0)
			return strcmp(derived[i][1], type) == 0;
	return false;
}

static inline bool
inventory_is_hidden(const struct thing *t)
{
	char id[100];

	snprintf(id, sizeof(id), " %s ", strchr(t->ref, ':') + 1);
	return inventory.hidden != NULL && strstr(inventory.hidden, id) != NULL;
}

static inline void
inventory_add_object(struct buf *b, const struct thing *t,
    const struct xml_node *kind)
{
	const struct xml_node *path = xml_child(kind, "pathSet");

	buf_puts(b, "<objects>");
	inventory_add_ref(b, "obj", t->ref, (int)strlen(t->ref));
	for (; path != NULL; path = xml_next(path, "pathSet"))
		inventory_add_prop(b, t, xml_text(path));
	buf_puts(b, "</objects>");
}

static inline void
inventory_retrieve(const struct xml_node *spec, struct buf *answer)
{
	const struct xml_node *kind, *obj = xml_find(spec, "objectSet/obj");
	bool is_view = strcmp(xml_text(obj), "view-1") == 0;
	const struct thing *t;

	buf_puts(answer, "<returnval>");
	for (kind = xml_child(spec, "propSet"); kind != NULL;
	     kind = xml_next(kind, "propSet"))
		for (t = inventory.things; t->ref != NULL; t++)
			if (!inventory_is_hidden(t) &&
			    inventory_is_a(t,
				xml_text(xml_child(kind, "type"))) &&
			    (is_view ||
				strcmp(strchr(t->ref, ':') + 1,
				    xml_text(obj)) == 0))
				inventory_add_object(answer, t, kind);
	buf_puts(answer, "</returnval>");
}

/* For vimfake.find; what it does not know is left as it is. */
static inline void
inventory_find(const char *method, const char *args, struct buf *answer)
{
	struct err e = { 0 };
	struct buf b = { 0 };
	struct xml *x;

	if (strcmp(method, "CreateContainerView") == 0)
		buf_puts(answer, VIMFAKE_REF("ContainerView", "view-1"));
	if (strcmp(method, "RetrievePropertiesEx") != 0)
		return;
	buf_fmt(&b, "<a xmlns:xsi='x'>%s</a>", args);
	x = xml_parse(buf_text(&b), b.len, &e);
	CHECK_STR(e.text, "");
	inventory_retrieve(xml_child(xml_root(x), "specSet"), answer);
	xml_free(x);
	buf_free(&b);
}

#endif
