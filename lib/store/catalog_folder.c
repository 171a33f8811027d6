#include <strings.h>
#include "store/catalog_internal.h"

static bool
is_set(const char *s)
{
	return s != NULL && *s != '\0';
}

static bool
is_same_vm(const struct catalog_vm_id *a, const struct catalog_vm_id *b)
{
	if (is_set(a->instance_uuid) && is_set(b->instance_uuid))
		return strcasecmp(a->instance_uuid, b->instance_uuid) == 0;
	return is_set(a->bios_uuid) && is_set(b->bios_uuid) &&
	    is_set(a->server) && is_set(b->server) &&
	    strcasecmp(a->bios_uuid, b->bios_uuid) == 0 &&
	    strcasecmp(a->server, b->server) == 0;
}

const struct catalog_folder *
catalog_folder_of(const struct catalog *c, const struct catalog_vm_id *vm)
{
	const struct catalog_folder *best = NULL;
	const struct catalog_point *newest;
	time_t when = 0;
	size_t i;

	for (i = 0; i < c->n; i++) {
		if (c->folders[i].n == 0)
			continue;
		newest = &c->folders[i].points[c->folders[i].n - 1];
		if (!is_same_vm(&newest->vm, vm) ||
		    (best != NULL && newest->when <= when))
			continue;
		best = &c->folders[i];
		when = newest->when;
	}
	return best;
}
