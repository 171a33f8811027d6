#ifndef PLAN_PRUNE_INTERNAL_H
#define PLAN_PRUNE_INTERNAL_H

#include "plan/prune.h"
#include "store/keep.h"

/*
 * prune_internal - what prune and prune_days share: the points of one VM, for
 * those of a folder may be of several.
 */
struct prune_group {
	struct keep_point *points;
	size_t *at; /* their places in the folder */
	int *index; /* of a place in the folder: -1 if not among them */
	size_t n;
};

/* The points of the VM that point i is of, i being the first of them; those
 * that are done are of others.  prune_group_free() in any case. */
int prune_group(struct prune_group *g, const struct prune *p, size_t i,
    const bool *done, struct err *e);
void prune_group_free(struct prune_group *g);

#endif
