#include "cli/conn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "plan/conf.h"
#include "sys/file.h"
#include "sys/machine.h"
#include "sys/proc.h"
#include "sys/tty.h"

enum { STALL_S = 300, DISKS = 2 };

static struct conf conf; /* what a site's texts lie in */
static const struct conf_site *site;
static const char *config, *site_name;
static const char *server, *user;
static const char *password_file, *password_command, *password_credential;
static uint64_t password_fd = CONN_UNSET;
static const char *cacert, *thumbprint, *proxy;
static bool insecure;
static struct opt_list resolve;
static uint64_t stall_s = CONN_UNSET, bwlimit = CONN_UNSET;
static char pin[HTTP_PIN_SIZE];
static char run_id[CONN_RUN_SIZE];

const struct opt conn_table[] = {
	{ 0, "site", "SITE", "connect as the configuration says of SITE",
	    OPT_TEXT, &site_name },
	{ 0, "config", "FILE", "the configuration", OPT_TEXT, &config },
	{ 's', "server", "HOST[:PORT]", "ESXi host or vCenter", OPT_TEXT,
	    &server },
	{ 'u', "user", "NAME", "log in as NAME", OPT_TEXT, &user },
	{ 0, "password-file", "FILE", "first line of FILE, which only we read",
	    OPT_TEXT, &password_file },
	{ 0, "password-command", "CMD", "first line of what CMD prints",
	    OPT_TEXT, &password_command },
	{ 0, "password-fd", "N", "first line from file descriptor N", OPT_U64,
	    &password_fd },
	{ 0, "password-credential", "NAME",
	    "a systemd credential, else /etc/esxbk/credentials/NAME", OPT_TEXT,
	    &password_credential },
	{ 0, "password", "TEXT",
	    "a password in the command line is for all to see: use "
	    "--password-file, --password-command, --password-fd, "
	    "--password-credential or ESXBK_PASSWORD",
	    OPT_REFUSED, NULL },
	{ 0, "cacert", "FILE", "trust these CAs instead of the system's",
	    OPT_TEXT, &cacert },
	{ 0, "thumbprint", "sha256:HEX", "trust just this certificate",
	    OPT_TEXT, &thumbprint },
	{ 0, "insecure", NULL, "check no certificate (never do this)", OPT_FLAG,
	    &insecure },
	{ 0, "resolve", "NAME=ADDR", "address of a host name", OPT_LIST,
	    &resolve },
	{ 0, "proxy", "URL", "go through this proxy", OPT_TEXT, &proxy },
	{ 0, "stall-timeout", "TIME",
	    "give up after TIME without a byte (300s)", OPT_DURATION,
	    &stall_s },
	{ 0, "bwlimit", "SIZE", "bytes a second for each disk", OPT_SIZE,
	    &bwlimit },
	{ 0 },
};

static void
default_from_env(const char **value, const char *name)
{
	const char *text = getenv(name);

	if (*value == NULL && text != NULL && text[0] != '\0')
		*value = text;
}

static char *
from_command(const char *command, struct err *e)
{
	const char *const argv[] = { "/bin/sh", "-c", command, NULL };
	char *text = proc_secret(argv, e);

	if (text == NULL)
		err_ctx(e, "password command");
	return text;
}

static char *
from_environment(void)
{
	const char *text = getenv("ESXBK_PASSWORD");
	char *copy;

	if (text == NULL || text[0] == '\0')
		return NULL;
	secret_add(text, strlen(text));
	copy = strdup(text);
	/* The kernel goes on showing the place where it stood. */
	explicit_bzero((char *)(uintptr_t)text, strlen(text));
	unsetenv("ESXBK_PASSWORD");
	return copy;
}

static char *
from_prompt(struct err *e)
{
	char *prompt, *text;

	if (asprintf(&prompt, "Password of %s at %s: ", user, server) == -1) {
		err_sys(e, ERR_OS, "memory");
		return NULL;
	}
	text = tty_ask_secret(prompt, e);
	free(prompt);
	if (text == NULL && e->class == ERR_USAGE) {
		err_clear(e);
		err_set(e, ERR_USAGE,
		    "no password: give --password-file, "
		    "--password-command, --password-fd, "
		    "--password-credential or ESXBK_PASSWORD");
	}
	return text;
}

static char *
choose_password(char *from_env, struct err *e)
{
	if (password_file != NULL)
		return file_read_secret(password_file, false, e);
	if (password_command != NULL)
		return from_command(password_command, e);
	if (password_fd != CONN_UNSET) {
		if (password_fd > 65535) {
			err_set(e, ERR_USAGE, "--password-fd: no descriptor");
			return NULL;
		}
		return file_read_secret_fd((int)password_fd, e);
	}
	if (password_credential != NULL)
		return file_read_credential(password_credential, e);
	if (site != NULL)
		return conf_secret(&site->password, site_name, e);
	if (from_env != NULL)
		return strdup(from_env);
	default_from_env(&password_file, "ESXBK_PASSWORD_FILE");
	if (password_file != NULL)
		return file_read_secret(password_file, false, e);
	default_from_env(&password_command, "ESXBK_PASSWORD_COMMAND");
	if (password_command != NULL)
		return from_command(password_command, e);
	return from_prompt(e);
}

static char *
get_password(struct err *e)
{
	/* First of all, so that no password command inherits it. */
	char *from_env = from_environment();
	char *text = choose_password(from_env, e);

	if (from_env != NULL)
		explicit_bzero(from_env, strlen(from_env));
	free(from_env);
	return text;
}

static int
check_thumbprint(struct err *e)
{
	if (thumbprint == NULL)
		return 0;
	if (http_pin_parse(thumbprint, pin) == -1)
		return err_set(e, ERR_USAGE,
		    "--thumbprint %s: not the form sha256:HEX", thumbprint);
	if (strncmp(pin, "sha1:", 5) == 0)
		return err_set(e, ERR_USAGE,
		    "--thumbprint: SHA-1 can be forged, give the SHA-256 "
		    "one (openssl x509 -fingerprint -sha256)");
	return 0;
}

/* The site's place for all that no option says.  Either of the two that say
 * who the server is stands for both. */
static void
take_site(void)
{
	if (thumbprint == NULL && cacert == NULL) {
		thumbprint = site->thumbprint;
		cacert = site->cacert;
	}
	if (server == NULL)
		server = site->server;
	if (user == NULL)
		user = site->user;
	if (proxy == NULL)
		proxy = site->proxy;
	if (stall_s == CONN_UNSET && site->stall_timeout_s > 0)
		stall_s = site->stall_timeout_s;
	if (bwlimit == CONN_UNSET)
		bwlimit = site->bwlimit;
	insecure = insecure || site->insecure;
}

/* A site in the environment is for who names no server: his would get the
 * site's password. */
static int
read_site(struct err *e)
{
	char *path;
	int rc = -1;

	if (server == NULL)
		default_from_env(&site_name, "ESXBK_SITE");
	if (site_name == NULL)
		return config == NULL
		    ? 0
		    : err_set(e, ERR_USAGE, "--config goes only with --site");
	path = conf_path(config, e);
	if (path != NULL && conf_read(&conf, path, e) == 0)
		site = conf_site(&conf, site_name, e);
	if (site != NULL) {
		take_site();
		rc = 0;
	}
	free(path);
	return rc;
}

static int
check_options(struct err *e)
{
	if (read_site(e) == -1)
		return -1;
	if (site == NULL) {
		default_from_env(&server, "ESXBK_SERVER");
		default_from_env(&user, "ESXBK_USER");
		default_from_env(&cacert, "ESXBK_CACERT");
		default_from_env(&thumbprint, "ESXBK_THUMBPRINT");
	}
	if (server == NULL)
		return err_set(e, ERR_USAGE,
		    "which host? Give --server or ESXBK_SERVER");
	if (user == NULL)
		return err_set(e, ERR_USAGE,
		    "which user? Give --user or ESXBK_USER");
	if (stall_s == CONN_UNSET)
		stall_s = STALL_S;
	if (bwlimit == CONN_UNSET)
		bwlimit = 0;
	if (stall_s == 0 || stall_s > 86400)
		return err_set(e, ERR_USAGE, "--stall-timeout: from 1s to 1d");
	return check_thumbprint(e);
}

static int
make_run_id(struct err *e)
{
	char stamp[CLOCK_STAMP_SIZE], nonce[MACHINE_NONCE_SIZE];

	if (run_id[0] != '\0')
		return 0;
	if (machine_nonce(nonce, e) == -1)
		return -1;
	clock_format_stamp(clock_now(), stamp);
	snprintf(run_id, sizeof(run_id), "%s-%.8s", stamp, nonce);
	return 0;
}

const char *
conn_run(void)
{
	return run_id;
}

bool
conn_is_insecure(void)
{
	return insecure;
}

unsigned int
conn_disks(uint64_t given)
{
	if (given != CONN_UNSET)
		return (unsigned int)given;
	return site != NULL ? site->disks : DISKS;
}

/* Opens it and wipes the password. */
static struct vim *
log_in(struct vim_conf *vc, char *password, struct err *e)
{
	struct vim *v;

	if (vc->http.insecure)
		log_warn("--insecure: whoever is in between reads the "
			 "password and the disks");
	vc->run = run_id;
	vc->password = password;
	v = vim_open(vc, e);
	explicit_bzero(password, strlen(password));
	free(password);
	return v;
}

struct vim *
conn_open(struct err *e)
{
	struct vim_conf vc = { 0 };
	char *password;

	if (check_options(e) == -1 || make_run_id(e) == -1)
		return NULL;
	password = get_password(e);
	if (password == NULL)
		return NULL;
	vc.server = server;
	vc.user = user;
	vc.http = (struct http_conf){ .cacert = cacert,
		.pin = pin[0] == '\0' ? NULL : pin,
		.insecure = insecure,
		.stall_s = (unsigned int)stall_s,
		.resolve = site != NULL && resolve.n == 0 ? site->resolve.items
							  : resolve.items,
		.proxy = proxy,
		.bwlimit = bwlimit };
	return log_in(&vc, password, e);
}

struct vim *
conn_open_site(const struct conf_site *s, struct err *e)
{
	struct vim_conf vc = { 0 };
	char *password;

	if (make_run_id(e) == -1)
		return NULL;
	password = conf_secret(&s->password, s->name, e);
	if (password == NULL)
		return NULL;
	vc.server = s->server;
	vc.user = s->user;
	vc.http = (struct http_conf){ .cacert = s->cacert,
		.pin = s->thumbprint,
		.insecure = s->insecure,
		.stall_s = (unsigned int)s->stall_timeout_s,
		.resolve = s->resolve.items,
		.proxy = s->proxy,
		.bwlimit = s->bwlimit };
	insecure = s->insecure;
	return log_in(&vc, password, e);
}
