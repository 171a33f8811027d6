#ifndef JOB_FETCH_H
#define JOB_FETCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "codec/digest.h"
#include "image/vmdkr.h"
#include "job/target.h"
#include "vsphere/lease.h"
#include "vsphere/vim.h"

/*
 * fetch - one file of a lease into the target, checked while it arrives.
 *
 * A disk: GET -> file and digests on this thread; structure, grains and
 * content digest on a second one behind a ring.  Anything else: GET -> file
 * and digests.  A busy host and a connection that fails before the first
 * byte are tried again, a few times.
 */

/* Whose fault a failure is: it decides what is tried again. */
enum fetch_fault {
	FETCH_FINE,
	FETCH_LINE,  /* connection, status, lease */
	FETCH_BODY,  /* empty, cut, damaged, not what the host sent */
	FETCH_LOCAL, /* our disk, or a signal: no use in trying again */
};

struct fetch {
	/* what to do; strings are the caller's */
	const struct lease_item *item; /* of the lease in use */
	const char *file;              /* name in the target */
	const char *descriptor;        /* of a flat disk: its text, else NULL */
	const char *label;             /* "Hard disk 1", for messages */
	uint64_t capacity_bytes; /* a disk's, as the host has it; 0: unknown */
	bool is_disk;
	int disk;                /* index in the VM's disks, -1: none */
	enum digest_kind digest; /* the manifest's */
	bool wants_sha1;         /* the host can only say SHA-1 */

	/* what came of it */
	bool is_done;
	bool is_stored;   /* the file is in the target */
	bool is_attested; /* and the host's word on it was heard */
	enum fetch_fault fault;
	struct err err;
	uint64_t bytes;      /* that came */
	uint64_t used_bytes; /* a flat disk's, holes not counted */
	char digest_hex[DIGEST_HEX_SIZE];
	char sha256[DIGEST_HEX_SIZE];
	char sha1[DIGEST_HEX_SIZE]; /* "" unless wanted */
	char content[DIGEST_HEX_SIZE];
	struct vmdkr_info info;
	const char *verdict;    /* "verified" or "unverified" by the host */
	atomic_ullong position; /* on the virtual disk, while it runs */
};

struct fetch_env {
	struct vim *v;
	struct lease *lease;
	struct target *target;
	const volatile bool *stop;
	/* Called from the fetching threads now and then; may be NULL. */
	void (*moved)(void *self, struct fetch *f);
	void *self;
};

/* -1 with f->err and f->fault; f may be run again. */
int fetch_run(const struct fetch_env *env, struct fetch *f);

#endif
