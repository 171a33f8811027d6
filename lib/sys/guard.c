#include "sys/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"

enum {
	STEP_MS = 20,
	/* A child has its signal from the kernel.  A shell that cleans up may
	 * wait for what it runs: that is not taken away at once. */
	ALONE_MS = 2000,
};

struct guard {
	pid_t pid;
	int fd;
};

/* What goes through the pipe; fits into it whole. */
struct word {
	pid_t group;
	bool ended;
	uint64_t grace_ms;
};

struct known {
	struct word *words;
	size_t n, room;
};

static bool
read_word(int fd, struct word *w)
{
	ssize_t n;

	do
		n = read(fd, w, sizeof(*w));
	while (n == -1 && errno == EINTR);
	return n == (ssize_t)sizeof(*w);
}

static void
forget(struct known *k, pid_t group)
{
	size_t i, kept = 0;

	for (i = 0; i < k->n; i++)
		if (k->words[i].group != group)
			k->words[kept++] = k->words[i];
	k->n = kept;
}

static void
note(struct known *k, const struct word *w)
{
	struct word *more;

	forget(k, w->group);
	if (w->ended)
		return;
	if (k->n == k->room) {
		more = realloc(k->words, (k->n * 2 + 8) * sizeof(*more));
		if (more == NULL)
			return;
		k->words = more;
		k->room = k->n * 2 + 8;
	}
	k->words[k->n++] = *w;
}

static void
signal_all(const struct known *k, int signum)
{
	size_t i;

	for (i = 0; i < k->n; i++)
		kill(-k->words[i].group, signum);
}

/* Forgets those that have ended, and kills those whose time is over. */
static void
look(struct known *k, uint64_t passed)
{
	size_t i, kept = 0;

	for (i = 0; i < k->n; i++) {
		const struct word *w = &k->words[i];

		if (kill(-w->group, 0) == -1 && errno == ESRCH)
			continue;
		if (passed >= ALONE_MS + w->grace_ms)
			kill(-w->group, SIGKILL);
		else
			k->words[kept++] = *w;
	}
	k->n = kept;
}

static void
end_all(struct known *k)
{
	const struct timespec step = { 0, STEP_MS * 1000000L };
	uint64_t since = clock_mono_ms(), passed = 0;
	bool told = false;

	for (look(k, 0); k->n > 0; look(k, passed)) {
		nanosleep(&step, NULL);
		passed = clock_mono_ms() - since;
		if (told || passed < ALONE_MS)
			continue;
		signal_all(k, SIGTERM);
		signal_all(k, SIGCONT);
		told = true;
	}
}

__attribute__((noreturn)) static void
watch(int fd)
{
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP };
	struct known k = { 0 };
	struct word w;
	size_t i;

	for (i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	setpgid(0, 0);
	/* Whoever waits for the end of our output must not wait for this. */
	close_range(0, (unsigned int)fd - 1, 0);
	close_range((unsigned int)fd + 1, ~0U, 0);
	while (read_word(fd, &w))
		note(&k, &w);
	end_all(&k);
	free(k.words);
	_exit(0);
}

/* Above the standard ones, which may be closed. */
static int
make_pipe(int fds[2])
{
	int low[2], i;

	if (pipe2(low, O_CLOEXEC) == -1)
		return -1;
	for (i = 0; i < 2; i++) {
		fds[i] = fcntl(low[i], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		close(low[i]);
	}
	if (fds[0] != -1 && fds[1] != -1)
		return 0;
	close(fds[0]);
	close(fds[1]);
	return -1;
}

static int
begin(struct guard *g, struct err *e)
{
	sigset_t all, old;
	int fds[2];

	if (make_pipe(fds) == -1)
		return err_sys(e, ERR_OS, "pipe");
	/* Our handlers must not run in it. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	g->pid = fork();
	if (g->pid == 0)
		watch(fds[0]);
	sigprocmask(SIG_SETMASK, &old, NULL);
	close(fds[0]);
	g->fd = fds[1];
	if (g->pid != -1)
		return 0;
	close(g->fd);
	return err_sys(e, ERR_OS, "fork");
}

struct guard *
guard_open(struct err *e)
{
	struct guard *g = calloc(1, sizeof(*g));

	if (g == NULL) {
		err_sys(e, ERR_OS, "memory");
		return NULL;
	}
	if (begin(g, e) == -1) {
		free(g);
		return NULL;
	}
	return g;
}

/* If somebody has ended the guard, we go on without. */
static void
say(const struct guard *g, const struct word *w)
{
	(void)!write(g->fd, w, sizeof(*w));
}

void
guard_add(struct guard *g, pid_t group, uint64_t grace_ms)
{
	say(g, &(struct word){ .group = group, .grace_ms = grace_ms });
}

void
guard_remove(struct guard *g, pid_t group)
{
	say(g, &(struct word){ .group = group, .ended = true });
}

void
guard_free(struct guard *g)
{
	if (g == NULL)
		return;
	close(g->fd);
	while (waitpid(g->pid, NULL, 0) == -1 && errno == EINTR)
		continue;
	free(g);
}
