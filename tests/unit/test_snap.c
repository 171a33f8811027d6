#include "vsphere/snap.h"

#include "vimfake.h"

#define READ "RetrievePropertiesEx"
#define VM(props) VIMFAKE_OBJECT("VirtualMachine", "vm-7", props)
#define TASK VIMFAKE_REF("Task", "task-1")
#define GONE "!ManagedObjectNotFound The object has been deleted."
#define REFUSED "!InvalidLogin The password was changed."
#define IDLE VM(VIMFAKE_PROP("recentTask", ""))
#define NO_SNAPSHOT VM(VIMFAKE_PROP("runtime.consolidationNeeded", "false"))
#define SNAPSHOT(name)                                                   \
	VM(VIMFAKE_PROP("snapshot",                                      \
	    "<rootSnapshotList><snapshot type='VirtualMachineSnapshot'>" \
	    "snapshot-3</snapshot><name>" name "</name></rootSnapshotList>"))

/* A task that did. */
#define FAILED(type)                                                      \
	VIMFAKE_OBJECT("Task", "task-1",                                  \
	    VIMFAKE_PROP("info",                                          \
		"<state>error</state><error><fault xsi:type='" type "'/>" \
		"<localizedMessage>No.</localizedMessage></error>"))

struct story {
	const char *name;
	struct vimfake_step script[12];
	int class;
	const char *text;
};

/* Whatever became of the request: what it may have made does not stay. */
static void
snapshot_that_is_not_had_is_not_left(void)
{
	static const struct story stories[] = {
		{ "refused",
		    { { "CreateSnapshot_Task", "!NotSupported No." },
			{ NULL } },
		    ERR_TEMP, "CreateSnapshot_Task: NotSupported: No." },
		{ "the task failed",
		    { { "CreateSnapshot_Task", TASK },
			{ READ, FAILED("FileFault") }, { NULL } },
		    ERR_TEMP, "create snapshot: FileFault: No." },
		{ "the reply was lost, it is there",
		    { { "CreateSnapshot_Task", "?" }, { READ, IDLE },
			{ READ, SNAPSHOT("esxbk-run1") },
			{ "RemoveSnapshot_Task", TASK },
			{ READ, VIMFAKE_TASK("success") },
			{ READ, NO_SNAPSHOT }, { NULL } },
		    ERR_UNAVAIL, "the connection broke" },
		{ "the host began anew and forgot the task, it is there",
		    { { "CreateSnapshot_Task", TASK }, { READ, GONE },
			{ READ, GONE }, { READ, IDLE },
			{ READ, SNAPSHOT("esxbk-run1") },
			{ "RemoveSnapshot_Task", TASK }, { READ, GONE },
			{ READ, IDLE }, { "RemoveSnapshot_Task", GONE },
			{ READ, NO_SNAPSHOT }, { NULL } },
		    ERR_UNAVAIL,
		    "create snapshot: RetrievePropertiesEx: "
		    "ManagedObjectNotFound: The object has been deleted." },
		{ "no login for a moment, another's is there",
		    { { "CreateSnapshot_Task", TASK }, { READ, REFUSED },
			{ READ, REFUSED }, { READ, IDLE },
			{ READ, SNAPSHOT("esxbk-run2") }, { NULL } },
		    ERR_PERM,
		    "create snapshot: RetrievePropertiesEx: InvalidLogin: The "
		    "password was changed." },
	};
	static const struct snap_mark mark = { "run1", "m", "/r" };
	char name[] = "web", power[] = "poweredOff";
	struct vm vm = { .ref = { "VirtualMachine", "vm-7" },
		.name = name,
		.power = power };
	struct err e;
	size_t i;

	for (i = 0; i < sizeof(stories) / sizeof(stories[0]); i++) {
		check_at(stories[i].name);
		e = (struct err){ 0 };
		vimfake_begin(stories[i].script);
		CHECK(
		    snap_open(NULL, &vm, &mark, SNAP_QUIESCE_OFF, &e) == NULL);
		CHECK_INT(e.class, stories[i].class);
		CHECK(strstr(e.text, stories[i].text) != NULL);
		vimfake_end();
	}
}

/* A migration, or another's backup: it passes. */
static void
removal_waits_for_who_is_at_work(void)
{
	static const struct vimfake_step script[] = {
		{ "RemoveSnapshot_Task", "!TaskInProgress Busy." },
		{ "RemoveSnapshot_Task", TASK },
		{ READ, FAILED("TaskInProgress") },
		{ "RemoveSnapshot_Task", TASK },
		{ READ, VIMFAKE_TASK("success") },
		{ READ, NO_SNAPSHOT },
		{ NULL },
	};
	char name[] = "web", snapshot[] = "esxbk-run1";
	struct vm vm = { .ref = { "VirtualMachine", "vm-7" }, .name = name };
	struct vm_snapshot left = { .ref = { "VirtualMachineSnapshot",
					"snapshot-3" },
		.name = snapshot };
	struct err e = { 0 };
	struct snap *s;

	vimfake_begin(script);
	s = snap_adopt(NULL, &vm, &left, &e);
	if (!CHECK(s != NULL))
		return;
	CHECK_INT(snap_commit(s, &e), 0);
	CHECK_STR(e.text, "");
	snap_free(s);
	vimfake_end();
}

CHECK_MAIN(TEST(snapshot_that_is_not_had_is_not_left),
    /* clang-format off */
    TEST(removal_waits_for_who_is_at_work)
    /* clang-format on */
)
