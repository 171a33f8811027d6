#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "base/log.h"
#include "check.h"
#include "cli/progress.h"
#include "sys/pool.h"

#define MIB 1048576ULL
#define GIB 1073741824ULL
#define BEGIN "{\"schema\":\"esxbk.result/1\",\"type\":\"progress\""

static void
line_tells_how_far_and_how_long(void)
{
	static const struct {
		struct progress_state s;
		unsigned int label, columns;
		const char *line;
	} rows[] = {
		{ { "Hard disk 1", 40 * GIB, 10 * GIB, 3 * GIB, 60000, 10000,
		      2 * GIB, 850 * MIB },
		    11, 80,
		    "Hard disk 1  25%   3.0 GiB  85.0 MiB/s  2:30 left" },
		/* Half a gigabyte came for a disk of which nearly all is
		 * done: the position counts. */
		{ { "thin", 100 * GIB, 99 * GIB, GIB / 2, 1000, 1000, 99 * GIB,
		      GIB / 2 },
		    4, 80, "thin  99%   512 MiB   512 MiB/s  0:00 left" },
		{ { "a", GIB, GIB, 5 * MIB, 62000, 62000, GIB, 5 * MIB, true },
		    4, 80, "a    100%   5.0 MiB  82.5 KiB/s  done in 1:02" },
		{ { "a", GIB, 0, 0, 0, 0, 0, 0, true }, 1, 80,
		    "a 100%       0 B       0 B/s  done in 0:00" },
		{ { "a", GIB }, 3, 80, "a   waiting" },
		{ { "stalled", GIB, GIB / 2, MIB, 90000, 10000, 0, 0 }, 7, 80,
		    "stalled  50%   1.0 MiB       0 B/s" },
		{ { "beyond", GIB, 2 * GIB, MIB, 1000, 1000, MIB, MIB }, 6, 80,
		    "beyond 100%   1.0 MiB   1.0 MiB/s" },
		{ { "empty", 0, 0, 1, 1000, 1000, 0, 1 }, 5, 80,
		    "empty   0%       1 B       1 B/s" },
		{ { "huge", UINT64_MAX, UINT64_MAX - 1, UINT64_MAX, 1, 1,
		      UINT64_MAX, UINT64_MAX },
		    4, 80, "huge  99%  15.9 EiB  15.9 EiB/s  0:00 left" },
		{ { "Hard disk 1", 40 * GIB, 10 * GIB, 3 * GIB, 60000, 10000,
		      2 * GIB, 850 * MIB },
		    11, 44, "Hard d  25%   3.0 GiB  85.0 MiB/s  2:30 left" },
		{ { "Hard disk 1", 40 * GIB, 10 * GIB, 3 * GIB, 60000, 10000,
		      2 * GIB, 850 * MIB },
		    11, 20, "Hard  25%   3.0 GiB " },
		{ { "Hard disk 1", GIB, 1, 1, 1, 1, 1, 1 }, 11, 0, "Hard " },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf b = { 0 };

		check_at(rows[i].line);
		progress_format(&rows[i].s, rows[i].label, rows[i].columns, &b);
		CHECK_STR(buf_text(&b), rows[i].line);
		buf_free(&b);
	}
}

static void
label_is_cut_by_what_it_takes_on_the_screen(void)
{
	static const struct {
		const char *label;
		unsigned int width, columns;
		const char *line;
	} rows[] = {
		{ "w\xc3\xb6rk", 4, 4, "w\xc3\xb6rk waiting" },
		{ "w\xc3\xb6rk", 4, 3, "w\xc3\xb6r waiting" },
		{ "\xe4\xb8\xad\xe6\x96\x87", 4, 4,
		    "\xe4\xb8\xad\xe6\x96\x87 waiting" },
		{ "\xe4\xb8\xad\xe6\x96\x87", 4, 3, "\xe4\xb8\xad  waiting" },
		{ "e\xcc\x81z", 2, 1, "e\xcc\x81 waiting" },
		{ "\xf0\x9f\x98\x80", 2, 4, "\xf0\x9f\x98\x80   waiting" },
		{ "a\x1b[31mb\n", 6, 8, "a[31mb   waiting" },
		{ "a\xe2\x80\xaez", 2, 2, "az waiting" },
		{ "a\xff", 2, 2, "a\xef\xbf\xbd waiting" },
		{ "", 0, 2, "   waiting" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct progress_state s = { .label = rows[i].label };
		struct buf b = { 0 };

		check_at(rows[i].line);
		CHECK_INT(progress_format_columns(rows[i].label),
		    rows[i].width);
		progress_format(&s, rows[i].columns, 80, &b);
		CHECK_STR(buf_text(&b), rows[i].line);
		buf_free(&b);
	}
}

static void
planner_can_read_the_progress(void)
{
	struct progress_state s = { "Hard disk 1\xff", 40 * GIB, 10 * GIB,
		3 * GIB, 60000, 10000, 2 * GIB, 850 * MIB, false };
	struct buf b = { 0 };
	struct err e = { 0 };

	CHECK_INT(progress_format_json(&s, &b, &e), 0);
	s.done = true;
	CHECK_INT(progress_format_json(&s, &b, &e), 0);
	CHECK_STR(buf_text(&b),
	    BEGIN ",\"disk\":\"Hard disk 1\xef\xbf\xbd\","
		  "\"capacity\":42949672960,\"position\":10737418240,"
		  "\"bytes\":3221225472,\"percent\":25,"
		  "\"bytes_per_second\":89128960,\"seconds_left\":150,"
		  "\"done\":false}\n" BEGIN
		  ",\"disk\":\"Hard disk 1\xef\xbf\xbd\","
		  "\"capacity\":42949672960,\"position\":10737418240,"
		  "\"bytes\":3221225472,\"percent\":100,"
		  "\"bytes_per_second\":53687091,\"seconds_left\":null,"
		  "\"done\":true}\n");
	buf_free(&b);
}

static const struct watch_disk two[] = { { "Hard disk 1", GIB },
	{ "Hard disk 2", GIB } };

/* What a run of two disks leaves on stderr when that is fd. */
static char *
stderr_of_a_run(const char *mode, int fd, int from)
{
	static char text[4000];
	struct err e = { 0 };
	struct progress *p;
	int saved = dup(STDERR_FILENO);
	size_t len = 0;
	ssize_t n;

	fflush(stdout);
	dup2(fd, STDERR_FILENO);
	p = progress_open(mode, two, 2, &e);
	CHECK(p != NULL);
	progress_set(p, 0, GIB / 2, MIB);
	log_warn("%s", "careful");
	progress_set(p, 7, 0, 0);
	progress_done(p, 0);
	progress_free(p);
	log_warn("%s", "over");
	dup2(saved, STDERR_FILENO);
	close(saved);
	if (from == fd)
		lseek(fd, 0, SEEK_SET);
	while (len < sizeof(text) - 1 &&
	    (n = read(from, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	return text;
}

/* The run is over at once, or on a slow machine after some milliseconds: then
 * it had a speed, which is 0 here. */
static void
forget_speed(char *text)
{
	static const char key[] = "bytes_per_second\":",
			  none[] = "       0 B/s";
	char *at = strstr(text, "iB/s");

	if (at != NULL)
		memcpy(at + 4 - strlen(none), none, strlen(none));
	at = strstr(text, key);
	if (at == NULL)
		return;
	at += strlen(key);
	*at++ = '0';
	memmove(at, at + strspn(at, "0123456789"),
	    strlen(at + strspn(at, "0123456789")) + 1);
}

static const char *
file_of_a_run(const char *mode)
{
	char path[] = "/tmp/progress.XXXXXX";
	char *text;
	int fd = mkstemp(path);

	unlink(path);
	log_open("esxbk-x", LOG_NORMAL);
	text = stderr_of_a_run(mode, fd, fd);
	close(fd);
	forget_speed(text);
	return text;
}

static void
log_file_is_not_filled_with_progress(void)
{
	static const char said[] = "esxbk-x: warning: careful\n"
				   "esxbk-x: warning: over\n";

	CHECK_STR(file_of_a_run("auto"), said);
	CHECK_STR(file_of_a_run("never"), said);
}

static void
progress_asked_for_is_a_line_a_disk(void)
{
	CHECK_STR(file_of_a_run("always"),
	    "esxbk-x: warning: careful\n"
	    "esxbk-x: Hard disk 1 100%   1.0 MiB       0 B/s  done in 0:00\n"
	    "esxbk-x: warning: over\n");
	CHECK_STR(file_of_a_run("json"),
	    "esxbk-x: warning: careful\n" BEGIN ",\"disk\":\"Hard disk 1\","
	    "\"capacity\":1073741824,\"position\":536870912,"
	    "\"bytes\":1048576,\"percent\":100,\"bytes_per_second\":0,"
	    "\"seconds_left\":null,\"done\":true}\n"
	    "esxbk-x: warning: over\n");
}

/* A terminal of 61 columns and so many rows; the master's
 * fd, of which reading does not wait. */
static int
open_terminal(unsigned short rows, int *terminal)
{
	struct winsize size = { .ws_row = rows, .ws_col = 61 };
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);

	CHECK(master != -1 && grantpt(master) == 0 && unlockpt(master) == 0);
	*terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
	CHECK(*terminal != -1);
	CHECK_INT(ioctl(*terminal, TIOCSWINSZ, &size), 0);
	return master;
}

static const char *
screen_of_a_run(unsigned short rows, enum log_level level, const char *term)
{
	int terminal, master = open_terminal(rows, &terminal);
	const char *text;

	setenv("TERM", term, 1);
	log_open("esxbk-x", level);
	text = stderr_of_a_run("auto", terminal, master);
	close(terminal);
	close(master);
	return text;
}

#define WAITING "Hard disk 2 waiting\033[K\r\n"

static void
message_does_not_tear_the_progress(void)
{
	const char *text = screen_of_a_run(24, LOG_NORMAL, "xterm");

	CHECK(strncmp(text, "Hard disk 1  50% ", 17) == 0);
	CHECK(strstr(text,
		  WAITING "\033[J\033[2A\r\033[J"
			  "esxbk-x: warning: careful\r\nHard disk 1") != NULL);
	CHECK(strstr(text, "\033[2AHard disk 1 100%   1.0 MiB") != NULL);
	CHECK(strstr(text, WAITING "\033[Jesxbk-x: warning: over\r\n") != NULL);
}

static void
small_screen_shows_the_disks_that_move(void)
{
	const char *text = screen_of_a_run(2, LOG_NORMAL, "xterm");

	CHECK(strstr(text, "Hard disk 2") == NULL);
	CHECK(strstr(text, "\033[2A") == NULL);
}

static void
terminal_without_a_cursor_and_quiet_show_none(void)
{
	CHECK_STR(screen_of_a_run(24, LOG_NORMAL, "dumb"),
	    "esxbk-x: warning: careful\r\nesxbk-x: warning: over\r\n");
	CHECK_STR(screen_of_a_run(24, LOG_QUIET, "xterm"), "");
}

static int
copy_disk(struct pool *pool, void *arg, size_t i, struct err *e)
{
	uint64_t at;

	(void)pool;
	(void)e;
	for (at = 0; at < 2000; at++) {
		progress_set(arg, i, at * MIB, at);
		if (at % 500 == 0)
			log_warn("disk %zu", i);
	}
	progress_done(arg, i);
	return 0;
}

static void *
swallow(void *arg)
{
	char bytes[4096];

	while (read(*(int *)arg, bytes, sizeof(bytes)) > 0)
		continue;
	return NULL;
}

static void
disks_and_messages_may_come_at_once(void)
{
	int terminal, master = open_terminal(24, &terminal);
	int saved = dup(STDERR_FILENO);
	struct err e = { 0 };
	struct progress *p;
	pthread_t reader;

	CHECK_INT(fcntl(master, F_SETFL, 0), 0);
	setenv("TERM", "xterm", 1);
	log_open("esxbk-x", LOG_NORMAL);
	CHECK_INT(pthread_create(&reader, NULL, swallow, &master), 0);
	dup2(terminal, STDERR_FILENO);
	p = progress_open("auto", two, 2, &e);
	CHECK_INT(pool_run(copy_disk, p, 2, 2, &e), 0);
	progress_free(p);
	dup2(saved, STDERR_FILENO);
	close(terminal); /* ends the reader */
	pthread_join(reader, NULL);
	close(saved);
	close(master);
}

CHECK_MAIN(TEST(line_tells_how_far_and_how_long),
    TEST(label_is_cut_by_what_it_takes_on_the_screen),
    TEST(planner_can_read_the_progress),
    TEST(log_file_is_not_filled_with_progress),
    TEST(progress_asked_for_is_a_line_a_disk),
    TEST(message_does_not_tear_the_progress),
    TEST(small_screen_shows_the_disks_that_move),
    TEST(terminal_without_a_cursor_and_quiet_show_none),
    TEST(disks_and_messages_may_come_at_once))
