#include "plan/prune_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include "base/log.h"
#include "sys/file.h"
#include "sys/sig.h"

static bool
same_text(const char *a, const char *b)
{
	return strcasecmp(a == NULL ? "" : a, b == NULL ? "" : b) == 0;
}

static bool
same_vm(const struct catalog_vm_id *a, const struct catalog_vm_id *b)
{
	return same_text(a->instance_uuid, b->instance_uuid) &&
	    (a->instance_uuid[0] != '\0' ||
		same_text(a->bios_uuid, b->bios_uuid));
}

static bool
is_mine(const struct conf_plan *plan, const struct catalog_point *p)
{
	/* Who gave it another name wants to keep it. */
	return p->plan != NULL && strcmp(p->plan, plan->name) == 0 &&
	    !p->is_renamed;
}

static bool
awaits_replica(const struct prune *p, const struct catalog_point *point)
{
	const struct conf_list *targets = &p->plan->replicate;
	char *path;
	size_t i;
	bool there = true;

	for (i = 0; i < targets->n && there; i++) {
		if (asprintf(&path, "%s/state/%s.replica-%s.json", p->path,
			point->name, targets->items[i]) == -1)
			return true;
		there = access(path, F_OK) == 0;
		free(path);
	}
	return !there;
}

static bool
is_between(time_t t, const struct catalog_folder *f, size_t from, size_t to)
{
	return f->points[from].when < t &&
	    (to == f->n || f->points[to].when >= t);
}

/* What cannot be read may need the point before it, and one may need what
 * cannot be read: these stay until somebody has looked. */
static bool
is_next_to_unread(const struct catalog_folder *f, size_t i)
{
	const struct catalog_point *p = &f->points[i];
	size_t k, next;

	if (f->n_unread > 0 && p->parent != NULL && p->parent_at == -1)
		return true;
	for (next = i + 1; next < f->n; next++)
		if (same_vm(&f->points[next].vm, &p->vm) &&
		    same_text(f->points[next].plan, p->plan))
			break;
	for (k = 0; k < f->n_unread; k++)
		if (is_between(f->unread[k], f, i, next))
			return true;
	return false;
}

static void
fill_point(const struct prune *p, size_t i, struct keep_point *k)
{
	const struct catalog_point *point = &p->folder.points[i];

	*k = (struct keep_point){
		.when = point->when,
		.name = point->name,
		.is_mine = is_mine(p->plan, point),
		.is_full = point->is_full,
		.is_good = !point->is_damaged,
		/* A glance at the sizes is no reason to keep it. */
		.is_verified = point->hash_verified > 0 && !point->is_damaged,
		/* A pin keeps the parents, too. */
		.is_pinned = point->is_pinned ||
		    is_next_to_unread(&p->folder, i),
		.awaits_replica = awaits_replica(p, point),
		.parent = -1,
		.bytes = point->stored,
	};
}

void
prune_group_free(struct prune_group *g)
{
	free(g->points);
	free(g->at);
	free(g->index);
}

int
prune_group(struct prune_group *g, const struct prune *p, size_t i,
    const bool *done, struct err *e)
{
	const struct catalog_folder *f = &p->folder;
	const struct catalog_vm_id *vm = &f->points[i].vm;

	*g = (struct prune_group){ .points = calloc(f->n, sizeof(*g->points)),
		.at = calloc(f->n, sizeof(*g->at)),
		.index = calloc(f->n, sizeof(*g->index)) };
	if (g->points == NULL || g->at == NULL || g->index == NULL)
		return err_sys(e, ERR_OS, "memory");
	memset(g->index, 0xff, f->n * sizeof(*g->index));
	for (; i < f->n; i++) {
		int parent = f->points[i].parent_at;

		if (done[i] || !same_vm(&f->points[i].vm, vm))
			continue;
		fill_point(p, i, &g->points[g->n]);
		/* A parent is older: it is there already. */
		if (parent != -1)
			g->points[g->n].parent = g->index[parent];
		g->index[i] = (int)g->n;
		g->at[g->n++] = i;
	}
	return 0;
}

static void
take_reasons(struct prune *p, const struct prune_group *g)
{
	size_t i;

	for (i = 0; i < g->n; i++) {
		unsigned int reasons = g->points[i].reasons;

		if ((reasons & KEEP_PINNED) != 0 &&
		    !p->folder.points[g->at[i]].is_pinned)
			reasons = (reasons & ~(unsigned int)KEEP_PINNED) |
			    KEEP_UNREADABLE;
		p->points[g->at[i]].reasons = reasons;
	}
}

/* The guard's word holds for all that would go. */
static void
keep_all(struct prune_group *g)
{
	size_t i;

	for (i = 0; i < g->n; i++)
		if (g->points[i].reasons == 0)
			g->points[i].reasons = KEEP_GUARD;
}

/* Another prune may have been faster: nothing is freed by us then. */
static int
remove_point(const struct prune *p, const struct catalog_point *point,
    uint64_t *bytes, struct err *e)
{
	char *path = file_join(p->path, point->name);
	int rc = path == NULL ? err_sys(e, ERR_OS, "memory")
			      : catalog_remove(p->path, point, e);

	if (rc == 0) {
		log_step("removed %s", path);
	} else if (e->class == ERR_NOTFOUND && access(path, F_OK) == -1 &&
	    errno == ENOENT) {
		err_clear(e);
		*bytes = 0;
		rc = 0;
	}
	free(path);
	return rc;
}

/* Leaves before parents: these are older. */
static int
remove_group(struct prune *p, const struct prune_group *g, bool dry_run,
    struct err *e)
{
	const struct catalog_point *point;
	struct err ignored = { 0 };
	struct prune_point *pp;
	size_t i;

	for (i = g->n; i > 0; i--) {
		point = &p->folder.points[g->at[i - 1]];
		pp = &p->points[g->at[i - 1]];
		if (pp->reasons != 0)
			continue;
		if (catalog_used_bytes(p->path, point->name, &pp->bytes,
			&ignored) == -1)
			pp->bytes = point->stored;
		if (sig_check(e) == -1)
			return -1;
		if (!dry_run && remove_point(p, point, &pp->bytes, e) == -1)
			return -1;
		pp->is_removed = true;
		p->n_removed++;
		p->bytes += pp->bytes;
	}
	return 0;
}

/* What was left of earlier removals is in nobody's way. */
static void
sweep(const struct prune *p, const struct catalog_vm_id *vm)
{
	struct err e = { 0 };

	if (catalog_sweep(p->path, vm, &e) == -1)
		log_warn("%s", e.text);
}

static int
judge_group(struct prune *p, struct prune_group *g, const struct prune_how *how,
    struct err *e)
{
	const struct conf_plan *plan = p->plan;
	int rc;

	if (!how->dry_run)
		sweep(p, &p->folder.points[g->at[0]].vm);
	if (keep_judge(g->points, g->n, &plan->retention, plan->zone, how->now,
		e) == -1)
		return -1;
	rc = keep_guard(g->points, g->n, how->now, how->max_delete, e);
	if (rc == -1)
		keep_all(g);
	take_reasons(p, g);
	if (rc == -1)
		return err_ctx(e, "%s", p->path);
	return remove_group(p, g, how->dry_run, e);
}

static bool
has_any_mine(const struct prune_group *g)
{
	size_t i;

	for (i = 0; i < g->n; i++)
		if (g->points[i].is_mine)
			return true;
	return false;
}

/* What is not of this plan stays, and says so. */
static int
prune_or_keep(struct prune *p, struct prune_group *g,
    const struct prune_how *how, struct err *e)
{
	size_t i;

	if (has_any_mine(g))
		return judge_group(p, g, how, e);
	for (i = 0; i < g->n; i++)
		p->points[g->at[i]].reasons = KEEP_OTHER;
	return 0;
}

static int
prune_vms(struct prune *p, const struct prune_how *how, struct err *e)
{
	bool *done = calloc(p->folder.n + 1, sizeof(*done));
	int rc = done == NULL ? err_sys(e, ERR_OS, "memory") : 0;
	size_t i, k;

	for (i = 0; done != NULL && i < p->folder.n; i++) {
		struct err own = { 0 };
		struct prune_group g;

		if (done[i])
			continue;
		if (prune_group(&g, p, i, done, &own) == -1 ||
		    prune_or_keep(p, &g, how, &own) == -1) {
			/* The first is the result, the rest goes on. */
			if (rc == 0)
				*e = own;
			rc = -1;
		}
		for (k = 0; k < g.n; k++)
			done[g.at[k]] = true;
		prune_group_free(&g);
	}
	free(done);
	return rc;
}

int
prune_open(struct prune *p, const char *repository, const char *name,
    struct err *e)
{
	*p = (struct prune){ .path = file_join(repository, name) };
	if (p->path == NULL)
		return err_sys(e, ERR_OS, "memory");
	if (catalog_read_folder(&p->folder, repository, name, CATALOG_ALL, true,
		e) == -1)
		return -1;
	p->points = calloc(p->folder.n + 1, sizeof(*p->points));
	return p->points == NULL ? err_sys(e, ERR_OS, "memory") : 0;
}

bool
prune_has(const struct prune *p, const struct conf_plan *plan)
{
	size_t i;

	for (i = 0; i < p->folder.n; i++)
		if (is_mine(plan, &p->folder.points[i]))
			return true;
	return false;
}

static void
mark_mine(struct prune *p)
{
	size_t i;

	for (i = 0; i < p->folder.n; i++) {
		p->points[i].is_mine = is_mine(p->plan, &p->folder.points[i]);
		p->n_kept += p->points[i].is_mine;
	}
}

int
prune_run(struct prune *p, const struct conf_plan *plan,
    const struct prune_how *how, struct err *e)
{
	int rc;

	p->plan = plan;
	mark_mine(p);
	if (!plan->has_retention)
		return 0;
	if (p->folder.is_uncertain)
		return err_set(e, ERR_IO,
		    "%s: not all points can be read: none goes", p->path);
	rc = prune_vms(p, how, e);
	p->n_kept -= p->n_removed;
	return rc;
}

int
prune_folder(struct prune *p, const struct conf_plan *plan, const char *name,
    const struct prune_how *how, struct err *e)
{
	if (prune_open(p, plan->repo->path, name, e) == -1)
		return -1;
	return prune_run(p, plan, how, e);
}

void
prune_free(struct prune *p)
{
	free(p->points);
	free(p->path);
	catalog_folder_free(&p->folder);
	*p = (struct prune){ 0 };
}
