#include <stdlib.h>
#include "base/utf8.h"
#include "check.h"
#include "plan/notify_text.h"

static const char begin[] =
    "{\"type\":\"run\",\"run\":\"20261124_010004-nightly-1a2b3c4d\","
    "\"plan\":\"nightly\",\"site\":\"esx1\",\"repository\":\"/backups/ovf\","
    "\"slot\":\"2026-11-24T01:00:00Z\",\"scheduled\":true,"
    "\"started\":\"2026-11-24T01:00:04Z\"}";
static const char good[] =
    "{\"type\":\"vm\",\"vm\":{\"name\":\"web01\",\"moid\":\"12\","
    "\"uuid\":\"5029aaaa\"},\"outcome\":\"ok\",\"exit\":0,\"class\":\"ok\","
    "\"text\":\"\",\"decision\":{\"kind\":\"full\",\"code\":\"first\"},"
    "\"point\":\"web01_20261124_010010\","
    "\"started\":\"2026-11-24T01:00:10Z\",\"ended\":\"2026-11-24T01:10:14Z\","
    "\"result\":{\"kind\":\"full\",\"bytes\":{\"written\":13300000000}},"
    "\"warnings\":[]}";
static const char warned[] =
    "{\"type\":\"vm\",\"vm\":{\"name\":\"mail\",\"moid\":\"14\","
    "\"uuid\":\"5029bbbb\"},\"outcome\":\"warn\",\"exit\":0,\"text\":\"\","
    "\"started\":\"2026-11-24T01:00:10Z\",\"ended\":\"2026-11-24T01:01:30Z\","
    "\"result\":{\"kind\":\"inc\",\"bytes\":{\"written\":402653184}},"
    "\"warnings\":[{\"code\":\"W_QUIESCE\",\"text\":\"the guest was not "
    "brought to rest before the snapshot, so the disks are as after a loss "
    "of power\"}]}";
static const char bad[] =
    "{\"type\":\"vm\",\"vm\":{\"name\":\"db01\",\"moid\":\"13\","
    "\"uuid\":\"5029cccc\"},\"outcome\":\"failed\",\"exit\":69,"
    "\"class\":\"unavailable\",\"text\":\"export db01: "
    "esxi.example.org:443: cannot connect: No route to host\","
    "\"started\":\"2026-11-24T01:00:10Z\",\"ended\":\"2026-11-24T01:00:13Z\","
    "\"warnings\":[]}";
static const char gone[] =
    "{\"type\":\"vm\",\"vm\":{\"name\":\"old\",\"moid\":null,\"uuid\":null},"
    "\"outcome\":\"vanished\",\"exit\":66,\"text\":\"no VM of that name\","
    "\"warnings\":[]}";

static const struct conf_plan nightly = { .name = "nightly",
	.zone = "Europe/Paris" };

struct story {
	const char *vms[30]; /* lines */
	const char *end;     /* its last line but for the type, or NULL */
	enum conf_event event;
	struct notify_text text;
	struct err e;
	int rc;
};

static json_t *
line(const char *text)
{
	struct err e = { 0 };

	return json_read("line", text, strlen(text), &e);
}

static void
tell(struct story *s)
{
	struct notify_run run = { .plan = &nightly,
		.record = "/backups/ovf/runs/2026/11/20261124_010004-nightly-"
			  "1a2b3c4d.json",
		.host = "backup1" };
	json_t *first = line(begin), *vms = json_array(), *end = NULL;
	size_t i;

	for (i = 0; i < 30 && s->vms[i] != NULL; i++)
		json_array_append_new(vms, line(s->vms[i]));
	if (s->end != NULL)
		end = line(s->end);
	run.begin = first;
	run.vms = vms;
	run.end = end;
	s->rc = notify_text(&run, s->event, &s->text, &s->e);
	json_decref(first);
	json_decref(vms);
	json_decref(end);
}

static void
subject_says_the_verdict_first(void)
{
	static const char ended[] = "{\"exit\":0,\"text\":\"\","
				    "\"ended\":\"2026-11-24T01:31:10Z\"}";
	static const char lost[] = "{\"exit\":69,\"text\":\"esxi:443: cannot "
				   "connect: No route to host\"}";
	struct {
		struct story s;
		const char *subject;
	} rows[] = {
		{ { .event = CONF_START }, "esxbk: nightly started" },
		{ { .vms = { good }, .end = ended, .event = CONF_SUCCESS },
		    "esxbk: nightly good: 1 VM, 12.3 GiB" },
		{ { .vms = { good, warned },
		      .end = ended,
		      .event = CONF_SUCCESS },
		    "esxbk: nightly good: 2 VMs, 12.7 GiB" },
		{ { .vms = { good, good },
		      .end = ended,
		      .event = CONF_RECOVERY },
		    "esxbk: nightly good again: 2 VMs, 24.7 GiB" },
		{ { .vms = { good, warned },
		      .end = ended,
		      .event = CONF_RECOVERY },
		    "esxbk: nightly good again: 2 VMs, 12.7 GiB, with "
		    "warnings" },
		{ { .vms = { good, warned },
		      .end = ended,
		      .event = CONF_WARNING },
		    "esxbk: nightly good with warnings: 1 of 2 VMs (mail)" },
		{ { .vms = { good }, .end = ended, .event = CONF_WARNING },
		    "esxbk: nightly good with warnings: 1 VM" },
		{ { .vms = { good, bad, warned },
		      .end = lost,
		      .event = CONF_FAILURE },
		    "esxbk: nightly FAILED: 1 of 3 VMs (db01: export db01: "
		    "esxi.example.org:443: cannot connect: No route to "
		    "host)" },
		{ { .vms = { bad }, .end = lost, .event = CONF_FAILURE },
		    "esxbk: nightly FAILED: 1 of 1 VM (db01: export db01: "
		    "esxi.example.org:443: cannot connect: No route to "
		    "host)" },
		{ { .vms = { bad, gone }, .end = lost, .event = CONF_FAILURE },
		    "esxbk: nightly FAILED: all 2 VMs (db01, old)" },
		{ { .vms = { bad, bad, good, gone, bad, bad },
		      .end = lost,
		      .event = CONF_FAILURE },
		    "esxbk: nightly FAILED: 5 of 6 VMs (db01, db01, old and 2 "
		    "more)" },
		{ { .end = lost, .event = CONF_FAILURE },
		    "esxbk: nightly FAILED: esxi:443: cannot connect: No "
		    "route to host" },
		{ { .vms = { good }, .end = lost, .event = CONF_FAILURE },
		    "esxbk: nightly FAILED: esxi:443: cannot connect: No "
		    "route to host" },
		{ { .end = "{\"exit\":70}", .event = CONF_FAILURE },
		    "esxbk: nightly FAILED" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		tell(&rows[i].s);
		CHECK_STR(rows[i].s.e.text, "");
		CHECK_STR(rows[i].s.text.subject, rows[i].subject);
		notify_text_free(&rows[i].s.text);
	}
}

static void
failure_is_told_with_its_cause_and_the_way_out(void)
{
	struct story s = { .vms = { good, warned, bad, gone },
		.end = "{\"exit\":3,\"class\":\"partial\",\"final\":true,"
		       "\"text\":\"2 of 4 VMs failed\","
		       "\"ended\":\"2026-11-24T01:31:10Z\",\"warnings\":["
		       "{\"code\":\"W_UNPROTECTED\",\"text\":\"no plan backs "
		       "up 'test'\"}]}",
		.event = CONF_FAILURE };

	tell(&s);
	CHECK_STR(s.text.text,
	    "Backup FAILED: 2 of 4 VMs\n"
	    "\n"
	    "Plan        nightly\n"
	    "Site        esx1\n"
	    "Repository  /backups/ovf\n"
	    "Machine     backup1\n"
	    "Due         2026-11-24 02:00:00 Europe/Paris\n"
	    "Started     2026-11-24 02:00:04 Europe/Paris\n"
	    "Ended       2026-11-24 02:31:10 Europe/Paris\n"
	    "Took        31:06\n"
	    "\n"
	    "What failed\n"
	    "  db01: export db01: esxi.example.org:443: cannot connect: No "
	    "route to host\n"
	    "  old: no VM of that name\n"
	    "\n"
	    "What to do\n"
	    "  Does the server run, and can it be reached from here?\n"
	    "    esxbk-plan check nightly\n"
	    "  It is not on the server. If it is gone for good, take it out "
	    "of the plan's\n"
	    "  \"select\"; its points are kept. See the plan:\n"
	    "    esxbk-plan show nightly\n"
	    "  To back up what is missing, then:\n"
	    "    esxbk-plan run nightly --vm uuid:5029cccc\n"
	    "\n"
	    "  VM     outcome   kind     written       time\n"
	    "  db01   failed                           0:03\n"
	    "  old    vanished\n"
	    "  mail   warn      inc      384 MiB       1:20\n"
	    "  web01  ok        full    12.3 GiB      10:04\n"
	    "\n"
	    "Warnings\n"
	    "  no plan backs up 'test'\n"
	    "  mail: the guest was not brought to rest before the snapshot, "
	    "so the disks\n"
	    "    are as after a loss of power\n"
	    "\n"
	    "Record      /backups/ovf/runs/2026/11/20261124_010004-nightly-"
	    "1a2b3c4d.json\n");
	notify_text_free(&s.text);
}

static bool
says(const struct story *s, const char *words)
{
	return strstr(s->text.text, words) != NULL;
}

static void
advice_is_given_once_and_only_if_it_helps(void)
{
	static const char partial[] =
	    "{\"vm\":{\"name\":\"p\",\"uuid\":\"5029dddd\"},"
	    "\"outcome\":\"partial\",\"exit\":3,\"text\":\"no disk 2\"}";
	static const char odd[] =
	    "{\"vm\":{\"name\":\"o\",\"uuid\":\"$(reboot)\"},"
	    "\"outcome\":\"failed\",\"exit\":71,\"text\":\"x\"}";
	static const char end[] = "{\"exit\":3,\"text\":\"\"}";
	struct story same = { .vms = { bad, bad, good },
		.end = end,
		.event = CONF_FAILURE };
	struct story none = { .vms = { partial, gone, good },
		.end = end,
		.event = CONF_FAILURE };
	struct story hostile = { .vms = { odd, good },
		.end = end,
		.event = CONF_FAILURE };
	struct story many = { .vms = { bad, bad, bad, bad, bad, good },
		.end = end,
		.event = CONF_FAILURE };
	struct story site = { .end = "{\"exit\":77,\"text\":\"login refused\"}",
		.event = CONF_FAILURE };
	const char *once;

	tell(&same);
	once = strstr(same.text.text, "Does the server run");
	CHECK(once != NULL && strstr(once + 1, "Does the server") == NULL);
	CHECK(says(&same, "run nightly --vm uuid:5029cccc --vm uuid:5029"));
	tell(&none);
	CHECK(says(&none, "something of the VM is not in it"));
	CHECK(!says(&none, "esxbk-plan run"));
	tell(&hostile);
	CHECK(says(&hostile, "    esxbk-plan run nightly\n"));
	CHECK(!says(&hostile, "reboot"));
	tell(&many);
	CHECK(says(&many, "    esxbk-plan run nightly\n"));
	tell(&site);
	CHECK(says(&site, "Backup FAILED: login refused\n"));
	CHECK(says(&site,
	    "    esxbk-plan check nightly\n"
	    "  To back up what is missing, then:\n"
	    "    esxbk-plan run nightly\n"));
	notify_text_free(&same.text);
	notify_text_free(&none.text);
	notify_text_free(&hostile.text);
	notify_text_free(&many.text);
	notify_text_free(&site.text);
}

static void
command_names_a_configuration_that_is_not_the_usual(void)
{
	static const struct {
		const char *config, *command;
	} rows[] = {
		{ "/etc/esxbk/esxbk.json", "    esxbk-plan check nightly\n" },
		{ "/etc/other.json",
		    "    esxbk-plan check --config /etc/other.json nightly\n" },
		{ "/etc/it's mine.json",
		    "    esxbk-plan check --config '/etc/it'\\''s mine.json' "
		    "nightly\n" },
	};
	json_t *first = line(begin), *end = line("{\"exit\":69}");
	struct err e = { 0 };
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct notify_run run = { .plan = &nightly,
			.begin = first,
			.end = end,
			.config = rows[i].config };
		struct notify_text t;

		if (CHECK(notify_text(&run, CONF_FAILURE, &t, &e) == 0))
			CHECK(strstr(t.text, rows[i].command) != NULL);
		notify_text_free(&t);
	}
	json_decref(first);
	json_decref(end);
}

/* No line wider than 76 columns, and nothing that a terminal obeys. */
static void
check_text(const char *text)
{
	char one[2000];
	const char *end;

	for (; (end = strchr(text, '\n')) != NULL; text = end + 1) {
		snprintf(one, sizeof(one), "%.*s", (int)(end - text), text);
		CHECK(utf8_columns(one) <= 76);
		CHECK(strpbrk(one, "\x1b\r\t") == NULL);
	}
	CHECK_STR(text, "");
}

static void
name_from_a_server_does_no_harm(void)
{
	static const char evil[] =
	    "{\"vm\":{\"name\":\"a\\u001b[2J\\nSubject: x\\r\\n.\\u202eevil\","
	    "\"uuid\":\"5029eeee\"},\"outcome\":\"failed\\n\",\"exit\":69,"
	    "\"text\":\"cannot\\nconnect \\u001b[31m\",\"warnings\":[{\"text\":"
	    "\"one\\ntwo\"}]}";
	static const char wide[] =
	    "{\"vm\":{\"name\":\"\u5099\u4efd\u5099\u4efd\u5099\u4efd\u5099"
	    "\u4efd\u5099\u4efd\u5099\u4efd\u5099\u4efd\u5099\u4efd\u5099"
	    "\u4efd\u5099\u4efd\u5099\u4efd\u5099\u4efd\"},\"outcome\":\"ok\","
	    "\"exit\":0}";
	static const char strange[] =
	    "{\"vm\":7,\"outcome\":[],\"exit\":\"x\",\"started\":1,"
	    "\"warnings\":{},\"result\":{\"bytes\":{\"written\":-5}}}";
	struct story s = { .vms = { evil, wide, strange, "[]" },
		.end = "{\"exit\":3,\"text\":\"\",\"ended\":\"1969\"}",
		.event = CONF_FAILURE };

	tell(&s);
	CHECK_STR(s.e.text, "");
	CHECK_STR(s.text.subject,
	    "esxbk: nightly FAILED: 1 of 4 VMs (a?[2J?Subject: x??.?evil: "
	    "cannot?connect ?[31m)");
	check_text(s.text.text);
	CHECK(says(&s, "\n  ?\n"));
	notify_text_free(&s.text);
}

static void
long_cause_is_wrapped_and_cut_in_the_subject(void)
{
	char text[3000] = "{\"vm\":{\"name\":\"x\"},\"exit\":74,\"text\":\"";
	struct story s = { .vms = { text },
		.end = "{\"exit\":74}",
		.event = CONF_FAILURE };
	size_t i, n;

	for (i = 0; i < 200; i++)
		strcat(text, "word and ");
	strcat(text, "end\"}");
	tell(&s);
	check_text(s.text.text);
	CHECK_INT(utf8_columns(s.text.subject), 160);
	n = strlen(s.text.subject);
	CHECK_STR(s.text.subject + n - 1, "~");
	notify_text_free(&s.text);
}

static void
many_failures_are_counted_and_stay_in_the_list(void)
{
	struct story s = { .end = "{\"exit\":69}", .event = CONF_FAILURE };
	const char *at;
	size_t i, rows = 0, told = 0;

	for (i = 0; i < 29; i++)
		s.vms[i] = bad;
	tell(&s);
	for (at = s.text.text; (at = strstr(at, "\n  db01  f")) != NULL; at++)
		rows++;
	for (at = s.text.text; (at = strstr(at, "\n  db01: ")) != NULL; at++)
		told++;
	CHECK_INT(rows, 29);
	CHECK_INT(told, 20);
	CHECK(says(&s, "  and 9 more, see the list\n"));
	notify_text_free(&s.text);
}

static void
document_has_all_that_a_machine_wants(void)
{
	struct story s = { .vms = { bad },
		.end = "{\"exit\":69,\"class\":\"unavailable\",\"final\":true,"
		       "\"text\":\"1 of 1 VMs failed\",\"told\":[],"
		       "\"ended\":\"2026-11-24T01:31:10Z\",\"warnings\":[]}",
		.event = CONF_FAILURE };
	struct story begun = { .event = CONF_START };
	struct buf b = { 0 };
	struct err e = { 0 };

	tell(&s);
	json_object_del(s.text.document, "text");
	json_object_del(s.text.document, "subject");
	CHECK(json_write(s.text.document, JSON_LINE, &b, &e) == 0);
	CHECK_STR(buf_text(&b),
	    "{\"schema\":\"esxbk.notify/1\",\"event\":\"failure\","
	    "\"host\":\"backup1\",\"run\":\"20261124_010004-nightly-1a2b3c4d\","
	    "\"plan\":\"nightly\",\"site\":\"esx1\","
	    "\"repository\":\"/backups/ovf\","
	    "\"slot\":\"2026-11-24T01:00:00Z\",\"scheduled\":true,"
	    "\"started\":\"2026-11-24T01:00:04Z\","
	    "\"ended\":\"2026-11-24T01:31:10Z\",\"exit\":69,"
	    "\"class\":\"unavailable\",\"final\":true,\"warnings\":[],"
	    "\"reason\":\"1 of 1 VMs failed\",\"record\":\"/backups/ovf/runs/"
	    "2026/11/20261124_010004-nightly-1a2b3c4d.json\",\"vms\":[{"
	    "\"vm\":{\"name\":\"db01\",\"moid\":\"13\",\"uuid\":\"5029cccc\"},"
	    "\"outcome\":\"failed\",\"exit\":69,\"class\":\"unavailable\","
	    "\"text\":\"export db01: esxi.example.org:443: cannot connect: "
	    "No route to host\",\"started\":\"2026-11-24T01:00:10Z\","
	    "\"ended\":\"2026-11-24T01:00:13Z\",\"warnings\":[]}]}\n");
	notify_text_free(&s.text);
	tell(&begun);
	buf_cut(&b, 0);
	json_object_del(begun.text.document, "text");
	CHECK(json_write(begun.text.document, JSON_LINE, &b, &e) == 0);
	CHECK_STR(buf_text(&b),
	    "{\"schema\":\"esxbk.notify/1\",\"event\":\"start\","
	    "\"subject\":\"esxbk: nightly started\",\"host\":\"backup1\","
	    "\"run\":\"20261124_010004-nightly-1a2b3c4d\","
	    "\"plan\":\"nightly\",\"site\":\"esx1\","
	    "\"repository\":\"/backups/ovf\","
	    "\"slot\":\"2026-11-24T01:00:00Z\",\"scheduled\":true,"
	    "\"started\":\"2026-11-24T01:00:04Z\",\"vms\":[]}\n");
	notify_text_free(&begun.text);
	buf_free(&b);
}

static void
test_message_says_that_it_is_one(void)
{
	struct notify_text t;
	struct err e = { 0 };

	CHECK(notify_text_test("ops", CONF_FAILURE, 1764208804, "backup1", &t,
		  &e) == 0);
	CHECK_STR(t.subject,
	    "esxbk: test of notification ops (\u00e9 \u65e5\u672c)");
	CHECK_STR(t.text,
	    "This is a test, sent by hand. No backup was made.\n\n"
	    "Notification    ops\nEvent           failure\n"
	    "Machine         backup1\nTime            "
	    "2025-11-27T02:00:04Z\n\n"
	    "Names of VMs may hold any character. These must arrive as they "
	    "are,\nand a line of one dot and one of two behind them:\n"
	    "  \u00e9 \u00df \u0416 \u65e5\u672c =\n.\n..\n");
	CHECK(json_is_true(json_object_get(t.document, "test")));
	notify_text_free(&t);
}

CHECK_MAIN(TEST(subject_says_the_verdict_first),
    TEST(failure_is_told_with_its_cause_and_the_way_out),
    TEST(advice_is_given_once_and_only_if_it_helps),
    TEST(command_names_a_configuration_that_is_not_the_usual),
    TEST(name_from_a_server_does_no_harm),
    TEST(long_cause_is_wrapped_and_cut_in_the_subject),
    TEST(many_failures_are_counted_and_stay_in_the_list),
    TEST(document_has_all_that_a_machine_wants),
    TEST(test_message_says_that_it_is_one))
