#ifndef PLAN_CONF_PLAN_H
#define PLAN_CONF_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "codec/json.h"
#include "plan/conf_parts.h"
#include "plan/schedule.h"
#include "store/keep.h"

/*
 * conf_plan - one plan with all its defaults filled in (esxbk-plan(5)).
 * Filled by conf_read(), which owns all of it.
 */
enum conf_full { CONF_FULL_ALWAYS, CONF_FULL_WEEKLY, CONF_FULL_MONTHLY };
enum conf_incremental { CONF_INC_OFF, CONF_INC_COMPARE, CONF_INC_CBT };

struct conf_strategy {
	enum conf_full full;
	unsigned int weekday, monthday; /* as in struct schedule */
	enum conf_incremental incremental;
	unsigned int max_chain;   /* 14 */
	unsigned int audit_every; /* 0: never */
};

struct conf_verify {
	const char *level; /* "quick", "hash", "deep" */
	uint64_t every_s;  /* 0: after each run */
};

enum conf_hook {
	CONF_BEFORE_RUN,
	CONF_BEFORE_VM,
	CONF_AFTER_VM,
	CONF_AFTER_RUN,
	CONF_ON_FAILURE,
	CONF_HOOKS,
};

struct conf_hooks {
	struct conf_list *argv[CONF_HOOKS]; /* each an array of n[] */
	size_t n[CONF_HOOKS];
	uint64_t timeout_s; /* of each; 300 */
};

struct conf_plan {
	const char *name;
	bool is_vmdk;
	const struct conf_site *site;
	const struct conf_repo *repo;
	struct conf_list select, exclude_disks;
	struct schedule schedule;
	const char *zone;       /* "UTC" unless said */
	uint64_t stale_after_s; /* said, or 1.5 periods; 0: unknown */
	uint64_t retry_for_s;   /* 6 h */
	const char *quiesce;    /* "off", "try", "require" */
	struct conf_strategy strategy;
	bool has_retention; /* without one nothing is ever removed */
	struct keep_policy retention;
	struct conf_verify *verifies;
	size_t n_verifies;
	bool has_restore_test;
	struct conf_list replicate; /* names of targets */
	struct conf_hooks hooks;
	const struct conf_notify **notify;
	size_t n_notify;
	json_t *effective; /* with all defaults; borrowed */
};

#endif
