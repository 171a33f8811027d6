#include "vsphere/placement_choose.h"

#include <stdlib.h>
#include <string.h>
#include "vsphere/tree.h"

static int
refuse(int class, const char *before, const struct placement_set *s,
    struct err *e)
{
	struct buf list = { 0 };

	placement_set_tell(s, &list);
	err_set(e, class, "%.300s%s", before, buf_text(&list));
	buf_free(&list);
	return -1;
}

/* "before 'its name' after" */
static int
refuse_object(int class, const char *before, const struct placement_set *s,
    const char *after, struct err *e)
{
	char *name = tree_name(s->items[0]);

	err_set(e, class, "%s '%.200s'%s", before, name == NULL ? "" : name,
	    after);
	free(name);
	return -1;
}

/* With the names that there are. */
static int
refuse_unknown(const char *what, const char *name,
    const struct placement_set *s, struct err *e)
{
	struct buf text = { 0 };

	buf_fmt(&text, "no %s '%.200s'; ", what, name);
	refuse(ERR_NOTFOUND, buf_text(&text), s, e);
	buf_free(&text);
	return -1;
}

static int
refuse_double(const char *what, const char *name, const struct placement_set *s,
    struct err *e)
{
	struct buf text = { 0 };

	buf_fmt(&text,
	    "%zu %ss are called '%.200s', name one by its path: ", s->n, what,
	    name);
	refuse(ERR_NOTFOUND, buf_text(&text), s, e);
	buf_free(&text);
	return -1;
}

static bool
has_called(const struct placement_set *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (placement_set_is_called(s->inv, s->items[i], name))
			return true;
	return false;
}

static int
read_set(struct placement_choice *c, struct placement_set *s,
    enum placement_kind kind, const char *what, const char *name, struct err *e)
{
	if (placement_set_init(s, &c->inv, kind, e) == -1)
		return -1;
	if (name == NULL)
		return 0;
	if (!has_called(s, name))
		return refuse_unknown(what, name, s, e);
	placement_set_keep_called(s, name);
	return 0;
}

static bool
is_child_pool(const struct props_object *o)
{
	struct moref up;

	return soap_read_ref(props_find(o, "parent"), &up) == 0 &&
	    (strcmp(up.type, "ResourcePool") == 0 ||
		strcmp(up.type, "VirtualApp") == 0);
}

/* Root pools are all called "Resources": they go by the name of their host or
 * cluster, too. */
static int
read_pools(struct placement_choice *c, const char *name, struct err *e)
{
	struct placement_set *s = &c->pools;

	if (placement_set_init(s, &c->inv, PLACEMENT_POOL, e) == -1)
		return -1;
	if (name == NULL)
		return 0;
	if (!has_called(s, name)) {
		if (has_called(&c->computes, name))
			return read_set(c, s, PLACEMENT_COMPUTE, "pool", name,
			    e);
		placement_set_keep_if(s, is_child_pool);
		if (s->n == 0 &&
		    placement_set_init(s, &c->inv, PLACEMENT_COMPUTE, e) == -1)
			return -1;
		return refuse_unknown("pool", name, s, e);
	}
	placement_set_keep_called(s, name);
	return 0;
}

static int
read_all(struct placement_choice *c, struct err *e)
{
	const struct placement_want *w = c->want;

	if (placement_set_read_inv(c->v, &c->inv, e) == -1 ||
	    read_set(c, &c->computes, PLACEMENT_COMPUTE, NULL, NULL, e) == -1 ||
	    read_set(c, &c->hosts, PLACEMENT_HOST, "host", w->host, e) == -1 ||
	    read_pools(c, w->pool, e) == -1 ||
	    read_set(c, &c->datastores, PLACEMENT_DATASTORE, "datastore",
		w->datastore, e) == -1 ||
	    read_set(c, &c->folders, PLACEMENT_FOLDER, "folder", w->folder,
		e) == -1 ||
	    read_set(c, &c->networks, PLACEMENT_NETWORK, NULL, NULL, e) == -1)
		return -1;
	return 0;
}

/* What a message says of the place found up to now. */
static int
refuse_elsewhere(const struct placement_choice *c, const char *what,
    const char *name, struct err *e)
{
	const struct placement_want *w = c->want;

	if (w->host == NULL && w->pool == NULL)
		return err_set(e, ERR_NOTFOUND, "no host goes with %s '%.200s'",
		    what, name);
	return err_set(e, ERR_USAGE, "%s '%.200s' does not go with %s '%.200s'",
	    what, name, w->host != NULL ? "host" : "pool",
	    w->host != NULL ? w->host : w->pool);
}

/* The hosts and clusters that fit what was named. */
static int
narrow_computes(struct placement_choice *c, struct err *e)
{
	struct placement_set *s = &c->computes;
	const struct placement_want *w = c->want;

	if (w->host != NULL)
		placement_set_keep_related(s, placement_set_compute, &c->hosts,
		    placement_set_compute);
	if (w->pool != NULL) {
		placement_set_keep_related(s, placement_set_compute, &c->pools,
		    placement_set_compute);
		if (s->n == 0)
			return refuse_elsewhere(c, "pool", w->pool, e);
	}
	if (w->folder != NULL) {
		placement_set_keep_related(s, placement_set_datacenter,
		    &c->folders, placement_set_datacenter);
		if (s->n == 0)
			return refuse_elsewhere(c, "folder", w->folder, e);
	}
	if (w->datastore != NULL && s->n > 1) {
		placement_set_keep_reaching(s, "datastore", &c->datastores);
		if (s->n == 0)
			return refuse_elsewhere(c, "datastore", w->datastore,
			    e);
	}
	return 0;
}

/* Hosts that take no VM now are no candidates, unless there are no others:
 * placement_check_host() tells why. */
static int
prefer_usable(struct placement_choice *c, struct err *e)
{
	struct placement_set usable = { 0 }, *s = &c->computes;
	struct placement_set left = { 0 };
	int rc = -1;

	if (placement_set_init(&usable, &c->inv, PLACEMENT_HOST, e) == -1 ||
	    placement_set_init(&left, &c->inv, PLACEMENT_COMPUTE, e) == -1)
		goto out;
	placement_set_keep_if(&usable, placement_set_is_usable);
	placement_set_keep_related(&left, placement_set_compute, s,
	    placement_set_compute);
	placement_set_keep_related(&left, placement_set_compute, &usable,
	    placement_set_compute);
	if (left.n > 0) {
		placement_set_free(s);
		*s = left;
		left = (struct placement_set){ 0 };
	}
	rc = 0;
out:
	placement_set_free(&usable);
	placement_set_free(&left);
	return rc;
}

static int
choose_compute(struct placement_choice *c, struct err *e)
{
	struct placement_set *s = &c->computes;
	const struct placement_want *w = c->want;

	if (narrow_computes(c, e) == -1)
		return -1;
	if (w->host == NULL && w->pool == NULL && prefer_usable(c, e) == -1)
		return -1;
	if (s->n == 1)
		return 0;
	if (s->n == 0)
		return err_set(e, ERR_NOTFOUND, "no host can be seen");
	if (w->host != NULL)
		return refuse_double("host", w->host, &c->hosts, e);
	if (w->pool != NULL)
		return refuse_double("pool", w->pool, &c->pools, e);
	return refuse(ERR_USAGE, "--pool or --host is needed: ", s, e);
}

static int
choose_pool(struct placement_choice *c, struct err *e)
{
	struct placement_set *s = &c->pools;
	const struct props_object *root = NULL;
	struct moref ref;

	if (c->want->pool != NULL)
		placement_set_keep_related(s, placement_set_compute,
		    &c->computes, placement_set_compute);
	if (c->want->pool != NULL && s->n > 1)
		return refuse_double("pool", c->want->pool, s, e);
	if (c->want->pool != NULL &&
	    strcmp(s->items[0]->ref.type, "VirtualApp") == 0)
		return err_set(e, ERR_USAGE,
		    "'%.200s' is a vApp: name a resource pool", c->want->pool);
	if (c->want->pool != NULL &&
	    strcmp(s->items[0]->ref.type, "ResourcePool") == 0)
		return 0;
	if (soap_read_ref(props_find(c->computes.items[0], "resourcePool"),
		&ref) == 0)
		root = tree_find(&c->inv.all, &ref);
	if (root == NULL)
		return refuse_object(ERR_NOTFOUND, "the resource pool of",
		    &c->computes, " cannot be seen", e);
	s->items[0] = root;
	s->n = 1;
	return 0;
}

/* Old servers tell it under another name.  1: yes. */
static int
has_drs(struct placement_choice *c, struct err *e)
{
	static const char *const paths[] = { "configurationEx", NULL };
	static const char *const old_paths[] = { "configuration", NULL };
	const struct xml_node *n;
	struct props p = { 0 };
	int rc;

	if (props_get(c->v, &c->computes.items[0]->ref, paths, &p, e) == -1)
		return -1;
	n = xml_child(props_find(&p.objects[0], "configurationEx"),
	    "drsConfig");
	if (n == NULL) {
		props_free(&p);
		if (props_get(c->v, &c->computes.items[0]->ref, old_paths, &p,
			e) == -1)
			return -1;
		n = xml_child(props_find(&p.objects[0], "configuration"),
		    "drsConfig");
	}
	rc = soap_bool(xml_child(n, "enabled"), false);
	props_free(&p);
	return rc;
}

static const char nowhere[] =
    " is on no host that is connected and out of maintenance mode";

static int
refuse_unreached(struct placement_choice *c, const char *name, struct err *e)
{
	struct placement_set *s = &c->datastores;
	struct buf text = { 0 };

	if (placement_set_init(s, &c->inv, PLACEMENT_DATASTORE, e) == -1)
		return -1;
	placement_set_keep_reached(s,
	    c->host == NULL ? &c->computes : &c->hosts, "datastore");
	buf_fmt(&text, "datastore '%.200s' cannot be reached from there; ",
	    name);
	refuse(ERR_NOTFOUND, buf_text(&text), s, e);
	buf_free(&text);
	return -1;
}

/* Later there may be one. */
static int
refuse_unusable(const char *before, const struct placement_set *s,
    const char *after, struct err *e)
{
	if (e->class == ERR_NONE)
		strcpy(e->fault, "InvalidState");
	return refuse_object(ERR_TEMP, before, s, after, e);
}

/* Of a cluster: all that could take the VM, one of them if there is no DRS. */
static int
choose_in_cluster(struct placement_choice *c, struct err *e)
{
	struct placement_set *s = &c->hosts;
	int drs;

	placement_set_keep_if(s, placement_set_is_usable);
	if (s->n == 0)
		return refuse_unusable("no host of cluster", &c->computes,
		    " is connected and out of maintenance mode", e);
	if (c->want->datastore != NULL) {
		placement_set_keep_reached(&c->datastores, &c->computes,
		    "datastore");
		if (c->datastores.n == 0)
			return refuse_unreached(c, c->want->datastore, e);
		placement_set_keep_reaching(s, "datastore", &c->datastores);
	}
	if (s->n == 0)
		return refuse_unusable("datastore", &c->datastores, nowhere, e);
	if (s->n == 1) {
		c->host = s->items[0];
		return 0;
	}
	drs = has_drs(c, e);
	if (drs == -1)
		return -1;
	if (drs == 0)
		return refuse(ERR_USAGE,
		    "--host is needed, the cluster has no DRS: ", s, e);
	return 0;
}

static int
choose_host(struct placement_choice *c, struct err *e)
{
	struct placement_set *s = &c->hosts;

	placement_set_keep_related(s, placement_set_compute, &c->computes,
	    placement_set_compute);
	if (c->want->host != NULL && s->n > 1)
		return refuse_double("host", c->want->host, s, e);
	if (s->n == 0)
		return refuse_object(ERR_NOTFOUND, "no host of", &c->computes,
		    " can be seen", e);
	if (c->want->host == NULL &&
	    strcmp(c->computes.items[0]->ref.type, "ClusterComputeResource") ==
		0)
		return choose_in_cluster(c, e);
	c->host = s->items[0];
	return 0;
}

static bool
is_accessible(const struct props_object *datastore)
{
	const char *mode = props_text(datastore, "summary.maintenanceMode");

	return soap_bool(props_find(datastore, "summary.accessible"), false) &&
	    (mode[0] == '\0' || strcmp(mode, "normal") == 0);
}

static int
check_datastore(const struct props_object *o, const char *name, struct err *e)
{
	if (is_accessible(o))
		return 0;
	if (soap_bool(props_find(o, "summary.accessible"), false))
		return err_set(e, ERR_TEMP,
		    "datastore '%.200s' is in maintenance mode", name);
	return err_set(e, ERR_TEMP, "datastore '%.200s' is not accessible",
	    name);
}

static int
choose_datastore(struct placement_choice *c, struct err *e)
{
	struct placement_set *s = &c->datastores;
	const char *name = c->want->datastore;

	placement_set_keep_reached(s,
	    c->host == NULL ? &c->computes : &c->hosts, "datastore");
	if (name == NULL)
		placement_set_keep_if(s, is_accessible);
	if (name != NULL && s->n == 0)
		return refuse_unreached(c, name, e);
	if (name != NULL && s->n > 1)
		return refuse_double("datastore", name, s, e);
	if (name != NULL && check_datastore(s->items[0], name, e) == -1)
		return -1;
	if (s->n == 0)
		return refuse_object(ERR_NOTFOUND,
		    "no datastore is accessible from",
		    c->host == NULL ? &c->computes : &c->hosts, "", e);
	if (s->n > 1)
		return refuse(ERR_USAGE, "--datastore is needed: ", s, e);
	if (c->host == NULL) /* it will be one of those that have it */
		placement_set_keep_reaching(&c->hosts, "datastore", s);
	if (c->hosts.n == 0)
		return refuse_unusable("datastore", s, nowhere, e);
	return 0;
}

/* Made by the server: none is meant for what a user deploys. */
static bool
is_users_folder(const struct props_object *o)
{
	const char *name = props_text(o, "name");

	return strcmp(name, "vCLS") != 0 &&
	    strcmp(name, "Discovered virtual machine") != 0;
}

static int
choose_folder(struct placement_choice *c, struct err *e)
{
	struct placement_set *s = &c->folders;

	placement_set_keep_related(s, placement_set_datacenter, &c->computes,
	    placement_set_datacenter);
	if (c->want->folder == NULL)
		placement_set_keep_if(s, is_users_folder);
	else if (s->n > 1)
		return refuse_double("folder", c->want->folder, s, e);
	if (s->n == 0)
		return err_set(e, ERR_NOTFOUND, "no folder of VMs can be seen");
	if (s->n > 1)
		return refuse(ERR_USAGE, "--folder is needed: ", s, e);
	return 0;
}

int
placement_choose(struct vim *v, const struct placement_want *want,
    struct placement_choice *c, struct err *e)
{
	c->v = v;
	c->want = want;
	if (read_all(c, e) == -1 || choose_compute(c, e) == -1 ||
	    choose_pool(c, e) == -1 || choose_host(c, e) == -1 ||
	    choose_datastore(c, e) == -1 || choose_folder(c, e) == -1)
		return -1;
	placement_set_keep_reached(&c->networks, &c->hosts, "network");
	return 0;
}

void
placement_choose_free(struct placement_choice *c)
{
	placement_set_free(&c->computes);
	placement_set_free(&c->hosts);
	placement_set_free(&c->pools);
	placement_set_free(&c->datastores);
	placement_set_free(&c->folders);
	placement_set_free(&c->networks);
	placement_set_free_inv(&c->inv);
}
