#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include "base/clock.h"
#include "plan/history.h"
#include "plan/history_place.h"
#include "sandbox.h"

#define RUN_A "20251127_010003-nightly-1a2b3c4d"
#define RUN_B "20251127_020003-nightly-1a2b3c4e"
#define FIRST(run, plan, slot, started)                                  \
	"{\"schema\":\"esxbk.run/1\",\"type\":\"run\",\"run\":\"" run    \
	"\",\"plan\":\"" plan "\",\"slot\":" slot ",\"scheduled\":true," \
	"\"started\":\"" started "\"}\n"
#define VM(name, outcome, exit)                                              \
	"{\"type\":\"vm\",\"vm\":{\"name\":\"" name "\",\"moid\":\"vm-" name \
	"\",\"uuid\":\"uuid-" name "\"},\"outcome\":\"" outcome              \
	"\",\"text\":\"why\",\"exit\":" exit                                 \
	",\"started\":\"2025-11-27T01:00:10Z\","                             \
	"\"ended\":\"2025-11-27T01:05:00Z\"}\n"
#define END(ended, exit)                                               \
	"{\"type\":\"end\",\"ended\":\"" ended "\",\"exit\":" exit     \
	",\"text\":\"\",\"final\":true,"                               \
	"\"told\":[{\"to\":\"ops\",\"event\":\"failure\",\"exit\":0}," \
	"{\"event\":\"recovery\"},{\"event\":\"tea\"},7]}\n"
#define SLOT "\"2025-11-27T01:00:00Z\""

static struct conf_repo repo;
static char repo_path[300], state_path[300];

static void
begin(void)
{
	sandbox_open();
	snprintf(repo_path, sizeof(repo_path), "%s", sandbox_path("repo"));
	snprintf(state_path, sizeof(state_path), "%s", sandbox_path("state"));
	if (mkdir(repo_path, 0755) == -1)
		abort();
	setenv("STATE_DIRECTORY", state_path, 1);
	repo = (struct conf_repo){ .name = "nas", .path = repo_path };
}

/* A run's file as it might lie there. */
static void
put(const char *run, const char *text)
{
	char path[200];
	struct err e = { 0 };

	snprintf(path, sizeof(path), "repo/runs/%.4s/%.2s/%s.json", run,
	    run + 4, run);
	CHECK_INT(file_mkdir(sandbox_path("repo/runs"), &e), 0);
	path[14] = '\0';
	CHECK_INT(file_mkdir(sandbox_path(path), &e), 0);
	path[14] = '/';
	path[17] = '\0';
	CHECK_INT(file_mkdir(sandbox_path(path), &e), 0);
	path[17] = '/';
	sandbox_write(path, text, strlen(text), 0644);
}

static struct history
read_all(const char *plan, const char *since, size_t at_least)
{
	struct history h;
	struct err e = { 0 };
	time_t t = 0;

	CHECK(since == NULL || clock_parse_iso(since, &t) == 0);
	CHECK_INT(history_read(&h, &repo, plan, t, at_least, &e), 0);
	CHECK_STR(e.text, "");
	return h;
}

static const char *
iso(time_t t)
{
	static char text[4][CLOCK_ISO_SIZE];
	static int next;
	char *out = text[next++ % 4];

	clock_format_iso(t, out);
	return out;
}

/* "RUN+1a2b3c4d ..." without the stamps: which were read. */
static const char *
runs_of(const struct history *h)
{
	static char text[2000];
	size_t i, n = 0;

	text[0] = '\0';
	for (i = 0; i < h->n; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s",
		    i > 0 ? " " : "", h->runs[i].run);
	return text;
}

static void
what_a_run_came_to_is_read_back(void)
{
	const struct history_run *r;
	struct history h;

	begin();
	put(RUN_A,
	    FIRST(RUN_A, "nightly", SLOT, "2025-11-27T01:00:03Z") VM("a", "ok",
		"0") VM("b", "failed", "74") END("2025-11-27T01:30:00Z", "3"));
	h = read_all("nightly", NULL, 0);
	CHECK_INT(h.n, 1);
	if (h.n == 1) {
		r = &h.runs[0];
		CHECK_STR(r->run, RUN_A);
		CHECK_STR(r->plan, "nightly");
		CHECK_STR(iso(r->slot), "2025-11-27T01:00:00Z");
		CHECK_STR(iso(r->started), "2025-11-27T01:00:03Z");
		CHECK_STR(iso(r->ended), "2025-11-27T01:30:00Z");
		CHECK_INT(r->exit, 3);
		CHECK(r->scheduled && r->final);
		CHECK_INT(r->told, CONF_FAILURE | CONF_RECOVERY);
		CHECK_INT(r->n, 2);
		CHECK_STR(r->vms[1].name, "b");
		CHECK_STR(r->vms[1].moid, "vm-b");
		CHECK_STR(r->vms[1].uuid, "uuid-b");
		CHECK_STR(r->vms[1].outcome, "failed");
		CHECK_STR(r->vms[1].text, "why");
		CHECK_INT(r->vms[1].exit, 74);
		CHECK_STR(iso(r->vms[1].started), "2025-11-27T01:00:10Z");
		CHECK_STR(iso(r->vms[1].ended), "2025-11-27T01:05:00Z");
	}
	history_free(&h);
	sandbox_free();
}

/* Each text lies behind a sound first line and one VM. */
static void
torn_and_foreign_lines_are_passed_over(void)
{
	static const struct {
		const char *text;
		int exit;
		size_t vms;
	} rows[] = {
		{ "", -1, 1 },
		{ "{\"type\":\"end\",\"exit\":0", -1, 1 },  /* torn */
		{ "{\"type\":\"end\",\"exit\":0}", -1, 1 }, /* no newline */
		{ "garbage\n" VM("b", "ok", "0"), -1, 2 },
		{ "[1,2]\n7\n\"x\"\nnull\n{}\n\n" VM("b", "ok", "0"), -1, 2 },
		{ "{\"type\":7}\n{\"type\":\"tea\"}\n", -1, 1 },
		{ "{\"type\":\"vm\"}\n{\"type\":\"vm\",\"vm\":7}\n", -1, 1 },
		{ "{\"type\":\"vm\",\"outcome\":{}}\n", -1, 1 },
		{ "{\"type\":\"end\",\"exit\":\"x\",\"told\":{}}\n", 70, 1 },
		{ "{\"type\":\"end\",\"exit\":-5}\n", 70, 1 },
		{ "{\"type\":\"end\",\"exit\":99999999999}\n", 70, 1 },
		{ "{\"type\":\"end\",\"exit\":0,\"ended\":\"soon\"}\n", 0, 1 },
		{ "{\"type\":\"end\",\"exit\":0,\"exit\":3}\n", -1, 1 },
		{ "\xff\xfe\n", -1, 1 },
	};
	char text[2000];
	struct history h;
	size_t i;

	begin();
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check_at(rows[i].text);
		snprintf(text, sizeof(text), "%s%s%s",
		    FIRST(RUN_A, "nightly", SLOT, "2025-11-27T01:00:03Z"),
		    VM("a", "ok", "0"), rows[i].text);
		put(RUN_A, text);
		h = read_all("nightly", NULL, 0);
		CHECK_INT(h.n, 1);
		CHECK_INT(h.runs[0].exit, rows[i].exit);
		CHECK_INT(h.runs[0].n, rows[i].vms);
		CHECK_STR(h.runs[0].plan, "nightly");
		history_free(&h);
	}
	sandbox_free();
}

/* One that wrote nothing yet, or says what its name does not. */
static void
name_of_the_file_counts(void)
{
	static const char *const rows[] = { "", "{\"type\":\"run\"}\n",
		FIRST(RUN_A, "other", SLOT, "never"),
		"{\"type\":\"run\",\"plan\":7,\"started\":[]}\n" };
	struct history h;
	size_t i;

	begin();
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check_at(rows[i]);
		put(RUN_A, rows[i]);
		h = read_all(NULL, NULL, 0);
		CHECK_INT(h.n, 1);
		CHECK_STR(h.runs[0].plan, "nightly");
		CHECK_STR(iso(h.runs[0].started), "2025-11-27T01:00:03Z");
		CHECK_INT(h.runs[0].exit, -1);
		history_free(&h);
	}
	sandbox_free();
}

static void
only_runs_files_are_read(void)
{
	static const char *const rows[] = { "20251127_010003-nightly-1a2b3c4d",
		"20251127_010003-nightly", "20251127_0100-nightly-1a2b3c4d",
		"20251127_010003-nightly-1a2b3c4dx",
		"20251127_010003-nightly-1a2b3", "20251327_010003-n-1a2b3c4d",
		"20251127_010003--1a2b3c4d", "notes" };
	struct history h;
	size_t i;

	begin();
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char path[100];

		if (i == 0)
			put(rows[0], "");
		snprintf(path, sizeof(path), "repo/runs/2025/11/%s.json",
		    rows[i]);
		sandbox_write(path, "", 0, 0644);
	}
	sandbox_write("repo/runs/2025/11/20251127_010003-n-1a2b3c4d.jso", "", 0,
	    0644);
	sandbox_write("repo/runs/2025/readme", "", 0, 0644);
	sandbox_write("repo/runs/readme", "", 0, 0644);
	h = read_all(NULL, NULL, 0);
	CHECK_STR(runs_of(&h), rows[0]);
	history_free(&h);
	sandbox_free();
}

/* Somebody else may write to a repository. */
static void
what_is_no_file_holds_nothing_up(void)
{
	struct history h;

	begin();
	put(RUN_A, "");
	CHECK_INT(unlink(sandbox_path("repo/runs/2025/11/" RUN_A ".json")), 0);
	CHECK_INT(
	    mkfifo(sandbox_path("repo/runs/2025/11/" RUN_A ".json"), 0644), 0);
	sandbox_write("elsewhere",
	    FIRST(RUN_B, "nightly", SLOT, "2025-11-27T02:00:03Z")
		VM("a", "ok", "0"),
	    strlen(FIRST(RUN_B, "nightly", SLOT, "2025-11-27T02:00:03Z")
		    VM("a", "ok", "0")),
	    0644);
	CHECK_INT(symlink(sandbox_path("elsewhere"),
		      sandbox_path("repo/runs/2025/11/" RUN_B ".json")),
	    0);
	alarm(20);
	h = read_all("nightly", NULL, 0);
	alarm(0);
	CHECK_STR(runs_of(&h), "");
	history_free(&h);
	sandbox_free();
}

#define D "20251130_010000-daily-00000001"
#define C "20251129_010000-daily-00000002"
#define B "20251031_010000-daily-00000003"
#define A "20241231_010000-daily-00000004"
#define W "20251130_020000-daily-x-00000005"

static void
newest_runs_of_the_plan_are_chosen(void)
{
	static const struct {
		const char *plan, *since;
		size_t at_least;
		const char *runs;
	} rows[] = {
		{ NULL, NULL, 0, W " " D " " C " " B " " A },
		{ "daily", NULL, 0, D " " C " " B " " A },
		{ "daily-x", NULL, 0, W },
		{ "dail", NULL, 0, "" },
		{ "daily", "2025-11-29T01:00:00Z", 0, D " " C },
		{ "daily", "2025-11-29T01:00:01Z", 0, D },
		{ "daily", "2025-12-01T00:00:00Z", 0, "" },
		{ "daily", "2025-12-01T00:00:00Z", 1, D },
		{ "daily", "2025-12-01T00:00:00Z", 3, D " " C " " B },
		{ "daily", "2025-11-29T12:00:00Z", 2, D " " C },
		{ "daily", "2025-12-01T00:00:00Z", 99, D " " C " " B " " A },
		{ "daily", "2025-01-01T00:00:00Z", 1, D " " C " " B },
		{ "daily-x", "2025-12-01T00:00:00Z", 1, W },
	};
	struct history h;
	size_t i;

	begin();
	put(A, "");
	put(B, "");
	put(C, "");
	put(D, "");
	put(W, "");
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check_at(rows[i].runs);
		h = read_all(rows[i].plan, rows[i].since, rows[i].at_least);
		CHECK_STR(runs_of(&h), rows[i].runs);
		history_free(&h);
	}
	sandbox_free();
}

static json_t *
line(const char *type)
{
	json_t *o = json_object();

	json_set_text(o, "type", type);
	json_set_text(o, "outcome", "ok");
	return o;
}

static struct history_file *
open_run(const char *run)
{
	json_t *first = line("run");
	struct err e = { 0 };
	struct history_file *f = history_open(&repo, "nightly", run, first, &e);

	CHECK_STR(e.text, "");
	json_decref(first);
	return f;
}

static void
add(struct history_file *f, const char *type, const char *text)
{
	json_t *o = line(type);
	struct err e = { 0 };

	CHECK_INT(history_add(f, o, &e), text == NULL ? 0 : -1);
	if (text != NULL)
		CHECK_STR(strstr(e.text, text), text);
	json_decref(o);
}

static void
lines_are_appended_to_a_file_a_run(void)
{
	struct history_file *f;
	struct history h;
	json_t *first = line("run");
	struct err e = { 0 };
	struct stat st;

	begin();
	f = open_run(RUN_A);
	CHECK_STR(history_path(f),
	    sandbox_path("repo/runs/2025/11/" RUN_A ".json"));
	add(f, "vm", NULL);
	CHECK_STR(sandbox_read("repo/runs/2025/11/" RUN_A ".json"),
	    "{\"type\":\"run\",\"outcome\":\"ok\"}\n"
	    "{\"type\":\"vm\",\"outcome\":\"ok\"}\n");
	add(f, "end", NULL);
	history_close(f);
	CHECK_INT(stat(sandbox_path("repo/runs"), &st), 0);
	h = read_all("nightly", NULL, 0);
	CHECK_INT(h.n, 1);
	CHECK_INT(h.runs[0].n, 1);
	history_free(&h);
	/* A name that is taken is never written over: nor is it a reason to
	 * write nothing. */
	f = open_run(RUN_A);
	CHECK_STR(history_path(f),
	    sandbox_path("state/runs/2025/11/" RUN_A ".json"));
	history_close(f);
	CHECK(history_open(&repo, "nightly", RUN_A, first, &e) == NULL);
	CHECK_INT(e.class, ERR_CREATE);
	json_decref(first);
	history_close(NULL);
	sandbox_free();
}

static void
unusable_repository_leaves_a_trace_here(void)
{
	struct history_file *f;
	struct history h;

	begin();
	CHECK_INT(rmdir(repo_path), 0);
	f = open_run(RUN_A);
	CHECK_STR(history_path(f),
	    sandbox_path("state/runs/2025/11/" RUN_A ".json"));
	history_close(f);
	/* It is back: both places count. */
	CHECK_INT(mkdir(repo_path, 0755), 0);
	f = open_run(RUN_B);
	CHECK_STR(history_path(f),
	    sandbox_path("repo/runs/2025/11/" RUN_B ".json"));
	history_close(f);
	h = read_all("nightly", NULL, 0);
	CHECK_STR(runs_of(&h), RUN_B " " RUN_A);
	history_free(&h);
	sandbox_free();
}

/* As on a file system that is full until something is removed. */
static void
line_that_did_not_fit_spoils_no_other(void)
{
	struct rlimit was, most = { 45, RLIM_INFINITY };
	struct history_file *f;
	struct history h;

	begin();
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &was);
	f = open_run(RUN_A);
	most.rlim_max = was.rlim_max;
	setrlimit(RLIMIT_FSIZE, &most);
	add(f, "vm", ": File too large");
	setrlimit(RLIMIT_FSIZE, &was);
	signal(SIGXFSZ, SIG_DFL);
	add(f, "vm", NULL);
	history_close(f);
	CHECK_STR(sandbox_read("repo/runs/2025/11/" RUN_A ".json"),
	    "{\"type\":\"run\",\"outcome\":\"ok\"}\n"
	    "{\"type\":\"vm\",\"outcome\":\"ok\"}\n");
	h = read_all("nightly", NULL, 0);
	CHECK_INT(h.runs[0].n, 1);
	history_free(&h);
	sandbox_free();
}

static void
folder_of_our_own_state_is_found(void)
{
	static const struct {
		const char *state, *xdg, *home, *want;
	} rows[] = {
		{ "/s", "/x", "/h", "/s" },
		{ NULL, "/x", "/h", "/x/esxbk" },
		{ "", "/x", "/h", "/x/esxbk" },
		{ "relative", "/x", "/h", "/x/esxbk" },
		{ NULL, NULL, "/h", NULL },
	};
	struct err e = { 0 };
	char *got;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsetenv("STATE_DIRECTORY");
		unsetenv("XDG_STATE_HOME");
		if (rows[i].state != NULL)
			setenv("STATE_DIRECTORY", rows[i].state, 1);
		if (rows[i].xdg != NULL)
			setenv("XDG_STATE_HOME", rows[i].xdg, 1);
		setenv("HOME", rows[i].home, 1);
		got = history_place(&e);
		CHECK_STR(got,
		    rows[i].want != NULL ? rows[i].want
			: geteuid() == 0 ? "/var/lib/esxbk"
					 : "/h/.local/state/esxbk");
		free(got);
	}
}

/* "exit@ended ..." of a slot's tries. */
static const char *
tries(const struct history *h, const char *slot, const char *uuid)
{
	static char text[1000];
	struct err e = { 0 };
	struct due_try *all;
	size_t n, i, at = 0;
	time_t t = 0;

	CHECK_INT(clock_parse_iso(slot, &t), 0);
	all = history_tries(h, t, uuid, &n, &e);
	CHECK(all != NULL);
	text[0] = '\0';
	for (i = 0; i < n; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%d@%s",
		    i > 0 ? " " : "", all[i].exit, iso(all[i].ended) + 11);
	free(all);
	return text;
}

static void
tries_of_a_slot_are_counted(void)
{
	struct history h;

	begin();
	put("20251127_010003-nightly-00000001",
	    FIRST("x", "nightly", SLOT, "2025-11-27T01:00:03Z") VM("a", "ok",
		"0") VM("b", "failed", "74") END("2025-11-27T01:30:00Z", "3"));
	/* It came to no VM. */
	put("20251127_020000-nightly-00000002",
	    FIRST("x", "nightly", SLOT, "2025-11-27T02:00:00Z")
		END("2025-11-27T02:00:01Z", "69"));
	/* Killed while it was at b; killed before any. */
	put("20251127_030000-nightly-00000003",
	    FIRST("x", "nightly", SLOT, "2025-11-27T03:00:00Z")
		VM("a", "ok", "0"));
	put("20251127_040000-nightly-00000004",
	    FIRST("x", "nightly", SLOT, "2025-11-27T04:00:00Z"));
	/* Others' slots. */
	put("20251127_050000-nightly-00000005",
	    FIRST("x", "nightly", "null", "2025-11-27T05:00:00Z")
		VM("b", "ok", "0") END("2025-11-27T05:30:00Z", "0"));
	put("20251128_010000-nightly-00000006",
	    FIRST("x", "nightly", "\"2025-11-28T01:00:00Z\"",
		"2025-11-28T01:00:00Z") VM("b", "failed", "69"));
	h = read_all("nightly", NULL, 0);
	CHECK_INT(h.n, 6);
	CHECK_STR(tries(&h, "2025-11-27T01:00:00Z", "UUID-a"),
	    "0@01:05:00Z 0@01:05:00Z");
	CHECK_STR(tries(&h, "2025-11-27T01:00:00Z", "uuid-b"),
	    "74@01:05:00Z -1@03:00:00Z");
	CHECK_STR(tries(&h, "2025-11-27T01:00:00Z", NULL),
	    "69@02:00:01Z -1@04:00:00Z");
	CHECK_STR(tries(&h, "2025-11-28T01:00:00Z", "uuid-b"), "69@01:05:00Z");
	CHECK_STR(tries(&h, "2025-11-26T01:00:00Z", "uuid-b"), "");
	history_free(&h);
	sandbox_free();
}

/* 1000 runs of 200 VMs: only what is asked for is opened. */
static void
newest_of_a_thousand_runs_are_quick(void)
{
	static char text[60000];
	char run[100], stamp[CLOCK_STAMP_SIZE];
	uint64_t begun;
	struct history h;
	size_t n = 0;
	int i;

	begin();
	n += (size_t)snprintf(text, sizeof(text), "%s",
	    FIRST("x", "nightly", SLOT, "2025-11-27T01:00:03Z"));
	for (i = 0; i < 200; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s",
		    VM("a", "ok", "0"));
	CHECK(n < sizeof(text));
	for (i = 0; i < 1000; i++) {
		clock_format_stamp(1700000000 + i * 86400, stamp);
		snprintf(run, sizeof(run), "%s-nightly-%08x", stamp, i);
		put(run, text);
	}
	begun = clock_mono_ms();
	h = read_all("nightly", "2100-01-01T00:00:00Z", 3);
	CHECK(clock_mono_ms() - begun < 1500);
	CHECK_INT(h.n, 3);
	CHECK_INT(h.runs[0].n, 200);
	history_free(&h);
	sandbox_free();
}

CHECK_MAIN(TEST(what_a_run_came_to_is_read_back),
    TEST(torn_and_foreign_lines_are_passed_over), TEST(name_of_the_file_counts),
    TEST(only_runs_files_are_read), TEST(what_is_no_file_holds_nothing_up),
    TEST(newest_runs_of_the_plan_are_chosen),
    TEST(lines_are_appended_to_a_file_a_run),
    TEST(unusable_repository_leaves_a_trace_here),
    TEST(line_that_did_not_fit_spoils_no_other),
    TEST(folder_of_our_own_state_is_found), TEST(tries_of_a_slot_are_counted),
    TEST(newest_of_a_thousand_runs_are_quick))
