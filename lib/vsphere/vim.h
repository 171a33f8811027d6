#ifndef VSPHERE_VIM_H
#define VSPHERE_VIM_H

#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "codec/xml.h"
#include "net/http.h"
#include "net/url.h"
#include "vsphere/soap.h"

/*
 * vim - a session at an ESXi host or a vCenter (vSphere API 6.0 to 8.0).
 *
 * vim_open() chooses the API version, reads the service content and logs
 * in; vim_commit() logs out; vim_free() logs out if that did not happen.  Any
 * thread may call: each call has a connection of its own.  A call that
 * finds the session expired logs in again and is repeated once.  One that only
 * asks is repeated, too, if its line breaks at once.
 */
struct vim_conf {
	struct http_conf http; /* TLS policy of the API */
	const char *server;    /* "HOST[:PORT]" */
	const char *user;
	const char *password;
	const char *run; /* this run's id: prefix of operation ids */
};

enum vim_manager {
	VIM_SERVICE,
	VIM_ROOT_FOLDER,
	VIM_PROPERTY_COLLECTOR,
	VIM_VIEW_MANAGER,
	VIM_SESSION_MANAGER,
	VIM_SEARCH_INDEX,
	VIM_OVF_MANAGER,
	VIM_AUTHORIZATION_MANAGER, /* these may be missing: no id */
	VIM_LICENSE_MANAGER,
	VIM_MANAGERS,
};

struct vim_about {
	char product[128];    /* "VMware ESXi 8.0.2 build-22380479" */
	char api_version[32]; /* what the server speaks */
	char instance[64];    /* vCenter's instance uuid, or "" */
	bool is_vcenter;
	char peer[HTTP_PIN_SIZE]; /* certificate seen */
};

struct vim;

struct vim *vim_open(const struct vim_conf *conf, struct err *e);

/*
 * Calls method on a manager or an object; args is the XML behind _this, may
 * be NULL.  *reply is the document (xml_free() it), the result its response
 * element; NULL with *e otherwise: e->fault names a vSphere fault's type.
 */
const struct xml_node *vim_call(struct vim *v, const char *method,
    const struct moref *this, const struct buf *args, struct xml **reply,
    struct err *e);

/* The same where only success counts. */
int vim_do(struct vim *v, const char *method, const struct moref *this,
    const struct buf *args, struct err *e);

/* The same for a call that returns a reference. */
int vim_call_ref(struct vim *v, const char *method, const struct moref *this,
    const struct buf *args, struct moref *result, struct err *e);

const struct moref *vim_manager(const struct vim *v, enum vim_manager m);
const struct vim_about *vim_about(const struct vim *v);
const struct url *vim_server(const struct vim *v);
const struct http_conf *vim_http_conf(const struct vim *v);

/* The API version in use is at least major.minor. */
bool vim_has_api(const struct vim *v, int major, int minor);

/* Grows with each login: objects bound to a session (views) are gone. */
unsigned int vim_session(struct vim *v);

/* The session's cookie as it is sent, for a lease URL of the same host. */
void vim_cookie(struct vim *v, char *out, size_t size);

/* Fails only if the session cannot be had back. */
int vim_ping(struct vim *v, struct err *e);

int vim_commit(struct vim *v, struct err *e);
void vim_free(struct vim *v); /* NULL is fine */

#endif
