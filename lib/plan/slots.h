#ifndef PLAN_SLOTS_H
#define PLAN_SLOTS_H

#include "base/err.h"
#include "plan/conf_parts.h"
#include "sys/lock.h"

/*
 * slots - how much of a site's limits all runs on this machine use together,
 * and that one configuration has one run (esxbk-plan(1), run).
 *
 * Locks are files in /run/esxbk (root, and the user of the service), else in
 * ~/.local/state/esxbk; a dead holder's are free.
 */

/* One of the site's places for a VM: NULL if all are taken, and, with *e, if
 * there can be none. */
struct lock *slots_take(const struct conf_site *site, struct err *e);

/* The one run of this configuration: ERR_TEMP while another has it. */
struct lock *slots_take_run(const char *config, struct err *e);

#endif
