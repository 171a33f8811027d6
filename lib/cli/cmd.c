#include "cli/cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"
#include "base/secret.h"
#include "cli/group.h"
#include "codec/xml.h"
#include "net/http.h"
#include "sys/afile.h"
#include "sys/sig.h"

#ifndef ESXBK_VERSION
#define ESXBK_VERSION "unknown"
#endif

enum {
	TABLES = sizeof(((struct cmd *)NULL)->tables) / sizeof(void *),
	STDOUT_BYTES = 65536,
};

bool cmd_json;
bool cmd_dry_run;
bool cmd_dry_exit_code;
const char *cmd_progress = "auto";

static bool quiet, help, version, options;
static int verbose;
static const char *result_path;
static struct afile *result;
static bool has_summary;
static struct err output_err; /* the first failure of what is printed */
static char said[sizeof(output_err.text)];
static const char *binary; /* "esxbk-plan": begins messages */
static char program[64];   /* "esxbk-plan run": what --help is of */

static const struct opt common[] = {
	{ 'q', "quiet", NULL, "say nothing but errors", OPT_FLAG, &quiet },
	{ 'v', "verbose", NULL, "tell each step; twice: the protocol",
	    OPT_COUNT, &verbose },
	{ 0, "json", NULL, "JSON Lines on standard output", OPT_FLAG,
	    &cmd_json },
	{ 0, "result", "FILE", "write the JSON to FILE", OPT_TEXT,
	    &result_path },
	{ 0, "progress", "auto|always|never|json",
	    "show progress on standard error; auto: on a terminal", OPT_CHOICE,
	    &cmd_progress },
	{ 'h', "help", NULL, "print this and exit", OPT_FLAG, &help },
	{ 0, "version", NULL, "print the version and exit", OPT_FLAG,
	    &version },
	{ 0, "options", NULL, "list the options for shell completion", OPT_FLAG,
	    &options },
	{ 0 },
};

const struct opt cmd_table_dry_run[] = {
	{ 'n', "dry-run", NULL, "tell what would be done, change nothing",
	    OPT_FLAG, &cmd_dry_run },
	{ 0, "exit-code", NULL, "with --dry-run: exit 10 if there is work",
	    OPT_FLAG, &cmd_dry_exit_code },
	{ 0 },
};

/* A file or socket that got the number of a closed standard descriptor would
 * take messages and data meant for people. */
static int
hold_standard_fds(struct err *e)
{
	int fd, want;

	for (want = 0; want <= 2; want++) {
		if (fcntl(want, F_GETFD) != -1)
			continue;
		/* Not writable: data that nobody gets is an error. */
		fd = open("/dev/null",
		    want == STDOUT_FILENO ? O_RDONLY : O_RDWR);
		if (fd != want)
			return err_sys(e, ERR_OS, "open /dev/null");
	}
	return 0;
}

static struct opt_set
all_options(const struct cmd *c)
{
	struct opt_set set = { .synopsis = c->synopsis, .about = c->about };
	size_t i;

	for (i = 0; i < TABLES && c->tables[i] != NULL; i++)
		set.tables[i] = c->tables[i];
	set.tables[i] = common;
	return set;
}

static void
free_lists(const struct opt_set *set)
{
	const struct opt *o;
	size_t t;

	for (t = 0; set->tables[t] != NULL; t++)
		for (o = set->tables[t]; o->name != NULL; o++)
			if (o->kind == OPT_LIST)
				opt_list_free(o->value);
}

static void
hint(struct err *e)
{
	struct err hinted = { 0 };

	err_set(&hinted, ERR_USAGE, "%s (see %s --help)", e->text, program);
	*e = hinted;
}

static int
parse(const struct opt_set *set, int argc, char **argv, const char ***operands,
    size_t *n, struct err *e)
{
	if (opt_parse(set, argc, argv, operands, n, e) == -1)
		goto fail;
	if (cmd_dry_exit_code && !cmd_dry_run) {
		err_set(e, ERR_USAGE, "--exit-code goes only with --dry-run");
		goto fail;
	}
	return 0;
fail:
	if (e->class == ERR_USAGE)
		hint(e);
	return -1;
}

static void
print_version(struct buf *b)
{
	buf_fmt(b, "%s %s\n", binary, ESXBK_VERSION);
}

static bool
answer(const struct opt_set *set)
{
	struct buf b = { 0 };

	if (help)
		opt_help(set, program, &b);
	else if (version)
		print_version(&b);
	else if (options)
		opt_options(set, &b);
	else
		return false;
	if (buf_check(&b, &output_err) == 0)
		cmd_print("%s", buf_text(&b));
	buf_free(&b);
	return true;
}

static enum log_level
level(void)
{
	if (verbose > 1)
		return LOG_PROTOCOL;
	if (verbose == 1)
		return LOG_STEPS;
	return quiet ? LOG_QUIET : LOG_NORMAL;
}

static int
run(const struct cmd *c, int argc, char **argv, struct err *e)
{
	struct opt_set set = all_options(c);
	const char **operands = NULL;
	size_t n = 0;
	int rc = -1;

	if (hold_standard_fds(e) == -1 || sig_open(e) == -1)
		goto out;
	setvbuf(stdout, NULL, _IOFBF, STDOUT_BYTES);
	if (parse(&set, argc, argv, &operands, &n, e) == -1)
		goto out;
	log_open(binary, level());
	rc = 0;
	if (answer(&set))
		goto out;
	rc = -1;
	/* Now, because after an hour's work it is too late. */
	if (result_path != NULL &&
	    (result = afile_open(result_path, AFILE_REPLACE, 0644, e)) ==
		NULL) {
		err_ctx(e, "--result");
		goto out;
	}
	if (http_init(e) == -1)
		goto out;
	xml_init();
	rc = c->run(operands, n, e);
	/* Without one a reader takes it for a crash. */
	if (rc == -1 && !has_summary && e->class != ERR_USAGE)
		cmd_end_summary(cmd_begin_summary(), e->class, e);
	xml_cleanup();
	http_cleanup();
out:
	free_lists(&set);
	free(operands);
	return rc;
}

/* To a status; what is not 0 or 10 has a text. */
static int
judge(int rc, const struct err *e)
{
	if (rc == -1 && e->class == ERR_NONE) {
		cmd_say("failed without a reason");
		return ERR_BUG;
	}
	if (rc == -1) {
		cmd_say("%s", e->text);
		return e->class;
	}
	if (rc != 0 && rc != ERR_WORK && said[0] == '\0')
		cmd_say("%s (%d)", err_class_name(rc), rc);
	return rc;
}

static void
finish_stdout(void)
{
	/* An earlier failure's errno is in output_err already. */
	if (fclose(stdout) == EOF)
		err_sys(&output_err, ERR_IO, "write to standard output");
}

static void
finish_result(void)
{
	struct err e = { 0 };

	if (result != NULL && afile_commit(result, &e) == -1) {
		err_ctx(&e, "--result");
		err_set(&output_err, e.class, "%s", e.text);
	}
	afile_free(result);
	result = NULL;
}

static int
finish(int status)
{
	finish_result();
	finish_stdout();
	if (status != 0 && status != ERR_WORK)
		log_error("%s", said);
	if (output_err.class != ERR_NONE) {
		log_error("%s", output_err.text);
		status = output_err.class;
	}
	secret_free();
	return status;
}

static void
begin(const char *name, const char *command)
{
	binary = name;
	snprintf(program, sizeof(program), "%s%s%s", name,
	    command == NULL ? "" : " ", command == NULL ? "" : command);
	log_open(binary, LOG_NORMAL);
}

int
cmd_main(const struct cmd *c, int argc, char **argv)
{
	struct err e = { 0 };

	begin(c->name, NULL);
	return finish(judge(run(c, argc, argv, &e), &e));
}

static const struct cmd *
command_of(const struct cmd_group *g, const char *name)
{
	const struct cmd *const *c;

	for (c = g->commands; *c != NULL; c++)
		if (strcmp((*c)->name, name) == 0)
			return *c;
	return NULL;
}

static void
unknown_command(const struct cmd_group *g, const char *asked, struct err *e)
{
	const struct cmd *const *c;
	const char *best = NULL;
	size_t d, least = SIZE_MAX;

	for (c = g->commands; *c != NULL; c++) {
		d = opt_distance(asked, strlen(asked), (*c)->name);
		if (d < least) {
			least = d;
			best = (*c)->name;
		}
	}
	if (best == NULL)
		err_set(e, ERR_USAGE, "no command %s", asked);
	else
		err_set(e, ERR_USAGE, "no command %s, did you mean '%s'?",
		    asked, best);
	hint(e);
}

/* What the binary says without a subcommand. */
static int
answer_group(const struct cmd_group *g, const char *asked, struct err *e)
{
	struct buf b = { 0 };
	int rc;

	if (strcmp(asked, "--help") == 0 || strcmp(asked, "-h") == 0)
		group_help(g, &b);
	else if (strcmp(asked, "--version") == 0)
		print_version(&b);
	else if (strcmp(asked, "--options") == 0)
		group_options(g, common, &b);
	else if (asked[0] != '-')
		unknown_command(g, asked, e);
	else {
		err_set(e, ERR_USAGE, "%s: a command comes first", asked);
		hint(e);
	}
	rc = e->class != ERR_NONE ? -1 : buf_check(&b, e);
	if (rc == 0)
		cmd_print("%s", buf_text(&b));
	buf_free(&b);
	return rc;
}

int
cmd_main_group(const struct cmd_group *g, int argc, char **argv)
{
	const struct cmd *c = argc < 2 ? NULL : command_of(g, argv[1]);
	struct err e = { 0 };
	int rc;

	begin(g->name, c == NULL ? NULL : c->name);
	if (c != NULL)
		rc = run(c, argc - 1, argv + 1, &e);
	else
		rc = answer_group(g, argc < 2 ? "--help" : argv[1], &e);
	return finish(judge(rc, &e));
}

void
cmd_say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(said, sizeof(said), fmt, ap);
	va_end(ap);
}

void
cmd_print(const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vprintf(fmt, ap);
	va_end(ap);
	if (n < 0)
		err_sys(&output_err, ERR_IO, "write to standard output");
}

void
cmd_print_json(const json_t *value)
{
	struct buf b = { 0 };

	if (!cmd_json && result == NULL)
		return;
	if (json_write(value, JSON_LINE, &b, &output_err) == -1)
		goto out;
	if (cmd_json && fwrite(b.data, 1, b.len, stdout) != b.len)
		err_sys(&output_err, ERR_IO, "write to standard output");
	if (result != NULL)
		afile_write(result, b.data, b.len, &output_err);
out:
	buf_free(&b);
}

json_t *
cmd_begin_summary(void)
{
	json_t *doc = json_object();

	json_set_text(doc, "schema", "esxbk.result/1");
	json_set_text(doc, "type", "summary");
	return doc;
}

void
cmd_end_summary(json_t *doc, int status, const struct err *e)
{
	json_set_int(doc, "exit", status);
	json_set_text(doc, "class", err_class_name(status));
	json_set_err(doc, "error", e);
	cmd_print_json(doc);
	json_decref(doc);
	has_summary = true;
}
