#include "plan/runner_hook.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "plan/runner_internal.h"
#include "plan/runner_record.h"
#include "sys/sig.h"

enum { GRACE_S = 10, VARS = 16 };

static const char *const names[CONF_HOOKS] = {
	[CONF_BEFORE_RUN] = "before_run",
	[CONF_BEFORE_VM] = "before_vm",
	[CONF_AFTER_VM] = "after_vm",
	[CONF_AFTER_RUN] = "after_run",
	[CONF_ON_FAILURE] = "on_failure",
};

/* "NAME=value", NULL at the end. */
struct vars {
	char *items[VARS + 1];
	size_t n;
	bool failed;
};

static void
set(struct vars *v, const char *name, const char *value)
{
	if (v->n == VARS ||
	    asprintf(&v->items[v->n], "ESXBK_%s=%s", name,
		value == NULL ? "" : value) == -1) {
		v->items[v->n] = NULL;
		v->failed = true;
		return;
	}
	v->n++;
}

static void
set_int(struct vars *v, const char *name, int value)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", value);
	set(v, name, text);
}

static void
set_vm(struct vars *v, const struct run_vm *vm)
{
	char *point = NULL;

	if (vm->point != NULL &&
	    asprintf(&point, "%s/%s", vm->path, vm->point) == -1)
		v->failed = true;
	set(v, "VM", vm->name);
	set(v, "VM_MOID", vm->moid);
	set(v, "VM_UUID", vm->uuid);
	set(v, "POINT", point);
	set_int(v, "EXIT", vm->exit);
	set(v, "OUTCOME", vm->outcome[0] == '\0' ? "ok" : vm->outcome);
	if (!v->failed)
		free(point);
}

static void
set_all(struct vars *v, const struct run *r, const struct run_vm *vm,
    enum conf_hook which)
{
	set(v, "HOOK", names[which]);
	set(v, "PLAN", r->plan->name);
	set(v, "RUN", r->id);
	set(v, "SITE", r->plan->site->name);
	set(v, "SERVER", r->plan->site->server);
	set(v, "REPOSITORY", r->plan->repo->path);
	if (vm != NULL)
		set_vm(v, vm);
	else
		set_int(v, "EXIT", runner_exit(r));
}

/* What is known so far, on its standard input. */
static int
describe(const struct run *r, const struct run_vm *vm, struct buf *b,
    struct err *e)
{
	json_t *doc = vm == NULL
	    ? runner_record_end(r, runner_exit(r), r->e.text, false)
	    : runner_record_vm(vm);
	int rc = json_write(doc, JSON_LINE, b, e);

	json_decref(doc);
	return rc;
}

int
runner_hook_start(struct run *r, struct run_vm *vm, enum conf_hook which,
    size_t at, struct err *e)
{
	const struct conf_hooks *hooks = &r->plan->hooks;
	struct vars v = { 0 };
	struct buf input = { 0 };
	struct child_spec spec = { .argv = hooks->argv[which][at].items,
		.env = (const char *const *)v.items,
		.timeout_s = hooks->timeout_s,
		.grace_s = GRACE_S };
	int rc = -1;

	set_all(&v, r, vm, which);
	if (v.failed)
		err_sys(e, ERR_OS, "memory");
	else if (describe(r, vm, &input, e) == 0) {
		spec.input = input.data;
		spec.input_len = input.len;
		rc = children_start(r->kids, &spec, vm, e);
	}
	while (v.n > 0)
		free(v.items[--v.n]);
	buf_free(&input);
	return rc == 0 ? 0 : err_ctx(e, "hook %s", names[which]);
}

int
runner_hook_judge(const struct conf_plan *plan, enum conf_hook which, size_t at,
    const struct child_end *end, struct err *e)
{
	const char *program = plan->hooks.argv[which][at].items[0];
	int class = end->exit == ERR_TEMP ? ERR_TEMP : ERR_OS;

	if (end->timed_out)
		return err_set(e, class, "hook %s: %s: stopped after %ju s",
		    names[which], program, (uintmax_t)(end->ms / 1000));
	if (end->exit == 0)
		return 0;
	return err_set(e, class, "hook %s: %s exited with %d%s%s", names[which],
	    program, end->exit, end->said[0] == '\0' ? "" : ": ", end->said);
}

static int
run_one(struct run *r, enum conf_hook which, size_t at, struct err *e)
{
	struct child_end end = { 0 };
	void *what;
	int rc = -1;

	if (runner_hook_start(r, NULL, which, at, e) == 0 &&
	    children_wait(r->kids, -1, &what, &end, e) == 1)
		rc = runner_hook_judge(r->plan, which, at, &end, e);
	buf_free(&end.output);
	return rc;
}

int
runner_hook_all(struct run *r, enum conf_hook which, struct err *e)
{
	size_t i;

	for (i = 0; i < r->plan->hooks.n[which]; i++) {
		struct err why = { 0 };

		if (run_one(r, which, i, &why) == 0)
			continue;
		if (e->class != ERR_NONE)
			log_error("%s: %s", r->plan->name, why.text);
		else
			*e = why;
		if (which == CONF_BEFORE_RUN)
			break;
	}
	return e->class == ERR_NONE ? 0 : -1;
}
