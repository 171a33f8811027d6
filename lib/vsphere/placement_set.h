#ifndef VSPHERE_PLACEMENT_SET_H
#define VSPHERE_PLACEMENT_SET_H

#include <stdbool.h>
#include <stddef.h>
#include "base/buf.h"
#include "vsphere/props.h"

/*
 * placement_set - the inventory as placement needs it, and sets of its
 * objects: candidates that are narrowed down until one is left, and named in
 * messages if not.
 *
 * Marks are one number for each object, so that no narrowing compares all
 * with all: inventories have thousands of objects.
 */
enum placement_kind {
	PLACEMENT_HOST,
	PLACEMENT_COMPUTE,
	PLACEMENT_POOL,
	PLACEMENT_FOLDER, /* of VMs */
	PLACEMENT_DATASTORE,
	PLACEMENT_NETWORK, /* no uplinks */
};

struct placement_inv {
	struct props all; /* sorted */
	struct moref root;
	size_t *marks; /* for each object */
};

/* Ordered by name, then id.  The objects belong to the inventory. */
struct placement_set {
	const struct placement_inv *inv;
	const struct props_object **items;
	size_t n;
};

int placement_set_read_inv(struct vim *v, struct placement_inv *inv,
    struct err *e);
void placement_set_free_inv(struct placement_inv *inv);

/* All of a kind; what was in the set is no more. */
int placement_set_init(struct placement_set *s, const struct placement_inv *inv,
    enum placement_kind kind, struct err *e);
void placement_set_free(struct placement_set *s);

/* The ComputeResource that a host or a pool belongs to (a ComputeResource: to
 * itself), the Datacenter that anything is in; NULL if it cannot be seen. */
const struct props_object *placement_set_compute(
    const struct placement_inv *inv, const struct props_object *o);
const struct props_object *placement_set_datacenter(
    const struct placement_inv *inv, const struct props_object *o);

/* Connected and not in maintenance mode. */
bool placement_set_is_usable(const struct props_object *host);

/* Has that name, unescaped, or that path, with or without '/' in front. */
bool placement_set_is_called(const struct placement_inv *inv,
    const struct props_object *o, const char *name);

/* These narrow s: to what is called so; what keep() says; what one of
 * `named` is related to; what the property of all of `holders` refers to; what
 * refers by its property to one of `targets`. */
typedef const struct props_object *placement_relation(
    const struct placement_inv *inv, const struct props_object *o);

void placement_set_keep_called(struct placement_set *s, const char *name);
void placement_set_keep_if(struct placement_set *s,
    bool (*keep)(const struct props_object *o));
void placement_set_keep_related(struct placement_set *s,
    placement_relation *mine, const struct placement_set *named,
    placement_relation *theirs);
void placement_set_keep_reached(struct placement_set *s,
    const struct placement_set *holders, const char *property);
void placement_set_keep_reaching(struct placement_set *s, const char *property,
    const struct placement_set *targets);

/* "there are 'a', 'b' and 3 more"; two of one name by their paths. */
void placement_set_tell(const struct placement_set *s, struct buf *b);

/* Another has the same name. */
bool placement_set_is_double(const struct placement_set *s, size_t i);

#endif
