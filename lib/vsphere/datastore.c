#include "vsphere/datastore.h"

#include <stdlib.h>
#include <string.h>
#include "vsphere/entity.h"
#include "vsphere/props.h"

static int
fill(const struct props_object *o, struct datastore *d, struct err *e)
{
	const struct xml_node *summary = props_find(o, "summary");

	d->ref = o->ref;
	d->name = strdup(xml_text(xml_child(summary, "name")));
	d->type = strdup(xml_text(xml_child(summary, "type")));
	if (d->name == NULL || d->type == NULL)
		return err_sys(e, ERR_OS, "memory");
	entity_unescape(d->name);
	d->is_accessible = soap_bool(xml_child(summary, "accessible"), false);
	d->capacity_bytes = soap_u64(xml_child(summary, "capacity"), 0);
	d->free_bytes = soap_u64(xml_child(summary, "freeSpace"), 0);
	return 0;
}

int
datastore_read(struct vim *v, const struct moref *refs, size_t n,
    struct datastore **out, size_t *found, struct err *e)
{
	static const char *const paths[] = { "summary", NULL };
	struct props p = { 0 };
	int rc = 0;

	*found = 0;
	*out = calloc(n + 1, sizeof(**out));
	if (*out == NULL)
		return err_sys(e, ERR_OS, "memory");
	if (props_get_many(v, refs, n, paths, &p, e) == -1)
		rc = -1;
	while (rc == 0 && *found < p.n && *found < n) {
		rc = fill(&p.objects[*found], &(*out)[*found], e);
		(*found)++;
	}
	props_free(&p);
	if (rc == -1) {
		datastore_free(*out, *found);
		*out = NULL;
		*found = 0;
	}
	return rc;
}

bool
datastore_holds(const struct datastore *d, const char *file)
{
	const char *end = strstr(file, "] ");
	char *name;
	bool holds;

	if (file[0] != '[' || end == NULL)
		return false;
	name = strndup(file + 1, (size_t)(end - file) - 1);
	if (name == NULL)
		return false;
	entity_unescape(name);
	holds = strcmp(name, d->name) == 0;
	free(name);
	return holds;
}

void
datastore_free(struct datastore *d, size_t n)
{
	size_t i;

	for (i = 0; d != NULL && i < n; i++) {
		free(d[i].name);
		free(d[i].type);
	}
	free(d);
}
