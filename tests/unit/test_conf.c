#include <stdlib.h>
#include "plan/conf.h"
#include "sandbox.h"

static void
put(const char *name, const char *text, mode_t mode)
{
	sandbox_write(name, text, strlen(text), mode);
}

/* The message without the folder, or "": it can be used. */
static const char *
refusal(const char *name)
{
	static char text[1200];
	size_t n = strlen(sandbox_root);
	struct conf c = { 0 };
	struct err e = { 0 };
	char *at;

	if (conf_read(&c, sandbox_path(name), &e) == 0 && e.class != ERR_NONE)
		abort();
	conf_free(&c);
	snprintf(text, sizeof(text), "%s", e.text);
	while ((at = strstr(text, sandbox_root)) != NULL)
		memmove(at, at + n + 1, strlen(at + n + 1) + 1);
	if (e.class != ERR_NONE && e.class != ERR_CONFIG)
		return "not of class ERR_CONFIG";
	return text;
}

#define SITE "\"server\":\"h\",\"user\":\"u\",\"password\":"
#define GOOD                                          \
	"\"repositories\":{\"r\":{\"path\":\"/r\"}}," \
	"\"sites\":{\"s\":{" SITE "{\"credential\":\"c\"}}}"
#define PLAN "\"site\":\"s\",\"repository\":\"r\",\"select\":[\"v\"]"
#define WITH(more) "{" GOOD ",\"plans\":{\"p\":{" PLAN "," more "}}}"
#define NOTIFY(more) "{\"notify\":{\"n\":{" more "}}}"

static void
each_mistake_is_told_with_its_place(void)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "{}", "" },
		{ WITH("\"mode\":\"ovf\""), "" },
		{ "", "f:1:0: '[' or '{' expected near end of file" },
		{ "{\n \"plans\": {\n  \"p\": 1,\n  \"p\": 2\n}}",
		    "f:4:5: duplicate object key near '\"p\"'" },
		{ "[]", "f: must be an object, is a list" },
		{ "{\"plan\":{}}",
		    "f: /plan: unknown key: there are 'version', "
		    "'repositories', 'sites', 'notify', 'targets', "
		    "'defaults', 'plans'" },
		{ "{\"version\":2}", "f: /version: must be 1" },
		{ "{\"plans\":[]}", "f: /plans: must be an object, is a list" },
		{ "{\"plans\":{\"p\":1}}",
		    "f: /plans/p: must be an object, is a number" },
		{ "{\"plans\":{\"P\":{}}}",
		    "f: /plans/P: not a name: from 1 to 40 of a-z, 0-9, _ "
		    "and -" },
		{ "{\"plans\":{\"a/b~\":{}}}",
		    "f: /plans/a~1b~0: not a name: from 1 to 40 of a-z, 0-9, "
		    "_ and -" },
		{ "{\"sites\":{\"-x\":{}}}",
		    "f: /sites/-x: a name cannot begin with -" },
		{ "{\"plans\":{\"p\":{}}}", "f: /plans/p: 'site' is missing" },
		{ "{" GOOD ",\"plans\":{\"p\":{\"site\":\"s\","
		  "\"repository\":\"r\"}}}",
		    "f: /plans/p: 'select' is missing" },
		{ "{" GOOD ",\"defaults\":{\"site\":\"x\"},"
		  "\"plans\":{\"p\":{}}}",
		    "f: /plans/p: 'repository' is missing" },
		{ "{" GOOD ",\"defaults\":{\"site\":\"x\"},\"plans\":{\"p\":"
		  "{\"repository\":\"r\"}}}",
		    "f: /defaults/site: no site 'x': there is 's' "
		    "('esxbk-plan set /sites/x KEY=VALUE...' makes it)" },
		{ "{\"repositories\":{\"r\":{}}}",
		    "f: /repositories/r: 'path' is missing" },
		{ "{\"repositories\":{\"r\":{\"path\":\"r\"}}}",
		    "f: /repositories/r/path: r: not an absolute path" },
		{ "{\"repositories\":{\"r\":{\"path\":\"/r\","
		  "\"min_free\":\"5GB\"}}}",
		    "f: /repositories/r/min_free: 5GB: unknown unit 'GB'" },
		{ "{\"repositories\":{\"r\":{\"path\":\"/r\","
		  "\"mounted\":1}}}",
		    "f: /repositories/r/mounted: must be true or false, is a "
		    "number" },
		{ "{\"sites\":{\"s\":{" SITE "\"x\"}}}",
		    "f: /sites/s/password: a password has no place in this "
		    "file: put it into one that only we read and say "
		    "{\"file\": PATH}, or {\"credential\": NAME} or "
		    "{\"command\": [PATH, ...]}" },
		{ "{\"sites\":{\"s\":{" SITE "{}}}}",
		    "f: /sites/s/password: needs one of 'credential', 'file', "
		    "'command'" },
		{ "{\"sites\":{\"s\":{" SITE "{\"credential\":\"../c\"}}}}",
		    "f: /sites/s/password/credential: ../c: a name, no "
		    "path" },
		{ "{\"sites\":{\"s\":{" SITE "{\"command\":[\"pass\"]}}}}",
		    "f: /sites/s/password/command/0: pass: not an absolute "
		    "path" },
		{ "{\"sites\":{\"s\":{" SITE "{\"command\":[]}}}}",
		    "f: /sites/s/password/command: is empty" },
		{ "{\"sites\":{\"s\":{" SITE "{\"file\":\"/a\","
		  "\"credential\":\"b\"}}}}",
		    "f: /sites/s/password: 'credential' and 'file' exclude "
		    "each other" },
		{ "{\"sites\":{\"s\":{" SITE "{\"file\":\"/a\"},\"tls\":{"
		  "\"thumbprint\":\"x\"}}}}",
		    "f: /sites/s/tls/thumbprint: x: not the form "
		    "sha256:HEX" },
		{ "{\"sites\":{\"s\":{" SITE "{\"file\":\"/a\"},\"limits\":{"
		  "\"vms\":0}}}}",
		    "f: /sites/s/limits/vms: must be a number from 1 to "
		    "64" },
		{ "{\"sites\":{\"s\":{" SITE "{\"file\":\"/a\"},"
		  "\"resolve\":[\"a=b\"]}}}",
		    "f: /sites/s/resolve/0: a=b: not the form NAME=ADDR" },
		{ "{\"sites\":{\"s\":{" SITE "{\"file\":\"/a\"},"
		  "\"stall_timeout\":\"2d\"}}}",
		    "f: /sites/s/stall_timeout: 2d: not from 1s to 1d" },
		{ NOTIFY("\"type\":\"mail\""),
		    "f: /notify/n/type: 'mail': not email, webhook or exec" },
		{ NOTIFY("\"url\":\"https://h/\",\"type\":\"exec\""),
		    "f: /notify/n/url: goes only with type \"webhook\"" },
		{ NOTIFY("\"type\":\"webhook\",\"url\":\"ftp://hunter2\""),
		    "f: /notify/n/url: not a URL that begins with https:// "
		    "or http://" },
		{ NOTIFY("\"type\":\"email\",\"to\":[]"),
		    "f: /notify/n/to: is empty" },
		{ NOTIFY("\"type\":\"email\",\"to\":[\"a@b\"],\"from\":"
			 "\"a@b\",\"password\":{\"file\":\"/p\"}"),
		    "f: /notify/n: 'password' without 'user'" },
		{ NOTIFY("\"type\":\"exec\",\"argv\":[\"/x\"],\"on\":"
			 "[\"start\",\"end\"]"),
		    "f: /notify/n/on/1: 'end': not start, success, failure, "
		    "recovery or warning" },
		{ "{\"targets\":{\"t\":{\"type\":\"dir\",\"remote\":\"x\"}}}",
		    "f: /targets/t/remote: goes only with type \"rclone\"" },
		{ WITH("\"site\":\"s\""),
		    "f:1:169: duplicate object key near '\"site\"'" },
		{ WITH("\"mode\":null"),
		    "f: /plans/p/mode: must be a text, is null" },
		{ WITH("\"mode\":\"\""), "f: /plans/p/mode: is empty" },
		{ WITH("\"exclude_disks\":[\"a\\nb\"]"),
		    "f: /plans/p/exclude_disks/0: holds a control "
		    "character" },
		{ WITH("\"timezone\":\"Mars\""),
		    "f: /plans/p/timezone: no time zone 'Mars' (one such as "
		    "Europe/Paris or UTC)" },
		{ "{\"plans\":{\"p\":{\"select\":[\"web*\"]}}}",
		    "f: /plans/p/select/0: web*: a bare word is an exact name; "
		    "for a pattern write 'name:web*'" },
		{ WITH("\"schedule\":{}"),
		    "f: /plans/p/schedule: needs one of 'daily', 'weekly', "
		    "'monthly', 'on_calendar'" },
		{ WITH("\"schedule\":{\"daily\":\"24:00\"}"),
		    "f: /plans/p/schedule/daily: '24:00': not a time such as "
		    "02:00" },
		{ WITH("\"schedule\":{\"daily\":\"02:00\",\"jitter\":"
		       "\"24h\"}"),
		    "f: /plans/p/schedule: 'jitter' is not less than the "
		    "time between two runs" },
		{ WITH("\"schedule\":{\"on_calendar\":\"daily\"}"),
		    "f: /plans/p: 'on_calendar' needs 'stale_after': only "
		    "systemd knows how often that is" },
		{ WITH("\"stale_after\":\"0s\""),
		    "f: /plans/p/stale_after: 0s: not from 1s to 36600d" },
		{ WITH("\"strategy\":{\"full\":\"never\"}"),
		    "f: /plans/p/strategy/full: 'never': not always, and no "
		    "object" },
		{ WITH("\"strategy\":{\"full\":{\"weekly\":\"sunday\"}}"),
		    "f: /plans/p/strategy/full/weekly: 'sunday': not sun, "
		    "mon, tue, wed, thu, fri or sat" },
		{ WITH("\"strategy\":{\"full\":{\"monthly\":29}}"),
		    "f: /plans/p/strategy/full/monthly: must be a number "
		    "from 1 to 28 or \"last\"" },
		{ WITH("\"retention\":{}"),
		    "f: /plans/p/retention: keeps nothing: say how many "
		    "(last, daily, ...); without 'retention' nothing is ever "
		    "removed" },
		{ WITH("\"retention\":{\"daily\":0,\"slot\":\"any\"}"),
		    "f: /plans/p/retention: keeps nothing: say how many "
		    "(last, daily, ...); without 'retention' nothing is ever "
		    "removed" },
		{ WITH("\"retention\":{\"daily\":\"14\"}"),
		    "f: /plans/p/retention/daily: must be a number from 0 to "
		    "100000 or \"all\"" },
		{ WITH("\"retention\":{\"daily\":1.5}"),
		    "f: /plans/p/retention/daily: must be a number from 0 to "
		    "100000 or \"all\"" },
		{ WITH("\"verify\":[{\"level\":\"deep\"}]"),
		    "f: /plans/p/verify/0: needs one of 'after', 'every'" },
		{ WITH("\"verify\":[{\"level\":\"deep\",\"every\":\"1x\"}]"),
		    "f: /plans/p/verify/0/every: 1x: unknown unit 'x'" },
		{ WITH("\"hooks\":{\"before_vm\":[\"/x\"]}"),
		    "f: /plans/p/hooks/before_vm/0: must be a list, is a "
		    "text" },
		{ WITH("\"replicate\":[{\"to\":\"x\"}]"),
		    "f: /plans/p/replicate: no target 'x': there is none "
		    "('esxbk-plan set /targets/x KEY=VALUE...' makes it)" },
		{ WITH("\"notify\":[\"x\"]"),
		    "f: /plans/p/notify: no notification 'x': there is none "
		    "('esxbk-plan set /notify/x KEY=VALUE...' makes it)" },
		{ WITH("\"restore_test\":{}"),
		    "f: /plans/p/restore_test: 'every' is missing" },
	};
	size_t i;

	sandbox_open();
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check_at(rows[i].text);
		put("f", rows[i].text, 0600);
		CHECK_STR(refusal("f"), rows[i].want);
	}
	sandbox_free();
}

static void
who_may_read_and_write_the_file_is_looked_at(void)
{
	static const struct {
		const char *text;
		mode_t mode;
		const char *want;
	} rows[] = {
		{ "{}", 0644, "" },
		{ "{}", 0664,
		    "f: mode 0664 lets others write it, and so say where "
		    "passwords go: chmod go-w it" },
		{ "{}", 0602,
		    "f: mode 0602 lets others write it, and so say where "
		    "passwords go: chmod go-w it" },
		{ NOTIFY("\"type\":\"webhook\",\"url\":\"https://h/x\""), 0600,
		    "" },
		{ NOTIFY("\"type\":\"webhook\",\"url\":\"https://h/x\""), 0640,
		    "f: /notify/n/url: mode 0640 lets others read this "
		    "secret, chmod 600 the file" },
		{ "{\"sites\":{\"s\":{" SITE "{\"file\":\"/a\"},\"proxy\":"
		  "\"http://u:p@h\"}}}",
		    0604,
		    "f: /sites/s/proxy: mode 0604 lets others read this "
		    "secret, chmod 600 the file" },
		{ "{\"sites\":{\"s\":{" SITE "{\"file\":\"/a\"},\"proxy\":"
		  "\"http://h\"}}}",
		    0644, "" },
	};
	size_t i;

	sandbox_open();
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check_at(rows[i].text);
		put("f", rows[i].text, rows[i].mode);
		CHECK_STR(refusal("f"), rows[i].want);
	}
	sandbox_free();
}

static void
several_files_are_one_configuration(void)
{
	struct conf c = { 0 };
	struct err e = { 0 };

	sandbox_open();
	CHECK(mkdir(sandbox_path("plans.d"), 0755) == 0);
	put("f", "{" GOOD ",\"defaults\":{\"site\":\"s\"}}", 0644);
	put("plans.d/2.json",
	    "{\"plans\":{\"a\":{\"repository\":\"r\",\"select\":[\"x\"]}}}",
	    0644);
	put("plans.d/1.json",
	    "{\"defaults\":{\"select\":[\"v\"]},"
	    "\"plans\":{\"b\":{\"repository\":\"r\"}}}",
	    0644);
	put("plans.d/note.txt", "not JSON", 0644);
	put("plans.d/.swap.json", "not JSON", 0644);
	CHECK_INT(conf_read(&c, sandbox_path("f"), &e), 0);
	CHECK_INT(c.n_plans, 2);
	if (CHECK(c.n_plans == 2)) {
		CHECK_STR(c.plans[0].name, "a");
		CHECK_STR(c.plans[0].select.items[0], "x");
		CHECK_STR(c.plans[1].name, "b");
		CHECK_STR(c.plans[1].select.items[0], "v");
		CHECK(c.plans[1].site == &c.sites[0]);
	}
	CHECK(conf_plan(&c, "c", &e) == NULL);
	CHECK_INT(e.class, ERR_NOTFOUND);
	CHECK_STR(e.text, "no plan 'c': there are 'b', 'a'");
	conf_free(&c);
	put("plans.d/2.json", "{\"plans\":{\"b\":{}}}", 0644);
	CHECK_STR(refusal("f"),
	    "plans.d/2.json: /plans/b: stands in plans.d/1.json as well");
	put("plans.d/2.json", "{\"defaults\":{\"site\":\"x\"}}", 0644);
	CHECK_STR(refusal("f"),
	    "plans.d/2.json: /defaults/site: stands in f as well");
	put("plans.d/2.json", "{\"plans\":{\"c\":{\"repository\":\"x\"}}}",
	    0644);
	CHECK_STR(refusal("f"),
	    "plans.d/2.json: /plans/c/repository: no repository 'x': there is "
	    "'r' ('esxbk-plan set /repositories/x KEY=VALUE...' makes it)");
	put("plans.d/2.json", "{", 0644);
	CHECK_STR(refusal("f"),
	    "plans.d/2.json:1:1: string or '}' expected near end of file");
	sandbox_free();
}

static void
what_is_not_said_is_as_the_manual_says(void)
{
	struct conf c = { 0 };
	struct err e = { 0 };
	const struct conf_plan *p;

	sandbox_open();
	put("f", WITH("\"schedule\":{\"daily\":\"02:00\"}"), 0644);
	CHECK_INT(conf_read(&c, sandbox_path("f"), &e), 0);
	p = conf_plan(&c, "p", &e);
	if (CHECK(p != NULL)) {
		CHECK(!p->is_vmdk && !p->has_retention);
		CHECK_STR(p->quiesce, "try");
		CHECK_STR(p->zone, "UTC");
		CHECK_INT(p->stale_after_s, 36 * 3600);
		CHECK_INT(p->retry_for_s, 6 * 3600);
		CHECK_INT(p->strategy.full, CONF_FULL_ALWAYS);
		CHECK_INT(p->strategy.incremental, CONF_INC_OFF);
		CHECK_INT(p->strategy.max_chain, 14);
		CHECK_INT(p->hooks.timeout_s, 300);
		CHECK_INT(p->n_notify + p->n_verifies + p->replicate.n, 0);
		CHECK_INT(p->site->vms, 2);
		CHECK_INT(p->site->disks, 2);
		CHECK(p->site->password.kind == CONF_CREDENTIAL);
		CHECK_STR(json_string_value(
			      json_object_get(p->effective, "stale_after")),
		    "36h");
	}
	conf_free(&c);
	sandbox_free();
}

static void
a_strategy_that_is_half_said_is_completed(void)
{
	static const struct {
		const char *text;
		enum conf_full full;
		unsigned int day;
		enum conf_incremental inc;
	} rows[] = {
		{ "{}", CONF_FULL_ALWAYS, 0, CONF_INC_OFF },
		{ "{\"incremental\":\"cbt\"}", CONF_FULL_WEEKLY, 0,
		    CONF_INC_CBT },
		{ "{\"incremental\":\"off\"}", CONF_FULL_ALWAYS, 0,
		    CONF_INC_OFF },
		{ "{\"full\":{\"weekly\":\"sat\"}}", CONF_FULL_WEEKLY, 6,
		    CONF_INC_COMPARE },
		{ "{\"full\":{\"monthly\":\"last\"}}", CONF_FULL_MONTHLY, 0,
		    CONF_INC_COMPARE },
		{ "{\"full\":{\"monthly\":28},\"incremental\":\"off\"}",
		    CONF_FULL_MONTHLY, 28, CONF_INC_OFF },
		{ "{\"full\":\"always\"}", CONF_FULL_ALWAYS, 0, CONF_INC_OFF },
	};
	char text[1000];
	size_t i;

	sandbox_open();
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct conf c = { 0 };
		struct err e = { 0 };

		check_at(rows[i].text);
		snprintf(text, sizeof(text), "%.*s%s}}}",
		    (int)strlen(WITH("\"strategy\":")) - 3,
		    WITH("\"strategy\":"), rows[i].text);
		put("f", text, 0644);
		if (CHECK_INT(conf_read(&c, sandbox_path("f"), &e), 0)) {
			const struct conf_strategy *s = &c.plans[0].strategy;

			CHECK_INT(s->full, rows[i].full);
			CHECK_INT(s->weekday + s->monthday, rows[i].day);
			CHECK_INT(s->incremental, rows[i].inc);
		}
		conf_free(&c);
	}
	sandbox_free();
}

static void
every_key_of_the_manual_is_read(void)
{
	static const char text[] =
	    "{\"version\":1,"
	    "\"repositories\":{\"nas\":{\"path\":\"/b\",\"min_free\":\"5%\","
	    "\"mounted\":true}},"
	    "\"sites\":{\"esx1\":{\"server\":\"e:1\",\"user\":\"u\","
	    "\"password\":{\"command\":[\"/bin/echo\",\"hunter2\"]},"
	    "\"tls\":{\"cacert\":\"/ca\",\"insecure\":true},"
	    "\"limits\":{\"vms\":3,\"disks\":4},\"resolve\":[\"h=::1\"],"
	    "\"proxy\":\"http://p\",\"stall_timeout\":\"9s\","
	    "\"bwlimit\":\"1MiB\"}},"
	    "\"notify\":{\"ops\":{\"type\":\"email\",\"to\":[\"a@b.c\"],"
	    "\"from\":\"d@e.f\",\"via\":\"smtps://m\",\"user\":\"u\","
	    "\"password\":{\"file\":\"/p\"},\"on\":[\"failure\"],"
	    "\"cacert\":\"/c\",\"timeout\":\"9s\"},"
	    "\"beat\":{\"type\":\"webhook\",\"url\":\"https://h/1\","
	    "\"style\":\"plain\",\"on\":[\"start\",\"success\"]},"
	    "\"x\":{\"type\":\"exec\",\"argv\":[\"/x\",\"\xc3\xa9\"]}},"
	    "\"targets\":{\"dr\":{\"type\":\"dir\",\"path\":\"/d\"},"
	    "\"s3\":{\"type\":\"rclone\",\"remote\":\"s3:b\"}},"
	    "\"defaults\":{\"repository\":\"nas\",\"notify\":[\"ops\"]},"
	    "\"plans\":{\"p\":{\"site\":\"esx1\",\"select\":[\"name:p*\"],"
	    "\"exclude_disks\":[\"scsi0:1\"],\"mode\":\"vmdk\","
	    "\"quiesce\":\"require\",\"schedule\":{\"monthly\":\"last 04:30\","
	    "\"jitter\":\"10m\"},\"timezone\":\"Europe/Paris\","
	    "\"stale_after\":\"40d\",\"retry_for\":\"3h\","
	    "\"strategy\":{\"full\":{\"weekly\":\"sun\"},"
	    "\"incremental\":\"cbt\",\"max_chain\":7,\"audit_every\":30},"
	    "\"retention\":{\"last\":3,\"daily\":\"all\",\"weekly\":1,"
	    "\"monthly\":2,\"yearly\":4,\"within\":\"30d\","
	    "\"slot\":\"any\"},"
	    "\"verify\":[{\"level\":\"hash\",\"after\":\"run\"},"
	    "{\"level\":\"deep\",\"every\":\"30d\"}],"
	    "\"restore_test\":{\"every\":\"30d\",\"datastore\":\"d\","
	    "\"success\":\"ip\",\"timeout\":\"5m\"},"
	    "\"replicate\":[{\"to\":\"dr\"},{\"to\":\"s3\","
	    "\"only\":\"full\"}],"
	    "\"hooks\":{\"before_run\":[[\"/a\"]],"
	    "\"before_vm\":[[\"/b\",\"1\"],[\"/c\"]],\"after_vm\":[],"
	    "\"after_run\":[[\"/d\"]],\"on_failure\":[[\"/e\"]],"
	    "\"timeout\":\"1m\"},\"notify\":[\"beat\",\"x\"]}}}";
	struct conf c = { 0 };
	struct err e = { 0 };
	const struct conf_plan *p;
	char *secret;

	sandbox_open();
	put("f", text, 0600);
	CHECK_INT(conf_read(&c, sandbox_path("f"), &e), 0);
	CHECK_STR(e.text, "");
	p = conf_plan(&c, "p", &e);
	if (p == NULL)
		goto out;
	CHECK_INT(p->repo->min_free_percent, 5);
	CHECK(p->repo->mounted && p->is_vmdk && p->site->insecure);
	CHECK_STR(p->site->cacert, "/ca");
	CHECK_INT(p->site->vms * 10 + p->site->disks, 34);
	CHECK_STR(p->site->resolve.items[0], "h=::1");
	CHECK(p->site->resolve.items[1] == NULL);
	CHECK_INT(p->site->stall_timeout_s, 9);
	CHECK_INT(p->site->bwlimit, 1 << 20);
	CHECK_INT(p->schedule.kind, SCHEDULE_MONTHLY);
	CHECK_INT(p->schedule.jitter_s, 600);
	CHECK_INT(p->stale_after_s, 40 * 86400);
	CHECK_INT(p->strategy.audit_every, 30);
	CHECK_INT(p->retention.daily, KEEP_ALL);
	CHECK_INT(p->retention.yearly, 4);
	CHECK(p->retention.any_slot && p->has_restore_test);
	CHECK_INT(p->n_verifies, 2);
	CHECK_INT(p->verifies[0].every_s, 0);
	CHECK_STR(p->verifies[1].level, "deep");
	CHECK_STR(p->replicate.items[1], "s3");
	CHECK_INT(p->hooks.n[CONF_BEFORE_VM], 2);
	CHECK_STR(p->hooks.argv[CONF_BEFORE_VM][0].items[1], "1");
	CHECK(p->hooks.argv[CONF_BEFORE_VM][0].items[2] == NULL);
	CHECK_INT(p->hooks.n[CONF_AFTER_VM], 0);
	CHECK_INT(p->n_notify, 2);
	CHECK_INT(p->notify[0]->on, CONF_START | CONF_SUCCESS);
	CHECK_INT(p->notify[0]->style, CONF_STYLE_PLAIN);
	CHECK_INT(p->notify[1]->on,
	    CONF_FAILURE | CONF_RECOVERY | CONF_WARNING);
	CHECK_INT(p->notify[1]->timeout_s, 30);
	secret = conf_secret(&p->site->password, "esx1", &e);
	CHECK_STR(secret, "hunter2");
	free(secret);
out:
	conf_free(&c);
	sandbox_free();
}

static void
a_secret_that_is_not_there_names_its_source(void)
{
	static const char *const no[] = { "/bin/false", NULL };
	static const struct {
		struct conf_secret secret;
		int class;
		const char *text;
	} rows[] = {
		{ { CONF_SECRET_FILE, "/nonexistent", { 0 } }, ERR_CONFIG,
		    "password of s: open /nonexistent: No such file or "
		    "directory" },
		{ { CONF_CREDENTIAL, "a/b", { 0 } }, ERR_USAGE,
		    "password of s: credential a/b: a name, no path" },
		{ { CONF_SECRET_COMMAND, NULL,
		      { (const char **)(uintptr_t)no, 1 } },
		    ERR_PERM,
		    "password of s: /bin/false: command exited with 1" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { 0 };

		check_at(rows[i].text);
		CHECK(conf_secret(&rows[i].secret, "s", &e) == NULL);
		CHECK_INT(e.class, rows[i].class);
		CHECK_STR(e.text, rows[i].text);
	}
}

CHECK_MAIN(TEST(each_mistake_is_told_with_its_place),
    TEST(who_may_read_and_write_the_file_is_looked_at),
    TEST(several_files_are_one_configuration),
    TEST(what_is_not_said_is_as_the_manual_says),
    TEST(a_strategy_that_is_half_said_is_completed),
    TEST(every_key_of_the_manual_is_read),
    TEST(a_secret_that_is_not_there_names_its_source))
