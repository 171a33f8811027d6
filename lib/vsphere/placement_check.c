#include "vsphere/placement.h"

#include <stdio.h>
#include <string.h>
#include "base/log.h"
#include "base/names.h"
#include "base/num.h"
#include "vsphere/props.h"

int
placement_check_host(struct vim *v, const struct placement *p, struct err *e)
{
	static const char *const paths[] = { "runtime.connectionState",
		"runtime.inMaintenanceMode", NULL };
	struct props props = { 0 };
	const char *state;
	int rc = 0;

	if (p->host.id[0] == '\0')
		return 0;
	if (props_get(v, &p->host, paths, &props, e) == -1)
		return -1;
	state = props_text(&props.objects[0], "runtime.connectionState");
	if (strcmp(state, "connected") != 0)
		rc = err_set(e, ERR_TEMP,
		    "host '%.200s' is not connected (state '%.32s')",
		    p->host_name, state);
	else if (soap_bool(
		     props_find(&props.objects[0], "runtime.inMaintenanceMode"),
		     false))
		rc = err_set(e, ERR_TEMP,
		    "host '%.200s' is in maintenance mode", p->host_name);
	if (rc == -1)
		snprintf(e->fault, sizeof(e->fault), "InvalidState");
	props_free(&props);
	return rc;
}

/* Descriptors and servers write vmx-7 or vmx-07. */
static bool
is_same_version(const char *a, size_t len, const char *b)
{
	static const char prefix[] = "vmx-";
	size_t n = sizeof(prefix) - 1;
	uint64_t x, y;

	if (strlen(b) == len && strncmp(a, b, len) == 0)
		return true;
	return len > n && strncmp(a, prefix, n) == 0 &&
	    strncmp(b, prefix, n) == 0 &&
	    num_scan(a + n, len - n, UINT32_MAX, &x) == 0 &&
	    num_scan(b + n, strlen(b + n), UINT32_MAX, &y) == 0 && x == y;
}

/* One of the words of hardware. */
static bool
is_among(const char *hardware, const char *key)
{
	static const char blanks[] = " \t\r\n,";
	size_t len;

	for (;; hardware += len) {
		hardware += strspn(hardware, blanks);
		len = strcspn(hardware, blanks);
		if (len == 0)
			return false;
		if (is_same_version(hardware, len, key))
			return true;
	}
}

/* A host of a cluster may be older than the others. */
static bool
can_create(const struct xml_node *option, const struct moref *host)
{
	const struct xml_node *n = xml_child(option, "host");
	struct moref ref;

	if (!soap_bool(xml_child(option, "createSupported"), true))
		return false;
	if (n == NULL || host->id[0] == '\0')
		return true;
	for (; n != NULL; n = xml_next(n, "host"))
		if (soap_read_ref(n, &ref) == 0 &&
		    strcmp(ref.id, host->id) == 0)
			return true;
	return false;
}

static int
look_for(const struct xml_node *response, const struct placement *p,
    const char *hardware, struct err *e)
{
	const struct xml_node *n = xml_child(response, "returnval");
	struct names list = { 0 };
	struct buf text = { 0 };
	const char *key;
	bool found = n == NULL; /* a server that says nothing */

	for (; n != NULL && !found; n = xml_next(n, "returnval")) {
		if (!can_create(n, &p->host))
			continue;
		key = xml_text(xml_child(n, "key"));
		names_add(&list, key);
		found = is_among(hardware, key);
	}
	names_tell(&list, &text);
	if (!found)
		err_set(e, ERR_DATA,
		    "no hardware version '%.100s' for new VMs%s%.200s%s; %s",
		    hardware, p->host_name[0] == '\0' ? "" : " on host '",
		    p->host_name, p->host_name[0] == '\0' ? "" : "'",
		    buf_text(&text));
	buf_free(&text);
	return found ? 0 : -1;
}

int
placement_check_hardware(struct vim *v, const struct placement *p,
    const char *hardware, struct err *e)
{
	static const char *const paths[] = { "environmentBrowser", NULL };
	const struct xml_node *response;
	struct xml *reply = NULL;
	struct props props = { 0 };
	struct moref browser;
	int rc;

	if (hardware[strspn(hardware, " \t\r\n,")] == '\0')
		return 0;
	if (props_get(v, &p->compute, paths, &props, e) == -1)
		return -1;
	rc = soap_read_ref(props_find(&props.objects[0], "environmentBrowser"),
	    &browser);
	props_free(&props);
	if (rc == -1) {
		log_step("the server does not say which hardware it can make");
		return 0;
	}
	response = vim_call(v, "QueryConfigOptionDescriptor", &browser, NULL,
	    &reply, e);
	if (response == NULL)
		return -1;
	rc = look_for(response, p, hardware, e);
	xml_free(reply);
	return rc;
}
