#include "base/selector.h"
#include "check.h"

static const struct selector_vm vms[] = {
	{ "web1", "vm-1", "DC/vm/prod/web1", "4210-A", "5010-A", true },
	{ "web2", "vm-2", "DC/vm/prod/web2", "4210-B", "5010-B", false },
	{ "web", "vm-3", "DC/vm/web", "4210-C", "5010-C", true },
	{ "twin", "vm-4", "DC/vm/a/twin", "4210-D", "5010-D", true },
	{ "twin", "vm-5", "DC/vm/b/twin", "4210-D", "5010-E", false },
	{ "a[1]", "vm-6", "a[1]", "5010-A", "", true },
	{ "Web1", "vm-7", "DC/vm/production/Web1", "", "", false },
};
enum { VMS = sizeof(vms) / sizeof(vms[0]) };

struct row {
	const char *selectors[4];
	const char *picked; /* the digits of their ids, or NULL */
	int class;
	const char *text;
};

static void
check_row(const struct row *r)
{
	bool picked[VMS];
	char got[VMS + 1];
	struct err e = { 0 };
	size_t n = 0, i, k = 0;
	int rc;

	check_at(r->selectors[0]);
	while (r->selectors[n] != NULL)
		n++;
	memset(picked, true, sizeof(picked)); /* what was there is gone */
	rc = selector_pick(vms, VMS, r->selectors, n, picked, &e);
	CHECK_INT(rc, r->picked != NULL ? 0 : -1);
	CHECK_INT(e.class, r->class);
	CHECK_STR(e.text, r->text != NULL ? r->text : "");
	for (i = 0; i < VMS; i++)
		if (picked[i])
			got[k++] = vms[i].id[3];
	got[k] = '\0';
	if (rc == 0)
		CHECK_STR(got, r->picked);
}

static void
selectors_mean_what_the_manual_says(void)
{
	static const struct row rows[] = {
		{ { "web1" }, "1" },
		{ { "web" }, "3" }, /* never a part of a name */
		{ { "web1", "web" }, "13" },
		{ { "name:web*" }, "123" },
		{ { "name:web?" }, "12" },
		{ { "name:[Ww]eb1" }, "17" },
		{ { "name:a\\[1]" }, "6" },
		{ { "name:*" }, "1234567" },
		{ { "name:web1" }, "1" },
		{ { "moid:vm-4" }, "4" },
		{ { "uuid:5010-b" }, "2" },
		{ { "uuid:4210-C" }, "3" }, /* BIOS */
		{ { "uuid:5010-A" }, "1" }, /* instance before BIOS */
		{ { "path:/DC/vm/a/twin" }, "4" },
		{ { "path:DC/vm/a/twin" }, "4" },
		{ { "folder:DC/vm/prod" }, "12" }, /* nor production */
		{ { "folder:/DC/vm/prod*" }, "127" },
		{ { "folder:DC/vm" }, "123457" },
		{ { "power:on" }, "1346" },
		{ { "power:off" }, "257" },
		/* In their order. */
		{ { "name:web*", "!web2" }, "13" },
		{ { "name:web*", "!name:web?", "web2" }, "23" },
		{ { "!web2", "!folder:DC/vm/prod" }, "34567" },
		{ { "!power:off" }, "1346" },
		{ { "name:*", "!twin" }, "12367" },
		{ { "name:*", "!no-such" }, "1234567" },
		{ { "name:x*", "web" }, "3" },
		{ { "!uuid:4210-C" }, "124567" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_row(&rows[i]);
}

static void
refusals_say_what_is_wrong(void)
{
	static const struct row rows[] = {
		{ { "web*" }, NULL, ERR_USAGE,
		    "web*: a bare word is an exact name; for a pattern write "
		    "'name:web*'" },
		{ { "a[1]" }, NULL, ERR_USAGE,
		    "a[1]: a bare word is an exact name; for a pattern write "
		    "'name:a[1]'" },
		{ { "" }, NULL, ERR_USAGE, "'': an empty selector" },
		{ { "!" }, NULL, ERR_USAGE, "'': an empty selector" },
		{ { "web1", "name:" }, NULL, ERR_USAGE,
		    "'name:': an empty selector" },
		{ { "power:maybe" }, NULL, ERR_USAGE,
		    "power:maybe: power is 'on' or 'off'" },
		{ { "web1", "db" }, NULL, ERR_NOTFOUND, "db: no such VM" },
		{ { "moid:vm-9" }, NULL, ERR_NOTFOUND, "vm-9: no such VM" },
		{ { "uuid:1" }, NULL, ERR_NOTFOUND, "1: no such VM" },
		{ { "path:/DC/vm/prod" }, NULL, ERR_NOTFOUND,
		    "/DC/vm/prod: no such VM" },
		{ { "twin" }, NULL, ERR_NOTFOUND,
		    "twin: two VMs fit, moid:vm-4 (DC/vm/a/twin) and "
		    "moid:vm-5 (DC/vm/b/twin); name one by its moid: or "
		    "path:" },
		{ { "uuid:4210-d" }, NULL, ERR_NOTFOUND,
		    "4210-d: two VMs fit, moid:vm-4 (DC/vm/a/twin) and "
		    "moid:vm-5 (DC/vm/b/twin); name one by its moid: or "
		    "path:" },
		{ { "name:x*" }, NULL, ERR_EMPTY,
		    "the selection matches no VM" },
		{ { "web1", "!web1" }, NULL, ERR_EMPTY,
		    "the selection matches no VM" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_row(&rows[i]);
}

static void
character_of_a_pattern_is_one_of_the_name(void)
{
	static const struct {
		const char *pattern, *name;
		bool fits;
	} rows[] = {
		{ "name:B?ro", "B\u00fcro", true },
		{ "name:B[\u00f6-\u00fe]ro*", "B\u00fcro-1", true },
		{ "name:B[!\u00fc]ro", "B\u00fcro", false },
		{ "name:*\u00fc*", "B\u00fcro", true },
		{ "name:?", "\U0001f4be", true },
		{ "folder:DC/vm/B?ro", "B\u00fcro", true },
	};
	struct selector_vm vm = { .path = "DC/vm/B\u00fcro/x" };
	size_t i, found;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { 0 };
		struct selector s;
		bool picked = false;

		check_at(rows[i].pattern);
		vm.name = rows[i].name;
		CHECK_INT(selector_parse(&s, rows[i].pattern, &e), 0);
		CHECK_INT(selector_apply(&s, &vm, 1, &picked, &found, &e), 0);
		CHECK_INT(picked, rows[i].fits);
	}
}

CHECK_MAIN(TEST(character_of_a_pattern_is_one_of_the_name),
    TEST(selectors_mean_what_the_manual_says), TEST(refusals_say_what_is_wrong))
