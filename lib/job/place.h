#ifndef JOB_PLACE_H
#define JOB_PLACE_H

#include <stdbool.h>
#include "base/err.h"
#include "net/url.h"
#include "sys/lock.h"

/*
 * place - where an export is to appear, before anything is there: the folder
 * of points or of an OVA, or standard output.
 *
 * One run at a time works on a VM there: the lock ".w-UUID8" lies in the
 * folder.  Where there is no folder, the lock is a name on this machine, made
 * of user, server and VM, and the snapshots swept under it are the user's.
 *
 * { 0 } is empty.
 */
struct place {
	char *folder;     /* NULL: standard output */
	const char *file; /* the OVA, NULL for points and standard output */
	char *repository; /* marks our snapshots; after place_lock() */
	struct lock *lock;
};

/* archive: FILE.ova, "-", or NULL: points in dir.  Both are the caller's. */
int place_init(struct place *p, const char *dir, const char *archive,
    struct err *e);
bool place_is_stdout(const struct place *p);

/* Makes the folder of points; ERR_TEMP if another run works on that VM, after
 * two seconds at most. */
int place_lock(struct place *p, const struct url *server, const char *uuid,
    struct err *e);

/* Could the lock be made?  For a dry run, which makes nothing. */
int place_look(const struct place *p, struct err *e);

/* ERR_CREATE if the OVA's name is taken. */
int place_check_name(const struct place *p, struct err *e);
void place_free(struct place *p);

#endif
