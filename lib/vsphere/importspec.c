#include "vsphere/importspec.h"

#include <stdlib.h>
#include <string.h>
#include "base/utf8.h"
#include "vsphere/entity.h"

enum { MAX_ITEMS = 1024, MESSAGES_TOLD = 100, MESSAGE_BYTES = 500 };

static void
add_networks(struct buf *b, const struct import_params *p)
{
	size_t i;

	for (i = 0; i < p->n_networks; i++) {
		soap_open(b, "networkMapping", NULL);
		xml_add_elem(b, "name", p->networks[i].name);
		soap_add_ref(b, "network", &p->networks[i].network);
		soap_close(b, "networkMapping");
	}
}

static void
add_properties(struct buf *b, const struct import_params *p)
{
	size_t i;

	for (i = 0; i < p->n_properties; i++) {
		soap_open(b, "propertyMapping", NULL);
		xml_add_elem(b, "key", p->properties[i].key);
		xml_add_elem(b, "value", p->properties[i].value);
		soap_close(b, "propertyMapping");
	}
}

/* The first two are required although they are empty. */
static void
add_params(struct buf *b, const struct import_params *p)
{
	struct buf name = { 0 };

	entity_add_escaped(&name, p->name);
	soap_open(b, "cisp", "OvfCreateImportSpecParams");
	xml_add_elem(b, "locale", "");
	xml_add_elem(b, "deploymentOption", p->deployment);
	xml_add_elem(b, "entityName", buf_text(&name));
	if (p->host.id[0] != '\0')
		soap_add_ref(b, "hostSystem", &p->host);
	add_networks(b, p);
	add_properties(b, p);
	xml_add_elem(b, "diskProvisioning", p->disk_mode);
	soap_close(b, "cisp");
	b->failed |= name.failed;
	buf_free(&name);
}

static size_t
count(const struct xml_node *result, const char *name)
{
	const struct xml_node *n = xml_child(result, name);
	size_t i;

	for (i = 0; n != NULL; i++)
		n = xml_next(n, name);
	return i;
}

static char *
message_of(const struct xml_node *n)
{
	const char *text = xml_text(xml_child(n, "localizedMessage"));
	char *line;

	if (text[0] == '\0')
		text = xml_type(xml_child(n, "fault"));
	if (text[0] == '\0')
		text = "no message";
	line = strndup(text, MESSAGE_BYTES);
	if (line != NULL)
		utf8_make_line(line);
	return line;
}

/* The messages of all LocalizedMethodFaults of that name. */
static int
read_messages(const struct xml_node *result, const char *name, char ***list,
    size_t *n, struct err *e)
{
	const struct xml_node *at = xml_child(result, name);

	*list = calloc(MESSAGES_TOLD, sizeof(**list));
	if (*list == NULL)
		return err_sys(e, ERR_OS, "memory");
	for (; at != NULL && *n < MESSAGES_TOLD; at = xml_next(at, name)) {
		(*list)[*n] = message_of(at);
		if ((*list)[*n] == NULL)
			return err_sys(e, ERR_OS, "memory");
		(*n)++;
	}
	return 0;
}

static int
read_item(const struct xml_node *n, struct import_item *item, struct err *e)
{
	uint64_t size = soap_u64(xml_child(n, "size"), UINT64_MAX);

	item->device_id = strdup(xml_text(xml_child(n, "deviceId")));
	item->path = strdup(xml_text(xml_child(n, "path")));
	item->compression = strdup(xml_text(xml_child(n, "compressionMethod")));
	if (item->device_id == NULL || item->path == NULL ||
	    item->compression == NULL)
		return err_sys(e, ERR_OS, "memory");
	if (item->device_id[0] == '\0' || item->path[0] == '\0')
		return err_set(e, ERR_PROTO,
		    "the host wants a file, but does not say which");
	item->chunk_size = soap_u64(xml_child(n, "chunkSize"), 0);
	item->has_size = size != UINT64_MAX;
	item->size = item->has_size ? size : 0;
	item->create = soap_bool(xml_child(n, "create"), false);
	return 0;
}

/* Each file has a place of its own. */
static int
check_places(const struct import_spec *s, struct err *e)
{
	size_t i, j;

	for (i = 0; i < s->n_items; i++)
		for (j = 0; j < i; j++)
			if (strcmp(s->items[i].device_id,
				s->items[j].device_id) == 0)
				return err_set(e, ERR_PROTO,
				    "the host wants two files for %.200s",
				    s->items[i].device_id);
	return 0;
}

static int
read_items(const struct xml_node *result, struct import_spec *s, struct err *e)
{
	const struct xml_node *n = xml_child(result, "fileItem");
	size_t many = count(result, "fileItem");

	if (many > MAX_ITEMS)
		return err_set(e, ERR_PROTO, "the host wants %zu files", many);
	s->items = calloc(many + 1, sizeof(*s->items));
	if (s->items == NULL)
		return err_sys(e, ERR_OS, "memory");
	for (; n != NULL; n = xml_next(n, "fileItem"))
		if (read_item(n, &s->items[s->n_items++], e) == -1)
			return -1;
	return check_places(s, e);
}

static int
read_spec(const struct xml_node *result, struct import_spec *s, struct err *e)
{
	const struct xml_node *n = xml_child(result, "importSpec");

	if (n == NULL && s->n_errors > 0)
		return 0;
	if (n == NULL)
		return err_set(e, ERR_PROTO, "the host gave none");
	/* Its declared type is abstract: without its own it says nothing. */
	if (xml_type(n)[0] == '\0')
		return err_set(e, ERR_PROTO, "it has no type");
	s->is_vapp = strcmp(xml_type(n), "VirtualAppImportSpec") == 0;
	return xml_add_copy(&s->xml, n, "spec", e);
}

static int
read_result(const struct xml_node *result, struct import_spec *s, struct err *e)
{
	if (read_messages(result, "warning", &s->warnings, &s->n_warnings, e) ==
		-1 ||
	    read_messages(result, "error", &s->errors, &s->n_errors, e) == -1)
		return -1;
	return read_spec(result, s, e) == -1 || read_items(result, s, e) == -1
	    ? -1
	    : 0;
}

int
importspec_create(struct vim *v, const struct import_params *params,
    struct import_spec *s, struct err *e)
{
	const struct xml_node *response;
	struct buf args = { 0 };
	struct xml *reply = NULL;
	int rc = -1;

	xml_add_elem(&args, "ovfDescriptor", params->descriptor);
	soap_add_ref(&args, "resourcePool", &params->pool);
	soap_add_ref(&args, "datastore", &params->datastore);
	add_params(&args, params);
	if (buf_check(&args, e) == 0) {
		response = vim_call(v, "CreateImportSpec",
		    vim_manager(v, VIM_OVF_MANAGER), &args, &reply, e);
		if (response != NULL)
			rc = read_result(xml_child(response, "returnval"), s,
			    e);
	}
	xml_free(reply);
	buf_free(&args);
	if (rc == -1) {
		importspec_free(s);
		return err_ctx(e, "import specification");
	}
	return 0;
}

static void
free_messages(char **list, size_t n)
{
	while (n > 0)
		free(list[--n]);
	free(list);
}

void
importspec_free(struct import_spec *s)
{
	size_t i;

	for (i = 0; i < s->n_items; i++) {
		free(s->items[i].device_id);
		free(s->items[i].path);
		free(s->items[i].compression);
	}
	free(s->items);
	free_messages(s->warnings, s->n_warnings);
	free_messages(s->errors, s->n_errors);
	buf_free(&s->xml);
	*s = (struct import_spec){ 0 };
}
