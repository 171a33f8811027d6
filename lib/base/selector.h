#ifndef BASE_SELECTOR_H
#define BASE_SELECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"

/*
 * selector - which VMs of a list are meant (esxbk(7), SELECTING VMS).
 *
 * An exact name, name:GLOB, moid:ID, uuid:UUID, path:/DC/vm/NAME, folder:GLOB,
 * power:on|off; with '!' in front it removes.  Pure.
 */
struct selector_vm {
	const char *name, *id, *path; /* path without a slash in front */
	const char *uuid;             /* BIOS uuid */
	const char *instance_uuid;
	bool is_on;
};

struct selector {
	bool removes;
	bool is_pattern;  /* may match nothing or many */
	const char *what; /* behind the colon; borrowed */
	bool (*match)(const struct selector_vm *vm, const char *what);
};

/* ERR_USAGE for a malformed one, a bare word with a glob character included. */
int selector_parse(struct selector *s, const char *text, struct err *e);

/* Sets or clears picked of the VMs that it means; *found of them.
 * ERR_NOTFOUND: an exact name, id or path that is not there, or two VMs have,
 * with both ids. */
int selector_apply(const struct selector *s, const struct selector_vm *vms,
    size_t n, bool *picked, size_t *found, struct err *e);

/* What several mean together, all of picked being set.  If the first one
 * removes, it removes from all VMs.  Also ERR_EMPTY: they mean none. */
int selector_pick(const struct selector_vm *vms, size_t n,
    const char *const *selectors, size_t n_selectors, bool *picked,
    struct err *e);

#endif
