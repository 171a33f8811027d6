/*
 * check - what a unit test needs, and no more.
 *
 * A test file tests/unit/test_x.c is a few static functions, each named after
 * what the user loses if it fails, and one table at the end:
 *
 *	#include "base/num.h"
 *	#include "check.h"
 *
 *	static void
 *	size_names_the_unit_it_refuses(void)
 *	{
 *		CHECK_STR(e.text, "5GB: unknown unit 'GB'");
 *	}
 *
 *	CHECK_MAIN(TEST(size_names_the_unit_it_refuses))
 *
 * A function left out of the table is an "unused" warning, so none is
 * forgotten.  Each function is one line "ok N - name" or "not ok N - name"; a
 * function that reached no CHECK fails.  A CHECK goes on after a failure and
 * its value is the truth, so "if (!CHECK(p != NULL)) return;" is the way out.
 * In a loop over a table, check_at(row text) says which row failed.
 * Arguments of the program select functions by part of their name.
 * CHECKs belong to the main thread.
 */
#ifndef UNIT_CHECK_H
#define UNIT_CHECK_H

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define CHECK(expr) check_that(__FILE__, __LINE__, #expr, (expr) ? true : false)
#define CHECK_INT(got, want) \
	check_int(__FILE__, __LINE__, #got, (intmax_t)(got), (intmax_t)(want))
#define CHECK_STR(got, want) check_str(__FILE__, __LINE__, #got, (got), (want))
#define CHECK_MEM(got, want, len) \
	check_mem(__FILE__, __LINE__, #got, (got), (want), (len))

/* The formatter would take these for code. */
/* clang-format off */
#define TEST(name) { #name, name }
#define CHECK_MAIN(...)                                                   \
	int                                                               \
	main(int argc, char **argv)                                       \
	{                                                                 \
		static const struct check_case cases[] = { __VA_ARGS__ }; \
                                                                          \
		return check_run(cases,                                   \
		    sizeof(cases) / sizeof(cases[0]), argc, argv);        \
	}
/* clang-format on */

struct check_case {
	const char *name;
	void (*run)(void);
};

static struct {
	int checks;     /* in the running function */
	int failures;   /* in the running function */
	const char *at; /* the table row being checked, or NULL */
} check_state;

/* Name the row of a table; text must live until the next call or the end. */
static inline void
check_at(const char *text)
{
	check_state.at = text;
}

static inline bool
check_that(const char *file, int line, const char *what, bool good)
{
	check_state.checks++;
	if (good)
		return true;
	check_state.failures++;
	printf("# %s:%d: %s%s%s\n", file, line, what,
	    check_state.at != NULL ? " at " : "",
	    check_state.at != NULL ? check_state.at : "");
	return false;
}

static inline bool
check_int(const char *file, int line, const char *what, intmax_t got,
    intmax_t want)
{
	if (check_that(file, line, what, got == want))
		return true;
	printf("#   got  %jd\n#   want %jd\n", got, want);
	return false;
}

static inline bool
check_str(const char *file, int line, const char *what, const char *got,
    const char *want)
{
	bool same = got == want;

	if (got != NULL && want != NULL)
		same = strcmp(got, want) == 0;
	if (check_that(file, line, what, same))
		return true;
	printf("#   got  %s\n#   want %s\n", got != NULL ? got : "(null)",
	    want != NULL ? want : "(null)");
	return false;
}

static inline bool
check_mem(const char *file, int line, const char *what, const void *got,
    const void *want, size_t len)
{
	const unsigned char *g = got, *w = want;
	size_t i;

	if (got == NULL || want == NULL)
		return check_that(file, line, what, got == want);
	for (i = 0; i < len && g[i] == w[i]; i++)
		continue;
	if (check_that(file, line, what, i == len))
		return true;
	printf("#   byte %zu of %zu: got %02x, want %02x\n", i, len, g[i],
	    w[i]);
	return false;
}

static inline bool
check_wanted(const char *name, int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++) {
		if (strstr(name, argv[i]) != NULL)
			return true;
	}
	return argc < 2;
}

static inline int
check_run(const struct check_case *cases, size_t ncases, int argc, char **argv)
{
	size_t i, ran = 0, failed = 0;

	/* Lines must survive a crash of a later function. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (i = 0; i < ncases; i++) {
		if (!check_wanted(cases[i].name, argc, argv))
			continue;
		memset(&check_state, 0, sizeof(check_state));
		cases[i].run();
		if (check_state.checks == 0)
			check_that(cases[i].name, 0, "no CHECK reached", false);
		if (check_state.failures > 0)
			failed++;
		printf("%s %zu - %s\n",
		    check_state.failures > 0 ? "not ok" : "ok", ++ran,
		    cases[i].name);
	}
	printf("1..%zu\n", ran);
	return failed == 0 && ran > 0 ? 0 : 1;
}

#endif
