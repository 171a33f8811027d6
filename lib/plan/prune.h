#ifndef PLAN_PRUNE_H
#define PLAN_PRUNE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include "base/err.h"
#include "codec/json.h"
#include "plan/conf.h"
#include "store/catalog.h"

/*
 * prune - removes what a plan's retention does not keep (esxbk-plan(5),
 * RETENTION): in its repository, folder by folder, of each VM for itself.
 *
 * Only the plan's own points go: those of other plans, those made by hand and
 * those that somebody gave another name stay, and so does what they need.
 */
struct prune_how {
	time_t now;
	int max_delete; /* of a VM at once; -1: what the guard allows */
	bool dry_run;   /* only tell */
};

struct prune_point {
	bool is_mine;         /* of the plan */
	unsigned int reasons; /* enum keep_reason; 0: it goes */
	bool is_removed;      /* it went, or would */
	uint64_t bytes;       /* that it takes, of those that go */
};

struct prune {
	const struct conf_plan *plan; /* after prune_run() */
	char *path;                   /* of the folder */
	struct catalog_folder folder;
	struct prune_point *points; /* beside folder.points */
	size_t n_kept, n_removed;   /* of the plan's */
	uint64_t bytes;             /* freed */
};

/* Reads a folder of a repository.  prune_free() in any case. */
int prune_open(struct prune *p, const char *repository, const char *name,
    struct err *e);
void prune_free(struct prune *p);

/* Whether there is a point of the plan in it. */
bool prune_has(const struct prune *p, const struct conf_plan *plan);

/*
 * Removes what the plan does not keep; without a retention nothing.  *p tells
 * what was kept and removed also when -1 is returned: ERR_NEGATIVE, the guard
 * stopped it (KEEP_GUARD); ERR_TEMP, somebody reads the points, or the clock
 * is behind; ERR_IO, not all of the folder can be read now.  Once for each
 * prune_open().
 */
int prune_run(struct prune *p, const struct conf_plan *plan,
    const struct prune_how *how, struct err *e);

/* Both: after a backup, for one VM's folder. */
int prune_folder(struct prune *p, const struct conf_plan *plan,
    const char *name, const struct prune_how *how, struct err *e);

/* {"folder", "vm": {...}, "kept": [{"point", "reasons": [...]}], "removed":
 * [{"point", "bytes"}], "bytes"} */
json_t *prune_json(const struct prune *p);

/* Bytes that the repository's min_free lacks: 0 if it is met. */
int prune_missing(const struct conf_repo *repo, uint64_t *bytes, struct err *e);

/*
 * Before a backup: prunes all folders of the plan if min_free is not met.
 * *result: {"missing", "removed", "bytes"}, or NULL if there was nothing to
 * do.  What stands in a folder's way is told (log_warn) and passed over.
 */
int prune_before(const struct conf_plan *plan, time_t now, json_t **result,
    struct err *e);

#endif
