#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "check.h"
#include "cli/cmd.h"
#include "cli/group.h"

static const char *name;
static bool force;
static const struct opt names[] = {
	{ 'n', "name", "NAME", "its name", OPT_TEXT, &name },
	{ 0 },
};
static const struct opt forces[] = {
	{ 'n', "name", "NAME", "the name, in other words", OPT_TEXT, &name },
	{ 0, "force", NULL, "whatever there is", OPT_FLAG, &force },
	{ 0 },
};

static int
make(const char **operands, size_t n, struct err *e)
{
	cmd_print("make %s %zu\n", name == NULL ? "-" : name, n);
	return n > 0 && strcmp(operands[0], "fail") == 0
	    ? err_set(e, ERR_NOTFOUND, "no thing")
	    : 0;
}

static const struct cmd make_cmd = { "make", "Make it.", "[OPTION]... THING",
	{ names }, make };
static const struct cmd drop_cmd = { "drop-all", "Drop it.", "[OPTION]...",
	{ forces }, make };
static const struct cmd *const commands[] = { &make_cmd, &drop_cmd, NULL };
static const struct cmd_group group = { "esxbk-x", "Do it.", commands };

/* "status|stdout|stderr" */
static const char *
run(const char *line)
{
	static char left[8000], copy[200], me[] = "esxbk-x";
	char paths[2][30] = { "/tmp/group.XXXXXX", "/tmp/group.XXXXXX" };
	char *argv[20] = { me }, *save;
	int fds[2] = { mkstemp(paths[0]), mkstemp(paths[1]) };
	int argc = 1, status, i;
	size_t at;
	pid_t pid;

	snprintf(copy, sizeof(copy), "%s", line);
	for (argv[argc] = strtok_r(copy, " ", &save); argv[argc] != NULL;
	     argv[argc] = strtok_r(NULL, " ", &save))
		argc++;
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		dup2(fds[0], STDOUT_FILENO);
		dup2(fds[1], STDERR_FILENO);
		exit(cmd_main_group(&group, argc, argv));
	}
	waitpid(pid, &status, 0);
	snprintf(left, sizeof(left), "%d", WEXITSTATUS(status));
	for (i = 0; i < 2; i++) {
		at = strlen(strcat(left, "|"));
		left[at + (size_t)pread(fds[i], left + at, 3000, 0)] = '\0';
		close(fds[i]);
		unlink(paths[i]);
	}
	return left;
}

static const char help[] = "0|Usage: esxbk-x COMMAND [OPTION]...\nDo it.\n\n"
			   "  make          Make it.\n"
			   "  drop-all      Drop it.\n\n"
			   "'esxbk-x COMMAND --help' tells the options of "
			   "each.\n|";

static void
the_first_word_is_the_command(void)
{
	static const struct {
		const char *line, *left;
	} rows[] = {
		{ "make a b", "0|make - 2\n|" },
		{ "make --name=x", "0|make x 0\n|" },
		{ "drop-all -n make", "0|make make 0\n|" },
		{ "make make", "0|make - 1\n|" },
		{ "make fail", "66|make - 1\n|esxbk-x: no thing\n" },
		{ "make --force",
		    "64||esxbk-x: unknown option '--force' (see esxbk-x make "
		    "--help)\n" },
		{ "mkae",
		    "64||esxbk-x: no command mkae, did you mean 'make'? "
		    "(see esxbk-x --help)\n" },
		{ "drop",
		    "64||esxbk-x: no command drop, did you mean 'drop-all'? "
		    "(see esxbk-x --help)\n" },
		{ "lose",
		    "64||esxbk-x: no command lose (see esxbk-x "
		    "--help)\n" },
		{ "-n make",
		    "64||esxbk-x: -n: a command comes first (see esxbk-x "
		    "--help)\n" },
		{ "", help },
		{ "--help", help },
		{ "-h make", help },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check_at(rows[i].line);
		CHECK_STR(run(rows[i].line), rows[i].left);
	}
}

static void
a_commands_help_is_its_own(void)
{
	const char *left = run("make --help");

	CHECK(
	    strstr(left,
		"0|Usage: esxbk-x make [OPTION]... THING\nMake it.\n") == left);
	CHECK(strstr(left, "--name") != NULL);
	CHECK(strstr(left, "--force") == NULL);
	CHECK_STR(run("make --version") + 2, run("--version") + 2);
	CHECK(strncmp(run("--version"), "0|esxbk-x ", 10) == 0);
}

static void
options_are_those_of_all_each_once(void)
{
	char all[4000];
	const char *at;
	int n = 0;

	snprintf(all, sizeof(all), "%s", run("--options"));
	CHECK(strncmp(all, "0|-n\t--name\tNAME\tits name\n", 26) == 0);
	CHECK(strstr(all, "\n\t--force\t\twhatever there is\n") != NULL);
	CHECK(strstr(all, "\n-q\t--quiet\t") != NULL);
	for (at = all; (at = strstr(at, "\t--name\t")) != NULL; at++)
		n++;
	CHECK_INT(n, 1);
	at = run("make --options");
	CHECK(strstr(at, "--name") != NULL);
	CHECK(strstr(at, "--force") == NULL);
}

CHECK_MAIN(TEST(the_first_word_is_the_command),
    TEST(a_commands_help_is_its_own), TEST(options_are_those_of_all_each_once))
