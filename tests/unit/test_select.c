#include "check.h"
#include "plan/select.h"

static const struct selector_vm vms[] = {
	{ "web1", "vm-1", "DC/vm/web1", "4210-A", "5010-A", true },
	{ "web2", "vm-2", "DC/vm/web2", "4210-B", "5010-B", false },
	{ "twin", "vm-3", "DC/vm/a/twin", "4210-C", "5010-C", true },
	{ "twin", "vm-4", "DC/vm/b/twin", "4210-D", "5010-D", false },
};
enum { VMS = sizeof(vms) / sizeof(vms[0]) };

static int
choose(const char *const *selectors, struct select *s, struct err *e)
{
	const char *items[5];
	struct conf_list list = { .items = items };

	for (; selectors[list.n] != NULL; list.n++)
		items[list.n] = selectors[list.n];
	return select_vms(s, &list, vms, VMS, e);
}

/* "13": the digits of their ids. */
static const char *
picked_of(const struct select *s)
{
	static char text[VMS + 1];
	size_t i, n = 0;

	for (i = 0; i < VMS; i++)
		if (s->picked[i])
			text[n++] = vms[i].id[3];
	text[n] = '\0';
	CHECK_INT(n, s->n_picked);
	return text;
}

static void
selector_that_misses_stops_no_other(void)
{
	static const struct {
		const char *selectors[5], *picked, *missed;
		bool is_absent;
	} rows[] = {
		{ { "web1", "web2" }, "12", NULL },
		{ { "gone", "web2" }, "2", "gone: no such VM", true },
		{ { "web1", "moid:vm-9", "web2" }, "12", "vm-9: no such VM",
		    true },
		{ { "web1", "twin", "web2" }, "12",
		    "twin: two VMs fit, moid:vm-3 (DC/vm/a/twin) and "
		    "moid:vm-4 (DC/vm/b/twin); name one by its moid: or "
		    "path:",
		    false },
		/* It adds none, and takes none away. */
		{ { "name:t*", "twin" }, "34",
		    "twin: two VMs fit, moid:vm-3 (DC/vm/a/twin) and "
		    "moid:vm-4 (DC/vm/b/twin); name one by its moid: or "
		    "path:",
		    false },
		{ { "gone" }, "", "gone: no such VM", true },
		/* A first one that is gone is not "all but". */
		{ { "gone", "!web1" }, "", "gone: no such VM", true },
		{ { "name:x*" }, "", NULL },
		{ { "name:web*", "!web2" }, "1", NULL },
		{ { "!web2" }, "134", NULL },
		{ { "!gone", "!twin" }, "12", NULL },
		{ { "!uuid:9" }, "1234", NULL },
		{ { NULL }, "", NULL },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct select s = { 0 };
		struct err e = { 0 };

		check_at(rows[i].selectors[0]);
		CHECK_INT(choose(rows[i].selectors, &s, &e), 0);
		CHECK_STR(e.text, "");
		CHECK_STR(picked_of(&s), rows[i].picked);
		CHECK_INT(s.n_misses, rows[i].missed != NULL);
		if (s.n_misses == 1) {
			CHECK_STR(s.misses[0].text, rows[i].missed);
			CHECK_INT(s.misses[0].is_absent, rows[i].is_absent);
		}
		select_free(&s);
	}
}

static void
every_miss_is_told(void)
{
	static const char *const selectors[] = { "gone", "web1", "uuid:1",
		"twin", NULL };
	struct select s = { 0 };
	struct err e = { 0 };

	CHECK_INT(choose(selectors, &s, &e), 0);
	CHECK_STR(picked_of(&s), "1");
	CHECK_INT(s.n_misses, 3);
	CHECK_STR(s.misses[0].what, "gone");
	CHECK_STR(s.misses[1].what, "1");
	CHECK_STR(s.misses[2].what, "twin");
	select_free(&s);
}

static void
malformed_selector_is_an_error(void)
{
	static const char *const selectors[] = { "web1", "web*", NULL };
	struct select s = { 0 };
	struct err e = { 0 };

	CHECK_INT(choose(selectors, &s, &e), -1);
	CHECK_INT(e.class, ERR_USAGE);
	CHECK_STR(e.text,
	    "web*: a bare word is an exact name; for a pattern write "
	    "'name:web*'");
	select_free(&s);
}

CHECK_MAIN(TEST(selector_that_misses_stops_no_other), TEST(every_miss_is_told),
    TEST(malformed_selector_is_an_error))
