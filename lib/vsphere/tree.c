#include "vsphere/tree.h"

#include <stdlib.h>
#include <string.h>
#include "vsphere/entity.h"

static int
by_id(const void *a, const void *b)
{
	return strcmp(((const struct props_object *)a)->ref.id,
	    ((const struct props_object *)b)->ref.id);
}

void
tree_sort(struct props *p)
{
	if (p->n > 0)
		qsort(p->objects, p->n, sizeof(*p->objects), by_id);
}

const struct props_object *
tree_find(const struct props *sorted, const struct moref *ref)
{
	struct props_object key = { .ref = *ref };

	if (sorted->n == 0)
		return NULL;
	return bsearch(&key, sorted->objects, sorted->n,
	    sizeof(*sorted->objects), by_id);
}

const struct props_object *
tree_parent(const struct props *sorted, const struct props_object *o)
{
	struct moref up;

	if (soap_read_ref(props_find(o, "parent"), &up) == -1 &&
	    soap_read_ref(props_find(o, "parentVApp"), &up) == -1)
		return NULL;
	return tree_find(sorted, &up);
}

/* Puts "segment/" before what is in b.  A '/' inside a name stays %2f, as
 * the server has it: else "a/b" would be b in the folder a. */
static void
prepend(struct buf *b, const char *segment)
{
	struct buf grown = { .limit = b->limit };

	buf_puts(&grown, segment);
	if (b->len > 0)
		buf_char(&grown, '/');
	buf_puts(&grown, buf_text(b));
	if (b->failed)
		grown.failed = true;
	buf_free(b);
	*b = grown;
}

char *
tree_path(const struct props *sorted, const struct moref *root,
    const struct props_object *o)
{
	struct buf path = { .limit = TREE_PATH_MAX };
	int depth;

	for (depth = 0; o != NULL && !path.failed && depth < TREE_DEPTH_MAX;
	     depth++) {
		if (strcmp(o->ref.id, root->id) == 0)
			break;
		prepend(&path, props_text(o, "name"));
		o = tree_parent(sorted, o);
	}
	return buf_steal(&path);
}

char *
tree_name(const struct props_object *o)
{
	char *name = strdup(props_text(o, "name"));

	if (name != NULL)
		entity_unescape(name);
	return name;
}
