#ifndef CLI_CONN_H
#define CLI_CONN_H

#include <stdbool.h>
#include "base/err.h"
#include "cli/opt.h"
#include "vsphere/vim.h"

/*
 * conn - the options that say which host, as whom, and how it is known
 * (esxbk(7), CONNECTING).
 *
 * The password comes from the first that is given: --password-file,
 * --password-command, --password-fd, --password-credential,
 * ESXBK_PASSWORD, ESXBK_PASSWORD_FILE, ESXBK_PASSWORD_COMMAND, a prompt.
 */
extern const struct opt conn_table[];

#define CONN_RUN_SIZE 48

/* This run's id, "20261124_003004-1a2b3c4d": in snapshot names and marks. */
const char *conn_run(void);

/* Logs in.  Before any thread, since a password command is spawned. */
struct vim *conn_open(struct err *e);

/* --insecure was given: stands in results. */
bool conn_is_insecure(void);

#endif
