#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "account.h"
#include "base/clock.h"
#include "base/log.h"
#include "place.h"
#include "plan.h"
#include "plan/units.h"
#include "systemctl.h"

static const char *format = "systemd", *output, *user;
static bool does_install, does_remove, shows_diff;

static const struct opt table[] = {
	{ 0, "format", "systemd|cron", "for which of them (systemd)",
	    OPT_CHOICE, &format },
	{ 'o', "output", "DIR", "write the files into DIR", OPT_TEXT, &output },
	{ 0, "install", NULL, "write them where they belong, and enable them",
	    OPT_FLAG, &does_install },
	{ 0, "remove", NULL, "remove them from there", OPT_FLAG, &does_remove },
	{ 0, "diff", NULL, "only show what would change; exit 10 if anything",
	    OPT_FLAG, &shows_diff },
	{ 0, "user", "NAME", "who runs the plans (systemd: esxbk, cron: root)",
	    OPT_TEXT, &user },
	{ 0 },
};

static bool
is_systemd(void)
{
	return strcmp(format, "systemd") == 0;
}

/* Not just shown: then crontabs of the system, which name a user. */
static bool
has_place(void)
{
	return does_install || does_remove || shows_diff || output != NULL;
}

static const char *
folder(void)
{
	if (output != NULL)
		return output;
	return is_systemd() ? "/etc/systemd/system" : "/etc/cron.d";
}

static bool
is_user_name(const char *s)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_-."
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	size_t n = strspn(s, letters);

	return n > 0 && n <= 32 && s[n] == '\0' && s[0] != '-' && s[0] != '.';
}

static int
check_options(size_t n_plans, struct err *e)
{
	bool is_cron = !is_systemd();

	if (does_install + does_remove + (output != NULL) > 1 &&
	    !(does_remove && output != NULL && !does_install))
		return err_set(e, ERR_USAGE,
		    "--install goes neither with --remove nor with --output");
	if (is_cron && n_plans > 0)
		return err_set(e, ERR_USAGE,
		    "a crontab has one line for all plans: name none");
	if (user != NULL && !is_user_name(user))
		return err_set(e, ERR_USAGE, "--user: not a user's name");
	if (user != NULL && is_cron && !has_place())
		return err_set(e, ERR_USAGE,
		    "--user: a user's own crontab names none; with --install "
		    "or --output");
	if (user == NULL)
		user = is_systemd() ? "esxbk" : "root";
	return 0;
}

/* --- the texts -------------------------------------------------------------
 */

static char *
own_path(struct err *e)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *copy;

	if (n == -1) {
		err_sys(e, ERR_OS, "/proc/self/exe");
		return NULL;
	}
	path[n] = '\0';
	copy = strdup(path);
	if (copy == NULL)
		err_sys(e, ERR_OS, "memory");
	return copy;
}

/* The path to be given by --config; *path is NULL if the plan finds it
 * itself: a user may have one of his own in front of that. */
static int
config_path(const struct conf *c, char **path, struct err *e)
{
	bool by_system = is_systemd() || has_place() || geteuid() == 0;

	if (by_system && strcmp(c->path, "/etc/esxbk/esxbk.json") == 0)
		return 0;
	*path = c->path[0] == '/' ? strdup(c->path) : realpath(c->path, NULL);
	return *path == NULL ? err_sys(e, ERR_OS, "%s", c->path) : 0;
}

static int
make_units(struct units *u, const struct conf *c,
    const struct conf_plan *const *plans, size_t n, struct err *e)
{
	struct units_how how = { .now = clock_now() };
	char *program = own_path(e), *config = NULL;
	int rc = -1;

	if (program == NULL || config_path(c, &config, e) == -1)
		goto out;
	how.program = program;
	how.config = config;
	how.user = is_systemd() || has_place() ? user : NULL;
	rc = is_systemd() ? units_systemd(u, c, plans, n, &how, e)
			  : units_cron(u, c, &how, e);
out:
	free(program);
	free(config);
	return rc;
}

/* --- telling ---------------------------------------------------------------
 */

static void
print_file_json(const char *name, const char *path, const char *action,
    const char *text)
{
	json_t *o = json_object();

	json_set_text(o, "schema", "esxbk.result/1");
	json_set_text(o, "type", "file");
	json_set_text(o, "name", name);
	if (path != NULL) {
		json_set_text(o, "path", path);
		json_set_text(o, "action", action);
		json_set_bool(o, "changed", strcmp(action, "keep") != 0);
	}
	if (text != NULL)
		json_set_text(o, "text", text);
	cmd_print_json(o);
	json_decref(o);
}

static void
print_summary(size_t n, size_t changes, int status, const struct err *e)
{
	json_t *o = cmd_begin_summary();

	json_set_int(o, "files", (long long)n);
	json_set_int(o, "changes", (long long)changes);
	json_set_bool(o, "changed", changes > 0);
	cmd_end_summary(o, status, e);
}

/* As "systemctl cat" does. */
static void
print_units(const struct units *u)
{
	size_t i;

	for (i = 0; i < u->n; i++) {
		print_file_json(u->files[i].name, NULL, NULL, u->files[i].text);
		if (cmd_json)
			continue;
		if (is_systemd())
			cmd_print("%s# %s/%s\n", i == 0 ? "" : "\n", folder(),
			    u->files[i].name);
		cmd_print("%s", u->files[i].text);
	}
}

static int
print_change(const struct place_file *f, struct err *e)
{
	const char *action = f->new == NULL ? "remove" : "write";
	struct buf b = { 0 };
	int rc = 0;

	if (!place_changes(f))
		action = "keep";
	print_file_json(f->name, f->path, action, f->new);
	if (cmd_json || !place_changes(f))
		return 0;
	if (shows_diff)
		units_diff(f->path, f->old, f->new, &b);
	else
		buf_fmt(&b, "%s %s\n", action, f->path);
	rc = buf_check(&b, e);
	cmd_print("%s", buf_text(&b));
	buf_free(&b);
	return rc;
}

static int
print_changes(const struct place *p, size_t *changes, struct err *e)
{
	size_t i;

	for (i = 0; i < p->n; i++) {
		*changes += place_changes(&p->files[i]);
		if (print_change(&p->files[i], e) == -1)
			return -1;
	}
	return 0;
}

/* --- what is done ----------------------------------------------------------
 */

/* Two that start the same plans would be in each other's way. */
static void
look_for_the_other(void)
{
	static const struct units none = { 0 };
	struct place p = { 0 };
	struct err e = { 0 };
	int rc;

	if (is_systemd()) {
		rc = place_open(&p, "/etc/cron.d", &none, &e);
		if (rc == 0)
			rc = place_add_old(&p, "esxbk", &e);
	} else {
		rc = place_open(&p, "/etc/systemd/system", &none, &e);
		if (rc == 0)
			rc = place_add_stale(&p, NULL, 0, &e);
	}
	if (rc == 0 && p.n > 0)
		log_warn("%s starts the plans, too: esxbk-plan schedule "
			 "--format=%s --remove",
		    p.files[0].path, is_systemd() ? "cron" : "systemd");
	place_free(&p);
}

static int
look_at_place(struct place *p, const struct units *u, const char **names,
    size_t n, struct err *e)
{
	if (place_open(p, folder(), u, e) == -1)
		return -1;
	if (is_systemd())
		return place_add_stale(p, names, n, e);
	return place_add_old(p, "esxbk", e);
}

static int
apply(struct place *p, struct err *e)
{
	bool is_live = is_systemd() && output == NULL;

	if (is_live && systemctl_stop(p, e) == -1)
		return -1;
	if (place_apply(p, e) == -1)
		return -1;
	return is_live ? systemctl_start(p, e) : 0;
}

/* Compares, tells and, unless that is all, does it. */
static int
bring_about(const struct units *u, const char **names, size_t n, struct err *e)
{
	struct place p = { 0 };
	size_t changes = 0;
	int rc = -1;

	if (look_at_place(&p, u, names, n, e) == -1 ||
	    print_changes(&p, &changes, e) == -1)
		goto out;
	rc = 0;
	if (shows_diff || cmd_dry_run) {
		if (changes > 0 && (shows_diff || cmd_dry_exit_code))
			rc = ERR_WORK;
	} else if (apply(&p, e) == -1) {
		rc = -1;
	}
out:
	print_summary(p.n, changes, rc == -1 ? e->class : rc, e);
	place_free(&p);
	return rc;
}

static int
install(const struct units *u, const struct conf *c,
    const struct conf_plan *const *plans, size_t n, const char **names,
    size_t n_names, struct err *e)
{
	bool is_real = does_install && !cmd_dry_run && !shows_diff;
	int rc;

	if (is_real && account_make(user, e) == -1)
		return -1;
	rc = bring_about(u, names, n_names, e);
	if (rc == 0 && is_real) {
		account_look(user, c, plans, n, is_systemd());
		look_for_the_other();
	}
	return rc;
}

static int
make_and_use(const char **names, size_t n_names, struct err *e)
{
	const struct conf_plan **plans = NULL;
	struct units u = { 0 };
	struct conf c = { 0 };
	size_t n = 0;
	int rc = -1;

	if (plan_read_conf(&c, e) == -1)
		goto out;
	plans = plan_choose(&c, names, n_names, &n, e);
	if (plans == NULL || make_units(&u, &c, plans, n, e) == -1)
		goto out;
	if (has_place()) {
		rc = install(&u, &c, plans, n, names, n_names, e);
	} else {
		print_units(&u);
		print_summary(u.n, 0, 0, e);
		rc = 0;
	}
out:
	units_free(&u);
	free(plans);
	conf_free(&c);
	return rc;
}

static int
run(const char **operands, size_t n, struct err *e)
{
	static const struct units none = { 0 };

	if (check_options(n, e) == -1)
		return -1;
	/* The configuration may be gone by then. */
	if (does_remove)
		return bring_about(&none, operands, n, e);
	return make_and_use(operands, n, e);
}

const struct cmd plan_schedule = { .name = "schedule",
	.about = "Make what systemd or cron need to start the plans.",
	.synopsis = "[OPTION]... [-o DIR|--install|--remove] [PLAN]...",
	.tables = { table, plan_table, cmd_table_dry_run },
	.run = run };
