#ifndef PLAN_NOTIFY_BODY_H
#define PLAN_NOTIFY_BODY_H

#include "base/buf.h"
#include "plan/notify_facts.h"

/*
 * notify_body - the text of a message for people: the verdict, what failed and
 * what to do about it, then all VMs.  Pure.
 */
void notify_body(const struct notify_facts *f, enum conf_event event,
    struct buf *b);

/* The verdict without a name in front: "FAILED: 1 of 12 VMs". */
void notify_body_verdict(const struct notify_facts *f, enum conf_event event,
    struct buf *b);

/* Words of text, no more than 76 columns a line, the lines but for the first
 * (whose indentation is there already) indented. */
void notify_body_wrap(struct buf *b, unsigned int indent, const char *text);

#endif
