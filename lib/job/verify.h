#ifndef JOB_VERIFY_H
#define JOB_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "codec/digest.h"
#include "codec/json.h"
#include "image/vmdkr.h"

/*
 * verify - is a backup what it was?  A point, an .ovf, an .mf, an .ova, one
 * .vmdk, or an OVA or a VMDK on standard input.
 *
 * Quick: every file that descriptor, manifest and record name is there, and
 * no other; sizes; headers of disks.  Hash: digests and signature as well.
 * Deep: each disk is read grain by grain as well.  One damaged file does not
 * hide another; of each the first reason is told.
 */
enum verify_level { VERIFY_QUICK, VERIFY_HASH, VERIFY_DEEP };

enum { VERIFY_DIGESTS = DIGEST_SHA512 + 1 };

/* What its header, and at level deep its grains, say of a streamOptimized
 * disk; of a flat one at level deep: what it holds. */
struct verify_disk {
	bool has_header;
	bool is_raw; /* a flat one, which has no header of its own */
	struct vmdkr_info info;
	char content[DIGEST_HEX_SIZE]; /* of level deep, else "" */
};

struct verify_file {
	char *name; /* in the package; "" for the operand itself */
	char *why;  /* NULL: it is good */
	int class;  /* of a failure: ERR_NEGATIVE, or it could not be read */

	bool is_there;
	uint64_t size_bytes;
	char *digests[VERIFY_DIGESTS]; /* hex; NULL: not computed */
	struct verify_disk *disk;      /* NULL: it is none that we know */
	char *fault;                   /* of its structure */
};

struct verify_warning {
	const char *code;
	char *text;
};

struct verify_result {
	char *path;
	char *prefix; /* of the names: "web01_20261124_003004/", "x.ova/" */
	enum verify_level level;
	struct verify_file *files;
	size_t n_files;
	size_t n_damaged; /* of these */
	struct verify_warning *warnings;
	size_t n_warnings;
	uint64_t bytes; /* read */
	uint64_t ms;
	int exit;       /* 0, 1, or the status of what could not be read */
	struct err err; /* it is no backup, or the work was stopped */
};

struct verify_conf {
	enum verify_level level;
	unsigned int threads; /* files at once */
	/* How far it is, or NULL: once names and sizes are known, and then from
	 * any thread.  Nothing is told of standard input. */
	void (*begin)(void *self, const struct verify_result *r);
	void (*moved)(void *self, size_t file, uint64_t bytes);
	void *self;
};

/* path "-": standard input.  r is to be freed in any case.  -1 with r->err
 * set if there is nothing to say of files. */
int verify_run(const char *path, const struct verify_conf *conf,
    struct verify_result *r);
void verify_result_free(struct verify_result *r);

/* "quick", "hash", "deep" */
const char *verify_level_name(enum verify_level level);

#endif
