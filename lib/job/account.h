#ifndef JOB_ACCOUNT_H
#define JOB_ACCOUNT_H

#include <stdbool.h>
#include <time.h>
#include "base/buf.h"
#include "codec/json.h"
#include "job/export.h"
#include "job/match.h"

/*
 * account - what a backup tells of itself: backup.json for good
 * (esxbk-backup(5)), the result document for who ran it (esxbk-result(5)).
 */
struct account {
	struct vim *v;
	const struct vm *vm;
	const struct export_conf *conf;
	const struct match *match;
	const struct export_result *result;
	const char *point;
	time_t point_time;
	time_t snapshot_time; /* 0: none */
	time_t transfer_start;
	time_t transfer_end;
	bool quiesced;
};

/* A new reference, or NULL without memory. */
json_t *account_backup(const struct account *a);

/* The "disks" of a result, without secrets or paths of the host. */
json_t *account_disks(const struct vm *vm, const struct match *m);

/* The result document of one VM. */
json_t *account_result(const struct vm *vm, const struct export_result *r);

/* A result without anything in it yet; a failed one, *e with its context. */
void account_begin(struct export_result *r, const struct vm *vm);
void account_fail(struct export_result *r, struct err *e);

/* To the result's warnings, and to the log with the VM's name. */
void account_warn(struct export_result *r, const char *code, const char *text);

/* A part of the VM that is not in the backup: to the result's skipped and
 * warnings.  key: the device's, -1: it is none. */
void account_skip(struct export_result *r, int key, const char *label,
    const char *code, const char *why);

/* "VM: not in the backup: Hard disk 2, ..."; behind another such text "; ". */
void account_tell_skipped(const struct export_result *r, struct buf *b);

#endif
