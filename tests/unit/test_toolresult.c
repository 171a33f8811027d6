#include <stdlib.h>
#include "check.h"
#include "plan/toolresult.h"

#define DOC(type, more) \
	"{\"schema\":\"esxbk.result/1\",\"type\":\"" type "\"" more "}\n"
#define GOOD DOC("backup", ",\"outcome\":\"ok\",\"error\":null")
#define SUM(n) DOC("summary", ",\"exit\":" #n ",\"error\":null")

static struct child_end
ended(int exit, const char *output, const char *said)
{
	struct child_end end = { .exit = exit };

	buf_puts(&end.output, output);
	snprintf(end.said, sizeof(end.said), "%s", said);
	return end;
}

static void
a_tool_without_a_summary_has_crashed(void)
{
	static const struct {
		const char *at, *output, *said;
		int exit, want;
		const char *text, *outcome;
	} rows[] = {
		{ "good", GOOD SUM(0), "", 0, 0, "", "ok" },
		{ "nothing", "", "", 0, 70,
		    "x printed no summary: it exited with 0", "" },
		{ "no summary", GOOD, "", 0, 70,
		    "x printed no summary: it exited with 0", "ok" },
		{ "garbage", "Segmentation fault\n", "", 139, 70,
		    "x printed no summary: it exited with 139", "" },
		{ "garbage behind it", GOOD SUM(0) "oops\n", "", 0, 70,
		    "x printed no summary: it exited with 0", "ok" },
		{ "half a line behind it", GOOD SUM(0) "{\"sch", "", 0, 70,
		    "x printed no summary: it exited with 0", "ok" },
		{ "a summary that is cut",
		    GOOD "{\"schema\":\"esxbk.result/1\",\"type\":\"summary\"",
		    "", 0, 70, "x printed no summary: it exited with 0", "ok" },
		{ "a stranger's", "{\"type\":\"summary\",\"exit\":0}\n", "", 0,
		    70, "x printed no summary: it exited with 0", "" },
		{ "last words", "", "x: error: host gone", 69, 70,
		    "x printed no summary: it exited with 69; its last words: "
		    "x: error: host gone",
		    "" },
		{ "another status than it said", SUM(0), "", 1, 70,
		    "x said 0 in its summary, but it exited with 1", "" },
		{ "no status", DOC("summary", ",\"exit\":\"0\""), "", 0, 70,
		    "x said 0 in its summary, but it exited with 0", "" },
		{ "the document's reason",
		    DOC("backup",
			",\"outcome\":\"failed\",\"error\":{\"text\":\"a\"}")
			DOC("summary",
			    ",\"exit\":74,\"error\":{\"text\":\"b\"}"),
		    "", 74, 74, "a", "failed" },
		{ "the summary's reason",
		    DOC("summary", ",\"exit\":69,\"error\":{\"text\":\"b\"}"),
		    "x: error: c", 69, 69, "b", "" },
		{ "what it said last", SUM(3), "x: error: c: d", 3, 3, "c: d",
		    "" },
		{ "no reason at all", SUM(75), "", 75, 75, "temporary", "" },
		{ "keys of wrong types",
		    DOC("backup", ",\"outcome\":7,\"error\":\"no\"") SUM(71),
		    "", 71, 71, "os", "" },
	};
	struct toolresult r;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct child_end end = ended(rows[i].exit, rows[i].output,
		    rows[i].said);

		check_at(rows[i].at);
		toolresult_read(&r, "x", "backup", &end);
		CHECK_INT(r.exit, rows[i].want);
		CHECK_STR(r.text, rows[i].text);
		CHECK_STR(r.outcome, rows[i].outcome);
		toolresult_free(&r);
		buf_free(&end.output);
	}
}

static void
how_it_was_ended_is_told(void)
{
	struct child_end end = ended(139, GOOD SUM(0), "");
	struct toolresult r;

	end.signal = 11;
	toolresult_read(&r, "x", "backup", &end);
	CHECK_INT(r.exit, 70);
	CHECK_STR(r.text,
	    "x said 0 in its summary, but it was ended by SIGSEGV");
	toolresult_free(&r);
	buf_cut(&end.output, 0);
	end.timed_out = true;
	end.output_cut = true;
	end.ms = 9500;
	toolresult_read(&r, "x", "backup", &end);
	CHECK_STR(r.text,
	    "x printed no summary within the limit: it was stopped after 9 s");
	toolresult_free(&r);
	buf_free(&end.output);
}

static void
the_list_of_vms_is_read(void)
{
	struct toolresult_list l;
	struct err e = { 0 };
	struct buf b = { 0 };

	buf_puts(&b,
	    DOC("vm",
		",\"name\":\"web\",\"moid\":\"12\",\"uuid\":\"52de\","
		"\"bios_uuid\":\"564d\",\"path\":\"dc/vm/web\","
		"\"power\":\"on\",\"disks\":[{\"label\":\"Hard disk 1\"},7]")
		DOC("vm",
		    ",\"name\":\"db\",\"moid\":\"13\",\"uuid\":\"52df\","
		    "\"template\":true") DOC("later", "") SUM(0));
	CHECK_INT(toolresult_list_read(&l, &b, &e), 0);
	if (CHECK_INT(l.n, 2)) {
		CHECK_STR(l.vms[0].name, "web");
		CHECK_STR(l.vms[0].bios_uuid, "564d");
		CHECK_STR(l.vms[0].path, "dc/vm/web");
		CHECK(l.vms[0].is_on && !l.vms[0].is_template);
		CHECK_INT(l.vms[0].n_labels, 1);
		CHECK_STR(l.vms[0].labels[0], "Hard disk 1");
		CHECK_STR(l.vms[1].bios_uuid, "");
		CHECK(l.vms[1].is_template && !l.vms[1].is_on);
	}
	toolresult_list_free(&l);
	buf_free(&b);
}

static void
a_list_that_cannot_be_trusted_is_refused(void)
{
	static const char *const rows[][2] = {
		{ "no JSON\n",
		    "esxbk-list:1:2: '[' or '{' expected near 'no'" },
		{ DOC("vm", ",\"name\":\"web\",\"uuid\":\"52de\""),
		    "esxbk-list: a VM without a name, id or uuid" },
		{ DOC("vm", ",\"name\":\"web\",\"moid\":\"1\",\"uuid\":\"\""),
		    "esxbk-list: a VM without a name, id or uuid" },
		{ DOC("vm", ",\"name\":1,\"moid\":\"1\",\"uuid\":\"u\""),
		    "esxbk-list: a VM without a name, id or uuid" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct toolresult_list l;
		struct err e = { 0 };
		struct buf b = { 0 };

		buf_puts(&b, rows[i][0]);
		CHECK_INT(toolresult_list_read(&l, &b, &e), -1);
		CHECK_INT(e.class, ERR_DATA);
		CHECK_STR(e.text, rows[i][1]);
		toolresult_list_free(&l);
		buf_free(&b);
	}
}

CHECK_MAIN(TEST(a_tool_without_a_summary_has_crashed),
    TEST(how_it_was_ended_is_told), TEST(the_list_of_vms_is_read),
    TEST(a_list_that_cannot_be_trusted_is_refused))
