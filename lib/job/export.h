#ifndef JOB_EXPORT_H
#define JOB_EXPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>
#include "base/err.h"
#include "base/watch.h"
#include "codec/digest.h"
#include "codec/json.h"
#include "job/fetch.h"
#include "vsphere/snap.h"
#include "vsphere/vim.h"
#include "vsphere/vm.h"

/*
 * export - one VM into one finished point or OVA.
 *
 * Lock, leftovers of earlier runs, preflight, snapshot, transfer of all files
 * and the descriptor (job/transfer, job/rawtransfer), publish: the one commit
 * point, snapshot removed.  Whatever fails before the commit point leaves
 * nothing on either side, but for what another run is to take up (resumes);
 * what fails after it (the snapshot's removal) is told in the result and the
 * point stays.  An OVA for standard output is copied there when all is done
 * and the snapshot gone, for nobody knows how long its reader takes.
 */
enum export_snapshot {
	EXPORT_OWN,   /* make a temporary one */
	EXPORT_NONE,  /* a stopped VM itself */
	EXPORT_NAMED, /* an existing one of that name */
};

enum export_mode {
	EXPORT_OVF,  /* over a lease */
	EXPORT_VMDK, /* flat disks over the datastore's HTTP access */
};

struct export_conf {
	enum export_mode mode;
	const char *dir; /* where the point is to appear; or NULL: */
	/* FILE.ova, "-" for standard output: an OVA, or one raw disk */
	const char *archive;
	const char *run;  /* this run's id */
	const char *plan; /* or NULL */
	enum export_snapshot snapshot;
	const char *snapshot_name;
	enum snap_quiesce quiesce;
	enum digest_kind digest;
	unsigned int threads;        /* disks at once */
	const char *const *excluded; /* disk labels, NULL at the end, or NULL */
	uint64_t if_older_s;         /* 0: always */
	uint64_t retries;            /* more attempts, each with a new lease */
	/* Takes up what an interrupted run left, and leaves what the next one
	 * can take up (EXPORT_VMDK). */
	bool resumes;
	/* No snapshot is made when a datastore of the VM has less free. */
	uint64_t min_free_bytes;
	unsigned int min_free_percent;
	bool is_dry_run;
	bool has_namesake; /* another VM's files would be called the same */
	const struct watch *watch; /* or NULL */
};

/* What came of it; the strings are the result's own. */
struct export_result {
	const char *vm_name; /* the VM's own string */
	const char *outcome; /* "ok", "warn", "partial", "failed" */
	int exit;
	bool changed; /* dry run: would be */
	bool is_dry_run;
	const char *format; /* "dir" or "ova" */
	const char *spool;  /* folder where an archive waits, or NULL */
	char *path;         /* of point or archive, or NULL */
	char *point;        /* its name, or NULL */
	time_t started;
	uint64_t ms;
	uint64_t capacity_bytes;
	uint64_t read_bytes;
	uint64_t written_bytes;
	/* What the VM takes on its datastores (EXPORT_VMDK), 0: not known. */
	uint64_t committed_bytes;
	json_t *disks;
	json_t *skipped;
	json_t *warnings;
	json_t *steps;
	struct err error;
};

/* 0 if there is a complete point or OVA (r->exit may be 3 or 75 all the same), else
 * -1 with r->error, which is *e as well.  r is to be freed in any case. */
int export_run(struct vim *v, struct vm *vm, const struct export_conf *conf,
    struct export_result *r, struct err *e);
/* The result of a VM that could not even be read, and *e = why. */
void export_fail(const struct vm *vm, const struct err *why,
    struct export_result *r, struct err *e);
void export_result_free(struct export_result *r);

#endif
