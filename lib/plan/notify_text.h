#ifndef PLAN_NOTIFY_TEXT_H
#define PLAN_NOTIFY_TEXT_H

#include <time.h>
#include "base/err.h"
#include "codec/json.h"
#include "plan/notify.h"

/*
 * notify_text - what a run came to, in words for people and as a document
 * for machines (schema esxbk.notify/1, esxbk-result(5)).
 *
 * Pure.  The lines are those of the run's file (plan/history.h); what is
 * missing in them is left out of the text.  Names and causes come from a
 * server: none of their control characters gets here, and no line of the text
 * is wider than 76 columns, but for a single long word.
 */
struct notify_run {
	const struct conf_plan *plan;
	const json_t *begin; /* line "run" */
	const json_t *vms;   /* array of the lines "vm"; NULL: none */
	const json_t *end;   /* line "end", without "told"; NULL: it begins */
	const char *record;  /* path of the run's file, or NULL */
	const char *config;  /* path of the configuration, or NULL */
	const char *host;    /* the machine this runs on */
};

/* { 0 } is empty; notify_text_free() it in any case. */
struct notify_text {
	char *subject, *text;
	json_t *document;
};

/* event: the one that is told, notify_choose().  subject is one line, the
 * verdict first: "esxbk: nightly FAILED: 1 of 12 VMs (db01: ...)". */
int notify_text(const struct notify_run *run, enum conf_event event,
    struct notify_text *out, struct err *e);

/* For trying a notification: says that it is a test. */
int notify_text_test(const char *name, enum conf_event event, time_t now,
    const char *host, struct notify_text *out, struct err *e);

void notify_text_free(struct notify_text *t);

#endif
