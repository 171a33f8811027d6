#ifndef VSPHERE_NOTE_H
#define VSPHERE_NOTE_H

#include "vsphere/vm.h"

/*
 * note - what a backup of a VM will not hold, or what prevents one, as far as
 * its configuration tells (esxbk-result(5), WARNING CODES).
 */
typedef void note_fn(void *self, const char *code, const char *device,
    const char *why);

/* Called for each note. */
void note_each(const struct vm *vm, note_fn *note, void *self);

#endif
