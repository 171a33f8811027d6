#ifndef ESXBK_PLAN_PLACE_H
#define ESXBK_PLAN_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"
#include "plan/units.h"

/*
 * place - files of "schedule" in a folder, among those of others.
 *
 * Only regular files that begin with our line are ever changed or removed.
 */
struct place_file {
	char *name; /* below the folder */
	char *path;
	char *old;       /* NULL: it is not there */
	const char *new; /* NULL: it is to go; borrowed */
};

struct place {
	char *folder;
	struct place_file *files;
	size_t n;
};

/* What stands where these are to be, looked at and not touched: ERR_CREATE if
 * one is somebody else's.  place_free() in any case. */
int place_open(struct place *p, const char *folder, const struct units *u,
    struct err *e);

/* Adds our files of systemd's that are not among them: those of these plans,
 * or, if none is named, of all and the template.  Somebody else's are passed
 * over. */
int place_add_stale(struct place *p, const char **plans, size_t n,
    struct err *e);

/* Adds one of ours, if it is there. */
int place_add_old(struct place *p, const char *name, struct err *e);

bool place_changes(const struct place_file *f);
bool place_is_timer(const struct place_file *f);

/* Writes or removes what changes, each file whole or not at all; a folder
 * is made if its parent exists. */
int place_apply(struct place *p, struct err *e);
void place_free(struct place *p);

#endif
