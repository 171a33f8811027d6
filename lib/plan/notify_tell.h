#ifndef PLAN_NOTIFY_TELL_H
#define PLAN_NOTIFY_TELL_H

#include "codec/json.h"
#include "plan/notify_text.h"

/*
 * notify_tell - everybody whom a plan wants to be told.
 *
 * Sends to each of the plan's notifications that asked for one of the events
 * one message.  Returns the array for "told" of the run's last line, empty if
 * nobody was to be told: {"to","event","exit","text"}, exit 0 or the class of
 * the failure and text its words.  A failure is a warning (base/log) besides,
 * and nothing more.  NULL only without memory.  run->host may be NULL: the
 * machine's own name.  run->end needs no "told" yet.
 */
json_t *notify_tell(const struct notify_run *run, unsigned int events);

#endif
