#include "plan/overview.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "plan/overview_internal.h"
#include "plan/schedule.h"

static const char *
text_of(const char *s)
{
	return s == NULL ? "" : s;
}

static struct overview_row *
add_row(struct overview *o, const struct conf_plan *plan, struct err *e)
{
	struct overview_row *row;
	size_t size = 16;

	while (size <= o->n)
		size *= 2;
	if (o->n == 0 || o->n == size / 2) {
		row = reallocarray(o->rows, size, sizeof(*row));
		if (row == NULL) {
			err_sys(e, ERR_OS, "memory");
			return NULL;
		}
		o->rows = row;
	}
	row = &o->rows[o->n++];
	memset(row, 0, sizeof(*row));
	row->plan = plan;
	row->uuid = row->moid = "";
	return row;
}

static const char *
identity(const struct catalog_vm_id *vm)
{
	const char *uuid = text_of(vm->instance_uuid);

	return uuid[0] != '\0' ? uuid : text_of(vm->bios_uuid);
}

static void
take_point(struct overview_row *row, const struct catalog_point *p, time_t now)
{
	bool is_ahead = p->when > now + OVERVIEW_SKEW_S;

	row->newest = p;
	row->points++;
	row->stored += p->stored;
	if (p->verified > row->verified)
		row->verified = p->verified;
	if (p->deep_verified > row->deep_verified)
		row->deep_verified = p->deep_verified;
	/* One from the future says nothing of an age: better an older one. */
	if (catalog_is_good(p) && (!is_ahead || row->good == NULL))
		row->good = p;
}

static int
add_folder(struct overview *o, const struct conf_plan *plan,
    const struct catalog_folder *f, struct err *e)
{
	struct overview_row *row = NULL;
	const struct catalog_point *p;

	for (p = f->points; p < f->points + f->n; p++) {
		if (p->plan == NULL || strcmp(p->plan, plan->name) != 0)
			continue;
		if (row == NULL && (row = add_row(o, plan, e)) == NULL)
			return -1;
		take_point(row, p, o->now);
	}
	if (row == NULL)
		return 0;
	row->folder = f;
	row->name = text_of(row->newest->vm.name);
	row->moid = text_of(row->newest->vm.moid);
	row->uuid = identity(&row->newest->vm);
	if (row->good != NULL && row->good->when < o->now)
		row->age_s = (uint64_t)(o->now - row->good->when);
	return 0;
}

static int
by_uuid(const void *a, const void *b)
{
	const struct overview_row *one = a, *two = b;

	return strcasecmp(one->uuid, two->uuid);
}

/* A VM whose folder was begun anew: the one with the newest point. */
static void
drop_older_folders(struct overview *o, size_t first)
{
	size_t i, to = first;
	struct overview_row *row, *before;

	for (i = first; i < o->n; i++) {
		row = &o->rows[i];
		before = to == first ? NULL : &o->rows[to - 1];
		if (before == NULL || row->uuid[0] == '\0' ||
		    by_uuid(before, row) != 0)
			o->rows[to++] = *row;
		else if (row->newest->when > before->newest->when)
			*before = *row;
	}
	o->n = to;
}

/* Rows of one plan: those of folders are sorted, those that history added
 * stand behind them. */
struct range {
	size_t first, sorted_end;
};

static struct overview_row *
find_row(struct overview *o, const struct range *r, const struct history_vm *vm)
{
	struct overview_row key = { .uuid = text_of(vm->uuid) }, *row;
	size_t i;

	if (key.uuid[0] == '\0') {
		for (i = r->first; i < o->n; i++)
			if (strcmp(o->rows[i].name, text_of(vm->name)) == 0)
				return &o->rows[i];
		return NULL;
	}
	if (r->sorted_end > r->first) {
		row = bsearch(&key, o->rows + r->first,
		    r->sorted_end - r->first, sizeof(key), by_uuid);
		if (row != NULL)
			return row;
	}
	for (i = r->sorted_end; i < o->n; i++)
		if (by_uuid(&o->rows[i], &key) == 0)
			return &o->rows[i];
	return NULL;
}

/* What the newest run says of a VM; it may have been renamed since. */
static void
take_entry(struct overview_row *row, const struct history_run *r,
    const struct history_vm *vm)
{
	if (row->last != NULL)
		return;
	row->last = vm;
	row->run = r;
	if (row->newest != NULL && row->newest->when > r->started &&
	    row->newest->when > vm->ended)
		return;
	if (text_of(vm->name)[0] != '\0')
		row->name = vm->name;
	if (text_of(vm->moid)[0] != '\0')
		row->moid = vm->moid;
}

static int
take_run(struct overview *o, const struct overview_source *s,
    const struct range *range, const struct history_run *r, bool may_add,
    struct err *e)
{
	struct overview_row *row;
	size_t i;

	for (i = 0; i < r->n; i++) {
		row = find_row(o, range, &r->vms[i]);
		if (row == NULL && may_add) {
			row = add_row(o, s->plan, e);
			if (row == NULL)
				return -1;
			row->name = text_of(r->vms[i].name);
			row->uuid = text_of(r->vms[i].uuid);
		}
		if (row != NULL)
			take_entry(row, r, &r->vms[i]);
	}
	return 0;
}

/* A run that came to no VM was to back up each all the same, but for one that
 * was to back up some by name. */
static void
take_vain_run(struct overview *o, const struct history_run *r, size_t first)
{
	size_t i;

	for (i = first; i < o->n; i++)
		if (o->rows[i].run == NULL ||
		    o->rows[i].run->started < r->started)
			o->rows[i].run = r;
}

/*
 * Behind the runs that name each VM that was to be backed up, also one that
 * never succeeded: those of the newest slot.  What is older may name VMs that
 * are no longer selected.
 */
static size_t
end_of_slot(const struct history *h)
{
	time_t slot = overview_judge_slot(h);
	size_t i, end = 0;

	for (i = 0; i < h->n; i++) {
		if (slot != 0 && h->runs[i].slot == slot)
			end = i + 1;
		else if (slot == 0 && h->runs[i].n > 0)
			return i + 1;
	}
	return end;
}

static int
take_runs(struct overview *o, const struct overview_source *s, size_t first,
    struct err *e)
{
	const struct range range = { first, o->n };
	size_t i, end = end_of_slot(s->history);
	const struct history_run *r;

	for (i = 0; i < s->history->n; i++) {
		r = &s->history->runs[i];
		if (take_run(o, s, &range, r, i < end, e) == -1)
			return -1;
	}
	for (i = s->history->n; i > 0; i--) {
		r = &s->history->runs[i - 1];
		if (r->n == 0 && r->ended != 0 && r->exit != 0 && !r->narrow)
			take_vain_run(o, r, first);
	}
	return 0;
}

static int
add_plan(struct overview *o, const struct overview_source *s, struct err *e)
{
	struct overview_plan *p = &o->plans[o->n_plans++];
	struct overview_row *row;
	size_t first = o->n, i;

	p->source = s;
	p->slot = schedule_slot(&s->plan->schedule, s->plan->zone, o->now);
	p->next = schedule_next(&s->plan->schedule, s->plan->zone, o->now);
	if (s->history != NULL && s->history->n > 0)
		p->last = &s->history->runs[0];
	for (i = 0; s->catalog != NULL && i < s->catalog->n; i++)
		if (add_folder(o, s->plan, &s->catalog->folders[i], e) == -1)
			return -1;
	if (o->n > first) {
		qsort(o->rows + first, o->n - first, sizeof(*row), by_uuid);
		drop_older_folders(o, first);
	}
	if (s->history != NULL && take_runs(o, s, first, e) == -1)
		return -1;
	for (i = first; i < o->n; i++)
		if (overview_judge(&o->rows[i], p, o->now, e) == -1)
			return -1;
	if (o->n > first && s->problem == NULL)
		return 0;
	row = add_row(o, s->plan, e);
	return row == NULL ? -1 : overview_judge_plan(row, p, e);
}

static int
by_name(const void *a, const void *b)
{
	const struct overview_row *const *one = a, *const *two = b;
	int d = strcmp((*one)->name, (*two)->name);

	return d != 0 ? d : by_uuid(*one, *two);
}

/* A VM has a uuid; a name that is not on the server has none. */
static int
by_vm(const void *a, const void *b)
{
	const struct overview_row *const *one = a, *const *two = b;
	int d = by_uuid(*one, *two);

	return d != 0 || (*one)->uuid[0] != '\0' ? d : by_name(a, b);
}

/* Of two rows of one VM the worse one counts. */
static void
count_vm(struct overview *o, struct overview_row **rows, size_t n)
{
	bool failed = false, good = true;
	size_t i;

	for (i = 0; i < n; i++) {
		failed = failed || rows[i]->state == OVERVIEW_FAILED ||
		    rows[i]->state == OVERVIEW_NEVER;
		good = good && rows[i]->level == OVERVIEW_GOOD;
	}
	o->vms++;
	if (failed)
		o->failed++;
	else if (good)
		o->protected ++;
	else
		o->at_risk++;
}

static void
count_vms(struct overview *o, struct overview_row **rows, size_t n)
{
	size_t i, end;

	if (n > 0)
		qsort(rows, n, sizeof(struct overview_row *), by_vm);
	for (i = 0; i < n; i = end) {
		for (end = i + 1; end < n && by_vm(&rows[i], &rows[end]) == 0;
		     end++)
			continue;
		count_vm(o, rows + i, end - i);
	}
}

static void
mark_namesakes(struct overview_row **rows, size_t n)
{
	size_t i, end;

	if (n > 0)
		qsort(rows, n, sizeof(struct overview_row *), by_name);
	for (i = 0; i < n; i = end) {
		for (end = i + 1;
		     end < n && strcmp(rows[i]->name, rows[end]->name) == 0;
		     end++)
			continue;
		if (by_uuid(rows[i], rows[end - 1]) == 0)
			continue;
		for (; i < end; i++)
			rows[i]->is_namesake = true;
	}
}

static int
compare_vms(struct overview *o, struct err *e)
{
	struct overview_row **rows = calloc(o->n + 1,
	    sizeof(struct overview_row *));
	size_t i, n = 0;

	if (rows == NULL)
		return err_sys(e, ERR_OS, "memory");
	for (i = 0; i < o->n; i++)
		if (o->rows[i].name != NULL &&
		    o->rows[i].state != OVERVIEW_DROPPED)
			rows[n++] = &o->rows[i];
	mark_namesakes(rows, n);
	count_vms(o, rows, n);
	free(rows);
	return 0;
}

/* Runs tell of their whole site: the newest one's word counts. */
static const struct history_run *
newest_of_site(const struct overview *o, const struct conf_site *site)
{
	const struct history_run *newest = NULL, *r;
	size_t i, j;

	for (i = 0; i < o->n_plans; i++) {
		const struct overview_source *s = o->plans[i].source;

		if (s->plan->site != site || s->history == NULL)
			continue;
		for (j = 0; j < s->history->n; j++) {
			r = &s->history->runs[j];
			if (r->ended == 0 || r->n == 0)
				continue;
			if (newest == NULL || r->started > newest->started)
				newest = r;
			break;
		}
	}
	return newest;
}

static int
add_unprotected(struct overview *o, const struct history_run *r, struct err *e)
{
	const char **names;
	size_t i;

	if (r == NULL || r->n_unprotected == 0)
		return 0;
	names = reallocarray(o->unprotected,
	    o->n_unprotected + r->n_unprotected, sizeof(*names));
	if (names == NULL)
		return err_sys(e, ERR_OS, "memory");
	o->unprotected = names;
	for (i = 0; i < r->n_unprotected; i++)
		names[o->n_unprotected++] = r->unprotected[i];
	return 0;
}

static int
find_unprotected(struct overview *o, struct err *e)
{
	const struct conf_site *site;
	size_t i, j;

	for (i = 0; i < o->n_plans; i++) {
		site = o->plans[i].source->plan->site;
		for (j = 0; j < i; j++)
			if (o->plans[j].source->plan->site == site)
				break;
		if (j == i &&
		    add_unprotected(o, newest_of_site(o, site), e) == -1)
			return -1;
	}
	return 0;
}

static int
worst_first(const void *a, const void *b)
{
	const struct overview_row *one = a, *two = b;
	int d;

	if (one->level != two->level)
		return one->level > two->level ? -1 : 1;
	if (one->state != two->state)
		return one->state < two->state ? -1 : 1;
	if (one->age_s != two->age_s)
		return one->age_s > two->age_s ? -1 : 1;
	d = strcmp(text_of(one->name), text_of(two->name));
	if (d == 0)
		d = strcmp(one->plan->name, two->plan->name);
	return d != 0 ? d : by_uuid(one, two);
}

int
overview_make(struct overview *o, const struct overview_source *sources,
    size_t n, time_t now, struct err *e)
{
	size_t i;

	memset(o, 0, sizeof(*o));
	o->now = now;
	o->plans = calloc(n + 1, sizeof(*o->plans));
	if (o->plans == NULL)
		return err_sys(e, ERR_OS, "memory");
	for (i = 0; i < n; i++)
		if (add_plan(o, &sources[i], e) == -1)
			return -1;
	if (compare_vms(o, e) == -1 || find_unprotected(o, e) == -1)
		return -1;
	for (i = 0; i < o->n; i++)
		o->states[o->rows[i].state]++;
	if (o->n > 0)
		qsort(o->rows, o->n, sizeof(*o->rows), worst_first);
	return 0;
}

int
overview_chain(const struct overview_row *row, const struct catalog_point *p)
{
	const struct catalog_folder *f = row->folder;
	int links = 0;

	/* More links than points would be a circle. */
	for (; !p->is_full; links++) {
		if (p->parent_at < 0 || (size_t)p->parent_at >= f->n ||
		    (size_t)links >= f->n)
			return -1;
		p = &f->points[p->parent_at];
	}
	return links;
}

enum overview_level
overview_level(const struct overview *o)
{
	return o->n == 0 ? OVERVIEW_UNKNOWN : o->rows[0].level;
}

void
overview_free(struct overview *o)
{
	size_t i;

	for (i = 0; i < o->n; i++)
		free(o->rows[i].text);
	free(o->rows);
	free(o->plans);
	free(o->unprotected);
	memset(o, 0, sizeof(*o));
}
