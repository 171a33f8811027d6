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
	const char *name, *moid, *instance_uuid, *bios_uuid, *server;
};

struct catalog_point {
	char *name;  /* the folder's: "web01_20261124_003004" */
	time_t when; /* of the record */
	struct catalog_vm_id vm;
	char *plan;         /* NULL: made by hand */
	const char *mode;   /* "ovf", "vmdk" */
	char *parent;       /* name, or NULL */
	int parent_at;      /* in the folder's points, -1: not among them */
	bool is_full;       /* kinds full and merged */
	bool is_partial;    /* a device could not be part of it */
	bool is_renamed;    /* its record calls it by another name */
	bool is_broken;     /* a point that it needs is missing or damaged */
	unsigned int chain; /* links behind it that were read; 0: a full */
	uint64_t provisioned, transferred, stored; /* bytes; of files */
	double seconds;                            /* the backup took */
	/* From state/, with CATALOG_STATE. */
	bool is_pinned, is_damaged;
	time_t verified;        /* newest sound verification, 0: never */
	char verified_level[8]; /* "quick", "hash", "deep", or "" */
	time_t hash_verified;   /* newest sound one that was hash or deep */
	time_t deep_verified;   /* newest sound one that was deep */
};

/* One VM's folder; points in order of time, the oldest first. */
struct catalog_folder {
	char *name;
	struct catalog_point *points;
	size_t n;
	size_t n_names; /* points by their names, read or not */
	time_t *unread; /* times of those whose record could not be read */
	size_t n_unread;
	bool is_uncertain; /* of one, or of what is known of one, it was not
			      the content: try again */
};

struct catalog {
	char *path;
	struct catalog_folder *folders; /* in order of name */
	size_t n, n_passed;             /* those that could not be read */
};

/* Folder of a repository that is no VM's: the plans' runs. */
#define CATALOG_RUNS "runs"

enum catalog_depth {
	CATALOG_NEWEST, /* of each folder: the newest point (and so the newest
			 good, if that is another), by the times in names;
			 the others are not opened */
	CATALOG_ALL,
};

/* Neither damaged, as far as is known, nor without what it needs. */
bool catalog_is_good(const struct catalog_point *p);

/* state: also read what was learnt later.  A repository that is not there is
 * ERR_NOTFOUND, one that cannot be read ERR_IO.  catalog_free() in any case. */
int catalog_read(struct catalog *c, const char *path, enum catalog_depth depth,
    bool state, struct err *e);

/* The same for one VM's folder of it. */
int catalog_read_folder(struct catalog_folder *f, const char *repository,
    const char *name, enum catalog_depth depth, bool state, struct err *e);

/* CATALOG_NEWEST, and on until there is a good point of this plan (NULL: made
 * by hand), too: for a folder that several plans write to. */
int catalog_seek(struct catalog_folder *f, const char *repository,
    const char *name, const char *plan, bool state, struct err *e);
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

/* What a verification came to, merged with what is known from earlier ones:
 * exit is esxbk-verify's.  0: sound; 1, 65: damaged, until one of no lower
 * level finds it sound; others say nothing of the point and change nothing. */
int catalog_set_verified(const char *folder, const char *point,
    const char *level, time_t when, int exit, const char *text, struct err *e);

/* Sets the state "pin" of a point that is still there: ERR_TEMP while points of
 * the VM are being removed.  Afterwards no catalog_remove() takes it. */
int catalog_pin(const char *folder, const struct catalog_point *p,
    const json_t *pin, struct err *e);

/* Removes a point, its parents not: renamed to ".NAME.partial" first, then its
 * state.  Takes the VM's readers' lock exclusive, without waiting: ERR_TEMP if
 * somebody reads, or has pinned it since it was read.  What has no readable
 * record any more, or another, is not removed. */
int catalog_remove(const char *folder, const struct catalog_point *p,
    struct err *e);

/* Removes what a catalog_remove() that was killed left of this VM.  Where
 * somebody reads or writes points of the VM it is left for the next time. */
int catalog_sweep(const char *folder, const struct catalog_vm_id *vm,
    struct err *e);

#endif
