#include "plan/runner_dry.h"

#include "base/log.h"
#include "plan/runner_internal.h"
#include "plan/runner_record.h"
#include "plan/runner_vm.h"

static json_t *
words(const struct toolline *l)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < l->n; i++)
		json_array_append_new(list, json_string(l->argv[i]));
	return list;
}

static void
tell_one(struct run *r, struct run_vm *vm)
{
	struct toolline l = { 0 };
	struct buf shown = { 0 };
	struct err e = { 0 };
	json_t *line;

	if (vm->step == RUN_WAIT) {
		runner_vm_decide(vm);
		if (runner_vm_line(vm, &l, &e) == -1)
			runner_vm_conclude(vm, "failed", e.class, "%s", e.text);
	}
	line = runner_record_vm(vm);
	if (vm->step == RUN_WAIT) {
		toolline_format(&l, &shown);
		json_set(line, "command", words(&l));
		json_set_text(line, "line", buf_text(&shown));
	} else if (vm->exit != 0) {
		log_error("%s: %s: %s", r->plan->name, vm->name, vm->text);
	}
	outcome_add(&r->outcome, vm->exit);
	runner_record_tell(r, line);
	json_decref(line);
	buf_free(&shown);
	toolline_free(&l);
}

void
runner_dry(struct run *r, struct runner_end *end)
{
	size_t i;

	end->ran = true;
	if (r->e.class == ERR_NONE &&
	    r->plan->site->password.kind != CONF_NO_SECRET)
		r->secret = conf_secret(&r->plan->site->password,
		    r->plan->site->name, &r->e);
	if (r->e.class == ERR_NONE)
		runner_pick(r, &r->e);
	for (i = 0; i < r->n; i++) {
		end->work += r->vms[i].step == RUN_WAIT;
		tell_one(r, &r->vms[i]);
	}
	end->exit =
	    r->e.class != ERR_NONE ? r->e.class : outcome_exit(&r->outcome);
	runner_describe(r, end->exit, end->text, sizeof(end->text));
}
