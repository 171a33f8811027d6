#include "plan/units.h"

#include <stdlib.h>
#include "check.h"

static const struct conf_repo nas = { .name = "nas", .path = "/backups/ovf" };
static const struct conf_site esx1 = { .name = "esx1",
	.server = "esx1.example.org",
	.user = "root",
	.password = { CONF_CREDENTIAL, "esx1", { NULL, 0 } } };
static const struct units_how how = { "/usr/bin/esxbk-plan", NULL, "esxbk",
	1795996800 };

static struct conf_plan
nightly(void)
{
	return (struct conf_plan){ .name = "nightly",
		.site = &esx1,
		.repo = &nas,
		.zone = "Europe/Paris",
		.schedule = { .kind = SCHEDULE_DAILY, .hour = 2 } };
}

static const char *
text_of(const struct units *u, const char *name)
{
	size_t i;

	for (i = 0; i < u->n; i++)
		if (strcmp(u->files[i].name, name) == 0)
			return u->files[i].text;
	return "";
}

static const char *
line_of(const struct units *u, const char *name, const char *key)
{
	static char line[400];
	const char *at = strstr(text_of(u, name), key);

	snprintf(line, sizeof(line), "%.*s",
	    at == NULL ? 0 : (int)strcspn(at, "\n"), at == NULL ? "" : at);
	return line;
}

static int
make(struct units *u, struct conf_plan *p, const struct units_how *h,
    struct err *e)
{
	struct conf c = { .plans = p, .n_plans = 1 };
	const struct conf_plan *plans[] = { p };

	return units_systemd(u, &c, plans, 1, h, e);
}

static void
a_timer_keeps_the_plans_time_zone_and_what_was_missed(void)
{
	struct conf_plan p = nightly();
	struct units u;
	struct err e = { 0 };

	p.schedule.jitter_s = 600;
	CHECK_INT(make(&u, &p, &how, &e), 0);
	CHECK_STR(text_of(&u, "esxbk-plan@nightly.timer"),
	    "# Made by esxbk-plan schedule from the configuration: edits are "
	    "lost.\n"
	    "[Unit]\n"
	    "Description=Starts backups of VMs by plan nightly\n"
	    "Documentation=man:esxbk-plan(1)\n"
	    "\n"
	    "[Timer]\n"
	    "OnCalendar=*-*-* 02:00:00 Europe/Paris\n"
	    "OnCalendar=Sun *-03-25..31 03:00:00 Europe/Paris\n"
	    "Persistent=true\n"
	    "RandomizedDelaySec=600s\n"
	    "FixedRandomDelay=true\n"
	    "\n"
	    "[Install]\n"
	    "WantedBy=timers.target\n");
	units_free(&u);
}

static void
a_service_gets_its_plans_credentials_and_folders_and_no_others(void)
{
	struct conf_notify mail = { .name = "ops",
		.password = { CONF_CREDENTIAL, "smtp", { NULL, 0 } } };
	struct conf_notify again = { .name = "more",
		.password = { CONF_CREDENTIAL, "esx1", { NULL, 0 } } };
	const struct conf_notify *notify[] = { &mail, &again };
	struct conf_plan p = nightly();
	struct units u;
	struct err e = { 0 };

	p.notify = notify;
	p.n_notify = 2;
	CHECK_INT(make(&u, &p, &how, &e), 0);
	CHECK_STR(text_of(&u, "esxbk-plan@nightly.service.d/esxbk.conf"),
	    "# Made by esxbk-plan schedule from the configuration: edits are "
	    "lost.\n"
	    "[Unit]\n"
	    "RequiresMountsFor=/backups/ovf\n"
	    "\n"
	    "[Service]\n"
	    "ReadWritePaths=-/backups/ovf\n"
	    "LoadCredential=esx1:/etc/esxbk/credentials/esx1\n"
	    "LoadCredential=smtp:/etc/esxbk/credentials/smtp\n");
	CHECK_INT(u.n, 3);
	units_free(&u);
}

static void
what_may_pass_is_tried_again_but_not_for_ever(void)
{
	const char drop_in[] = "esxbk-plan@nightly.service.d/esxbk.conf";
	static const struct {
		enum schedule_kind kind;
		uint64_t retry_for_s;
		const char *limit, *pause;
	} rows[] = {
		{ SCHEDULE_DAILY, 21600, "StartLimitBurst=4", "RestartSec=1h" },
		{ SCHEDULE_DAILY, 0, "", "" },
		{ SCHEDULE_CALENDAR, 21600, "", "" },
		{ SCHEDULE_NONE, 21600, "", "" },
	};
	struct conf_plan p = nightly();
	struct units u;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { 0 };

		p.schedule = (struct schedule){ .kind = rows[i].kind,
			.calendar = "hourly" };
		p.retry_for_s = rows[i].retry_for_s;
		CHECK_INT(make(&u, &p, &how, &e), 0);
		CHECK_STR(line_of(&u, drop_in, "StartLimitBurst"),
		    rows[i].limit);
		CHECK_STR(line_of(&u, drop_in, "RestartSec"), rows[i].pause);
		units_free(&u);
	}
}

static void
replicas_are_written_to_but_not_waited_for(void)
{
	struct conf_target targets[] = { { .name = "dr", .path = "/mnt/dr" },
		{ .name = "s3", .is_rclone = true, .remote = "s3:x" },
		{ .name = "other", .path = "/mnt/other" } };
	const char *to[] = { "s3", "dr", NULL };
	struct conf_plan p = nightly();
	struct conf c = { .plans = &p,
		.n_plans = 1,
		.targets = targets,
		.n_targets = 3 };
	const struct conf_plan *plans[] = { &p };
	struct units u;
	struct err e = { 0 };

	p.replicate = (struct conf_list){ to, 2 };
	CHECK_INT(units_systemd(&u, &c, plans, 1, &how, &e), 0);
	CHECK(strstr(text_of(&u, "esxbk-plan@nightly.service.d/esxbk.conf"),
		  "RequiresMountsFor=/backups/ovf\n\n[Service]\n"
		  "ReadWritePaths=-/backups/ovf\n"
		  "ReadWritePaths=-/mnt/dr\nLoadCredential") != NULL);
	units_free(&u);
}

static void
a_plan_without_a_schedule_can_be_started_by_hand(void)
{
	struct conf_plan p = nightly();
	struct units u;
	struct err e = { 0 };

	p.schedule.kind = SCHEDULE_NONE;
	CHECK_INT(make(&u, &p, &how, &e), 0);
	CHECK_INT(u.n, 2);
	CHECK_STR(u.files[0].name, "esxbk-plan@.service");
	CHECK_STR(u.files[1].name, "esxbk-plan@nightly.service.d/esxbk.conf");
	units_free(&u);
}

/* Each character that means something to systemd. */
static void
odd_paths_are_the_paths_that_were_meant(void)
{
	struct conf_repo repo = { .name = "odd",
		.path = "/b/100% \"my\" $HOME\\x" };
	struct units_how odd = { "/opt/my tools/esxbk-plan 100%",
		"/etc/a $b/c%.json", "root" };
	const char drop_in[] = "esxbk-plan@nightly.service.d/esxbk.conf";
	struct conf_plan p = nightly();
	struct units u;
	struct err e = { 0 };

	p.repo = &repo;
	CHECK_INT(make(&u, &p, &odd, &e), 0);
	CHECK_STR(line_of(&u, "esxbk-plan@.service", "ExecStart"),
	    "ExecStart=\"/opt/my tools/esxbk-plan 100%%\" run --scheduled "
	    "--config \"/etc/a $$b/c%%.json\" %i");
	CHECK_STR(line_of(&u, drop_in, "ReadWritePaths"),
	    "ReadWritePaths=\"-/b/100%% \\\"my\\\" $HOME\\\\x\"");
	CHECK_STR(line_of(&u, drop_in, "RequiresMountsFor"),
	    "RequiresMountsFor=\"/b/100%% \\\"my\\\" $HOME\\\\x\"");
	units_free(&u);
}

static void
what_lies_in_a_home_stays_visible(void)
{
	static const struct {
		const char *repo, *config, *password;
		bool is_visible;
	} rows[] = {
		{ "/backups", "/etc/x.json", "/etc/p", false },
		{ "/homes", "/rooted/x", "/run/users", false },
		{ "/home/ops/backups", NULL, NULL, true },
		{ "/backups", "/home/ops/esxbk.json", NULL, true },
		{ "/backups", NULL, "/root", true },
		{ "/backups", NULL, "/run/user/1/p", true },
	};
	struct conf_repo repo = nas;
	struct conf_site site = esx1;
	struct conf_plan p = nightly();
	struct units u;
	size_t i;

	p.repo = &repo;
	p.site = &site;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct units_how at = { how.program, rows[i].config, "esxbk" };
		struct err e = { 0 };

		check_at(rows[i].repo);
		repo.path = rows[i].repo;
		site.password = (struct conf_secret){ rows[i].password == NULL
			    ? CONF_NO_SECRET
			    : CONF_SECRET_FILE,
			rows[i].password, { NULL, 0 } };
		CHECK_INT(make(&u, &p, &at, &e), 0);
		CHECK_STR(line_of(&u, "esxbk-plan@nightly.service.d/esxbk.conf",
			      "ProtectHome"),
		    rows[i].is_visible ? "ProtectHome=read-only" : "");
		units_free(&u);
	}
}

static void
a_path_that_systemd_would_pass_over_is_refused(void)
{
	static const struct {
		const char *path, *want;
	} rows[] = {
		{ "backups",
		    "plan nightly: repository 'backups' is not absolute" },
		{ "/a/../b",
		    "plan nightly: repository '/a/../b': name it without '.' and '..'" },
		{ "/a/.",
		    "plan nightly: repository '/a/.': name it without '.' and '..'" },
		{ "/a\nUser=root",
		    "plan nightly: repository '/a User=root': no control characters and nothing but UTF-8 goes into a unit file or crontab" },
		{ "/a\xff",
		    "plan nightly: repository '/a?': no control characters and nothing but UTF-8 goes into a unit file or crontab" },
	};
	struct conf_repo repo = nas;
	struct conf_plan p = nightly();
	struct units u;
	size_t i;

	p.repo = &repo;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { 0 };

		check_at(rows[i].want);
		repo.path = rows[i].path;
		CHECK_INT(make(&u, &p, &how, &e), -1);
		CHECK_INT(e.class, ERR_CONFIG);
		CHECK_STR(e.text, rows[i].want);
		units_free(&u);
	}
}

static void
no_credential_can_name_another_file(void)
{
	struct conf_site site = esx1;
	struct conf_plan p = nightly();
	struct err e = { 0 };
	struct units u;

	site.password.name = "x:/etc/shadow";
	p.site = &site;
	CHECK_INT(make(&u, &p, &how, &e), -1);
	CHECK_STR(e.text,
	    "plan nightly: credential 'x:/etc/shadow': no ':' or '/' goes into "
	    "such a name");
	units_free(&u);
}

static void
cron_starts_all_plans_by_one_line(void)
{
	static const struct {
		struct units_how how;
		const char *want;
	} rows[] = {
		{ { "/usr/bin/esxbk-plan", NULL, NULL },
		    "*/15 * * * * /usr/bin/esxbk-plan run --due -q\n" },
		{ { "/usr/bin/esxbk-plan", "/srv/e.json", "root" },
		    "*/15 * * * * root /usr/bin/esxbk-plan run --due -q --config /srv/e.json\n" },
		{ { "/my tools/100%'s/esxbk-plan", "/a b", "root" },
		    "*/15 * * * * root '/my tools/100\\%'\\''s/esxbk-plan' run --due -q --config '/a b'\n" },
	};
	struct conf c = { 0 };
	struct units u;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { 0 };

		check_at(rows[i].want);
		CHECK_INT(units_cron(&u, &c, &rows[i].how, &e), 0);
		CHECK_INT(u.n, 1);
		CHECK_STR(u.files[0].name, "esxbk");
		CHECK(units_is_ours(u.files[0].text));
		CHECK_STR(strchr(u.files[0].text, '\n') + 1, rows[i].want);
		units_free(&u);
	}
}

static void
cron_takes_no_plan_that_it_would_never_start(void)
{
	struct units_how odd = { "/a\\b", NULL, NULL };
	struct conf_plan plans[] = { nightly(), nightly() };
	struct conf c = { .plans = plans, .n_plans = 2 };
	struct err e = { 0 };
	struct units u;

	plans[1].name = "odd";
	plans[1].schedule.kind = SCHEDULE_CALENDAR;
	CHECK_INT(units_cron(&u, &c, &how, &e), -1);
	CHECK_INT(e.class, ERR_CONFIG);
	CHECK_STR(e.text,
	    "plans with on_calendar, which only systemd knows: there is 'odd'; "
	    "give them daily, weekly or monthly, or use --format=systemd");
	units_free(&u);
	err_clear(&e);
	c.n_plans = 1;
	CHECK_INT(units_cron(&u, &c, &odd, &e), -1);
	CHECK_STR(e.text,
	    "program '/a\\b': not every cron reads a backslash in the same "
	    "way");
	units_free(&u);
}

static void
files_of_others_are_not_taken_for_ours(void)
{
	static const struct {
		const char *name, *plan;
	} rows[] = {
		{ "esxbk-plan@.service", "" },
		{ "esxbk-plan@a_b-9.timer", "a_b-9" },
		{ "esxbk-plan@a.service.d/esxbk.conf", "a" },
		{ "esxbk-plan@a.service", NULL },
		{ "esxbk-plan@.timer", NULL },
		{ "esxbk-plan@a b.timer", NULL },
		{ "esxbk-plan@A.timer", NULL },
		{ "esxbk-plan@a.timer.bak", NULL },
		{ ".esxbk-plan@a.timer.partial", NULL },
		{ "other@a.timer", NULL },
		{ "esxbk-plan@a.service.d/override.conf", NULL },
		{ "esxbk-plan@aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.timer",
		    NULL },
	};
	char plan[UNITS_PLAN_SIZE];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check_at(rows[i].name);
		CHECK_INT(units_plan_of(rows[i].name, plan),
		    rows[i].plan == NULL ? -1 : 0);
		if (rows[i].plan != NULL)
			CHECK_STR(plan, rows[i].plan);
	}
	CHECK(!units_is_ours("[Unit]\n"));
	CHECK(!units_is_ours(""));
	CHECK(!units_is_ours(units_marker)); /* cut off */
}

static void
a_diff_says_which_lines_change(void)
{
	static const struct {
		const char *old, *new, *want;
	} rows[] = {
		{ "a\nb\n", "a\nb\n", "" },
		{ NULL, "a\nb\n",
		    "--- /dev/null\n+++ f\n@@ -0,0 +1,2 @@\n+a\n+b\n" },
		{ "a\n", NULL, "--- f\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-a\n" },
		{ "a\nb\nc\nd\n", "a\nB\nc\ne\nd\n",
		    "--- f\n+++ f\n@@ -1,4 +1,5 @@\n"
		    " a\n-b\n+B\n c\n+e\n d\n" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf b = { 0 };

		check_at(rows[i].want);
		units_diff("f", rows[i].old, rows[i].new, &b);
		CHECK_STR(buf_text(&b), rows[i].want);
		buf_free(&b);
	}
}

/* More lines than are compared one by one: still a diff, still right. */
static void
a_long_diff_is_told_whole(void)
{
	struct buf old = { 0 }, new = { 0 }, b = { 0 };
	size_t i, lines = 0;

	for (i = 0; i < 2000; i++) {
		buf_fmt(&old, "%zu\n", i);
		buf_fmt(&new, "%zu\n", i * 2);
	}
	units_diff("f", buf_text(&old), buf_text(&new), &b);
	for (i = 0; i < b.len; i++)
		lines += b.data[i] == '\n';
	CHECK(!b.failed);
	CHECK(lines >= 3 + 3000 && lines <= 3 + 4000);
	buf_free(&old);
	buf_free(&new);
	buf_free(&b);
}

CHECK_MAIN(TEST(a_timer_keeps_the_plans_time_zone_and_what_was_missed),
    TEST(a_service_gets_its_plans_credentials_and_folders_and_no_others),
    TEST(what_may_pass_is_tried_again_but_not_for_ever),
    TEST(replicas_are_written_to_but_not_waited_for),
    TEST(a_plan_without_a_schedule_can_be_started_by_hand),
    TEST(odd_paths_are_the_paths_that_were_meant),
    TEST(what_lies_in_a_home_stays_visible),
    TEST(a_path_that_systemd_would_pass_over_is_refused),
    TEST(no_credential_can_name_another_file),
    TEST(cron_starts_all_plans_by_one_line),
    TEST(cron_takes_no_plan_that_it_would_never_start),
    TEST(files_of_others_are_not_taken_for_ours),
    TEST(a_diff_says_which_lines_change), TEST(a_long_diff_is_told_whole))
