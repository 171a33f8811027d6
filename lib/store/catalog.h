#ifndef STORE_CATALOG_H
#define STORE_CATALOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include "base/err.h"
#include "codec/json.h"

/*
 * catalog - what a repository holds, found by looking (esxbk-backup(5)).
 *
 * REPO/VM-FOLDER/POINT/backup.json, and REPO/VM-FOLDER/state/POINT.KIND.json
 * for what was learnt of a point later.  Everything here may have been
 * written by others: what cannot be read is told (log_warn) and passed over,
 * a link is not followed.  Only numbers and names that pass their checks get
 * into these structures.
 */
struct catalog_vm_id {
	char *name, *moid, *instance_uuid, *bios_uuid, *server;
};

struct catalog_point {
	char *name;  /* the folder's: "web01_20261124_003004" */
	time_t when; /* of the record */
	struct catalog_vm_id vm;
	char *plan;         /* NULL: made by hand */
	char *mode;         /* "ovf", "vmdk" */
	char *parent;       /* name, or NULL */
	bool is_full;       /* kinds full and merged */
	bool is_partial;    /* a device could not be part of it */
	unsigned int chain; /* links behind it; 0: a full */
	uint64_t provisioned, transferred, stored; /* bytes; of files */
	double seconds;                            /* the backup took */
	/* From state/, with CATALOG_STATE. */
	bool is_pinned, is_damaged;
	time_t verified;        /* newest sound verification, 0: never */
	char verified_level[8]; /* "quick", "hash", "deep", or "" */
	time_t deep_verified;   /* newest sound one that was deep */
};

/* One VM's folder; points in order of time, the oldest first. */
struct catalog_folder {
	char *name;
	struct catalog_point *points;
	size_t n;
	size_t n_names; /* points by their names, read or not */
};

struct catalog {
	char *path;
	struct catalog_folder *folders; /* in order of name */
	size_t n;
};

enum catalog_depth {
	CATALOG_NEWEST, /* of each folder: the newest point (and so the newest
			 good, if that is another), by the times in names;
			 the others are not opened */
	CATALOG_ALL,
};

/* state: also read what was learnt later.  A repository that is not there is
 * ERR_NOTFOUND, one that cannot be read ERR_IO.  catalog_free() in any case. */
int catalog_read(struct catalog *c, const char *path, enum catalog_depth depth,
    bool state, struct err *e);

/* The same for one VM's folder of it. */
int catalog_read_folder(struct catalog_folder *f, const char *repository,
    const char *name, enum catalog_depth depth, bool state, struct err *e);
void catalog_folder_free(struct catalog_folder *f);
void catalog_free(struct catalog *c);

/*
 * The folder of a VM: the one whose newest point has the same instance uuid,
 * or, on a host that has none, the same BIOS uuid and server; NULL if there
 * is none.  Two that fit: that with the newest point.
 */
const struct catalog_folder *catalog_folder_of(const struct catalog *c,
    const struct catalog_vm_id *vm);

/* A new VM's folder: by its name, with "~uuid8" if another VM has that name
 * in this repository (upper and lower case being the same).  free() it. */
char *catalog_new_folder(const struct catalog *c,
    const struct catalog_vm_id *vm, struct err *e);

/* Bytes that a point's files take, holes not counted. */
int catalog_used_bytes(const char *folder, const char *point, uint64_t *bytes,
    struct err *e);

/* state/POINT.KIND.json, whole or not at all; kind is "verify", "pin", ...
 * NULL removes it (no error if it is not there). */
int catalog_set_state(const char *folder, const char *point, const char *kind,
    const json_t *value, struct err *e);

/* Removes a point, its parents not: renamed to ".NAME.partial" first, then its
 * state.  Takes the VM's readers' lock exclusive, without waiting: ERR_TEMP if
 * somebody reads. */
int catalog_remove(const char *folder, const struct catalog_point *p,
    struct err *e);

#endif
