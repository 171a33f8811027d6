#include "plan/runner_vm.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/num.h"
#include "plan/prune.h"
#include "plan/runner_hook.h"
#include "plan/runner_record.h"
#include "plan/runner_verify.h"
#include "store/name.h"
#include "store/record.h"
#include "sys/file.h"
#include "sys/sig.h"

int
runner_vm_init(struct run_vm *vm, struct run *r,
    const struct toolresult_vm *seen)
{
	*vm = (struct run_vm){ .run = r,
		.seen = seen,
		.name = seen == NULL ? "" : seen->name,
		.moid = seen == NULL ? "" : seen->moid,
		.uuid = seen == NULL ? "" : seen->uuid,
		.steps = json_object(),
		.warnings = json_array() };
	return vm->steps == NULL || vm->warnings == NULL ? -1 : 0;
}

void
runner_vm_free(struct run_vm *vm)
{
	lock_free(vm->slot);
	free(vm->folder);
	free(vm->path);
	free(vm->point);
	json_decref(vm->result);
	json_decref(vm->verified);
	json_decref(vm->pruned);
	json_decref(vm->steps);
	json_decref(vm->warnings);
	*vm = (struct run_vm){ 0 };
}

/* The first failure counts, as it decides whether there is another try; but a
 * backup that is damaged counts before all. */
static void
fail(struct run_vm *vm, const char *outcome, int exit, const char *text)
{
	if (vm->exit != 0 && vm->exit != ERR_PARTIAL && exit != ERR_NEGATIVE) {
		runner_record_warn(vm->warnings, "W_STEP", text);
		return;
	}
	vm->exit = exit;
	snprintf(vm->outcome, sizeof(vm->outcome), "%s", outcome);
	snprintf(vm->text, sizeof(vm->text), "%s", text);
}

static void
set_step(struct run_vm *vm, const char *step, int exit)
{
	json_set_text(vm->steps, step, exit == 0 ? "ok" : "failed");
}

/* The run's newest point of a VM is what an incremental would build on. */
void
runner_vm_decide(struct run_vm *vm)
{
	const struct run *r = vm->run;
	struct catalog_vm_id id = runner_pick_id(r, vm->seen);
	const struct catalog_folder *f = catalog_folder_of(&r->catalog, &id);
	struct decide_case c = { .now = r->now,
		.zone = r->plan->zone,
		.plan = r->plan,
		.asked = r->c->level,
		.same_identity = true };
	size_t i;

	for (i = 0; f != NULL && i < f->n; i++) {
		const struct catalog_point *p = &f->points[i];

		if (p->plan == NULL || strcmp(p->plan, r->plan->name) != 0)
			continue;
		c.parent_is_damaged = p->is_damaged;
		c.chain_is_damaged = p->is_broken;
		c.has_parent = true;
		c.chain = p->chain;
		if (p->is_full && catalog_is_good(p))
			c.last_full = p->when;
	}
	vm->decision = decide(&c);
}

int
runner_vm_line(const struct run_vm *vm, struct toolline *l, struct err *e)
{
	const struct conf_plan *plan = vm->run->plan;
	struct toolline_export x = { .plan = plan,
		.folder = vm->path,
		.moid = vm->moid,
		.labels = vm->seen->labels,
		.n_labels = vm->seen->n_labels };

	if (toolline_init(l, toolline_exporter(plan), e) == -1)
		return -1;
	toolline_add_site(l, plan->site, vm->run->c->conf->path);
	return toolline_add_export(l, &x, e);
}

static int
start(struct run_vm *vm, const struct toolline *l, const char *secret,
    struct err *e)
{
	struct child_spec spec = { .argv = (const char *const *)l->argv,
		.secret = secret,
		.output_limit = RUNNER_OUTPUT,
		.grace_s = RUNNER_GRACE_S };

	if (log_is_on(LOG_STEPS)) {
		struct buf b = { 0 };

		toolline_format(l, &b);
		log_step("%s: %s", vm->name, buf_text(&b));
		buf_free(&b);
	}
	return children_start(vm->run->kids, &spec, vm, e);
}

/* A full repository makes room by what need not be kept any more. */
static int
make_room(struct run_vm *vm, struct err *e)
{
	const struct conf_plan *plan = vm->run->plan;
	json_t *made = NULL;
	uint64_t missing;
	char size[16];

	if (prune_missing(plan->repo, &missing, e) == -1)
		return -1;
	if (missing == 0)
		return 0;
	if (prune_before(plan, clock_now(), &made, e) == -1)
		return -1;
	if (made != NULL)
		json_set(vm->run->room, vm->name, made);
	if (prune_missing(plan->repo, &missing, e) == -1)
		return -1;
	if (missing == 0)
		return 0;
	num_format_size(missing, size, sizeof(size));
	return err_set(e, ERR_IO,
	    "repository %s: %s more should be free (min_free), and nothing "
	    "else may go",
	    plan->repo->name, size);
}

static void
begin_export(struct run_vm *vm)
{
	struct toolline l = { 0 };
	struct err e = { 0 };

	runner_vm_decide(vm);
	if (make_room(vm, &e) == -1 || file_mkdir(vm->path, &e) == -1 ||
	    runner_vm_line(vm, &l, &e) == -1 ||
	    start(vm, &l, vm->run->secret, &e) == -1) {
		fail(vm, "failed", e.class, e.text);
		vm->step = RUN_AFTER;
	} else {
		vm->is_running = vm->wants_after = true;
	}
	toolline_free(&l);
}

/* Success is what lies on disk. */
static int
check_point(struct run_vm *vm, const char *name, struct err *e)
{
	const struct conf_plan *plan = vm->run->plan;
	json_t *record = NULL;
	const char *of;
	char *path = NULL;
	int rc = -1;

	if (name == NULL || !name_is_file(name))
		return err_set(e, ERR_BUG, "it names none");
	path = file_join(vm->path, name);
	if (path == NULL)
		return err_sys(e, ERR_OS, "memory");
	record = record_read(AT_FDCWD, path, e);
	if (record == NULL)
		goto out;
	of = json_string_value(json_object_get(record, "plan"));
	if (of == NULL || strcmp(of, plan->name) != 0 ||
	    !record_is_of_vm(record, vm->uuid)) {
		err_set(e, ERR_BUG, "%s is another's", name);
		goto out;
	}
	vm->point_time = record_time(record);
	vm->point = strdup(name);
	rc = vm->point == NULL ? err_sys(e, ERR_OS, "memory") : 0;
out:
	json_decref(record);
	free(path);
	return rc;
}

static void
take_warnings(struct run_vm *vm, const json_t *list)
{
	size_t i;

	for (i = 0; i < json_array_size(list); i++)
		json_array_append(vm->warnings, json_array_get(list, i));
}

/* A backup that is there although the tool's status is not 0: a device could
 * not be part of it, or its snapshot is still on the host. */
static bool
may_have_point(const struct toolresult *t)
{
	return t->exit == 0 || t->exit == ERR_PARTIAL ||
	    (t->exit == ERR_TEMP && strcmp(t->outcome, "warn") == 0);
}

static void
take_export(struct run_vm *vm, const struct child_end *end)
{
	const char *tool = toolline_exporter(vm->run->plan), *name;
	struct toolresult t;
	struct err e = { 0 };

	toolresult_read(&t, tool, "backup", end);
	vm->result = json_incref(t.document);
	take_warnings(vm, json_object_get(t.document, "warnings"));
	name = json_string_value(json_object_get(t.document, "point"));
	if (may_have_point(&t) && check_point(vm, name, &e) == -1) {
		t.exit = ERR_BUG;
		snprintf(t.text, sizeof(t.text),
		    "%s reported success, but there is no point: %.700s", tool,
		    e.text);
	}
	set_step(vm, "export", vm->point == NULL ? t.exit : 0);
	if (t.exit != 0)
		fail(vm,
		    vm->point == NULL           ? "failed"
			: t.exit == ERR_PARTIAL ? "partial"
						: "warn",
		    t.exit, t.text);
	toolresult_free(&t);
	vm->step = vm->point == NULL ? RUN_AFTER : RUN_VERIFY;
}

static void
begin_verify(struct run_vm *vm)
{
	struct toolline l = { 0 };
	struct err e = { 0 };

	vm->level = runner_verify_level(vm->run->plan, vm->path, vm->run->now);
	if (vm->level == NULL) {
		vm->step = RUN_AFTER;
		return;
	}
	if (runner_verify_line(&l, vm->run->plan, vm->path, vm->point,
		vm->level, &e) == -1 ||
	    start(vm, &l, NULL, &e) == -1) {
		fail(vm, "warn", e.class, e.text);
		set_step(vm, "verify", e.class);
		vm->step = RUN_AFTER;
	} else {
		vm->is_running = true;
	}
	toolline_free(&l);
}

static void
take_verify(struct run_vm *vm, const struct child_end *end)
{
	struct runner_verified v;
	struct err e = { 0 };

	if (runner_verify_take(&v, vm->path, vm->point, vm->level, end, &e) ==
	    -1)
		runner_record_warn(vm->warnings, "W_STATE", e.text);
	vm->verified = v.document;
	set_step(vm, "verify", v.exit);
	if (v.exit != 0)
		fail(vm, v.is_damaged ? "failed" : "warn", v.exit, v.text);
	vm->step = RUN_AFTER;
}

static void
prune(struct run_vm *vm)
{
	struct prune_how how = { .now = clock_now(), .max_delete = -1 };
	struct err e = { 0 };
	struct prune p;

	if (!vm->run->plan->has_retention || access(vm->path, F_OK) == -1)
		return;
	if (prune_folder(&p, vm->run->plan, vm->folder, &how, &e) == -1) {
		set_step(vm, "prune", e.class);
		runner_record_warn(vm->warnings,
		    e.class == ERR_NEGATIVE ? "W_PRUNE_GUARD" : "W_PRUNE",
		    e.text);
	} else {
		set_step(vm, "prune", 0);
	}
	if (p.n_removed > 0)
		vm->pruned = prune_json(&p);
	prune_free(&p);
}

static void
finish(struct run_vm *vm)
{
	if (vm->began && sig_pending() == 0 && !sig_is_shielded())
		prune(vm);
	vm->ended = clock_now();
	if (vm->outcome[0] == '\0')
		snprintf(vm->outcome, sizeof(vm->outcome), "%s",
		    json_array_size(vm->warnings) > 0 ? "warn" : "ok");
	lock_free(vm->slot);
	vm->slot = NULL;
	vm->step = RUN_DONE;
}

void
runner_vm_conclude(struct run_vm *vm, const char *outcome, int exit,
    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(vm->text, sizeof(vm->text), fmt, ap);
	va_end(ap);
	snprintf(vm->outcome, sizeof(vm->outcome), "%s", outcome);
	vm->exit = exit;
	vm->started = clock_now();
	finish(vm);
}

/* After it comes what undoes. */
static void
skip(struct run_vm *vm, const struct err *e)
{
	fail(vm, e->class > ERR_SIGNAL ? "failed" : "skipped", e->class,
	    e->text);
	vm->hook = 0;
	vm->step = RUN_AFTER;
}

static void
begin_hook(struct run_vm *vm, enum conf_hook which, enum run_step next)
{
	struct err e = { 0 };

	if (vm->hook == vm->run->plan->hooks.n[which]) {
		vm->hook = 0;
		vm->step = next;
		return;
	}
	if (runner_hook_start(vm->run, vm, which, vm->hook, &e) == 0) {
		vm->is_running = vm->wants_after = true;
		return;
	}
	if (which == CONF_AFTER_VM) {
		fail(vm, "warn", e.class, e.text);
		vm->hook++;
		return;
	}
	skip(vm, &e);
}

/* A hook that undoes is not to be ended in the middle by the signal that ends
 * the run: it is begun again when nothing else runs. */
static bool
is_cut_off(const struct child_end *end)
{
	return sig_pending() != 0 && !end->timed_out &&
	    (end->signal != 0 || end->exit > ERR_SIGNAL);
}

static void
take_hook(struct run_vm *vm, enum conf_hook which, const struct child_end *end)
{
	const char *name = which == CONF_BEFORE_VM ? "before_vm" : "after_vm";
	struct err e = { 0 };

	if (which == CONF_AFTER_VM && is_cut_off(end))
		return;
	if (runner_hook_judge(vm->run->plan, which, vm->hook, end, &e) == 0) {
		set_step(vm, name, 0);
		vm->hook++;
		return;
	}
	/* Ended with us, it says nothing of the VM: that is worth a retry. */
	if (which == CONF_BEFORE_VM && sig_pending() != 0) {
		err_clear(&e);
		sig_check(&e);
		err_ctx(&e, "hook %s", name);
	}
	set_step(vm, name, e.class);
	if (which == CONF_BEFORE_VM) {
		skip(vm, &e);
	} else {
		fail(vm, "warn", e.class, e.text);
		vm->hook++; /* each of them is to have its chance */
	}
}

static void
go_on(struct run_vm *vm)
{
	switch (vm->step) {
	case RUN_WAIT:
		vm->started = clock_now();
		vm->began = true;
		vm->step = RUN_BEFORE;
		break;
	case RUN_BEFORE:
		begin_hook(vm, CONF_BEFORE_VM, RUN_EXPORT);
		break;
	case RUN_EXPORT:
		begin_export(vm);
		break;
	case RUN_VERIFY:
		begin_verify(vm);
		break;
	case RUN_AFTER:
		if (vm->wants_after)
			begin_hook(vm, CONF_AFTER_VM, RUN_DONE);
		else
			vm->step = RUN_DONE;
		break;
	case RUN_DONE:
		break;
	}
}

/* What undoes waits until nothing runs that the signal was sent on to. */
static bool
must_wait(const struct run_vm *vm)
{
	return vm->step == RUN_AFTER && vm->wants_after &&
	    vm->hook < vm->run->plan->hooks.n[CONF_AFTER_VM] &&
	    sig_pending() != 0;
}

void
runner_vm_go_on(struct run_vm *vm)
{
	while (!vm->is_running && vm->step != RUN_DONE && !must_wait(vm))
		go_on(vm);
	if (vm->step == RUN_DONE && vm->ended == 0)
		finish(vm);
}

void
runner_vm_ended(struct run_vm *vm, const struct child_end *end)
{
	vm->is_running = false;
	switch (vm->step) {
	case RUN_BEFORE:
		take_hook(vm, CONF_BEFORE_VM, end);
		break;
	case RUN_EXPORT:
		take_export(vm, end);
		break;
	case RUN_VERIFY:
		take_verify(vm, end);
		break;
	case RUN_AFTER:
		take_hook(vm, CONF_AFTER_VM, end);
		break;
	case RUN_WAIT:
	case RUN_DONE:
		break;
	}
	runner_vm_go_on(vm);
}
