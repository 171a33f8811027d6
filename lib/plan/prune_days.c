#include "plan/prune_days.h"

#include <stdlib.h>
#include <string.h>
#include "plan/decide.h"
#include "plan/prune_internal.h"

enum { DAY_S = 24 * 60 * 60, RECENT = 3 };

/* One VM's points, as they come and go. */
struct course {
	const struct conf_plan *plan;
	struct keep_point *points; /* the oldest first */
	size_t n, room;
	uint64_t full_bytes, inc_bytes; /* of what is made */
	bool can_inc;
	size_t made, removed; /* today */
	size_t refused;
};

int
prune_days_open(struct prune_days *d, const struct conf_plan *plan, time_t now,
    size_t n, struct err *e)
{
	size_t i;

	*d = (struct prune_days){ 0 };
	if (schedule_next(&plan->schedule, plan->zone, now) == 0)
		return err_set(e, ERR_USAGE,
		    "plan %s has no schedule whose days are known here",
		    plan->name);
	d->days = calloc(n + 1, sizeof(*d->days));
	if (d->days == NULL)
		return err_sys(e, ERR_OS, "memory");
	d->n = n;
	for (i = 0; i <= n; i++)
		d->days[i].when = now + (time_t)i * DAY_S;
	return 0;
}

void
prune_days_free(struct prune_days *d)
{
	free(d->days);
	*d = (struct prune_days){ 0 };
}

/* What the newest ones of this kind take, on average; 0: there are none. */
static uint64_t
recent_bytes(const struct prune_group *g, bool full)
{
	uint64_t sum = 0;
	size_t i, n = 0;

	for (i = g->n; i > 0 && n < RECENT; i--) {
		const struct keep_point *p = &g->points[i - 1];

		if (!p->is_mine || p->is_full != full)
			continue;
		sum += p->bytes / RECENT;
		n++;
	}
	return n == 0 ? 0 : sum / n * RECENT;
}

static int
begin(struct course *c, const struct prune_group *g, struct err *e)
{
	size_t i;

	c->room = g->n;
	c->points = calloc(g->n + 1, sizeof(*c->points));
	if (c->points == NULL)
		return err_sys(e, ERR_OS, "memory");
	memcpy(c->points, g->points, g->n * sizeof(*c->points));
	c->n = g->n;
	for (i = 0; i < c->n; i++)
		c->points[i].awaits_replica = false;
	c->full_bytes = recent_bytes(g, true);
	c->inc_bytes = recent_bytes(g, false);
	c->can_inc = c->inc_bytes > 0;
	return 0;
}

/* The newest good one of the plan, -1: none. */
static int
newest(const struct course *c, bool full)
{
	size_t i;

	for (i = c->n; i > 0; i--) {
		const struct keep_point *p = &c->points[i - 1];

		if (p->is_mine && p->is_good && (p->is_full || !full))
			return (int)i - 1;
	}
	return -1;
}

static unsigned int
chain_of(const struct course *c, int at)
{
	unsigned int links = 0;

	while (at != -1 && !c->points[at].is_full && links < c->n) {
		at = c->points[at].parent;
		links++;
	}
	return links;
}

static bool
is_full_next(const struct course *c, int parent, time_t when)
{
	int full = newest(c, true);
	const struct decide_case what = {
		.now = when,
		.zone = c->plan->zone,
		.plan = c->plan,
		.asked = "auto",
		.can_inc = c->can_inc,
		.has_parent = parent != -1,
		.same_identity = true,
		.chain = chain_of(c, parent),
		.last_full = full == -1 ? 0 : c->points[full].when,
	};

	return decide(&what).full;
}

static int
make_point(struct course *c, time_t when, struct err *e)
{
	int parent = newest(c, false);
	bool full = is_full_next(c, parent, when);
	struct keep_point *more = c->points;

	if (c->n >= c->room) {
		more = reallocarray(more, 2 * c->room + 1, sizeof(*more));
		if (more == NULL)
			return err_sys(e, ERR_OS, "memory");
		c->points = more;
		c->room = 2 * c->room + 1;
	}
	c->points[c->n++] = (struct keep_point){
		.when = when,
		.name = "",
		.is_mine = true,
		.is_full = full,
		.is_good = true,
		.parent = full ? -1 : parent,
		.bytes = full ? c->full_bytes : c->inc_bytes,
	};
	c->made++;
	return 0;
}

/* Takes out what goes; a parent of what stays is not among it. */
static int
remove_points(struct course *c, struct err *e)
{
	int *places = calloc(c->n + 1, sizeof(*places));
	size_t i, n = 0;

	if (places == NULL)
		return err_sys(e, ERR_OS, "memory");
	for (i = 0; i < c->n; i++) {
		struct keep_point p = c->points[i];

		if (p.reasons == 0) {
			places[i] = -1;
			c->removed++;
			continue;
		}
		if (p.parent != -1)
			p.parent = places[p.parent];
		places[i] = (int)n;
		c->points[n++] = p;
	}
	c->n = n;
	free(places);
	return 0;
}

static int
apply(struct course *c, time_t when, struct err *e)
{
	struct err refusal = { 0 };

	if (!c->plan->has_retention)
		return 0;
	if (keep_judge(c->points, c->n, &c->plan->retention, c->plan->zone,
		when, e) == -1)
		return -1;
	if (keep_guard(c->points, c->n, when, -1, &refusal) == 0)
		return remove_points(c, e);
	c->refused++;
	return 0;
}

static void
add_up(struct prune_day *day, struct course *c)
{
	size_t i;

	for (i = 0; i < c->n; i++) {
		if (!c->points[i].is_mine)
			continue;
		day->points++;
		day->bytes += c->points[i].bytes;
	}
	day->made += c->made;
	day->removed += c->removed;
	c->made = c->removed = 0;
}

static int
follow(struct prune_days *d, struct course *c, struct err *e)
{
	const struct schedule *s = &c->plan->schedule;
	const char *zone = c->plan->zone;
	time_t slot = schedule_next(s, zone, d->days[0].when);
	size_t i;

	add_up(&d->days[0], c);
	for (i = 1; i <= d->n; i++) {
		for (; slot != 0 && slot <= d->days[i].when;
		     slot = schedule_next(s, zone, slot))
			if (make_point(c, slot, e) == -1 ||
			    apply(c, slot, e) == -1)
				return -1;
		add_up(&d->days[i], c);
	}
	d->refused += c->refused;
	d->vms++;
	return 0;
}

static int
add_group(struct prune_days *d, const struct prune_group *g,
    const struct conf_plan *plan, struct err *e)
{
	struct course c = { .plan = plan };
	int rc = begin(&c, g, e);

	/* Of a VM that the plan has no point of nothing is known. */
	if (rc == 0 && newest(&c, false) != -1)
		rc = follow(d, &c, e);
	free(c.points);
	return rc;
}

int
prune_days_add(struct prune_days *d, const struct prune *p,
    const struct conf_plan *plan, struct err *e)
{
	struct prune as = *p;
	bool *done = calloc(p->folder.n + 1, sizeof(*done));
	int rc = done == NULL ? err_sys(e, ERR_OS, "memory") : 0;
	size_t i, k;

	as.plan = plan;
	for (i = 0; rc == 0 && i < p->folder.n; i++) {
		struct prune_group g;

		if (done[i])
			continue;
		rc = prune_group(&g, &as, i, done, e);
		if (rc == 0)
			rc = add_group(d, &g, plan, e);
		for (k = 0; k < g.n; k++)
			done[g.at[k]] = true;
		prune_group_free(&g);
	}
	free(done);
	return rc;
}
