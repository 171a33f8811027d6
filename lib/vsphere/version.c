#include "vsphere/version.h"

#include <stdio.h>
#include <string.h>
#include "base/num.h"
#include "codec/xml.h"

/* Newest first.  Nothing that came after 7.0 is needed; 6.7 brought nvram
 * and SHA-256 manifests to leases, 6.0 is the oldest host supported. */
static const char *const spoken[] = { "7.0.0.0", "6.9.1", "6.8.7", "6.7.3",
	"6.7.2", "6.7.1", "6.7", "6.5", "6.0" };

static bool
names_version(const struct xml_node *ns, const char *version)
{
	const struct xml_node *v;

	if (strcmp(xml_text(xml_child(ns, "version")), version) == 0)
		return true;
	v = xml_child(xml_child(ns, "priorVersions"), "version");
	for (; v != NULL; v = xml_next(v, "version"))
		if (strcmp(xml_text(v), version) == 0)
			return true;
	return false;
}

static const struct xml_node *
find_vim25(const struct xml *x)
{
	const struct xml_node *ns = xml_child(xml_root(x), "namespace");

	for (; ns != NULL; ns = xml_next(ns, "namespace"))
		if (strcmp(xml_text(xml_child(ns, "name")), "urn:vim25") == 0)
			return ns;
	return NULL;
}

int
version_choose(const char *xml, size_t n, char *out, size_t size, struct err *e)
{
	struct xml *x = xml_parse(xml, n, e);
	const struct xml_node *ns;
	int rc = -1;
	size_t i;

	if (x == NULL) {
		if (e->class == ERR_DATA)
			e->class = ERR_PROTO;
		return err_ctx(e, "vimServiceVersions.xml");
	}
	ns = find_vim25(x);
	for (i = 0; rc == -1 && i < sizeof(spoken) / sizeof(spoken[0]); i++)
		if (names_version(ns, spoken[i])) {
			snprintf(out, size, "%s", spoken[i]);
			rc = 0;
		}
	if (rc == -1)
		err_set(e, ERR_PROTO,
		    "speaks no vSphere API from 6.0 to 7.0 (oldest "
		    "supported release: 6.0)");
	xml_free(x);
	return rc;
}

bool
version_is_at_least(const char *version, int major, int minor)
{
	uint64_t a = 0, b = 0;
	size_t n = strcspn(version, ".");

	if (num_scan(version, n, INT32_MAX, &a) == -1)
		return false;
	if (version[n] == '.') {
		version += n + 1;
		num_scan(version, strcspn(version, "."), INT32_MAX, &b);
	}
	return a > (uint64_t)major ||
	    (a == (uint64_t)major && b >= (uint64_t)minor);
}
