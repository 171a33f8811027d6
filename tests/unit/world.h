/*
 * world - a plan "nightly" (daily at 02:00 in Paris, stale after 36 h) with
 * points and runs as a test wants them.
 */
#ifndef UNIT_WORLD_H
#define UNIT_WORLD_H

#include <stdlib.h>
#include <string.h>
#include "at.h"
#include "check.h"
#include "plan/overview.h"
#include "plan/overview_show.h"

enum { WORLD_FOLDERS = 16, WORLD_POINTS = 8, WORLD_RUNS = 40, WORLD_VMS = 16 };

struct world {
	time_t now;
	struct conf_site site;
	struct conf_repo repo;
	struct conf_verify verify;
	struct conf_plan plans[2];
	struct catalog_folder folders[WORLD_FOLDERS];
	struct catalog catalog;
	struct history history[2];
	struct history_run runs[2][WORLD_RUNS]; /* the newest first */
	struct history_run *run;                /* being written */
	size_t at;                              /* plan being written */
	struct overview_source sources[2];
	size_t n;
	char *strings[512];
	size_t n_strings;
	struct overview o;
	struct buf text;
};

/* A copy that lasts as long as the world. */
static inline char *
world_text(struct world *w, const char *s)
{
	if (w->n_strings == sizeof(w->strings) / sizeof(w->strings[0]))
		abort();
	return w->strings[w->n_strings++] = strdup(s);
}

static inline void
world_plan(struct world *w, const char *name)
{
	struct conf_plan *plan = &w->plans[w->n];

	*plan = (struct conf_plan){ .name = name,
		.site = &w->site,
		.repo = &w->repo,
		.schedule = { .kind = SCHEDULE_DAILY, .hour = 2 },
		.zone = "Europe/Paris",
		.stale_after_s = (uint64_t)36 * 3600,
		.verifies = &w->verify,
		.n_verifies = 1 };
	w->history[w->n].runs = w->runs[w->n];
	w->sources[w->n] = (struct overview_source){ .plan = plan,
		.catalog = &w->catalog,
		.history = &w->history[w->n] };
	w->at = w->n++;
}

static inline void
world_open(struct world *w, const char *now)
{
	memset(w, 0, sizeof(*w));
	w->now = at(now);
	w->site = (struct conf_site){ .name = "esx1" };
	w->repo = (struct conf_repo){ .name = "nas", .path = "/backups/ovf" };
	w->verify = (struct conf_verify){ .level = "hash" };
	w->catalog.folders = w->folders;
	world_plan(w, "nightly");
}

static inline struct catalog_folder *
world_folder(struct world *w, const char *uuid)
{
	struct catalog_folder *f = w->folders;

	for (; f < w->folders + w->catalog.n; f++)
		if (strcmp(f->points[0].vm.instance_uuid, uuid) == 0)
			return f;
	w->catalog.n++;
	f->points = calloc(WORLD_POINTS, sizeof(*f->points));
	return f;
}

/* A verified full of 1.5 GiB, made by the plan being written. */
static inline struct catalog_point *
world_full(struct world *w, const char *name, const char *uuid,
    const char *when)
{
	struct catalog_folder *f = world_folder(w, uuid);
	struct catalog_point *p = &f->points[f->n++];
	char stamp[CLOCK_STAMP_SIZE], text[200];

	clock_format_stamp(at(when), stamp);
	snprintf(text, sizeof(text), "%s_%s", name, stamp);
	*p = (struct catalog_point){ .name = world_text(w, text),
		.when = at(when),
		.vm = { .name = world_text(w, name),
		    .instance_uuid = world_text(w, uuid) },
		.plan = world_text(w, w->plans[w->at].name),
		.mode = world_text(w, "ovf"),
		.is_full = true,
		.provisioned = 40ULL << 30,
		.transferred = 2ULL << 30,
		.stored = 3ULL << 29,
		.seconds = 60,
		.verified = at(when) + 60,
		.verified_level = "hash" };
	if (f->name == NULL)
		f->name = world_text(w, name);
	return p;
}

/* A run of that slot that ended 20 min after; runs are told in the order of
 * time. */
static inline struct history_run *
world_run(struct world *w, const char *started, int exit)
{
	struct history *h = &w->history[w->at];
	struct history_run *r = h->runs;

	if (h->n == WORLD_RUNS)
		abort();
	memmove(r + 1, r, h->n++ * sizeof(*r));
	*r = (struct history_run){ .run = world_text(w, started),
		.plan = world_text(w, w->plans[w->at].name),
		.started = at(started),
		.ended = at(started) + 1200,
		.exit = exit,
		.scheduled = true,
		.slot = schedule_slot(&w->plans[w->at].schedule,
		    w->plans[w->at].zone, at(started)),
		.text = world_text(w, "") };
	r->vms = calloc(WORLD_VMS, sizeof(*r->vms));
	w->run = r;
	return r;
}

static inline void
world_vm(struct world *w, const char *name, const char *uuid,
    const char *outcome, int exit, const char *text)
{
	w->run->vms[w->run->n++] = (struct history_vm){
		.name = world_text(w, name),
		.uuid = world_text(w, uuid),
		.moid = world_text(w, "12"),
		.outcome = world_text(w, outcome),
		.text = world_text(w, text),
		.exit = exit,
		.started = w->run->started + 5,
		.ended = w->run->started + 90,
	};
}

static inline void
world_unprotected(struct world *w, const char *name)
{
	struct history_run *r = w->run;

	r->unprotected = reallocarray(r->unprotected, r->n_unprotected + 1,
	    sizeof(*r->unprotected));
	r->unprotected[r->n_unprotected++] = world_text(w, name);
}

static inline void
world_make(struct world *w)
{
	struct err e = { 0 };

	overview_free(&w->o);
	CHECK_INT(overview_make(&w->o, w->sources, w->n, w->now, &e), 0);
	CHECK_STR(e.text, "");
}

static inline const char *
world_table(struct world *w)
{
	buf_cut(&w->text, 0);
	overview_table(&w->o, &w->text);
	return buf_text(&w->text);
}

static inline const char *
world_monitor(struct world *w)
{
	buf_cut(&w->text, 0);
	overview_monitor(&w->o, &w->text);
	return buf_text(&w->text);
}

static inline const struct overview_row *
world_row(const struct world *w, const char *name, const char *plan)
{
	static const struct overview_row none = { .state = OVERVIEW_STATES,
		.text = NULL };
	size_t i;

	for (i = 0; i < w->o.n; i++)
		if (w->o.rows[i].name != NULL &&
		    strcmp(w->o.rows[i].name, name) == 0 &&
		    strcmp(w->o.rows[i].plan->name, plan) == 0)
			return &w->o.rows[i];
	return &none;
}

static inline void
world_free(struct world *w)
{
	size_t i, j;

	overview_free(&w->o);
	buf_free(&w->text);
	for (i = 0; i < w->catalog.n; i++) {
		free(w->folders[i].points);
		free(w->folders[i].unread);
	}
	for (i = 0; i < w->n; i++)
		for (j = 0; j < w->history[i].n; j++) {
			free(w->runs[i][j].vms);
			free(w->runs[i][j].unprotected);
		}
	for (i = 0; i < w->n_strings; i++)
		free(w->strings[i]);
}

#endif
