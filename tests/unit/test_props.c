#include "vsphere/props.h"

#include "vimfake.h"
#include "vsphere/task.h"

static const struct moref vm = { "VirtualMachine", "vm-7" };

#define MISSING "<reportMissingObjectsInResults>true<"
#define GONE "!ManagedObjectNotFound The object has been deleted."

/* task-1 is forgotten: who did not say that this may be gets nothing at all. */
static void
answer(const char *method, const struct moref *this, const char *args,
    struct buf *out)
{
	(void)this;
	CHECK_STR(method, "RetrievePropertiesEx");
	if (strstr(args, ">recentTask<") != NULL)
		buf_puts(out,
		    VIMFAKE_OBJECT("VirtualMachine", "vm-7",
			VIMFAKE_PROP("recentTask",
			    "<ManagedObjectReference type='Task'>task-1"
			    "</ManagedObjectReference>"
			    "<ManagedObjectReference type='Task'>task-2"
			    "</ManagedObjectReference>")));
	else if (strstr(args, "</objectSet>" MISSING) == NULL)
		buf_puts(out, GONE);
	else if (strstr(args, ">task-2<") != NULL)
		buf_puts(out,
		    VIMFAKE_OBJECT("Task", "task-2",
			VIMFAKE_PROP("info",
			    "<name>X_Task</name><state>success</state>")));
}

static void
objects_that_are_gone_are_left_out(void)
{
	static const struct moref tasks[] = { { "Task", "task-1" },
		{ "Task", "task-2" } };
	static const char *const paths[] = { "info", NULL };
	struct props p = { 0 };
	struct err e = { 0 };

	vimfake.find = answer;
	vimfake_begin(NULL);
	CHECK_INT(props_get_many(NULL, tasks, 2, paths, &p, &e), 0);
	CHECK_STR(e.text, "");
	if (CHECK_INT(p.n, 1))
		CHECK_STR(p.objects[0].ref.id, "task-2");
	props_free(&p);
	CHECK_INT(props_get_many(NULL, tasks, 1, paths, &p, &e), 0);
	CHECK_INT(p.n, 0);
	props_free(&p);
	vimfake_end();
}

static void
object_that_must_be_there_is_not(void)
{
	static const struct moref task = { "Task", "task-1" };
	static const char *const paths[] = { "info", NULL };
	struct props p = { 0 };
	struct err e = { 0 };

	vimfake.find = answer;
	vimfake_begin(NULL);
	CHECK_INT(props_get(NULL, &task, paths, &p, &e), -1);
	CHECK_INT(e.class, ERR_NOTFOUND);
	CHECK_STR(e.fault, "ManagedObjectNotFound");
	vimfake_end();
}

/* Servers forget tasks some minutes after their end. */
static void
forgotten_task_runs_no_more(void)
{
	struct err e = { 0 };

	vimfake.find = answer;
	vimfake_begin(NULL);
	CHECK_INT(task_wait_idle(NULL, &vm, "X_Task", 1, &e), 0);
	CHECK_STR(e.text, "");
	vimfake_end();
}

CHECK_MAIN(TEST(objects_that_are_gone_are_left_out),
    /* clang-format off */
    TEST(object_that_must_be_there_is_not),
    TEST(forgotten_task_runs_no_more)
    /* clang-format on */
)
