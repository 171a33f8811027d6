#include "vsphere/pick.h"

#include <stdlib.h>

struct selector_vm *
pick_list(const struct inv *inv, struct err *e)
{
	struct selector_vm *vms = calloc(inv->n + 1, sizeof(*vms));
	size_t i;

	if (vms == NULL)
		err_sys(e, ERR_OS, "memory");
	for (i = 0; vms != NULL && i < inv->n; i++)
		vms[i] = (struct selector_vm){ .name = inv->entries[i].name,
			.id = inv->entries[i].ref.id,
			.path = inv->entries[i].path,
			.uuid = inv->entries[i].uuid,
			.instance_uuid = inv->entries[i].instance_uuid,
			.is_on = inv->entries[i].is_on };
	return vms;
}

int
pick_vms(const struct inv *inv, const char *const *selectors, size_t n,
    bool *picked, struct err *e)
{
	struct selector_vm *vms = pick_list(inv, e);
	int rc = vms == NULL
	    ? -1
	    : selector_pick(vms, inv->n, selectors, n, picked, e);

	free(vms);
	return rc;
}
