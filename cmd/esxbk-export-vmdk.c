#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"
#include "base/num.h"
#include "base/utf8.h"
#include "cli/cmd.h"
#include "cli/conn.h"
#include "cli/progress.h"
#include "job/account.h"
#include "job/export.h"
#include "job/namesake.h"
#include "vsphere/inv.h"
#include "vsphere/owner.h"
#include "vsphere/pick.h"

static const char *output, *plan, *min_free = "5%", *quiesce = "try";
static struct opt_list disks;
static char *owned; /* label of a disk that was named by its file */
static bool resume;
static uint64_t retries = 5;

static const struct opt table[] = {
	{ 'o', "output", "DIR",
	    "put the point into DIR; - writes one raw disk to standard output",
	    OPT_TEXT, &output },
	{ 0, "disk", "LABEL", "only this disk", OPT_LIST, &disks },
	{ 0, "resume", NULL, "take up what an interrupted run left", OPT_FLAG,
	    &resume },
	{ 0, "quiesce", "off|try|require",
	    "ask VMware Tools to quiesce the guest (try)", OPT_CHOICE,
	    &quiesce },
	{ 0, "min-datastore-free", "N%|SIZE",
	    "make no snapshot with less free on the VM's datastores (5%)",
	    OPT_TEXT, &min_free },
	{ 0, "retries", "N", "tries of a range without progress (5)", OPT_U64,
	    &retries },
	{ 0, "plan", "NAME", "the plan this point belongs to", OPT_TEXT,
	    &plan },
	{ 0 },
};

static struct watch watch;

static bool
is_pipe(void)
{
	return strcmp(output, "-") == 0;
}

static int
check_pipe(struct err *e)
{
	if (resume || plan != NULL)
		return err_set(e, ERR_USAGE,
		    "%s is for points, a disk on standard output is none",
		    resume ? "--resume" : "--plan");
	if (cmd_json)
		return err_set(e, ERR_USAGE,
		    "standard output takes the disk: give --result FILE in "
		    "place of --json");
	if (!cmd_dry_run && isatty(STDOUT_FILENO) == 1)
		return err_set(e, ERR_USAGE,
		    "standard output is a terminal, no place for a disk");
	return 0;
}

static int
check_options(const char **operands, size_t n, struct err *e)
{
	struct export_conf ignored = { 0 };

	if (output == NULL)
		return err_set(e, ERR_USAGE, "where to? Give --output DIR");
	if (n != 1)
		return err_set(e, ERR_USAGE, "%s",
		    n == 0 ? "which VM?" : "one VM at a time");
	if (owner_is_file(operands[0]) && disks.n > 0)
		return err_set(e, ERR_USAGE,
		    "--disk is for a VM, '%s' is a disk already", operands[0]);
	if (retries > 1000)
		return err_set(e, ERR_USAGE, "--retries: at most 1000");
	if (num_share(min_free, &ignored.min_free_percent,
		&ignored.min_free_bytes, e) == -1)
		return err_ctx(e, "--min-datastore-free");
	return is_pipe() ? check_pipe(e) : 0;
}

static void
fill_conf(struct export_conf *conf)
{
	watch = progress_watch(&cmd_progress);
	*conf = (struct export_conf){ .mode = EXPORT_VMDK,
		.dir = is_pipe() ? NULL : output,
		.archive = is_pipe() ? output : NULL,
		.run = conn_run(),
		.plan = plan,
		.digest = DIGEST_SHA256,
		.threads = 1,
		.retries = retries,
		.resumes = resume,
		.is_dry_run = cmd_dry_run,
		.watch = &watch };
	conf->quiesce = strcmp(quiesce, "off") == 0 ? SNAP_QUIESCE_OFF
	    : strcmp(quiesce, "try") == 0           ? SNAP_QUIESCE_TRY
						    : SNAP_QUIESCE_REQUIRE;
	num_share(min_free, &conf->min_free_percent, &conf->min_free_bytes,
	    &(struct err){ 0 }); /* checked before */
}

static void
print_dry(const struct vm *vm)
{
	char *name = strdup(vm->name);

	if (name != NULL)
		utf8_make_line(name);
	cmd_print("%s: would be exported\n", name == NULL ? vm->ref.id : name);
	free(name);
}

static void
report(const struct vm *vm, const struct export_result *r)
{
	json_t *doc = account_result(vm, r);

	if (conn_is_insecure())
		json_set_bool(doc, "insecure", true);
	cmd_print_json(doc);
	json_decref(doc);
	if (cmd_json || is_pipe())
		return;
	if (r->is_dry_run && r->changed)
		print_dry(vm);
	else if (r->path != NULL)
		cmd_print("%s\n", r->path);
}

static bool
is_named(const char *label)
{
	size_t i;

	for (i = 0; i < disks.n; i++)
		if (strcmp(disks.items[i], label) == 0)
			return true;
	return false;
}

/* The disks that --disk does not name, NULL at the end. */
static int
list_others(const struct vm *vm, const char ***list, struct err *e)
{
	size_t i, n = 0;

	for (i = 0; i < disks.n; i++)
		if (vm_disk_by_label(vm, disks.items[i]) == NULL)
			return err_set(e, ERR_NOTFOUND,
			    "no disk '%s'; the first is '%s'", disks.items[i],
			    vm->n_disks > 0 ? vm->disks[0].label : "");
	*list = calloc(vm->n_disks + 1, sizeof(**list));
	if (*list == NULL)
		return err_sys(e, ERR_OS, "memory");
	for (i = 0; disks.n > 0 && i < vm->n_disks; i++)
		if (!is_named(vm->disks[i].label))
			(*list)[n++] = vm->disks[i].label;
	return 0;
}

static int
read_vm(struct vim *v, const struct inv_entry *entry, struct vm *vm,
    struct err *e)
{
	if (vm_read(v, &entry->ref, vm, e) == -1)
		return -1;
	free(vm->path);
	vm->path = strdup(entry->path);
	return vm->path == NULL ? err_set(e, ERR_OS, "out of memory") : 0;
}

static void
say_skipped(const struct export_result *r)
{
	struct buf b = { 0 };

	account_tell_skipped(r, &b);
	cmd_say("%s", buf_text(&b));
	buf_free(&b);
}

static int
export_vm(struct vim *v, const struct inv *inv, size_t at, struct err *e)
{
	struct export_result r = { 0 };
	const char **others = NULL;
	struct export_conf conf;
	struct vm vm = { 0 };
	int status = -1;

	fill_conf(&conf);
	if (read_vm(v, &inv->entries[at], &vm, e) == -1 ||
	    list_others(&vm, &others, e) == -1)
		goto out;
	conf.excluded = others;
	conf.has_namesake = namesake_has(inv, at);
	conf.snapshot = vm_is_on(&vm) ? EXPORT_OWN : EXPORT_NONE;
	export_run(v, &vm, &conf, &r, e);
	report(&vm, &r);
	/* A point with trouble behind it: the reason is the run's. */
	if (r.error.class != ERR_NONE)
		*e = r.error;
	status = e->class != ERR_NONE ? -1 : r.exit;
	if (status != -1 && cmd_dry_exit_code && r.changed)
		status = ERR_WORK;
	if (status == ERR_PARTIAL)
		say_skipped(&r);
out:
	export_result_free(&r);
	free(others);
	vm_free(&vm);
	return status;
}

/* Another word for the VM and --disk. */
static int
choose_owner(struct vim *v, const struct inv *inv, const char *file, size_t *at,
    struct err *e)
{
	if (owner_find(v, inv, file, at, &owned, e) == -1)
		return -1;
	disks.items = calloc(2, sizeof(*disks.items));
	if (disks.items == NULL)
		return err_set(e, ERR_OS, "out of memory");
	disks.items[disks.n++] = owned;
	return 0;
}

static int
choose(const struct inv *inv, const char *selector, size_t *at, struct err *e)
{
	bool *picked = calloc(inv->n + 1, sizeof(*picked));
	size_t i, n = 0;
	int rc;

	if (picked == NULL)
		return err_sys(e, ERR_OS, "memory");
	rc = pick_vms(inv, &selector, 1, picked, e);
	for (i = 0; rc == 0 && i < inv->n; i++)
		if (picked[i] && n++ == 0)
			*at = i;
	free(picked);
	if (rc == 0 && n > 1)
		return err_set(e, ERR_USAGE, "one VM at a time: these are %zu",
		    n);
	return rc;
}

static int
run(const char **operands, size_t n, struct err *e)
{
	struct inv inv = { 0 };
	struct vim *v = NULL;
	size_t at = 0;
	int rc = -1;

	if (check_options(operands, n, e) == 0 && (v = conn_open(e)) != NULL &&
	    inv_read(v, &inv, e) == 0 &&
	    (owner_is_file(operands[0])
		    ? choose_owner(v, &inv, operands[0], &at, e)
		    : choose(&inv, operands[0], &at, e)) == 0)
		rc = export_vm(v, &inv, at, e);
	cmd_end_summary(cmd_begin_summary(), rc == -1 ? e->class : rc, e);
	free(owned);
	inv_free(&inv);
	vim_free(v);
	return rc;
}

int
main(int argc, char **argv)
{
	static const struct cmd c = { .name = "esxbk-export-vmdk",
		.about = "Back up a VM's whole disks over the datastore's "
			 "HTTP access.",
		.synopsis = "[OPTION]... -s HOST -u USER -o DIR|- "
			    "VM|'[DATASTORE] PATH.vmdk'",
		.tables = { table, cmd_table_dry_run, conn_table },
		.run = run };

	return cmd_main(&c, argc, argv);
}
