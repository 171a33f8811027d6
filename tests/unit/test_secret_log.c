#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/log.h"
#include "base/secret.h"
#include "check.h"

static int saved = -1, file = -1;

static void
catch_stderr(void)
{
	char path[] = "/tmp/log.XXXXXX";

	fflush(stdout);
	file = mkstemp(path);
	unlink(path);
	saved = dup(STDERR_FILENO);
	dup2(file, STDERR_FILENO);
}

static const char *
caught(void)
{
	static char text[20000];
	ssize_t n = pread(file, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(file);
	return text;
}

static void
no_secret_is_shown(void)
{
	static const struct {
		const char *secrets[3], *line, *masked;
	} rows[] = {
		{ { "hunter2" }, "pw=hunter2;hunter2", "pw=*******;*******" },
		{ { "hunter2" }, "hunter", "hunter" },
		{ { "abc" }, "abc is too short to be one",
		    "abc is too short to be one" },
		/* One within the other, whichever came first. */
		{ { "pass", "password1" }, "x password1", "x *********" },
		{ { "password1", "pass" }, "x password1 pass",
		    "x ********* ****" },
		/* One into the other. */
		{ { "abcdXY", "XYcdef" }, "abcdXYcdef", "**********" },
		{ { "aaaa" }, "aaaaaaa", "*******" },
		{ { "w\xc3\xb6rk" }, "w\xc3\xb6rk", "*****" },
		{ { "hunter2" }, "", "" },
	};
	char line[100];
	size_t i, k;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check_at(rows[i].line);
		for (k = 0; k < 3 && rows[i].secrets[k] != NULL; k++)
			secret_add(rows[i].secrets[k],
			    strlen(rows[i].secrets[k]));
		strcpy(line, rows[i].line);
		secret_mask(line, strlen(line));
		CHECK_STR(line, rows[i].masked);
		secret_free();
		strcpy(line, rows[i].line);
		secret_mask(line, strlen(line));
		CHECK_STR(line, rows[i].line);
	}
}

static void
log_masks_even_where_it_cuts(void)
{
	char text[5000];
	const char *got;
	size_t n;

	secret_add("hunter2hunter2", 14);
	for (n = 3980; n < 4010; n++) {
		memset(text, 'x', sizeof(text));
		strcpy(text + n, "hunter2hunter2");
		catch_stderr();
		log_open("p", LOG_NORMAL);
		log_error("%s", text);
		got = caught();
		CHECK(strlen(got) > 3900 && strlen(got) < 4096);
		CHECK(strstr(got, "hun") == NULL && strstr(got, "xh") == NULL);
	}
	secret_free();
}

static void
level_decides_what_is_said(void)
{
	static const struct {
		enum log_level level;
		const char *text;
	} rows[] = {
		{ LOG_QUIET, "esxbk-x: no\n" },
		{ LOG_NORMAL, "esxbk-x: no\nesxbk-x: warning: careful\n" },
		{ LOG_STEPS,
		    "esxbk-x: no\nesxbk-x: warning: careful\n"
		    "esxbk-x: step 1\n" },
		{ LOG_PROTOCOL,
		    "esxbk-x: no\nesxbk-x: warning: careful\n"
		    "esxbk-x: step 1\nesxbk-x: > POST\n" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		catch_stderr();
		log_open("esxbk-x", rows[i].level);
		errno = EIO;
		log_error("no");
		log_warn("%s", "careful");
		log_step("step %d", 1);
		log_protocol("> POST");
		CHECK_INT(errno, EIO);
		CHECK(
		    !log_is_on(LOG_PROTOCOL) || rows[i].level == LOG_PROTOCOL);
		CHECK_STR(caught(), rows[i].text);
	}
}

static void
message_is_one_harmless_line(void)
{
	catch_stderr();
	log_open("p", LOG_NORMAL);
	log_error("a\nb\x1b[0m\xc2\x9b\xff%s", "");
	CHECK_STR(caught(), "p: a b [0m ?\n");
}

static void
say_before(void)
{
	CHECK(write(STDERR_FILENO, "<", 1) == 1);
}

static void
say_after(void)
{
	CHECK(write(STDERR_FILENO, ">", 1) == 1);
}

static void
progress_is_moved_out_of_the_way(void)
{
	catch_stderr();
	log_open("p", LOG_NORMAL);
	log_hook(say_before, say_after);
	log_error("a");
	log_step("not said");
	log_hook(NULL, NULL);
	log_error("b");
	CHECK_STR(caught(), "<p: a\n>p: b\n");
}

static void
closed_stderr_does_not_hang(void)
{
	catch_stderr();
	close(STDERR_FILENO);
	log_open("p", LOG_NORMAL);
	log_error("nobody hears this");
	CHECK_STR(caught(), "");
}

CHECK_MAIN(TEST(no_secret_is_shown), TEST(log_masks_even_where_it_cuts),
    TEST(level_decides_what_is_said), TEST(message_is_one_harmless_line),
    TEST(progress_is_moved_out_of_the_way), TEST(closed_stderr_does_not_hang))
