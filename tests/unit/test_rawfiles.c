#include "job/rawfiles.h"

#include "job/account.h"
#include "sandbox.h"
#include "store/point.h"
#include "vsphere/dsfile.h"

#define WHEN 1795480204 /* 2026-11-24T00:30:04Z */

/* What lies on the datastore; without a text the .vmx is locked. */
static const char *vmx_path, *vmx_text, *nvram_path;

int
dsfile_get(struct vim *v, const char *datacenter, const char *name,
    struct buf *b, struct err *e)
{
	(void)v;
	(void)datacenter;
	if (strcmp(name, vmx_path) == 0 && vmx_text != NULL)
		buf_puts(b, vmx_text);
	else if (strcmp(name, nvram_path) == 0)
		buf_puts(b, "nvram's bytes");
	else
		return err_set(e,
		    strcmp(name, vmx_path) == 0 ? ERR_TEMP : ERR_NOTFOUND,
		    "%s: not for you", name);
	return 0;
}

/* The names of what came, and the reasons of what was left out. */
static void
fetch(struct buf *told)
{
	static char name[] = "web", vmx[100];
	struct fetch fetches[RAWFILES_MAX] = { 0 };
	char *files[RAWFILES_MAX] = { 0 };
	struct match m = { .fetches = fetches, .files = files };
	struct vm vm = { .name = name, .vmx = vmx };
	struct export_result r;
	struct err e = { 0 };
	struct transfer t = { .vm = &vm, .r = &r, .stem = "web", .match = &m };
	json_t *skipped;
	size_t i;

	snprintf(vmx, sizeof(vmx), "%s", vmx_path);
	sandbox_open();
	account_begin(&r, &vm);
	t.target = target_of_point(point_open(sandbox_root, "web", WHEN, &e),
	    &e);
	CHECK_INT(rawfiles_fetch(&t, "dc", &e), 0);
	CHECK_STR(e.text, "");
	for (i = 0; i < m.n; i++) {
		buf_fmt(told, "%s ", files[i]);
		free(files[i]);
	}
	json_array_foreach(r.skipped, i, skipped)
	{
		buf_fmt(told, "(%s: %s)",
		    json_string_value(json_object_get(skipped, "label")),
		    json_string_value(json_object_get(skipped, "reason")));
	}
	target_free(t.target);
	json_decref(r.disks);
	json_decref(r.skipped);
	json_decref(r.warnings);
	json_decref(r.steps);
	sandbox_free();
}

struct row {
	const char *name;
	const char *vmx_path;
	const char *vmx_text;
	const char *nvram_path;
	const char *want;
};

static const struct row rows[] = {
	{ "beside the .vmx, by its name there", "[ds] web/web.vmx",
	    "a = \"b\"\nnvram = \"other.nvram\"\n", "[ds] web/other.nvram",
	    "web.vmx web.nvram " },
	{ "in the datastore's own folder", "[ds] web.vmx",
	    "nvram = \"web.nvram\"\n", "[ds] web.nvram", "web.vmx web.nvram " },
	{ "by the usual name if nobody knows", "[ds] web/web.vmx", NULL,
	    "[ds] web/web.nvram",
	    "web.nvram (vmx: [ds] web/web.vmx: not for you)" },
	{ "one that was never made", "[ds] web/web.vmx",
	    "nvram = \"web.nvram\"\n", "", "web.vmx " },
	{ "a VM without one", "[ds] web/web.vmx", "a = \"b\"\n", "",
	    "web.vmx " },
	{ "one that lies elsewhere is told of", "[ds] web/web.vmx",
	    "nvram = \"/vmfs/volumes/ds/x/web.nvram\"\n", "",
	    "web.vmx (nvram: it does not lie beside the .vmx)" },
};

static void
nvram_comes_or_is_told_of(void)
{
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf told = { 0 };

		vmx_path = rows[i].vmx_path;
		vmx_text = rows[i].vmx_text;
		nvram_path = rows[i].nvram_path;
		fetch(&told);
		CHECK_STR(buf_text(&told), rows[i].want);
		buf_free(&told);
	}
}

CHECK_MAIN(TEST(nvram_comes_or_is_told_of))
