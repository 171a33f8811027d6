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
#include "store/name.h"
#include "vsphere/inv.h"
#include "vsphere/pick.h"

static const char *output, *plan;
static const char *format = "dir", *snapshot = "auto", *quiesce = "try";
static const char *digest = "sha256", *min_free = "5%";
static struct opt_list excluded;
static uint64_t threads = CONN_UNSET, if_older, retries = 2;

static const struct opt table[] = {
	{ 'o', "output", "DIR",
	    "put the point into DIR; an OVA: FILE.ova, - for standard output",
	    OPT_TEXT, &output },
	{ 0, "format", "dir|ova", "a folder of files, or one OVA (dir)",
	    OPT_CHOICE, &format },
	{ 0, "snapshot", "auto|never|NAME",
	    "a temporary one; none (stopped VM); an existing one (auto)",
	    OPT_TEXT, &snapshot },
	{ 0, "quiesce", "off|try|require",
	    "ask VMware Tools to quiesce the guest (try)", OPT_CHOICE,
	    &quiesce },
	{ 0, "exclude-disk", "LABEL", "leave this disk out", OPT_LIST,
	    &excluded },
	{ 0, "digest", "sha256|sha512|sha1", "digest of the manifest (sha256)",
	    OPT_CHOICE, &digest },
	{ 'j', "jobs", "N", "disks at once (2)", OPT_U64, &threads },
	{ 0, "if-older", "TIME", "do nothing if the newest point is younger",
	    OPT_DURATION, &if_older },
	{ 0, "min-datastore-free", "N%|SIZE",
	    "make no snapshot with less free on the VM's datastores (5%)",
	    OPT_TEXT, &min_free },
	{ 0, "retries", "N", "more attempts, each with a new lease (2)",
	    OPT_U64, &retries },
	{ 0, "plan", "NAME", "the plan this point belongs to", OPT_TEXT,
	    &plan },
	{ 0 },
};

/* How the VMs of one call came out. */
struct tally {
	size_t total;
	size_t good;
	size_t partial;
	size_t changed;
	int status;         /* the most permanent failure's */
	struct buf missing; /* what partial backups do not hold */
};

static struct watch watch;

static bool
is_ova(void)
{
	return strcmp(format, "ova") == 0;
}

static bool
has_ova_name(void)
{
	size_t n = strlen(output);

	return n > 4 && output[n - 5] != '/' &&
	    strcasecmp(output + n - 4, ".ova") == 0;
}

static int
check_dir(struct err *e)
{
	if (strcmp(output, "-") == 0)
		return err_set(e, ERR_USAGE,
		    "--format dir cannot be written to standard output, "
		    "--format ova can");
	if (has_ova_name())
		return err_set(e, ERR_USAGE,
		    "for the file %s say --format ova, for a folder '%s/'",
		    output, output);
	return 0;
}

static int
check_ova(struct err *e)
{
	if (if_older != 0 || plan != NULL)
		return err_set(e, ERR_USAGE, "%s is for points, an OVA is none",
		    if_older != 0 ? "--if-older" : "--plan");
	if (strcmp(output, "-") != 0)
		return has_ova_name() ? 0
				      : err_set(e, ERR_USAGE,
					    "--format ova wants --output "
					    "FILE.ova, or -");
	/* It takes the archive and nothing else. */
	if (cmd_json)
		return err_set(e, ERR_USAGE,
		    "standard output takes the archive: give --result FILE "
		    "in place of --json");
	if (!cmd_dry_run && isatty(STDOUT_FILENO) == 1)
		return err_set(e, ERR_USAGE,
		    "standard output is a terminal, no place for an archive");
	return 0;
}

static int
check_options(size_t n, struct err *e)
{
	struct export_conf ignored = { 0 };

	if (output == NULL)
		return err_set(e, ERR_USAGE, "where to? Give --output DIR");
	if ((is_ova() ? check_ova(e) : check_dir(e)) == -1)
		return -1;
	if (n == 0)
		return err_set(e, ERR_USAGE, "which VM?");
	if (threads == 0 || (threads > 16 && threads != CONN_UNSET))
		return err_set(e, ERR_USAGE, "--jobs: from 1 to 16");
	if (num_share(min_free, &ignored.min_free_percent,
		&ignored.min_free_bytes, e) == -1)
		return err_ctx(e, "--min-datastore-free");
	return 0;
}

static void
fill_conf(struct export_conf *conf)
{
	watch = progress_watch(&cmd_progress);
	*conf = (struct export_conf){ .dir = is_ova() ? NULL : output,
		.archive = is_ova() ? output : NULL,
		.run = conn_run(),
		.plan = plan,
		.snapshot_name = snapshot,
		.threads = conn_disks(threads),
		.excluded = excluded.items,
		.if_older_s = if_older,
		.retries = retries,
		.is_dry_run = cmd_dry_run,
		.watch = &watch };
	conf->snapshot = strcmp(snapshot, "auto") == 0 ? EXPORT_OWN
	    : strcmp(snapshot, "never") == 0           ? EXPORT_NONE
						       : EXPORT_NAMED;
	conf->quiesce = strcmp(quiesce, "off") == 0 ? SNAP_QUIESCE_OFF
	    : strcmp(quiesce, "try") == 0           ? SNAP_QUIESCE_TRY
						    : SNAP_QUIESCE_REQUIRE;
	/* Checked before: these cannot fail. */
	digest_parse(digest, &conf->digest);
	num_share(min_free, &conf->min_free_percent, &conf->min_free_bytes,
	    &(struct err){ 0 });
}

/* What no retry mends outranks what one may. */
static bool
outranks(int status, int other)
{
	return other == 0 || other == ERR_UNAVAIL || other == ERR_IO ||
	    other == ERR_TEMP || status == other;
}

static void
count(struct tally *t, const struct export_result *r)
{
	t->total++;
	t->changed += r->changed;
	t->good += r->exit == 0;
	t->partial += r->exit == ERR_PARTIAL;
	if (r->exit == ERR_PARTIAL)
		account_tell_skipped(r, &t->missing);
	if (r->exit != 0 && r->exit != ERR_PARTIAL &&
	    outranks(r->exit, t->status))
		t->status = r->exit;
}

static void
print_dry(const struct vm *vm, bool changed)
{
	char *name = strdup(vm->name);

	if (name != NULL)
		utf8_make_line(name); /* it comes from the server */
	cmd_print("%s: %s\n", name == NULL ? vm->ref.id : name,
	    changed ? "would be exported" : "is up to date");
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
	if (cmd_json)
		return;
	if (r->is_dry_run && r->error.class == ERR_NONE)
		print_dry(vm, r->changed);
	else if (r->path != NULL)
		cmd_print("%s\n", r->path);
}

/* Enough of a VM that could not be read to tell which one it was. */
static int
name_vm(const struct inv_entry *entry, struct vm *vm, struct err *e)
{
	vm->ref = entry->ref;
	if (vm->name == NULL) {
		vm->name = strdup(entry->name);
		vm->uuid = strdup(entry->uuid);
		vm->instance_uuid = strdup(entry->instance_uuid);
	}
	free(vm->path);
	vm->path = strdup(entry->path);
	if (vm->name == NULL || vm->uuid == NULL || vm->instance_uuid == NULL ||
	    vm->path == NULL)
		return err_sys(e, ERR_OS, "memory");
	return 0;
}

static void
export_one(struct vim *v, const struct inv *inv, size_t at, struct tally *t,
    struct err *e)
{
	const struct inv_entry *entry = &inv->entries[at];
	struct export_result r = { 0 };
	struct export_conf conf;
	struct vm vm = { 0 };
	struct err own = { 0 };

	fill_conf(&conf);
	conf.has_namesake = namesake_has(inv, at);
	vm_read(v, &entry->ref, &vm, &own);
	if (name_vm(entry, &vm, e) == -1)
		goto out;
	if (own.class == ERR_NONE)
		export_run(v, &vm, &conf, &r, e);
	else
		export_fail(&vm, &own, &r, e);
	report(&vm, &r);
	count(t, &r);
	/* A point with trouble behind it: the reason is the run's. */
	if (r.error.class != ERR_NONE)
		*e = r.error;
out:
	export_result_free(&r);
	vm_free(&vm);
}

/* One VM: its own reason and status.  Several: all good 0, some failed 3,
 * all failed alike that status, else the most permanent. */
static int
conclude(struct tally *t, const struct err *last)
{
	size_t failed = t->total - t->good - t->partial;

	if (cmd_dry_exit_code && t->changed > 0 && failed == 0)
		return ERR_WORK;
	if (t->total == t->good)
		return 0;
	if (t->total == 1) {
		cmd_say("%s",
		    last->class != ERR_NONE ? last->text
					    : buf_text(&t->missing));
		return t->status != 0 ? t->status : ERR_PARTIAL;
	}
	cmd_say("of %zu VMs: %zu failed, %zu partial%s%s%s%s", t->total, failed,
	    t->partial, last->class != ERR_NONE ? ": " : "", last->text,
	    t->missing.len > 0 ? "; " : "", buf_text(&t->missing));
	return failed == t->total ? t->status : ERR_PARTIAL;
}

static void
print_summary(const struct tally *t, int status, const struct err *e)
{
	json_t *doc = cmd_begin_summary();

	json_set_int(doc, "vms", (long long)t->total);
	json_set_int(doc, "ok", (long long)t->good);
	json_set_int(doc, "partial", (long long)t->partial);
	json_set_int(doc, "failed",
	    (long long)(t->total - t->good - t->partial));
	cmd_end_summary(doc, status, e);
}

static int
export_picked(struct vim *v, const struct inv *inv, const bool *picked,
    struct err *e)
{
	struct tally t = { 0 };
	struct err last = { 0 };
	int status;
	size_t i;

	for (i = 0; i < inv->n; i++) {
		struct err own = { 0 };

		if (!picked[i])
			continue;
		export_one(v, inv, i, &t, &own);
		if (own.class == ERR_NONE)
			continue;
		if (last.class != ERR_NONE)
			log_error("%s", last.text);
		last = own;
		if (own.class >= ERR_SIGNAL)
			break;
	}
	status = last.class >= ERR_SIGNAL ? last.class : conclude(&t, &last);
	print_summary(&t, status, &last);
	buf_free(&t.missing);
	if (last.class >= ERR_SIGNAL) {
		*e = last;
		return -1;
	}
	return status;
}

static int
check_count(const struct inv *inv, const bool *picked, struct err *e)
{
	size_t i, n = 0;

	for (i = 0; i < inv->n; i++)
		n += picked[i];
	if (is_ova() && n > 1)
		return err_set(e, ERR_USAGE,
		    "an OVA holds one VM, these are %zu", n);
	return 0;
}

/* What the operands mean; picked has room for all of the inventory. */
static int
choose(struct vim *v, const char **operands, size_t n, struct inv *inv,
    bool **picked, struct err *e)
{
	if (inv_read(v, inv, e) == -1)
		return -1;
	*picked = calloc(inv->n + 1, sizeof(**picked));
	if (*picked == NULL)
		return err_sys(e, ERR_OS, "memory");
	return pick_vms(inv, operands, n, *picked, e) == -1
	    ? -1
	    : check_count(inv, *picked, e);
}

static int
run(const char **operands, size_t n, struct err *e)
{
	struct inv inv = { 0 };
	bool *picked = NULL;
	struct vim *v = NULL;
	int rc = -1;

	if (check_options(n, e) == 0 && (v = conn_open(e)) != NULL &&
	    choose(v, operands, n, &inv, &picked, e) == 0)
		rc = export_picked(v, &inv, picked, e);
	else
		print_summary(&(struct tally){ 0 }, e->class, e);
	free(picked);
	inv_free(&inv);
	vim_free(v);
	return rc;
}

int
main(int argc, char **argv)
{
	static const struct cmd c = { .name = "esxbk-export-ovf",
		.about = "Back up VMs as OVF over HttpNfcLease.",
		.synopsis =
		    "[OPTION]... -s HOST -u USER -o DIR|FILE.ova|- VM...",
		.tables = { table, cmd_table_dry_run, conn_table },
		.run = run };

	return cmd_main(&c, argc, argv);
}
