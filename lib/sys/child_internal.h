#ifndef SYS_CHILD_INTERNAL_H
#define SYS_CHILD_INTERNAL_H

#include <sys/types.h>
#include "sys/child.h"

/*
 * child_internal - one of sys/child's processes: child.c brings it to life,
 * children.c waits for it.
 */
enum {
	CHILD_IN, /* pipes; -1 once closed */
	CHILD_OUT,
	CHILD_ERR,
	CHILD_FDS,
	CHILD_LINE = 8192, /* of stderr; the rest of a longer one is dropped */
};

struct child {
	struct child *next;
	void *what;
	pid_t pid; /* and its group */
	int fds[CHILD_FDS];
	char *input;
	size_t input_len, input_at;
	size_t output_limit;
	bool silent;
	uint64_t began, grace_ms;
	uint64_t deadline; /* 0: none */
	uint64_t told;     /* when its group got SIGTERM, 0: not yet */
	uint64_t closed;   /* when the last pipe was, 0: not yet */
	uint64_t reaped, killed;
	char line[CHILD_LINE + 1];
	size_t line_len;
	struct child_end end;
};

struct child *child_start(const struct child_spec *spec, void *what,
    struct err *e);

void child_close(int *fd); /* -1 is fine */
void child_free(struct child *ch);

#endif
