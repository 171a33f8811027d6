#ifndef SYS_AFILE_H
#define SYS_AFILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/err.h"
#include "base/flow.h"

/*
 * afile - a whole-or-nothing file.
 *
 * Bytes go to "dir/.NAME.partial"; afile_commit() makes them durable and
 * gives them mode and name: write, fsync, close, rename, fsync of the folder.
 * afile_free() without commit leaves nothing.  One thread.
 */
struct afile;

enum afile_mode {
	AFILE_NEW,     /* the name must be free: ERR_CREATE if it is not */
	AFILE_REPLACE, /* an old file of that name goes at commit */
};

/* mode: permission bits of the finished file, e.g. 0444.  ERR_TEMP while
 * another process writes a file of this name. */
struct afile *afile_open(const char *path, enum afile_mode how,
    unsigned int mode, struct err *e);

/* The same for a descriptor that cannot seek: the bytes wait in a file
 * without a name in folder dir until afile_commit() copies them to fd, which
 * is called name in messages and stays open.  A signal ends the copying. */
struct afile *afile_open_spool(int fd, const char *name, const char *dir,
    struct err *e);

/* Where such bytes should wait: $TMPDIR, else /var/tmp. */
const char *afile_spool_dir(void);

/* Another mode than it was opened with; the finished file's owner, ERR_CREATE
 * if it may not be his. */
void afile_chmod(struct afile *f, unsigned int mode);
int afile_own(struct afile *f, uid_t owner, gid_t group, struct err *e);

int afile_write(struct afile *f, const void *p, size_t n, struct err *e);

/* Over bytes that were written before; more go to the end as they did. */
int afile_write_at(struct afile *f, uint64_t at, const void *p, size_t n,
    struct err *e);

/* Cuts off all behind the first bytes. */
int afile_cut(struct afile *f, uint64_t bytes, struct err *e);

/* afile_write() as a sink; valid as long as f. */
struct sink afile_sink(struct afile *f);

uint64_t afile_bytes(const struct afile *f);
int afile_commit(struct afile *f, struct err *e);
void afile_free(struct afile *f); /* NULL is fine */

#endif
