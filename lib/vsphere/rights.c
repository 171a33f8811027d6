#include "vsphere/rights.h"

#include <stdio.h>
#include <string.h>
#include "vsphere/props.h"

enum { OBJECTS_AT_ONCE = 100 };

int
rights_licence(struct vim *v, struct rights_licence *l, struct err *e)
{
	static const char *const paths[] = { "licenses", NULL };
	const struct moref *manager = vim_manager(v, VIM_LICENSE_MANAGER);
	const struct xml_node *n;
	struct props p = { 0 };

	*l = (struct rights_licence){ 0 };
	if (manager->id[0] == '\0' || vim_about(v)->is_vcenter)
		return 0;
	if (props_get(v, manager, paths, &p, e) == -1) {
		props_free(&p);
		return -1;
	}
	n = p.n == 0 ? NULL
		     : xml_child(props_find(&p.objects[0], "licenses"), NULL);
	if (n != NULL) {
		snprintf(l->name, sizeof(l->name), "%s",
		    xml_text(xml_child(n, "name")));
		/* "esx.hypervisor.cpuPackage"; the paid ones are
		 * "esx.enterprisePlus.cpuPackage" and the like. */
		l->is_free = strncmp(xml_text(xml_child(n, "editionKey")),
				 "esx.hypervisor", 14) == 0;
	}
	props_free(&p);
	return 0;
}

/* The session's key, which the question is about. */
static int
add_session(struct vim *v, struct buf *args, struct err *e)
{
	static const char *const paths[] = { "currentSession", NULL };
	const char *key = "";
	struct props p = { 0 };
	int rc;

	rc = props_get(v, vim_manager(v, VIM_SESSION_MANAGER), paths, &p, e);
	if (rc == 0 && p.n > 0)
		key = xml_text(xml_child(
		    props_find(&p.objects[0], "currentSession"), "key"));
	if (rc == 0 && key[0] == '\0')
		rc = err_set(e, ERR_PROTO, "the session has no key");
	if (rc == 0)
		xml_add_elem(args, "sessionId", key);
	props_free(&p);
	return rc;
}

/* One object's answer: each privilege that is not told as granted is
 * missing. */
static void
read_answer(const struct xml_node *answer, const char *const *ids, size_t n_ids,
    bool *missing)
{
	const struct xml_node *n = xml_child(answer, "privAvailability");
	size_t k;

	for (; n != NULL; n = xml_next(n, "privAvailability"))
		for (k = 0; k < n_ids; k++)
			if (strcmp(ids[k], xml_text(xml_child(n, "privId"))) ==
				0 &&
			    strcmp(xml_text(xml_child(n, "isGranted")),
				"true") == 0)
				missing[k] = false;
}

static int
ask(struct vim *v, const struct moref *objects, size_t n,
    const char *const *ids, size_t n_ids, bool *missing, struct err *e)
{
	struct buf args = { 0 };
	struct xml *reply = NULL;
	const struct xml_node *node;
	size_t i;
	int rc = -1;

	for (i = 0; i < n; i++)
		soap_add_ref(&args, "entity", &objects[i]);
	if (add_session(v, &args, e) == -1)
		goto out;
	for (i = 0; i < n_ids; i++)
		xml_add_elem(&args, "privId", ids[i]);
	node = vim_call(v, "HasPrivilegeOnEntities",
	    vim_manager(v, VIM_AUTHORIZATION_MANAGER), &args, &reply, e);
	if (node == NULL)
		goto out;
	node = xml_child(node, "returnval");
	for (; node != NULL; node = xml_next(node, "returnval")) {
		struct moref ref;

		if (soap_read_ref(xml_child(node, "entity"), &ref) == -1)
			continue;
		for (i = 0; i < n; i++)
			if (strcmp(ref.id, objects[i].id) == 0)
				read_answer(node, ids, n_ids,
				    missing + i * n_ids);
	}
	rc = 0;
out:
	xml_free(reply);
	buf_free(&args);
	return rc;
}

int
rights_missing(struct vim *v, const struct moref *objects, size_t n,
    const char *const *ids, size_t n_ids, bool *missing, struct err *e)
{
	size_t i, part;

	if (vim_manager(v, VIM_AUTHORIZATION_MANAGER)->id[0] == '\0')
		return err_set(e, ERR_PROTO,
		    "the server has nobody to be asked for privileges");
	memset(missing, true, n * n_ids * sizeof(*missing));
	for (i = 0; i < n; i += part) {
		part = n - i < OBJECTS_AT_ONCE ? n - i : OBJECTS_AT_ONCE;
		if (ask(v, objects + i, part, ids, n_ids, missing + i * n_ids,
			e) == -1)
			return -1;
	}
	return 0;
}
