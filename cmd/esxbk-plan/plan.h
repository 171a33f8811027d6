#ifndef ESXBK_PLAN_H
#define ESXBK_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"
#include "cli/cmd.h"
#include "plan/conf.h"

/*
 * The subcommands of esxbk-plan, a file each, and what they share.
 */
extern const struct cmd plan_add;
extern const struct cmd plan_list;
extern const struct cmd plan_remove;
extern const struct cmd plan_check;
extern const struct cmd plan_cleanup;
extern const struct cmd plan_schedule;
extern const struct cmd plan_set;
extern const struct cmd plan_show;
extern const struct cmd plan_report;
extern const struct cmd plan_status;
extern const struct cmd plan_validate;
extern const struct cmd plan_verify;
extern const struct cmd plan_run;
extern const struct cmd plan_notify;
extern const struct cmd plan_points;
extern const struct cmd plan_prune;
extern const struct cmd plan_pin;
extern const struct cmd plan_unpin;

/* --config; each command has it. */
extern const struct opt plan_table[];

/* The file that --config or its defaults name; free() it. */
char *plan_conf_path(struct err *e);

/* The last document of a command that counts nothing; returns rc. */
int plan_end(int rc, const struct err *e);

/* Reads the configuration that --config or its defaults name. */
int plan_read_conf(struct conf *c, struct err *e);

/* The plans that are named, all if none is: an array of *n, free() it. */
const struct conf_plan **plan_choose(const struct conf *c, const char **names,
    size_t n_names, size_t *n, struct err *e);

/* The same for who has nothing to do without one: none at all is an error. */
const struct conf_plan **plan_choose_some(const struct conf *c,
    const char **names, size_t n_names, size_t *n, struct err *e);

/* Whether an earlier repository of the configuration has the same path. */
bool plan_repo_is_twin(const struct conf *c, size_t at);

/* prune -n --days: what the coming days would bring.  Of plans that nobody has
 * named those without a schedule are passed over. */
int plan_forecast(const struct conf_plan **plans, size_t n, bool are_named,
    size_t days, struct err *e);

#endif
