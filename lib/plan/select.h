#ifndef PLAN_SELECT_H
#define PLAN_SELECT_H

#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"
#include "base/selector.h"
#include "plan/conf_parts.h"

/*
 * select - which VMs of a site a plan means.
 *
 * Pure.  As on a command line, but a selector that means no VM, or two, is
 * only noted: it must not keep the others from being backed up.
 */
struct select_miss {
	const char *what; /* the selector's, behind its colon; borrowed */
	char *text;
	bool is_absent; /* else it means two */
};

struct select {
	bool *picked; /* of each VM */
	size_t n_picked;
	struct select_miss *misses;
	size_t n_misses;
};

/* select_free() in any case. */
int select_vms(struct select *s, const struct conf_list *selectors,
    const struct selector_vm *vms, size_t n, struct err *e);
void select_free(struct select *s);

#endif
