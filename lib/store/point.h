#ifndef STORE_POINT_H
#define STORE_POINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include "base/err.h"
#include "base/flow.h"
#include "codec/digest.h"
#include "codec/json.h"

/*
 * point - one backup of one VM: a folder of standard files that appears by
 * one rename (esxbk-backup(5)).
 *
 * point_open() makes ".STEM_STAMP.partial" in dir, point_file_*() write
 * files into it, point_commit() writes the manifest and backup.json, makes
 * everything durable and gives the folder its name.  point_free() without
 * commit removes the partial folder.  Files are 0444.  Different files may be
 * written by different threads; everything else is one thread's.
 *
 * Errors name the file in the partial folder: no space and I/O errors are
 * ERR_IO, a folder that cannot be written to or a taken name ERR_CREATE.
 */
struct point;
struct point_file;

/* stem: name_local()'s result.  If the name of this second is taken (also by
 * a partial), the next free second.  dir is made if its parent exists. */
struct point *point_open(const char *dir, const char *stem, time_t when,
    struct err *e);

const char *point_name(const struct point *p); /* "web01_20261124_003004" */
const char *point_path(
    const struct point *p); /* final path, before commit too */
const char *point_stem(const struct point *p);
time_t point_time(const struct point *p); /* the second in its name */

/* A file of the point, created exclusively.  name is one name, without '/',
 * and is neither the manifest nor backup.json. */
struct point_file *point_file_open(struct point *p, const char *name,
    struct err *e);
int point_file_write(struct point_file *f, const void *data, size_t n,
    struct err *e);
struct sink point_file_sink(struct point_file *f);

/* fsync and close; records name and digest hex for the manifest.  f is to be
 * freed all the same. */
int point_file_commit(struct point_file *f, const char *hex, struct err *e);
void point_file_free(struct point_file *f);  /* unlinks unless committed */
void point_file_leave(struct point_file *f); /* closes it, as it is */

/* For a file that is written in pieces, by several threads: bytes that nobody
 * writes are holes and read as zeros. */
struct point_file *point_file_open_sparse(struct point *p, const char *name,
    uint64_t bytes, struct err *e);
int point_file_write_at(struct point_file *f, uint64_t at, const void *data,
    size_t n, struct err *e);
/* Fewer than n bytes are ERR_IO. */
int point_file_read_at(struct point_file *f, uint64_t at, void *data, size_t n,
    struct err *e);
/* Makes these bytes zeros again. */
int point_file_clear(struct point_file *f, uint64_t at, uint64_t n,
    struct err *e);
/* What was written is durable, and so is the file's name. */
int point_file_sync(struct point_file *f, struct err *e);

/* Bytes that the file takes on its file system: holes take none. */
int point_file_used(struct point_file *f, uint64_t *bytes, struct err *e);

/* Takes a committed file out again: what came was not what was sent. */
int point_file_remove(struct point *p, const char *name, struct err *e);

/* A whole small file at once; its digest is computed here. */
int point_put(struct point *p, const char *name, const void *data, size_t n,
    struct err *e);

/* Manifest STEM.mf (kind: algorithm of all digests given; the descriptor
 * first, then in order of commit), backup.json from record, sync, rename, sync
 * of dir.  Without the last sync the point is there but -1 is returned. */
int point_commit(struct point *p, enum digest_kind kind, const json_t *record,
    struct err *e);
void point_free(struct point *p); /* NULL is fine */

/*
 * Takes up the newest partial folder of this stem that has a journal
 * (store/journal) and that no process has open: 1, with *p; 0: there is none.
 * uuid: as of point_sweep().
 * In it only sparse files are kept; point_file_open_sparse() finds them, and
 * those that nobody asked for are gone after point_commit().
 */
int point_resume(const char *dir, const char *stem, const char *uuid,
    struct point **p, struct err *e);

/* A sparse file of that name and size was kept. */
bool point_resume_has(const struct point *p, const char *name, uint64_t bytes);

/* point_free() without commit leaves the partial folder to be taken up. */
void point_keep(struct point *p);

/* Newest committed point of a VM in dir, by backup.json: uuid is the instance
 * or BIOS uuid.  Returns 1 with *when and *path (free() it), 0 if there is
 * none, -1 on error.  Unreadable points are passed over with a warning. */
int point_newest(const char *dir, const char *uuid, time_t *when, char **path,
    struct err *e);

/* Removes what earlier runs left of this stem in dir: partial folders
 * ".STEM_STAMP.partial", also of merged points, that no process has open.
 * keep, unless NULL, stays: where folders have no locks it looks abandoned.
 * Call it with the write lock held of the VM with that instance or BIOS uuid.
 * On NFS a folder's lock is not seen from other machines: there nothing is
 * removed while another VM's write lock is held in dir. */
int point_sweep(const char *dir, const char *stem, const char *uuid,
    const struct point *keep, struct err *e);

#endif
