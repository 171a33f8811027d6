#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>
#include "repository.h"
#include "store/catalog.h"
#include "sys/afile.h"
#include "sys/lock.h"

static const char name[] = "web_20261123_020000";

/* "a b c": what is in a folder of the sandbox, sorted. */
static const char *
names_in(const char *folder)
{
	char whole[sizeof(sandbox_root)];
	const char *list;

	memcpy(whole, sandbox_root, sizeof(whole));
	strcat(strcat(sandbox_root, "/"), folder);
	list = sandbox_names();
	memcpy(sandbox_root, whole, sizeof(whole));
	return list;
}

static void
make(void)
{
	sandbox_open();
	repository_folder("web");
	repository_point("web", "web_20261122_020000", "aa", FULL);
	repository_point("web", name, "aa", FULL);
}

static struct catalog_folder
folder(void)
{
	struct catalog_folder f;
	struct err e = { 0 };

	CHECK_INT(
	    catalog_read_folder(&f, sandbox_root, "web", CATALOG_ALL, true, &e),
	    0);
	CHECK_STR(e.text, "");
	return f;
}

/* Of the newest. */
static int
remove_newest(struct err *e)
{
	struct catalog_folder f = folder();
	int rc = catalog_remove(sandbox_path("web"), &f.points[f.n - 1], e);

	catalog_folder_free(&f);
	return rc;
}

static void
removed_point_is_gone_with_what_was_known_of_it(void)
{
	struct err e = { 0 };
	json_t *pin = json_object();

	make();
	/* "web_20261123_020000.x" could be the name of a VM. */
	CHECK_INT(catalog_set_state(sandbox_path("web"), name, "pin", pin, &e),
	    0);
	CHECK_INT(
	    catalog_set_state(sandbox_path("web"), name, "verify", pin, &e), 0);
	CHECK_INT(catalog_set_state(sandbox_path("web"),
		      "web_20261123_020000.x_20261123_020000", "pin", pin, &e),
	    0);
	CHECK_INT(catalog_set_state(sandbox_path("web"),
		      "web_20261123_020000_merged", "pin", pin, &e),
	    0);
	/* Left by a writer that was killed. */
	sandbox_write("web/state/.web_20261123_020000.verify.json.partial", "",
	    0, 0600);
	sandbox_write("web/state/.web_20261122_020000.verify.json.partial", "",
	    0, 0600);
	CHECK_INT(remove_newest(&e), 0);
	CHECK_STR(e.text, "");
	CHECK_STR(names_in("web"), ".r-aa000000 state web_20261122_020000");
	CHECK_STR(names_in("web/state"),
	    ".web_20261122_020000.verify.json.partial "
	    "web_20261123_020000.x_20261123_020000.pin.json "
	    "web_20261123_020000_merged.pin.json");
	json_decref(pin);
	sandbox_free();
}

static void
links_in_a_point_lead_nowhere(void)
{
	struct err e = { 0 };

	make();
	repository_folder("other");
	sandbox_write("other/file", "", 0, 0600);
	CHECK_INT(symlink("../../other",
		      sandbox_path("web/web_20261123_020000/link")),
	    0);
	repository_folder("web/web_20261123_020000/sub");
	sandbox_write("web/web_20261123_020000/sub/file", "", 0, 0400);
	CHECK_INT(remove_newest(&e), 0);
	CHECK_STR(names_in("web"), ".r-aa000000 web_20261122_020000");
	CHECK_STR(names_in("other"), "file");
	sandbox_free();
}

static void
point_that_is_read_stays(void)
{
	struct err e = { 0 };
	struct lock *l;

	make();
	l = lock_open(sandbox_path("web/.r-aa000000"), false, &e);
	CHECK(l != NULL);
	CHECK_INT(remove_newest(&e), -1);
	CHECK_INT(e.class, ERR_TEMP);
	CHECK(strstr(e.text, "web: points are being read: ") != NULL);
	lock_free(l);
	CHECK_STR(names_in("web"),
	    ".r-aa000000 web_20261122_020000 web_20261123_020000");
	sandbox_free();
}

static void
pin_that_was_promised_holds(void)
{
	struct catalog_folder f;
	struct err e = { 0 };
	json_t *pin = json_object();
	struct lock *l;

	make();
	f = folder();
	CHECK_INT(catalog_pin(sandbox_path("web"), &f.points[1], pin, &e), 0);
	/* Who removes has read the folder before. */
	CHECK_INT(catalog_remove(sandbox_path("web"), &f.points[1], &e), -1);
	CHECK_INT(e.class, ERR_TEMP);
	CHECK(strstr(e.text, "web_20261123_020000 has been pinned meanwhile") !=
	    NULL);
	err_clear(&e);
	/* In the middle of a removal nothing is promised, nor behind it. */
	l = lock_open(sandbox_path("web/.r-aa000000"), true, &e);
	CHECK_INT(catalog_pin(sandbox_path("web"), &f.points[0], pin, &e), -1);
	CHECK_INT(e.class, ERR_TEMP);
	CHECK(strstr(e.text, "web: points are being removed: ") != NULL);
	lock_free(l);
	err_clear(&e);
	CHECK_INT(catalog_remove(sandbox_path("web"), &f.points[0], &e), 0);
	CHECK_INT(catalog_pin(sandbox_path("web"), &f.points[0], pin, &e), -1);
	CHECK_INT(e.class, ERR_NOTFOUND);
	CHECK_STR(names_in("web/state"), "web_20261123_020000.pin.json");
	CHECK_STR(names_in("web"), ".r-aa000000 state web_20261123_020000");
	catalog_folder_free(&f);
	json_decref(pin);
	sandbox_free();
}

static void
what_is_another_point_by_now_stays(void)
{
	struct catalog_folder f;
	struct err e = { 0 };

	make();
	f = folder();
	CHECK_INT(unlink(sandbox_path("web/web_20261123_020000/backup.json")),
	    0);
	CHECK_INT(catalog_remove(sandbox_path("web"), &f.points[1], &e), -1);
	CHECK_INT(e.class, ERR_NOTFOUND);
	err_clear(&e);
	CHECK_INT(file_remove_tree(sandbox_path("web/web_20261123_020000"), &e),
	    0);
	repository_point("web", name, "bb", FULL);
	CHECK_INT(catalog_remove(sandbox_path("web"), &f.points[1], &e), -1);
	CHECK_INT(e.class, ERR_DATA);
	CHECK(strstr(e.text, "web_20261123_020000 is not the point it was") !=
	    NULL);
	err_clear(&e);
	CHECK_INT(file_remove_tree(sandbox_path("web/web_20261123_020000"), &e),
	    0);
	repository_put("web/web_20261123_020000",
	    "{\"schema\":\"esxbk.backup/1\",\"vm\":{\"instance_uuid\":"
	    "\"aa\"},\"time\":\"2026-11-23T02:00:01Z\"}");
	CHECK_INT(catalog_remove(sandbox_path("web"), &f.points[1], &e), -1);
	CHECK_INT(e.class, ERR_DATA);
	err_clear(&e);
	CHECK_INT(file_remove_tree(sandbox_path("web/web_20261123_020000"), &e),
	    0);
	CHECK_INT(symlink("web_20261122_020000",
		      sandbox_path("web/web_20261123_020000")),
	    0);
	CHECK_INT(catalog_remove(sandbox_path("web"), &f.points[1], &e), -1);
	CHECK_STR(names_in("web"),
	    ".r-aa000000 web_20261122_020000 web_20261123_020000");
	catalog_folder_free(&f);
	sandbox_free();
}

/* It was put back by somebody when a first removal had been killed. */
static void
old_leftover_is_not_in_the_way(void)
{
	struct err e = { 0 };

	make();
	repository_point("web", ".web_20261123_020000.partial", "aa", FULL);
	CHECK_INT(remove_newest(&e), 0);
	CHECK_STR(e.text, "");
	CHECK_STR(names_in("web"), ".r-aa000000 web_20261122_020000");
	sandbox_free();
}

static void
sweep(const char *uuid)
{
	const struct catalog_vm_id vm = { .instance_uuid = uuid };
	struct err e = { 0 };

	CHECK_INT(catalog_sweep(sandbox_path("web"), &vm, &e), 0);
	CHECK_STR(e.text, "");
}

static void
leftover_of_a_killed_removal_goes(void)
{
	const char *all = ".old_20261101_020000.partial "
			  ".web_20261103_020000.partial .x.partial "
			  "web_20261122_020000 web_20261123_020000";
	struct err e = { 0 };
	struct lock *l;
	json_t *pin = json_object();

	make();
	sweep("aa");
	CHECK_STR(names_in("web"), "web_20261122_020000 web_20261123_020000");
	repository_point("web", ".old_20261101_020000.partial", "aa", FULL);
	/* One that is written to has no record yet; foreign ones; empty. */
	repository_put("web/.web_20261103_020000.partial", NULL);
	repository_folder("web/.x.partial");
	repository_folder("web/.web_20261102_020000.partial");
	CHECK_INT(catalog_set_state(sandbox_path("web"), "old_20261101_020000",
		      "pin", pin, &e),
	    0);
	sweep("aa");
	CHECK_STR(names_in("web"),
	    ".w-aa000000 .web_20261103_020000.partial .x.partial state "
	    "web_20261122_020000 web_20261123_020000");
	CHECK_STR(names_in("web/state"), "");
	CHECK_INT(rmdir(sandbox_path("web/state")), 0);
	repository_point("web", ".old_20261101_020000.partial", "aa", FULL);
	CHECK_INT(unlink(sandbox_path("web/.w-aa000000")), 0);
	sweep("bb");
	CHECK_INT(unlink(sandbox_path("web/.w-bb000000")), 0);
	CHECK_STR(names_in("web"), all);
	/* A backup of the VM is on its way. */
	l = lock_open(sandbox_path("web/.w-aa000000"), true, &e);
	CHECK(l != NULL);
	sweep("aa");
	lock_free(l);
	CHECK_INT(unlink(sandbox_path("web/.w-aa000000")), 0);
	CHECK_STR(names_in("web"), all);
	json_decref(pin);
	sandbox_free();
}

static void
leftover_that_somebody_holds_stays(void)
{
	int fd;

	make();
	repository_point("web", ".old_20261101_020000.partial", "aa", FULL);
	fd = open(sandbox_path("web/.old_20261101_020000.partial"), O_RDONLY);
	CHECK_INT(flock(fd, LOCK_EX), 0);
	sweep("aa");
	CHECK_STR(names_in("web"),
	    ".old_20261101_020000.partial .w-aa000000 "
	    "web_20261122_020000 web_20261123_020000");
	close(fd);
	sweep("aa");
	CHECK_STR(names_in("web"),
	    ".w-aa000000 web_20261122_020000 web_20261123_020000");
	sandbox_free();
}

static void
state_is_whole_or_not_there(void)
{
	struct err e = { 0 };
	json_t *pin = json_pack("{s:i}", "a", 1);
	struct catalog_folder f;

	make();
	CHECK_INT(catalog_set_state(sandbox_path("web"), name, "pin", NULL, &e),
	    0);
	CHECK_STR(names_in("web"), "web_20261122_020000 web_20261123_020000");
	CHECK_INT(catalog_set_state(sandbox_path("web"), name, "pin", pin, &e),
	    0);
	CHECK_INT(catalog_set_state(sandbox_path("web"), name, "pin", pin, &e),
	    0);
	CHECK_STR(sandbox_read("web/state/web_20261123_020000.pin.json"),
	    "{\n  \"a\": 1\n}\n");
	f = folder();
	CHECK(!f.points[0].is_pinned && f.points[1].is_pinned);
	catalog_folder_free(&f);
	CHECK_INT(catalog_set_state(sandbox_path("web"), name, "pin", NULL, &e),
	    0);
	CHECK_STR(names_in("web/state"), "");
	CHECK_INT(rmdir(sandbox_path("web/state")), 0);
	repository_folder("other");
	CHECK_INT(symlink("../other", sandbox_path("web/state")), 0);
	CHECK_INT(catalog_set_state(sandbox_path("web"), name, "pin", pin, &e),
	    -1);
	CHECK_STR(e.text,
	    sandbox_text("open %s: Not a directory", "web/state"));
	CHECK_STR(names_in("other"), "");
	json_decref(pin);
	sandbox_free();
}

static void
closer_look_is_not_undone_by_a_glance(void)
{
	static const struct {
		const char *level;
		int exit;
		bool damaged;
		const char *verified; /* level */
		int newest, hash, deep;
	} rows[] = {
		{ "hash", 0, false, "hash", 1000, 1000, 0 },
		{ "quick", 0, false, "quick", 1001, 1000, 0 },
		{ "deep", 0, false, "deep", 1002, 1002, 1002 },
		{ "hash", 1, true, "deep", 1002, 1002, 1002 },
		{ "quick", 0, true, "quick", 1004, 1002, 1002 },
		{ "quick", 65, true, "quick", 1004, 1002, 1002 },
		/* It says nothing of the point. */
		{ "deep", 74, true, "quick", 1004, 1002, 1002 },
		{ "deep", 75, true, "quick", 1004, 1002, 1002 },
		{ "quick", 0, true, "quick", 1008, 1002, 1002 },
		{ "hash", 0, false, "hash", 1009, 1009, 1002 },
		{ "quick", 1, true, "hash", 1009, 1009, 1002 },
		{ "quick", 0, false, "quick", 1011, 1009, 1002 },
	};
	struct catalog_folder f;
	size_t i;

	make();
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct catalog_point *p;
		struct err e = { 0 };
		char at[40];

		snprintf(at, sizeof(at), "%zu %s %d", i, rows[i].level,
		    rows[i].exit);
		check_at(at);
		CHECK_INT(catalog_set_verified(sandbox_path("web"), name,
			      rows[i].level, (time_t)(1000 + i), rows[i].exit,
			      "why", &e),
		    0);
		f = folder();
		p = &f.points[1];
		CHECK_INT(p->is_damaged, rows[i].damaged);
		CHECK_STR(p->verified_level, rows[i].verified);
		CHECK_INT(p->verified, rows[i].newest);
		CHECK_INT(p->hash_verified, rows[i].hash);
		CHECK_INT(p->deep_verified, rows[i].deep);
		catalog_folder_free(&f);
	}
	sandbox_free();
}

/* One verification finds damage while another one, of less, finds none. */
static void
verdicts_of_the_same_moment_are_both_kept(void)
{
	static const char damage[] = "{\"damage\":{\"level\":\"deep\"}}";
	static struct afile *other; /* the child has it, too */
	struct catalog_folder f;
	struct err e = { 0 };
	int status = -1;
	pid_t pid;

	make();
	repository_folder("web/state");
	other = afile_open(
	    sandbox_path("web/state/web_20261123_020000.verify.json"),
	    AFILE_REPLACE, 0644, &e);
	CHECK(other != NULL);
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(catalog_set_verified(sandbox_path("web"), name, "quick",
			  2000, 0, "", &e) == 0
			? 0
			: 1);
	usleep(200000);
	CHECK_INT(afile_write(other, damage, sizeof(damage) - 1, &e), 0);
	CHECK_INT(afile_commit(other, &e), 0);
	afile_free(other);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	f = folder();
	CHECK(f.points[1].is_damaged);
	CHECK_INT(f.points[1].verified, 2000);
	catalog_folder_free(&f);
	sandbox_free();
}

static void
broken_state_is_no_verification(void)
{
	static const char *const texts[] = {
		"", "[1", "[]", "{\"sound\":7}",
		"{\"sound\":{\"hash\":\"yesterday\",\"deep\":7},\"damage\":1}"
	};
	struct catalog_folder f;
	size_t i;

	make();
	repository_folder("web/state");
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		check_at(texts[i]);
		sandbox_write("web/state/web_20261123_020000.verify.json",
		    texts[i], strlen(texts[i]), 0644);
		f = folder();
		CHECK(catalog_is_good(&f.points[1]));
		CHECK_INT(f.points[1].verified, 0);
		CHECK_STR(f.points[1].verified_level, "");
		catalog_folder_free(&f);
	}
	sandbox_free();
}

CHECK_MAIN(TEST(removed_point_is_gone_with_what_was_known_of_it),
    TEST(links_in_a_point_lead_nowhere), TEST(point_that_is_read_stays),
    TEST(pin_that_was_promised_holds), TEST(what_is_another_point_by_now_stays),
    TEST(old_leftover_is_not_in_the_way),
    TEST(leftover_of_a_killed_removal_goes),
    TEST(leftover_that_somebody_holds_stays), TEST(state_is_whole_or_not_there),
    TEST(closer_look_is_not_undone_by_a_glance),
    TEST(verdicts_of_the_same_moment_are_both_kept),
    TEST(broken_state_is_no_verification))
