#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/utf8.h"
#include "net/url.h"
#include "vsphere/datastore.h"
#include "vsphere/descriptor.h"
#include "vsphere/importspec.h"
#include "vsphere/inv.h"
#include "vsphere/leaseinfo.h"
#include "vsphere/version.h"
#include "vsphere/vm.h"
#include "vsphere/wire.h"

/*
 * All that a server can answer.  The first byte says to what, the others are
 * replies, one behind the other, with the byte 1e between them.  This file
 * has the functions of wire.c: the linker takes these.
 */
enum { SEPARATOR = 0x1e };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct wire {
	const char *data;
	size_t left;
	bool is_open_fuzzed; /* also the replies before and to the login */
};

static struct wire the_wire;

static const char versions[] =
    "<namespaces><namespace><name>urn:vim25</name><version>7.0.0.0</version>"
    "</namespace></namespaces>";

static const struct {
	const char *method;
	const char *reply;
} canned[] = {
	{ "RetrieveServiceContent",
	    "<returnval><rootFolder type=\"Folder\">r</rootFolder>"
	    "<propertyCollector type=\"P\">p</propertyCollector>"
	    "<viewManager type=\"V\">v</viewManager>"
	    "<sessionManager type=\"S\">s</sessionManager>"
	    "<searchIndex type=\"X\">x</searchIndex>"
	    "<ovfManager type=\"OvfManager\">o</ovfManager></returnval>" },
	{ "Login", "" },
	{ "Logout", "" },
	{ "CurrentTime", "" },
	{ "DestroyView", "" },
	{ "CreateContainerView", "<returnval type=\"C\">c</returnval>" },
};

struct wire *
wire_open(const struct http_conf *conf, const struct url *server, struct err *e)
{
	(void)conf;
	(void)server;
	(void)e;
	return &the_wire;
}

/* The next reply of the input. */
static size_t
next(struct wire *w, const char **p)
{
	const char *end = memchr(w->data, SEPARATOR, w->left);
	size_t n = end == NULL ? w->left : (size_t)(end - w->data);

	*p = w->data;
	w->data += n + (end != NULL);
	w->left -= n + (end != NULL);
	return n;
}

int
wire_get(struct wire *w, const char *path, struct buf *body,
    struct http_reply *reply, struct err *e)
{
	const char *p = versions;
	size_t n = strlen(versions);

	(void)path;
	if (w->is_open_fuzzed)
		n = next(w, &p);
	buf_add(body, p, n);
	reply->status = 200;
	return buf_check(body, e);
}

/* The reply to a call whose answer is of no interest. */
static struct xml *
find_canned(const char *method, struct err *e)
{
	struct buf b = { 0 };
	struct xml *x = NULL;
	size_t i;

	for (i = 0; i < sizeof(canned) / sizeof(canned[0]); i++) {
		if (strcmp(canned[i].method, method) != 0)
			continue;
		buf_fmt(&b,
		    "<Envelope xmlns=\"http://schemas.xmlsoap.org/soap/"
		    "envelope/\"><Body><%sResponse>%s</%sResponse></Body>"
		    "</Envelope>",
		    method, canned[i].reply, method);
		x = xml_parse(b.data, b.len, e);
		buf_free(&b);
	}
	return x;
}

static void
read_method(const struct buf *envelope, char method[64])
{
	const char *p = strstr(envelope->data, "<soapenv:Body><");

	if (p == NULL || sscanf(p, "<soapenv:Body><%63[A-Za-z_]", method) != 1)
		abort();
}

struct xml *
wire_post(struct wire *w, const char *action, const struct buf *envelope,
    bool once, struct http_reply *reply, struct err *e)
{
	struct xml *x = NULL;
	char method[64];
	const char *p;
	size_t n;

	(void)action;
	(void)once;
	read_method(envelope, method);
	snprintf(reply->set_cookie, sizeof(reply->set_cookie), "a=b");
	if (!w->is_open_fuzzed || strcmp(method, "Logout") == 0)
		x = find_canned(method, e);
	if (x != NULL)
		return x;
	if (w->left == 0) {
		err_set(e, ERR_PROTO, "no more replies");
		return NULL;
	}
	n = next(w, &p);
	x = xml_parse(p, n, e);
	if (x == NULL)
		e->class = ERR_PROTO;
	return x;
}

void
wire_set_cookie(struct wire *w, const char *cookie)
{
	(void)w;
	(void)cookie;
}

void
wire_cookie(struct wire *w, char *out, size_t size)
{
	(void)w;
	snprintf(out, size, "a=b");
}

void
wire_free(struct wire *w)
{
	(void)w;
}

/* A failure has a class and one line that can be shown. */
static void
judge(int rc, const struct err *e)
{
	char shown[sizeof(e->text)];

	if ((rc == -1) != (e->class != ERR_NONE))
		abort();
	if (rc == 0)
		return;
	memcpy(shown, e->text, sizeof(shown));
	utf8_make_line(shown);
	if (shown[0] == '\0' || strcmp(shown, e->text) != 0)
		abort();
}

static void
read_inventory(struct vim *v, struct err *e)
{
	struct inv inv = { 0 };
	size_t i;

	judge(inv_read(v, &inv, e), e);
	for (i = 0; i < inv.n; i++)
		if (inv.entries[i].name == NULL ||
		    strlen(inv.entries[i].path) > 4096 ||
		    inv.entries[i].uuid == NULL ||
		    (i > 0 &&
			strcmp(inv.entries[i - 1].name, inv.entries[i].name) >
			    0))
			abort();
	inv_free(&inv);
}

static void
check_vm(const struct vm *vm)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < vm->n_disks; i++)
		if (vm->disks[i].label == NULL ||
		    vm->disks[i].capacity_bytes == 0 ||
		    __builtin_add_overflow(sum, vm->disks[i].capacity_bytes,
			&sum) ||
		    sum > INT64_MAX)
			abort();
	for (i = 0; i < vm->n_nics; i++)
		if (vm->nics[i].network == NULL || vm->nics[i].mac == NULL)
			abort();
	for (i = 0; i < vm->n_snapshots; i++)
		if (vm->snapshots[i].parent >= (int)i ||
		    vm->snapshots[i].name == NULL ||
		    vm->snapshots[i].description == NULL)
			abort();
}

static void
read_vm(struct vim *v, struct err *e)
{
	const struct moref ref = { "VirtualMachine", "1" };
	struct datastore *stores = NULL;
	struct vm vm = { 0 };
	size_t n = 0;
	int rc;

	rc = vm_read(v, &ref, &vm, e);
	judge(rc, e);
	if (rc == 0)
		check_vm(&vm);
	if (rc == 0 &&
	    (rc = datastore_read(v, vm.datastores, vm.n_datastores, &stores, &n,
		 e)) == 0) {
		if (n > vm.n_datastores)
			abort();
		rc = vm_refresh_snapshots(v, &vm, e);
	}
	judge(rc, e);
	if (rc == 0 && vm.n_snapshots > 0) {
		rc = vm_use_snapshot(v, &vm, &vm.snapshots[0].ref, e);
		judge(rc, e);
	}
	check_vm(&vm);
	datastore_free(stores, n);
	vm_free(&vm);
}

/* On an ESXi host nothing may lead to another one. */
static void
check_item(struct vim *v, const struct lease_item *item)
{
	const struct url *server = vim_server(v);
	struct err e = { 0 };
	struct url u;

	if (url_parse(item->url, &u, &e) == -1 ||
	    strcmp(u.host, item->host) != 0 || strcmp(u.host, "*") == 0)
		abort();
	if ((strcmp(u.host, server->host) == 0 && u.port == server->port) !=
	    item->is_api_host)
		abort();
	if (!item->is_api_host && !vim_about(v)->is_vcenter)
		abort();
	url_free(&u);
}

static void
read_lease(struct vim *v, struct err *e)
{
	static const struct moref ref = { "HttpNfcLease", "l" };
	struct lease_item *items = NULL;
	struct xml *reply = NULL;
	const struct xml_node *n;
	size_t i, many = 0;
	int rc = -1;

	n = vim_call(v, "HttpNfcLeaseInfo", &ref, NULL, &reply, e);
	if (n != NULL)
		rc = leaseinfo_read(v, xml_child(n, "returnval"), &items, &many,
		    e);
	judge(rc, e);
	for (i = 0; rc == 0 && i < many; i++)
		check_item(v, &items[i]);
	leaseinfo_free(items, many);
	xml_free(reply);
}

static bool
is_hex(const char *s, size_t n)
{
	size_t i;

	for (i = 0; s[i] != '\0'; i++)
		if (!isxdigit((unsigned char)s[i]) ||
		    isupper((unsigned char)s[i]))
			return false;
	return i == 0 || i == n;
}

static void
read_manifest(struct vim *v, struct err *e)
{
	static const struct moref ref = { "HttpNfcLease", "l" };
	struct lease_checksum *sums = NULL;
	struct xml *reply = NULL;
	const struct xml_node *n;
	size_t i, many = 0;
	int rc = -1;

	n = vim_call(v, "HttpNfcLeaseGetManifest", &ref, NULL, &reply, e);
	if (n != NULL)
		rc = leaseinfo_read_manifest(n, &sums, &many, e);
	judge(rc, e);
	for (i = 0; i < many; i++)
		if (!is_hex(sums[i].sha1, 40) || !is_hex(sums[i].sha256, 64))
			abort();
	lease_manifest_free(sums, many);
	xml_free(reply);
}

static void
read_descriptor(struct vim *v, struct err *e)
{
	const struct moref ref = { "VirtualMachine", "1" };
	struct buf text = { 0 }, warnings = { 0 };
	int rc;

	rc = descriptor_create(v, &ref, NULL, NULL, 0, &text, &warnings, e);
	judge(rc, e);
	if (rc == 0 && text.len == 0)
		abort();
	buf_free(&text);
	buf_free(&warnings);
}

static void
check_messages(char **list, size_t n)
{
	char shown[600];
	size_t i;

	if (n > 100)
		abort();
	for (i = 0; i < n; i++) {
		snprintf(shown, sizeof(shown), "%s", list[i]);
		utf8_make_line(shown);
		if (shown[0] == '\0' || strcmp(shown, list[i]) != 0)
			abort();
	}
}

/* What goes back to the host is one element, and well-formed. */
static void
check_import(const struct import_spec *s)
{
	struct err e = { 0 };
	struct xml *x;
	size_t i;

	for (i = 0; i < s->n_items; i++)
		if (s->items[i].device_id[0] == '\0' ||
		    s->items[i].path[0] == '\0' ||
		    s->items[i].compression == NULL)
			abort();
	if (s->xml.len == 0 && s->n_errors > 0)
		return;
	x = xml_parse(s->xml.data, s->xml.len, &e);
	if (x == NULL && strstr(e.text, "a tag of more than") == NULL)
		abort();
	if (x != NULL &&
	    (strcmp(xml_name(xml_root(x)), "spec") != 0 ||
		xml_type(xml_root(x))[0] == '\0'))
		abort();
	xml_free(x);
}

static void
read_import(struct vim *v, struct err *e)
{
	const struct import_params params = { .descriptor = "<Envelope/>",
		.name = "n",
		.disk_mode = "thin",
		.deployment = "" };
	struct import_spec s = { 0 };
	int rc = importspec_create(v, &params, &s, e);

	judge(rc, e);
	check_messages(s.warnings, s.n_warnings);
	check_messages(s.errors, s.n_errors);
	if (rc == 0)
		check_import(&s);
	importspec_free(&s);
}

static void
read_one(struct vim *v, char what, struct err *e)
{
	switch (what) {
	case 'i':
		read_inventory(v, e);
		break;
	case 'v':
		read_vm(v, e);
		break;
	case 'l':
		read_lease(v, e);
		break;
	case 'm':
		read_manifest(v, e);
		break;
	case 'p':
		read_import(v, e);
		break;
	default:
		read_descriptor(v, e);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const struct vim_conf conf = { .server = "localhost",
		.user = "u",
		.password = "p",
		.run = "r" };
	struct err e = { 0 };
	struct vim *v;

	if (n == 0)
		return 0;
	the_wire = (struct wire){ .data = (const char *)data + 1,
		.left = n - 1,
		.is_open_fuzzed = data[0] == 'o' };
	v = vim_open(&conf, &e);
	judge(v == NULL ? -1 : 0, &e);
	if (v != NULL && data[0] != 'o')
		read_one(v, (char)data[0], &e);
	vim_free(v);
	return 0;
}
