#ifndef VSPHERE_DSFILE_H
#define VSPHERE_DSFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/flow.h"
#include "vsphere/vim.h"

/*
 * dsfile - a file on a datastore, read in ranges over the host's HTTP access
 * (https://HOST/folder/PATH?dcPath=DC&dsName=DS; API: vim.FileManager).
 *
 * Names with special characters need their names encoded twice on some servers:
 * that is found out once and remembered.  The session's cookie is the
 * authority; a session that expired is logged in again.
 */
struct dsfile;

/* "[datastore1] web/web-flat.vmdk" taken apart: *path points into name. -1
 * without an error value if it is no such name: with ".." in it, for one. */
int dsfile_split(const char *name, char datastore[256], const char **path);

/* The inventory path of the datacenter that an object (a VM) lies in, as
 * dcPath wants it: "ha-datacenter", "folder/DC"; free() *path. */
int dsfile_datacenter(struct vim *v, const struct moref *object, char **path,
    struct err *e);

/* Asks for its size (HEAD).  ERR_NOTFOUND if there is none of that name;
 * ERR_TEMP if it is locked (HTTP 500), after a few tries. */
struct dsfile *dsfile_open(struct vim *v, const char *datacenter,
    const char *name, struct err *e);
uint64_t dsfile_size(const struct dsfile *f);

/* Last-Modified as the server says it, or "". */
const char *dsfile_modified(const struct dsfile *f);

/* A later answer had another Last-Modified.  Any thread. */
bool dsfile_is_changed(const struct dsfile *f);

/* Asks once more: for dsfile_is_changed(), when all is read. */
int dsfile_look_again(struct dsfile *f, struct err *e);

/* The session's limit of bytes a second is one for all of these lines; before
 * the first of them. */
void dsfile_share(struct dsfile *f, unsigned int lines);
void dsfile_free(struct dsfile *f); /* NULL is fine */

/* One connection, kept alive; for one thread.  Several may read a file. */
struct dsfile_line;
struct dsfile_line *dsfile_line_open(struct dsfile *f, struct err *e);

/*
 * Gives sink the bytes [offset, offset + n) once and in order.  A connection
 * that breaks, a busy server (502, 503) and a lock (500) are tried again from
 * the first byte that is missing, retries times, with a growing pause that
 * signals and *stop end.  An answer other than 206 with just this range of a
 * file of this size is ERR_PROTO (200: the server ignores ranges).
 */
int dsfile_read(struct dsfile_line *l, uint64_t offset, uint64_t n,
    unsigned int retries, const struct sink *to, const volatile bool *stop,
    struct err *e);
void dsfile_line_free(struct dsfile_line *l); /* NULL is fine */

/* A small file whole; ERR_DATA if it is longer than b->limit. */
int dsfile_get(struct vim *v, const char *datacenter, const char *name,
    struct buf *b, struct err *e);

#endif
