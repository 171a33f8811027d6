#ifndef PLAN_OVERVIEW_READ_H
#define PLAN_OVERVIEW_READ_H

#include <stddef.h>
#include <time.h>
#include "base/err.h"
#include "plan/overview.h"

/*
 * overview_read - what an overview is made of, from repositories.
 *
 * A repository that cannot be read, or is not mounted though the configuration
 * says that it is, becomes the problem of its plans and no failure: the rest
 * can be told.
 */
struct overview_repo {
	const struct conf_repo *repo;
	struct catalog catalog;
	char *problem; /* or NULL */
};

struct overview_data {
	struct overview_repo *repos;
	size_t n_repos;
	struct history *histories; /* one a plan */
	struct overview_source *sources;
	size_t n;
};

/* How much is read: each VM's newest points and the runs of the newest two
 * slots, or everything, and the runs since then. */
struct overview_depth {
	enum catalog_depth points;
	time_t runs_since; /* 0: two slots */
};

/* overview_read_free() in any case; plans must last as long. */
int overview_read(struct overview_data *d, const struct conf_plan *const *plans,
    size_t n, const struct overview_depth *depth, time_t now, struct err *e);
void overview_read_free(struct overview_data *d);

#endif
