#ifndef JOB_UPLOAD_H
#define JOB_UPLOAD_H

#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "base/watch.h"
#include "codec/digest.h"
#include "image/vmdkr.h"
#include "job/supply.h"
#include "vsphere/lease.h"
#include "vsphere/vim.h"

/*
 * upload - one file of a backup to the URL that an import lease gives for it,
 * checked on its way.
 *
 * A disk: file -> digests -> POST on this thread, structure and grains on a
 * second one behind a ring.  The host gets the last bytes of a disk only when
 * all of it is known to be sound.  Anything else: file -> digests -> PUT.
 */
enum { UPLOAD_KINDS = DIGEST_SHA512 + 1 };

struct upload {
	/* what to do; the strings are others' */
	const char *file;        /* its name in the backup */
	uint64_t capacity_bytes; /* of a disk by its descriptor, 0: unknown */
	bool is_disk;
	bool is_created;          /* PUT: the host makes a file of it */
	bool is_gzip;             /* packed around the disk: inflated */
	bool wants[UPLOAD_KINDS]; /* digests of the file */
	bool wants_content;       /* the content digest of a disk */
	bool host_sha1;           /* the host can only say SHA-1 */

	/* what came of it */
	bool is_done;
	bool is_unfit; /* the failure is the backup's, not the way's */
	uint64_t file_bytes;
	uint64_t sent_bytes;
	char hex[UPLOAD_KINDS][DIGEST_HEX_SIZE]; /* of the file */
	char host_hex[DIGEST_HEX_SIZE]; /* of what was sent, for the host's
					   manifest */
	char content[DIGEST_HEX_SIZE];
	struct vmdkr_info info;
	struct err damage;   /* of the disk, where that is let pass */
	const char *verdict; /* "verified" or "unverified" by the host */
};

struct upload_env {
	struct vim *v;
	struct lease *lease;
	struct supply *supply;
	const volatile bool *stop;
	bool passes_damage; /* for salvage */
	/* Called now and then, with the position on the virtual disk. */
	void (*moved)(void *self, struct upload *u, uint64_t position);
	void *self;
};

/* to: the lease's item for it. */
int upload_run(const struct upload_env *env, const struct lease_item *to,
    struct upload *u, struct err *e);

/* Tells w of them; nothing if that is NULL. */
int upload_begin_watch(const struct upload *uploads, size_t n,
    const struct watch *w, struct err *e);

/* Size, header and capacity of a disk, without sending it. */
int upload_check_head(struct supply *s, const struct upload *u, struct err *e);

#endif
