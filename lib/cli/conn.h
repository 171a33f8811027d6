#ifndef CLI_CONN_H
#define CLI_CONN_H

#include <stdbool.h>
#include "base/err.h"
#include "cli/opt.h"
#include "plan/conf.h"
#include "vsphere/vim.h"

/*
 * conn - the options that say which host, as whom, and how it is known
 * (esxbk(7), CONNECTING).
 *
 * The password comes from the first that is given: --password-file,
 * --password-command, --password-fd, --password-credential,
 * ESXBK_PASSWORD, ESXBK_PASSWORD_FILE, ESXBK_PASSWORD_COMMAND, a prompt.
 *
 * With --site all of it comes from a site of the configuration, but for what
 * an option says; the environment then says nothing.
 */
extern const struct opt conn_table[];

#define CONN_RUN_SIZE 48

/* This run's id, "20261124_003004-1a2b3c4d": in snapshot names and marks. */
const char *conn_run(void);

/* Logs in.  Before any thread, since a password command is spawned. */
struct vim *conn_open(struct err *e);

/* Logs in to a site of the configuration, which outlives the session, as it
 * stands there; to several in one run, if need be. */
struct vim *conn_open_site(const struct conf_site *site, struct err *e);

/* Disks at once: what was given; else, if that is CONN_UNSET, what conn_open()'s
 * site says, or 2. */
#define CONN_UNSET UINT32_MAX
unsigned int conn_disks(uint64_t given);

/* No certificate was checked: stands in results. */
bool conn_is_insecure(void);

#endif
