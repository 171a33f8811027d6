#ifndef JOB_DEPLOY_H
#define JOB_DEPLOY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include "base/err.h"
#include "base/watch.h"
#include "codec/json.h"
#include "job/netmap.h"
#include "job/upload.h"
#include "vsphere/importspec.h"
#include "vsphere/placement.h"
#include "vsphere/vim.h"
#include "vsphere/vmop.h"

/*
 * deploy - one backup becomes a VM of a host (ResourcePool.ImportVApp).
 *
 * Everything that can be known is checked before anything moves.  Then import
 * specification, lease, all files in the host's order, comparison with the
 * manifest and with the host's own digests, lease complete: the one commit
 * point.  What fails before it leaves no VM; what fails after it (identity,
 * power, waiting) is told in the result and the VM stays.
 */

/* In the extraConfig of a restored VM: what it was restored from. */
#define DEPLOY_SOURCE_KEY "esxbk.source"
#define DEPLOY_RUN_KEY "esxbk.run"
#define DEPLOY_TEST_KEY "esxbk.test" /* only on a test's: our mark */

struct deploy_conf {
	const char *source; /* a path, or "-" */
	const char *name;   /* of the VM; a test's name is made of run */
	const char *run;    /* this run's id */
	struct placement_want want;
	struct netmap_want networks;
	const char *disk_mode;
	const struct import_property *properties;
	size_t n_properties;
	bool no_nics;       /* the cards are there, connected to nothing */
	bool keep_identity; /* uuids and MAC addresses of the original */
	bool passes_damage; /* salvage: no digest is compared */
	bool is_idempotent; /* a VM restored from this source before is fine */
	bool is_test;       /* the VM is destroyed in the end */
	bool power_on;
	bool waits;
	enum vmop_wait wait;
	uint64_t wait_s;
	uint64_t retries; /* more attempts, each with a new lease */
	bool is_dry_run;
	const struct watch *watch; /* or NULL */
};

struct deploy_result {
	const char *outcome; /* "ok", "warn", "partial", "failed" */
	int exit;
	bool changed; /* dry run: would be */
	bool is_dry_run;
	bool is_test;
	const char *source;
	char *name;  /* of the VM */
	char *moid;  /* or NULL */
	char *ip;    /* what --wait ip saw, or NULL */
	char *point; /* of the source, or NULL */
	time_t started;
	uint64_t ms;
	uint64_t boot_ms; /* from power on to what was waited for */
	uint64_t capacity_bytes;
	uint64_t sent_bytes;
	json_t *placement;
	json_t *networks;
	json_t *files;
	json_t *warnings;
	json_t *steps;
	struct err error;
};

/* 0 if the VM is there as asked, or r->exit is 3: it is there, but something
 * after the commit point failed; else -1 with r->error, which is *e as well.  r
 * is to be freed in any case. */
int deploy_run(struct vim *v, const struct deploy_conf *conf,
    struct deploy_result *r, struct err *e);
void deploy_result_free(struct deploy_result *r);

#endif
