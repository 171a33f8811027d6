#include "sys/child_internal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "sys/spawn.h"

enum { SECRET_MOST = 4096 }; /* fits into a pipe */

void
child_close(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

void
child_free(struct child *ch)
{
	int i;

	if (ch == NULL)
		return;
	for (i = 0; i < CHILD_FDS; i++)
		child_close(&ch->fds[i]);
	free(ch->input);
	buf_free(&ch->end.output);
	free(ch);
}

static struct child *
new_child(const struct child_spec *spec, void *what, struct err *e)
{
	struct child *ch = calloc(1, sizeof(*ch));
	int i;

	if (ch == NULL)
		goto fail;
	for (i = 0; i < CHILD_FDS; i++)
		ch->fds[i] = -1;
	ch->what = what;
	ch->output_limit = spec->output_limit;
	ch->silent = spec->silent;
	ch->grace_ms = (spec->grace_s > 0 ? spec->grace_s : 1) * 1000;
	if (spec->input == NULL)
		return ch;
	ch->input_len = spec->input_len;
	ch->input = malloc(spec->input_len + 1);
	if (ch->input == NULL)
		goto fail;
	memcpy(ch->input, spec->input, spec->input_len);
	return ch;
fail:
	err_sys(e, ERR_OS, "memory");
	child_free(ch);
	return NULL;
}

/* Ours does not block; the other end does, as programs expect. */
static int
make_pipe(int *ours, int *theirs, bool we_write, struct err *e)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) == -1)
		return err_sys(e, ERR_OS, "pipe");
	*ours = fds[we_write];
	*theirs = fds[!we_write];
	if (fcntl(*ours, F_SETFL, O_NONBLOCK) == -1)
		return err_sys(e, ERR_OS, "pipe");
	return 0;
}

/* The whole line waits in the pipe until it is read. */
static int
give_secret(const char *secret, int *theirs, struct err *e)
{
	size_t n = strlen(secret);
	int ours = -1, rc = -1;

	if (n > SECRET_MOST)
		return err_set(e, ERR_CONFIG, "a secret of more than %d bytes",
		    SECRET_MOST);
	if (make_pipe(&ours, theirs, true, e) == 0) {
		rc = write(ours, secret, n) == (ssize_t)n &&
			write(ours, "\n", 1) == 1
		    ? 0
		    : err_sys(e, ERR_OS, "pipe");
	}
	child_close(&ours);
	return rc;
}

static int
make_fds(struct child *ch, const struct child_spec *spec, int *theirs,
    struct err *e)
{
	if (spec->input != NULL &&
	    make_pipe(&ch->fds[CHILD_IN], &theirs[0], true, e) == -1)
		return -1;
	if (spec->input == NULL) {
		theirs[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (theirs[0] == -1)
			return err_sys(e, ERR_OS, "open /dev/null");
	}
	if (make_pipe(&ch->fds[CHILD_OUT], &theirs[1], false, e) == -1 ||
	    make_pipe(&ch->fds[CHILD_ERR], &theirs[2], false, e) == -1)
		return -1;
	return spec->secret == NULL ? 0
				    : give_secret(spec->secret, &theirs[3], e);
}

/* The length of a variable's name, whether a value follows or not. */
static size_t
name_len(const char *variable)
{
	return strcspn(variable, "=");
}

static bool
is_among(const char *variable, const char *const *list)
{
	size_t n = name_len(variable);

	for (; list != NULL && *list != NULL; list++)
		if (name_len(*list) == n && memcmp(*list, variable, n) == 0)
			return true;
	return false;
}

/* Ours, changed; only the array is new. */
static char **
make_env(const char *const *changes, struct err *e)
{
	char **env, **p;
	size_t n = 1, i;

	for (p = environ; *p != NULL; p++)
		n++;
	for (i = 0; changes != NULL && changes[i] != NULL; i++)
		n++;
	env = calloc(n, sizeof(*env));
	if (env == NULL) {
		err_sys(e, ERR_OS, "memory");
		return NULL;
	}
	n = 0;
	for (p = environ; *p != NULL; p++)
		if (!is_among(*p, changes))
			env[n++] = *p;
	for (i = 0; changes != NULL && changes[i] != NULL; i++)
		if (strchr(changes[i], '=') != NULL)
			env[n++] = (char *)(uintptr_t)changes[i];
	return env;
}

static int
start(struct child *ch, const struct child_spec *spec, struct err *e)
{
	struct spawn s = { .argv = spec->argv,
		.fds = { -1, -1, -1, -1 },
		.apart = true };
	char **env = make_env(spec->env, e);
	int i;

	s.env = env;
	ch->pid = -1;
	ch->began = clock_mono_ms();
	if (env != NULL && make_fds(ch, spec, s.fds, e) == 0)
		ch->pid = spawn_start(&s, e);
	for (i = 0; i < 4; i++)
		child_close(&s.fds[i]);
	free(env);
	if (spec->timeout_s > 0 && spec->timeout_s < UINT64_MAX / 2000)
		ch->deadline = ch->began + spec->timeout_s * 1000;
	return ch->pid == -1 ? -1 : 0;
}

struct child *
child_start(const struct child_spec *spec, void *what, struct err *e)
{
	struct child *ch = new_child(spec, what, e);

	if (ch != NULL && start(ch, spec, e) == 0)
		return ch;
	child_free(ch);
	return NULL;
}

int
child_run(const struct child_spec *spec, struct child_end *end, struct err *e)
{
	struct children *c = children_open(e);
	void *what;
	int rc = -1;

	memset(end, 0, sizeof(*end));
	if (c != NULL && children_start(c, spec, NULL, e) == 0 &&
	    children_wait(c, -1, &what, end, e) == 1)
		rc = 0;
	children_free(c);
	return rc;
}
