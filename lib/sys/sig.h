#ifndef SYS_SIG_H
#define SYS_SIG_H

#include <stdbool.h>
#include "base/err.h"

/*
 * sig - SIGINT, SIGTERM, SIGHUP as a flag; SIGPIPE and SIGXFSZ (a limit on the
 * size of files) as ordinary errors.
 *
 * sig_open() installs the handlers, before any thread starts.  Work asks
 * sig_check() between steps and from progress callbacks; clean-up runs
 * shielded, so that it goes on although the flag is set.
 *
 * A second SIGINT more than 2 s after the first ends the process at once
 * if stdin is a terminal; repeated SIGTERM and SIGHUP change nothing.
 */
int sig_open(struct err *e);

/* The first signal that came, 0 if none; 0 while this thread is shielded. */
int sig_pending(void);

/* -1 with class ERR_SIGNAL + n if a signal came and no shield is up. */
int sig_check(struct err *e);

/* Nests; for the calling thread only. */
void sig_shield(void);
void sig_unshield(void);

bool sig_is_shielded(void);

/* Readable once a signal came; for poll(2). */
int sig_fd(void);

/* Sleeps; returns early if a signal comes and no shield is up. */
void sig_sleep_ms(unsigned int ms);

#endif
