#include "vsphere/placement.h"

#include <stdlib.h>
#include <string.h>
#include "vsphere/placement_choose.h"
#include "vsphere/tree.h"

static int
keep_name(const struct props_object *o, char **to, struct err *e)
{
	*to = o == NULL ? strdup("") : tree_name(o);
	return *to == NULL ? err_sys(e, ERR_OS, "memory") : 0;
}

static int
keep_path(const struct placement_choice *c, const struct props_object *o,
    char **to, struct err *e)
{
	*to = tree_path(&c->inv.all, &c->inv.root, o);
	if (*to == NULL)
		return err_set(e, ERR_PROTO, "%s: a path of more than %d bytes",
		    o->ref.id, TREE_PATH_MAX);
	return 0;
}

static int
fill_networks(struct placement_choice *c, struct placement *p, struct err *e)
{
	struct placement_set *s = &c->networks;
	struct placement_network *net;
	struct buf name = { 0 };
	size_t i;

	p->networks = calloc(s->n + 1, sizeof(*p->networks));
	if (p->networks == NULL)
		return err_sys(e, ERR_OS, "memory");
	for (i = 0; i < s->n; i++) {
		net = &p->networks[p->n_networks++];
		net->ref = s->items[i]->ref;
		if (keep_path(c, s->items[i], &net->path, e) == -1)
			return -1;
		if (!placement_set_is_double(s, i)) {
			if (keep_name(s->items[i], &net->name, e) == -1)
				return -1;
			continue;
		}
		buf_fmt(&name, "/%s", net->path);
		net->name = buf_steal(&name);
		if (net->name == NULL)
			return err_set(e, ERR_OS, "out of memory");
	}
	return 0;
}

static int
fill(struct placement_choice *c, struct placement *p, struct err *e)
{
	const struct props_object *datastore = c->datastores.items[0];

	p->compute = c->computes.items[0]->ref;
	p->pool = c->pools.items[0]->ref;
	p->folder = c->folders.items[0]->ref;
	p->datastore = datastore->ref;
	p->free_bytes = soap_u64(props_find(datastore, "summary.freeSpace"), 0);
	if (c->host != NULL)
		p->host = c->host->ref;
	if (keep_name(c->host, &p->host_name, e) == -1 ||
	    keep_name(c->pools.items[0], &p->pool_name, e) == -1 ||
	    keep_name(datastore, &p->datastore_name, e) == -1 ||
	    keep_path(c, c->folders.items[0], &p->folder_path, e) == -1)
		return -1;
	return fill_networks(c, p, e);
}

int
placement_find(struct vim *v, const struct placement_want *want,
    struct placement *p, struct err *e)
{
	struct placement_choice c = { 0 };
	int rc = -1;

	if (placement_choose(v, want, &c, e) == 0)
		rc = fill(&c, p, e);
	placement_choose_free(&c);
	if (rc == -1)
		placement_free(p);
	return rc;
}

const struct placement_network *
placement_network(const struct placement *p, const char *name)
{
	size_t i;

	for (i = 0; i < p->n_networks; i++)
		if (strcmp(p->networks[i].name, name) == 0)
			return &p->networks[i];
	for (i = 0; i < p->n_networks; i++)
		if (strcmp(p->networks[i].path, name + (name[0] == '/')) == 0)
			return &p->networks[i];
	return NULL;
}

void
placement_free(struct placement *p)
{
	while (p->n_networks > 0) {
		free(p->networks[--p->n_networks].name);
		free(p->networks[p->n_networks].path);
	}
	free(p->networks);
	free(p->datastore_name);
	free(p->folder_path);
	free(p->pool_name);
	free(p->host_name);
	*p = (struct placement){ 0 };
}
