#include "plan/runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/zone.h"
#include "plan/conf_wishes.h"
#include "plan/notify_tell.h"
#include "plan/repo.h"
#include "plan/runner_dry.h"
#include "plan/runner_hook.h"
#include "plan/runner_internal.h"
#include "plan/runner_record.h"
#include "plan/runner_vm.h"
#include "plan/slots.h"
#include "sys/machine.h"
#include "sys/sig.h"

enum { POLL_MS = 1000 };

/* Nothing of the caller's own connection may reach the tools: their command
 * lines are complete. */
static void
clear_environment(void)
{
	static const char *const names[] = { "ESXBK_PASSWORD",
		"ESXBK_PASSWORD_FILE", "ESXBK_PASSWORD_COMMAND", "ESXBK_SERVER",
		"ESXBK_USER", "ESXBK_THUMBPRINT", "ESXBK_CACERT", "ESXBK_SITE",
		"ESXBK_REPO" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unsetenv(names[i]);
	zone_leave();
}

static int
make_id(struct run *r, struct err *e)
{
	char stamp[CLOCK_STAMP_SIZE], nonce[MACHINE_NONCE_SIZE];

	if (machine_nonce(nonce, e) == -1)
		return -1;
	clock_format_stamp(r->now, stamp);
	snprintf(r->id, sizeof(r->id), "%s-%s-%.8s", stamp, r->plan->name,
	    nonce);
	return 0;
}

static time_t
slot_of(const struct runner_conf *c, time_t now)
{
	const struct conf_plan *plan = c->plan;
	time_t delay = 0;

	if (!c->is_due && !c->is_scheduled)
		return 0;
	/* A timer of systemd has a delay of its own. */
	if (c->is_due)
		delay = (time_t)schedule_delay_s(&plan->schedule, plan->name);
	return schedule_slot(&plan->schedule, plan->zone, now - delay);
}

static void
note_wishes(struct run *r)
{
	struct conf_wish wishes[CONF_WISHES];
	size_t i, n = conf_wishes(r->plan, wishes);

	for (i = 0; i < n; i++)
		runner_record_warn(r->notes, wishes[i].code, wishes[i].text);
}

static int
init(struct run *r, const struct runner_conf *c, struct err *e)
{
	*r = (struct run){ .c = c,
		.plan = c->plan,
		.now = clock_now(),
		.lines = json_array(),
		.notes = json_array(),
		.told = json_array(),
		.room = json_object(),
		.warnings = json_array() };
	r->slot = slot_of(c, r->now);
	r->kids = children_open(e);
	if (r->kids == NULL || make_id(r, e) == -1 ||
	    runner_past_read(r, e) == -1)
		return -1;
	note_wishes(r);
	clear_environment();
	return 0;
}

static void
destroy(struct run *r)
{
	size_t i;

	children_free(r->kids);
	for (i = 0; i < r->n; i++)
		runner_vm_free(&r->vms[i]);
	free(r->vms);
	history_close(r->file);
	history_free(&r->past);
	catalog_free(&r->catalog);
	duerun_free(&r->due);
	toolresult_list_free(&r->list);
	if (r->secret != NULL)
		explicit_bzero(r->secret, strlen(r->secret));
	free(r->secret);
	json_decref(r->begin);
	json_decref(r->lines);
	json_decref(r->notes);
	json_decref(r->told);
	json_decref(r->room);
	json_decref(r->warnings);
	json_decref(r->unprotected);
}

static void
settle(struct run *r, struct run_vm *vm)
{
	struct due_try try = { .ended = vm->ended, .exit = vm->exit };
	json_t *line = runner_record_vm(vm);
	struct err e = { 0 };

	outcome_add(&r->outcome, vm->exit);
	if (vm->exit != 0)
		log_error("%s: %s: %s", r->plan->name, vm->name, vm->text);
	if (vm->uuid[0] != '\0' &&
	    duerun_add(&r->due, vm->uuid, vm->name, try,
		vm->point != NULL && vm->exit != ERR_NEGATIVE ? vm->point_time
							      : 0,
		&e) == -1)
		log_error("%s", e.text);
	runner_record_add(r, line);
	runner_record_tell(r, line);
	json_array_append_new(r->lines, line);
	vm->is_settled = true;
}

static void
settle_ended(struct run *r)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		if (r->vms[i].step == RUN_DONE && !r->vms[i].is_settled)
			settle(r, &r->vms[i]);
}

/* Begins as many as may be at once: false if one more had to wait for a place
 * that another run has. */
static bool
begin_vms(struct run *r, size_t *next)
{
	struct err e = { 0 };

	for (; *next < r->n && r->n_active < r->plan->site->vms &&
	     sig_pending() == 0 && !sig_is_shielded();
	     (*next)++) {
		struct run_vm *vm = &r->vms[*next];

		if (vm->step == RUN_DONE)
			continue;
		vm->slot = slots_take(r->plan->site, &e);
		if (vm->slot == NULL && e.class == ERR_NONE)
			return false;
		if (vm->slot == NULL) {
			log_warn("%s", e.text); /* better than no backup */
			err_clear(&e);
		}
		r->n_active++;
		runner_vm_go_on(vm);
		if (vm->step == RUN_DONE)
			r->n_active--;
	}
	return true;
}

/* After a signal, when nothing runs any more: the hooks that undo. */
static bool
go_on_shielded(struct run *r)
{
	size_t i;

	if (sig_pending() == 0)
		return false;
	sig_shield();
	for (i = 0; i < r->n; i++)
		if (r->vms[i].step != RUN_WAIT && r->vms[i].step != RUN_DONE)
			runner_vm_go_on(&r->vms[i]);
	return true;
}

static void
run_vms(struct run *r)
{
	struct child_end end;
	struct err e = { 0 };
	bool had_place, is_shielded = false;
	size_t next = 0;
	void *what;
	int got;

	for (;;) {
		had_place = begin_vms(r, &next);
		settle_ended(r);
		if (children_running(r->kids) == 0) {
			if (!is_shielded && go_on_shielded(r)) {
				is_shielded = true;
				continue;
			}
			if (is_shielded || next == r->n)
				break;
			sig_sleep_ms(POLL_MS);
			continue;
		}
		got = children_wait(r->kids, had_place ? -1 : POLL_MS, &what,
		    &end, &e);
		if (got == 0)
			continue;
		/* Without memory for its output: a crash, to us. */
		if (got == -1)
			err_clear(&e);
		runner_vm_ended(what, &end);
		r->n_active -= ((struct run_vm *)what)->step == RUN_DONE;
		buf_free(&end.output);
	}
	settle_ended(r);
	if (is_shielded)
		sig_unshield();
}

static void
tell_people(struct run *r, bool has_ended, int exit, bool is_final, json_t *end)
{
	struct notify_case c = { .ended = has_ended,
		.first = r->due.is_first || !r->c->is_due,
		.final = is_final,
		.exit = exit,
		.has_warnings = json_array_size(r->warnings) > 0,
		.failed_before = false };
	struct notify_run told = { .plan = r->plan,
		.begin = r->begin,
		.end = end,
		.record = r->file == NULL ? NULL : history_path(r->file),
		.config = r->c->conf->path };
	unsigned int events;
	json_t *list, *vms;
	size_t i;

	if (!r->c->is_scheduled || r->plan->n_notify == 0)
		return;
	for (i = 0; i < r->n; i++)
		if (strcmp(r->vms[i].outcome, "warn") == 0)
			c.has_warnings = true;
	if (has_ended)
		c.failed_before = runner_past_failed(r);
	events = notify_events(&c);
	if (events == 0)
		return;
	vms = runner_past_lost(r);
	json_array_extend(vms, r->lines);
	told.vms = vms;
	list = notify_tell(&told, events);
	json_array_extend(r->told, list);
	json_decref(list);
	json_decref(vms);
}

static void
begin(struct run *r, bool is_usable)
{
	struct conf_repo repo = *r->plan->repo;
	struct err e = { 0 };

	/* The empty folder below a mount that is missing takes nothing. */
	if (!is_usable)
		repo.path = "/dev/null";
	r->begin = runner_record_begin(r);
	r->file = history_open(&repo, r->plan->name, r->id, r->begin, &e);
	if (r->file == NULL) {
		log_error("%s", e.text);
		r->after = e;
	}
	tell_people(r, false, 0, false, NULL);
}

/* What the VMs need: all of it, or none of them is touched. */
static int
prepare(struct run *r, struct err *e)
{
	const struct conf_site *site = r->plan->site;

	if (sig_check(e) == -1 || runner_hook_all(r, CONF_BEFORE_RUN, e) == -1)
		return -1;
	if (site->password.kind != CONF_NO_SECRET) {
		r->secret = conf_secret(&site->password, site->name, e);
		if (r->secret == NULL)
			return -1;
	}
	return runner_pick(r, e);
}

int
runner_exit(const struct run *r)
{
	int exit =
	    r->e.class != ERR_NONE ? r->e.class : outcome_exit(&r->outcome);

	return exit != 0 ? exit : r->after.class;
}

void
runner_describe(const struct run *r, int exit, char *out, size_t size)
{
	size_t i, bad = 0;
	const struct run_vm *first = NULL;

	out[0] = '\0';
	if (exit == 0)
		return;
	for (i = 0; i < r->n; i++) {
		bad += r->vms[i].exit != 0;
		if (r->vms[i].exit != 0 && first == NULL)
			first = &r->vms[i];
	}
	if (r->e.class != ERR_NONE)
		snprintf(out, size, "%s", r->e.text);
	else if (first != NULL)
		snprintf(out, size, "%zu of %zu VMs failed: %s: %.700s", bad,
		    r->n, first->name, first->text);
	else if (exit == r->after.class)
		snprintf(out, size, "%s", r->after.text);
	else
		snprintf(out, size, "interrupted by a signal");
}

/* Hooks that end a run come in any case. */
static void
run_last_hooks(struct run *r)
{
	struct err e = { 0 };

	/* Between two VMs it made none of them fail. */
	sig_check(&r->after);
	sig_shield();
	if (runner_hook_all(r, CONF_AFTER_RUN, &e) == -1) {
		log_error("%s: %s", r->plan->name, e.text);
		if (r->after.class == ERR_NONE)
			r->after = e;
		err_clear(&e);
	}
	if (runner_exit(r) != 0 &&
	    runner_hook_all(r, CONF_ON_FAILURE, &e) == -1) {
		log_warn("%s: %s", r->plan->name, e.text);
		runner_record_warn(r->warnings, "W_HOOK", e.text);
	}
	sig_unshield();
}

/* The run's last line; where it cannot be written, the next run takes this
 * one for killed: that is no success. */
static void
record_end(struct run *r, json_t *line, struct runner_end *end)
{
	runner_record_add(r, line);
	if (end->exit == 0 && r->after.class != ERR_NONE) {
		end->exit = r->after.class;
		snprintf(end->text, sizeof(end->text), "%s", r->after.text);
		json_set_int(line, "exit", end->exit);
		json_set_text(line, "class", err_class_name(end->exit));
		json_set_text(line, "text", end->text);
	}
	runner_record_tell(r, line);
}

static void
conclude(struct run *r, struct runner_end *end)
{
	struct due_try try = { .ended = clock_now() };
	struct outcome slot;
	struct err e = { 0 };
	bool is_final = true;
	json_t *line;
	time_t when;
	int told;

	end->exit = try.exit = sig_pending() != 0 ? ERR_SIGNAL + sig_pending()
						  : runner_exit(r);
	if (r->e.class != ERR_NONE)
		duerun_add(&r->due, NULL, NULL, try, 0, &e);
	if (r->c->is_due)
		is_final = !duerun_has_more(&r->due, &when);
	runner_describe(r, end->exit, end->text, sizeof(end->text));
	line = runner_record_end(r, end->exit, end->text, is_final);
	/* Of all tries of the slot: what an earlier one gave up is lost. */
	slot = duerun_outcome(&r->due);
	told = r->c->is_due && end->exit == 0 ? outcome_exit(&slot) : end->exit;
	sig_shield();
	tell_people(r, true, told, is_final, line);
	json_set(line, "told", json_incref(r->told));
	record_end(r, line, end);
	sig_unshield();
	json_decref(line);
}

static void
count(const struct run *r, struct runner_end *end)
{
	end->ran = true;
	end->vms = r->outcome.n;
	end->ok = r->outcome.good;
	end->partial = r->outcome.partial;
	end->failed = end->vms - end->ok - end->partial;
}

static void
run_all(struct run *r, struct runner_end *end)
{
	bool usable = repo_check(r->plan->repo, &r->e) == 0;

	begin(r, usable);
	if (usable && prepare(r, &r->e) == 0)
		run_vms(r);
	run_last_hooks(r);
	conclude(r, end);
	count(r, end);
}

/* The slot's last run was killed before it could tell anybody, and there is
 * to be no other. */
static bool
is_to_be_closed(const struct run *r)
{
	const struct history_run *last = NULL;
	time_t when;
	size_t i;

	for (i = 0; i < r->past.n && last == NULL; i++)
		if (r->past.runs[i].slot == r->slot)
			last = &r->past.runs[i];
	return r->c->is_due && !r->c->is_dry_run && last != NULL &&
	    last->exit == -1 && !duerun_has_more(&r->due, &when);
}

static void
close_slot(struct run *r, struct runner_end *end)
{
	struct outcome slot = duerun_outcome(&r->due);
	struct err e = { 0 };

	if (outcome_exit(&slot) != 0)
		err_set(&r->e, outcome_exit(&slot),
		    "the last run was killed, and there is no other try "
		    "before the next time");
	begin(r, repo_check(r->plan->repo, &e) == 0);
	conclude(r, end);
	count(r, end);
}

void
runner_run(const struct runner_conf *c, struct runner_end *end)
{
	struct err e = { 0 };
	struct run r;

	*end = (struct runner_end){ 0 };
	if (init(&r, c, &e) == -1) {
		end->ran = true;
		end->exit = e.class;
		snprintf(end->text, sizeof(end->text), "%s", e.text);
	} else if (is_to_be_closed(&r)) {
		close_slot(&r, end);
	} else if (c->is_due && !duerun_is_due(&r.due)) {
		log_step("plan %s: nothing is due", c->plan->name);
	} else if (c->is_dry_run) {
		repo_check(c->plan->repo, &r.e);
		runner_dry(&r, end);
	} else {
		run_all(&r, end);
	}
	destroy(&r);
}
