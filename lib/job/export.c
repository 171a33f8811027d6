#include "job/export.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "job/account.h"
#include "job/export_internal.h"
#include "job/preflight.h"
#include "job/rawcheck.h"
#include "job/rawtransfer.h"
#include "job/transfer.h"
#include "store/archive.h"
#include "store/name.h"
#include "store/point.h"
#include "sys/afile.h"
#include "sys/sig.h"

static void
step(struct export *x, const char *name, const char *outcome)
{
	json_set_text(x->r->steps, name, outcome);
}

static int
name_things(struct export *x, struct err *e)
{
	const char *uuid = vm_identity(x->vm);

	x->stem = x->conf->archive == NULL
	    ? name_local(x->vm->name, uuid, x->conf->has_namesake)
	    : name_local_short(x->vm->name, uuid, x->conf->has_namesake,
		  ARCHIVE_STEM_BYTES);
	if (x->stem == NULL)
		return err_sys(e, ERR_OS, "memory");
	return machine_id(x->machine, e);
}

/* 1 if the newest point is young enough, with the result filled. */
static int
look_for_newer(struct export *x, struct err *e)
{
	char *path = NULL;
	time_t when;
	int rc;

	if (x->conf->if_older_s == 0)
		return 0;
	rc = point_newest(x->conf->dir, vm_identity(x->vm), &when, &path, e);
	if (rc != 1)
		return rc;
	if (when > x->r->started ||
	    (uint64_t)(x->r->started - when) >= x->conf->if_older_s) {
		free(path);
		return 0;
	}
	log_step("%s is new enough", path);
	x->r->path = path;
	x->r->point = strdup(strrchr(path, '/') + 1);
	x->r->changed = false;
	return 1;
}

static struct transfer
transfer_of(struct export *x)
{
	return (struct transfer){ .v = x->v,
		.vm = x->vm,
		.conf = x->conf,
		.r = x->r,
		.target = x->target,
		.source = x->source,
		.stem = x->stem,
		.match = &x->match,
		.descriptor = &x->descriptor };
}

static int
transfer(struct export *x, struct err *e)
{
	const struct transfer t = transfer_of(x);
	int rc;

	x->account.transfer_start = clock_now();
	if (x->conf->mode == EXPORT_OVF)
		rc = transfer_run(&t, e);
	else if (x->target != NULL)
		rc = rawtransfer_run(&t, &x->journal, e);
	else
		rc = rawtransfer_pipe(&t, e);
	x->account.transfer_end = clock_now();
	return rc;
}

static int
commit(struct export *x, struct err *e)
{
	json_t *record;
	int rc;

	x->account.v = x->v;
	x->account.vm = x->vm;
	x->account.conf = x->conf;
	x->account.match = &x->match;
	x->account.result = x->r;
	x->account.point = target_point(x->target);
	x->account.point_time = target_time(x->target);
	record = account_backup(&x->account);
	rc = target_commit(x->target, x->conf->digest, record, e);
	json_decref(record);
	step(x, "publish", rc == -1 ? "failed" : "ok");
	return rc;
}

static int
publish(struct export *x, struct err *e)
{
	const char *path = NULL;
	size_t i;

	if (x->target != NULL) {
		path = target_path(x->target);
		if (commit(x, e) == -1)
			return -1;
	}
	for (i = 0; i < x->match.n; i++)
		x->r->written_bytes += x->match.fetches[i].descriptor == NULL
		    ? x->match.fetches[i].bytes
		    : x->match.fetches[i].used_bytes;
	x->r->changed = x->is_published = true;
	if (path != NULL && (x->r->path = strdup(path)) == NULL)
		return err_sys(e, ERR_OS, "memory");
	if (x->conf->dir != NULL &&
	    (x->r->point = strdup(target_point(x->target))) == NULL)
		return err_sys(e, ERR_OS, "memory");
	return 0;
}

/* Whatever happens here, the backup is good. */
static void
clean_up(struct export *x)
{
	struct err e = { 0 };

	if (export_snap_remove(x, &e) == 0)
		return;
	x->r->error = e;
	x->r->exit = e.class;
	x->r->outcome = "warn";
}

static void
judge(struct export *x)
{
	if (json_array_size(x->r->skipped) > 0) {
		x->r->outcome = "partial";
		x->r->exit = ERR_PARTIAL;
	} else if (json_array_size(x->r->warnings) > 0) {
		x->r->outcome = "warn";
	}
}

static int
foretell(struct export *x, struct err *e)
{
	struct transfer t;
	int rc;

	x->source = &x->vm->ref;
	t = transfer_of(x);
	/* A stopped VM's files can be looked at now. */
	if (x->conf->mode == EXPORT_VMDK && x->conf->snapshot == EXPORT_NONE)
		rc = rawtransfer_look(&t, e);
	else
		rc = preflight_coverage(x->vm, NULL, x->conf->excluded, x->r,
		    e);
	judge(x);
	return rc;
}

static int
put_descriptor(struct export *x, struct err *e)
{
	if (x->target == NULL)
		return 0;
	return target_put_descriptor(x->target, x->stem, x->descriptor.data,
	    x->descriptor.len, e);
}

static int
read_and_publish(struct export *x, struct err *e)
{
	bool is_late = place_is_stdout(&x->place);

	if (export_snap_make(x, e) == -1 || sig_check(e) == -1 ||
	    transfer(x, e) == -1 || put_descriptor(x, e) == -1 ||
	    sig_check(e) == -1)
		return -1;
	judge(x);
	if (is_late)
		clean_up(x);
	if (publish(x, e) == -1) {
		if (x->r->error.class != ERR_NONE)
			log_error("%s: %s", x->vm->name, x->r->error.text);
		return -1;
	}
	if (!is_late)
		clean_up(x);
	return 0;
}

static int
open_target(struct export *x, struct err *e)
{
	const struct export_conf *conf = x->conf;

	if (x->target != NULL ||
	    (conf->mode == EXPORT_VMDK && conf->archive != NULL))
		return 0;
	x->target = conf->archive == NULL
	    ? target_open_point(conf->dir, x->stem, x->r->started, e)
	    : target_open_archive(conf->archive, x->stem, x->r->started,
		  x->descriptor_bytes, e);
	if (x->target == NULL)
		return -1;
	if (conf->archive != NULL && conf->threads > 1)
		log_step("an OVA takes one file after the other: no --jobs");
	return 0;
}

static int
preflight(struct export *x, struct err *e)
{
	if (preflight_vm(x->v, x->vm, x->conf, x->r, &x->descriptor_bytes, e) ==
	    -1)
		return -1;
	if (x->conf->mode == EXPORT_VMDK)
		return rawcheck_vm(x->v, x->vm, x->conf, x->snap != NULL, x->r,
		    e);
	if (!place_is_stdout(&x->place))
		return 0;
	log_step("the archive waits in %s until it is complete", x->r->spool);
	return preflight_spool(x->vm, x->conf->excluded, x->r->spool, e);
}

static int
run_locked(struct export *x, struct err *e)
{
	int rc;

	if ((x->conf->is_dry_run ? place_look(&x->place, e)
				 : place_lock(&x->place, vim_server(x->v),
				       vm_identity(x->vm), e)) == -1 ||
	    name_things(x, e) == -1)
		return -1;
	if (export_snap_take_up(x, e) == -1)
		return -1;
	/* Even if there is nothing else to do: a stray snapshot grows. */
	if (!x->conf->is_dry_run && export_snap_sweep(x, e) == -1)
		return -1;
	rc = look_for_newer(x, e);
	if (rc != 0)
		return rc == 1 ? 0 : -1;
	if (place_check_name(&x->place, e) == -1 || preflight(x, e) == -1)
		return -1;
	x->r->changed = true;
	if (x->conf->is_dry_run)
		return foretell(x, e);
	return open_target(x, e) == -1 ? -1 : read_and_publish(x, e);
}

static void
undo(struct export *x)
{
	struct err e = { 0 };
	size_t i;

	for (i = 0; i < x->match.n; i++)
		x->r->read_bytes += x->match.fetches[i].bytes;
	json_decref(x->r->disks);
	x->r->disks = account_disks(x->vm, &x->match);
	sig_shield();
	/* The run has failed with a reason of its own; this is one more. */
	if (export_snap_remove(x, &e) == -1)
		log_error("%s: %s", x->vm->name, e.text);
	snap_free(x->snap);
	sig_unshield();
	/* Without its snapshot the rest of a running VM would be another. */
	if (x->conf->resumes && x->snap == NULL && x->journal != NULL &&
	    !x->is_published)
		point_keep(target_as_point(x->target));
	journal_free(x->journal);
	target_free(x->target);
	match_free(&x->match);
	buf_free(&x->descriptor);
	place_free(&x->place);
	free(x->stem);
}

int
export_run(struct vim *v, struct vm *vm, const struct export_conf *conf,
    struct export_result *r, struct err *e)
{
	struct export x = { .v = v, .vm = vm, .conf = conf, .r = r };
	uint64_t start = clock_mono_ms();
	int rc;

	account_begin(r, vm);
	r->is_dry_run = conf->is_dry_run;
	r->format = conf->archive == NULL ? "dir"
	    : conf->mode == EXPORT_OVF    ? "ova"
					  : "raw";
	rc = place_init(&x.place, conf->dir, conf->archive, e);
	if (rc == 0 && place_is_stdout(&x.place) && conf->mode == EXPORT_OVF)
		r->spool = afile_spool_dir();
	if (rc == 0)
		rc = run_locked(&x, e);
	undo(&x);
	r->ms = clock_mono_ms() - start;
	if (rc == -1)
		account_fail(r, e);
	return rc;
}

void
export_fail(const struct vm *vm, const struct err *why, struct export_result *r,
    struct err *e)
{
	account_begin(r, vm);
	*e = *why;
	account_fail(r, e);
}

void
export_result_free(struct export_result *r)
{
	json_decref(r->disks);
	json_decref(r->skipped);
	json_decref(r->warnings);
	json_decref(r->steps);
	free(r->path);
	free(r->point);
	*r = (struct export_result){ 0 };
}
