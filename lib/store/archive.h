#ifndef STORE_ARCHIVE_H
#define STORE_ARCHIVE_H

#include <stdint.h>
#include <time.h>
#include "base/err.h"
#include "codec/digest.h"

/*
 * archive - an OVA that grows file by file: a tar archive of STEM.ovf, the
 * files of the descriptor, and STEM.mf.
 *
 * The descriptor must come first but is known last: archive_open() leaves
 * room for it, archive_put_descriptor() fills it, with blanks behind the text.
 * A file's header is written when its size is known; one that is not
 * committed is cut off again.  archive_commit() writes the manifest and makes
 * the archive appear; archive_free() without it leaves nothing.
 *
 * One thread, one file at a time.
 */
struct archive;
struct archive_file;

enum {
	/* A tar header holds names of 100 bytes; from name_local_short() with
	 * this, STEM~12345678-disk1024.vmdk is one. */
	ARCHIVE_STEM_BYTES = 77,
};

/* path: the name must be free, or "-": standard output, where all comes out
 * at the commit; till then it waits in a file without a name in
 * afile_spool_dir().  when: the time of all files in it. */
struct archive *archive_open(const char *path, const char *stem, time_t when,
    uint64_t descriptor_bytes, struct err *e);
const char *archive_path(const struct archive *a);
uint64_t archive_bytes(const struct archive *a);

struct archive_file *archive_file_open(struct archive *a, const char *name,
    struct err *e);
int archive_file_write(struct archive_file *f, const void *data, size_t n,
    struct err *e);

/* hex: its digest for the manifest.  f is to be freed all the same. */
int archive_file_commit(struct archive_file *f, const char *hex, struct err *e);
void archive_file_free(struct archive_file *f); /* cuts off unless committed */

/* Takes the last committed file out again. */
int archive_file_remove(struct archive *a, const char *name, struct err *e);

/* Once.  ERR_TEMP if there is too little room. */
int archive_put_descriptor(struct archive *a, const void *data, size_t n,
    struct err *e);

/* kind: algorithm of all digests given. */
int archive_commit(struct archive *a, enum digest_kind kind, struct err *e);
void archive_free(struct archive *a); /* NULL is fine */

#endif
