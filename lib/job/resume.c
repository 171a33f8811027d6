#include "job/resume.h"

#include <stdio.h>
#include <string.h>
#include "base/log.h"
#include "job/account.h"

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
judge(const struct vm *vm, const struct export_conf *conf,
    const struct snap_mark *mark, const struct journal *j,
    const struct vm_snapshot **snapshot)
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
	if (*snapshot == NULL)
		return "its snapshot is gone";
	return conf->quiesce == SNAP_QUIESCE_REQUIRE && !(*snapshot)->quiesced
	    ? "its snapshot was made without quiescing"
	    : NULL;
}

static void
drop(struct resume *left, struct export_result *r, const char *why)
{
	char text[400];

	snprintf(text, sizeof(text),
	    "%.100s cannot be taken up (%.200s): everything comes anew",
	    point_name(left->point), why);
	account_warn(r, "W_NOT_RESUMED", text);
	journal_free(left->journal);
	point_free(left->point);
	*left = (struct resume){ 0 };
}

/* The newest point: 1 if it is of use, else it is gone. */
static int
try_newest(struct vim *v, const struct vm *vm, const struct export_conf *conf,
    const struct snap_mark *mark, struct resume *left, struct export_result *r,
    struct err *e)
{
	const struct vm_snapshot *snapshot;
	struct err own = { 0 };
	const char *why;

	left->journal = journal_open(left->point, &own);
	why = left->journal == NULL
	    ? own.text
	    : judge(vm, conf, mark, left->journal, &snapshot);
	if (why != NULL) {
		drop(left, r, why);
		return 0;
	}
	if (snapshot == NULL)
		return 1;
	left->made = snapshot->created;
	left->snap = snap_adopt(v, vm, snapshot, e);
	if (left->snap != NULL)
		return 1;
	drop(left, r, e->text);
	return -1;
}

int
resume_find(struct vim *v, const struct vm *vm, const struct export_conf *conf,
    const char *stem, const struct snap_mark *mark, struct resume *left,
    struct export_result *r, struct err *e)
{
	int rc;

	do {
		*left = (struct resume){ 0 };
		rc = point_resume(conf->dir, stem, vm_identity(vm),
		    &left->point, e);
		if (rc != 1)
			return rc;
		rc = try_newest(v, vm, conf, mark, left, r, e);
	} while (rc == 0);
	if (rc == 1)
		log_step("taking up %s", point_name(left->point));
	return rc;
}
