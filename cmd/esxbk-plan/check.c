#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/num.h"
#include "cli/conn.h"
#include "finding.h"
#include "plan.h"
#include "plan/history.h"
#include "plan/prune.h"
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

static int
judge_repo(const struct conf_repo *r, struct err *e)
{
	struct stat st, root;

	if (stat(r->path, &st) == -1)
		return err_sys(e, ERR_CREATE, "repository %s: %s", r->name,
		    r->path);
	if (!S_ISDIR(st.st_mode))
		return err_set(e, ERR_CREATE, "repository %s: %s is no folder",
		    r->name, r->path);
	if (r->mounted && stat("/", &root) == 0 && root.st_dev == st.st_dev)
		return err_set(e, ERR_CREATE,
		    "repository %s: %s is on the root file system: not mounted",
		    r->name, r->path);
	if (faccessat(AT_FDCWD, r->path, W_OK | X_OK, AT_EACCESS) == -1)
		return err_sys(e, ERR_CREATE, "repository %s: %s", r->name,
		    r->path);
	return 0;
}

static void
check_repo(const struct conf_plan *p)
{
	struct finding f = { .plan = p->name, .what = "repository" };
	uint64_t has = 0, missing = 0;
	char size[16], less[16];
	struct err e = { 0 };

	if (judge_repo(p->repo, &e) == -1 ||
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

/* The newest point of this plan; NULL if there is none. */
static const struct catalog_point *
newest(const struct catalog *c, const struct conf_plan *p, const struct vm *vm)
{
	struct catalog_vm_id id = { .name = vm->name,
		.moid = vm->ref.id,
		.instance_uuid = vm->instance_uuid,
		.bios_uuid = vm->uuid };
	const struct catalog_folder *f;
	size_t i;

	id.server = (char *)(uintptr_t)p->site->server;
	f = catalog_folder_of(c, &id);
	for (i = f == NULL ? 0 : f->n; i > 0; i--)
		if (f->points[i - 1].plan != NULL &&
		    strcmp(f->points[i - 1].plan, p->name) == 0)
			return &f->points[i - 1];
	return NULL;
}

static void
check_vm(struct checked *s, const struct conf_plan *p, const struct vm *vm,
    const struct catalog *c)
{
	struct noted n = { .f = { .site = s->site->name,
			       .plan = p->name,
			       .vm = vm->name,
			       .what = "device" },
		.plan = p };
	const struct catalog_point *last = newest(c, p, vm);
	char when[CLOCK_ISO_SIZE];
	struct err e = { 0 };

	note_each(vm, tell_note, &n);
	if (check_rights(s, p, vm, &n, &e) == -1) {
		n.f.what = "privilege";
		finding_fail(n.f, &e);
		n.n++;
	}
	n.f.exit = 0;
	n.f.what = "backup";
	n.f.is_warning = false;
	if (last == NULL) {
		finding_tell(&n.f, "%sno backup yet",
		    n.n == 0 ? "can be backed up; " : "");
		return;
	}
	clock_format_iso(last->when, when);
	n.f.is_warning = p->stale_after_s > 0 &&
	    clock_now() - last->when > (time_t)p->stale_after_s;
	finding_tell(&n.f, "%slast backup %s%s",
	    n.n == 0 ? "can be backed up; " : "", when,
	    n.f.is_warning ? ", that is too long ago" : "");
}

static void
check_vms(struct checked *s, const struct conf_plan *p)
{
	struct finding f = { .site = s->site->name,
		.plan = p->name,
		.what = "select" };
	struct catalog c = { 0 };
	struct err e = { 0 };
	bool *picked = calloc(s->inv.n + 1, sizeof(*picked));
	size_t i;

	for (i = 0; picked != NULL && i < s->inv.n; i++)
		picked[i] = true;
	if (picked == NULL)
		err_sys(&e, ERR_OS, "memory");
	if (picked == NULL ||
	    pick_vms(&s->inv, p->select.items, p->select.n, picked, &e) == -1) {
		finding_fail(f, &e);
		goto out;
	}
	/* That it cannot be read was told of the repository. */
	if (catalog_read(&c, p->repo->path, CATALOG_NEWEST, false, &e) == -1)
		err_clear(&e);
	for (i = 0; i < s->inv.n; i++) {
		if (!picked[i])
			continue;
		s->planned[i] = true;
		if (s->vms[i].name != NULL) {
			check_vm(s, p, &s->vms[i], &c);
			continue;
		}
		f.vm = s->inv.entries[i].name;
		f.exit = ERR_TEMP;
		finding_tell(&f, "it could not be read, see above");
	}
out:
	catalog_free(&c);
	free(picked);
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
	plans = plan_choose(&c, operands, n_operands, &n, e);
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
