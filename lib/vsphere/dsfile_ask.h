#ifndef VSPHERE_DSFILE_ASK_H
#define VSPHERE_DSFILE_ASK_H

#include <stdbool.h>
#include "base/err.h"
#include "net/http.h"
#include "vsphere/vim.h"

/*
 * dsfile_ask - one request to the HTTP access of a server, and what became of
 * it.
 */

/* With the session's cookie; a session that expired is logged in again.  Any
 * status is a success, 401 only of a good session. */
int dsfile_ask(struct vim *v, struct http *h, struct http_req *req,
    struct http_reply *reply, struct err *e);

/* The same again may succeed: a lock, a busy server, a broken connection.  rc:
 * dsfile_ask()'s. */
bool dsfile_ask_is_passing(int rc, const struct http_reply *reply,
    const struct err *e);

/* What a status means that is not wanted: -1. */
int dsfile_ask_refused(struct vim *v, const struct http_reply *reply,
    struct err *e);

#endif
