#include "plan/duerun.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { HOUR = 3600 };

static int
by_uuid(const void *a, const void *b)
{
	const struct duerun_vm *x = a, *y = b;

	return strcasecmp(x->uuid, y->uuid);
}

static int
add_vm(struct duerun *d, const char *uuid, const char *name, time_t newest,
    struct err *e)
{
	struct duerun_vm *grown = d->vms, *vm;

	if ((d->n & (d->n - 1)) == 0) {
		grown = realloc(d->vms,
		    (d->n == 0 ? 1 : d->n * 2) * sizeof(*grown));
		if (grown == NULL)
			return err_sys(e, ERR_OS, "memory");
		d->vms = grown;
	}
	vm = &grown[d->n++];
	*vm = (struct duerun_vm){ .uuid = strdup(uuid),
		.name = strdup(name == NULL ? "" : name),
		.newest = newest };
	return vm->uuid == NULL || vm->name == NULL
	    ? err_sys(e, ERR_OS, "memory")
	    : 0;
}

static void
vm_free(struct duerun_vm *vm)
{
	free(vm->uuid);
	free(vm->name);
	free(vm->tries);
}

/* The uuid that results name a VM by. */
static const char *
identity(const struct catalog_vm_id *id)
{
	return id->instance_uuid != NULL && id->instance_uuid[0] != '\0'
	    ? id->instance_uuid
	    : id->bios_uuid;
}

static bool
is_ours(const struct duerun *d, const struct catalog_point *p)
{
	const char *uuid = identity(&p->vm);

	return p->plan != NULL && strcmp(p->plan, d->plan->name) == 0 &&
	    uuid != NULL && uuid[0] != '\0';
}

static int
add_folder(struct duerun *d, const struct catalog_folder *f, struct err *e)
{
	const struct catalog_point *p, *last = NULL;
	time_t newest = 0;
	size_t i;

	for (i = 0; i < f->n; i++) {
		p = &f->points[i];
		if (!is_ours(d, p))
			continue;
		last = p;
		if (p->when > d->now + HOUR)
			d->n_future++;
		else if (!p->is_damaged && p->when > newest)
			newest = p->when;
	}
	return last == NULL
	    ? 0
	    : add_vm(d, identity(&last->vm), last->vm.name, newest, e);
}

static int
add_run(struct duerun *d, const struct history_run *run, struct err *e)
{
	size_t i;

	for (i = 0; i < run->n; i++)
		if (run->vms[i].uuid != NULL && run->vms[i].uuid[0] != '\0' &&
		    add_vm(d, run->vms[i].uuid, run->vms[i].name, 0, e) == -1)
			return -1;
	return 0;
}

/* One of each; the catalogue's come first and know the newest point. */
static void
merge(struct duerun *d)
{
	size_t i, kept = 0;

	if (d->n == 0)
		return;
	qsort(d->vms, d->n, sizeof(*d->vms), by_uuid);
	for (i = 1; i < d->n; i++) {
		struct duerun_vm *k = &d->vms[kept];

		if (by_uuid(k, &d->vms[i]) != 0) {
			d->vms[++kept] = d->vms[i];
			continue;
		}
		if (d->vms[i].newest > k->newest)
			k->newest = d->vms[i].newest;
		vm_free(&d->vms[i]);
	}
	d->n = kept + 1;
}

/* In order of their end: whichever is the last decides. */
static int
add_try(struct duerun_vm *vm, struct due_try try, struct err *e)
{
	struct due_try *grown = realloc(vm->tries,
	    (vm->n + 1) * sizeof(*grown));
	size_t at;

	if (grown == NULL)
		return err_sys(e, ERR_OS, "memory");
	vm->tries = grown;
	for (at = vm->n; at > 0 && grown[at - 1].ended > try.ended; at--)
		grown[at] = grown[at - 1];
	grown[at] = try;
	vm->n++;
	return 0;
}

static int
add_tries(struct duerun_vm *vm, const struct history *h, time_t slot,
    const char *uuid, struct err *e)
{
	struct due_try *tries;
	size_t i, n;
	int rc = 0;

	tries = history_tries(h, slot, uuid, &n, e);
	if (tries == NULL && e->class != ERR_NONE)
		return -1;
	for (i = 0; rc == 0 && i < n; i++)
		rc = add_try(vm, tries[i], e);
	free(tries);
	return rc;
}

/* The newest word on each VM of the runs given; those of a clock that was
 * wrong say nothing. */
static void
mark_gone(struct duerun *d, const struct history *h)
{
	size_t r, i;

	for (r = h->n; r-- > 0;)
		for (i = 0;
		     h->runs[r].started <= d->now + HOUR && i < h->runs[r].n;
		     i++) {
			const struct history_vm *vm = &h->runs[r].vms[i];
			struct duerun_vm *known = vm->uuid == NULL
			    ? NULL
			    : (struct duerun_vm *)(uintptr_t)duerun_find(d,
				  vm->uuid);

			if (known != NULL && vm->outcome != NULL)
				known->was_told_gone = strcmp(vm->outcome,
							   "vanished") == 0;
		}
}

static bool
slot_has_runs(const struct history *h, time_t slot)
{
	size_t i;

	for (i = 0; i < h->n; i++)
		if (h->runs[i].slot == slot)
			return true;
	return false;
}

int
duerun_init(struct duerun *d, const struct conf_plan *plan, time_t now,
    time_t slot, const struct history *h, const struct catalog *catalog,
    struct err *e)
{
	size_t i, j;

	*d = (struct duerun){ .plan = plan, .now = now, .slot = slot };
	d->is_first = !slot_has_runs(h, slot);
	for (i = 0; catalog != NULL && i < catalog->n; i++)
		if (add_folder(d, &catalog->folders[i], e) == -1)
			return -1;
	for (i = 0; i < h->n; i++)
		if (add_run(d, &h->runs[i], e) == -1)
			return -1;
	merge(d);
	mark_gone(d, h);
	if (slot == 0)
		return 0;
	if (add_tries(&d->whole, h, slot, NULL, e) == -1)
		return -1;
	for (i = 0; i < d->n; i++) {
		if (add_tries(&d->vms[i], h, slot, d->vms[i].uuid, e) == -1)
			return -1;
		for (j = 0; j < d->whole.n; j++)
			if (add_try(&d->vms[i], d->whole.tries[j], e) == -1)
				return -1;
	}
	return 0;
}

void
duerun_free(struct duerun *d)
{
	size_t i;

	for (i = 0; i < d->n; i++)
		vm_free(&d->vms[i]);
	free(d->vms);
	vm_free(&d->whole);
	*d = (struct duerun){ 0 };
}

const struct duerun_vm *
duerun_find(const struct duerun *d, const char *uuid)
{
	struct duerun_vm key = { .uuid = (char *)(uintptr_t)uuid };

	return d->n == 0
	    ? NULL
	    : bsearch(&key, d->vms, d->n, sizeof(*d->vms), by_uuid);
}

static enum due_state
judge(const struct duerun *d, const struct duerun_vm *vm, time_t *when)
{
	struct due_case c = { .now = d->now,
		.slot = d->slot,
		.newest = vm->newest,
		.retry_for_s = d->plan->retry_for_s,
		.tries = vm->tries,
		.n = vm->n };

	return due_judge(&c, when);
}

enum due_state
duerun_state(const struct duerun *d, const char *uuid)
{
	const struct duerun_vm *vm = duerun_find(d, uuid);
	time_t when;

	return judge(d, vm == NULL ? &d->whole : vm, &when);
}

bool
duerun_is_due(const struct duerun *d)
{
	time_t when;
	size_t i;

	/* What it selects may be nothing that could ever be known. */
	if (d->n == 0 && d->whole.n == 0)
		return d->slot != 0 && d->is_first;
	if (d->n == 0)
		return judge(d, &d->whole, &when) == DUE_NOW;
	for (i = 0; i < d->n; i++)
		if (judge(d, &d->vms[i], &when) == DUE_NOW)
			return true;
	return false;
}

bool
duerun_has_more(const struct duerun *d, time_t *when)
{
	const struct duerun_vm *vms = d->n == 0 ? &d->whole : d->vms;
	size_t i, n = d->n == 0 ? 1 : d->n;
	enum due_state state;
	bool more = false;
	time_t at;

	if (d->n == 0 && d->whole.n == 0)
		return false;
	for (i = 0; i < n; i++) {
		state = judge(d, &vms[i], &at);
		if (state == DUE_NOW)
			at = d->now;
		else if (state != DUE_LATER)
			continue;
		if (!more || at < *when)
			*when = at;
		more = true;
	}
	return more;
}

int
duerun_add(struct duerun *d, const char *uuid, const char *name,
    struct due_try try, time_t point, struct err *e)
{
	struct duerun_vm *vm;
	size_t i;

	/* Or a run of hours would seem to end in the future, and promise
	 * another try that the next one, which knows better, does not make. */
	if (try.ended > d->now)
		d->now = try.ended;
	if (uuid == NULL) {
		for (i = 0; i < d->n; i++)
			if (add_try(&d->vms[i], try, e) == -1)
				return -1;
		return add_try(&d->whole, try, e);
	}
	if (duerun_find(d, uuid) == NULL) {
		if (add_vm(d, uuid, name, 0, e) == -1)
			return -1;
		qsort(d->vms, d->n, sizeof(*d->vms), by_uuid);
	}
	vm = (struct duerun_vm *)(uintptr_t)duerun_find(d, uuid);
	if (point > vm->newest)
		vm->newest = point;
	return add_try(vm, try, e);
}

struct outcome
duerun_outcome(const struct duerun *d)
{
	const struct duerun_vm *vms = d->n == 0 ? &d->whole : d->vms;
	size_t i, n = d->n == 0 ? 1 : d->n;
	struct outcome o = { 0 };
	time_t when;
	int last;

	for (i = 0; i < n; i++) {
		if (vms[i].n == 0)
			continue;
		last = vms[i].tries[vms[i].n - 1].exit;
		/* Killed behind the backup, or before it. */
		if (last == -1)
			last = judge(d, &vms[i], &when) == DUE_MET ? 0
								   : ERR_BUG;
		outcome_add(&o, last);
	}
	return o;
}
