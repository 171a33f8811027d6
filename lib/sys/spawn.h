#ifndef SYS_SPAWN_H
#define SYS_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>
#include "base/err.h"

/*
 * spawn - fork and exec, with nothing of ours in the new process but what is
 * given to it.  For sys/proc and sys/child, which wait for it.
 *
 * Its signals are as at the start of a program: handlers gone, none blocked;
 * SIGINT, SIGTERM and SIGHUP that were ignored when we began (nohup) stay so.
 */
struct spawn {
	const char *const *argv; /* a path first; NULL at the end */
	char *const *env;        /* all of it */
	int fds[4]; /* what is to be its descriptors 0 to 3; -1: closed */
	bool apart; /* in a group of its own, SIGTERM to it when we die */
};

/* -1 and ERR_OS naming the path if it cannot be executed. */
pid_t spawn_start(const struct spawn *s, struct err *e);

#endif
