#ifndef JOB_TARGET_H
#define JOB_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include "base/err.h"
#include "codec/digest.h"
#include "codec/json.h"
#include "store/point.h"

/*
 * target - where the files of an export go: a point or an archive.
 *
 * As those two: what is not committed leaves nothing.  Into a point,
 * different files may be written by different threads; a sequential target
 * takes one at a time, and gives back only the last.
 */
struct target;
struct target_file;

struct target *target_open_point(const char *dir, const char *stem, time_t when,
    struct err *e);

/* path: FILE.ova, or "-" for standard output; descriptor_bytes: room for the
 * descriptor. */
struct target *target_open_archive(const char *path, const char *stem,
    time_t when, uint64_t descriptor_bytes, struct err *e);

/* p is the target's from now on. */
struct target *target_of_point(struct point *p, struct err *e);

/* The point behind it, NULL for an archive. */
struct point *target_as_point(const struct target *t);

bool target_is_sequential(const struct target *t);

/* Of the point, "" and 0 for an archive. */
const char *target_point(const struct target *t);
time_t target_time(const struct target *t);

/* As the user may open it; NULL for standard output. */
const char *target_path(const struct target *t);

struct target_file *target_file_open(struct target *t, const char *name,
    struct err *e);
int target_file_write(struct target_file *f, const void *data, size_t n,
    struct err *e);

/* hex: its digest for the manifest.  f is to be freed all the same. */
int target_file_commit(struct target_file *f, const char *hex, struct err *e);
void target_file_free(struct target_file *f); /* undoes it unless committed */
int target_file_remove(struct target *t, const char *name, struct err *e);

int target_put_descriptor(struct target *t, const char *stem, const void *data,
    size_t n, struct err *e);

/* kind: algorithm of the digests given; record: backup.json of a point, an
 * archive has none. */
int target_commit(struct target *t, enum digest_kind kind, const json_t *record,
    struct err *e);
void target_free(struct target *t); /* NULL is fine */

#endif
