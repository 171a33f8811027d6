#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "base/log.h"
#include "plan/runner_internal.h"
#include "plan/runner_record.h"
#include "plan/runner_vm.h"
#include "plan/select.h"
#include "store/name.h"
#include "sys/file.h"
#include "sys/sig.h"

struct catalog_vm_id
runner_pick_id(const struct run *r, const struct toolresult_vm *seen)
{
	/* A host that has no instance uuids shows the BIOS's for it. */
	bool has_instance = strcasecmp(seen->uuid, seen->bios_uuid) != 0;

	return (struct catalog_vm_id){ .name = seen->name,
		.moid = seen->moid,
		.instance_uuid = has_instance ? seen->uuid : "",
		.bios_uuid = seen->bios_uuid,
		.server = r->plan->site->server };
}

/* What esxbk-list came to, once it has ended. */
static int
take_list(struct run *r, const struct child_end *end, struct err *e)
{
	struct toolresult t;
	int rc = -1;

	toolresult_read(&t, "esxbk-list", "vm", end);
	if (t.exit != 0 && t.exit != ERR_PARTIAL)
		err_set(e, t.exit, "site %s: %s", r->plan->site->name, t.text);
	else
		rc = toolresult_list_read(&r->list, &end->output, e);
	r->list_is_partial = t.exit == ERR_PARTIAL;
	if (rc == 0 && r->list_is_partial)
		runner_record_warn(r->warnings, "W_LIST", t.text);
	toolresult_free(&t);
	return rc;
}

static int
list(struct run *r, struct err *e)
{
	struct toolline l = { 0 };
	struct child_end end = { 0 };
	struct child_spec spec = { .secret = r->secret,
		.output_limit = RUNNER_OUTPUT,
		.grace_s = RUNNER_GRACE_S };
	void *what;
	int rc = -1;

	if (toolline_init(&l, "esxbk-list", e) == -1)
		goto out;
	toolline_add_site(&l, r->plan->site, r->c->conf->path);
	toolline_add(&l, "--json");
	toolline_add(&l, "-q");
	if (toolline_check(&l, e) == -1)
		goto out;
	spec.argv = (const char *const *)l.argv;
	if (children_start(r->kids, &spec, NULL, e) == 0 &&
	    children_wait(r->kids, -1, &what, &end, e) == 1)
		rc = take_list(r, &end, e);
out:
	buf_free(&end.output);
	toolline_free(&l);
	return rc;
}

static int
grow(struct run *r, const struct toolresult_vm *seen, struct run_vm **vm,
    struct err *e)
{
	*vm = &r->vms[r->n];
	if (runner_vm_init(*vm, r, seen) == -1)
		return err_sys(e, ERR_OS, "memory");
	r->n++;
	return 0;
}

/* Two new VMs of one name in one run: neither has a folder yet. */
static bool
is_given(const struct run *r, const char *folder)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		if (r->vms[i].folder != NULL &&
		    strcasecmp(r->vms[i].folder, folder) == 0)
			return true;
	return false;
}

static char *
choose_folder(const struct run *r, const struct toolresult_vm *seen,
    struct err *e)
{
	struct catalog_vm_id id = runner_pick_id(r, seen);
	const struct catalog_folder *f = catalog_folder_of(&r->catalog, &id);
	char *name;

	if (f != NULL) {
		name = strdup(f->name);
	} else {
		name = catalog_new_folder(&r->catalog, &id, e);
		if (name != NULL && is_given(r, name)) {
			free(name);
			name = name_local(seen->name, seen->uuid, true);
		}
	}
	if (name == NULL)
		err_sys(e, ERR_OS, "memory");
	return name;
}

static int
add(struct run *r, const struct toolresult_vm *seen, struct err *e)
{
	char *folder = choose_folder(r, seen, e);
	struct run_vm *vm;

	if (folder == NULL || grow(r, seen, &vm, e) == -1) {
		free(folder);
		return -1;
	}
	vm->folder = folder;
	vm->path = file_join(r->plan->repo->path, folder);
	return vm->path == NULL ? err_sys(e, ERR_OS, "memory") : 0;
}

/* Another one of this uuid, of the same name if there is one: a copy that was
 * never powered on has its original's. */
static const struct toolresult_vm *
find_twin(const struct run *r, const bool *picked,
    const struct toolresult_vm *vm)
{
	const struct toolresult_vm *twin = NULL, *other;
	size_t i;

	for (i = 0; i < r->list.n && vm->uuid[0] != '\0'; i++) {
		other = &r->list.vms[i];
		if (picked[i] && other != vm &&
		    strcasecmp(other->uuid, vm->uuid) == 0 &&
		    (twin == NULL || strcmp(other->name, vm->name) == 0))
			twin = other;
	}
	return twin;
}

/* Its folder's newest point is of its name. */
static bool
is_known(const struct run *r, const struct toolresult_vm *seen)
{
	struct catalog_vm_id id = runner_pick_id(r, seen);
	const struct catalog_folder *f = catalog_folder_of(&r->catalog, &id);

	return f != NULL &&
	    strcmp(f->points[f->n - 1].vm.name, seen->name) == 0;
}

/* Points of two VMs with one uuid would be told apart by nothing, and one's
 * retention would take the other's: only the one that has points goes on. */
static int
add_or_refuse(struct run *r, const bool *picked,
    const struct toolresult_vm *seen, struct err *e)
{
	const struct toolresult_vm *twin = find_twin(r, picked, seen);
	struct run_vm *vm;

	if (twin == NULL ||
	    (is_known(r, seen) && strcmp(twin->name, seen->name) != 0))
		return add(r, seen, e);
	if (grow(r, NULL, &vm, e) == -1)
		return -1;
	/* Without the uuid: the other one's tries are not its. */
	vm->name = seen->name;
	vm->moid = seen->moid;
	runner_vm_conclude(vm, "failed", ERR_NOTFOUND,
	    "moid:%s (%s) has the same uuid as moid:%s (%s): select one of them, "
	    "or have the host give the copy another",
	    seen->moid, seen->path, twin->moid, twin->path);
	return 0;
}

static const struct toolresult_vm *
find_seen(const struct run *r, const char *uuid)
{
	size_t i;

	for (i = 0; i < r->list.n; i++)
		if (strcasecmp(r->list.vms[i].uuid, uuid) == 0)
			return &r->list.vms[i];
	return NULL;
}

static bool
is_wanted(const struct run *r, const char *uuid)
{
	return !r->c->is_due || duerun_state(&r->due, uuid) == DUE_NOW;
}

/* A selector's words begin with its name, which stands before them already
 * wherever a VM is told of. */
static const char *
reason(const struct select_miss *miss)
{
	size_t n = strlen(miss->what);

	return strncmp(miss->text, miss->what, n) == 0 &&
		strncmp(miss->text + n, ": ", 2) == 0
	    ? miss->text + n + 2
	    : miss->text;
}

/* A name in the plan that means none, or two. */
static int
add_missing(struct run *r, const struct select_miss *miss, struct err *e)
{
	const struct duerun_vm *known = NULL;
	struct run_vm *vm;
	size_t i;

	for (i = 0; i < r->due.n && known == NULL; i++)
		if (miss->is_absent &&
		    (strcmp(r->due.vms[i].name, miss->what) == 0 ||
			strcasecmp(r->due.vms[i].uuid, miss->what) == 0) &&
		    find_seen(r, r->due.vms[i].uuid) == NULL)
			known = &r->due.vms[i];
	if (known != NULL && !is_wanted(r, known->uuid))
		return 0;
	if (grow(r, NULL, &vm, e) == -1)
		return -1;
	vm->name = known != NULL ? known->name : miss->what;
	vm->uuid = known != NULL ? known->uuid : "";
	if (r->list_is_partial)
		runner_vm_conclude(vm, "failed", ERR_TEMP,
		    "the host could not tell all of its VMs");
	else if (known != NULL)
		runner_vm_conclude(vm, "vanished", ERR_NOTFOUND,
		    "no such VM any more; its points are kept");
	else
		runner_vm_conclude(vm, "failed", ERR_NOTFOUND, "%s",
		    reason(miss));
	return 0;
}

static bool
has_line(const struct run *r, const char *uuid)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		if (strcasecmp(r->vms[i].uuid, uuid) == 0)
			return true;
	return false;
}

/* A VM that a pattern meant before: the first run that misses it fails, those
 * that follow only go on saying so.  One that could not be read is not gone,
 * but it has no backup either. */
static int
add_gone(struct run *r, const struct duerun_vm *known, struct err *e)
{
	bool is_there = find_seen(r, known->uuid) != NULL;
	struct run_vm *vm;

	if (has_line(r, known->uuid) || !is_wanted(r, known->uuid) ||
	    (is_there && !r->c->is_scheduled) ||
	    (!is_there && r->list_is_partial && known->was_told_gone))
		return 0;
	if (grow(r, NULL, &vm, e) == -1)
		return -1;
	vm->name = known->name;
	vm->uuid = known->uuid;
	if (is_there)
		runner_vm_conclude(vm, "skipped", 0,
		    "the plan selects it no more; its points are kept");
	else if (r->list_is_partial)
		runner_vm_conclude(vm, "failed", ERR_TEMP,
		    "the host could not tell all of its VMs");
	else
		runner_vm_conclude(vm, "vanished",
		    known->was_told_gone ? 0 : ERR_NOTFOUND,
		    "no such VM any more; its points are kept");
	return 0;
}

/* The list as selectors see it. */
static struct selector_vm *
as_selected(const struct toolresult_list *l, struct err *e)
{
	struct selector_vm *vms = calloc(l->n + 1, sizeof(*vms));
	size_t i;

	if (vms == NULL)
		err_sys(e, ERR_OS, "memory");
	for (i = 0; vms != NULL && i < l->n; i++)
		vms[i] = (struct selector_vm){ .name = l->vms[i].name,
			.id = l->vms[i].moid,
			.path = l->vms[i].path,
			.uuid = l->vms[i].bios_uuid,
			.instance_uuid = l->vms[i].uuid,
			.is_on = l->vms[i].is_on };
	return vms;
}

/* --vm: of the plan's VMs only these. */
static int
narrow(const struct run *r, const struct selector_vm *vms, bool *picked,
    struct err *e)
{
	bool *also = calloc(r->list.n + 1, sizeof(*also));
	size_t i, left = 0;
	int rc = -1;

	if (also == NULL)
		return err_sys(e, ERR_OS, "memory");
	if (selector_pick(vms, r->list.n, r->c->vms, r->c->n_vms, also, e) ==
	    -1) {
		err_ctx(e, "--vm");
		goto out;
	}
	for (i = 0; i < r->list.n; i++) {
		picked[i] = picked[i] && also[i];
		left += picked[i];
	}
	rc = left > 0
	    ? 0
	    : err_set(e, ERR_EMPTY, "--vm: the plan selects none of these VMs");
out:
	free(also);
	return rc;
}

static bool
is_picked(const struct run *r, const bool *picked, const char *uuid)
{
	const struct toolresult_vm *seen = find_seen(r, uuid);

	return seen != NULL && picked[seen - r->list.vms];
}

static int
add_all(struct run *r, const bool *picked, const struct select *s,
    struct err *e)
{
	size_t i;

	/* Room for all, so that none of them moves. */
	r->vms = calloc(r->list.n + s->n_misses + r->due.n + 1,
	    sizeof(*r->vms));
	if (r->vms == NULL)
		return err_sys(e, ERR_OS, "memory");
	for (i = 0; i < r->list.n; i++)
		if (picked[i] && is_wanted(r, r->list.vms[i].uuid) &&
		    add_or_refuse(r, picked, &r->list.vms[i], e) == -1)
			return -1;
	if (r->c->n_vms > 0)
		return 0;
	for (i = 0; i < s->n_misses; i++)
		if (add_missing(r, &s->misses[i], e) == -1)
			return -1;
	for (i = 0; i < r->due.n; i++)
		if (!is_picked(r, picked, r->due.vms[i].uuid) &&
		    add_gone(r, &r->due.vms[i], e) == -1)
			return -1;
	return 0;
}

/* VMs of the host that none of its plans has. */
static int
find_unprotected(struct run *r, const struct selector_vm *vms, struct err *e)
{
	const struct conf *conf = r->c->conf;
	bool *covered = calloc(r->list.n + 1, sizeof(*covered));
	struct select s;
	size_t i, p;
	int rc = covered == NULL ? err_sys(e, ERR_OS, "memory") : 0;

	for (p = 0; rc == 0 && conf != NULL && p < conf->n_plans; p++) {
		if (conf->plans[p].site != r->plan->site)
			continue;
		rc = select_vms(&s, &conf->plans[p].select, vms, r->list.n, e);
		for (i = 0; rc == 0 && i < r->list.n; i++)
			covered[i] = covered[i] || s.picked[i];
		select_free(&s);
	}
	r->unprotected = json_array();
	for (i = 0; rc == 0 && conf != NULL && i < r->list.n; i++)
		if (!covered[i])
			json_array_append_new(r->unprotected,
			    json_string(r->list.vms[i].name));
	free(covered);
	return rc;
}

int
runner_pick(struct run *r, struct err *e)
{
	struct selector_vm *vms = NULL;
	struct select s = { 0 };
	int rc = -1;

	if (list(r, e) == -1 || (vms = as_selected(&r->list, e)) == NULL ||
	    select_vms(&s, &r->plan->select, vms, r->list.n, e) == -1)
		goto out;
	if (r->c->n_vms > 0 && narrow(r, vms, s.picked, e) == -1)
		goto out;
	if (s.n_picked == 0 && s.n_misses == 0 && r->due.n == 0) {
		err_set(e, ERR_EMPTY, "the selection matches no VM");
		goto out;
	}
	if (add_all(r, s.picked, &s, e) == 0 &&
	    find_unprotected(r, vms, e) == 0)
		rc = 0;
out:
	select_free(&s);
	free(vms);
	return rc;
}
