#include "vsphere/owner.h"

#include <stdlib.h>
#include <string.h>
#include "vsphere/vm.h"

bool
owner_is_file(const char *operand)
{
	return operand[0] == '[' && strstr(operand, "] ") != NULL;
}

static const struct vm_disk *
find_disk(const struct vm *vm, const char *file)
{
	size_t i;

	for (i = 0; i < vm->n_disks; i++)
		if (strcmp(vm->disks[i].file, file) == 0)
			return &vm->disks[i];
	return NULL;
}

static int
search(const struct vm *vms, size_t n, const char *file, size_t *at,
    const struct vm_disk **disk, struct err *e)
{
	const struct vm_disk *d;
	size_t i;

	*disk = NULL;
	for (i = 0; i < n; i++) {
		d = find_disk(&vms[i], file);
		if (d == NULL)
			continue;
		if (*disk != NULL)
			return err_set(e, ERR_NOTFOUND,
			    "%s is a disk of two VMs: %s and %s", file,
			    vms[*at].ref.id, vms[i].ref.id);
		*disk = d;
		*at = i;
	}
	if (*disk != NULL)
		return 0;
	return err_set(e, ERR_NOTFOUND,
	    "no VM has the disk %s now: esxbk-list --json shows their files",
	    file);
}

int
owner_find(struct vim *v, const struct inv *inv, const char *file, size_t *at,
    char **label, struct err *e)
{
	struct moref *refs = calloc(inv->n + 1, sizeof(*refs));
	struct vm *vms = calloc(inv->n + 1, sizeof(*vms));
	const struct vm_disk *disk;
	int rc = -1;
	size_t i;

	*label = NULL;
	if (refs == NULL || vms == NULL) {
		err_set(e, ERR_OS, "out of memory");
		goto out;
	}
	for (i = 0; i < inv->n; i++)
		refs[i] = inv->entries[i].ref;
	if (vm_read_many(v, refs, inv->n, vms, e) == -1 ||
	    search(vms, inv->n, file, at, &disk, e) == -1)
		goto out;
	*label = strdup(disk->label);
	rc = *label == NULL ? err_set(e, ERR_OS, "out of memory") : 0;
out:
	for (i = 0; vms != NULL && i < inv->n; i++)
		vm_free(&vms[i]);
	free(vms);
	free(refs);
	return rc;
}
