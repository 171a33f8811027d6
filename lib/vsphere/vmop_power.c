#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "sys/sig.h"
#include "vsphere/props.h"
#include "vsphere/task.h"
#include "vsphere/vmop.h"
#include "vsphere/vmop_question.h"

enum {
	POWER_ON_LIMIT_S = 600,
	LOST_MAX = 3, /* replies that did not come */
	AGAIN_MS = 1000,
};

struct machine {
	struct vim *v;
	const struct moref *vm;
};

/* One that is about a copy is answered, any other is the end. */
static int
settle_question(struct machine *m, const struct props_object *o, struct err *e)
{
	const struct xml_node *question = props_find(o, "runtime.question");
	const char *choice;

	if (question == NULL)
		return 0;
	choice = vmop_question_is_about_copy(question)
	    ? vmop_question_choice(question, "copied")
	    : NULL;
	if (choice == NULL)
		return vmop_question_refuse(question, e);
	log_step("the VM asks whether it was copied: it was");
	return vmop_question_answer(m->v, m->vm, question, choice, e);
}

static int
look_for_question(void *self, struct err *e)
{
	static const char *const paths[] = { "runtime.question", NULL };
	struct machine *m = self;
	struct props p = { 0 };
	int rc;

	if (props_get(m->v, m->vm, paths, &p, e) == -1)
		return -1;
	rc = settle_question(m, &p.objects[0], e);
	props_free(&p);
	return rc;
}

/* 1: it is on. */
static int
look_for_power(struct machine *m, struct err *e)
{
	static const char *const paths[] = { "runtime.powerState",
		"runtime.question", NULL };
	struct props p = { 0 };
	int rc;

	if (props_get(m->v, m->vm, paths, &p, e) == -1)
		return -1;
	rc = settle_question(m, &p.objects[0], e);
	if (rc == 0 &&
	    strcmp(props_text(&p.objects[0], "runtime.powerState"),
		"poweredOn") == 0)
		rc = 1;
	props_free(&p);
	return rc;
}

static int
try(struct machine *m, struct err *e)
{
	struct moref task;

	if (vim_call_ref(m->v, "PowerOnVM_Task", m->vm, NULL, &task, e) == -1)
		return -1;
	return task_wait_watching(m->v, &task, POWER_ON_LIMIT_S, "power on",
	    look_for_question, m, e);
}

/* The reply did not come, or another request is or was before this one. */
static bool
is_in_doubt(const struct err *e, int *lost)
{
	if (e->fault[0] == '\0')
		return soap_is_cut_off(e) && ++*lost < LOST_MAX;
	return strcmp(e->fault, "InvalidPowerState") == 0 ||
	    strcmp(e->fault, "TaskInProgress") == 0;
}

/* 1: another request is at it, or this one is worth repeating. */
static int
try_and_look(struct machine *m, int *lost, struct err *e)
{
	struct err look = { 0 };
	int is_on;

	if (try(m, e) == 0)
		return 0;
	if (!is_in_doubt(e, lost))
		return -1;
	is_on = look_for_power(m, &look);
	if (is_on == 1)
		return 0;
	if (is_on == -1 && !is_in_doubt(&look, lost)) {
		*e = look;
		return -1;
	}
	/* Neither on nor off: it does not pass. */
	return strcmp(e->fault, "InvalidPowerState") == 0 ? -1 : 1;
}

int
vmop_power_on(struct vim *v, const struct moref *vm, struct err *e)
{
	uint64_t end = clock_mono_ms() + (uint64_t)POWER_ON_LIMIT_S * 1000;
	struct machine m = { v, vm };
	struct err own = { 0 };
	int rc, lost = 0;

	while ((rc = try_and_look(&m, &lost, &own)) == 1 &&
	    clock_mono_ms() < end) {
		sig_sleep_ms(AGAIN_MS);
		err_clear(&own);
		if (sig_check(&own) == -1)
			break;
	}
	if (rc != 0 && e->class == ERR_NONE)
		*e = own;
	return rc == 0 ? 0 : -1;
}
