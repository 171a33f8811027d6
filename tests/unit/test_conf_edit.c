#include <fcntl.h>
#include <stdlib.h>
#include "plan/conf.h"
#include "plan/conf_edit.h"
#include "sandbox.h"

static const char begin[] =
    "{\"version\": 1,\n"
    " \"sites\": {\"s\": {\"server\": \"h\", \"user\": \"u\","
    " \"password\": {\"credential\": \"c\"}}},\n"
    " \"repositories\": {\"r\": {\"path\": \"/r\"}},\n"
    " \"defaults\": {\"retention\": {\"last\": 3, \"daily\": 7},"
    " \"timezone\": \"Europe/Paris\"},\n"
    " \"plans\": {\"p\": {\"repository\": \"r\", \"site\": \"s\","
    " \"select\": [\"a\", \"b,c\"], \"schedule\": {\"weekly\":"
    " \"sat 23:00\", \"jitter\": \"5m\"}, \"strategy\": {\"full\":"
    " \"always\"}, \"stale_after\": \"9d\"},\n"
    "  \"q\": {\"repository\": \"r\", \"site\": \"s\", \"select\": [\"a\"]}}}";

static void
put(const char *name, const char *text)
{
	sandbox_write(name, text, strlen(text), 0644);
}

/* Edits one place by assignments with blanks between (a '~' in them stands
 * for one): the place as it is then on a line, or the error's text. */
static const char *
edited(const char *place, const char *line)
{
	static char left[2000], copy[500];
	struct err e = { 0 };
	struct conf_edit *ed = conf_edit_open(sandbox_path("f"), place, false,
	    &e);
	char *word, *save = NULL, *at, *text;
	bool changed = false;

	snprintf(copy, sizeof(copy), "%s", line);
	for (word = strtok_r(copy, " ", &save); ed != NULL && word != NULL;
	     word = strtok_r(NULL, " ", &save)) {
		for (at = word; *at != '\0'; at++)
			if (*at == '~')
				*at = ' ';
		if (conf_edit_set(ed, word, &e) == -1)
			break;
	}
	if (ed != NULL && e.class == ERR_NONE)
		(void)conf_edit_commit(ed, &changed, &e);
	if (e.class != ERR_NONE) {
		snprintf(left, sizeof(left), "%d %s", e.class, e.text);
	} else {
		text = json_dumps(conf_edit_value(ed), JSON_COMPACT);
		snprintf(left, sizeof(left), "%s%s", changed ? "" : "same ",
		    text == NULL ? "none" : text);
		free(text);
	}
	conf_edit_free(ed);
	return left;
}

static void
an_assignment_does_what_it_says(void)
{
	static const struct {
		const char *line, *want;
	} rows[] = {
		{ "mode=vmdk",
		    "{\"repository\":\"r\",\"site\":\"s\",\"select\":[\"a\"],"
		    "\"mode\":\"vmdk\"}" },
		{ "site=s",
		    "same {\"repository\":\"r\",\"site\":\"s\","
		    "\"select\":[\"a\"]}" },
		{ "mode= retention.weekly=",
		    "{\"repository\":\"r\",\"site\":\"s\",\"select\":[\"a\"],"
		    "\"retention\":{\"last\":3,\"daily\":7}}" },
		{ "schedule.jitter=",
		    "same {\"repository\":\"r\",\"site\":\"s\","
		    "\"select\":[\"a\"]}" },
		{ "retention.daily=14",
		    "{\"repository\":\"r\",\"site\":\"s\",\"select\":[\"a\"],"
		    "\"retention\":{\"last\":3,\"daily\":14}}" },
		{ "retention=last=1,weekly=all",
		    "{\"repository\":\"r\",\"site\":\"s\",\"select\":[\"a\"],"
		    "\"retention\":{\"last\":1,\"weekly\":\"all\"}}" },
		{ "select=x,y",
		    "{\"repository\":\"r\",\"site\":\"s\",\"select\":[\"x\","
		    "\"y\"]}" },
		{ "select=[\"x,y\"]",
		    "{\"repository\":\"r\",\"site\":\"s\",\"select\":"
		    "[\"x,y\"]}" },
		{ "schedule.weekly=sat~23:00 schedule.daily=03:00",
		    "{\"repository\":\"r\",\"site\":\"s\",\"select\":[\"a\"],"
		    "\"schedule\":{\"daily\":\"03:00\"}}" },
		{ "strategy.full=always strategy.full.weekly=sun",
		    "{\"repository\":\"r\",\"site\":\"s\",\"select\":[\"a\"],"
		    "\"strategy\":{\"full\":{\"weekly\":\"sun\"}}}" },
		{ "strategy.full=monthly=last",
		    "{\"repository\":\"r\",\"site\":\"s\",\"select\":[\"a\"],"
		    "\"strategy\":{\"full\":{\"monthly\":\"last\"}}}" },
		{ "strategy.full=always strategy.full=",
		    "same {\"repository\":\"r\",\"site\":\"s\","
		    "\"select\":[\"a\"]}" },
		{ "mode", "64 'mode': not KEY=VALUE" },
		{ "=x", "64 '=x': not KEY=VALUE" },
		{ "mode.x=y", "64 mode.x: 'mode' has no keys" },
		{ "retention.dayly=3",
		    "64 retention.dayly: unknown key: there are 'last', "
		    "'daily', 'weekly', 'monthly', 'yearly', 'within', "
		    "'slot'" },
		{ "schedule=02:00",
		    "64 schedule: its value is KEY=VALUE itself: there are "
		    "'daily', 'weekly', 'monthly', 'on_calendar', 'jitter'" },
		{ "retention=last=1,x", "64 retention: 'x': not KEY=VALUE" },
		{ "hooks.before_vm=/x",
		    "64 hooks.before_vm: say it in JSON, in brackets" },
		{ "select=[", "64 select:1:1: ']' expected near end of file" },
		{ "retention.daily=99999999999999999999",
		    "78 f: /plans/q/retention/daily: must be a number from 0 "
		    "to 100000 or \"all\"" },
		{ "site=", "78 f: /plans/q: 'site' is missing" },
		{ "retention.daily= retention.last=",
		    "78 f: /plans/q/retention: keeps nothing: say how many "
		    "(last, daily, ...); without 'retention' nothing is ever "
		    "removed" },
	};
	const char *got;
	size_t i;

	sandbox_open();
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check_at(rows[i].line);
		put("f", begin);
		got = edited("q", rows[i].line);
		/* The message has the folder in it. */
		if (strncmp(got, "78 ", 3) == 0)
			CHECK_STR(strstr(got, "/f: ") + 1, rows[i].want + 3);
		else
			CHECK_STR(got, rows[i].want);
		if (got[0] != '{')
			CHECK_STR(sandbox_read("f"), begin);
	}
	sandbox_free();
}

static void
all_else_stays_and_reads_well(void)
{
	static const char want[] =
	    "{\n"
	    "  \"version\": 1,\n"
	    "  \"sites\": {\n"
	    "    \"s\": {\"server\": \"h\", \"user\": \"u\", \"password\": "
	    "{\"credential\": \"c\"}}\n"
	    "  },\n"
	    "  \"repositories\": {\n"
	    "    \"r\": {\"path\": \"/r\"}\n"
	    "  },\n"
	    "  \"defaults\": {\n"
	    "    \"retention\": {\"last\": 3, \"daily\": 7},\n"
	    "    \"timezone\": \"Europe/Paris\"\n"
	    "  },\n"
	    "  \"plans\": {\n"
	    "    \"p\": {\n"
	    "      \"repository\": \"r\",\n"
	    "      \"site\": \"s\",\n"
	    "      \"select\": [\"a\", \"b,c\"],\n"
	    "      \"schedule\": {\"jitter\": \"5m\", \"daily\": \"03:00\"},\n"
	    "      \"strategy\": {\"full\": \"always\"},\n"
	    "      \"stale_after\": \"9d\"\n"
	    "    },\n"
	    "    \"q\": {\"repository\": \"r\", \"site\": \"s\", \"select\": "
	    "[\"a\"]}\n"
	    "  }\n"
	    "}\n";
	struct stat st;

	sandbox_open();
	put("f", begin);
	CHECK(chmod(sandbox_path("f"), 0604) == 0);
	edited("p", "schedule.daily=03:00");
	CHECK_STR(sandbox_read("f"), want);
	CHECK(
	    stat(sandbox_path("f"), &st) == 0 && (st.st_mode & 07777) == 0604);
	sandbox_free();
}

static void
the_file_that_has_it_is_changed(void)
{
	char link[4] = "";

	sandbox_open();
	CHECK(mkdir(sandbox_path("plans.d"), 0755) == 0);
	put("real", begin);
	CHECK(symlink("real", sandbox_path("f")) == 0);
	put("plans.d/x.json",
	    "{\"plans\":{\"z\":{\"site\":\"s\",\"repository\""
	    ":\"r\",\"select\":[\"a\"]}}}");
	edited("z", "mode=vmdk");
	CHECK_STR(sandbox_read("real"), begin);
	CHECK(strstr(sandbox_read("plans.d/x.json"), "\"mode\": \"vmdk\"") !=
	    NULL);
	edited("/sites/s", "limits.vms=4");
	CHECK(strstr(sandbox_read("real"), "\"limits\": {\"vms\": 4}") != NULL);
	CHECK(readlink(sandbox_path("f"), link, sizeof(link)) == 4);
	CHECK_STR(edited("/defaults", "timezone="),
	    "{\"retention\":{\"last\":3,\"daily\":7}}");
	CHECK_STR(edited("/defaults/x", "a=b"),
	    "64 /defaults/x: neither a plan's name nor /sites/NAME, "
	    "/repositories/NAME, /notify/NAME, /targets/NAME, /plans/NAME or "
	    "/defaults");
	sandbox_free();
}

static void
a_first_file_is_made_and_is_private_if_need_be(void)
{
	struct stat st;

	sandbox_open();
	CHECK_STR(edited("/repositories/r", "path=/r"), "{\"path\":\"/r\"}");
	CHECK_STR(sandbox_read("f"),
	    "{\n  \"version\": 1,\n  \"repositories\": {\n"
	    "    \"r\": {\"path\": \"/r\"}\n  }\n}\n");
	CHECK(
	    stat(sandbox_path("f"), &st) == 0 && (st.st_mode & 07777) == 0644);
	CHECK(unlink(sandbox_path("f")) == 0);
	edited("/notify/n", "type=webhook url=https://h/x");
	CHECK(
	    stat(sandbox_path("f"), &st) == 0 && (st.st_mode & 07777) == 0600);
	CHECK(unlink(sandbox_path("f")) == 0);
	edited("/repositories/r", "path=r");
	CHECK_STR(sandbox_read("f"), "(not there)");
	CHECK_STR(sandbox_names(), "");
	sandbox_free();
}

static void
two_editors_wait_for_each_other(void)
{
	struct conf_edit *first;
	struct err e = { 0 };
	bool changed;
	int status;
	pid_t pid;

	sandbox_open();
	put("f", begin);
	first = conf_edit_open(sandbox_path("f"), "p", false, &e);
	CHECK(first != NULL);
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(edited("q", "mode=vmdk")[0] == '{' ? 0 : 1);
	CHECK_INT(conf_edit_set(first, "mode=vmdk", &e), 0);
	usleep(100000);
	CHECK_INT(conf_edit_commit(first, &changed, &e), 0);
	CHECK(changed);
	conf_edit_free(first);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	first = conf_edit_open(sandbox_path("f"), "p", true, &e);
	CHECK_STR(
	    json_string_value(json_object_get(conf_edit_value(first), "mode")),
	    "vmdk");
	conf_edit_free(first);
	CHECK_STR(edited("q", "mode=vmdk"),
	    "same {\"repository\":\"r\",\"site\":\"s\",\"select\":[\"a\"],"
	    "\"mode\":\"vmdk\"}");
	sandbox_free();
}

CHECK_MAIN(TEST(an_assignment_does_what_it_says),
    TEST(all_else_stays_and_reads_well), TEST(the_file_that_has_it_is_changed),
    TEST(a_first_file_is_made_and_is_private_if_need_be),
    TEST(two_editors_wait_for_each_other))
