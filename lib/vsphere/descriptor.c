#include "vsphere/descriptor.h"

#include <string.h>
#include "vsphere/props.h"

enum { WARNINGS_TOLD = 100 };

static bool
offers(const struct props_object *manager, const char *option)
{
	const struct xml_node *n = xml_child(
	    props_find(manager, "ovfExportOption"), NULL);

	for (; n != NULL; n = xml_next(n, NULL))
		if (strcmp(xml_text(xml_child(n, "option")), option) == 0)
			return true;
	return false;
}

/* What a backup must keep and an export drops unless asked. */
static int
add_options(struct vim *v, struct buf *b, struct err *e)
{
	static const char *const wanted[] = { "mac", "uuid", "extraconfig" };
	static const char *const paths[] = { "ovfExportOption", NULL };
	struct props p = { 0 };
	size_t i;

	if (props_get(v, vim_manager(v, VIM_OVF_MANAGER), paths, &p, e) == -1)
		return -1;
	for (i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (offers(&p.objects[0], wanted[i]))
			xml_add_elem(b, "exportOption", wanted[i]);
	props_free(&p);
	return 0;
}

static void
add_file(struct buf *b, const struct descriptor_file *f)
{
	soap_open(b, "ovfFiles", NULL);
	xml_add_elem(b, "deviceId", f->device);
	xml_add_elem(b, "path", f->path);
	soap_add_u64(b, "size", f->size);
	if (f->capacity != 0)
		soap_add_u64(b, "capacity", f->capacity);
	if (f->populated != 0)
		soap_add_u64(b, "populatedSize", f->populated);
	soap_close(b, "ovfFiles");
}

static int
read_result(const struct xml_node *result, struct buf *out,
    struct buf *warnings, struct err *e)
{
	const struct xml_node *n;
	const char *text;
	int left = WARNINGS_TOLD;

	n = xml_child(result, "error");
	if (n != NULL) {
		soap_method_fault(n, "the host cannot describe this VM", e);
		if (e->class == ERR_TEMP)
			e->class = ERR_DATA;
		return -1;
	}
	for (n = xml_child(result, "warning"); n != NULL && left-- > 0;
	     n = xml_next(n, "warning")) {
		text = xml_text(xml_child(n, "localizedMessage"));
		if (text[0] == '\0')
			text = xml_type(xml_child(n, "fault"));
		buf_fmt(warnings, "%.500s\n", text);
	}
	if (n != NULL)
		buf_puts(warnings, "more warnings of the host are left out\n");
	text = xml_text(xml_child(result, "ovfDescriptor"));
	if (text[0] == '\0')
		return err_set(e, ERR_PROTO, "the host gave no descriptor");
	buf_puts(out, text);
	return buf_check(out, e);
}

int
descriptor_create(struct vim *v, const struct moref *vm,
    const struct moref *snapshot, const struct descriptor_file *files, size_t n,
    struct buf *out, struct buf *warnings, struct err *e)
{
	const struct xml_node *response;
	struct buf args = { 0 };
	struct xml *reply = NULL;
	int rc = -1;
	size_t i;

	soap_add_ref(&args, "obj", vm);
	soap_open(&args, "cdp", NULL);
	for (i = 0; i < n; i++)
		add_file(&args, &files[i]);
	if (add_options(v, &args, e) == -1)
		goto out;
	if (snapshot != NULL)
		soap_add_ref(&args, "snapshot", snapshot);
	soap_close(&args, "cdp");
	response = vim_call(v, "CreateDescriptor",
	    vim_manager(v, VIM_OVF_MANAGER), &args, &reply, e);
	if (response != NULL)
		rc = read_result(xml_child(response, "returnval"), out,
		    warnings, e);
	xml_free(reply);
out:
	buf_free(&args);
	return rc == -1 ? err_ctx(e, "OVF descriptor") : 0;
}
