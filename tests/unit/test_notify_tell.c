#include <stdlib.h>
#include <unistd.h>
#include "base/buf.h"
#include "check.h"
#include "plan/notify_hook.h"
#include "plan/notify_tell.h"
#include "sys/file.h"
#include "sys/sig.h"

static void
url_of_an_event_is_what_its_service_expects(void)
{
	static const struct {
		const char *url;
		enum conf_style style;
		enum conf_event event;
		const char *want;
	} rows[] = {
		{ "https://hc.example.org/ping/0b1c", CONF_STYLE_BY_URL,
		    CONF_START, "https://hc.example.org/ping/0b1c/start" },
		{ "https://hc.example.org/ping/0b1c", CONF_STYLE_BY_URL,
		    CONF_FAILURE, "https://hc.example.org/ping/0b1c/fail" },
		{ "https://hc.example.org/ping/0b1c", CONF_STYLE_BY_URL,
		    CONF_SUCCESS, "https://hc.example.org/ping/0b1c" },
		{ "https://hc.example.org/ping/0b1c", CONF_STYLE_BY_URL,
		    CONF_RECOVERY, "https://hc.example.org/ping/0b1c" },
		{ "https://hc.example.org/ping/0b1c", CONF_STYLE_BY_URL,
		    CONF_WARNING, "https://hc.example.org/ping/0b1c" },
		{ "https://hc-ping.com/0b1c", CONF_STYLE_BY_URL, CONF_FAILURE,
		    "https://hc-ping.com/0b1c/fail" },
		{ "https://HC-ping.com/k/nightly?create=1", CONF_STYLE_BY_URL,
		    CONF_START,
		    "https://HC-ping.com/k/nightly/start?create=1" },
		{ "http://hc.lan:8000/ping/0b1c/", CONF_STYLE_BY_URL,
		    CONF_FAILURE, "http://hc.lan:8000/ping/0b1c/fail" },
		{ "https://h/ping/x", CONF_STYLE_PLAIN, CONF_FAILURE,
		    "https://h/ping/x" },
		{ "https://h/services/x", CONF_STYLE_BY_URL, CONF_FAILURE,
		    "https://h/services/x" },
		{ "https://h/pinging/x?/ping/", CONF_STYLE_PLAIN, CONF_START,
		    "https://h/pinging/x?/ping/" },
		{ "https://h", CONF_STYLE_HEALTHCHECKS, CONF_FAILURE,
		    "https://h/fail" },
		{ "https://h?x=/ping/", CONF_STYLE_BY_URL, CONF_FAILURE,
		    "https://h?x=/ping/" },
	};
	struct buf b = { 0 };
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct conf_notify n = { .url = rows[i].url,
			.style = rows[i].style };
		struct err e = { 0 };

		check_at(rows[i].url);
		buf_cut(&b, 0);
		CHECK(notify_hook_url(&n, rows[i].event, &b, &e) == 0);
		CHECK_STR(buf_text(&b), rows[i].want);
	}
	buf_free(&b);
}

static struct conf_notify
program(const char *name, unsigned int on, const char **argv)
{
	return (struct conf_notify){ .name = name,
		.kind = CONF_EXEC,
		.on = on,
		.argv = { .items = argv },
		.timeout_s = 20 };
}

static void
everybody_is_told_once_whatever_befalls_the_others(void)
{
	const char *bad[] = { "/bin/sh", "-c", "echo no >&2; exit 5", NULL };
	const char *good[] = { "/bin/sh", "-c",
		"echo $ESXBK_EVENT $ESXBK_PLAN >>told; cat >>told", NULL };
	struct conf_notify pager = program("pager",
	    CONF_FAILURE | CONF_RECOVERY, bad);
	struct conf_notify ops = program("ops", CONF_WARNING, good);
	struct conf_notify beat = program("beat", CONF_START | CONF_SUCCESS,
	    good);
	const struct conf_notify *all[] = { &pager, &ops, &beat };
	struct conf_plan plan = { .name = "nightly",
		.notify = all,
		.n_notify = 3 };
	json_t *begin = json_pack("{s:s}", "run", "r1");
	json_t *end = json_pack("{s:i}", "exit", 0), *told;
	struct notify_run run = { .plan = &plan,
		.begin = begin,
		.end = end,
		.host = "backup1" };
	struct buf b = { 0 };
	struct err e = { 0 };

	told = notify_tell(&run, CONF_SUCCESS | CONF_RECOVERY);
	CHECK(json_write(told, JSON_LINE, &b, &e) == 0);
	CHECK_STR(buf_text(&b),
	    "[{\"to\":\"pager\",\"event\":\"recovery\",\"exit\":71,\"text\":"
	    "\"notification pager: /bin/sh: exit 5: no\"},"
	    "{\"to\":\"beat\",\"event\":\"success\",\"exit\":0,\"text\":\"\"}"
	    "]\n");
	buf_cut(&b, 0);
	CHECK(file_read("told", &b, &e) == 0);
	CHECK_STR(buf_text(&b),
	    "success nightly\n{\"schema\":\"esxbk.notify/1\",\"event\":"
	    "\"success\",\"subject\":\"esxbk: nightly good: 0 VMs, 0 B\","
	    "\"text\":\"Backup good: 0 VMs, 0 B\\n\\nPlan        nightly\\n"
	    "Machine     backup1\\n\",\"host\":\"backup1\",\"run\":\"r1\","
	    "\"plan\":\"nightly\",\"exit\":0,\"reason\":\"\",\"record\":null,"
	    "\"vms\":[]}\n");
	json_decref(told);
	json_decref(begin);
	json_decref(end);
	buf_free(&b);
}

static void
nobody_who_did_not_ask_is_told(void)
{
	const char *argv[] = { "/bin/sh", "-c", "echo >>told2", NULL };
	struct conf_notify ops = program("ops", CONF_FAILURE, argv);
	const struct conf_notify *all[] = { &ops };
	struct conf_plan plan = { .name = "nightly",
		.notify = all,
		.n_notify = 1 };
	struct notify_run run = { .plan = &plan };
	json_t *told = notify_tell(&run, CONF_SUCCESS | CONF_RECOVERY);

	CHECK_INT(json_array_size(told), 0);
	CHECK(access("told2", F_OK) == -1);
	json_decref(told);
}

int
main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		TEST(url_of_an_event_is_what_its_service_expects),
		TEST(everybody_is_told_once_whatever_befalls_the_others),
		TEST(nobody_who_did_not_ask_is_told),
	};
	struct err e = { 0 };

	if (sig_open(&e) == -1)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]), argc, argv);
}
