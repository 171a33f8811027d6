#ifndef PLAN_NOTIFY_ADVICE_H
#define PLAN_NOTIFY_ADVICE_H

#include "base/buf.h"
#include "plan/notify_facts.h"

/*
 * notify_advice - what a person can do about a run that failed: for each kind
 * of failure a sentence and the command to run, and the command that makes
 * good for the VMs that failed.  Pure.
 */
void notify_advice(const struct notify_facts *f, struct buf *b);

#endif
