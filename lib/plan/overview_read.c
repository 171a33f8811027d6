#include "plan/overview_read.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "plan/repo.h"
#include "plan/schedule.h"

enum { RUNS_AT_LEAST = 3 }; /* where there are no slots to go by */

/* Only a signal ends the reading: all else is told. */
static int
keep_problem(struct overview_repo *r, struct err *why, struct err *e)
{
	if (why->class > ERR_SIGNAL) {
		*e = *why;
		return -1;
	}
	r->problem = strdup(why->text);
	return r->problem == NULL ? err_sys(e, ERR_OS, "memory") : 0;
}

static int
read_repo(struct overview_data *d, const struct conf_repo *repo,
    enum catalog_depth points, struct err *e)
{
	struct overview_repo *r = &d->repos[d->n_repos++];
	struct err why = { 0 };

	r->repo = repo;
	if (repo_check_mounted(repo, &why) == 0 &&
	    catalog_read(&r->catalog, repo->path, points, true, &why) == -1)
		err_ctx(&why, "repository %s", repo->name);
	return why.class == ERR_NONE ? 0 : keep_problem(r, &why, e);
}

static struct overview_repo *
repo_of(struct overview_data *d, const struct conf_repo *repo)
{
	size_t i;

	for (i = 0; i < d->n_repos; i++)
		if (d->repos[i].repo == repo)
			return &d->repos[i];
	return NULL;
}

static int
read_history(struct overview_data *d, size_t i, const struct conf_plan *plan,
    const struct overview_depth *depth, time_t now, struct err *e)
{
	const struct schedule *s = &plan->schedule;
	time_t slot = schedule_slot(s, plan->zone, now);
	time_t since = slot == 0 ? now : schedule_slot(s, plan->zone, slot - 1);
	struct overview_repo *r = repo_of(d, plan->repo);
	struct err why = { 0 };

	if (depth->runs_since != 0 && depth->runs_since < since)
		since = depth->runs_since;
	if (r->problem == NULL &&
	    history_read(&d->histories[i], plan->repo, plan->name, since,
		RUNS_AT_LEAST, &why) == -1) {
		err_ctx(&why, "repository %s", plan->repo->name);
		return keep_problem(r, &why, e);
	}
	return 0;
}

static int
by_text(const void *a, const void *b)
{
	const char *const *one = a, *const *two = b;

	return strcasecmp(*one, *two);
}

/* Uuids of all VMs that runs name, sorted; free() them. */
static const char **
named(const struct history *h, size_t *n, struct err *e)
{
	const char **list;
	size_t i, j, count = 0;

	for (i = 0; i < h->n; i++)
		count += h->runs[i].n;
	list = calloc(count + 1, sizeof(*list));
	if (list == NULL) {
		err_sys(e, ERR_OS, "memory");
		return NULL;
	}
	*n = 0;
	for (i = 0; i < h->n; i++)
		for (j = 0; j < h->runs[i].n; j++)
			if (h->runs[i].vms[j].uuid != NULL)
				list[(*n)++] = h->runs[i].vms[j].uuid;
	qsort(list, *n, sizeof(*list), by_text);
	return list;
}

static bool
is_named(const struct catalog_folder *f, const char **list, size_t n)
{
	const struct catalog_vm_id *vm = &f->points[f->n - 1].vm;

	return (vm->instance_uuid != NULL &&
		   bsearch(&vm->instance_uuid, list, n, sizeof(*list),
		       by_text) != NULL) ||
	    (vm->bios_uuid != NULL &&
		bsearch(&vm->bios_uuid, list, n, sizeof(*list), by_text) !=
		    NULL);
}

static bool
has_points_of(const struct catalog_folder *f, const char *plan)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		if (f->points[i].plan != NULL &&
		    strcmp(f->points[i].plan, plan) == 0)
			return true;
	return false;
}

/* What was sought for one plan may lack what was sought for another. */
static int
look_deeper(struct catalog *c, struct catalog_folder *f, const char *plan,
    bool *sought, struct err *e)
{
	struct catalog_folder deep = { 0 };
	int rc;

	if (*sought)
		rc = catalog_read_folder(&deep, c->path, f->name, CATALOG_ALL,
		    true, e);
	else
		rc = catalog_seek(&deep, c->path, f->name, plan, true, e);
	*sought = true;
	if (rc == -1) {
		catalog_folder_free(&deep);
		return -1;
	}
	catalog_folder_free(f);
	*f = deep;
	return 0;
}

/*
 * A VM of two plans has one folder, whose newest points may all be of the
 * other plan: where this plan's runs name the VM, its own are looked for.
 */
static int
seek_points(struct catalog *c, const struct overview_source *s, bool *sought,
    struct err *e)
{
	const char *plan = s->plan->name, **list;
	size_t i, n;
	int rc = 0;

	list = named(s->history, &n, e);
	if (list == NULL)
		return -1;
	for (i = 0; i < c->n && rc == 0; i++) {
		struct catalog_folder *f = &c->folders[i];

		if (f->n > 0 && f->n < f->n_names && !has_points_of(f, plan) &&
		    is_named(f, list, n))
			rc = look_deeper(c, f, plan, &sought[i], e);
	}
	free(list);
	return rc;
}

static int
seek_all(struct overview_data *d, struct overview_repo *r, struct err *e)
{
	bool *sought = calloc(r->catalog.n + 1, sizeof(*sought));
	struct err why = { 0 };
	size_t i;
	int rc = 0;

	if (sought == NULL)
		return err_sys(e, ERR_OS, "memory");
	for (i = 0; i < d->n && why.class == ERR_NONE; i++)
		if (d->sources[i].plan->repo == r->repo)
			seek_points(&r->catalog, &d->sources[i], sought, &why);
	if (why.class != ERR_NONE) {
		err_ctx(&why, "repository %s", r->repo->name);
		rc = keep_problem(r, &why, e);
	}
	free(sought);
	return rc;
}

static int
read_all(struct overview_data *d, const struct conf_plan *const *plans,
    size_t n, const struct overview_depth *depth, time_t now, struct err *e)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (repo_of(d, plans[i]->repo) == NULL &&
		    read_repo(d, plans[i]->repo, depth->points, e) == -1)
			return -1;
		if (read_history(d, i, plans[i], depth, now, e) == -1)
			return -1;
		d->sources[i].plan = plans[i];
		d->sources[i].history = &d->histories[i];
	}
	for (i = 0; depth->points == CATALOG_NEWEST && i < d->n_repos; i++)
		if (d->repos[i].problem == NULL &&
		    seek_all(d, &d->repos[i], e) == -1)
			return -1;
	return 0;
}

int
overview_read(struct overview_data *d, const struct conf_plan *const *plans,
    size_t n, const struct overview_depth *depth, time_t now, struct err *e)
{
	const struct overview_repo *r;
	size_t i;

	memset(d, 0, sizeof(*d));
	d->repos = calloc(n + 1, sizeof(*d->repos));
	d->histories = calloc(n + 1, sizeof(*d->histories));
	d->sources = calloc(n + 1, sizeof(*d->sources));
	if (d->repos == NULL || d->histories == NULL || d->sources == NULL)
		return err_sys(e, ERR_OS, "memory");
	d->n = n;
	if (read_all(d, plans, n, depth, now, e) == -1)
		return -1;
	for (i = 0; i < n; i++) {
		r = repo_of(d, plans[i]->repo);
		d->sources[i].problem = r->problem;
		d->sources[i].catalog = r->problem == NULL ? &r->catalog : NULL;
		if (r->problem != NULL)
			d->sources[i].history = NULL;
	}
	return 0;
}

void
overview_read_free(struct overview_data *d)
{
	size_t i;

	for (i = 0; d->histories != NULL && i < d->n; i++)
		history_free(&d->histories[i]);
	for (i = 0; i < d->n_repos; i++) {
		catalog_free(&d->repos[i].catalog);
		free(d->repos[i].problem);
	}
	free(d->repos);
	free(d->histories);
	free(d->sources);
	memset(d, 0, sizeof(*d));
}
