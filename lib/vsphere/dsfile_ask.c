#include "vsphere/dsfile_ask.h"

#include <string.h>

enum {
	LOGINS_MAX = 2, /* another thread's may expire at once */
	COOKIE_SIZE = sizeof(((struct http_reply *)0)->set_cookie),
};

static int
ask_once(struct vim *v, struct http *h, struct http_req *req,
    struct http_reply *reply, struct err *e)
{
	char cookie[COOKIE_SIZE];
	int rc;

	vim_cookie(v, cookie, sizeof(cookie));
	req->cookie = cookie[0] == '\0' ? NULL : cookie;
	rc = http_do(h, req, reply, e);
	req->cookie = NULL;
	explicit_bzero(cookie, sizeof(cookie));
	return rc;
}

int
dsfile_ask(struct vim *v, struct http *h, struct http_req *req,
    struct http_reply *reply, struct err *e)
{
	unsigned int session;
	int logins, rc;

	for (logins = 0;; logins++) {
		session = vim_session(v);
		rc = ask_once(v, h, req, reply, e);
		if (rc == -1 || reply->status != 401 || logins == LOGINS_MAX)
			return rc;
		/* Unless another thread has: any call logs in again. */
		if (vim_session(v) == session && vim_ping(v, e) == -1)
			return -1;
	}
}

static bool
is_busy(int status)
{
	return status == 502 || status == 503 || status == 504;
}

bool
dsfile_ask_is_passing(int rc, const struct http_reply *reply,
    const struct err *e)
{
	if (rc == -1)
		return e->class == ERR_UNAVAIL || e->class == ERR_IO;
	return reply->status == 500 || is_busy(reply->status);
}

static int
refuse_lock(struct vim *v, const char *host, struct err *e)
{
	return err_set(e, ERR_TEMP,
	    "locked (HTTP status 500 from %s): a running VM holds its disk, "
	    "a snapshot frees it%s",
	    host,
	    vim_about(v)->is_vcenter
		? "; if the VM is stopped, ask its own host instead"
		: "");
}

int
dsfile_ask_refused(struct vim *v, const struct http_reply *reply, struct err *e)
{
	const char *host = vim_server(v)->host;
	int status = reply->status;

	if (status == 500)
		return refuse_lock(v, host, e);
	if (status == 401)
		return err_set(e, ERR_PERM,
		    "%s does not take the session's cookie (HTTP status 401)",
		    host);
	if (status == 403)
		return err_set(e, ERR_PERM,
		    "%s refuses access (HTTP status 403): the account needs "
		    "Datastore.Browse and Datastore.FileManagement (low level "
		    "file operations)",
		    host);
	if (status == 404)
		return err_set(e, ERR_NOTFOUND,
		    "no such file at %s (HTTP status 404)", host);
	if (status == 416 && reply->of != -1)
		return err_set(e, ERR_PROTO,
		    "the file has now %jd bytes (HTTP status 416 from %s)",
		    (intmax_t)reply->of, host);
	if (is_busy(status))
		return err_set(e, ERR_TEMP, "%s is busy (HTTP status %d)", host,
		    status);
	if (status >= 300 && status < 400)
		return err_set(e, ERR_PROTO,
		    "%s redirects (HTTP status %d), which is not followed",
		    host, status);
	return err_set(e, ERR_PROTO, "%s answers HTTP status %d", host, status);
}
