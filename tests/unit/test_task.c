#include "vsphere/task.h"

#include "vimfake.h"

static const struct moref task = { "Task", "task-1" };

#define READ "RetrievePropertiesEx"

static int
count(void *self, struct err *e)
{
	(void)e;
	++*(int *)self;
	return 0;
}

/* The host does its work meanwhile. */
static void
broken_connection_is_not_the_end_of_a_task(void)
{
	static const struct vimfake_step script[] = {
		{ READ, "?" },
		{ READ, VIMFAKE_TASK("queued") },
		{ READ, VIMFAKE_TASK("running") },
		{ READ, "?" },
		{ READ, "?" },
		{ READ, VIMFAKE_TASK("success") },
		{ NULL },
	};
	struct err e = { 0 };
	int looks = 0;

	vimfake_begin(script);
	CHECK_INT(
	    task_wait_watching(NULL, &task, 60, "work", count, &looks, &e), 0);
	CHECK_STR(e.text, "");
	CHECK_INT(looks, 2);
	vimfake_end();
}

static void
end_of_a_task_is_its_own_or_unknown(void)
{
	static const struct {
		const char *answer;
		int class;
		const char *fault, *text;
	} rows[] = {
		{ VIMFAKE_OBJECT("Task", "task-1",
		      VIMFAKE_PROP("info",
			  "<state>error</state><error><fault "
			  "xsi:type='NotFound'/><localizedMessage>No."
			  "</localizedMessage></error>")),
		    ERR_NOTFOUND, "NotFound", "work: NotFound: No." },
		{ "!ManagedObjectNotFound Deleted.", ERR_UNAVAIL, "",
		    "work: " READ ": ManagedObjectNotFound: Deleted." },
		{ "!NoPermission No.", ERR_PERM, "",
		    "work: " READ ": NoPermission: No." },
		{ VIMFAKE_TASK("odd"), ERR_PROTO, "",
		    "work: task state 'odd'" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct vimfake_step script[] = {
			{ READ, VIMFAKE_TASK("running") },
			{ READ, rows[i].answer },
			{ NULL },
		};
		struct err e = { 0 };

		check_at(rows[i].text);
		vimfake_begin(script);
		CHECK_INT(task_wait(NULL, &task, 60, "work", NULL, &e), -1);
		CHECK_INT(e.class, rows[i].class);
		CHECK_STR(e.fault, rows[i].fault);
		CHECK_STR(e.text, rows[i].text);
		vimfake_end();
	}
}

CHECK_MAIN(TEST(broken_connection_is_not_the_end_of_a_task),
    /* clang-format off */
    TEST(end_of_a_task_is_its_own_or_unknown)
    /* clang-format on */
)
