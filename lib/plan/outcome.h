#ifndef PLAN_OUTCOME_H
#define PLAN_OUTCOME_H

#include <stdbool.h>
#include <stddef.h>

/*
 * outcome - one exit status for several (esxbk(7), EXIT STATUS).
 *
 * Pure: all good is 0; some failed 3; all failed alike that status, else the
 * most permanent of them; ended by a signal that.
 */
struct outcome {
	size_t n;
	size_t good;    /* 0 */
	size_t partial; /* 3 */
	bool differ;    /* those that failed did so in different ways */
	int worst;      /* the most permanent that is neither 0 nor 3 */
	int signal;     /* 128 + n, or 0 */
};

void outcome_add(struct outcome *o, int exit);
int outcome_exit(const struct outcome *o);

/* Whether a tells more than b: a failure that only a person mends before one
 * that may pass, a bug before either, damage of a backup before all. */
bool outcome_outranks(int a, int b);

/* "ok", "partial" or "failed": a step's or a VM's word for a status. */
const char *outcome_word(int exit);

#endif
