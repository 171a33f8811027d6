#ifndef PLAN_RUNNER_INTERNAL_H
#define PLAN_RUNNER_INTERNAL_H

#include <time.h>
#include "plan/decide.h"
#include "plan/duerun.h"
#include "plan/history.h"
#include "plan/outcome.h"
#include "plan/runner.h"
#include "plan/toolline.h"
#include "plan/toolresult.h"
#include "store/catalog.h"
#include "sys/child.h"
#include "sys/lock.h"

/*
 * runner_internal - what the files of runner share.
 *
 * runner.c is the run from its first line in the history to the last;
 * runner_pick.c finds its VMs; runner_vm.c is one VM, from step to step;
 * runner_hook.c starts hooks; runner_record.c writes it all down.
 */
/* Seconds for a snapshot to be removed; bytes of an output, of a run's id. */
enum { RUNNER_GRACE_S = 600, RUNNER_OUTPUT = 64 << 20, RUNNER_RUN_SIZE = 80 };

enum run_step {
	RUN_WAIT, /* for its turn */
	RUN_BEFORE,
	RUN_EXPORT,
	RUN_VERIFY,
	RUN_AFTER,
	RUN_DONE,
};

struct run_vm {
	struct run *run;
	const struct toolresult_vm *seen; /* NULL: it is not there */
	const char *name, *moid, *uuid;   /* borrowed; "" if unknown */
	char *folder;                     /* its name in the repository */
	char *path;                       /* of the folder */
	struct lock *slot;
	enum run_step step;
	size_t hook; /* the next one of this step */
	bool began, is_running, wants_after, is_settled;
	struct decision decision;
	time_t started, ended;
	int exit;
	char outcome[16], text[1000];
	char *point; /* that was made, or NULL */
	time_t point_time;
	const char *level; /* that it is verified at, or NULL */
	json_t *result, *verified, *pruned, *steps, *warnings;
};

struct run {
	const struct runner_conf *c;
	const struct conf_plan *plan;
	char id[RUNNER_RUN_SIZE];
	time_t now, slot;
	char *secret;
	struct history past;
	struct catalog catalog;
	struct duerun due;
	struct toolresult_list list;
	bool list_is_partial;
	struct children *kids;
	struct history_file *file;
	struct run_vm *vms;
	size_t n, n_active;
	/* room: what was pruned before a backup, by VM */
	json_t *begin, *lines, *notes, *warnings, *told, *unprotected, *room;
	struct outcome outcome;
	struct err e;     /* why it came to no VM */
	struct err after; /* what failed behind the VMs */
};

/* runner.c: the status of all that was done so far. */
int runner_exit(const struct run *r);

/* runner.c: why a run ended with this; empty for 0. */
void runner_describe(const struct run *r, int exit, char *out, size_t size);

/* runner_past.c: past, catalog and due. */
int runner_past_read(struct run *r, struct err *e);
bool runner_past_failed(const struct run *r);

/* Lines of VMs that an earlier try of the slot lost, and this one is not
 * about: the last one has to name them. */
json_t *runner_past_lost(const struct run *r);

/* runner_pick.c: fills list and vms. */
int runner_pick(struct run *r, struct err *e);

/* The VM's id as the catalogue has it. */
struct catalog_vm_id runner_pick_id(const struct run *r,
    const struct toolresult_vm *seen);

#endif
