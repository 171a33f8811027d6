#include <stdlib.h>
#include "check.h"
#include "plan/toolline.h"

static const char *hosts[] = { "esx1=10.0.0.1", "esx2=10.0.0.2", NULL };

static const struct conf_site plain = {
	.name = "esx1",
	.server = "esxi.example.org",
	.user = "root",
	.disks = 2,
};
static const struct conf_site full = {
	.name = "vc",
	.server = "vc.example.org:8443",
	.user = "backup@vsphere.local",
	.password = { .kind = CONF_CREDENTIAL, .name = "vc" },
	.cacert = "/etc/esxbk/ca.pem",
	.thumbprint = "sha256:00",
	.proxy = "http://proxy:3128",
	.insecure = true,
	.resolve = { hosts, 2 },
	.stall_timeout_s = 60,
	.bwlimit = 1048576,
	.disks = 4,
};

/* Its password is for nobody who can see our arguments. */
static const struct conf_site hushed = {
	.name = "esx2",
	.server = "esx2.example.org",
	.user = "root",
	.proxy = "http://user:pw@proxy:3128",
	.disks = 2,
};

static const char *excluded[] = { "Hard disk 2", "scratch" };
static const char *labels[] = { "Hard disk 1", "Hard disk 2", "Hard disk 3" };

static void
the_line_of_an_export_could_be_typed(void)
{
	static const struct {
		const char *at;
		struct conf_plan plan;
		const char *want;
	} rows[] = {
		{ "the least",
		    { .name = "daily", .site = &plain, .quiesce = "try" },
		    "/x/esxbk-export-ovf --server esxi.example.org --user root "
		    "--json -q --plan daily -o /r/web --quiesce try -j 2 "
		    "moid:12" },
		{ "all of it",
		    { .name = "daily",
			.site = &full,
			.quiesce = "off",
			.exclude_disks = { excluded, 2 } },
		    "/x/esxbk-export-ovf --server vc.example.org:8443 "
		    "--user backup@vsphere.local --password-fd 3 "
		    "--thumbprint sha256:00 --cacert /etc/esxbk/ca.pem "
		    "--insecure --proxy http://proxy:3128 "
		    "--resolve esx1=10.0.0.1 --resolve esx2=10.0.0.2 "
		    "--stall-timeout 60 --bwlimit 1048576 --json -q "
		    "--plan daily -o /r/web --quiesce off -j 4 "
		    "--exclude-disk 'Hard disk 2' moid:12" },
		{ "a proxy with a password",
		    { .name = "daily", .site = &hushed, .quiesce = "try" },
		    "/x/esxbk-export-ovf --server esx2.example.org --user root "
		    "--config /c/esxbk.json --site esx2 --json -q --plan daily "
		    "-o /r/web --quiesce try -j 2 moid:12" },
		{ "whole disks: those that are wanted",
		    { .name = "legacy",
			.is_vmdk = true,
			.site = &plain,
			.quiesce = "require",
			.exclude_disks = { excluded, 2 } },
		    "/x/esxbk-export-vmdk --server esxi.example.org "
		    "--user root --json -q --plan legacy -o /r/web "
		    "--quiesce require --disk 'Hard disk 1' "
		    "--disk 'Hard disk 3' moid:12" },
		{ "whole disks: no word of what it does not have",
		    { .name = "legacy",
			.is_vmdk = true,
			.site = &plain,
			.quiesce = "try",
			.exclude_disks = { excluded + 1, 1 } },
		    "/x/esxbk-export-vmdk --server esxi.example.org "
		    "--user root --json -q --plan legacy -o /r/web "
		    "--quiesce try moid:12" },
	};
	size_t i;

	setenv("ESXBK_EXEC_PATH", "/x", 1);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct toolline_export x = { .plan = &rows[i].plan,
			.folder = "/r/web",
			.moid = "12",
			.labels = labels,
			.n_labels = 3 };
		struct toolline l = { 0 };
		struct buf b = { 0 };
		struct err e = { 0 };

		check_at(rows[i].at);
		CHECK_INT(toolline_init(&l, toolline_exporter(x.plan), &e), 0);
		toolline_add_site(&l, x.plan->site, "/c/esxbk.json");
		CHECK_INT(toolline_add_export(&l, &x, &e), 0);
		CHECK(l.argv[l.n] == NULL);
		toolline_format(&l, &b);
		CHECK_STR(buf_text(&b), rows[i].want);
		buf_free(&b);
		toolline_free(&l);
	}
}

static void
a_plan_that_excludes_all_disks_is_refused(void)
{
	static const struct conf_plan plan = { .name = "daily",
		.site = &plain,
		.quiesce = "try",
		.exclude_disks = { excluded, 1 } };
	struct toolline_export x = { .plan = &plan,
		.folder = "/r/web",
		.moid = "12",
		.labels = labels + 1,
		.n_labels = 1 };
	struct toolline l = { 0 };
	struct err e = { 0 };

	CHECK_INT(toolline_add_export(&l, &x, &e), -1);
	CHECK_INT(e.class, ERR_CONFIG);
	CHECK_STR(e.text,
	    "exclude_disks of plan daily leaves no disk to back up");
	toolline_free(&l);
}

static void
words_are_quoted_for_a_shell(void)
{
	static const char *const rows[][2] = { { "web01", "web01" },
		{ "", "''" }, { "a b", "'a b'" }, { "it's", "'it'\\''s'" },
		{ "$(rm)", "'$(rm)'" }, { "a\nb", "'a\nb'" } };
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct toolline l = { 0 };
		struct buf b = { 0 };

		toolline_add(&l, rows[i][0]);
		toolline_format(&l, &b);
		CHECK_STR(buf_text(&b), rows[i][1]);
		buf_free(&b);
		toolline_free(&l);
	}
}

static void
tools_are_never_looked_for_in_path(void)
{
	struct toolline l = { 0 };
	struct err e = { 0 };

	unsetenv("ESXBK_EXEC_PATH");
	CHECK_INT(toolline_init(&l, "esxbk-list", &e), 0);
	CHECK(l.argv[0][0] == '/');
	CHECK(strstr(l.argv[0], "/test/esxbk-list") != NULL);
	toolline_free(&l);
}

CHECK_MAIN(TEST(the_line_of_an_export_could_be_typed),
    TEST(a_plan_that_excludes_all_disks_is_refused),
    TEST(words_are_quoted_for_a_shell),
    TEST(tools_are_never_looked_for_in_path))
