#include "plan/notify_advice.h"

#include <string.h>
#include "base/utf8.h"
#include "plan/notify_body.h"

/* More VMs than this are not named on a command line. */
enum { NAMED_MAX = 4 };

/* The one that needs no --config. */
static const char usual[] = "/etc/esxbk/esxbk.json";

static const struct advice {
	int exit;
	const char *text;
	const char *command; /* of esxbk-plan, or NULL */
} known[] = {
	{ ERR_NEGATIVE,
	    "Damage was found. See which points are good:", "points" },
	{ ERR_PARTIAL,
	    "The backup is good, but something of the VM is not in it.", NULL },
	{ ERR_EMPTY,
	    "No VM fits what the plan selects. See what that is:", "show" },
	{ ERR_USAGE,
	    "The plan asks for what the tools do not take. See it:", "show" },
	{ ERR_DATA,
	    "Data is damaged or of no known form. See which:", "verify" },
	{ ERR_NOTFOUND,
	    "It is not on the server. If it is gone for good, take it out of "
	    "the plan's \"select\"; its points are kept. See the plan:",
	    "show" },
	{ ERR_UNAVAIL, "Does the server run, and can it be reached from here?",
	    "check" },
	{ ERR_BUG,
	    "That is a mistake in esxbk itself: keep the record, and report "
	    "it.",
	    NULL },
	{ ERR_OS,
	    "The machine that makes the backups refused something:", "check" },
	{ ERR_CREATE,
	    "The repository cannot be written to. Is it mounted, and ours?",
	    "check" },
	{ ERR_IO,
	    "Reading or writing failed, perhaps for want of space. See what "
	    "could go:",
	    "prune -n" },
	{ ERR_TEMP, "Something was locked or busy; that may pass by itself.",
	    NULL },
	{ ERR_PROTO,
	    "The server is not the one it was, or speaks otherwise: compare "
	    "its certificate with the configuration.",
	    "check" },
	{ ERR_PERM, "Login, privilege or licence: see what is missing.",
	    "check" },
	{ ERR_CONFIG, "The configuration cannot be used:", "validate" },
};

static const struct advice *
find(int exit)
{
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].exit == exit)
			return &known[i];
	return NULL;
}

static bool
is_plain_word(const char *s)
{
	return s[0] != '\0' &&
	    s[strspn(s,
		"0123456789abcdefghijklmnopqrstuvwxyz"
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ-_./:")] == '\0';
}

/* As a shell takes it; a path may hold anything. */
static void
add_quoted(struct buf *b, const char *s)
{
	if (is_plain_word(s)) {
		buf_puts(b, s);
		return;
	}
	buf_char(b, '\'');
	for (; *s != '\0'; s++) {
		if (*s == '\'')
			buf_puts(b, "'\\''");
		else
			buf_char(b, *s);
	}
	buf_char(b, '\'');
}

static void
add_command(const struct notify_facts *f, const char *command, struct buf *b)
{
	buf_fmt(b, "    esxbk-plan %s", command);
	if (f->run->config != NULL && strcmp(f->run->config, usual) != 0) {
		buf_puts(b, " --config ");
		add_quoted(b, f->run->config);
	}
	if (strcmp(command, "validate") != 0)
		buf_fmt(b, " %s", f->run->plan->name);
}

static void
add_one(const struct notify_facts *f, int exit, struct buf *b)
{
	const struct advice *a = find(exit);

	if (a == NULL)
		return;
	buf_puts(b, "  ");
	notify_body_wrap(b, 2, a->text);
	if (a->command != NULL) {
		add_command(f, a->command, b);
		buf_char(b, '\n');
	}
}

static bool
was_told(const struct notify_facts *f, size_t at)
{
	size_t i;

	for (i = 0; i < at; i++)
		if (f->vms[i].exit == f->vms[at].exit)
			return true;
	return false;
}

/* As --vm takes it; false: it has no id to go by. */
static bool
add_selector(const struct notify_vm *v, struct buf *b)
{
	const char *id = is_plain_word(v->uuid) ? v->uuid : v->moid;

	if (!is_plain_word(id))
		return false;
	buf_fmt(b, " --vm %s:%s", id == v->uuid ? "uuid" : "moid", id);
	return true;
}

/* Another run brings neither a VM back nor a device that cannot be part of
 * any backup. */
static bool
is_worth_a_run(const struct notify_vm *v)
{
	return strcmp(v->outcome, "vanished") != 0 &&
	    strcmp(v->outcome, "partial") != 0;
}

/* The VMs by --vm; nothing if they are too many, or one cannot be named. */
static size_t
add_selectors(const struct notify_facts *f, struct buf *b)
{
	size_t i, n = 0;
	bool all = true;

	for (i = 0; i < f->bad; i++) {
		if (!is_worth_a_run(&f->vms[i]))
			continue;
		n++;
		all = all && add_selector(&f->vms[i], b);
	}
	if (!all || n > NAMED_MAX || n == f->n)
		buf_cut(b, 0);
	return n;
}

static void
add_again(const struct notify_facts *f, struct buf *b)
{
	struct buf which = { 0 };

	if (add_selectors(f, &which) > 0 || f->bad == 0) {
		buf_puts(b, "  To back up what is missing, then:\n");
		add_command(f, "run", b);
		buf_fmt(b, "%s\n", buf_text(&which));
	}
	buf_free(&which);
}

void
notify_advice(const struct notify_facts *f, struct buf *b)
{
	size_t i;

	buf_puts(b, "\nWhat to do\n");
	for (i = 0; i < f->bad; i++)
		if (!was_told(f, i))
			add_one(f, f->vms[i].exit, b);
	if (f->bad == 0)
		add_one(f, f->exit, b);
	add_again(f, b);
}
