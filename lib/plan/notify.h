#ifndef PLAN_NOTIFY_H
#define PLAN_NOTIFY_H

#include <stdbool.h>
#include "base/err.h"
#include "codec/json.h"
#include "plan/conf.h"

/*
 * notify - telling people and machines what a run came to: e-mail, a
 * webhook, a program (esxbk-plan(5), "notify").
 */
struct notify_message {
	enum conf_event event;
	const char *subject;    /* one line, UTF-8 */
	const char *text;       /* for people, lines ending in \n */
	const json_t *document; /* for machines */
};

/* Which events a run of a plan is: bits of enum conf_event.  before: how the
 * last final run that told something ended. */
struct notify_case {
	bool ended; /* else it begins */
	bool first; /* first try of its slot */
	bool final; /* no further try of this slot is to come */
	int exit;
	bool has_warnings;
	bool failed_before; /* the last thing that was told was a failure */
};
unsigned int notify_events(const struct notify_case *c);

/* The word: "failure". */
const char *notify_event_name(enum conf_event event);

/*
 * email: one message by SMTP, net/mail.  webhook: POST of the document; a URL
 * in the manner of healthchecks gets "/start" and "/fail" behind it for these
 * events, and nothing for the rest.  exec: argv, ESXBK_EVENT, ESXBK_SUBJECT
 * and ESXBK_PLAN in its environment, the document on stdin; an exit other than
 * 0 is a failure.  Errors name the notification, never the URL.
 */
int notify_send(const struct conf_notify *n, const struct conf_plan *plan,
    const struct notify_message *m, struct err *e);

#endif
