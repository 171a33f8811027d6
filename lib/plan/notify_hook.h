#ifndef PLAN_NOTIFY_HOOK_H
#define PLAN_NOTIFY_HOOK_H

#include "base/buf.h"
#include "plan/notify.h"

/*
 * notify_hook - a webhook: where it is for an event, and one try to reach it.
 */

/* Appends the URL; in the style of healthchecks "/start" or "/fail" stands
 * behind its path. */
int notify_hook_url(const struct conf_notify *n, enum conf_event event,
    struct buf *b, struct err *e);

/* Posts the document.  ERR_UNAVAIL: no answer, 408, 429, or 5xx: may pass.
 * ERR_PROTO: any other answer but 2xx.  The URL's path, which may be all its
 * secret, becomes known to base/secret. */
int notify_hook_post(const struct conf_notify *n, enum conf_event event,
    const struct buf *document, unsigned int timeout_s, struct err *e);

#endif
