#ifndef PLAN_OVERVIEW_SHOW_H
#define PLAN_OVERVIEW_SHOW_H

#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"
#include "codec/json.h"
#include "plan/overview.h"

/*
 * overview_show - an overview for people, for scripts and for monitoring
 * systems.  Pure.
 */

/* "failed"; "WARNING". */
const char *overview_state_name(enum overview_state state);
const char *overview_level_name(enum overview_level level);

/* "45 min", "36 h", "3 d". */
#define OVERVIEW_AGE_SIZE 32
void overview_age(uint64_t seconds, char out[OVERVIEW_AGE_SIZE]);

/* "2026-11-24 00:30", UTC; "never" for 0. */
#define OVERVIEW_TIME_SIZE 24
void overview_time(time_t t, char out[OVERVIEW_TIME_SIZE]);

/* "web01", with a namesake "web01 (5029ab12)", "-" for a plan as a whole;
 * as the server gave it. */
void overview_name(const struct overview_row *row, struct buf *b);

/* "full", "inc 3", "vmdk"; "-" without a point. */
#define OVERVIEW_KIND_SIZE 24
void overview_kind(const struct catalog_point *p, char out[OVERVIEW_KIND_SIZE]);

/* "ok", "failed (69)", "not ended", "never". */
void overview_run(const struct history_run *r, struct buf *b);

/* Appends the command that a person would type to mend it, or nothing. */
void overview_command(const struct overview_row *row, struct buf *b);

/* esxbk-result(5), STATUS. */
json_t *overview_row_json(const struct overview_row *row);
json_t *overview_plan_json(const struct overview_plan *p);
void overview_summary_json(const struct overview *o, json_t *summary);

/* "12 VMs: 10 protected, 1 at risk, 1 failed; 2 unprotected" */
void overview_verdict(const struct overview *o, struct buf *b);

/* In 100 columns. */
void overview_table(const struct overview *o, struct buf *b);

/* As monitoring plugins write it; the status is overview_level(). */
void overview_monitor(const struct overview *o, struct buf *b);

#endif
