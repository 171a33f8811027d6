#ifndef ESXBK_PLAN_FINDING_H
#define ESXBK_PLAN_FINDING_H

#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"

/*
 * finding - one thing that "check" or "cleanup" looked at and what it is
 * like: a line each, or a JSON document.  They are counted.
 */
struct finding {
	const char *site, *plan, *vm; /* or NULL */
	const char *what;             /* "login", "privilege", ... */
	int exit;                     /* 0: good, or a warning: */
	bool is_warning;
	bool changed; /* something was done, or with -n would be */
};

/* What documents are called: "check" or "cleanup". */
void finding_begin(const char *type);

void finding_tell(const struct finding *f, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* A failure, by its error, which is empty afterwards. */
void finding_fail(struct finding f, struct err *e);

/* The summary; returns the exit status of all of them, having said why; 10 if
 * that was asked for and something would be done. */
int finding_end(void);

#endif
