#ifndef PLAN_UNITS_H
#define PLAN_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>
#include "base/buf.h"
#include "base/err.h"
#include "plan/conf.h"

/*
 * units - what systemd or cron need to start the plans: configuration in,
 * named texts out (esxbk-plan(1), "schedule").
 *
 * Pure: no file is read, nothing is asked of the system.
 */

/* The first line of every file of ours, without its end. */
extern const char units_marker[];

struct units_file {
	char *name; /* below the folder: "esxbk-plan@.service" */
	char *text;
};

struct units {
	struct units_file *files; /* in the order in which people read them */
	size_t n;
};

struct units_how {
	const char *program; /* esxbk-plan's absolute path */
	const char *config;  /* absolute path, or NULL: the default place */
	const char *user;    /* cron: NULL in a user's own crontab */
	time_t now;          /* which rules of time zones count */
};

/* The template service, and of each plan a drop-in and, if it has a schedule,
 * a timer.  ERR_CONFIG if a path cannot stand in a unit file. */
int units_systemd(struct units *u, const struct conf *c,
    const struct conf_plan *const *plans, size_t n, const struct units_how *how,
    struct err *e);

/* One file "esxbk" with one line for all plans.  ERR_CONFIG if a plan has a
 * schedule that only systemd knows. */
int units_cron(struct units *u, const struct conf *c,
    const struct units_how *how, struct err *e);
void units_free(struct units *u);

/* Whether a file's text begins with our line. */
bool units_is_ours(const char *text);

/* The plan of a file that units_systemd() could have named: 0 with its name
 * ("" for the template's), -1 if it is no such name. */
#define UNITS_PLAN_SIZE 44
int units_plan_of(const char *name, char plan[UNITS_PLAN_SIZE]);

/* "esxbk-plan@NAME.timer"; "esxbk-plan@NAME.service.d/esxbk.conf".  free()
 * them; NULL only without memory. */
char *units_timer(const char *plan);
char *units_drop_in(const char *plan);

/* What changes from one text to the other, as diff -u with all lines as
 * context; NULL: there is no such file.  Nothing if they are the same. */
void units_diff(const char *path, const char *old, const char *new,
    struct buf *out);

#endif
