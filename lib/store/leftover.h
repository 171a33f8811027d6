#ifndef STORE_LEFTOVER_H
#define STORE_LEFTOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>
#include "base/err.h"

/*
 * leftover - unfinished points that nobody works on any more: partial folders
 * of runs that were killed, and of removals that were (esxbk-backup(5)).
 */
struct leftover {
	char *name;  /* ".web01_20261124_003004.partial" */
	time_t when; /* in its name */
	/* It has a journal: esxbk-export-vmdk --resume could take it up. */
	bool can_be_resumed;
};

/* Those of a VM's folder that no process has open, in order of name.  free
 * them in any case. */
int leftover_find(const char *folder, struct leftover **list, size_t *n,
    struct err *e);
void leftover_free(struct leftover *list, size_t n);

/* ERR_TEMP if a point of any VM in the folder is being made. */
int leftover_remove(const char *folder, const struct leftover *l,
    struct err *e);

#endif
