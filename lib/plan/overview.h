#ifndef PLAN_OVERVIEW_H
#define PLAN_OVERVIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include "base/err.h"
#include "plan/history.h"
#include "store/catalog.h"

/*
 * overview - how well the VMs of plans are protected at a moment
 * (esxbk-plan(1), "status").
 *
 * overview_make() is pure: configuration, catalogue, history and a given now
 * to rows, the worst first.  A VM belongs to a plan if the plan has points of
 * it or names it in its newest runs; no server is asked.  Rows borrow from
 * what they were made of.
 */
enum overview_state {
	OVERVIEW_UNREADABLE, /* the repository: nothing can be said */
	OVERVIEW_FAILED,     /* no good point since a run failed */
	OVERVIEW_LATE,       /* older than stale_after */
	OVERVIEW_NEVER,      /* no point, and no run that failed */
	OVERVIEW_DAMAGED,    /* its newest point */
	OVERVIEW_VANISHED,   /* no longer found on the server */
	OVERVIEW_AHEAD,      /* its newest point is newer than now */
	OVERVIEW_PARTIAL,    /* a device is not part of it */
	OVERVIEW_UNVERIFIED, /* though the plan asks for it after each run */
	OVERVIEW_WARNED,     /* complete; the run had something to say */
	OVERVIEW_OK,
	OVERVIEW_DROPPED, /* the plan selects it no more */
	OVERVIEW_STATES,
};

/* As monitoring plugins end. */
enum overview_level {
	OVERVIEW_GOOD,
	OVERVIEW_WARNING,
	OVERVIEW_CRITICAL,
	OVERVIEW_UNKNOWN,
};

struct overview_row {
	const struct conf_plan *plan;
	enum overview_state state;
	enum overview_level level;
	char *text;       /* why, one line; "" if all is well */
	const char *name; /* NULL: the plan as a whole */
	const char *uuid; /* or "" */
	const char *moid; /* or "" */
	bool is_namesake; /* another VM has this name, too */
	/* Points of this plan; NULL, 0: none, or not of interest. */
	const struct catalog_folder *folder;
	const struct catalog_point *newest, *good;
	size_t points;
	uint64_t stored; /* by those that were read */
	uint64_t age_s;  /* of good; 0 if it is ahead */
	bool is_late;    /* whatever the state */
	time_t verified; /* newest sound verification of any of them */
	time_t deep_verified;
	/* What the newest run that came to it made of it; the newest run that
	 * was to back it up, which may have come to no VM; NULL: none. */
	const struct history_vm *last;
	const struct history_run *run;
};

/* What is known of a plan; the catalogue and history are NULL if problem is
 * not. */
struct overview_source {
	const struct conf_plan *plan;
	const struct catalog *catalog;
	const struct history *history; /* of this plan */
	const char *problem;
};

struct overview_plan {
	const struct overview_source *source;
	time_t slot, next; /* 0: none */
	const struct history_run *last;
	size_t levels[OVERVIEW_UNKNOWN + 1]; /* rows of each */
};

struct overview {
	time_t now;
	struct overview_row *rows;
	size_t n;
	struct overview_plan *plans;
	size_t n_plans;
	const char **unprotected; /* no plan of their site selects them */
	size_t n_unprotected;
	size_t states[OVERVIEW_STATES]; /* rows of each state */
	/* VMs, each once, by their worst row. */
	size_t vms, protected, at_risk, failed;
};

/* Sources must last as long; overview_free() in any case. */
int overview_make(struct overview *o, const struct overview_source *sources,
    size_t n, time_t now, struct err *e);
void overview_free(struct overview *o);

/* Links behind a point of the row's folder, -1: not all were read. */
int overview_chain(const struct overview_row *row,
    const struct catalog_point *p);

/* The verdict on all. */
enum overview_level overview_level(const struct overview *o);

#endif
