/*
 * tell_keep - what a policy keeps of points, for stories in tests/cli.
 *
 *	tell_keep ZONE last=3 daily=7 within=2592000 ... <POINTS
 *
 * One point a line, "NAME 2026-11-24T01:00:00Z", all of them good fulls; the
 * names of those that stay, one a line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "store/keep.h"

enum { MOST = 1000 };

static int
set(struct keep_policy *p, const char *word)
{
	const char *value = strchr(word, '=');
	const struct {
		const char *name;
		int *count;
	} rows[] = {
		{ "last=", &p->last },
		{ "daily=", &p->daily },
		{ "weekly=", &p->weekly },
		{ "monthly=", &p->monthly },
		{ "yearly=", &p->yearly },
	};
	size_t i;

	if (value == NULL)
		return -1;
	value++;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strncmp(word, rows[i].name, strlen(rows[i].name)) != 0)
			continue;
		*rows[i].count = strcmp(value, "all") == 0 ? KEEP_ALL
							   : atoi(value);
		return 0;
	}
	p->within_s = strtoull(value, NULL, 10);
	return strncmp(word, "within=", 7) == 0 ? 0 : -1;
}

static int
fail(const char *what)
{
	fprintf(stderr, "tell_keep: %s\n", what);
	return 1;
}

int
main(int argc, char **argv)
{
	static struct keep_point points[MOST];
	static char names[MOST][80], time[80];
	struct keep_policy policy = { 0 };
	struct err e = { 0 };
	time_t newest = 0;
	size_t n = 0, i;
	int arg;

	for (arg = 2; arg < argc; arg++)
		if (set(&policy, argv[arg]) == -1)
			return fail(argv[arg]);
	while (n < MOST && scanf("%79s %79s", names[n], time) == 2) {
		struct keep_point *p = &points[n];

		if (clock_parse_iso(time, &p->when) == -1)
			return fail(time);
		p->name = names[n++];
		newest = p->when > newest ? p->when : newest;
		p->is_mine = p->is_full = p->is_good = true;
		p->parent = -1;
	}
	if (!feof(stdin) || argc < 3)
		return fail("ZONE KEY=VALUE... <POINTS");
	if (keep_judge(points, n, &policy, argv[1], newest, &e) == -1)
		return fail(e.text);
	for (i = 0; i < n; i++)
		if (points[i].reasons != 0)
			puts(points[i].name);
	return 0;
}
