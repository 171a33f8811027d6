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
const char *overview_words_state(enum overview_state state);
const char *overview_words_level(enum overview_level level);

/* "45 min", "36 h", "3 d". */
#define OVERVIEW_AGE_SIZE 32
void overview_words_age(uint64_t seconds, char out[OVERVIEW_AGE_SIZE]);

/* "2026-11-24 00:30", UTC; "never" for 0. */
#define OVERVIEW_TIME_SIZE 24
void overview_words_time(time_t t, char out[OVERVIEW_TIME_SIZE]);

/* "web01", with a namesake "web01 (5029ab12)", "-" for a plan as a whole;
 * as the server gave it. */
void overview_words_name(const struct overview_row *row, struct buf *b);

/* Of the newest good point: "full", "inc 3", "inc" if the chain was not read,
 * "vmdk"; "-" without one. */
#define OVERVIEW_KIND_SIZE 24
void overview_words_kind(const struct overview_row *row,
    char out[OVERVIEW_KIND_SIZE]);

/* "ok", "failed (69)", "not ended", "never". */
void overview_words_run(const struct history_run *r, struct buf *b);

/* Appends the command that a person would type to mend it, or nothing. */
void overview_words_command(const struct overview_row *row, struct buf *b);

/* Keys of a row, of a plan, of all, for an object (esxbk-result(5), STATUS). */
void overview_json_row(const struct overview_row *row, json_t *object);
void overview_json_plan(const struct overview_plan *p, json_t *object);
void overview_json_summary(const struct overview *o, json_t *object);

/* "12 VMs: 10 protected, 1 at risk, 1 failed; 2 unprotected" */
void overview_words_verdict(const struct overview *o, struct buf *b);

/* In 100 columns. */
void overview_table(const struct overview *o, struct buf *b);

/* As monitoring plugins write it; the status is overview_level(). */
void overview_monitor(const struct overview *o, struct buf *b);

#endif
