#ifndef CLI_CMD_H
#define CLI_CMD_H

#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"
#include "cli/opt.h"
#include "codec/json.h"

/*
 * cmd - how every binary starts and ends.
 *
 * main() is `return cmd_main(&cmd, argc, argv);`.  cmd_main() opens log,
 * signals, curl and libxml2 before any thread, parses options, answers
 * --help, --version and --options, calls run(), flushes and checks stdout,
 * prints one line to stderr if the outcome is not 0 or 10, frees the options'
 * lists, and returns the exit status.  It is called once in a process.
 *
 * stdout is one buffer that goes out when it is full and at the end.  If it
 * cannot be written, the status is 74 whatever run() returned; the reason
 * that run() gave then stands on a line before.  -v beats -q.  What prints
 * or says is used by one thread at a time.
 */
struct cmd {
	const char *name; /* "esxbk-list" */
	const char *about;
	const char *synopsis;
	const struct opt *tables[6]; /* the command's own, conn's; cmd adds
					its own */
	/* Returns 0 or an exit status with *e empty (then it has said why
	 * itself through cmd_say()), or -1 with *e set: its class is the
	 * status, 128 + n for a signal. */
	int (*run)(const char **operands, size_t n, struct err *e);
};

int cmd_main(const struct cmd *c, int argc, char **argv);

/*
 * A binary with subcommands: the first argument is one's name.  Messages begin
 * with the binary's name; --help and --options without a subcommand are those
 * of all.
 */
struct cmd_group {
	const char *name; /* "esxbk-plan" */
	const char *about;
	const struct cmd *const *commands; /* "run", ...; NULL at the end */
};

int cmd_main_group(const struct cmd_group *g, int argc, char **argv);

/* Options every binary has: -q -v -vv --json --help --version --options
 * --progress --result. */
extern bool cmd_json;
extern bool cmd_dry_run; /* only with cmd_table_dry_run */
extern bool cmd_dry_exit_code;
extern const char *cmd_progress; /* "auto", "always", "never", "json" */
extern const struct opt cmd_table_dry_run[]; /* -n --dry-run --exit-code */

/* Sets the line that explains an exit status other than 0. */
void cmd_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Data to stdout; a write error is remembered and ends the program's run
 * with ERR_IO, whatever run() returns. */
void cmd_print(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* One JSON document on one line: to stdout with --json, to the file of
 * --result, or to both; nowhere without either.  The file appears, whole, at
 * the end of the run, whatever its outcome. */
void cmd_print_json(const json_t *value);

/* The last document of a run: what the tool counted goes between the two;
 * the second prints and frees it.  A run that returns -1 without one gets one
 * of its error alone, but for a usage error. */
json_t *cmd_begin_summary(void);
void cmd_end_summary(json_t *doc, int status, const struct err *e);

#endif
