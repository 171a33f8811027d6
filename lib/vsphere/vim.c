#include "vsphere/vim.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "sys/sig.h"
#include "vsphere/version.h"
#include "vsphere/wire.h"

struct vim {
	struct http_conf http;
	struct url server;
	char *user;
	char *password;
	char *run;
	struct wire *wire;
	char soap_action[80];
	char api[32]; /* the version in use */
	struct moref managers[VIM_MANAGERS];
	struct vim_about about;
	atomic_uint calls;
	pthread_mutex_t login; /* held by the thread that logs in */
	atomic_uint session;
	atomic_bool is_logged_in;
};

enum {
	READ_TRIES = 3,
	READ_PAUSE_MS = 500,
	AT_ONCE_MS = 5000, /* no time-out */
};

/* Calls that would make a second one if they were made twice. */
static bool
makes_something(const char *method)
{
	return strcmp(method, "CreateSnapshot_Task") == 0 ||
	    strcmp(method, "ImportVApp") == 0 ||
	    strncmp(method, "Export", 6) == 0;
}

/* Only the reply tells what these have made or ended: a signal must not
 * drop it.  None takes long. */
static bool
must_be_heard(const char *method)
{
	return makes_something(method) || strcmp(method, "Login") == 0 ||
	    strcmp(method, "HttpNfcLeaseComplete") == 0;
}

static struct xml *
send(struct vim *v, const char *method, const struct buf *envelope,
    struct http_reply *http, struct err *e)
{
	struct xml *reply;
	bool heard = must_be_heard(method);

	if (sig_check(e) == -1)
		return NULL;
	if (heard)
		sig_shield();
	reply = wire_post(v->wire, v->soap_action, envelope,
	    makes_something(method), http, e);
	if (heard)
		sig_unshield();
	return reply;
}

/* One call without looking at the session. */
static const struct xml_node *
call_once(struct vim *v, const char *method, const struct moref *this,
    const struct buf *args, struct xml **reply, struct http_reply *http,
    struct err *e)
{
	struct buf b = { 0 };
	const struct xml_node *n = NULL;
	char id[128];

	snprintf(id, sizeof(id), "%s-%u", v->run,
	    atomic_fetch_add(&v->calls, 1));
	soap_begin(&b, id, method, this);
	if (args != NULL)
		buf_add(&b, args->data, args->len);
	soap_end(&b, method);
	*reply = send(v, method, &b, http, e);
	if (*reply != NULL) {
		n = soap_response(*reply, method, e);
		if (n == NULL) {
			xml_free(*reply);
			*reply = NULL;
		}
	}
	buf_free(&b);
	return n;
}

/* The cookie's value stands in no log; its name may. */
static void
keep_cookie(struct vim *v, const char *cookie)
{
	const char *value = strchr(cookie, '=');
	size_t n;

	if (value != NULL) {
		value++;
		n = strlen(value);
		secret_add(value, n);
		if (n > 2 && value[0] == '"' && value[n - 1] == '"')
			secret_add(value + 1, n - 2);
	}
	wire_set_cookie(v->wire, cookie);
	atomic_fetch_add(&v->session, 1);
	atomic_store(&v->is_logged_in, true);
}

static int
login(struct vim *v, struct err *e)
{
	struct http_reply http = { 0 };
	struct xml *reply = NULL;
	struct buf args = { 0 };
	const struct xml_node *n;

	wire_set_cookie(v->wire, "");
	atomic_store(&v->is_logged_in, false);
	xml_add_elem(&args, "userName", v->user);
	xml_add_elem(&args, "password", v->password);
	n = call_once(v, "Login", &v->managers[VIM_SESSION_MANAGER], &args,
	    &reply, &http, e);
	buf_free(&args);
	if (n == NULL)
		return err_ctx(e, "log in to %s as %s", v->server.host,
		    v->user);
	xml_free(reply);
	if (http.set_cookie[0] == '\0')
		return err_set(e, ERR_PROTO,
		    "%s: no session cookie after login", v->server.host);
	keep_cookie(v, http.set_cookie);
	snprintf(v->about.peer, sizeof(v->about.peer), "%s", http.peer);
	log_step("logged in to %s as %s", v->server.host, v->user);
	return 0;
}

/* Calls that change nothing. */
static bool
only_asks(const char *method)
{
	return strcmp(method, "RetrievePropertiesEx") == 0 ||
	    strcmp(method, "HttpNfcLeaseGetManifest") == 0 ||
	    strcmp(method, "CreateDescriptor") == 0 ||
	    strcmp(method, "CreateImportSpec") == 0;
}

/* One that only asks is made again if its line breaks at once: nobody has to
 * find out what became of it. */
static const struct xml_node *
call_surely(struct vim *v, const char *method, const struct moref *this,
    const struct buf *args, struct xml **reply, struct http_reply *http,
    struct err *e)
{
	bool asks = only_asks(method);
	const struct xml_node *n;
	uint64_t start;
	unsigned int i;

	for (i = 1;; i++) {
		start = clock_mono_ms();
		n = call_once(v, method, this, args, reply, http, e);
		if (n != NULL || !asks || i == READ_TRIES ||
		    e->class != ERR_IO || e->fault[0] != '\0' ||
		    clock_mono_ms() - start > AT_ONCE_MS || sig_pending() != 0)
			return n;
		log_step("%s: %s; trying again", method, e->text);
		err_clear(e);
		sig_sleep_ms(READ_PAUSE_MS * i);
	}
}

/* Several threads may find the same session dead: one logs in. */
static int
login_again(struct vim *v, unsigned int dead, struct err *e)
{
	int rc = 0;

	pthread_mutex_lock(&v->login);
	if (vim_session(v) == dead) {
		log_step("the session at %s has expired", v->server.host);
		rc = login(v, e);
	}
	pthread_mutex_unlock(&v->login);
	return rc;
}

const struct xml_node *
vim_call(struct vim *v, const char *method, const struct moref *this,
    const struct buf *args, struct xml **reply, struct err *e)
{
	unsigned int session = vim_session(v);
	struct http_reply http = { 0 };
	struct err own = { 0 };
	const struct xml_node *n;

	n = call_surely(v, method, this, args, reply, &http, &own);
	if (n == NULL && strcmp(own.fault, "NotAuthenticated") == 0 &&
	    session != 0) {
		err_clear(&own);
		if (login_again(v, session, &own) == 0)
			n = call_surely(v, method, this, args, reply, &http,
			    &own);
	}
	if (n == NULL) {
		err_ctx(&own, "%s", method);
		if (e->class == ERR_NONE)
			*e = own;
	}
	return n;
}

int
vim_do(struct vim *v, const char *method, const struct moref *this,
    const struct buf *args, struct err *e)
{
	struct xml *reply = NULL;

	if (vim_call(v, method, this, args, &reply, e) == NULL)
		return -1;
	xml_free(reply);
	return 0;
}

int
vim_call_ref(struct vim *v, const char *method, const struct moref *this,
    const struct buf *args, struct moref *result, struct err *e)
{
	struct xml *reply = NULL;
	const struct xml_node *n;
	int rc = 0;

	n = vim_call(v, method, this, args, &reply, e);
	if (n == NULL)
		return -1;
	if (soap_read_ref(xml_child(n, "returnval"), result) == -1)
		rc = err_set(e, ERR_PROTO, "%s: no reference in the reply",
		    method);
	xml_free(reply);
	return rc;
}

static int
read_content(struct vim *v, const struct xml_node *content, struct err *e)
{
	static const char *const names[VIM_MANAGERS] = {
		[VIM_ROOT_FOLDER] = "rootFolder",
		[VIM_PROPERTY_COLLECTOR] = "propertyCollector",
		[VIM_VIEW_MANAGER] = "viewManager",
		[VIM_SESSION_MANAGER] = "sessionManager",
		[VIM_SEARCH_INDEX] = "searchIndex",
		[VIM_OVF_MANAGER] = "ovfManager",
		[VIM_AUTHORIZATION_MANAGER] = "authorizationManager",
		[VIM_LICENSE_MANAGER] = "licenseManager",
	};
	const struct xml_node *about = xml_child(content, "about");
	size_t i;

	for (i = 0; i < VIM_MANAGERS; i++)
		if (names[i] != NULL &&
		    soap_read_ref(xml_child(content, names[i]),
			&v->managers[i]) == -1 &&
		    i < VIM_AUTHORIZATION_MANAGER)
			return err_set(e, ERR_PROTO,
			    "the service content has no %s", names[i]);
	snprintf(v->about.product, sizeof(v->about.product), "%s",
	    xml_text(xml_child(about, "fullName")));
	snprintf(v->about.api_version, sizeof(v->about.api_version), "%s",
	    xml_text(xml_child(about, "apiVersion")));
	snprintf(v->about.instance, sizeof(v->about.instance), "%s",
	    xml_text(xml_child(about, "instanceUuid")));
	v->about.is_vcenter = strcmp(xml_text(xml_child(about, "apiType")),
				  "VirtualCenter") == 0;
	return 0;
}

static int
retrieve_content(struct vim *v, struct err *e)
{
	static const struct moref service = { "ServiceInstance",
		"ServiceInstance" };
	struct xml *reply = NULL;
	const struct xml_node *n;
	int rc;

	v->managers[VIM_SERVICE] = service;
	n = vim_call(v, "RetrieveServiceContent", &service, NULL, &reply, e);
	if (n == NULL)
		return -1;
	rc = read_content(v, xml_child(n, "returnval"), e);
	xml_free(reply);
	return rc;
}

/* Which API versions the server speaks stands in a file that needs no
 * login. */
static int
negotiate(struct vim *v, struct err *e)
{
	struct buf body = { .limit = 1 << 20 };
	struct http_reply reply = { 0 };
	int rc = -1;

	if (wire_get(v->wire, "/vimServiceVersions.xml", &body, &reply, e) ==
	    -1)
		goto out;
	if (reply.status != 200) {
		err_set(e,
		    reply.status == 502 || reply.status == 503 ? ERR_UNAVAIL
							       : ERR_PROTO,
		    "%s: no vSphere API here (HTTP status %d for "
		    "/sdk/vimServiceVersions.xml)",
		    v->server.host, reply.status);
		goto out;
	}
	rc = version_choose(buf_text(&body), body.len, v->api, sizeof(v->api),
	    e);
	if (rc == -1)
		err_ctx(e, "%s", v->server.host);
	snprintf(v->soap_action, sizeof(v->soap_action),
	    "SOAPAction: \"urn:vim25/%s\"", v->api);
out:
	buf_free(&body);
	return rc;
}

static int
copy_conf(struct vim *v, const struct vim_conf *conf, struct err *e)
{
	v->http = conf->http;
	if (url_parse_server(conf->server, &v->server, e) == -1)
		return -1;
	v->user = strdup(conf->user);
	v->password = strdup(conf->password);
	v->run = strdup(conf->run);
	if (v->user == NULL || v->password == NULL || v->run == NULL)
		return err_set(e, ERR_OS, "out of memory");
	v->wire = wire_open(&v->http, &v->server, e);
	return v->wire == NULL ? -1 : 0;
}

struct vim *
vim_open(const struct vim_conf *conf, struct err *e)
{
	struct vim *v = calloc(1, sizeof(*v));

	if (v == NULL) {
		err_sys(e, ERR_OS, "session");
		return NULL;
	}
	pthread_mutex_init(&v->login, NULL);
	if (copy_conf(v, conf, e) == -1 || negotiate(v, e) == -1 ||
	    retrieve_content(v, e) == -1 || login(v, e) == -1) {
		vim_free(v);
		return NULL;
	}
	log_step("%s, API %s", v->about.product, v->api);
	return v;
}

const struct moref *
vim_manager(const struct vim *v, enum vim_manager m)
{
	return &v->managers[m];
}

const struct vim_about *
vim_about(const struct vim *v)
{
	return &v->about;
}

const struct url *
vim_server(const struct vim *v)
{
	return &v->server;
}

const struct http_conf *
vim_http_conf(const struct vim *v)
{
	return &v->http;
}

bool
vim_has_api(const struct vim *v, int major, int minor)
{
	return version_is_at_least(v->api, major, minor);
}

unsigned int
vim_session(struct vim *v)
{
	return atomic_load(&v->session);
}

void
vim_cookie(struct vim *v, char *out, size_t size)
{
	wire_cookie(v->wire, out, size);
}

int
vim_ping(struct vim *v, struct err *e)
{
	return vim_do(v, "CurrentTime", &v->managers[VIM_SERVICE], NULL, e);
}

int
vim_commit(struct vim *v, struct err *e)
{
	struct http_reply http = { 0 };
	struct xml *reply = NULL;
	const struct xml_node *n;

	n = call_once(v, "Logout", &v->managers[VIM_SESSION_MANAGER], NULL,
	    &reply, &http, e);
	xml_free(reply);
	wire_set_cookie(v->wire, "");
	atomic_store(&v->is_logged_in, false);
	if (n == NULL && strcmp(e->fault, "NotAuthenticated") == 0) {
		err_clear(e); /* that is what was wanted */
		return 0;
	}
	return n == NULL ? err_ctx(e, "log out") : 0;
}

void
vim_free(struct vim *v)
{
	struct err ignored = { 0 };

	if (v == NULL)
		return;
	if (atomic_load(&v->is_logged_in)) {
		sig_shield();
		if (vim_commit(v, &ignored) == -1)
			log_warn("%s", ignored.text);
		sig_unshield();
	}
	wire_free(v->wire);
	if (v->password != NULL)
		explicit_bzero(v->password, strlen(v->password));
	free(v->password);
	free(v->user);
	free(v->run);
	url_free(&v->server);
	pthread_mutex_destroy(&v->login);
	free(v);
}
