#include "job/export.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "job/account.h"
#include "job/match.h"
#include "job/place.h"
#include "job/preflight.h"
#include "job/rawtransfer.h"
#include "job/resume.h"
#include "job/target.h"
#include "job/transfer.h"
#include "store/archive.h"
#include "store/name.h"
#include "store/point.h"
#include "sys/afile.h"
#include "sys/machine.h"
#include "sys/sig.h"

enum { BUSY_LIMIT_MS = 120 * 1000, BUSY_PAUSE_MS = 2000 };

/* Everything of one run; what is open here is undone in reverse. */
struct export
{
	struct vim *v;
	struct vm *vm;
	const struct export_conf *conf;
	struct export_result *r;
	struct place place;
	char *stem;
	char machine[MACHINE_ID_SIZE];
	struct target *target;
	uint64_t descriptor_bytes;
	struct journal *journal; /* of a point that is taken up */
	struct snap *snap;
	bool is_cleaned; /* its removal was tried */
	bool is_published;
	const struct moref *source; /* the snapshot, or the VM */
	struct match match;
	struct buf descriptor;
	struct account account;
};

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

static struct snap_mark
mark_of(const struct export *x)
{
	return (struct snap_mark){ .run = x->conf->run,
		.machine = x->machine,
		.repository = x->place.repository };
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

static int
sweep(struct export *x, struct err *e)
{
	struct snap_mark mark = mark_of(x);
	char text[64];
	size_t n;

	if ((x->conf->dir != NULL &&
		point_sweep(x->conf->dir, x->stem, e) == -1) ||
	    snap_sweep(x->v, x->vm, &mark,
		x->snap == NULL ? NULL : snap_ref(x->snap), &n, e) == -1)
		return -1;
	if (n > 0) {
		snprintf(text, sizeof(text),
		    "%zu snapshot%s of an interrupted run removed", n,
		    n == 1 ? "" : "s");
		account_warn(x->r, "W_LEFTOVER_SNAPSHOT", text);
	}
	return 0;
}

/* Before the sweep, which would remove it. */
static int
take_up(struct export *x, struct err *e)
{
	struct snap_mark mark = mark_of(x);
	struct resume left;
	int rc;

	if (!x->conf->resumes || x->conf->is_dry_run)
		return 0;
	rc = resume_find(x->v, x->vm, x->conf->dir, x->stem, &mark, &left, e);
	if (rc != 1)
		return rc;
	x->journal = left.journal;
	x->snap = left.snap;
	x->target = target_of_point(left.point, e);
	return x->target == NULL ? -1 : 0;
}

static int
take_named_snapshot(struct export *x, struct err *e)
{
	const struct vm_snapshot *s = preflight_named_snapshot(x->vm,
	    x->conf->snapshot_name, e);

	if (s == NULL)
		return -1;
	x->source = &s->ref;
	if (vm_use_snapshot(x->v, x->vm, x->source, e) == -1)
		return -1;
	x->account.snapshot_time = s->created;
	x->account.quiesced = s->quiesced;
	return 0;
}

/* The host may still be busy with the VM: somebody else's task, or one of a
 * run that was killed, which the sweep came too early to see. */
static struct snap *
open_snapshot(struct export *x, struct err *e)
{
	uint64_t end = clock_mono_ms() + BUSY_LIMIT_MS;
	struct snap_mark mark = mark_of(x);
	struct snap *s;

	for (;;) {
		s = snap_open(x->v, x->vm, &mark, x->conf->quiesce, e);
		if (s != NULL || strcmp(e->fault, "TaskInProgress") != 0 ||
		    sig_pending() != 0 || clock_mono_ms() > end)
			return s;
		log_step("%s: another task is at work on it, waiting",
		    x->vm->name);
		err_clear(e);
		sig_sleep_ms(BUSY_PAUSE_MS);
		if (sweep(x, e) == -1)
			return NULL;
	}
}

static int
make_snapshot(struct export *x, struct err *e)
{
	const char *note;
	char text[300];

	x->source = &x->vm->ref;
	if (x->conf->snapshot == EXPORT_NONE)
		return 0;
	if (x->conf->snapshot == EXPORT_NAMED)
		return take_named_snapshot(x, e);
	if (x->snap == NULL)
		x->snap = open_snapshot(x, e);
	if (x->snap == NULL) {
		step(x, "snapshot", "failed");
		return -1;
	}
	x->source = snap_ref(x->snap);
	if (vm_use_snapshot(x->v, x->vm, x->source, e) == -1)
		return -1;
	x->account.snapshot_time = clock_now();
	x->account.quiesced = snap_is_quiesced(x->snap);
	step(x, "snapshot", "ok");
	note = snap_quiesce_note(x->snap);
	if (note[0] != '\0') {
		snprintf(text, sizeof(text), "not quiesced: %s", note);
		account_warn(x->r, "W_NOT_QUIESCED", text);
	}
	step(x, "quiesce",
	    x->account.quiesced ? "ok"
		: x->conf->quiesce == SNAP_QUIESCE_OFF || !vm_is_on(x->vm)
		? "skipped"
		: "failed");
	return 0;
}

static int
transfer(struct export *x, struct err *e)
{
	const struct transfer t = { .v = x->v,
		.vm = x->vm,
		.conf = x->conf,
		.r = x->r,
		.target = x->target,
		.source = x->source,
		.stem = x->stem,
		.match = &x->match,
		.descriptor = &x->descriptor };
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
		x->r->written_bytes += x->match.fetches[i].bytes;
	x->r->changed = x->is_published = true;
	if (path != NULL && (x->r->path = strdup(path)) == NULL)
		return err_sys(e, ERR_OS, "memory");
	if (x->conf->dir != NULL &&
	    (x->r->point = strdup(target_point(x->target))) == NULL)
		return err_sys(e, ERR_OS, "memory");
	return 0;
}

static int
remove_snapshot(struct export *x, struct err *e)
{
	int rc;

	if (x->snap == NULL || x->is_cleaned)
		return 0;
	x->is_cleaned = true;
	rc = snap_commit(x->snap, e);
	step(x, "cleanup", rc == 0 ? "ok" : "failed");
	if (rc == -1) {
		json_t *w = json_object();

		json_set_text(w, "code", "W_SNAPSHOT_LEFT");
		json_set_text(w, "text", e->text);
		json_array_append_new(x->r->warnings, w);
	}
	return rc;
}

/* Whatever happens here, the backup is good. */
static void
clean_up(struct export *x)
{
	struct err e = { 0 };

	if (remove_snapshot(x, &e) == 0)
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
	int rc = preflight_coverage(x->vm, NULL, x->conf->excluded, x->r, e);

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

	if (make_snapshot(x, e) == -1 || sig_check(e) == -1 ||
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
	if (!place_is_stdout(&x->place) || x->conf->mode == EXPORT_VMDK)
		return 0;
	log_step("the archive waits in %s until it is complete", x->r->spool);
	return preflight_spool(x->vm, x->r->spool, e);
}

static int
run_locked(struct export *x, struct err *e)
{
	int rc;

	if ((!x->conf->is_dry_run &&
		place_lock(&x->place, vim_server(x->v), vm_identity(x->vm),
		    e) == -1) ||
	    name_things(x, e) == -1)
		return -1;
	if (take_up(x, e) == -1)
		return -1;
	/* Even if there is nothing else to do: a stray snapshot grows. */
	if (!x->conf->is_dry_run && sweep(x, e) == -1)
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
	if (remove_snapshot(x, &e) == -1)
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
