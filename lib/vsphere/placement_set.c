#include "vsphere/placement_set.h"

#include <stdlib.h>
#include <string.h>
#include "base/names.h"
#include "vsphere/tree.h"

static const char *const plain_paths[] = { "name", "parent", NULL };
static const char *const datacenter_paths[] = { "name", "parent", "vmFolder",
	NULL };
static const char *const compute_paths[] = { "name", "parent", "resourcePool",
	"datastore", NULL };
static const char *const host_paths[] = { "name", "parent", "datastore",
	"network", "runtime.connectionState", "runtime.inMaintenanceMode",
	NULL };
static const char *const datastore_paths[] = { "name", "parent",
	"summary.accessible", "summary.freeSpace", "summary.maintenanceMode",
	NULL };
static const char *const network_paths[] = { "name", "parent", "tag", NULL };

/* Clusters, vApps and distributed port groups are kinds of these. */
static const struct props_kind kinds[] = {
	{ "Datacenter", datacenter_paths },
	{ "Folder", plain_paths },
	{ "ComputeResource", compute_paths },
	{ "ResourcePool", plain_paths },
	{ "HostSystem", host_paths },
	{ "Datastore", datastore_paths },
	{ "Network", network_paths },
	{ NULL, NULL },
};

int
placement_set_read_inv(struct vim *v, struct placement_inv *inv, struct err *e)
{
	if (props_get_kinds(v, kinds, &inv->all, e) == -1)
		return err_ctx(e, "read the inventory");
	tree_sort(&inv->all);
	inv->root = *vim_manager(v, VIM_ROOT_FOLDER);
	inv->marks = calloc(inv->all.n + 1, sizeof(*inv->marks));
	return inv->marks == NULL ? err_sys(e, ERR_OS, "memory") : 0;
}

void
placement_set_free_inv(struct placement_inv *inv)
{
	props_free(&inv->all);
	free(inv->marks);
	*inv = (struct placement_inv){ 0 };
}

static bool
is_one_of(const struct props_object *o, const char *const *types)
{
	for (; *types != NULL; types++)
		if (strcmp(o->ref.type, *types) == 0)
			return true;
	return false;
}

static const char *const compute_types[] = { "ComputeResource",
	"ClusterComputeResource", NULL };
static const char *const datacenter_types[] = { "Datacenter", NULL };

static const struct props_object *
up_to(const struct placement_inv *inv, const struct props_object *o,
    const char *const *types)
{
	int depth;

	for (depth = 0; o != NULL && depth < TREE_DEPTH_MAX; depth++) {
		if (is_one_of(o, types))
			return o;
		o = tree_parent(&inv->all, o);
	}
	return NULL;
}

const struct props_object *
placement_set_compute(const struct placement_inv *inv,
    const struct props_object *o)
{
	return up_to(inv, o, compute_types);
}

const struct props_object *
placement_set_datacenter(const struct placement_inv *inv,
    const struct props_object *o)
{
	return up_to(inv, o, datacenter_types);
}

/* Folders hold hosts, datastores and networks, too. */
static bool
holds_vms(const struct placement_inv *inv, const struct props_object *folder)
{
	const struct props_object *up;
	struct moref top;
	int depth;

	for (depth = 0; depth < TREE_DEPTH_MAX; depth++) {
		up = tree_parent(&inv->all, folder);
		if (up == NULL)
			return false;
		if (is_one_of(up, datacenter_types))
			return soap_read_ref(props_find(up, "vmFolder"),
				   &top) == 0 &&
			    strcmp(top.id, folder->ref.id) == 0;
		folder = up;
	}
	return false;
}

static bool
is_uplink(const struct props_object *network)
{
	const struct xml_node *tag;

	tag = xml_child(props_find(network, "tag"), NULL);
	for (; tag != NULL; tag = xml_next(tag, NULL))
		if (strcmp(xml_text(xml_child(tag, "key")),
			"SYSTEM/DVS.UPLINKPG") == 0)
			return true;
	return false;
}

static bool
is_kind(const struct placement_inv *inv, const struct props_object *o,
    enum placement_kind kind)
{
	static const char *const host[] = { "HostSystem", NULL };
	static const char *const pool[] = { "ResourcePool", "VirtualApp",
		NULL };
	static const char *const folder[] = { "Folder", NULL };
	static const char *const datastore[] = { "Datastore", NULL };
	static const char *const network[] = { "Network",
		"DistributedVirtualPortgroup", "OpaqueNetwork", NULL };

	switch (kind) {
	case PLACEMENT_HOST:
		return is_one_of(o, host);
	case PLACEMENT_COMPUTE:
		return is_one_of(o, compute_types);
	case PLACEMENT_POOL:
		return is_one_of(o, pool);
	case PLACEMENT_FOLDER:
		return is_one_of(o, folder) && holds_vms(inv, o);
	case PLACEMENT_DATASTORE:
		return is_one_of(o, datastore);
	case PLACEMENT_NETWORK:
		return is_one_of(o, network) && !is_uplink(o);
	}
	return false;
}

static int
by_name(const void *a, const void *b)
{
	const struct props_object *x = *(const struct props_object *const *)a;
	const struct props_object *y = *(const struct props_object *const *)b;
	int c = strcmp(props_text(x, "name"), props_text(y, "name"));

	return c != 0 ? c : strcmp(x->ref.id, y->ref.id);
}

int
placement_set_init(struct placement_set *s, const struct placement_inv *inv,
    enum placement_kind kind, struct err *e)
{
	size_t i;

	free(s->items);
	s->inv = inv;
	s->n = 0;
	s->items = calloc(inv->all.n + 1, sizeof(*s->items));
	if (s->items == NULL)
		return err_sys(e, ERR_OS, "memory");
	for (i = 0; i < inv->all.n; i++)
		if (is_kind(inv, &inv->all.objects[i], kind))
			s->items[s->n++] = &inv->all.objects[i];
	qsort(s->items, s->n, sizeof(*s->items), by_name);
	return 0;
}

void
placement_set_free(struct placement_set *s)
{
	free(s->items);
	*s = (struct placement_set){ 0 };
}

bool
placement_set_is_usable(const struct props_object *host)
{
	return strcmp(props_text(host, "runtime.connectionState"),
		   "connected") == 0 &&
	    !soap_bool(props_find(host, "runtime.inMaintenanceMode"), false);
}

bool
placement_set_is_called(const struct placement_inv *inv,
    const struct props_object *o, const char *name)
{
	char *own = tree_name(o);
	bool is = own != NULL && strcmp(own, name) == 0;

	free(own);
	if (is || strchr(name, '/') == NULL)
		return is;
	own = tree_path(&inv->all, &inv->root, o);
	is = own != NULL && strcmp(own, name + (name[0] == '/')) == 0;
	free(own);
	return is;
}

void
placement_set_keep_called(struct placement_set *s, const char *name)
{
	size_t i, n = 0;

	for (i = 0; i < s->n; i++)
		if (placement_set_is_called(s->inv, s->items[i], name))
			s->items[n++] = s->items[i];
	s->n = n;
}

void
placement_set_keep_if(struct placement_set *s,
    bool (*keep)(const struct props_object *o))
{
	size_t i, n = 0;

	for (i = 0; i < s->n; i++)
		if (keep(s->items[i]))
			s->items[n++] = s->items[i];
	s->n = n;
}

static size_t *
mark_of(const struct placement_inv *inv, const struct props_object *o)
{
	return &inv->marks[o - inv->all.objects];
}

static void
clear_marks(const struct placement_inv *inv)
{
	memset(inv->marks, 0, inv->all.n * sizeof(*inv->marks));
}

void
placement_set_keep_related(struct placement_set *s, placement_relation *mine,
    const struct placement_set *named, placement_relation *theirs)
{
	const struct props_object *o;
	size_t i, n = 0;

	clear_marks(s->inv);
	for (i = 0; i < named->n; i++) {
		o = theirs(s->inv, named->items[i]);
		if (o != NULL)
			*mark_of(s->inv, o) = 1;
	}
	for (i = 0; i < s->n; i++) {
		o = mine(s->inv, s->items[i]);
		if (o != NULL && *mark_of(s->inv, o) != 0)
			s->items[n++] = s->items[i];
	}
	s->n = n;
}

/* Counts each reference that all holders up to now have. */
static void
count_references(const struct placement_inv *inv,
    const struct props_object *holder, const char *property, size_t round)
{
	const struct xml_node *n = xml_child(props_find(holder, property),
	    NULL);
	const struct props_object *o;
	struct moref ref;

	for (; n != NULL; n = xml_next(n, NULL)) {
		if (soap_read_ref(n, &ref) == -1)
			continue;
		o = tree_find(&inv->all, &ref);
		if (o != NULL && *mark_of(inv, o) == round)
			(*mark_of(inv, o))++;
	}
}

void
placement_set_keep_reached(struct placement_set *s,
    const struct placement_set *holders, const char *property)
{
	size_t i, n = 0;

	clear_marks(s->inv);
	for (i = 0; i < holders->n; i++)
		count_references(s->inv, holders->items[i], property, i);
	for (i = 0; i < s->n; i++)
		if (*mark_of(s->inv, s->items[i]) == holders->n)
			s->items[n++] = s->items[i];
	s->n = n;
}

static bool
refers_to_marked(const struct placement_inv *inv, const struct props_object *o,
    const char *property)
{
	const struct xml_node *n = xml_child(props_find(o, property), NULL);
	const struct props_object *to;
	struct moref ref;

	for (; n != NULL; n = xml_next(n, NULL)) {
		if (soap_read_ref(n, &ref) == -1)
			continue;
		to = tree_find(&inv->all, &ref);
		if (to != NULL && *mark_of(inv, to) != 0)
			return true;
	}
	return false;
}

void
placement_set_keep_reaching(struct placement_set *s, const char *property,
    const struct placement_set *targets)
{
	size_t i, n = 0;

	clear_marks(s->inv);
	for (i = 0; i < targets->n; i++)
		*mark_of(s->inv, targets->items[i]) = 1;
	for (i = 0; i < s->n; i++)
		if (refers_to_marked(s->inv, s->items[i], property))
			s->items[n++] = s->items[i];
	s->n = n;
}

bool
placement_set_is_double(const struct placement_set *s, size_t i)
{
	const char *name = props_text(s->items[i], "name");

	return (i > 0 &&
		   strcmp(props_text(s->items[i - 1], "name"), name) == 0) ||
	    (i + 1 < s->n &&
		strcmp(props_text(s->items[i + 1], "name"), name) == 0);
}

void
placement_set_tell(const struct placement_set *s, struct buf *b)
{
	struct names list = { 0 };
	struct buf text = { 0 };
	char *name;
	size_t i;

	for (i = 0; i < s->n; i++) {
		buf_cut(&text, 0);
		if (placement_set_is_double(s, i)) {
			name = tree_path(&s->inv->all, &s->inv->root,
			    s->items[i]);
			buf_char(&text, '/');
		} else {
			name = tree_name(s->items[i]);
		}
		buf_puts(&text, name == NULL ? "" : name);
		names_add(&list, buf_text(&text));
		free(name);
	}
	names_tell(&list, b);
	buf_free(&text);
}
