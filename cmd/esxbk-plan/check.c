#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/num.h"
#include "cli/conn.h"
#include "finding.h"
#include "plan.h"
#include "plan/history.h"
#include "plan/prune.h"
#include "plan/repo.h"
#include "plan/select.h"
#include "store/catalog.h"
#include "sys/file.h"
#include "vsphere/inv.h"
#include "vsphere/note.h"
#include "vsphere/pick.h"
#include "vsphere/rights.h"

/* One site, its VMs, and which of them any plan picks. */
struct checked {
	const struct conf_site *site;
	struct vim *v;
	struct inv inv;
	struct vm *vms; /* as in inv */
	bool *planned;
};

/* --- repositories ----------------------------------------------------------
 */

static void
check_repo(const struct conf_plan *p)
{
	struct finding f = { .plan = p->name, .what = "repository" };
	uint64_t has = 0, missing = 0;
	char size[16], less[16];
	struct err e = { 0 };

	if (repo_check(p->repo, &e) == -1 ||
	    file_free_bytes(p->repo->path, &has, &e) == -1 ||
	    prune_missing(p->repo, &missing, &e) == -1) {
		finding_fail(f, &e);
		return;
	}
	num_format_size(has, size, sizeof(size));
	num_format_size(missing, less, sizeof(less));
	f.is_warning = missing > 0;
	finding_tell(&f, "repository %s: %s: %s free%s%s%s", p->repo->name,
	    p->repo->path, size, missing > 0 ? ", " : "",
	    missing > 0 ? less : "", missing > 0 ? " less than min_free" : "");
}

static void
check_last_run(const struct conf_plan *p)
{
	struct finding f = { .plan = p->name, .what = "last_run" };
	const struct history_run *last;
	char when[CLOCK_ISO_SIZE];
	struct history h = { 0 };
	struct err e = { 0 };

	if (history_read(&h, p->repo, p->name, clock_now(), 1, &e) == -1) {
		finding_fail(f, &e);
	} else if (h.n == 0) {
		finding_tell(&f, "no run yet");
	} else {
		last = &h.runs[0];
		clock_format_iso(last->started, when);
		f.is_warning = last->exit != 0;
		if (last->ended == 0)
			finding_tell(&f,
			    "last run %s: it is running, or was killed", when);
		else
			finding_tell(&f, "last run %s: exit %d%s%s", when,
			    last->exit, last->text[0] == '\0' ? "" : ", ",
			    last->text);
	}
	history_free(&h);
}

/* --- VMs -------------------------------------------------------------------
 */

struct noted {
	struct finding f;
	const struct conf_plan *plan;
	size_t n;
};

static bool
is_excluded(const struct conf_plan *p, const char *device)
{
	size_t i;

	for (i = 0; i < p->exclude_disks.n; i++)
		if (strcmp(p->exclude_disks.items[i], device) == 0)
			return true;
	return false;
}

static void
tell_note(void *self, const char *code, const char *device, const char *why)
{
	struct noted *n = self;

	if (is_excluded(n->plan, device))
		return;
	n->n++;
	/* Without a snapshot there is no backup; the rest is a lesser one. */
	n->f.exit = strcmp(code, "W_SHARED_DISK") == 0 ||
		strcmp(code, "W_TEMPLATE") == 0 ||
		strcmp(code, "W_FAULT_TOLERANT") == 0
	    ? ERR_DATA
	    : 0;
	n->f.is_warning = true;
	finding_tell(&n->f, "%s: %s", device, why);
}

static const char *const snapshot_rights[] = {
	"VirtualMachine.State.CreateSnapshot",
	"VirtualMachine.State.RemoveSnapshot", "VApp.Export"
};
static const char *const datastore_rights[] = { "Datastore.Browse",
	"Datastore.FileManagement" };

static void
tell_missing(const struct finding *like, const char *where,
    const char *const *ids, const bool *missing, size_t n, size_t *told)
{
	struct finding f = *like;
	size_t k;

	f.what = "privilege";
	f.exit = ERR_PERM;
	for (k = 0; k < n; k++)
		if (missing[k]) {
			finding_tell(&f, "the privilege %s is missing%s",
			    ids[k], where);
			++*told;
		}
}

/* On the VM, and, if its files are fetched, on its datastores. */
static int
check_rights(struct checked *s, const struct conf_plan *p, const struct vm *vm,
    struct noted *n, struct err *e)
{
	size_t n_vm = p->is_vmdk ? 2 : 3, i;
	bool missing[3];

	if (rights_missing(s->v, &vm->ref, 1, snapshot_rights, n_vm, missing,
		e) == -1)
		return -1;
	tell_missing(&n->f, "", snapshot_rights, missing, n_vm, &n->n);
	for (i = 0; p->is_vmdk && i < vm->n_datastores; i++) {
		if (rights_missing(s->v, &vm->datastores[i], 1,
			datastore_rights, 2, missing, e) == -1)
			return -1;
		tell_missing(&n->f, " on a datastore of the VM",
		    datastore_rights, missing, 2, &n->n);
	}
	return 0;
}

/* The VM's in the repository; NULL if it has none yet. */
static const struct catalog_folder *
folder_of(const struct catalog *c, const struct conf_plan *p,
    const struct vm *vm)
{
	struct catalog_vm_id id = { .name = vm->name,
		.moid = vm->ref.id,
		.instance_uuid = vm->instance_uuid,
		.bios_uuid = vm->uuid,
		.server = p->site->server };

	return catalog_folder_of(c, &id);
}

/* What another user made, root by hand perhaps, is not ours to go on with. */
static void
check_folder(const struct conf_plan *p, const struct catalog_folder *folder,
    struct noted *n)
{
	struct finding f = n->f;
	struct err e = { 0 };
	char *path;

	if (folder == NULL ||
	    asprintf(&path, "%s/%s", p->repo->path, folder->name) == -1)
		return;
	if (faccessat(AT_FDCWD, path, W_OK | X_OK, AT_EACCESS) == -1) {
		f.what = "repository";
		err_sys(&e, ERR_CREATE, "folder %s", path);
		finding_fail(f, &e);
		n->n++;
	}
	free(path);
}

/* What there is of a plan's points of a VM. */
struct backups {
	bool any;
	time_t last; /* that is good, 0: none */
};

/* The newest points of the VM's folder may be another plan's. */
static int
find_backups(const struct catalog_folder *f, const struct conf_plan *p,
    struct backups *b, struct err *e)
{
	struct catalog_folder own = { 0 };
	size_t i;
	int rc = 0;

	*b = (struct backups){ 0 };
	if (f != NULL)
		rc = catalog_seek(&own, p->repo->path, f->name, p->name, true,
		    e);
	for (i = 0; i < own.n; i++) {
		if (own.points[i].plan == NULL ||
		    strcmp(own.points[i].plan, p->name) != 0)
			continue;
		b->any = true;
		if (catalog_is_good(&own.points[i]))
			b->last = own.points[i].when;
	}
	catalog_folder_free(&own);
	return rc;
}

static void
tell_backups(struct finding f, const struct conf_plan *p, const char *can,
    const struct backups *b)
{
	char when[CLOCK_ISO_SIZE];

	f.what = "backup";
	if (b->last == 0) {
		f.is_warning = b->any;
		finding_tell(&f, "%sno %s", can,
		    b->any ? "good backup" : "backup yet");
		return;
	}
	clock_format_iso(b->last, when);
	f.is_warning = p->stale_after_s > 0 &&
	    clock_now() - b->last > (time_t)p->stale_after_s;
	finding_tell(&f, "%slast backup %s%s", can, when,
	    f.is_warning ? ", that is too long ago" : "");
}

static void
check_vm(struct checked *s, const struct conf_plan *p, const struct vm *vm,
    const struct catalog *c)
{
	const struct finding f = { .site = s->site->name,
		.plan = p->name,
		.vm = vm->name };
	struct noted n = { .f = f, .plan = p };
	const struct catalog_folder *folder = folder_of(c, p, vm);
	struct finding failed = f;
	struct err e = { 0 };
	struct backups b;

	n.f.what = "device";
	note_each(vm, tell_note, &n);
	if (check_rights(s, p, vm, &n, &e) == -1) {
		failed.what = "privilege";
		finding_fail(failed, &e);
		n.n++;
	}
	check_folder(p, folder, &n);
	if (find_backups(folder, p, &b, &e) == -1) {
		failed.what = "backup";
		finding_fail(failed, &e);
		return;
	}
	tell_backups(f, p, n.n == 0 ? "can be backed up; " : "", &b);
}

/* As a run does it: what is not there keeps none of the others back. */
static int
select_of(struct checked *s, const struct conf_plan *p, struct select *picked,
    struct err *e)
{
	struct selector_vm *vms = pick_list(&s->inv, e);
	int rc = -1;

	if (vms != NULL)
		rc = select_vms(picked, &p->select, vms, s->inv.n, e);
	free(vms);
	if (rc == 0 && picked->n_picked == 0 && picked->n_misses == 0)
		return err_set(e, ERR_EMPTY, "the selection matches no VM");
	return rc;
}

static void
check_vms(struct checked *s, const struct conf_plan *p)
{
	struct finding f = { .site = s->site->name,
		.plan = p->name,
		.what = "select" };
	struct select picked = { 0 };
	struct catalog c = { 0 };
	struct err e = { 0 };
	size_t i;

	if (select_of(s, p, &picked, &e) == -1) {
		finding_fail(f, &e);
		goto out;
	}
	f.exit = ERR_NOTFOUND;
	for (i = 0; i < picked.n_misses; i++)
		finding_tell(&f, "%s", picked.misses[i].text);
	/* That it cannot be read was told of the repository. */
	if (catalog_read(&c, p->repo->path, CATALOG_NEWEST, false, &e) == -1)
		err_clear(&e);
	f.exit = ERR_TEMP;
	for (i = 0; i < s->inv.n; i++) {
		if (!picked.picked[i])
			continue;
		s->planned[i] = true;
		f.vm = s->inv.entries[i].name;
		if (s->vms[i].name != NULL)
			check_vm(s, p, &s->vms[i], &c);
		else
			finding_tell(&f, "it could not be read, see above");
	}
out:
	catalog_free(&c);
	select_free(&picked);
}

/* --- sites -----------------------------------------------------------------
 */

static void
check_licence(const struct checked *s)
{
	struct finding f = { .site = s->site->name, .what = "licence" };
	struct rights_licence l;
	struct err e = { 0 };

	if (rights_licence(s->v, &l, &e) == -1) {
		finding_fail(f, &e);
	} else if (l.is_free) {
		f.exit = ERR_PERM;
		finding_tell(&f,
		    "licence '%s': its API only reads, so there is no backup",
		    l.name);
	} else if (l.name[0] != '\0') {
		finding_tell(&f, "licence '%s'", l.name);
	}
}

static int
read_vms(struct checked *s, struct err *e)
{
	struct moref *refs = NULL;
	size_t i;
	int rc = -1;

	if (inv_read(s->v, &s->inv, e) == -1)
		return -1;
	refs = calloc(s->inv.n + 1, sizeof(*refs));
	s->vms = calloc(s->inv.n + 1, sizeof(*s->vms));
	s->planned = calloc(s->inv.n + 1, sizeof(*s->planned));
	if (refs == NULL || s->vms == NULL || s->planned == NULL) {
		err_sys(e, ERR_OS, "memory");
		goto out;
	}
	for (i = 0; i < s->inv.n; i++)
		refs[i] = s->inv.entries[i].ref;
	rc = vm_read_many(s->v, refs, s->inv.n, s->vms, e);
out:
	free(refs);
	return rc;
}

static int
open_site(struct checked *s, const struct conf_site *site)
{
	struct finding f = { .site = site->name, .what = "login" };
	struct err e = { 0 };

	*s = (struct checked){ .site = site };
	s->v = conn_open_site(site, &e);
	if (s->v == NULL || read_vms(s, &e) == -1) {
		finding_fail(f, &e);
		return -1;
	}
	finding_tell(&f, "%s, as %s, %zu VMs", vim_about(s->v)->product,
	    site->user, s->inv.n);
	check_licence(s);
	return 0;
}

static void
close_site(struct checked *s)
{
	size_t i;

	for (i = 0; s->vms != NULL && i < s->inv.n; i++)
		vm_free(&s->vms[i]);
	free(s->vms);
	free(s->planned);
	inv_free(&s->inv);
	vim_free(s->v);
}

static void
tell_unprotected(const struct checked *s)
{
	struct finding f = { .site = s->site->name,
		.what = "unprotected",
		.is_warning = true };
	size_t i;

	for (i = 0; i < s->inv.n; i++)
		if (!s->planned[i] && s->vms[i].name != NULL) {
			f.vm = s->vms[i].name;
			finding_tell(&f, "no plan backs it up");
		}
}

/* All plans of the site that the first of them names. */
static void
check_site(const struct conf_plan *const *plans, size_t n, bool are_all)
{
	const struct conf_site *site = plans[0]->site;
	struct checked s;
	size_t i;

	if (open_site(&s, site) == 0) {
		for (i = 0; i < n; i++)
			if (plans[i]->site == site)
				check_vms(&s, plans[i]);
		if (are_all)
			tell_unprotected(&s);
	}
	close_site(&s);
}

static int
check(const char **operands, size_t n_operands, struct err *e)
{
	const struct conf_plan **plans = NULL;
	struct conf c = { 0 };
	size_t n = 0, i, k;
	int rc = -1;

	if (plan_read_conf(&c, e) == -1)
		goto out;
	plans = plan_choose_some(&c, operands, n_operands, &n, e);
	if (plans == NULL)
		goto out;
	for (i = 0; i < n; i++) {
		check_repo(plans[i]);
		check_last_run(plans[i]);
	}
	for (i = 0; i < n; i++) {
		for (k = 0; k < i && plans[k]->site != plans[i]->site; k++)
			;
		if (k == i)
			check_site(plans + i, n - i, n_operands == 0);
	}
	rc = finding_end();
out:
	free(plans);
	conf_free(&c);
	return rc;
}

const struct cmd plan_check = { .name = "check",
	.about = "Look whether the plans could be run now.",
	.synopsis = "[OPTION]... [PLAN]...",
	.tables = { plan_table },
	.run = check };
