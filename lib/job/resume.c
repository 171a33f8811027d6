#include "job/resume.h"

#include <string.h>
#include "base/log.h"

static const struct vm_snapshot *
find_snapshot(const struct vm *vm, const char *id, const struct snap_mark *mark)
{
	size_t i;

	for (i = 0; i < vm->n_snapshots; i++)
		if (strcmp(vm->snapshots[i].ref.id, id) == 0 &&
		    snap_is_ours(&vm->snapshots[i], mark))
			return &vm->snapshots[i];
	return NULL;
}

/* Why it is of no use, or NULL. */
static const char *
judge(const struct vm *vm, const struct snap_mark *mark,
    const struct journal *j, const struct vm_snapshot **snapshot)
{
	const json_t *of = journal_of(j);
	const char *uuid = json_string_value(json_object_get(of, "vm"));
	const char *id = json_string_value(json_object_get(of, "snapshot"));

	*snapshot = NULL;
	if (uuid == NULL || strcmp(uuid, vm_identity(vm)) != 0)
		return "it is of another VM";
	if (id == NULL)
		return vm_is_on(vm) ? "the VM is running now" : NULL;
	*snapshot = find_snapshot(vm, id, mark);
	return *snapshot == NULL ? "its snapshot is gone" : NULL;
}

static int
drop(struct resume *r, const char *why)
{
	log_warn("%s: what an interrupted run left cannot be taken up: %s",
	    point_name(r->point), why);
	journal_free(r->journal);
	point_free(r->point);
	*r = (struct resume){ 0 };
	return 0;
}

int
resume_find(struct vim *v, const struct vm *vm, const char *dir,
    const char *stem, const struct snap_mark *mark, struct resume *r,
    struct err *e)
{
	const struct vm_snapshot *snapshot;
	struct err own = { 0 };
	const char *why;
	int rc;

	*r = (struct resume){ 0 };
	rc = point_resume(dir, stem, &r->point, e);
	if (rc != 1)
		return rc;
	r->journal = journal_open(r->point, &own);
	if (r->journal == NULL)
		return drop(r, own.text);
	why = judge(vm, mark, r->journal, &snapshot);
	if (why != NULL)
		return drop(r, why);
	if (snapshot != NULL) {
		r->snap = snap_adopt(v, vm, snapshot, e);
		if (r->snap == NULL) {
			drop(r, e->text);
			return -1;
		}
	}
	log_step("taking up %s", point_name(r->point));
	return 1;
}
