#include "vsphere/task.h"

#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "sys/sig.h"
#include "vsphere/props.h"

enum {
	POLL_FIRST_MS = 100,
	POLL_LAST_MS = 2000,
	RECENT_MAX = 64,
	SILENCE_MAX_MS = 300 * 1000, /* a host's services begin anew sooner */
	CUT_OFF = 2,
};

/* 1: ended well, 0: goes on, -1: failed, CUT_OFF: cannot tell now (*e). */
static int
look(struct vim *v, const struct moref *task, const char *what,
    struct moref *result, struct err *e)
{
	static const char *const paths[] = { "info", NULL };
	const struct xml_node *info;
	struct props p = { 0 };
	const char *state;
	int rc = 0;

	if (props_get(v, task, paths, &p, e) == -1) {
		rc = soap_is_cut_off(e) ? CUT_OFF : -1;
		if (e->class == ERR_NOTFOUND)
			e->class = ERR_UNAVAIL; /* the server began anew */
		e->fault[0] = '\0';             /* it is not the task's own */
		err_ctx(e, "%s", what);
		return rc;
	}
	info = props_find(&p.objects[0], "info");
	state = xml_text(xml_child(info, "state"));
	if (strcmp(state, "error") == 0) {
		rc = soap_method_fault(xml_child(info, "error"), what, e);
	} else if (strcmp(state, "success") == 0) {
		rc = 1;
		if (result != NULL &&
		    soap_read_ref(xml_child(info, "result"), result) == -1)
			rc = err_set(e, ERR_PROTO,
			    "%s: the task returns no reference", what);
	} else if (strcmp(state, "queued") != 0 &&
	    strcmp(state, "running") != 0) {
		rc = err_set(e, ERR_PROTO, "%s: task state '%.32s'", what,
		    state);
	}
	props_free(&p);
	return rc;
}

/* The task goes on behind a connection that is away for a while. */
static int
look_patiently(struct vim *v, const struct moref *task, const char *what,
    struct moref *result, uint64_t *heard, struct err *e)
{
	int rc = look(v, task, what, result, e);

	if (rc != CUT_OFF) {
		*heard = clock_mono_ms();
		return rc;
	}
	if (clock_mono_ms() - *heard > SILENCE_MAX_MS)
		return -1;
	log_step("%s; asking again", e->text);
	err_clear(e);
	return CUT_OFF;
}

static int
wait_for(struct vim *v, const struct moref *task, unsigned int limit_s,
    const char *what, int (*meanwhile)(void *self, struct err *e), void *self,
    struct moref *result, struct err *e)
{
	uint64_t heard = clock_mono_ms(), end = heard + limit_s * 1000ULL;
	unsigned int wait_ms = POLL_FIRST_MS;
	int rc;

	while ((rc = look_patiently(v, task, what, result, &heard, e)) == 0 ||
	    rc == CUT_OFF) {
		if (sig_check(e) == -1)
			return err_ctx(e, "%s", what);
		if (clock_mono_ms() > end)
			return err_set(e, ERR_TEMP, "%s: not done after %u s",
			    what, limit_s);
		if (rc == 0 && meanwhile != NULL && meanwhile(self, e) == -1)
			return err_ctx(e, "%s", what);
		sig_sleep_ms(wait_ms);
		wait_ms = wait_ms * 3 / 2 > POLL_LAST_MS ? POLL_LAST_MS
							 : wait_ms * 3 / 2;
	}
	return rc == 1 ? 0 : -1;
}

int
task_wait(struct vim *v, const struct moref *task, unsigned int limit_s,
    const char *what, struct moref *result, struct err *e)
{
	return wait_for(v, task, limit_s, what, NULL, NULL, result, e);
}

int
task_wait_watching(struct vim *v, const struct moref *task,
    unsigned int limit_s, const char *what,
    int (*meanwhile)(void *self, struct err *e), void *self, struct err *e)
{
	return wait_for(v, task, limit_s, what, meanwhile, self, NULL, e);
}

/* One that is forgotten or cannot be read has ended. */
static bool
is_running(const struct props_object *task, const char *method)
{
	const struct xml_node *info = props_find(task, "info");
	const char *state = xml_text(xml_child(info, "state"));

	return strcmp(xml_text(xml_child(info, "name")), method) == 0 &&
	    (strcmp(state, "queued") == 0 || strcmp(state, "running") == 0);
}

/* 1: one runs, 0: none, -1: cannot tell. */
static int
look_for_running(struct vim *v, const struct moref *object, const char *method,
    struct err *e)
{
	static const char *const recent[] = { "recentTask", NULL };
	static const char *const paths[] = { "info", NULL };
	struct props p = { 0 }, tasks = { 0 };
	struct moref refs[RECENT_MAX];
	const struct xml_node *n;
	size_t i, count = 0;
	int rc;

	if (props_get(v, object, recent, &p, e) == -1)
		return -1;
	n = xml_child(props_find(&p.objects[0], "recentTask"), NULL);
	for (; n != NULL && count < RECENT_MAX; n = xml_next(n, NULL))
		if (soap_read_ref(n, &refs[count]) == 0)
			count++;
	props_free(&p);
	rc = props_get_many(v, refs, count, paths, &tasks, e);
	for (i = 0; rc == 0 && i < tasks.n; i++)
		rc = is_running(&tasks.objects[i], method) ? 1 : 0;
	props_free(&tasks);
	return rc;
}

int
task_wait_idle(struct vim *v, const struct moref *object, const char *method,
    unsigned int limit_s, struct err *e)
{
	uint64_t end = clock_mono_ms() + (uint64_t)limit_s * 1000;
	int rc;

	while ((rc = look_for_running(v, object, method, e)) == 1) {
		if (clock_mono_ms() > end)
			return err_set(e, ERR_TEMP, "%s still runs after %u s",
			    method, limit_s);
		sig_sleep_ms(POLL_FIRST_MS * 5);
	}
	return rc;
}
