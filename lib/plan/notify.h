#ifndef PLAN_NOTIFY_H
#define PLAN_NOTIFY_H

#include <stdbool.h>
#include "base/err.h"
#include "codec/json.h"
#include "plan/conf.h"

/*
 * notify - telling people and machines what a run came to: e-mail, a
 * webhook, a program (esxbk-plan(5), "notify").
 *
 * A run asks notify_events() and, if that is not 0, calls notify_tell() once,
 * when no child of it runs any more.
 */
struct notify_message {
	enum conf_event event;
	const char *subject;    /* one line, UTF-8 */
	const char *text;       /* for people, lines ending in \n */
	const json_t *document; /* for machines */
};

/* Which events a run of a plan is: bits of enum conf_event.  A run without a
 * failure is CONF_SUCCESS, and CONF_WARNING or CONF_RECOVERY besides. */
struct notify_case {
	bool ended; /* else it begins */
	bool first; /* first try of its slot */
	bool final; /* no further try of this slot is to come */
	int exit;
	bool has_warnings;
	bool failed_before; /* the last thing that was told was a failure */
};
unsigned int notify_events(const struct notify_case *c);

/* The one of these events that somebody who asked for `on` is told, the one
 * that says most: failure, recovery, warning, success, start; 0: none. */
unsigned int notify_choose(unsigned int events, unsigned int on);

/* The word: "failure". */
const char *notify_event_name(enum conf_event event);

/*
 * email: one message by SMTP, net/mail.  webhook: POST of the document; in the
 * style of healthchecks "/start" and "/fail" are put behind the URL's path for
 * these events, and nothing for the rest.  That is the style of a URL of
 * hc-ping.com or with "/ping/" in its path, unless the configuration names
 * one.  exec: argv, ESXBK_EVENT, ESXBK_SUBJECT and ESXBK_PLAN in its
 * environment, the document on stdin; an exit other than 0 is a failure.
 * What may pass (no connection, 429, 5xx) is tried again within the time-out.
 * Errors name the notification, never the URL.  plan is its name.
 */
int notify_send(const struct conf_notify *n, const char *plan,
    const struct notify_message *m, struct err *e);

#endif
