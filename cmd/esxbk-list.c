#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/num.h"
#include "base/utf8.h"
#include "cli/cmd.h"
#include "cli/conn.h"
#include "vsphere/inv.h"
#include "vsphere/note.h"
#include "vsphere/pick.h"
#include "vsphere/vm.h"

static const char *format = "table";
static bool ends_in_nul;

static const struct opt table[] = {
	{ 0, "format", "table|tsv|json|moid", "how to print (table)",
	    OPT_CHOICE, &format },
	{ '0', "null", NULL, "end each line with NUL (tsv, moid)", OPT_FLAG,
	    &ends_in_nul },
	{ 0 },
};

static uint64_t
provisioned(const struct vm *vm)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < vm->n_disks; i++)
		sum += vm->disks[i].capacity_bytes;
	return sum;
}

static const char *
power(const struct vm *vm)
{
	if (vm_is_on(vm))
		return "on";
	return strcmp(vm->power, "suspended") == 0 ? "suspended" : "off";
}

static void
add_column(struct buf *b, const char *s, unsigned int width)
{
	utf8_add_column(b, s, width, 0);
	buf_puts(b, "  ");
}

static void
note_text(void *self, const char *code, const char *device, const char *why)
{
	struct buf *b = self;

	(void)code;
	if (b->len > 0)
		buf_puts(b, "; ");
	buf_fmt(b, "%s: %s", device, why);
}

static unsigned int
name_width(const struct vm *vms, size_t n)
{
	unsigned int width = 4, columns;
	size_t i;

	for (i = 0; i < n; i++) {
		columns = vms[i].name == NULL ? 0 : utf8_columns(vms[i].name);
		width = columns > width ? columns : width;
	}
	return width > 40 ? 40 : width;
}

static void
print_table(const struct vm *vms, size_t n)
{
	unsigned int width = name_width(vms, n);
	char size[16], used[16];
	size_t i;

	cmd_print("%-*s  %-10s  %-9s  %5s  %11s  %9s  %5s  %s\n", (int)width,
	    "NAME", "ID", "POWER", "DISKS", "PROVISIONED", "USED", "SNAPS",
	    "NOTES");
	for (i = 0; i < n; i++) {
		struct buf row = { 0 }, notes = { 0 };

		if (vms[i].name == NULL)
			continue;
		note_each(&vms[i], note_text, &notes);
		add_column(&row, vms[i].name, width);
		add_column(&row, vms[i].ref.id, 10);
		num_format_size(provisioned(&vms[i]), size, sizeof(size));
		num_format_size(vms[i].committed_bytes, used, sizeof(used));
		buf_fmt(&row, "%-9s  %5zu  %11s  %9s  %5zu  ", power(&vms[i]),
		    vms[i].n_disks, size, used, vms[i].n_snapshots);
		utf8_add_shown(&row, buf_text(&notes), 0);
		while (row.len > 0 && row.data[row.len - 1] == ' ')
			buf_cut(&row, row.len - 1);
		cmd_print("%s\n", buf_text(&row));
		buf_free(&row);
		buf_free(&notes);
	}
}

/* Tabs, newlines and what a terminal would obey come from the server. */
static void
add_clean(struct buf *b, const char *s)
{
	char *line = strdup(s);

	if (line == NULL) {
		b->failed = true;
		return;
	}
	utf8_make_line(line);
	buf_puts(b, line);
	free(line);
}

static void
add_field(struct buf *b, const char *s)
{
	add_clean(b, s);
	buf_char(b, '\t');
}

static void
print_line(const char *text)
{
	if (ends_in_nul)
		cmd_print("%s%c", text, '\0');
	else
		cmd_print("%s\n", text);
}

static void
print_tsv(const struct vm *vm)
{
	struct buf row = { 0 }, notes = { 0 };

	note_each(vm, note_text, &notes);
	add_field(&row, vm->name);
	add_field(&row, vm->ref.id);
	add_field(&row, vm_identity(vm));
	add_field(&row, power(vm));
	buf_fmt(&row, "%zu\t%ju\t%ju\t%zu\t", vm->n_disks,
	    (uintmax_t)provisioned(vm), (uintmax_t)vm->committed_bytes,
	    vm->n_snapshots);
	add_field(&row, vm->path);
	add_clean(&row, buf_text(&notes));
	print_line(buf_text(&row));
	buf_free(&row);
	buf_free(&notes);
}

static void
note_json(void *self, const char *code, const char *device, const char *why)
{
	json_t *o = json_object();

	json_set_text(o, "code", code);
	json_set_text(o, "device", device);
	json_set_text(o, "reason", why);
	json_array_append_new(self, o);
}

static json_t *
disks_json(const struct vm *vm)
{
	json_t *disks = json_array(), *o;
	size_t i;

	for (i = 0; i < vm->n_disks; i++) {
		o = json_object();
		json_set_int(o, "key", vm->disks[i].key);
		json_set_text(o, "label", vm->disks[i].label);
		json_set_int(o, "capacity",
		    (long long)vm->disks[i].capacity_bytes);
		json_set_text(o, "mode", vm->disks[i].mode);
		json_set_text(o, "file", vm->disks[i].file);
		json_array_append_new(disks, o);
	}
	return disks;
}

static json_t *
snapshots_json(const struct vm *vm)
{
	json_t *list = json_array(), *o;
	size_t i;

	for (i = 0; i < vm->n_snapshots; i++) {
		o = json_object();
		json_set_text(o, "name", vm->snapshots[i].name);
		json_set_text(o, "moid", vm->snapshots[i].ref.id);
		json_set_time(o, "created", vm->snapshots[i].created);
		json_array_append_new(list, o);
	}
	return list;
}

static void
print_json(const struct vm *vm)
{
	json_t *o = json_object(), *notes = json_array();

	note_each(vm, note_json, notes);
	json_set_text(o, "schema", "esxbk.result/1");
	json_set_text(o, "type", "vm");
	json_set_text(o, "name", vm->name);
	json_set_text(o, "moid", vm->ref.id);
	json_set_text(o, "uuid", vm_identity(vm));
	json_set_text(o, "bios_uuid", vm->uuid);
	json_set_text(o, "path", vm->path);
	json_set_text(o, "power", power(vm));
	json_set_text(o, "hardware", vm->hardware);
	json_set_text(o, "guest", vm->guest);
	json_set_text(o, "firmware", vm->firmware);
	json_set_bool(o, "tools", vm->has_tools);
	json_set_bool(o, "template", vm->is_template);
	json_set_int(o, "provisioned", (long long)provisioned(vm));
	json_set_int(o, "used", (long long)vm->committed_bytes);
	json_set(o, "disks", disks_json(vm));
	json_set(o, "snapshots", snapshots_json(vm));
	json_set(o, "notes", notes);
	cmd_print_json(o);
	json_decref(o);
}

static void
print_summary(size_t n, int status, const struct err *e)
{
	json_t *o = cmd_begin_summary();

	json_set_int(o, "vms", (long long)n);
	cmd_end_summary(o, status, e);
}

/* Returns how many there were to show. */
static size_t
print_vms(const struct vm *vms, size_t n)
{
	size_t i, shown = 0;

	if (strcmp(format, "table") == 0 && !cmd_json)
		print_table(vms, n);
	for (i = 0; i < n; i++) {
		if (vms[i].name == NULL)
			continue; /* gone in between: a warning told so */
		shown++;
		print_json(&vms[i]); /* where JSON is asked for */
		if (cmd_json)
			continue;
		if (strcmp(format, "tsv") == 0)
			print_tsv(&vms[i]);
		else if (strcmp(format, "moid") == 0)
			print_line(vms[i].ref.id);
	}
	return shown;
}

static int
read_and_print(struct vim *v, const struct inv *inv, const bool *picked,
    struct err *e)
{
	struct moref *refs = calloc(inv->n + 1, sizeof(*refs));
	struct vm *vms = calloc(inv->n + 1, sizeof(*vms));
	size_t i, n = 0, shown;
	int rc = -1;

	if (refs == NULL || vms == NULL) {
		err_sys(e, ERR_OS, "memory");
		goto out;
	}
	for (i = 0; i < inv->n; i++)
		if (picked[i])
			refs[n++] = inv->entries[i].ref;
	if (vm_read_many(v, refs, n, vms, e) == -1)
		goto out;
	for (i = 0, n = 0; i < inv->n; i++)
		if (picked[i] && vms[n++].path != NULL) {
			free(vms[n - 1].path);
			vms[n - 1].path = strdup(inv->entries[i].path);
		}
	shown = print_vms(vms, n);
	rc = shown == n ? 0 : ERR_PARTIAL;
	if (rc != 0)
		cmd_say("%zu of %zu VMs could not be read", n - shown, n);
	print_summary(shown, rc, e);
out:
	for (i = 0; vms != NULL && i < n; i++)
		vm_free(&vms[i]);
	free(vms);
	free(refs);
	return rc;
}

static int
run(const char **operands, size_t n, struct err *e)
{
	struct inv inv = { 0 };
	bool *picked = NULL;
	struct vim *v;
	int rc = -1;
	size_t i;

	if (strcmp(format, "json") == 0)
		cmd_json = true;
	if (ends_in_nul && (cmd_json || strcmp(format, "table") == 0))
		return err_set(e, ERR_USAGE,
		    "--null goes only with --format=tsv or moid");
	v = conn_open(e);
	if (v == NULL || inv_read(v, &inv, e) == -1)
		goto out;
	picked = calloc(inv.n + 1, sizeof(*picked));
	if (picked == NULL) {
		err_sys(e, ERR_OS, "memory");
		goto out;
	}
	for (i = 0; i < inv.n; i++)
		picked[i] = true;
	if (n > 0 && pick_vms(&inv, operands, n, picked, e) == -1)
		goto out;
	rc = read_and_print(v, &inv, picked, e);
out:
	if (rc == -1)
		print_summary(0, e->class, e);
	free(picked);
	inv_free(&inv);
	vim_free(v);
	return rc;
}

int
main(int argc, char **argv)
{
	static const struct cmd c = { .name = "esxbk-list",
		.about = "List the VMs of an ESXi host or a vCenter.",
		.synopsis = "[OPTION]... -s HOST -u USER [SELECTOR]...",
		.tables = { table, conn_table },
		.run = run };

	return cmd_main(&c, argc, argv);
}
