#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/num.h"
#include "base/utf8.h"
#include "cli/cmd.h"
#include "cli/conn.h"
#include "cli/progress.h"
#include "codec/json.h"
#include "job/deploy.h"
#include "job/receipt.h"

enum { WAIT_DEFAULT_S = 300, NAME_MAX_CHARS = 80 };

static const char *name, *datastore, *folder, *pool, *host;
static const char *network_default, *wait_for, *state;
static const char *disk_mode = "thin";
static struct opt_list networks, properties;
static bool no_nics, power_on, keep_identity, is_test, no_verify;
static uint64_t retries = 2;

static const struct opt table[] = {
	{ 0, "name", "NAME", "what the new VM is called", OPT_TEXT, &name },
	{ 0, "datastore", "DS", "where its disks go", OPT_TEXT, &datastore },
	{ 0, "network", "SRC=DST",
	    "the backup's network SRC becomes the host's DST", OPT_LIST,
	    &networks },
	{ 0, "network-default", "NET",
	    "for networks that neither --network names nor the host has",
	    OPT_TEXT, &network_default },
	{ 0, "no-nics", NULL, "connect no network card", OPT_FLAG, &no_nics },
	{ 0, "disk-mode", "thin|thick|eagerZeroedThick",
	    "how its disks are laid out (thin)", OPT_CHOICE, &disk_mode },
	{ 0, "folder", "FOLDER", "VM folder of a vCenter", OPT_TEXT, &folder },
	{ 0, "pool", "POOL", "resource pool", OPT_TEXT, &pool },
	{ 0, "host", "HOST", "host of a vCenter", OPT_TEXT, &host },
	{ 0, "property", "KEY=VALUE", "a property of the descriptor", OPT_LIST,
	    &properties },
	{ 0, "power-on", NULL, "start it", OPT_FLAG, &power_on },
	{ 0, "wait", "tools|ip|off[=TIME]",
	    "until the guest is up (5m at most), or off", OPT_TEXT, &wait_for },
	{ 0, "state", "present",
	    "do nothing if this backup was restored there before", OPT_CHOICE,
	    &state },
	{ 0, "keep-identity", NULL, "uuids and MAC addresses of the original",
	    OPT_FLAG, &keep_identity },
	{ 0, "test", NULL,
	    "start an isolated copy, wait, destroy it: does it boot?", OPT_FLAG,
	    &is_test },
	{ 0, "no-verify", NULL, "for salvage: take damaged files, too",
	    OPT_FLAG, &no_verify },
	{ 0, "retries", "N", "more attempts, each with a new lease (2)",
	    OPT_U64, &retries },
	{ 0 },
};

static struct watch watch;

/* "ip=10m" */
static int
parse_wait(struct deploy_conf *conf, struct err *e)
{
	static const char *const words[] = { "tools", "ip", "off" };
	size_t n = strcspn(wait_for, "="), i;

	conf->waits = true;
	conf->wait_s = WAIT_DEFAULT_S;
	for (i = 0; i < 3; i++)
		if (strlen(words[i]) == n &&
		    strncmp(wait_for, words[i], n) == 0)
			break;
	if (i == 3)
		return err_set(e, ERR_USAGE,
		    "--wait %s: tools, ip or off, and =TIME", wait_for);
	conf->wait = (enum vmop_wait)i;
	if (wait_for[n] == '\0')
		return 0;
	if (num_duration(wait_for + n + 1, &conf->wait_s, e) == -1)
		return err_ctx(e, "--wait");
	return conf->wait_s > 0
	    ? 0
	    : err_set(e, ERR_USAGE, "--wait: no time at all");
}

static int
check_test(struct err *e)
{
	if (name != NULL || power_on || keep_identity || state != NULL)
		return err_set(e, ERR_USAGE,
		    "--test has a name of its own and starts the VM: no %s",
		    name != NULL        ? "--name"
			: power_on      ? "--power-on"
			: keep_identity ? "--keep-identity"
					: "--state");
	return 0;
}

/* Whether the backup has these networks is not known yet. */
static int
check_networks(struct err *e)
{
	size_t i;

	for (i = 0; i < networks.n; i++)
		if (strchr(networks.items[i], '=') == NULL)
			return err_set(e, ERR_USAGE,
			    "--network %s: not SRC=DST", networks.items[i]);
	return 0;
}

/* A server would refuse a longer one only after the check, and take another in
 * place of what XML does not hold. */
static int
check_name(struct err *e)
{
	const char *p = name;
	size_t left, n, chars;
	uint32_t c;

	if (name == NULL || name[0] == '\0')
		return err_set(e, ERR_USAGE,
		    "what is the new VM called? Give --name NAME");
	left = strlen(p);
	for (chars = 0; left > 0; chars++, p += n, left -= n) {
		n = utf8_next(p, left, &c);
		if (n == 0 || utf8_is_control(c))
			return err_set(e, ERR_USAGE,
			    "--name: not text in UTF-8 on one line");
	}
	if (chars > NAME_MAX_CHARS)
		return err_set(e, ERR_USAGE,
		    "--name: %zu characters, a VM's name has %d at most", chars,
		    NAME_MAX_CHARS);
	return 0;
}

static int
check_options(const char **operands, size_t n, struct err *e)
{
	if (n != 1)
		return err_set(e, ERR_USAGE, "%s",
		    n == 0 ? "which backup? Give a point, an .ovf, an .ova or "
			     "- for standard input"
			   : "one backup at a time");
	if (strcmp(operands[0], "-") == 0 && isatty(STDIN_FILENO) == 1)
		return err_set(e, ERR_USAGE,
		    "standard input is a terminal, there is no OVA in it");
	if (check_networks(e) == -1)
		return -1;
	if (is_test)
		return check_test(e);
	if (check_name(e) == -1)
		return -1;
	if (wait_for != NULL && !power_on)
		return err_set(e, ERR_USAGE,
		    "--wait is for a VM that is started: add --power-on");
	return 0;
}

/* The list of --property, each text cut at its '='. */
struct settings {
	struct import_property *list;
	char **texts;
};

static int
split_properties(struct settings *s, struct err *e)
{
	size_t i;
	char *eq;

	s->list = calloc(properties.n + 1, sizeof(*s->list));
	s->texts = calloc(properties.n + 1, sizeof(*s->texts));
	if (s->list == NULL || s->texts == NULL)
		return err_sys(e, ERR_OS, "memory");
	for (i = 0; i < properties.n; i++) {
		s->texts[i] = strdup(properties.items[i]);
		if (s->texts[i] == NULL)
			return err_sys(e, ERR_OS, "memory");
		eq = strchr(s->texts[i], '=');
		if (eq == NULL || eq == s->texts[i])
			return err_set(e, ERR_USAGE, "--property: KEY=VALUE");
		*eq = '\0';
		s->list[i].key = s->texts[i];
		s->list[i].value = eq + 1;
	}
	return 0;
}

static void
free_properties(struct settings *s)
{
	size_t i;

	for (i = 0; s->texts != NULL && i < properties.n; i++)
		free(s->texts[i]);
	free(s->texts);
	free(s->list);
}

static int
fill_conf(const char *source, struct deploy_conf *conf, struct err *e)
{
	watch = progress_watch(&cmd_progress);
	*conf = (struct deploy_conf){ .source = source,
		.name = name,
		.run = conn_run(),
		.want = { datastore, folder, pool, host },
		.networks = { networks.items, network_default,
		    no_nics || is_test },
		.disk_mode = disk_mode,
		.no_nics = no_nics || is_test,
		.keep_identity = keep_identity,
		.passes_damage = no_verify,
		.is_idempotent = state != NULL,
		.is_test = is_test,
		.power_on = power_on || is_test,
		.waits = is_test,
		.wait_s = WAIT_DEFAULT_S,
		.retries = retries,
		.is_dry_run = cmd_dry_run,
		.watch = &watch };
	return wait_for == NULL ? 0 : parse_wait(conf, e);
}

/* One line of what would be, all names from servers made harmless. */
static void
print_line(const struct deploy_result *r, const char *what, const char *a,
    const char *b)
{
	struct buf line = { 0 };

	buf_fmt(&line, "%s: %s%s%s", r->name, what, a, b);
	if (line.data != NULL && !line.failed) {
		utf8_make_line(line.data);
		cmd_print("%s\n", line.data);
	}
	buf_free(&line);
}

static void
print_dry(const struct deploy_result *r)
{
	const char *key;
	json_t *value;

	print_line(r, r->changed ? "would be restored" : "is there as asked",
	    "", "");
	if (!r->changed)
		return; /* it need not be there */
	json_object_foreach(r->placement, key, value) if (json_is_string(value))
	    print_line(r, key, " ", json_string_value(value));
	json_object_foreach(r->networks, key, value)
	{
		struct buf to = { 0 };

		buf_fmt(&to, "network %s becomes ", key);
		print_line(r, buf_text(&to), json_string_value(value), "");
		buf_free(&to);
	}
}

static void
report(const struct deploy_result *r)
{
	json_t *doc = receipt_result(r);

	if (conn_is_insecure())
		json_set_bool(doc, "insecure", true);
	cmd_print_json(doc);
	json_decref(doc);
	if (cmd_json)
		return;
	if (r->is_dry_run && r->exit == 0)
		print_dry(r);
	else if (r->is_test && r->exit == 0)
		cmd_print("%.1f\n", (double)r->boot_ms / 1000);
	else if (!r->is_test && r->moid != NULL)
		cmd_print("%s\n", r->moid);
}

static int
deploy(struct vim *v, const struct deploy_conf *conf, struct err *e)
{
	struct deploy_result r = { 0 };
	struct err own = { 0 };
	int status;

	if (deploy_run(v, conf, &r, &own) == 0)
		own = r.error;
	report(&r);
	status = own.class >= ERR_SIGNAL ? own.class : r.exit;
	if (status == 0 && cmd_dry_exit_code && r.is_dry_run && r.changed)
		status = ERR_WORK;
	cmd_end_summary(cmd_begin_summary(), status, &own);
	deploy_result_free(&r);
	if (status >= ERR_SIGNAL) {
		*e = own;
		return -1;
	}
	if (own.class != ERR_NONE)
		cmd_say("%s", own.text);
	return status;
}

static int
run(const char **operands, size_t n, struct err *e)
{
	struct settings settings = { 0 };
	struct deploy_conf conf;
	struct vim *v = NULL;
	int rc = -1;

	if (check_options(operands, n, e) == 0 &&
	    fill_conf(operands[0], &conf, e) == 0 &&
	    split_properties(&settings, e) == 0 && (v = conn_open(e)) != NULL) {
		conf.properties = settings.list;
		conf.n_properties = properties.n;
		rc = deploy(v, &conf, e);
	} else {
		cmd_end_summary(cmd_begin_summary(), e->class, e);
	}
	free_properties(&settings);
	vim_free(v);
	return rc;
}

int
main(int argc, char **argv)
{
	static const struct cmd c = { .name = "esxbk-deploy-ovf",
		.about = "Restore a backup as a VM of a host or vCenter.",
		.synopsis = "[OPTION]... -s HOST -u USER --name NAME "
			    "POINT|FILE.ovf|FILE.ova|-",
		.tables = { table, cmd_table_dry_run, conn_table },
		.run = run };

	return cmd_main(&c, argc, argv);
}
