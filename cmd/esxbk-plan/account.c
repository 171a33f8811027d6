#include "account.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/log.h"
#include "sys/proc.h"

static const char make_user[] =
    "systemd-sysusers --inline 'u esxbk - \"Backups of VMs\" /var/lib/esxbk'";

int
account_make(const char *user, struct err *e)
{
	struct buf out = { .limit = 4096 };
	struct err made = { 0 };

	if (getpwnam(user) != NULL)
		return 0;
	if (strcmp(user, "esxbk") == 0 && geteuid() == 0)
		proc_capture(make_user, &out, &made);
	buf_free(&out);
	if (getpwnam(user) != NULL)
		return 0;
	return err_set(e, ERR_CONFIG,
	    "there is no user '%s': useradd --system --home-dir /var/lib/esxbk "
	    "--shell /usr/sbin/nologin %s, or --user NAME",
	    user, user);
}

/* Whether the user may do this with a path; errno tells why not.  Only root
 * can try: others are told nothing. */
static bool
may(const struct passwd *pw, const char *path, int how)
{
	gid_t groups[256];
	int n = getgroups(256, groups), error;
	bool yes = false;

	if (geteuid() != 0 || n == -1)
		return true;
	if (initgroups(pw->pw_name, pw->pw_gid) == -1 ||
	    setegid(pw->pw_gid) == -1 || seteuid(pw->pw_uid) == -1)
		yes = true;
	else
		yes = faccessat(AT_FDCWD, path, how, AT_EACCESS) == 0;
	error = errno;
	if (seteuid(0) == -1 || setegid(getgid()) == -1 ||
	    setgroups((size_t)n, groups) == -1)
		log_warn("cannot be root again: %s", strerror(errno));
	errno = error;
	return yes;
}

static void
look_at_secret(const struct passwd *pw, const struct conf_secret *s,
    const char *what, const char *name, bool by_systemd)
{
	char path[300];

	if (s->kind == CONF_SECRET_FILE && !may(pw, s->name, R_OK))
		log_warn("%s %s: %s cannot read %s: %s; a credential can be "
			 "kept from all but root",
		    what, name, pw->pw_name, s->name, strerror(errno));
	if (s->kind != CONF_CREDENTIAL)
		return;
	snprintf(path, sizeof(path), "/etc/esxbk/credentials/%s", s->name);
	if (by_systemd ? faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) == -1
		       : !may(pw, path, R_OK))
		log_warn("%s %s: %s%s: %s", what, name,
		    by_systemd ? "systemd will not start it without " : "",
		    path, strerror(errno));
}

static void
look_at_plan(const struct passwd *pw, const struct conf_plan *p,
    bool by_systemd)
{
	size_t i;

	if (!may(pw, p->repo->path, W_OK | X_OK)) {
		if (errno == ENOENT)
			log_warn("repository %s: %s: %s", p->repo->name,
			    p->repo->path, strerror(errno));
		else
			log_warn("repository %s: %s cannot write to it: chown "
				 "-R %s: '%s'",
			    p->repo->name, pw->pw_name, pw->pw_name,
			    p->repo->path);
	}
	look_at_secret(pw, &p->site->password, "site", p->site->name,
	    by_systemd);
	for (i = 0; i < p->n_notify; i++)
		look_at_secret(pw, &p->notify[i]->password, "notify",
		    p->notify[i]->name, by_systemd);
}

/* Things that several plans share are told once. */
static bool
was_seen(const struct conf_plan *const *plans, size_t i)
{
	size_t k;

	for (k = 0; k < i; k++)
		if (plans[k]->repo == plans[i]->repo &&
		    plans[k]->site == plans[i]->site)
			return true;
	return false;
}

void
account_look(const char *user, const struct conf *c,
    const struct conf_plan *const *plans, size_t n, bool by_systemd)
{
	const struct passwd *pw = getpwnam(user);
	size_t i;

	if (pw == NULL)
		return;
	if (!may(pw, c->path, R_OK))
		log_warn("%s: %s cannot read it: %s", c->path, user,
		    strerror(errno));
	for (i = 0; i < n; i++)
		if (!was_seen(plans, i))
			look_at_plan(pw, plans[i], by_systemd);
}
