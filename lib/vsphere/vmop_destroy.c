#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "sys/sig.h"
#include "vsphere/props.h"
#include "vsphere/task.h"
#include "vsphere/vmop.h"
#include "vsphere/vmop_question.h"

enum {
	TASK_LIMIT_S = 1800,
	PATIENCE_S = 180, /* with what the VM is at when we come */
	AGAIN_MS = 1000,
};

/* Whatever it asks: it ends. */
static void
dismiss_question(struct vim *v, const struct moref *vm,
    const struct props_object *o)
{
	const struct xml_node *question = props_find(o, "runtime.question");
	struct err ignored = { 0 }; /* the next step tells */
	const char *choice;

	if (question == NULL)
		return;
	choice = vmop_question_choice(question, "cancel");
	if (choice == NULL)
		choice = vmop_question_default(question);
	if (choice != NULL)
		vmop_question_answer(v, vm, question, choice, &ignored);
}

static int
run_task(struct vim *v, const struct moref *vm, const char *method,
    const char *what, struct err *e)
{
	struct moref task;

	if (vim_call_ref(v, method, vm, NULL, &task, e) == -1)
		return -1;
	return task_wait(v, &task, TASK_LIMIT_S, what, NULL, e);
}

/* 1: it is gone. */
static int
destroy_once(struct vim *v, const struct moref *vm, struct err *e)
{
	static const char *const paths[] = { "runtime.powerState",
		"runtime.question", NULL };
	struct props p = { 0 };
	bool is_on;

	if (props_get(v, vm, paths, &p, e) == -1)
		return e->class == ERR_NOTFOUND ? 1 : -1;
	dismiss_question(v, vm, &p.objects[0]);
	is_on = strcmp(props_text(&p.objects[0], "runtime.powerState"),
		    "poweredOn") == 0;
	props_free(&p);
	if (is_on && run_task(v, vm, "PowerOffVM_Task", "power off", e) == -1)
		return -1;
	return run_task(v, vm, "Destroy_Task", "destroy", e);
}

/* The VM is at something else, or off or gone by now, or the reply did not
 * come: another look tells. */
static bool
is_worth_repeating(const struct err *e)
{
	static const char *const faults[] = { "TaskInProgress",
		"InvalidPowerState", "InvalidState", "ConcurrentAccess",
		"ManagedObjectNotFound" };
	size_t i;

	if (e->fault[0] == '\0')
		return soap_is_cut_off(e);
	for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (strcmp(e->fault, faults[i]) == 0)
			return true;
	return false;
}

int
vmop_destroy(struct vim *v, const struct moref *vm, struct err *e)
{
	uint64_t end = clock_mono_ms() + (uint64_t)PATIENCE_S * 1000;
	struct err own = { 0 };
	int rc;

	sig_shield();
	while ((rc = destroy_once(v, vm, &own)) == -1 &&
	    is_worth_repeating(&own) && clock_mono_ms() < end) {
		log_step("%s; trying again", own.text);
		err_clear(&own);
		sig_sleep_ms(AGAIN_MS);
	}
	sig_unshield();
	if (rc == -1 && e->class == ERR_NONE)
		*e = own;
	return rc == -1 ? -1 : 0;
}
