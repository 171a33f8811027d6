#include <stdlib.h>
#include <string.h>
#include "plan/units_internal.h"

/* "%" begins a specifier, also within quotes. */
static void
add_plain(struct buf *b, const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s == '%')
			buf_char(b, '%');
		buf_char(b, *s);
	}
}

/* A word of a list of words; before stands in it, unchanged. */
static void
add_word(struct buf *b, const char *before, const char *s, bool is_argument)
{
	bool quote = strpbrk(s, " '\"\\;#") != NULL;

	if (quote)
		buf_char(b, '"');
	buf_puts(b, before);
	for (; *s != '\0'; s++) {
		if (*s == '%' || (*s == '$' && is_argument))
			buf_char(b, *s);
		else if (*s == '"' || *s == '\\')
			buf_char(b, '\\');
		buf_char(b, *s);
	}
	if (quote)
		buf_char(b, '"');
}

/* --- the template ----------------------------------------------------------
 */

/* What the service may not do is what no backup needs.  A credential, a
 * folder to write to and a mount to wait for are a plan's own. */
static const char hardening[] =
    "NoNewPrivileges=yes\n"
    "AmbientCapabilities=\n"
    "ProtectSystem=strict\n"
    "ProtectHome=yes\n"
    "PrivateTmp=yes\n"
    "PrivateDevices=yes\n"
    "PrivateIPC=yes\n"
    "ProtectProc=invisible\n"
    "ProtectClock=yes\n"
    "ProtectHostname=yes\n"
    "ProtectControlGroups=yes\n"
    "ProtectKernelLogs=yes\n"
    "ProtectKernelModules=yes\n"
    "ProtectKernelTunables=yes\n"
    "LockPersonality=yes\n"
    "MemoryDenyWriteExecute=yes\n"
    "RemoveIPC=yes\n"
    "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK\n"
    "RestrictNamespaces=yes\n"
    "RestrictRealtime=yes\n"
    "RestrictSUIDSGID=yes\n"
    "SystemCallArchitectures=native\n"
    "SystemCallFilter=@system-service\n"
    "SystemCallFilter=~@privileged @resources\n"
    "SystemCallErrorNumber=EPERM\n";

static void
add_user(struct buf *b, const char *user)
{
	buf_fmt(b, "User=%s\n", user);
	if (strcmp(user, "root") != 0) {
		buf_puts(b, "CapabilityBoundingSet=\n");
		return;
	}
	/* Files of other owners; and the folder of its locks. */
	buf_puts(b,
	    "CapabilityBoundingSet=CAP_DAC_OVERRIDE CAP_FOWNER\n"
	    "RuntimeDirectory=esxbk\n"
	    "RuntimeDirectoryMode=0700\n"
	    "RuntimeDirectoryPreserve=yes\n");
}

static int
add_template(struct units *u, const struct units_how *how, struct err *e)
{
	struct buf b = { 0 };

	buf_fmt(&b, "%s\n[Unit]\n", units_marker);
	buf_puts(&b,
	    "Description=Backups of VMs by plan %i\n"
	    "Documentation=man:esxbk-plan(1)\n"
	    "Wants=network-online.target\n"
	    "After=network-online.target remote-fs.target\n"
	    "\n[Service]\n"
	    "Type=oneshot\n"
	    "ExecStart=");
	add_word(&b, "", how->program, false);
	if (how->config != NULL) {
		buf_puts(&b, " run --scheduled --config ");
		add_word(&b, "", how->config, true);
		buf_puts(&b, " %i\n");
	} else {
		buf_puts(&b, " run --scheduled %i\n");
	}
	/* Stopped by somebody, it has cleaned up: no failure. */
	buf_puts(&b,
	    "SuccessExitStatus=143\n"
	    "KillMode=mixed\n"
	    "TimeoutStopSec=30min\n"
	    "StateDirectory=esxbk\n"
	    "StateDirectoryMode=0700\n"
	    "UMask=0077\n\n");
	add_user(&b, how->user);
	buf_puts(&b, hardening);
	return units_add(u, strdup("esxbk-plan@.service"), &b, e);
}

/* --- a plan's own ----------------------------------------------------------
 */

/* What a plan's run reads, writes or executes, one at a time. */
struct needs {
	struct buf unit, service;
	const char *credentials[64];
	size_t n_credentials;
	bool is_at_home;
};

static bool
is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return strncmp(path, dir, n) == 0 && (path[n] == '/' || path[n] == 0);
}

/* ProtectHome=yes would hide it. */
static void
see_path(struct needs *n, const char *path)
{
	if (path != NULL &&
	    (is_below(path, "/home") || is_below(path, "/root") ||
		is_below(path, "/run/user")))
		n->is_at_home = true;
}

static int
see_secret(struct needs *n, const struct conf_secret *s, struct err *e)
{
	size_t i;

	if (s->kind == CONF_SECRET_FILE)
		see_path(n, s->name);
	if (s->kind == CONF_SECRET_COMMAND && s->argv.n > 0)
		see_path(n, s->argv.items[0]);
	if (s->kind != CONF_CREDENTIAL)
		return 0;
	if (strpbrk(s->name, ":/\n") != NULL)
		return err_set(e, ERR_CONFIG,
		    "credential '%s': no ':' or '/' goes into such a name",
		    s->name);
	for (i = 0; i < n->n_credentials; i++)
		if (strcmp(n->credentials[i], s->name) == 0)
			return 0;
	if (i == sizeof(n->credentials) / sizeof(void *))
		return err_set(e, ERR_CONFIG, "more than %zu credentials", i);
	n->credentials[n->n_credentials++] = s->name;
	buf_puts(&n->service, "LoadCredential=");
	add_plain(&n->service, s->name);
	buf_puts(&n->service, ":/etc/esxbk/credentials/");
	add_plain(&n->service, s->name);
	buf_char(&n->service, '\n');
	return 0;
}

/* One that is not there must not keep us from saying so ("-"). */
static int
see_writable(struct needs *n, const char *path, const char *what, struct err *e)
{
	if (units_check_path(path, what, e) == -1)
		return -1;
	see_path(n, path);
	buf_puts(&n->service, "ReadWritePaths=");
	add_word(&n->service, "-", path, false);
	buf_char(&n->service, '\n');
	return 0;
}

static int
see_targets(struct needs *n, const struct conf *c, const struct conf_plan *p,
    struct err *e)
{
	size_t i, t;

	for (i = 0; i < p->replicate.n; i++)
		for (t = 0; t < c->n_targets; t++)
			if (!c->targets[t].is_rclone &&
			    strcmp(c->targets[t].name, p->replicate.items[i]) ==
				0 &&
			    see_writable(n, c->targets[t].path, "target", e) ==
				-1)
				return -1;
	return 0;
}

static int
see_notify(struct needs *n, const struct conf_notify *to, struct err *e)
{
	see_path(n, to->cacert);
	if (to->argv.n > 0)
		see_path(n, to->argv.items[0]);
	return see_secret(n, &to->password, e);
}

static int
see_plan(struct needs *n, const struct conf *c, const struct conf_plan *p,
    const struct units_how *how, struct err *e)
{
	size_t i, h;

	if (see_writable(n, p->repo->path, "repository", e) == -1)
		return -1;
	buf_puts(&n->unit, "RequiresMountsFor=");
	add_word(&n->unit, "", p->repo->path, false);
	buf_char(&n->unit, '\n');
	if (see_targets(n, c, p, e) == -1 ||
	    see_secret(n, &p->site->password, e) == -1)
		return -1;
	for (i = 0; i < p->n_notify; i++)
		if (see_notify(n, p->notify[i], e) == -1)
			return -1;
	for (h = 0; h < CONF_HOOKS; h++)
		for (i = 0; i < p->hooks.n[h]; i++)
			if (p->hooks.argv[h][i].n > 0)
				see_path(n, p->hooks.argv[h][i].items[0]);
	see_path(n, p->site->cacert);
	see_path(n, how->program);
	see_path(n, how->config);
	return 0;
}

/* What may pass (69, 74, 75, an end by a signal) is tried up to three more
 * times, as run --due does it; systemd knows but one pause.  A timer in its own
 * words may come as often as it likes. */
static void
add_retries(struct needs *n, const struct conf_plan *p)
{
	if (p->retry_for_s == 0 || p->schedule.kind == SCHEDULE_NONE ||
	    p->schedule.kind == SCHEDULE_CALENDAR)
		return;
	buf_puts(&n->unit,
	    "StartLimitIntervalSec=250min\n"
	    "StartLimitBurst=4\n");
	buf_puts(&n->service,
	    "Restart=on-failure\n"
	    "RestartSec=1h\n"
	    "RestartPreventExitStatus=1 3 4 64 65 66 70 71 73 76 77 78\n");
}

static int
add_drop_in(struct units *u, const struct conf *c, const struct conf_plan *p,
    const struct units_how *how, struct err *e)
{
	struct needs n = { 0 };
	struct buf b = { 0 };
	int rc = -1;

	if (see_plan(&n, c, p, how, e) == -1)
		goto out;
	add_retries(&n, p);
	buf_fmt(&b, "%s\n[Unit]\n%s\n[Service]\n%s", units_marker,
	    buf_text(&n.unit), buf_text(&n.service));
	if (n.is_at_home)
		buf_puts(&b, "ProtectHome=read-only\n");
	if (buf_check(&n.unit, e) == -1 || buf_check(&n.service, e) == -1)
		goto out;
	rc = units_add(u, units_drop_in(p->name), &b, e);
out:
	buf_free(&n.unit);
	buf_free(&n.service);
	buf_free(&b);
	return rc == 0 ? 0 : err_ctx(e, "plan %s", p->name);
}

static int
add_timer(struct units *u, const struct conf_plan *p,
    const struct units_how *how, struct err *e)
{
	struct buf b = { 0 }, gap = { 0 };

	buf_fmt(&b, "%s\n[Unit]\n", units_marker);
	buf_fmt(&b, "Description=Starts backups of VMs by plan %s\n", p->name);
	buf_puts(&b,
	    "Documentation=man:esxbk-plan(1)\n"
	    "\n[Timer]\n"
	    "OnCalendar=");
	schedule_calendar(&p->schedule, p->zone, &b);
	if (schedule_calendar_gap(&p->schedule, p->zone, how->now, &gap))
		buf_fmt(&b, "\nOnCalendar=%s", buf_text(&gap));
	buf_free(&gap);
	buf_puts(&b, "\nPersistent=true\n");
	if (p->schedule.jitter_s > 0)
		buf_fmt(&b, "RandomizedDelaySec=%jus\nFixedRandomDelay=true\n",
		    (uintmax_t)p->schedule.jitter_s);
	buf_puts(&b, "\n[Install]\nWantedBy=timers.target\n");
	return units_add(u, units_timer(p->name), &b, e);
}

int
units_systemd(struct units *u, const struct conf *c,
    const struct conf_plan *const *plans, size_t n, const struct units_how *how,
    struct err *e)
{
	size_t i;

	*u = (struct units){ 0 };
	if (units_check_path(how->program, "program", e) == -1 ||
	    (how->config != NULL &&
		units_check_path(how->config, "configuration", e) == -1) ||
	    add_template(u, how, e) == -1)
		return -1;
	for (i = 0; i < n; i++)
		if (add_drop_in(u, c, plans[i], how, e) == -1 ||
		    (plans[i]->schedule.kind != SCHEDULE_NONE &&
			add_timer(u, plans[i], how, e) == -1))
			return -1;
	return 0;
}
