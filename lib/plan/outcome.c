#include "plan/outcome.h"

#include "base/err.h"

/* What a person must look at first comes first. */
static int
rank(int exit)
{
	static const int order[] = { ERR_NEGATIVE, ERR_BUG, ERR_OS, ERR_CONFIG,
		ERR_PERM, ERR_PROTO, ERR_CREATE, ERR_DATA, ERR_USAGE,
		ERR_NOTFOUND, ERR_IO, ERR_UNAVAIL, ERR_TEMP, ERR_EMPTY,
		ERR_PARTIAL, ERR_NONE };
	const int n = sizeof(order) / sizeof(order[0]);
	int i;

	for (i = 0; i < n; i++)
		if (order[i] == exit)
			return n - i;
	return n; /* what no tool of ours says */
}

bool
outcome_outranks(int a, int b)
{
	return rank(a) > rank(b);
}

void
outcome_add(struct outcome *o, int exit)
{
	o->n++;
	o->good += exit == 0;
	o->partial += exit == ERR_PARTIAL;
	if (exit > ERR_SIGNAL && o->signal == 0)
		o->signal = exit;
	if (exit == 0 || exit == ERR_PARTIAL)
		return;
	if (o->worst != 0 && o->worst != exit)
		o->differ = true;
	if (o->worst == 0 || outcome_outranks(exit, o->worst))
		o->worst = exit;
}

int
outcome_exit(const struct outcome *o)
{
	if (o->signal != 0)
		return o->signal;
	if (o->good == o->n)
		return 0;
	return o->good + o->partial > 0 ? ERR_PARTIAL : o->worst;
}

const char *
outcome_word(int exit)
{
	return exit == 0 ? "ok" : exit == ERR_PARTIAL ? "partial" : "failed";
}
