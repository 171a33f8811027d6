#ifndef SYS_PROC_H
#define SYS_PROC_H

#include "base/buf.h"
#include "base/err.h"

/*
 * proc - another program's output.
 *
 * Only before the first thread starts: a process forks or has threads,
 * never both.
 */

/*
 * Runs "/bin/sh -c command" with our stdin and stderr and appends its stdout
 * to out (up to out->limit); an exit other than 0 is ERR_PERM naming the
 * status but not the command's output.
 *
 * The command may take its time, as it may ask a person.  A signal (sig.h)
 * ends the wait; then, after too much output, and 5 s after the end of the
 * output the command gets SIGTERM, and SIGKILL 2 s later.
 */
int proc_capture(const char *command, struct buf *out, struct err *e);

/* The same for a program without a shell: a path first, NULL at the end.  More
 * than limit_s seconds are ERR_TEMP; 0: it may take its time. */
int proc_capture_argv(const char *const *argv, unsigned int limit_s,
    struct buf *out, struct err *e);

/* First line of what such a program prints, as a secret (base/secret): NULL
 * with ERR_PERM if there is none.  free() it.  Without a terminal, where it
 * can ask nobody, it has five minutes: a run by night must not wait for ever. */
char *proc_secret(const char *const *argv, struct err *e);

#endif
