/*
 * vimfake - a vSphere session without a server: it stands in for vim.c, so
 * that what is asked is seen as text, and every answer, also a fault, is
 * parsed by the real code.
 *
 * An answer is the inside of the response element; "!Type text" is a fault,
 * "?" a connection that broke.  Either a script of them, in order, or a
 * function that finds one.
 */
#ifndef UNIT_VIMFAKE_H
#define UNIT_VIMFAKE_H

#include <stdlib.h>
#include "base/buf.h"
#include "check.h"
#include "codec/xml.h"
#include "vsphere/version.h"
#include "vsphere/vim.h"

struct vimfake_step {
	const char *method;
	const char *answer;
};

static struct {
	const struct vimfake_step *script; /* ends with a NULL method */
	void (*find)(const char *method, const struct moref *this,
	    const char *args, struct buf *answer);
	bool is_esxi;
	const char *api;  /* "7.0.0.0" if NULL */
	struct buf calls; /* "Method id args", one a line */
} vimfake;

/* Some property of one object, as RetrievePropertiesEx tells it. */
#define VIMFAKE_OBJECT(type, id, props)                                 \
	"<returnval><objects><obj type=\"" type "\">" id "</obj>" props \
	"</objects></returnval>"
#define VIMFAKE_PROP(path, val) \
	"<propSet><name>" path "</name><val>" val "</val></propSet>"
#define VIMFAKE_REF(type, id) "<returnval type=\"" type "\">" id "</returnval>"
/* What a task says of itself. */
#define VIMFAKE_TASK(state)              \
	VIMFAKE_OBJECT("Task", "task-1", \
	    VIMFAKE_PROP("info", "<state>" state "</state>"))

static inline void
vimfake_begin(const struct vimfake_step *script)
{
	vimfake.script = script;
	buf_cut(&vimfake.calls, 0);
}

/* Nothing of the script is left. */
static inline void
vimfake_end(void)
{
	if (vimfake.script != NULL)
		CHECK_STR(vimfake.script->method, NULL);
	buf_free(&vimfake.calls);
}

static inline void
vimfake_find(const char *method, const struct moref *this, const char *args,
    struct buf *answer)
{
	if (vimfake.script == NULL) {
		vimfake.find(method, this, args, answer);
		return;
	}
	CHECK_STR(method, vimfake.script->method);
	if (vimfake.script->method == NULL) {
		buf_puts(answer, "!NotSupported the script is at its end");
		return;
	}
	buf_puts(answer, vimfake.script->answer);
	vimfake.script++;
}

static inline void
vimfake_wrap(struct buf *b, const char *method, const char *answer)
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

const struct xml_node *
vim_call(struct vim *v, const char *method, const struct moref *this,
    const struct buf *args, struct xml **reply, struct err *e)
{
	const char *text = args == NULL ? "" : buf_text(args);
	struct buf answer = { 0 }, b = { 0 };
	const struct xml_node *n = NULL;
	struct err own = { 0 };

	(void)v;
	buf_fmt(&vimfake.calls, "%s %s %s\n", method, this->id, text);
	vimfake_find(method, this, text, &answer);
	if (buf_text(&answer)[0] == '?') {
		err_set(&own, ERR_UNAVAIL, "the connection broke");
	} else {
		vimfake_wrap(&b, method, buf_text(&answer));
		*reply = xml_parse(buf_text(&b), b.len, &own);
		CHECK_STR(own.text, "");
		n = soap_response(*reply, method, &own);
		if (n == NULL)
			xml_free(*reply);
	}
	if (n == NULL && e->class == ERR_NONE) {
		err_ctx(&own, "%s", method);
		*e = own;
	}
	buf_free(&answer);
	buf_free(&b);
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
	const struct xml_node *n = vim_call(v, method, this, args, &reply, e);
	int rc;

	if (n == NULL)
		return -1;
	rc = soap_read_ref(xml_child(n, "returnval"), result);
	CHECK_INT(rc, 0);
	xml_free(reply);
	return rc;
}

const struct moref *
vim_manager(const struct vim *v, enum vim_manager m)
{
	static const struct moref root = { "Folder", "group-d1" };
	static const struct moref other = { "Manager", "manager" };

	(void)v;
	return m == VIM_ROOT_FOLDER ? &root : &other;
}

const struct vim_about *
vim_about(const struct vim *v)
{
	static struct vim_about about;

	(void)v;
	about.is_vcenter = !vimfake.is_esxi;
	return &about;
}

bool
vim_has_api(const struct vim *v, int major, int minor)
{
	(void)v;
	return version_is_at_least(
	    vimfake.api != NULL ? vimfake.api : "7.0.0.0", major, minor);
}

unsigned int
vim_session(struct vim *v)
{
	(void)v;
	return 1;
}

int
vim_ping(struct vim *v, struct err *e)
{
	(void)v;
	(void)e;
	return 0;
}

#endif
