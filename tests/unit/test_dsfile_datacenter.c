#include "vsphere/dsfile.h"
#include "wirefake.h"

static const struct object {
	const char *type, *id, *name;
	const char *link, *parent_type, *parent;
} objects[] = {
	{ "VirtualMachine", "vm-1", "web", "parent", "Folder", "vms" },
	{ "VirtualMachine", "vm-2", "app", "parentVApp", "VirtualApp", "app" },
	{ "VirtualMachine", "vm-3", "lost", NULL, NULL, NULL },
	{ "VirtualMachine", "vm-4", "top", "parent", "Folder", "r" },
	{ "VirtualMachine", "vm-5", "round", "parent", "Folder", "loop" },
	{ "VirtualMachine", "vm-6", "plain", "parent", "Folder", "vms-6" },
	{ "VirtualApp", "app", "app", "parent", "ResourcePool", "pool" },
	{ "ResourcePool", "pool", "Resources", "parent",
	    "ClusterComputeResource", "cluster" },
	{ "ClusterComputeResource", "cluster", "C", "parent", "Folder",
	    "hosts" },
	{ "Folder", "hosts", "host", "parent", "Datacenter", "dc" },
	{ "Folder", "vms", "vm", "parent", "Datacenter", "dc" },
	{ "Datastore", "ds", "ds1", "parent", "Folder", "hosts" },
	{ "Datacenter", "dc", "A%2fB", "parent", "Folder", "inner" },
	{ "Folder", "inner", "two words", "parent", "Folder", "outer" },
	{ "Folder", "outer", "sites", "parent", "Folder", "r" },
	{ "Folder", "vms-6", "vm", "parent", "Datacenter", "ha" },
	{ "Datacenter", "ha", "ha-datacenter", "parent", "Folder", "r" },
	{ "Folder", "loop", "loop", "parent", "Folder", "loop" },
	{ 0 },
};

static int asked;

static void
tell(const char *method, const char *envelope, struct buf *out)
{
	const struct object *o;
	char at[100];

	/* Before it believes that there is none, it asks for the session. */
	if (strcmp(method, "CurrentTime") == 0)
		buf_puts(out, "<returnval>now</returnval>");
	asked++;
	for (o = objects; o->type != NULL; o++) {
		snprintf(at, sizeof(at), "<obj type=\"%s\">%s</obj>", o->type,
		    o->id);
		if (strstr(envelope, at) == NULL)
			continue;
		buf_fmt(out,
		    "<returnval><objects>%s<propSet><name>name</name>"
		    "<val>%s</val></propSet>",
		    at, o->name);
		if (o->link != NULL)
			buf_fmt(out,
			    "<propSet><name>%s</name><val type=\"%s\">%s</val>"
			    "</propSet>",
			    o->link, o->parent_type, o->parent);
		buf_puts(out, "</objects></returnval>");
	}
}

static void
datacenter_is_found_with_its_folders(void)
{
	static const struct {
		struct moref object;
		const char *path;
	} rows[] = {
		{ { "VirtualMachine", "vm-1" }, "sites/two words/A%2fB" },
		{ { "VirtualMachine", "vm-2" }, "sites/two words/A%2fB" },
		{ { "Datastore", "ds" }, "sites/two words/A%2fB" },
		{ { "Datacenter", "dc" }, "sites/two words/A%2fB" },
		{ { "VirtualMachine", "vm-6" }, "ha-datacenter" },
	};
	struct vim *v = wirefake_open();
	size_t i;

	wirefake.answer = tell;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { 0 };
		char *path = NULL;

		check_at(rows[i].object.id);
		CHECK_INT(dsfile_datacenter(v, &rows[i].object, &path, &e), 0);
		CHECK_STR(e.text, "");
		CHECK_STR(path, rows[i].path);
		free(path);
	}
	wirefake_close(v);
}

static void
object_without_a_datacenter_is_an_error(void)
{
	static const struct {
		struct moref object;
		int class;
		const char *text;
	} rows[] = {
		{ { "VirtualMachine", "vm-3" }, ERR_PROTO,
		    "datacenter: VirtualMachine vm-3 lies in no datacenter" },
		{ { "VirtualMachine", "vm-4" }, ERR_PROTO,
		    "datacenter: VirtualMachine vm-4 lies in no datacenter" },
		{ { "VirtualMachine", "vm-5" }, ERR_PROTO,
		    "datacenter: VirtualMachine vm-5 lies in no datacenter" },
		{ { "VirtualMachine", "vm-9" }, ERR_NOTFOUND,
		    "datacenter: VirtualMachine vm-9: no such object" },
	};
	struct vim *v = wirefake_open();
	size_t i;

	wirefake.answer = tell;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { 0 };
		char *path = NULL;

		asked = 0;
		check_at(rows[i].text);
		CHECK_INT(dsfile_datacenter(v, &rows[i].object, &path, &e), -1);
		CHECK_INT(e.class, rows[i].class);
		CHECK_STR(e.text, rows[i].text);
		CHECK(path == NULL);
		CHECK(asked <= 64);
	}
	wirefake_close(v);
}

/* clang-format off */
CHECK_MAIN(TEST(datacenter_is_found_with_its_folders),
    TEST(object_without_a_datacenter_is_an_error))
