#ifndef PLAN_NOTIFY_FACTS_H
#define PLAN_NOTIFY_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include "plan/notify_text.h"

/*
 * notify_facts - what is told of a run, taken out of the lines of its file.
 *
 * Whatever is missing or of another type is "", 0 or NULL.  Borrows from the
 * lines; notify_facts_free() it in any case.
 */
struct notify_vm {
	const char *name, *moid, *uuid;
	const char *outcome, *text, *kind;
	int exit;
	bool is_bad, has_warnings;
	uint64_t bytes;     /* written */
	int64_t seconds;    /* -1: unknown */
	const json_t *line; /* all of it */
};

struct notify_facts {
	const struct notify_run *run;
	struct notify_vm *vms;
	size_t n, bad, warned;
	int exit;
	const char *text;            /* of the run: why, or "" */
	time_t slot, started, ended; /* 0: none */
	uint64_t bytes;
	const json_t *warnings; /* of the run itself */
};

int notify_facts_read(struct notify_facts *f, const struct notify_run *run,
    struct err *e);
void notify_facts_free(struct notify_facts *f);

#endif
