#include <string.h>
#include <strings.h>
#include "base/log.h"
#include "plan/runner_internal.h"
#include "plan/runner_record.h"

enum {
	LOOK_BACK = 20,  /* runs: more than a few slots' tries */
	FUTURE_S = 3600, /* a run that is newer is one of a wrong clock */
};

static const char *
identity(const struct catalog_point *p)
{
	return p->vm.instance_uuid != NULL && p->vm.instance_uuid[0] != '\0'
	    ? p->vm.instance_uuid
	    : p->vm.bios_uuid;
}

static bool
has_own(const struct run *r, const struct catalog_folder *f)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		if (f->points[i].plan != NULL &&
		    strcmp(f->points[i].plan, r->plan->name) == 0)
			return true;
	return false;
}

static bool
is_remembered(const struct run *r, const struct catalog_folder *f)
{
	const char *uuid = f->n == 0 ? NULL : identity(&f->points[f->n - 1]);
	size_t i, j;

	for (i = 0; uuid != NULL && i < r->past.n; i++)
		for (j = 0; j < r->past.runs[i].n; j++)
			if (r->past.runs[i].vms[j].uuid != NULL &&
			    strcasecmp(r->past.runs[i].vms[j].uuid, uuid) == 0)
				return true;
	return false;
}

/* The newest point of a VM in two plans is the other plan's. */
static int
seek_own(struct run *r, struct err *e)
{
	struct catalog_folder found;
	size_t i;

	for (i = 0; i < r->catalog.n; i++) {
		struct catalog_folder *f = &r->catalog.folders[i];

		if (has_own(r, f) || !is_remembered(r, f))
			continue;
		found = (struct catalog_folder){ 0 };
		if (catalog_seek(&found, r->plan->repo->path, f->name,
			r->plan->name, true, e) == -1) {
			catalog_folder_free(&found);
			return -1;
		}
		catalog_folder_free(f);
		*f = found;
	}
	return 0;
}

/* All runs of this slot and of two before: VMs that never had a point, and
 * that one is gone, are known by them alone. */
static time_t
since(const struct run *r)
{
	time_t t = r->slot;
	int i;

	if (t == 0)
		return r->now;
	for (i = 0; i < 2; i++)
		t = schedule_slot(&r->plan->schedule, r->plan->zone, t - 1);
	return t;
}

int
runner_past_read(struct run *r, struct err *e)
{
	const struct conf_repo *repo = r->plan->repo;
	struct err why = { 0 };

	if (history_read(&r->past, repo, r->plan->name, since(r), 1, e) == -1)
		return -1;
	/* A repository that is not there is the run's own trouble. */
	if (catalog_read(&r->catalog, repo->path, CATALOG_NEWEST, true, &why) ==
	    -1) {
		log_step("%s", why.text);
		catalog_free(&r->catalog);
		r->catalog = (struct catalog){ 0 };
	} else if (seek_own(r, e) == -1) {
		return -1;
	}
	if (duerun_init(&r->due, r->plan, r->now, r->slot, &r->past,
		r->catalog.path == NULL ? NULL : &r->catalog, e) == -1)
		return -1;
	if (r->due.n_future > 0)
		log_warn("plan %s: %zu points are from the future: is the "
			 "clock right?",
		    r->plan->name, r->due.n_future);
	return 0;
}

static bool
find_told(const struct history *h, time_t now, bool *failed)
{
	size_t i;

	for (i = 0; i < h->n; i++)
		if (h->runs[i].started <= now + FUTURE_S &&
		    (h->runs[i].told & ~(unsigned int)CONF_START) != 0) {
			*failed = (h->runs[i].told & CONF_FAILURE) != 0;
			return true;
		}
	return false;
}

bool
runner_past_failed(const struct run *r)
{
	struct history more = { 0 };
	struct err e = { 0 };
	bool failed = false;

	if (find_told(&r->past, r->now, &failed))
		return failed;
	if (history_read(&more, r->plan->repo, r->plan->name, r->now, LOOK_BACK,
		&e) == -1)
		log_warn("%s", e.text);
	find_told(&more, r->now, &failed);
	history_free(&more);
	return failed;
}

/* A name that no VM has is one without a uuid. */
static bool
is_same(const char *uuid, const char *name, const struct history_vm *vm)
{
	if (uuid[0] != '\0' || vm->uuid[0] != '\0')
		return strcasecmp(uuid, vm->uuid) == 0;
	return strcmp(name, vm->name) == 0;
}

/* This run, or one of the slot that is newer than that, had a word on it. */
static bool
is_newer_known(const struct run *r, size_t at, const struct history_vm *vm)
{
	const struct history_run *newer;
	size_t i, j;

	for (i = 0; i < r->n; i++)
		if (is_same(r->vms[i].uuid, r->vms[i].name, vm))
			return true;
	for (i = 0; i < at; i++) {
		newer = &r->past.runs[i];
		for (j = 0; newer->slot == r->slot && j < newer->n; j++)
			if (is_same(newer->vms[j].uuid, newer->vms[j].name, vm))
				return true;
	}
	return false;
}

json_t *
runner_past_lost(const struct run *r)
{
	json_t *lines = json_array();
	const struct history_run *past;
	size_t i, j;

	for (i = 0; r->c->is_due && i < r->past.n; i++) {
		past = &r->past.runs[i];
		for (j = 0; past->slot == r->slot && j < past->n; j++)
			if (past->vms[j].exit != 0 &&
			    !is_newer_known(r, i, &past->vms[j]))
				json_array_append_new(lines,
				    runner_record_past(&past->vms[j]));
	}
	return lines;
}
