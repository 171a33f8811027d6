#include "store/catalog.h"

#include <errno.h>
#include "repository.h"

/* "name name ..." of a folder's points. */
static const char *
points_of(const struct catalog_folder *f)
{
	static char text[1000];
	size_t i;

	text[0] = '\0';
	for (i = 0; i < f->n; i++)
		strcat(strcat(text, i > 0 ? " " : ""), f->points[i].name);
	return text;
}

static void
read_all(struct catalog *c, enum catalog_depth depth)
{
	struct err e = { 0 };

	CHECK_INT(catalog_read(c, sandbox_root, depth, true, &e), 0);
	CHECK_STR(e.text, "");
}

static void
what_is_no_point_is_not_found(void)
{
	struct catalog_folder f;
	struct err e = { 0 };
	struct catalog c;

	sandbox_open();
	repository_folder("web");
	repository_point("web", "web_20261123_020000", "1", FULL);
	repository_point("web", "web_20261122_020000_merged", "1", FULL);
	repository_point("web", ".web_20261124_020000", "1", FULL);
	repository_put("web/web_20261125_020000", NULL);
	repository_point("web", "web_20261131_020000", "1", FULL);
	repository_folder("web/state");
	CHECK_INT(symlink("web_20261123_020000",
		      sandbox_path("web/web_20261126_020000")),
	    0);
	sandbox_write("web/web_20261127_020000", "", 0, 0600);
	CHECK_INT(symlink("web", sandbox_path("link")), 0);
	repository_folder("runs");
	repository_point("runs", "runs_20261123_020000", "1", FULL);
	repository_folder("empty");
	read_all(&c, CATALOG_ALL);
	if (CHECK_INT(c.n, 1)) {
		CHECK_STR(c.folders[0].name, "web");
		CHECK_STR(points_of(&c.folders[0]),
		    "web_20261122_020000_merged web_20261123_020000");
		CHECK_INT(c.folders[0].n_unread, 0);
	}
	catalog_free(&c);
	CHECK_INT(catalog_read_folder(&f, sandbox_root, "link", CATALOG_ALL,
		      true, &e),
	    -1);
	CHECK_INT(e.class, ERR_NOTFOUND);
	catalog_folder_free(&f);
	sandbox_free();
}

static void
record_tells_what_a_point_is(void)
{
	const struct catalog_point *p;
	struct catalog c;

	sandbox_open();
	repository_folder("web");
	repository_point("web", "web_20261123_020000", "1",
	    FULL ",\"skipped\":[{\"label\":\"x\"}],"
		 "\"times\":{\"started\":\"2026-11-23T02:00:00Z\","
		 "\"transfer_end\":\"2026-11-23T02:01:40Z\"},"
		 "\"disks\":[{\"capacity\":100,\"size\":40},"
		 "{\"capacity\":1,\"size\":2},[]],"
		 "\"files\":[{\"size\":8}]");
	repository_point("web", "web_20261124_020000", "1",
	    INC("web_20261123_020000"));
	read_all(&c, CATALOG_ALL);
	p = c.folders[0].points;
	CHECK_STR(p[0].vm.name, "web");
	CHECK_STR(p[0].vm.moid, "12");
	CHECK_STR(p[0].vm.instance_uuid, "1");
	CHECK_STR(p[0].vm.bios_uuid, "b-1");
	CHECK_STR(p[0].vm.server, "esx1");
	CHECK_STR(p[0].plan, "nightly");
	CHECK_STR(p[0].mode, "ovf");
	CHECK(p[0].parent == NULL);
	CHECK_INT(p[0].when, 1795399200);
	CHECK(p[0].is_full && p[0].is_partial && !p[0].is_renamed);
	CHECK_INT(p[0].provisioned, 101);
	CHECK_INT(p[0].stored, 50);
	CHECK_INT((int)p[0].seconds, 100);
	CHECK_INT(p[0].chain, 0);
	CHECK(!p[1].is_full && !p[1].is_partial && catalog_is_good(&p[1]));
	CHECK_STR(p[1].parent, "web_20261123_020000");
	CHECK_INT(p[1].chain, 1);
	CHECK_INT(p[1].parent_at, 0);
	catalog_free(&c);
	sandbox_free();
}

static void
newest_is_found_without_opening_the_others(void)
{
	struct catalog c;

	sandbox_open();
	repository_folder("web");
	repository_point("web", "web_20261121_020000", "1", FULL);
	repository_put("web/web_20261122_020000", "broken");
	repository_point("web", "web_20261123_020000", "1", FULL);
	read_all(&c, CATALOG_NEWEST);
	CHECK_STR(points_of(&c.folders[0]), "web_20261123_020000");
	CHECK_INT(c.folders[0].n_names, 3);
	CHECK_INT(c.folders[0].n_unread, 0);
	catalog_free(&c);
	sandbox_free();
}

static void
newest_that_is_no_use_is_not_the_last_word(void)
{
	struct catalog c;

	sandbox_open();
	repository_folder("web");
	repository_point("web", "web_20261119_020000", "1", FULL);
	repository_point("web", "web_20261120_020000", "1", FULL);
	/* Its parent is gone; its verification failed; broken; no record. */
	repository_point("web", "web_20261121_020000", "1",
	    INC("web_20261118_020000"));
	repository_point("web", "web_20261122_020000", "1", FULL);
	repository_folder("web/state");
	sandbox_write("web/state/web_20261122_020000.verify.json",
	    "{\"damage\":{}}", 13, 0644);
	repository_put("web/web_20261123_020000", "{}");
	repository_put("web/web_20261124_020000", NULL);
	read_all(&c, CATALOG_NEWEST);
	CHECK_STR(points_of(&c.folders[0]),
	    "web_20261120_020000 web_20261121_020000 web_20261122_020000");
	CHECK(catalog_is_good(&c.folders[0].points[0]));
	CHECK(c.folders[0].points[1].is_broken);
	CHECK(c.folders[0].points[2].is_damaged);
	CHECK_INT(c.folders[0].n_unread, 1);
	catalog_free(&c);
	sandbox_free();
}

/* Somebody called an old point's copy by a new time. */
static void
name_does_not_make_a_point_newer(void)
{
	struct catalog c;

	sandbox_open();
	repository_folder("web");
	repository_point("web", "web_20261122_020000", "1", FULL);
	repository_point("web", "web_20261123_020000", "1", FULL);
	repository_put("web/old_20991231_000000",
	    "{\"schema\":\"esxbk.backup/1\",\"kind\":\"full\","
	    "\"point\":\"web_20250101_000000\","
	    "\"time\":\"2025-01-01T00:00:00Z\"}");
	read_all(&c, CATALOG_NEWEST);
	CHECK_STR(points_of(&c.folders[0]),
	    "old_20991231_000000 web_20261123_020000");
	CHECK(c.folders[0].points[0].is_renamed);
	catalog_free(&c);
	sandbox_free();
}

static void
chain_with_a_hole_is_no_backup(void)
{
	static const struct {
		const char *name;
		bool good;
		int chain;
	} rows[] = {
		{ "web_20261101_020000", true, 0 },
		{ "web_20261102_020000", true, 1 },
		{ "web_20261103_020000", true, 2 },
		/* The parent is missing, and so is what the next needs. */
		{ "web_20261104_020000", false, 1 },
		{ "web_20261105_020000", false, 2 },
		/* The parent is a circle, a path, younger, damaged. */
		{ "web_20261106_020000", false, 1 },
		{ "web_20261107_020000", false, 1 },
		{ "web_20261108_020000", false, 1 },
		{ "web_20261109_020000", false, 0 },
		{ "web_20261110_020000", false, 1 },
	};
	struct catalog c;
	size_t i;

	sandbox_open();
	repository_folder("web");
	repository_point("web", rows[0].name, "1", FULL);
	repository_point("web", rows[1].name, "1", INC("web_20261101_020000"));
	repository_point("web", rows[2].name, "1", INC("web_20261102_020000"));
	repository_point("web", rows[3].name, "1", INC("web_20261001_020000"));
	repository_point("web", rows[4].name, "1", INC("web_20261104_020000"));
	repository_point("web", rows[5].name, "1", INC("web_20261106_020000"));
	repository_point("web", rows[6].name, "1",
	    INC("../web_20261101_020000"));
	repository_point("web", rows[7].name, "1", INC("web_20261110_020000"));
	repository_point("web", rows[8].name, "1", FULL);
	repository_point("web", rows[9].name, "1", INC("web_20261109_020000"));
	repository_folder("web/state");
	sandbox_write("web/state/web_20261109_020000.verify.json",
	    "{\"damage\":{}}", 13, 0644);
	read_all(&c, CATALOG_ALL);
	if (CHECK_INT(c.folders[0].n, sizeof(rows) / sizeof(rows[0])))
		for (i = 0; i < c.folders[0].n; i++) {
			const struct catalog_point *p = &c.folders[0].points[i];

			check_at(rows[i].name);
			CHECK_STR(p->name, rows[i].name);
			CHECK(catalog_is_good(p) == rows[i].good);
			CHECK_INT(p->chain, rows[i].chain);
		}
	catalog_free(&c);
	sandbox_free();
}

#define HEAD "{\"schema\":\"esxbk.backup/1\",\"time\":\"2026-11-24T00:30:04Z\""

static void
hostile_record_gives_no_more_than_names_and_numbers(void)
{
	static const char *const records[] = {
		HEAD "}",
		HEAD ",\"kind\":1,\"plan\":[],\"vm\":[],\"server\":1,"
		     "\"disks\":{},\"files\":\"x\",\"skipped\":7,"
		     "\"times\":[],\"parent\":{},\"mode\":null}",
		HEAD ",\"kind\":\"inc\",\"parent\":\"/etc\",\"plan\":\"a\\nb\","
		     "\"vm\":{\"name\":\"a\\u001b[31m\"},"
		     "\"disks\":[{\"size\":-1,\"capacity\":1e9},"
		     "{\"size\":9223372036854775807},"
		     "{\"size\":9223372036854775807},"
		     "{\"size\":9223372036854775807}]}",
	};
	const struct catalog_point *p;
	struct catalog c;

	sandbox_open();
	repository_folder("web");
	repository_put("web/web_20261124_003004", records[0]);
	repository_put("web/web_20261124_003005", records[1]);
	repository_put("web/web_20261124_003006", records[2]);
	read_all(&c, CATALOG_ALL);
	if (CHECK_INT(c.folders[0].n, 3)) {
		p = &c.folders[0].points[1];
		CHECK_STR(p->vm.name, "");
		CHECK_STR(p->mode, "");
		CHECK(p->plan == NULL && p->parent == NULL && p->is_broken);
		p = &c.folders[0].points[2];
		CHECK_STR(p->vm.name, "a [31m");
		CHECK_STR(p->plan, "a b");
		CHECK(p->parent == NULL && p->is_broken);
		CHECK(p->stored == UINT64_MAX);
		CHECK_INT(p->provisioned, 0);
	}
	catalog_free(&c);
	sandbox_free();
}

static void
record_that_cannot_be_read_is_passed_over(void)
{
	static char huge[(1 << 20) + 1];
	struct catalog c;

	sandbox_open();
	repository_folder("web");
	/* Good but for its length. */
	memset(huge, ' ', sizeof(huge));
	memcpy(huge, HEAD "}", strlen(HEAD "}"));
	repository_point("web", "web_20261101_020000", "1", FULL);
	repository_put("web/web_20261102_020000", "");
	repository_put("web/web_20261103_020000", "{\"schema\":\"other/1\"}");
	repository_put("web/web_20261104_020000", NULL);
	sandbox_write("web/web_20261104_020000/backup.json", huge, sizeof(huge),
	    0444);
	repository_put("web/web_20261105_020000", NULL);
	CHECK_INT(symlink("../web_20261101_020000/backup.json",
		      sandbox_path("web/web_20261105_020000/backup.json")),
	    0);
	repository_put("web/web_20261106_020000", NULL);
	CHECK_INT(
	    mkfifo(sandbox_path("web/web_20261106_020000/backup.json"), 0644),
	    0);
	read_all(&c, CATALOG_ALL);
	CHECK_STR(points_of(&c.folders[0]), "web_20261101_020000");
	CHECK_INT(c.folders[0].n_unread, 5);
	/* A second look would find the same. */
	CHECK(!c.folders[0].is_uncertain);
	catalog_free(&c);
	sandbox_free();
}

static void
repository_that_is_not_there_is_told(void)
{
	struct catalog_folder f;
	struct catalog c;
	struct err e = { 0 };

	sandbox_open();
	CHECK_INT(catalog_read(&c, sandbox_path("none"), CATALOG_ALL, true, &e),
	    -1);
	CHECK_INT(e.class, ERR_NOTFOUND);
	CHECK_STR(e.text,
	    sandbox_text("open %s: No such file or directory", "none"));
	catalog_free(&c);
	err_clear(&e);
	sandbox_write("file", "", 0, 0600);
	CHECK_INT(catalog_read(&c, sandbox_path("file"), CATALOG_ALL, true, &e),
	    -1);
	CHECK_INT(e.class, ERR_IO);
	catalog_free(&c);
	err_clear(&e);
	CHECK_INT(catalog_read_folder(&f, sandbox_root, "web", CATALOG_ALL,
		      false, &e),
	    -1);
	CHECK_INT(e.class, ERR_NOTFOUND);
	CHECK_STR(e.text, sandbox_text("%s: no such folder", "web"));
	catalog_folder_free(&f);
	sandbox_free();
}

/* A pin could be in it: nothing is known of such a folder. */
static void
folder_with_a_state_that_cannot_be_read_is_left_alone(void)
{
	struct catalog c;

	sandbox_open();
	repository_folder("web");
	repository_point("web", "web_20261101_020000", "1", FULL);
	repository_folder("other");
	CHECK_INT(symlink("../other", sandbox_path("web/state")), 0);
	read_all(&c, CATALOG_ALL);
	CHECK_INT(c.n, 0);
	catalog_free(&c);
	sandbox_free();
}

static void
several_plans_in_a_folder_each_have_their_newest(void)
{
	struct catalog_folder f;
	struct err e = { 0 };

	sandbox_open();
	repository_folder("web");
	repository_point("web", "web_20261101_020000", "1",
	    ",\"kind\":\"full\"");
	repository_point("web", "web_20261102_020000", "1", FULL);
	repository_point("web", "web_20261103_020000", "1",
	    ",\"kind\":\"full\",\"plan\":\"weekly\"");
	repository_point("web", "web_20261104_020000", "1", FULL);
	CHECK_INT(catalog_seek(&f, sandbox_root, "web", "nightly", true, &e),
	    0);
	CHECK_STR(points_of(&f), "web_20261104_020000");
	catalog_folder_free(&f);
	CHECK_INT(catalog_seek(&f, sandbox_root, "web", "weekly", true, &e), 0);
	CHECK_STR(points_of(&f), "web_20261103_020000 web_20261104_020000");
	catalog_folder_free(&f);
	CHECK_INT(catalog_seek(&f, sandbox_root, "web", NULL, true, &e), 0);
	CHECK_INT(f.n, 4);
	catalog_folder_free(&f);
	CHECK_INT(catalog_seek(&f, sandbox_root, "web", "none", true, &e), 0);
	CHECK_INT(f.n, 4);
	catalog_folder_free(&f);
	sandbox_free();
}

static const char *
folder_of(const struct catalog *c, const char *instance, const char *bios,
    const char *server)
{
	const struct catalog_vm_id vm = { .instance_uuid = instance,
		.bios_uuid = bios,
		.server = server };
	const struct catalog_folder *f = catalog_folder_of(c, &vm);

	return f == NULL ? "none" : f->name;
}

static void
renamed_vm_keeps_its_folder(void)
{
	struct catalog c;

	sandbox_open();
	repository_folder("one");
	repository_point("one", "old_20261101_020000", "aa", FULL);
	repository_point("one", "new_20261102_020000", "aa", FULL);
	/* Moved there by hand: the newest tells whose folder it is. */
	repository_folder("two");
	repository_point("two", "old_20261101_020000", "aa", FULL);
	repository_point("two", "two_20261103_020000", "bb", FULL);
	repository_folder("three");
	repository_point("three", "old_20261101_020001", "aa", FULL);
	repository_folder("four");
	repository_point("four", "four_20261103_020000", "", FULL);
	read_all(&c, CATALOG_NEWEST);
	CHECK_STR(folder_of(&c, "AA", "", ""), "one");
	CHECK_STR(folder_of(&c, "bb", "", ""), "two");
	CHECK_STR(folder_of(&c, "cc", "b-aa", "esx1"), "none");
	CHECK_STR(folder_of(&c, "", "b-aa", "esx1"), "one");
	CHECK_STR(folder_of(&c, "", "b-aa", "esx2"), "none");
	CHECK_STR(folder_of(&c, "cc", "b-", "esx1"), "four");
	CHECK_STR(folder_of(&c, NULL, NULL, NULL), "none");
	catalog_free(&c);
	sandbox_free();
}

static void
two_vms_do_not_share_a_folder(void)
{
	static const struct {
		const char *vm, *want;
	} rows[] = {
		{ "fresh", "fresh" },
		{ "web", "web~502a3b4c" },
		{ "WEB", "WEB~502a3b4c" },
		{ "runs", "runs~502a3b4c" },
		{ "a/b", "a%2Fb" },
		/* Locks of a VM that never came to a point. */
		{ "tried", "tried~502a3b4c" },
		{ "mine", "mine" },
	};
	struct catalog c;
	size_t i;

	sandbox_open();
	repository_folder("web");
	repository_point("web", "web_20261101_020000", "aa", FULL);
	repository_folder("tried");
	sandbox_write("tried/.w-00000001", "", 0, 0644);
	repository_folder("mine");
	sandbox_write("mine/.w-502a3b4c", "", 0, 0644);
	read_all(&c, CATALOG_NEWEST);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct catalog_vm_id vm = { .name = rows[i].vm,
			.instance_uuid = "502a3b4c-1" };
		struct err e = { 0 };
		char *got = catalog_new_folder(&c, &vm, &e);

		check_at(rows[i].vm);
		CHECK_STR(got, rows[i].want);
		free(got);
	}
	catalog_free(&c);
	sandbox_free();
}

static void
holes_of_a_whole_disk_take_no_space(void)
{
	struct catalog c;
	uint64_t bytes = 0;
	struct err e = { 0 };

	sandbox_open();
	repository_folder("web");
	repository_put("web/web_20261124_003004",
	    HEAD ",\"kind\":\"full\",\"mode\":\"vmdk\","
		 "\"disks\":[{\"size\":1073741824}]}");
	CHECK_INT(truncate(sandbox_path("web/web_20261124_003004/disk.vmdk"),
		      1 << 30),
	    0);
	read_all(&c, CATALOG_ALL);
	CHECK_INT(c.folders[0].points[0].transferred, 1 << 30);
	CHECK(c.folders[0].points[0].stored < 1 << 20);
	CHECK_INT(catalog_used_bytes(sandbox_path("web"), "web_20261124_003004",
		      &bytes, &e),
	    0);
	CHECK(bytes > 0);
	CHECK_INT(bytes, c.folders[0].points[0].stored);
	CHECK_INT(catalog_used_bytes(sandbox_path("web"), "none", &bytes, &e),
	    -1);
	CHECK_INT(e.class, ERR_NOTFOUND);
	catalog_free(&c);
	sandbox_free();
}

CHECK_MAIN(TEST(what_is_no_point_is_not_found),
    TEST(record_tells_what_a_point_is),
    TEST(newest_is_found_without_opening_the_others),
    TEST(newest_that_is_no_use_is_not_the_last_word),
    TEST(name_does_not_make_a_point_newer),
    TEST(chain_with_a_hole_is_no_backup),
    TEST(hostile_record_gives_no_more_than_names_and_numbers),
    TEST(record_that_cannot_be_read_is_passed_over),
    TEST(repository_that_is_not_there_is_told),
    TEST(folder_with_a_state_that_cannot_be_read_is_left_alone),
    TEST(several_plans_in_a_folder_each_have_their_newest),
    TEST(renamed_vm_keeps_its_folder), TEST(two_vms_do_not_share_a_folder),
    TEST(holes_of_a_whole_disk_take_no_space))
