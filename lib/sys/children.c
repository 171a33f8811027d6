#include "sys/child_internal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/utf8.h"
#include "sys/guard.h"
#include "sys/sig.h"

enum {
	CHUNK = 65536,
	CHUNKS = 16,  /* one that never stops writing must not hold us up */
	STEP_MS = 20, /* from one look at an ended child's group to the next */
	LEFT_MS =
	    5000, /* for what is left of a group, if grace_s is not less */
	DEAD_MS = 1000, /* after SIGKILL; what still runs is not ours to end */
};

struct children {
	struct guard *guard;
	struct child *first;
	size_t n;
	struct pollfd *polls; /* of the signals, and CHILD_FDS of each */
};

struct children *
children_open(struct err *e)
{
	struct children *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		err_sys(e, ERR_OS, "memory");
		return NULL;
	}
	c->guard = guard_open(e);
	if (c->guard == NULL) {
		free(c);
		return NULL;
	}
	/* What a child leaves behind comes to us.  Not every init waits for
	 * it soon, and until then its group is not empty. */
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	return c;
}

int
children_start(struct children *c, const struct child_spec *spec, void *what,
    struct err *e)
{
	struct pollfd *more;
	struct child *ch;

	if (sig_check(e) == -1)
		return -1;
	more = realloc(c->polls, (1 + (c->n + 1) * CHILD_FDS) * sizeof(*more));
	if (more == NULL)
		return err_sys(e, ERR_OS, "memory");
	c->polls = more;
	ch = child_start(spec, what, e);
	if (ch == NULL)
		return -1;
	guard_add(c->guard, ch->pid, ch->grace_ms);
	ch->next = c->first;
	c->first = ch;
	c->n++;
	return 0;
}

size_t
children_running(const struct children *c)
{
	return c->n;
}

static void
feed(struct child *ch)
{
	ssize_t n = write(ch->fds[CHILD_IN], ch->input + ch->input_at,
	    ch->input_len - ch->input_at);

	if (n > 0)
		ch->input_at += (size_t)n;
	/* One that does not want to read all of it is no error. */
	if (ch->input_at == ch->input_len ||
	    (n == -1 && errno != EAGAIN && errno != EINTR))
		child_close(&ch->fds[CHILD_IN]);
}

static void
take_output(struct child *ch, const char *p, size_t n)
{
	size_t room = ch->output_limit - ch->end.output.len;

	if (n > room)
		ch->end.output_cut = true;
	buf_add(&ch->end.output, p, n < room ? n : room);
}

static void
end_line(struct child *ch)
{
	char *line = ch->line;

	line[ch->line_len] = '\0';
	secret_mask(line, ch->line_len);
	/* Only now: half of a secret is not known. */
	line[CHILD_LINE / 2] = '\0';
	utf8_make_line(line);
	ch->line_len = 0;
	if (!ch->silent)
		log_pass(line);
	if (line[strspn(line, " ")] == '\0')
		return;
	line[sizeof(ch->end.said) - 1] = '\0';
	utf8_make_line(line); /* what the cut left of a character */
	memcpy(ch->end.said, line, strlen(line) + 1);
}

static void
take_stderr(struct child *ch, const char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (p[i] == '\n')
			end_line(ch);
		else if (ch->line_len < CHILD_LINE)
			ch->line[ch->line_len++] = p[i];
}

/* Reads what there is, up to so many chunks. */
static void
drain(struct child *ch, int which, int chunks)
{
	static char chunk[CHUNK];
	ssize_t n = 1;

	for (; chunks > 0 && ch->fds[which] != -1; chunks--) {
		n = read(ch->fds[which], chunk, sizeof(chunk));
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno == EAGAIN)
			return;
		if (n <= 0)
			child_close(&ch->fds[which]);
		else if (which == CHILD_OUT)
			take_output(ch, chunk, (size_t)n);
		else
			take_stderr(ch, chunk, (size_t)n);
		explicit_bzero(chunk, n > 0 ? (size_t)n : 0);
	}
}

static void
tell_group(struct child *ch)
{
	if (ch->told == 0) {
		kill(-ch->pid, SIGTERM);
		kill(-ch->pid, SIGCONT);
		ch->told = clock_mono_ms();
	}
}

/* Its group is told before: as long as it is not reaped, its number is taken.
 * After that it is so while the group has a member. */
static void
reap(struct child *ch)
{
	siginfo_t info = { 0 };
	int status;

	if (waitid(P_PID, (id_t)ch->pid, &info, WEXITED | WNOHANG | WNOWAIT) ==
		0 &&
	    info.si_pid == 0)
		return;
	tell_group(ch);
	if (waitpid(ch->pid, &status, 0) != ch->pid)
		status = W_EXITCODE(ERR_BUG, 0); /* somebody else had it */
	ch->reaped = clock_mono_ms();
	if (WIFSIGNALED(status))
		ch->end.signal = WTERMSIG(status);
	ch->end.exit = WIFSIGNALED(status) ? 128 + WTERMSIG(status)
					   : WEXITSTATUS(status);
	ch->end.ms = ch->reaped - ch->began;
}

/* When its group gets SIGKILL; UINT64_MAX: it has it, or SIGTERM first. */
static uint64_t
kill_time(const struct child *ch)
{
	uint64_t t = UINT64_MAX;

	if (ch->told != 0 && ch->killed == 0)
		t = ch->told + ch->grace_ms;
	if (t != UINT64_MAX && ch->reaped != 0 && t > ch->reaped + LEFT_MS)
		t = ch->reaped + LEFT_MS;
	return t;
}

static void
keep_time(struct child *ch, uint64_t now)
{
	if (ch->reaped == 0 && ch->told == 0 && ch->deadline != 0 &&
	    now >= ch->deadline) {
		ch->end.timed_out = true;
		tell_group(ch);
	}
	if (now >= kill_time(ch)) {
		kill(-ch->pid, SIGKILL);
		ch->killed = now;
	}
}

/* What left the group may hold the pipes for ever: they do not count. */
static bool
has_ended(struct child *ch, uint64_t now)
{
	if (ch->reaped == 0)
		reap(ch);
	if (ch->reaped == 0)
		return false;
	while (waitpid(-ch->pid, NULL, WNOHANG) > 0)
		continue;
	if (kill(-ch->pid, 0) == -1 && errno == ESRCH)
		return true;
	return ch->killed != 0 && now - ch->killed >= DEAD_MS;
}

/* Takes one that has ended out of the list. */
static struct child *
find_ended(struct children *c)
{
	uint64_t now = clock_mono_ms();
	struct child **at, *ch;

	for (at = &c->first; (ch = *at) != NULL; at = &ch->next) {
		keep_time(ch, now);
		if (!has_ended(ch, now))
			continue;
		*at = ch->next;
		c->n--;
		guard_remove(c->guard, ch->pid);
		return ch;
	}
	return NULL;
}

static void
hand_over(struct child *ch, void **what, struct child_end *end)
{
	drain(ch, CHILD_OUT, CHUNKS);
	drain(ch, CHILD_ERR, CHUNKS);
	if (ch->line_len > 0)
		end_line(ch);
	*what = ch->what;
	*end = ch->end;
	memset(&ch->end, 0, sizeof(ch->end));
	child_free(ch);
}

static void
pass_signal_on(struct children *c)
{
	struct child *ch;

	if (sig_pending() != 0)
		for (ch = c->first; ch != NULL; ch = ch->next)
			tell_group(ch);
}

/* When to look again.  What ends closes its pipes: then soon.  Without them
 * there is no other sign (valgrind knows no pidfd). */
static uint64_t
look_time(struct child *ch, uint64_t now)
{
	uint64_t since, step = STEP_MS;

	if (ch->closed == 0 && ch->fds[CHILD_OUT] == -1 &&
	    ch->fds[CHILD_ERR] == -1)
		ch->closed = now;
	since = ch->reaped != 0 ? ch->reaped : ch->closed;
	if (since != 0)
		step = 1 + (now - since) / 4;
	return now + (step < STEP_MS ? step : STEP_MS);
}

/* When something is to be done though nobody writes; at most until. */
static uint64_t
next_time(const struct children *c, uint64_t now, uint64_t until)
{
	struct child *ch;
	uint64_t t;

	for (ch = c->first; ch != NULL; ch = ch->next) {
		t = look_time(ch, now);
		until = t < until ? t : until;
	}
	return until;
}

static size_t
fill_polls(const struct children *c, struct pollfd *p)
{
	const struct child *ch;
	size_t n = 0;
	int i;

	/* Once it is readable it stays so. */
	p[n].fd = sig_pending() != 0 || sig_is_shielded() ? -1 : sig_fd();
	p[n++].events = POLLIN;
	for (ch = c->first; ch != NULL; ch = ch->next)
		for (i = 0; i < CHILD_FDS; i++, n++) {
			p[n].fd = ch->fds[i];
			p[n].events = i == CHILD_IN ? POLLOUT : POLLIN;
		}
	return n;
}

static void
wait_until(struct children *c, uint64_t until)
{
	struct pollfd alone, *p = c->polls != NULL ? c->polls : &alone;
	uint64_t now = clock_mono_ms();
	size_t n = fill_polls(c, p), i = 1;
	struct child *ch;
	int ms;

	until = next_time(c, now, until);
	ms = until <= now ? 0 : (int)(until - now);
	if (poll(p, n, ms) <= 0)
		return;
	for (ch = c->first; ch != NULL; ch = ch->next, i += CHILD_FDS) {
		if (p[i + CHILD_IN].revents != 0)
			feed(ch);
		if (p[i + CHILD_OUT].revents != 0)
			drain(ch, CHILD_OUT, 1);
		if (p[i + CHILD_ERR].revents != 0)
			drain(ch, CHILD_ERR, 1);
	}
}

int
children_wait(struct children *c, int ms, void **what, struct child_end *end,
    struct err *e)
{
	uint64_t until = ms < 0 ? UINT64_MAX : clock_mono_ms() + (uint64_t)ms;
	struct child *ch;

	for (;;) {
		pass_signal_on(c);
		ch = find_ended(c);
		if (ch != NULL)
			break;
		if (clock_mono_ms() >= until ||
		    (c->n == 0 && (ms < 0 || sig_pending() != 0)))
			return 0;
		wait_until(c, until);
	}
	hand_over(ch, what, end);
	if (buf_check(&end->output, e) == 0)
		return 1;
	buf_free(&end->output);
	return -1;
}

void
children_free(struct children *c)
{
	struct err ignored = { 0 };
	struct child_end end;
	struct child *ch;
	void *what;

	if (c == NULL)
		return;
	for (ch = c->first; ch != NULL; ch = ch->next)
		tell_group(ch);
	while (c->n > 0)
		if (children_wait(c, -1, &what, &end, &ignored) == 1)
			buf_free(&end.output);
	guard_free(c->guard);
	free(c->polls);
	free(c);
}
