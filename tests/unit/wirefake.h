/*
 * wirefake - a vSphere server without a wire: it stands in for wire.c, below
 * the real session.  Any thread may call.
 *
 * The test's function answers each call but those that every session makes:
 * with the inside of the response element, with "!Type text", a fault, or
 * with "?", a connection that broke.
 */
#ifndef UNIT_WIREFAKE_H
#define UNIT_WIREFAKE_H

#include <pthread.h>
#include <stdlib.h>
#include "base/buf.h"
#include "check.h"
#include "codec/xml.h"
#include "vsphere/vim.h"
#include "vsphere/wire.h"

static struct {
	void (
	    *answer)(const char *method, const char *envelope, struct buf *out);
	bool is_vcenter;
	const char *api; /* "7.0.0.0" if NULL */
	unsigned int logins;
	char cookie[32]; /* "a=N" of the Nth login, "" before */
	pthread_mutex_t lock;
	struct buf calls; /* "Method" or "Method once", one a line */
	struct buf seen;  /* the last envelope that was no question of state */
} wirefake = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* Some properties of one object, as RetrievePropertiesEx tells them. */
#define WIREFAKE_OBJECT(type, id, props)                                \
	"<returnval><objects><obj type=\"" type "\">" id "</obj>" props \
	"</objects></returnval>"
#define WIREFAKE_PROP(path, val) \
	"<propSet><name>" path "</name>" val "</propSet>"

struct wire *
wire_open(const struct http_conf *conf, const struct url *server, struct err *e)
{
	static char some;

	(void)conf;
	(void)server;
	(void)e;
	return (struct wire *)&some;
}

int
wire_get(struct wire *w, const char *path, struct buf *body,
    struct http_reply *reply, struct err *e)
{
	(void)w;
	(void)path;
	buf_fmt(body,
	    "<namespaces><namespace><name>urn:vim25</name><version>%s"
	    "</version></namespace></namespaces>",
	    wirefake.api != NULL ? wirefake.api : "7.0.0.0");
	reply->status = 200;
	return buf_check(body, e);
}

static inline bool
wirefake_session(const char *method, struct buf *out)
{
	if (strcmp(method, "RetrieveServiceContent") == 0)
		buf_fmt(out,
		    "<returnval><rootFolder type=\"Folder\">r</rootFolder>"
		    "<propertyCollector type=\"P\">p</propertyCollector>"
		    "<viewManager type=\"V\">v</viewManager>"
		    "<about><apiType>%s</apiType></about>"
		    "<sessionManager type=\"S\">s</sessionManager>"
		    "<searchIndex type=\"X\">x</searchIndex>"
		    "<ovfManager type=\"OvfManager\">ovf</ovfManager>"
		    "</returnval>",
		    wirefake.is_vcenter ? "VirtualCenter" : "HostAgent");
	return strcmp(method, "RetrieveServiceContent") == 0 ||
	    strcmp(method, "Login") == 0 || strcmp(method, "Logout") == 0;
}

static inline void
wirefake_wrap(struct buf *b, const char *method, const char *answer)
{
	const char *text = strchr(answer, ' ');

	buf_puts(b,
	    "<e:Envelope xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'"
	    " xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'"
	    " xmlns:xsd='http://www.w3.org/2001/XMLSchema'><e:Body>");
	if (answer[0] == '!')
		buf_fmt(b,
		    "<e:Fault><faultstring>%s</faultstring><detail>"
		    "<f xsi:type='%.*s'/></detail></e:Fault>",
		    text + 1, (int)(text - answer - 1), answer + 1);
	else
		buf_fmt(b, "<%sResponse xmlns='urn:vim25'>%s</%sResponse>",
		    method, answer, method);
	buf_puts(b, "</e:Body></e:Envelope>");
}

static inline void
wirefake_find(const struct buf *envelope, bool once, struct buf *b,
    char method[64])
{
	const char *at = strstr(envelope->data, "<soapenv:Body><");

	if (at == NULL ||
	    sscanf(at, "<soapenv:Body><%63[A-Za-z_]", method) != 1)
		abort();
	pthread_mutex_lock(&wirefake.lock);
	if (!wirefake_session(method, b)) {
		wirefake.answer(method, envelope->data, b);
		if (strcmp(method, "RetrievePropertiesEx") != 0) {
			buf_fmt(&wirefake.calls, "%s%s\n", method,
			    once ? " once" : "");
			buf_cut(&wirefake.seen, 0);
			buf_puts(&wirefake.seen, envelope->data);
		}
	}
	pthread_mutex_unlock(&wirefake.lock);
}

struct xml *
wire_post(struct wire *w, const char *action, const struct buf *envelope,
    bool once, struct http_reply *reply, struct err *e)
{
	struct buf answer = { 0 }, b = { 0 };
	struct xml *x = NULL;
	char method[64];

	(void)w;
	(void)action;
	wirefake_find(envelope, once, &answer, method);
	if (strcmp(method, "Login") == 0)
		snprintf(reply->set_cookie, sizeof(reply->set_cookie), "a=%u",
		    ++wirefake.logins);
	if (buf_text(&answer)[0] == '?') {
		err_set(e, ERR_IO, "the connection broke");
	} else {
		wirefake_wrap(&b, method, buf_text(&answer));
		x = xml_parse(buf_text(&b), b.len, e);
	}
	buf_free(&answer);
	buf_free(&b);
	return x;
}

void
wire_set_cookie(struct wire *w, const char *cookie)
{
	(void)w;
	pthread_mutex_lock(&wirefake.lock);
	snprintf(wirefake.cookie, sizeof(wirefake.cookie), "%s", cookie);
	pthread_mutex_unlock(&wirefake.lock);
}

void
wire_cookie(struct wire *w, char *out, size_t size)
{
	(void)w;
	pthread_mutex_lock(&wirefake.lock);
	snprintf(out, size, "%s", wirefake.cookie);
	pthread_mutex_unlock(&wirefake.lock);
}

void
wire_free(struct wire *w)
{
	(void)w;
}

/* A session at "esx1"; vim_free() it. */
static inline struct vim *
wirefake_open(void)
{
	const struct vim_conf conf = { .server = "esx1",
		.user = "u",
		.password = "p",
		.run = "r" };
	struct err e = { 0 };
	struct vim *v = vim_open(&conf, &e);

	CHECK_STR(e.text, "");
	buf_cut(&wirefake.calls, 0);
	return v;
}

/* What was called since wirefake_open(). */
static inline void
wirefake_check(const char *calls)
{
	pthread_mutex_lock(&wirefake.lock);
	CHECK_STR(buf_text(&wirefake.calls), calls);
	pthread_mutex_unlock(&wirefake.lock);
}

static inline void
wirefake_close(struct vim *v)
{
	vim_free(v);
	buf_free(&wirefake.calls);
	buf_free(&wirefake.seen);
}

#endif
