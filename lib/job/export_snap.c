#include "job/export_internal.h"

#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "job/preflight.h"
#include "job/rawcheck.h"
#include "job/resume.h"
#include "store/point.h"
#include "sys/sig.h"

enum { BUSY_LIMIT_MS = 120 * 1000, BUSY_PAUSE_MS = 2000 };

static void
step(struct export *x, const char *name, const char *outcome)
{
	json_set_text(x->r->steps, name, outcome);
}

static struct snap_mark
mark_of(const struct export *x)
{
	return (struct snap_mark){ .run = x->conf->run,
		.machine = x->machine,
		.repository = x->place.repository };
}

int
export_snap_sweep(struct export *x, struct err *e)
{
	struct snap_mark mark = mark_of(x);
	char text[64];
	size_t n;

	if ((x->conf->dir != NULL &&
		point_sweep(x->conf->dir, x->stem, vm_identity(x->vm),
		    x->target == NULL ? NULL : target_as_point(x->target),
		    e) == -1) ||
	    snap_sweep(x->v, x->vm, &mark,
		x->snap == NULL ? NULL : snap_ref(x->snap), &n, e) == -1)
		return -1;
	if (n > 0) {
		snprintf(text, sizeof(text),
		    "%zu snapshot%s of an interrupted run removed", n,
		    n == 1 ? "" : "s");
		account_warn(x->r, "W_LEFTOVER_SNAPSHOT", text);
		return vm_refresh_disks(x->v, x->vm, e);
	}
	return 0;
}

int
export_snap_take_up(struct export *x, struct err *e)
{
	struct snap_mark mark = mark_of(x);
	struct resume left;
	int rc;

	if (!x->conf->resumes || x->conf->is_dry_run)
		return 0;
	rc = resume_find(x->v, x->vm, x->conf, x->stem, &mark, &left, x->r, e);
	if (rc != 1)
		return rc;
	x->journal = left.journal;
	x->snap = left.snap;
	x->snap_made = left.made;
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
		if (export_snap_sweep(x, e) == -1)
			return NULL;
	}
}

static void
tell_quiesced(struct export *x)
{
	const char *note;
	char text[300];

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
}

int
export_snap_make(struct export *x, struct err *e)
{
	x->source = &x->vm->ref;
	/* One that is taken up is the source although the VM is stopped now. */
	if (x->conf->snapshot == EXPORT_NONE && x->snap == NULL)
		return 0;
	if (x->conf->snapshot == EXPORT_NAMED)
		return take_named_snapshot(x, e);
	if (x->snap == NULL)
		x->snap = open_snapshot(x, e);
	if (x->snap == NULL) {
		step(x, "snapshot", "failed");
		if (x->conf->mode == EXPORT_VMDK)
			rawcheck_name_way_out(e);
		return -1;
	}
	x->source = snap_ref(x->snap);
	if (vm_use_snapshot(x->v, x->vm, x->source, e) == -1)
		return -1;
	x->account.snapshot_time = x->snap_made != 0 ? x->snap_made
						     : clock_now();
	x->account.quiesced = snap_is_quiesced(x->snap);
	step(x, "snapshot", "ok");
	tell_quiesced(x);
	return 0;
}

int
export_snap_remove(struct export *x, struct err *e)
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
