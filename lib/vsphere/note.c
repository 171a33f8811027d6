#include "vsphere/note.h"

void
note_each(const struct vm *vm, note_fn *note, void *self)
{
	const char *why, *code;
	size_t i;

	for (i = 0; i < vm->n_disks; i++) {
		why = device_problem(&vm->disks[i], &code);
		if (why != NULL)
			note(self, code, vm->disks[i].label, why);
		if (vm->disks[i].is_shared)
			note(self, "W_SHARED_DISK", vm->disks[i].label,
			    "shared with other VMs: no snapshot can be "
			    "made");
	}
	if (vm->has_vtpm)
		note(self, "W_VTPM", "virtual TPM",
		    "an export holds no virtual TPM");
	if (vm->is_template)
		note(self, "W_TEMPLATE", "template",
		    "it can have no snapshot: use '--snapshot never'");
	if (vm->is_fault_tolerant)
		note(self, "W_FAULT_TOLERANT", "fault tolerance",
		    "it can have no snapshot");
	if (vm->needs_consolidation)
		note(self, "W_CONSOLIDATION", "disks",
		    "they need consolidation");
}
