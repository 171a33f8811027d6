#ifndef STORE_RECORD_H
#define STORE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>
#include "base/err.h"
#include "codec/json.h"

/*
 * record - a point's backup.json, as it is read (esxbk-backup(5)).
 *
 * Untrusted: it may lie on a share that others write to.  A record is a
 * JSON object of this schema with a time; every other key may be missing or
 * of a wrong type.
 */
#define RECORD_FILE "backup.json"
#define RECORD_SCHEMA "esxbk.backup/1"

/* Of 256 disks it has a quarter of that; as values in memory a hostile one
 * takes 80 times its size. */
enum { RECORD_MAX_BYTES = 1 << 20 };

/* Disks and other files that it names; each is looked for among all others. */
enum { RECORD_MAX_FILES = 1024 };

/* name stands in errors (ERR_DATA).  json_decref() the result. */
json_t *record_parse(const char *name, const void *p, size_t n, struct err *e);

/* Reads folder/backup.json, folder being relative to dirfd (AT_FDCWD).  No
 * link is followed.  A folder without one is ERR_NOTFOUND. */
json_t *record_read(int dirfd, const char *folder, struct err *e);

/* When the VM was as the point has it. */
time_t record_time(const json_t *record);

/* uuid is the VM's instance or BIOS uuid. */
bool record_is_of_vm(const json_t *record, const char *uuid);

#endif
