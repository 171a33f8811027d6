#include "vsphere/soap.h"

#include <stdio.h>
#include <string.h>
#include "base/num.h"

static const char envelope_ns[] = "http://schemas.xmlsoap.org/soap/envelope/";

void
soap_begin(struct buf *b, const char *operation_id, const char *method,
    const struct moref *this)
{
	buf_fmt(b,
	    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	    "<soapenv:Envelope xmlns:soapenv=\"%s\""
	    " xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\""
	    " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\n"
	    "<soapenv:Header><operationID>",
	    envelope_ns);
	xml_add_text(b, operation_id);
	buf_fmt(b,
	    "</operationID></soapenv:Header>\n"
	    "<soapenv:Body><%s xmlns=\"urn:vim25\">",
	    method);
	soap_add_ref(b, "_this", this);
}

void
soap_end(struct buf *b, const char *method)
{
	buf_fmt(b, "</%s></soapenv:Body>\n</soapenv:Envelope>\n", method);
}

void
soap_add_ref(struct buf *b, const char *name, const struct moref *ref)
{
	buf_fmt(b, "<%s type=\"", name);
	xml_add_text(b, ref->type);
	buf_puts(b, "\">");
	xml_add_text(b, ref->id);
	buf_fmt(b, "</%s>", name);
}

void
soap_add_bool(struct buf *b, const char *name, bool value)
{
	buf_fmt(b, "<%s>%s</%s>", name, value ? "true" : "false", name);
}

void
soap_add_u64(struct buf *b, const char *name, uint64_t value)
{
	buf_fmt(b, "<%s>%ju</%s>", name, (uintmax_t)value, name);
}

void
soap_open(struct buf *b, const char *name, const char *type)
{
	if (type == NULL)
		buf_fmt(b, "<%s>", name);
	else
		buf_fmt(b, "<%s xsi:type=\"%s\">", name, type);
}

void
soap_close(struct buf *b, const char *name)
{
	buf_fmt(b, "</%s>", name);
}

int
soap_read_ref(const struct xml_node *n, struct moref *ref)
{
	/* not xsi:type, which stands beside it in a task's result */
	const char *type = n == NULL ? NULL : xml_attr_ns(n, "", "type");
	const char *id = xml_text(n);

	if (type == NULL || type[0] == '\0' || id[0] == '\0' ||
	    strlen(type) >= sizeof(ref->type) || strlen(id) >= sizeof(ref->id))
		return -1;
	memcpy(ref->type, type, strlen(type) + 1);
	memcpy(ref->id, id, strlen(id) + 1);
	return 0;
}

bool
soap_bool(const struct xml_node *n, bool dflt)
{
	const char *text = xml_text(n);

	if (strcmp(text, "true") == 0 || strcmp(text, "1") == 0)
		return true;
	if (strcmp(text, "false") == 0 || strcmp(text, "0") == 0)
		return false;
	return dflt;
}

uint64_t
soap_u64(const struct xml_node *n, uint64_t dflt)
{
	const char *text = xml_text(n);
	uint64_t v;

	/* The API's numbers are signed: more is nonsense. */
	if (num_scan(text, strlen(text), INT64_MAX, &v) == -1)
		return dflt;
	return v;
}

bool
soap_is_cut_off(const struct err *e)
{
	return e->fault[0] == '\0' &&
	    (e->class == ERR_UNAVAIL || e->class == ERR_IO);
}

bool
soap_is_final(const struct err *e)
{
	static const char *const faults[] = { "RequestCanceled", "NoDiskSpace",
		"InsufficientStorageSpace" };
	size_t i;

	for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (strcmp(e->fault, faults[i]) == 0)
			return true;
	return !err_is_temporary(e);
}

int
soap_fault_class(const char *type)
{
	static const struct {
		const char *type;
		int class;
	} known[] = {
		{ "InvalidLogin", ERR_PERM },
		{ "InvalidLocale", ERR_PROTO },
		{ "NotAuthenticated", ERR_PERM },
		{ "NoPermission", ERR_PERM },
		{ "PasswordExpired", ERR_PERM },
		{ "NoClientCertificate", ERR_PERM },
		{ "RestrictedVersion", ERR_PERM },
		{ "RestrictedByAdministrator", ERR_PERM },
		{ "LicenseRestricted", ERR_PERM },
		{ "FeatureNotLicensed", ERR_PERM },
		{ "NotEnoughLicenses", ERR_PERM },
		{ "LicenseExpired", ERR_PERM },
		{ "ExpiredFeatureLicense", ERR_PERM },
		{ "ExpiredEditionLicense", ERR_PERM },
		{ "InvalidEditionLicense", ERR_PERM },
		{ "InvalidLicense", ERR_PERM },
		{ "HostAccessRestrictedToManagementServer", ERR_PERM },
		{ "InvalidRequest", ERR_PROTO },
		{ "InvalidArgument", ERR_PROTO },
		{ "InvalidType", ERR_PROTO },
		{ "InvalidProperty", ERR_PROTO },
		{ "MethodNotFound", ERR_PROTO },
		{ "UnsupportedVersion", ERR_PROTO },
		{ "NotFound", ERR_NOTFOUND },
		{ "ManagedObjectNotFound", ERR_NOTFOUND },
		{ "DuplicateName", ERR_CREATE },
		{ "AlreadyExists", ERR_CREATE },
		{ "VmAlreadyExistsInDatacenter", ERR_CREATE },
		{ "FileAlreadyExists", ERR_CREATE },
		{ "InvalidName", ERR_CREATE },
		{ "FileTooLarge", ERR_CREATE },
		{ "DatastoreNotWritableOnHost", ERR_CREATE },
		{ "NoDiskSpace", ERR_IO },
		{ "InsufficientStorageSpace", ERR_IO },
		{ "DiskHasPartitions", ERR_IO },
	};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].type, type) == 0)
			return known[i].class;
	/* Busy, wrong state, quiesce failed, locked: mostly it passes. */
	return ERR_TEMP;
}

/* What the vSphere texts do not say: what to do. */
static void
add_way_out(const struct xml_node *fault, const char *type, struct buf *b)
{
	const char *privilege = xml_text(xml_child(fault, "privilegeId"));

	if (strcmp(type, "RestrictedVersion") == 0)
		buf_puts(b,
		    " (the host's free licence forbids changes through the "
		    "API: assign a paid or evaluation licence)");
	else if (strcmp(type, "NoPermission") == 0 && privilege[0] != '\0')
		buf_fmt(b, " (missing privilege: %.80s)", privilege);
}

/* fault: the element of that type, or NULL. */
static void
set_fault(const struct xml_node *fault, const char *message, struct err *e)
{
	const char *type = fault == NULL ? "" : xml_type(fault);
	struct buf hint = { 0 };

	if (e->class != ERR_NONE)
		return;
	snprintf(e->fault, sizeof(e->fault), "%s", type);
	if (message[0] == '\0')
		message = "no message";
	add_way_out(fault, type, &hint);
	/* Not so long that what we were doing has no room left. */
	err_set(e, soap_fault_class(type), "%.79s%s%.500s%s", type,
	    type[0] == '\0' ? "" : ": ", message, buf_text(&hint));
	buf_free(&hint);
}

static const struct xml_node *
fault_response(const struct xml_node *fault, struct err *e)
{
	const struct xml_node *detail;
	const char *message = xml_text(xml_child(fault, "faultstring"));

	detail = xml_child(xml_child(fault, "detail"), NULL);
	if (detail == NULL || xml_type(detail)[0] == '\0')
		/* Without detail: the text is all there is; never busy. */
		err_set(e, ERR_PROTO, "%.500s", message);
	else
		set_fault(detail, message, e);
	return NULL;
}

const struct xml_node *
soap_response(const struct xml *reply, const char *method, struct err *e)
{
	const struct xml_node *root = xml_root(reply), *n;
	size_t len = strlen(method);
	const char *name;

	if (root == NULL || strcmp(xml_name(root), "Envelope") != 0 ||
	    strcmp(xml_ns(root), envelope_ns) != 0) {
		err_set(e, ERR_PROTO, "the reply is no SOAP envelope");
		return NULL;
	}
	n = xml_child(xml_child(root, "Body"), NULL);
	if (n == NULL) {
		err_set(e, ERR_PROTO, "the SOAP reply is empty");
		return NULL;
	}
	name = xml_name(n);
	if (strcmp(name, "Fault") == 0)
		return fault_response(n, e);
	if (strncmp(name, method, len) != 0 ||
	    strcmp(name + len, "Response") != 0) {
		err_set(e, ERR_PROTO, "the reply is %.64s, expected %sResponse",
		    name, method);
		return NULL;
	}
	return n;
}

int
soap_method_fault(const struct xml_node *fault, const char *what, struct err *e)
{
	struct err own = { 0 };

	if (e->class != ERR_NONE)
		return -1;
	set_fault(xml_child(fault, "fault"),
	    xml_text(xml_child(fault, "localizedMessage")), &own);
	err_ctx(&own, "%s", what);
	*e = own;
	return -1;
}
