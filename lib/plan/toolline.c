#include "plan/toolline.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The folder of our own binary. */
static int
own_folder(char *out, size_t size, struct err *e)
{
	ssize_t n = readlink("/proc/self/exe", out, size - 1);
	char *slash;

	if (n == -1)
		return err_sys(e, ERR_OS, "read link /proc/self/exe");
	out[n] = '\0';
	slash = strrchr(out, '/');
	if (slash == NULL)
		return err_set(e, ERR_OS, "/proc/self/exe: no path");
	*slash = '\0';
	return 0;
}

int
toolline_init(struct toolline *l, const char *tool, struct err *e)
{
	const char *folder = getenv("ESXBK_EXEC_PATH");
	char own[PATH_MAX], *path;

	if (folder == NULL || folder[0] == '\0') {
		if (own_folder(own, sizeof(own), e) == -1)
			return -1;
		folder = own;
	}
	if (asprintf(&path, "%s/%s", folder, tool) == -1)
		return err_sys(e, ERR_OS, "memory");
	toolline_add(l, path);
	free(path);
	return toolline_check(l, e);
}

void
toolline_add(struct toolline *l, const char *word)
{
	char **grown = realloc(l->argv, (l->n + 2) * sizeof(*grown));

	if (grown == NULL) {
		l->failed = true;
		return;
	}
	l->argv = grown;
	grown[l->n] = strdup(word);
	grown[l->n + 1] = NULL;
	if (grown[l->n] == NULL)
		l->failed = true;
	else
		l->n++;
}

void
toolline_add_pair(struct toolline *l, const char *option, const char *value)
{
	if (value == NULL)
		return;
	toolline_add(l, option);
	toolline_add(l, value);
}

int
toolline_check(const struct toolline *l, struct err *e)
{
	return l->failed ? err_set(e, ERR_OS, "command line: out of memory")
			 : 0;
}

void
toolline_free(struct toolline *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		free(l->argv[i]);
	free(l->argv);
	*l = (struct toolline){ 0 };
}

static void
add_quoted(struct buf *b, const char *word)
{
	if (word[0] != '\0' &&
	    word[strspn(word,
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789-_=/.,:@%+")] == '\0') {
		buf_puts(b, word);
		return;
	}
	buf_char(b, '\'');
	for (; *word != '\0'; word++)
		if (*word == '\'')
			buf_puts(b, "'\\''");
		else
			buf_char(b, *word);
	buf_char(b, '\'');
}

void
toolline_format(const struct toolline *l, struct buf *b)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		if (i > 0)
			buf_char(b, ' ');
		add_quoted(b, l->argv[i]);
	}
}

static void
add_number(struct toolline *l, const char *option, unsigned long long value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", value);
	toolline_add_pair(l, option, text);
}

void
toolline_add_site(struct toolline *l, const struct conf_site *site,
    const char *config)
{
	bool is_secret = site->proxy != NULL &&
	    strchr(site->proxy, '@') != NULL;
	size_t i;

	toolline_add_pair(l, "--server", site->server);
	toolline_add_pair(l, "--user", site->user);
	if (site->password.kind != CONF_NO_SECRET)
		toolline_add_pair(l, "--password-fd", "3");
	toolline_add_pair(l, "--thumbprint", site->thumbprint);
	toolline_add_pair(l, "--cacert", site->cacert);
	if (site->insecure)
		toolline_add(l, "--insecure");
	/* Arguments are for all to see; the tool reads it where we did. */
	toolline_add_pair(l, "--proxy", is_secret ? NULL : site->proxy);
	toolline_add_pair(l, "--config", is_secret ? config : NULL);
	toolline_add_pair(l, "--site", is_secret ? site->name : NULL);
	for (i = 0; i < site->resolve.n; i++)
		toolline_add_pair(l, "--resolve", site->resolve.items[i]);
	if (site->stall_timeout_s != 0)
		add_number(l, "--stall-timeout", site->stall_timeout_s);
	if (site->bwlimit != 0)
		add_number(l, "--bwlimit", site->bwlimit);
}

const char *
toolline_exporter(const struct conf_plan *plan)
{
	return plan->is_vmdk ? "esxbk-export-vmdk" : "esxbk-export-ovf";
}

static bool
is_excluded(const struct conf_plan *plan, const char *label)
{
	size_t i;

	for (i = 0; i < plan->exclude_disks.n; i++)
		if (strcmp(plan->exclude_disks.items[i], label) == 0)
			return true;
	return false;
}

/* The tools refuse a label that the VM does not have, but a plan has many
 * VMs; and one tool is told what to leave out, the other what to take. */
static int
add_disks(struct toolline *l, const struct toolline_export *x, struct err *e)
{
	const char *option = x->plan->is_vmdk ? "--disk" : "--exclude-disk";
	size_t i, out = 0;

	for (i = 0; i < x->n_labels; i++)
		out += is_excluded(x->plan, x->labels[i]);
	if (out == 0)
		return 0;
	if (out == x->n_labels)
		return err_set(e, ERR_CONFIG,
		    "exclude_disks of plan %s leaves no disk to back up",
		    x->plan->name);
	for (i = 0; i < x->n_labels; i++)
		if (is_excluded(x->plan, x->labels[i]) != x->plan->is_vmdk)
			toolline_add_pair(l, option, x->labels[i]);
	return 0;
}

int
toolline_add_export(struct toolline *l, const struct toolline_export *x,
    struct err *e)
{
	char *vm;

	toolline_add(l, "--json");
	toolline_add(l, "-q");
	toolline_add_pair(l, "--plan", x->plan->name);
	toolline_add_pair(l, "-o", x->folder);
	toolline_add_pair(l, "--quiesce", x->plan->quiesce);
	if (!x->plan->is_vmdk)
		add_number(l, "-j", x->plan->site->disks);
	if (add_disks(l, x, e) == -1)
		return -1;
	if (asprintf(&vm, "moid:%s", x->moid) == -1)
		return err_sys(e, ERR_OS, "memory");
	toolline_add(l, vm);
	free(vm);
	return toolline_check(l, e);
}
