#ifndef PLAN_RUNNER_VERIFY_H
#define PLAN_RUNNER_VERIFY_H

#include <stdbool.h>
#include <time.h>
#include "codec/json.h"
#include "plan/conf.h"
#include "plan/toolline.h"
#include "sys/child.h"

/*
 * runner_verify - a plan's verifications: which is due, its command line, and
 * what it came to, kept beside the point (store/catalog).
 */
struct runner_verified {
	int exit;
	bool is_damaged;
	char text[1000];
	json_t *document; /* the tool's, or NULL; the caller's */
};

/* The highest level that is due for the VM of this folder, NULL: none. */
const char *runner_verify_level(const struct conf_plan *plan,
    const char *folder, time_t now);

/* The highest level that the plan has at all; "hash" if it has none. */
const char *runner_verify_highest(const struct conf_plan *plan);

int runner_verify_line(struct toolline *l, const struct conf_plan *plan,
    const char *folder, const char *point, const char *level, struct err *e);

/* *v is filled in any case; -1: it could not be kept. */
int runner_verify_take(struct runner_verified *v, const char *folder,
    const char *point, const char *level, const struct child_end *end,
    struct err *e);

#endif
