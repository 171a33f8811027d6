#ifndef STORE_CATALOG_INTERNAL_H
#define STORE_CATALOG_INTERNAL_H

#include "store/catalog.h"
#include "sys/lock.h"

/*
 * catalog_internal - what the files of catalog share.
 */

/* What lies in a VM's folder, by names alone. */
struct catalog_name {
	char *name;
	time_t when; /* the time in it */
	bool is_read;
};

struct catalog_scan {
	const char *repository, *folder; /* for messages; borrowed */
	int fd;                          /* of the folder */
	struct catalog_name *names;      /* in order of time */
	size_t n;
	char **states; /* of files in state/, in order */
	size_t n_states;
	int state_fd; /* -1: there is no such folder */
	size_t n_passed;
	bool is_uncertain; /* a state could not be read, whatever it holds */
};

/* "web01_20261124_003004", also with "_merged": *when is the time in it. */
bool catalog_scan_is_point(const char *name, time_t *when);

/* 1; 0 if it is no folder (a link to one is none). */
int catalog_scan_open(struct catalog_scan *s, int dirfd, const char *repository,
    const char *folder, bool state, struct err *e);
void catalog_scan_close(struct catalog_scan *s);
struct catalog_name *catalog_scan_find(const struct catalog_scan *s,
    const char *name);

/* Tells why something was passed over; after a few it only counts. */
void catalog_scan_pass(struct catalog_scan *s, const struct err *why);

/* Fills a point from its record and, if they are scanned, its states.  A
 * failure is the record's. */
int catalog_record_read(struct catalog_point *p, struct catalog_scan *s,
    const char *name, struct err *e);
void catalog_record_free(struct catalog_point *p);

/* Bytes of a point's files, by the folder's descriptor. */
int catalog_used_at(int folder_fd, const char *point, uint64_t *bytes,
    struct err *e);

/* The uuid that a VM's locks are called by. */
const char *catalog_record_uuid(const struct catalog_vm_id *vm);

/* state/POINT.KIND.json, NULL if there is none that is one. */
json_t *catalog_state_read(int state_fd, const char *point, const char *kind,
    struct err *e);
void catalog_state_fill(struct catalog_point *p, struct catalog_scan *s);

/* Removes all that is known of a point in state/. */
int catalog_state_remove(int folder_fd, const char *point, struct err *e);

/* The same for the point that ".NAME.partial" was, if it is not there. */
int catalog_sweep_state(int folder_fd, const char *partial, struct err *e);

/* Empties and removes the partial folder of this name: its record goes last,
 * so that what a kill leaves is known by it. */
int catalog_remove_partial(int folder_fd, const char *folder,
    const char *partial, struct err *e);

/* Still the point that was read, by the same record? */
int catalog_remove_check(int dirfd, const struct catalog_point *p,
    struct err *e);

/* A lock of the VM in its folder: kind is 'r' or 'w'. */
struct lock *catalog_remove_lock(const char *folder,
    const struct catalog_vm_id *vm, char kind, bool exclusive, struct err *e);

#endif
