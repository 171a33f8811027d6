#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "cli/conn.h"
#include "finding.h"
#include "job/deploy.h"
#include "plan.h"
#include "plan/repo.h"
#include "store/catalog.h"
#include "store/leftover.h"
#include "store/name.h"
#include "sys/file.h"
#include "sys/lock.h"
#include "sys/machine.h"
#include "vsphere/inv.h"
#include "vsphere/snap.h"
#include "vsphere/vmop.h"

static const char test_prefix[] = "esxbk-test-";

static bool takes_all;
static uint64_t older_than_s = 2 * 24 * 60 * 60;

static const struct opt table[] = {
	{ 0, "all", NULL,
	    "snapshots of other machines and folders too, if old enough",
	    OPT_FLAG, &takes_all },
	{ 0, "older-than", "TIME",
	    "what nobody can be asked about must be older (2d)", OPT_DURATION,
	    &older_than_s },
	{ 0 },
};

/* A VM's folder of a repository. */
struct folder {
	char *path; /* as it stands in the marks of snapshots */
	bool can_be_resumed;
};

struct sweep {
	char machine[MACHINE_ID_SIZE];
	struct folder *folders;
	size_t n;
};

static bool
is_old(time_t when)
{
	time_t now = clock_now();

	return when != 0 && when <= now &&
	    (uint64_t)(now - when) >= older_than_s;
}

/* What is done, or, with -n, would be. */
static const char *
done(void)
{
	return cmd_dry_run ? "would be removed" : "removed";
}

/* --- repositories ----------------------------------------------------------
 */

static void
sweep_one(struct folder *at, const struct leftover *l,
    const struct conf_plan *p)
{
	struct finding f = { .plan = p->name,
		.what = "partial",
		.changed = true };
	struct err e = { 0 };

	if (l->can_be_resumed && !is_old(l->when)) {
		at->can_be_resumed = true;
		f.changed = false;
		finding_tell(&f, "%s/%s: kept, --resume can take it up",
		    at->path, l->name);
	} else if (!cmd_dry_run && leftover_remove(at->path, l, &e) == -1) {
		f.changed = false;
		finding_fail(f, &e);
	} else {
		finding_tell(&f, "%s/%s: %s", at->path, l->name, done());
	}
}

static int
sweep_folder(struct sweep *s, const char *path, const struct conf_plan *p,
    struct err *e)
{
	struct finding f = { .plan = p->name, .what = "partial" };
	struct err failed = { 0 };
	struct leftover *list = NULL;
	struct folder *more;
	size_t n = 0, i;

	more = realloc(s->folders, (s->n + 1) * sizeof(*more));
	if (more == NULL)
		return err_sys(e, ERR_OS, "memory");
	s->folders = more;
	more[s->n] = (struct folder){ .path = realpath(path, NULL) };
	if (more[s->n].path == NULL)
		return 0; /* gone in between */
	s->n++;
	if (leftover_find(path, &list, &n, &failed) == -1)
		finding_fail(f, &failed);
	for (i = 0; i < n; i++)
		sweep_one(&s->folders[s->n - 1], &list[i], p);
	leftover_free(list, n);
	return 0;
}

static int
sweep_repo(struct sweep *s, const struct conf_plan *p, struct err *e)
{
	struct finding f = { .plan = p->name, .what = "repository" };
	struct err failed = { 0 };
	struct dirent *entry;
	char *path;
	int rc = 0;
	DIR *d;

	if (repo_check_mounted(p->repo, &failed) == -1) {
		finding_fail(f, &failed);
		return 0;
	}
	d = opendir(p->repo->path);
	if (d == NULL) {
		err_sys(&failed, ERR_CREATE, "repository %s: %s", p->repo->name,
		    p->repo->path);
		finding_fail(f, &failed);
		return 0;
	}
	while (rc == 0 && (entry = readdir(d)) != NULL) {
		/* A link is followed by nobody; nor is it a folder here. */
		if (entry->d_name[0] == '.' || entry->d_type == DT_LNK ||
		    entry->d_type == DT_REG)
			continue;
		path = file_join(p->repo->path, entry->d_name);
		rc = path == NULL ? err_sys(e, ERR_OS, "memory")
				  : sweep_folder(s, path, p, e);
		free(path);
	}
	closedir(d);
	return rc;
}

/* --- snapshots -------------------------------------------------------------
 */

/* The folder that a run of this machine made the snapshot for. */
static const struct folder *
folder_of(const struct sweep *s, const struct vm_snapshot *snapshot)
{
	struct snap_mark mark = { .machine = s->machine };
	size_t i;

	for (i = 0; i < s->n; i++) {
		mark.repository = s->folders[i].path;
		if (snap_is_ours(snapshot, &mark))
			return &s->folders[i];
	}
	return NULL;
}

/* Held while a run works on the VM. */
static struct lock *
writers_lock(const struct folder *at, const struct vm *vm, struct err *e)
{
	char uuid8[9], name[16], *path;
	struct lock *l;

	name_uuid8(vm_identity(vm), uuid8);
	snprintf(name, sizeof(name), ".w-%s", uuid8);
	path = file_join(at->path, name);
	if (path == NULL) {
		err_sys(e, ERR_OS, "memory");
		return NULL;
	}
	l = lock_open(path, true, e);
	free(path);
	return l;
}

static void
remove_snapshot(struct vim *v, const struct vm *vm,
    const struct vm_snapshot *snapshot, struct err *e)
{
	struct snap *s = snap_adopt(v, vm, snapshot, e);

	if (s != NULL)
		snap_commit(s, e);
	snap_free(s);
}

/* Why a snapshot stays, or NULL. */
static const char *
obstacle(const struct folder *at, const struct vm_snapshot *snapshot)
{
	if (at == NULL && !takes_all)
		return "kept, of another machine or folder (--all)";
	if (at == NULL && !is_old(snapshot->created))
		return "kept, not old enough (--older-than)";
	if (at != NULL && at->can_be_resumed && !is_old(snapshot->created))
		return "kept, --resume can take it up";
	return NULL;
}

static void
sweep_snapshot(const struct sweep *s, struct vim *v, struct finding f,
    const struct vm *vm, const struct vm_snapshot *snapshot)
{
	const struct folder *at = folder_of(s, snapshot);
	const char *why = obstacle(at, snapshot);
	struct lock *lock = NULL;
	struct err e = { 0 };

	if (why == NULL && at != NULL) {
		lock = writers_lock(at, vm, &e);
		if (lock == NULL && e.class == ERR_TEMP) {
			err_clear(&e);
			why = "kept, its backup is running";
		}
	}
	if (e.class == ERR_NONE && why == NULL && !cmd_dry_run)
		remove_snapshot(v, vm, snapshot, &e);
	if (e.class != ERR_NONE) {
		finding_fail(f, &e);
	} else {
		f.changed = why == NULL;
		finding_tell(&f, "snapshot %s: %s", snapshot->name,
		    why != NULL ? why : done());
	}
	lock_free(lock);
}

/* --- test VMs --------------------------------------------------------------
 */

/* The name is a mark that everybody can see, the setting one that nobody
 * makes by chance: both must name the same run. */
static int
is_test(struct vim *v, const struct vm *vm, time_t *when, struct err *e)
{
	const char *run = vm->name + sizeof(test_prefix) - 1;
	char stamp[16], *mark = NULL;
	int is;

	if (strncmp(vm->name, test_prefix, sizeof(test_prefix) - 1) != 0)
		return 0;
	snprintf(stamp, sizeof(stamp), "%.15s", run);
	if (clock_parse_stamp(stamp, when) == -1)
		return 0;
	if (vmop_setting(v, &vm->ref, DEPLOY_TEST_KEY, &mark, e) == -1)
		return -1;
	is = mark != NULL && strcmp(mark, run) == 0;
	free(mark);
	return is;
}

static void
sweep_test(struct vim *v, struct finding f, const struct vm *vm)
{
	struct err e = { 0 };
	time_t when;
	int is;

	f.what = "test_vm";
	is = is_test(v, vm, &when, &e);
	if (is == 0)
		return;
	if (is == 1 && !is_old(when)) {
		finding_tell(&f,
		    "test VM: kept, not old enough (--older-than)");
		return;
	}
	if (is == -1 || (!cmd_dry_run && vmop_destroy(v, &vm->ref, &e) == -1)) {
		finding_fail(f, &e);
		return;
	}
	f.changed = true;
	finding_tell(&f, "test VM: %s", done());
}

/* --- sites -----------------------------------------------------------------
 */

static void
sweep_vm(const struct sweep *s, struct vim *v, const struct conf_site *site,
    const struct vm *vm)
{
	struct finding f = { .site = site->name,
		.vm = vm->name,
		.what = "snapshot" };
	size_t i;

	for (i = 0; i < vm->n_snapshots; i++)
		if (snap_is_marked(&vm->snapshots[i]))
			sweep_snapshot(s, v, f, vm, &vm->snapshots[i]);
	sweep_test(v, f, vm);
}

static int
sweep_vms(const struct sweep *s, struct vim *v, const struct conf_site *site,
    const struct inv *inv, struct err *e)
{
	struct moref *refs = calloc(inv->n + 1, sizeof(*refs));
	struct vm *vms = calloc(inv->n + 1, sizeof(*vms));
	size_t i;
	int rc = -1;

	if (refs == NULL || vms == NULL) {
		err_sys(e, ERR_OS, "memory");
		goto out;
	}
	for (i = 0; i < inv->n; i++)
		refs[i] = inv->entries[i].ref;
	rc = vm_read_many(v, refs, inv->n, vms, e);
	for (i = 0; rc == 0 && i < inv->n; i++)
		if (vms[i].name != NULL)
			sweep_vm(s, v, site, &vms[i]);
out:
	for (i = 0; vms != NULL && i < inv->n; i++)
		vm_free(&vms[i]);
	free(vms);
	free(refs);
	return rc;
}

static void
sweep_site(const struct sweep *s, const struct conf_site *site)
{
	struct finding f = { .site = site->name, .what = "login" };
	struct inv inv = { 0 };
	struct err e = { 0 };
	struct vim *v = conn_open_site(site, &e);

	if (v == NULL || inv_read(v, &inv, &e) == -1 ||
	    sweep_vms(s, v, site, &inv, &e) == -1)
		finding_fail(f, &e);
	inv_free(&inv);
	vim_free(v);
}

/* Repositories first: they tell which snapshots are to be kept. */
static int
sweep_all(struct sweep *s, const struct conf_plan *const *plans, size_t n,
    struct err *e)
{
	size_t i, k;

	if (machine_id(s->machine, e) == -1)
		return -1;
	for (i = 0; i < n; i++) {
		for (k = 0; k < i && plans[k]->repo != plans[i]->repo; k++)
			;
		if (k == i && sweep_repo(s, plans[i], e) == -1)
			return -1;
	}
	for (i = 0; i < n; i++) {
		for (k = 0; k < i && plans[k]->site != plans[i]->site; k++)
			;
		if (k == i)
			sweep_site(s, plans[i]->site);
	}
	return 0;
}

static int
cleanup(const char **operands, size_t n_operands, struct err *e)
{
	const struct conf_plan **plans = NULL;
	struct sweep s = { 0 };
	struct conf c = { 0 };
	size_t n = 0, i;
	int rc = -1;

	finding_begin("cleanup");
	if (plan_read_conf(&c, e) == -1)
		goto out;
	plans = plan_choose_some(&c, operands, n_operands, &n, e);
	if (plans != NULL && sweep_all(&s, plans, n, e) == 0)
		rc = finding_end();
out:
	for (i = 0; i < s.n; i++)
		free(s.folders[i].path);
	free(s.folders);
	free(plans);
	conf_free(&c);
	return rc;
}

const struct cmd plan_cleanup = { .name = "cleanup",
	.about = "Remove what runs that were killed left behind.",
	.synopsis = "[OPTION]... [PLAN]...",
	.tables = { table, plan_table, cmd_table_dry_run },
	.run = cleanup };
