#include "vsphere/snap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "net/url.h"
#include "sys/sig.h"
#include "vsphere/task.h"

enum {
	CREATE_LIMIT_S = 30 * 60,   /* quiescing a busy guest takes long */
	REMOVE_LIMIT_S = 12 * 3600, /* consolidation of a big delta, too */
	QUIESCE_TRIES = 3,
	QUIESCE_PAUSE_MS = 5000,
	BUSY_LIMIT_S = 600,
	BUSY_PAUSE_MS = 1000,
};

static const char name_prefix[] = "esxbk-";
static const char repository_key[] = "repository=";
static const char machine_key[] = "machine=";

struct snap {
	struct vim *v;
	struct moref vm;
	char *name;
	char *vm_name; /* for messages */
	struct moref ref;
	bool is_made; /* it may be there: remove it */
	bool is_quiesced;
	char note[256];
};

static void
add_description(struct buf *b, const struct snap_mark *mark)
{
	char now[CLOCK_ISO_SIZE];

	clock_format_iso(clock_now(), now);
	buf_puts(b, "temporary snapshot of a running backup, removed by it");
	buf_fmt(b, "\n%s", machine_key);
	url_add_encoded(b, mark->machine);
	buf_fmt(b, "\n%s", repository_key);
	url_add_encoded(b, mark->repository);
	buf_fmt(b, "\npid=%ld\nstart=%s", (long)getpid(), now);
}

/* The line "key value" is there, whole. */
static bool
has_line(const char *text, const char *key, const char *value)
{
	struct buf want = { 0 };
	const char *at, *end;
	bool found = false;

	buf_puts(&want, key);
	url_add_encoded(&want, value);
	for (at = text; !found && *at != '\0'; at = end + (*end != '\0')) {
		end = at + strcspn(at, "\r\n");
		found = !want.failed && (size_t)(end - at) == want.len &&
		    memcmp(at, want.data, want.len) == 0;
	}
	buf_free(&want);
	return found;
}

bool
snap_is_ours(const struct vm_snapshot *s, const struct snap_mark *mark)
{
	return strncmp(s->name, name_prefix, strlen(name_prefix)) == 0 &&
	    has_line(s->description, machine_key, mark->machine) &&
	    has_line(s->description, repository_key, mark->repository);
}

bool
snap_is_marked(const struct vm_snapshot *s)
{
	const char *machine = strstr(s->description, machine_key);

	return strncmp(s->name, name_prefix, strlen(name_prefix)) == 0 &&
	    machine != NULL && machine != s->description &&
	    machine[-1] == '\n' && strstr(machine, repository_key) != NULL;
}

static int
remove_ref(struct vim *v, const struct moref *ref, struct err *e)
{
	struct buf args = { 0 };
	struct moref task;
	int rc;

	soap_add_bool(&args, "removeChildren", false);
	soap_add_bool(&args, "consolidate", true);
	rc = vim_call_ref(v, "RemoveSnapshot_Task", ref, &args, &task, e);
	buf_free(&args);
	if (rc == -1 && strcmp(e->fault, "ManagedObjectNotFound") == 0) {
		err_clear(e); /* gone already */
		return 0;
	}
	if (rc == 0)
		rc = task_wait(v, &task, REMOVE_LIMIT_S, "remove snapshot",
		    NULL, e);
	return rc;
}

/* Somebody else's task at the VM passes; a snapshot that stays grows. */
static int
remove_patiently(struct vim *v, const struct moref *ref, struct err *e)
{
	uint64_t end = clock_mono_ms() + BUSY_LIMIT_S * 1000ULL;

	while (remove_ref(v, ref, e) == -1) {
		if (strcmp(e->fault, "TaskInProgress") != 0 ||
		    clock_mono_ms() > end)
			return -1;
		log_step("the snapshot stays until another task has ended");
		err_clear(e);
		sig_sleep_ms(BUSY_PAUSE_MS);
		if (sig_check(e) == -1)
			return -1;
	}
	return 0;
}

static bool
is_listed(const struct vm *vm, const struct moref *ref)
{
	size_t i;

	for (i = 0; i < vm->n_snapshots; i++)
		if (strcmp(vm->snapshots[i].ref.id, ref->id) == 0)
			return true;
	return false;
}

static int
run_consolidation(struct vim *v, const struct moref *vm, struct err *e)
{
	struct moref task;

	log_step("the disks need consolidation");
	if (vim_call_ref(v, "ConsolidateVMDisks_Task", vm, NULL, &task, e) ==
	    -1)
		return -1;
	return task_wait(v, &task, REMOVE_LIMIT_S, "consolidate disks", NULL,
	    e);
}

/* The task's word is not enough: the snapshot must be out of the tree, and
 * a removal may leave delta files behind although it succeeded. */
static int
check_removed(struct vim *v, const struct moref *vm_ref,
    const struct moref *snapshot, struct err *e)
{
	struct vm vm = { .ref = *vm_ref };
	int rc;

	rc = vm_refresh_snapshots(v, &vm, e);
	if (rc == 0 && is_listed(&vm, snapshot))
		rc = err_set(e, ERR_TEMP, "it is still there");
	if (rc == 0 && vm.needs_consolidation) {
		rc = run_consolidation(v, vm_ref, e);
		if (rc == 0)
			rc = vm_refresh_snapshots(v, &vm, e);
		if (rc == 0 && vm.needs_consolidation)
			rc = err_set(e, ERR_TEMP,
			    "the disks still need consolidation");
	}
	vm_free(&vm);
	return rc;
}

/* A reply that was lost says nothing: the host may be at it, or not. */
static int
remove_surely(struct vim *v, const struct moref *vm, const struct moref *ref,
    struct err *e)
{
	if (remove_patiently(v, ref, e) == -1) {
		if (e->fault[0] != '\0' || e->class >= ERR_SIGNAL)
			return -1;
		log_step("removal of the snapshot: %s", e->text);
		err_clear(e);
		/* Removing what is gone is no failure. */
		if (task_wait_idle(v, vm, "RemoveSnapshot_Task", REMOVE_LIMIT_S,
			e) == -1 ||
		    remove_patiently(v, ref, e) == -1)
			return -1;
	}
	return check_removed(v, vm, ref, e);
}

/* Without the reference, e.g. if the connection broke during creation: the
 * host may still be at it. */
static int
find_by_name(struct snap *s, struct err *e)
{
	struct vm vm = { .ref = s->vm };
	size_t i;

	if (task_wait_idle(s->v, &s->vm, "CreateSnapshot_Task", CREATE_LIMIT_S,
		e) == -1 ||
	    vm_refresh_snapshots(s->v, &vm, e) == -1)
		return -1;
	s->is_made = false;
	for (i = 0; i < vm.n_snapshots; i++)
		if (strcmp(vm.snapshots[i].name, s->name) == 0) {
			s->ref = vm.snapshots[i].ref;
			s->is_made = true;
		}
	vm_free(&vm);
	return 0;
}

static int
start_task(struct snap *s, const char *description, bool quiesce,
    struct moref *task, struct err *e)
{
	struct buf args = { 0 };
	int rc;

	xml_add_elem(&args, "name", s->name);
	xml_add_elem(&args, "description", description);
	soap_add_bool(&args, "memory", false);
	soap_add_bool(&args, "quiesce", quiesce);
	s->is_made = true; /* from here on nobody knows */
	rc = vim_call_ref(s->v, "CreateSnapshot_Task", &s->vm, &args, task, e);
	buf_free(&args);
	if (rc == -1 && e->fault[0] != '\0')
		s->is_made = false; /* refused */
	return rc;
}

static int
create(struct snap *s, const char *description, bool quiesce, struct err *e)
{
	struct err ignored = { 0 };
	struct moref task = { 0 };

	if (start_task(s, description, quiesce, &task, e) == -1)
		return -1;
	if (task_wait(s->v, &task, CREATE_LIMIT_S, "create snapshot", &s->ref,
		e) == 0)
		return 0;
	if (e->fault[0] != '\0') {
		s->is_made = false; /* the task failed: no snapshot */
		return -1;
	}
	/* A signal or a broken connection: the task goes on without us. */
	sig_shield();
	task_wait(s->v, &task, CREATE_LIMIT_S, "create snapshot", NULL,
	    &ignored);
	sig_unshield();
	return -1;
}

static int
create_quiesced(struct snap *s, const char *description, struct err *e)
{
	int i;

	for (i = 0; i < QUIESCE_TRIES; i++) {
		if (i > 0) {
			log_step("quiescing failed, trying again: %s", e->text);
			sig_sleep_ms(QUIESCE_PAUSE_MS);
			err_clear(e);
			if (sig_check(e) == -1)
				return -1;
		}
		if (create(s, description, true, e) == 0)
			return 0;
		/* A licence or a wrong request does not get better. */
		if (e->fault[0] == '\0' || e->class != ERR_TEMP)
			return -1;
	}
	return -1;
}

const char *
snap_quiesce_obstacle(const struct vm *vm)
{
	if (!vm_is_on(vm))
		return "the VM is not running";
	return vm->has_tools ? NULL : "VMware Tools are not running";
}

static int
create_as_asked(struct snap *s, const struct vm *vm, const char *description,
    enum snap_quiesce quiesce, struct err *e)
{
	const char *reason = snap_quiesce_obstacle(vm);

	if (quiesce == SNAP_QUIESCE_OFF || !vm_is_on(vm))
		return create(s, description, false, e);
	if (reason != NULL) {
		snprintf(s->note, sizeof(s->note), "%s", reason);
		return create(s, description, false, e);
	}
	if (create_quiesced(s, description, e) == 0)
		return 0;
	if (quiesce == SNAP_QUIESCE_REQUIRE || e->fault[0] == '\0' ||
	    e->class != ERR_TEMP)
		return -1;
	snprintf(s->note, sizeof(s->note), "%.250s", e->text);
	err_clear(e);
	return create(s, description, false, e);
}

/* The request is no proof: what was reached stands in the tree. */
static int
read_quiesced(struct snap *s, bool asked, struct err *e)
{
	struct vm vm = { .ref = s->vm };
	size_t i;

	if (vm_refresh_snapshots(s->v, &vm, e) == -1)
		return -1;
	for (i = 0; i < vm.n_snapshots; i++)
		if (strcmp(vm.snapshots[i].ref.id, s->ref.id) == 0)
			s->is_quiesced = vm.snapshots[i].quiesced;
	vm_free(&vm);
	if (asked && !s->is_quiesced && s->note[0] == '\0')
		snprintf(s->note, sizeof(s->note),
		    "the host made the snapshot without quiescing");
	return 0;
}

struct snap *
snap_open(struct vim *v, const struct vm *vm, const struct snap_mark *mark,
    enum snap_quiesce quiesce, struct err *e)
{
	struct snap *s = calloc(1, sizeof(*s));
	struct buf description = { 0 };
	bool asked = quiesce != SNAP_QUIESCE_OFF && vm_is_on(vm);
	int rc = -1;

	add_description(&description, mark);
	if (s == NULL || (s->vm_name = strdup(vm->name)) == NULL ||
	    asprintf(&s->name, "%s%s", name_prefix, mark->run) == -1) {
		err_sys(e, ERR_OS, "snapshot");
		goto out;
	}
	s->v = v;
	s->vm = vm->ref;
	if (buf_check(&description, e) == -1 ||
	    create_as_asked(s, vm, buf_text(&description), quiesce, e) == -1 ||
	    read_quiesced(s, asked, e) == -1)
		goto out;
	if (quiesce == SNAP_QUIESCE_REQUIRE && asked && !s->is_quiesced) {
		err_set(e, ERR_TEMP, "quiescing is required, but %s", s->note);
		goto out;
	}
	log_step("made snapshot %s%s", s->name,
	    s->is_quiesced ? ", quiesced" : "");
	rc = 0;
out:
	buf_free(&description);
	if (rc == 0)
		return s;
	snap_free(s);
	return NULL;
}

struct snap *
snap_adopt(struct vim *v, const struct vm *vm, const struct vm_snapshot *left,
    struct err *e)
{
	struct snap *s = calloc(1, sizeof(*s));

	if (s == NULL || (s->vm_name = strdup(vm->name)) == NULL ||
	    (s->name = strdup(left->name)) == NULL) {
		err_sys(e, ERR_OS, "memory");
		snap_free(s);
		return NULL;
	}
	s->v = v;
	s->vm = vm->ref;
	s->ref = left->ref;
	s->is_made = true;
	s->is_quiesced = left->quiesced;
	log_step("took over snapshot %s", s->name);
	return s;
}

const struct moref *
snap_ref(const struct snap *s)
{
	return &s->ref;
}

bool
snap_is_quiesced(const struct snap *s)
{
	return s->is_quiesced;
}

const char *
snap_quiesce_note(const struct snap *s)
{
	return s->note;
}

int
snap_commit(struct snap *s, struct err *e)
{
	struct err own = { 0 };
	int rc = 0;

	sig_shield();
	if (s->ref.id[0] == '\0')
		rc = find_by_name(s, &own);
	if (rc == 0 && s->is_made)
		rc = remove_surely(s->v, &s->vm, &s->ref, &own);
	sig_unshield();
	s->is_made = false; /* once is enough */
	if (rc == 0) {
		log_step("snapshot %s is gone", s->name);
		return 0;
	}
	/* Whatever the reason, a stray snapshot is worth another run. */
	own.class = ERR_TEMP;
	err_ctx(&own, "snapshot %s %s", s->name,
	    s->ref.id[0] == '\0' ? "may have been made and left behind"
				 : "could not be removed");
	if (e->class == ERR_NONE)
		*e = own;
	return -1;
}

void
snap_free(struct snap *s)
{
	struct err e = { 0 };

	if (s == NULL)
		return;
	if (s->is_made && snap_commit(s, &e) == -1)
		log_error("%s: %s", s->vm_name, e.text);
	free(s->vm_name);
	free(s->name);
	free(s);
}

int
snap_sweep(struct vim *v, struct vm *vm, const struct snap_mark *mark,
    const struct moref *keep, size_t *n, struct err *e)
{
	size_t i;

	*n = 0;
	/* A run that was killed may have left the host at work on one. */
	if (task_wait_idle(v, &vm->ref, "CreateSnapshot_Task", CREATE_LIMIT_S,
		e) == -1 ||
	    vm_refresh_snapshots(v, vm, e) == -1)
		return -1;
	for (i = 0; i < vm->n_snapshots; i++) {
		if (!snap_is_ours(&vm->snapshots[i], mark) ||
		    (keep != NULL &&
			strcmp(vm->snapshots[i].ref.id, keep->id) == 0))
			continue;
		log_warn("%s: removing snapshot %s, left by an earlier run",
		    vm->name, vm->snapshots[i].name);
		if (remove_surely(v, &vm->ref, &vm->snapshots[i].ref, e) ==
		    -1) {
			e->class = e->class >= ERR_SIGNAL ? e->class : ERR_TEMP;
			return err_ctx(e,
			    "leftover snapshot %s could not be removed",
			    vm->snapshots[i].name);
		}
		(*n)++;
	}
	if (*n == 0)
		return 0;
	return vm_refresh_snapshots(v, vm, e);
}
