#ifndef SYS_CHILD_H
#define SYS_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"

/*
 * child - other programs, several at a time, watched by one thread.
 *
 * Each is in a process group of its own and gets SIGTERM when we die
 * (PR_SET_PDEATHSIG); its whole group follows, by a process beside us
 * (sys/guard).  It has /dev/null or the given bytes as stdin; its stdout
 * is kept up to a limit, more is read and dropped; its stderr goes to ours by
 * whole lines, and the last one is kept.  No other descriptor of ours reaches
 * it.  A process that forks has no threads: not together with sys/pool and the
 * like.  sig_open() comes first.  Orphans of its descendants come to us.
 *
 * What is left of its group when it has ended, a program that a hook put into
 * the background, gets SIGTERM, and SIGKILL after grace_s or 5 s.
 *
 * A pending signal (sys/sig) is sent on as one SIGTERM to each group, once;
 * from then on children_wait() goes on waiting, for grace_s of each, and
 * starts nothing more (children_start() fails with ERR_SIGNAL).  Behind a
 * shield there is no such signal: what must still be done can be.
 */
struct child_spec {
	const char *const *argv; /* a path first; NULL at the end */
	const char *const *env;  /* "NAME=value" is set, "NAME" removed; NULL at
				    the end, or NULL */
	const void *input;       /* on stdin, or NULL */
	size_t input_len;
	const char *secret;  /* a line to be read from descriptor 3, or NULL */
	size_t output_limit; /* bytes; 0: nothing is kept */
	uint64_t timeout_s;  /* then SIGTERM to its group; 0: none */
	uint64_t grace_s;    /* from SIGTERM to SIGKILL, at least 1 */
	bool silent;         /* its stderr is not passed on */
};

struct child_end {
	int exit;   /* status, 128 + n if signal n ended it */
	int signal; /* n, or 0 */
	bool timed_out;
	bool output_cut;   /* there was more than the limit */
	struct buf output; /* buf_free() it */
	char said[400];    /* last line of stderr, or "" */
	uint64_t ms;       /* how long it ran */
};

struct children;

struct children *children_open(struct err *e);

/* what is given back by children_wait().  A program that cannot be executed is
 * ERR_OS here, with its path. */
int children_start(struct children *c, const struct child_spec *spec,
    void *what, struct err *e);
size_t children_running(const struct children *c);

/* Waits, at most ms (-1: until one ends), for the next child to end with all
 * that is left of its group: 1 with *what and *end, 0 if none ended.  While
 * none runs, -1 does not wait, and a signal ends the wait. */
int children_wait(struct children *c, int ms, void **what,
    struct child_end *end, struct err *e);

/* One alone.  A signal that came meanwhile is no error here: sig_check(). */
int child_run(const struct child_spec *spec, struct child_end *end,
    struct err *e);

/* SIGTERM to each group that still runs, SIGKILL after its grace. */
void children_free(struct children *c);

#endif
