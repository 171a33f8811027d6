#ifndef PLAN_HISTORY_H
#define PLAN_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>
#include "base/err.h"
#include "codec/json.h"
#include "plan/conf.h"
#include "plan/due.h"

/*
 * history - what runs came to: one file a run of a plan, only ever appended to
 * (esxbk-plan(5), RUNS).
 *
 * REPO/runs/2025/11/20251127_010003-PLAN-1a2b3c4d.json, JSON Lines, each line
 * synced before the next step begins:
 *   {"schema":"esxbk.run/1","type":"run","run":ID,"plan":P,"slot":TIME|null,
 *    "scheduled":bool,"only":[SELECTOR],"started":TIME,"tool":...}
 *   {"type":"vm","vm":{"name","moid","uuid"},"outcome":...,"exit":N,
 *    "decision":{"kind","code","text"},"started","ended","steps":{...},
 *    "result":{the tool's},"warnings":[...]}      one a VM
 *   {"type":"end","ended":TIME,"exit":N,"class":...,"final":bool,
 *    "vms":{"ok":N,...},"told":[{"to","event","exit","text"}]}
 * A file without its last line is a run that was killed.  If the repository
 * cannot be written to, the file is in the folder of our own state
 * ($STATE_DIRECTORY, else $XDG_STATE_HOME/esxbk or ~/.local/state/esxbk, as
 * root /var/lib/esxbk) instead, below runs/; readers look into both.
 * What is read is untrusted: a torn or foreign line is passed over.
 */
struct history_vm {
	char *name, *moid, *uuid;
	char *outcome; /* "ok", "warn", "partial", "failed", "skipped",
			  "vanished" */
	char *text;    /* why, or "" */
	int exit;
	time_t started, ended;
};

struct history_run {
	char *run, *plan;
	time_t slot; /* 0: none */
	time_t started;
	time_t ended; /* 0: killed */
	int exit;     /* -1: killed */
	char *text;   /* why, or "" */
	bool scheduled;
	bool narrow;       /* --vm: not all of the plan's VMs */
	bool final;        /* no further try of its slot was to come */
	unsigned int told; /* events sent, enum conf_event */
	struct history_vm *vms;
	size_t n;
	char **unprotected; /* VMs that no plan of the site selects */
	size_t n_unprotected;
};

struct history {
	struct history_run *runs; /* the newest first */
	size_t n;
};

/* Runs of a plan (NULL: of all) that began at or after since, and in any case
 * the `at_least` newest ones.  history_free() in any case. */
int history_read(struct history *h, const struct conf_repo *repo,
    const char *plan, time_t since, size_t at_least, struct err *e);
void history_free(struct history *h);

/* The tries of a slot of the VM with this uuid (NULL: of the plan as a whole:
 * runs that came to no VM), the oldest first; *n of them, free() them. */
struct due_try *history_tries(const struct history *h, time_t slot,
    const char *uuid, size_t *n, struct err *e);

struct history_file;

/* Begins a run's file with its first line. */
struct history_file *history_open(const struct conf_repo *repo,
    const char *plan, const char *run, const json_t *first, struct err *e);

/* Appends a line and syncs it. */
int history_add(struct history_file *f, const json_t *line, struct err *e);
const char *history_path(const struct history_file *f);
void history_close(struct history_file *f); /* NULL is fine */

#endif
