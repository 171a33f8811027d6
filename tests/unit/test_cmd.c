#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/log.h"
#include "base/secret.h"
#include "check.h"
#include "cli/cmd.h"
#include "sys/sig.h"

static struct opt_list disks;
static const struct opt table[] = {
	{ 'd', "disk", "LABEL", "only LABEL", OPT_LIST, &disks },
	{ 0 },
};

static int
work(const char **operands, size_t n, struct err *e)
{
	const char *how = n > 0 ? operands[0] : "";
	json_t *doc = json_object();

	log_step("step");
	json_set_text(doc, "schema", "esxbk.result/1");
	cmd_print_json(doc);
	json_decref(doc);
	if (strcmp(how, "fail") == 0)
		return err_set(e, ERR_NOTFOUND, "no VM 'x'");
	if (strcmp(how, "secret") == 0) {
		secret_add("hunter2", 7);
		return err_set(e, ERR_PERM, "login hunter2 refused");
	}
	if (strcmp(how, "say") == 0)
		cmd_say("1 of 3 failed");
	if (strcmp(how, "say") == 0 || strcmp(how, "mute") == 0)
		return ERR_PARTIAL;
	if (strcmp(how, "work") == 0)
		return ERR_WORK;
	if (strcmp(how, "forget") == 0)
		return -1;
	if (strcmp(how, "term") == 0) {
		raise(SIGTERM);
		return sig_check(e);
	}
	for (; n > 0; n--)
		cmd_print("%s\n", *operands++);
	return 0;
}

#define SUMMARY(exit, class, text)                                           \
	"{\"schema\":\"esxbk.result/1\",\"type\":\"summary\",\"exit\":" exit \
	",\"class\":\"" class "\",\"error\":{\"class\":\"" class             \
	    "\",\"text\":\"" text "\",\"fault\":null}}\n"

static const struct cmd cmd = { "esxbk-x", "Do it.", "[OPTION]... WORD...",
	{ table, cmd_table_dry_run }, work };

/* What a run of it left: "status|stdout|stderr".  to: where stdout goes
 * instead; "": stdin and stdout are closed. */
static const char *
run(const char *line, const char *to)
{
	static char left[8000], copy[200], name[] = "esxbk-x";
	char paths[2][30] = { "/tmp/cmd.XXXXXX", "/tmp/cmd.XXXXXX" };
	char *argv[20] = { name }, *save;
	int fds[2] = { mkstemp(paths[0]), mkstemp(paths[1]) };
	int argc = 1, status, out, i;
	size_t at;
	pid_t pid;

	snprintf(copy, sizeof(copy), "%s", line);
	for (argv[argc] = strtok_r(copy, " ", &save); argv[argc] != NULL;
	     argv[argc] = strtok_r(NULL, " ", &save))
		argc++;
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		out = to == NULL ? fds[0] : open(to, O_WRONLY);
		dup2(out, STDOUT_FILENO);
		dup2(fds[1], STDERR_FILENO);
		if (to != NULL && *to == '\0') {
			close(STDIN_FILENO);
			close(STDOUT_FILENO);
		}
		exit(cmd_main(&cmd, argc, argv));
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

static void
every_end_has_its_status_and_one_line(void)
{
	static const struct {
		const char *line, *left;
	} rows[] = {
		{ "a b", "0|a\nb\n|" },
		{ "", "0||" },
		{ "-v a", "0|a\n|esxbk-x: step\n" },
		{ "-q -v a", "0|a\n|esxbk-x: step\n" },
		{ "fail", "66||esxbk-x: no VM 'x'\n" },
		{ "-q fail", "66||esxbk-x: no VM 'x'\n" },
		{ "secret", "77||esxbk-x: login ******* refused\n" },
		{ "say", "3||esxbk-x: 1 of 3 failed\n" },
		{ "mute", "3||esxbk-x: partial (3)\n" },
		{ "work", "10||" },
		{ "forget", "70||esxbk-x: failed without a reason\n" },
		{ "term", "143||esxbk-x: interrupted by SIGTERM\n" },
		{ "--nonsense",
		    "64||esxbk-x: unknown option '--nonsense' "
		    "(see esxbk-x --help)\n" },
		{ "--exit-code",
		    "64||esxbk-x: --exit-code goes only with "
		    "--dry-run (see esxbk-x --help)\n" },
		{ "--json a", "0|{\"schema\":\"esxbk.result/1\"}\na\n|" },
		{ "--json fail",
		    "66|{\"schema\":\"esxbk.result/1\"}\n" SUMMARY("66",
			"notfound", "no VM 'x'") "|esxbk-x: no VM 'x'\n" },
		{ "--json secret",
		    "77|{\"schema\":\"esxbk.result/1\"}\n" SUMMARY("77",
			"permission",
			"login ******* refused") "|"
						 "esxbk-x: login ******* refused\n" },
		{ "-d 1 --disk=2 a", "0|a\n|" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check_at(rows[i].line);
		CHECK_STR(run(rows[i].line, NULL), rows[i].left);
	}
}

static void
questions_are_answered_on_stdout(void)
{
	const char *left = run("--help fail", NULL);

	CHECK(strstr(left,
		  "0|Usage: esxbk-x [OPTION]... WORD...\nDo it.\n\n") == left);
	CHECK(strstr(left, "\n  -n, --dry-run ") != NULL);
	CHECK(strstr(left, "\n  -q, --quiet ") != NULL);
	left = run("--version", NULL);
	CHECK(strncmp(left, "0|esxbk-x ", 10) == 0);
	left = run("--options", NULL);
	CHECK(strstr(left, "0|-d\t--disk\tLABEL\tonly LABEL\n") == left);
	CHECK(strstr(left, "\n\t--options\t\t") != NULL);
}

static void
lost_output_is_an_error(void)
{
	CHECK_STR(run("a", "/dev/full"),
	    "74||esxbk-x: write to standard output: "
	    "No space left on device\n");
	CHECK_STR(run("--help", "/dev/full"),
	    "74||esxbk-x: write to standard output: "
	    "No space left on device\n");
	CHECK_STR(run("--json fail", "/dev/full"),
	    "74||esxbk-x: no VM 'x'\n"
	    "esxbk-x: write to standard output: No space left on device\n");
	CHECK_STR(run("a", ""),
	    "74||esxbk-x: write to standard output: Bad file descriptor\n");
	CHECK_STR(run("work", ""), "10||");
}

static const char *
text_of(const char *path)
{
	static char text[500];
	int fd = open(path, O_RDONLY);
	ssize_t n = fd == -1 ? 0 : read(fd, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	if (fd != -1)
		close(fd);
	return text;
}

static void
result_file_tells_of_failures_too(void)
{
	char dir[] = "/tmp/cmd.XXXXXX", path[50], line[100];

	if (!CHECK(mkdtemp(dir) != NULL))
		return;
	snprintf(path, sizeof(path), "%s/r", dir);
	snprintf(line, sizeof(line), "--result %s fail", path);
	CHECK_STR(run(line, NULL), "66||esxbk-x: no VM 'x'\n");
	CHECK_STR(text_of(path),
	    "{\"schema\":\"esxbk.result/1\"}\n" SUMMARY("66", "notfound",
		"no VM 'x'"));
	unlink(path);
	rmdir(dir);
	snprintf(line, sizeof(line), "--result %s a", path);
	snprintf(path, sizeof(path), "73||esxbk-x: --result: open %s: ", dir);
	CHECK(strncmp(run(line, NULL), path, strlen(path)) == 0);
}

CHECK_MAIN(TEST(every_end_has_its_status_and_one_line),
    TEST(questions_are_answered_on_stdout), TEST(lost_output_is_an_error),
    TEST(result_file_tells_of_failures_too))
