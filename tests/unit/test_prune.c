#include "plan/prune.h"

#include "base/clock.h"
#include "repository.h"
#include "store/keep.h"
#include "sys/lock.h"

static struct conf_repo repo;
static struct conf_plan plan;

/* A plan that keeps so many. */
static void
open_plan(int last)
{
	sandbox_open();
	repo = (struct conf_repo){ .name = "nas", .path = sandbox_root };
	plan = (struct conf_plan){ .name = "nightly",
		.repo = &repo,
		.zone = "UTC",
		.has_retention = true,
		.retention = { .last = last } };
	repository_folder("web");
}

static time_t
at(const char *iso)
{
	time_t t = 0;

	CHECK_INT(clock_parse_iso(iso, &t), 0);
	return t;
}

/* Of 1 to 9 November. */
static void
point(int day, const char *uuid, const char *more)
{
	char name[40];

	snprintf(name, sizeof(name), "web_2026110%d_020000", day);
	repository_point("web", name, uuid, more);
}

static int
prune(struct prune *p, bool dry_run, struct err *e)
{
	const struct prune_how how = { .now = at("2026-11-10T00:00:00Z"),
		.max_delete = 1000,
		.dry_run = dry_run };

	return prune_folder(p, &plan, "web", &how, e);
}

/* "1 last, newest good | 2 - | ..." */
static const char *
told(const struct prune *p)
{
	static struct buf b;
	size_t i;

	buf_cut(&b, 0);
	for (i = 0; i < p->folder.n; i++) {
		buf_fmt(&b, "%s%c ", i > 0 ? " | " : "",
		    p->folder.points[i].name[11]);
		if (p->points[i].is_removed)
			buf_puts(&b, "-");
		keep_format(p->points[i].reasons, &b);
	}
	return buf_text(&b);
}

/* Prunes, and says how it is. */
static void
expect(const char *want)
{
	struct err e = { 0 };
	struct prune p;

	CHECK_INT(prune(&p, false, &e), 0);
	CHECK_STR(e.text, "");
	CHECK_STR(told(&p), want);
	prune_free(&p);
}

static bool
is_there(const char *name)
{
	return access(sandbox_path(name), F_OK) == 0;
}

static void
what_a_kept_point_needs_stays(void)
{
	open_plan(1);
	point(1, "aa", FULL);
	point(2, "aa", INC("web_20261101_020000"));
	point(3, "aa", FULL);
	point(4, "aa", INC("web_20261103_020000"));
	point(5, "aa", INC("web_20261104_020000"));
	expect("1 - | 2 - | 3 parent | 4 parent | 5 last, newest good");
	CHECK(!is_there("web/web_20261101_020000"));
	CHECK(!is_there("web/web_20261102_020000"));
	CHECK(is_there("web/web_20261103_020000"));
	expect("3 parent | 4 parent | 5 last, newest good");
	sandbox_free();
}

static void
dry_run_says_the_same_and_does_nothing(void)
{
	struct err e = { 0 };
	struct prune p;
	json_t *o;

	open_plan(1);
	point(1, "aa", FULL);
	point(2, "aa", FULL);
	CHECK_INT(prune(&p, true, &e), 0);
	CHECK_STR(told(&p), "1 - | 2 last, newest good");
	CHECK_INT(p.n_kept, 1);
	CHECK_INT(p.n_removed, 1);
	CHECK(p.bytes > 0);
	o = prune_json(&p);
	CHECK_STR(json_string_value(json_object_get(o, "folder")), "web");
	CHECK_INT(json_array_size(json_object_get(o, "kept")), 1);
	CHECK_INT(json_array_size(json_object_get(o, "removed")), 1);
	CHECK_INT(json_integer_value(json_object_get(o, "bytes")), p.bytes);
	CHECK_STR(json_string_value(
		      json_object_get(json_object_get(o, "vm"), "uuid")),
	    "aa");
	json_decref(o);
	prune_free(&p);
	CHECK_STR(sandbox_names(), "web");
	CHECK(is_there("web/web_20261101_020000"));
	CHECK(!is_there("web/.r-aa000000"));
	sandbox_free();
}

static void
points_of_others_stay_with_what_they_need(void)
{
	open_plan(1);
	point(1, "aa", FULL);
	point(2, "aa",
	    ",\"kind\":\"inc\",\"plan\":\"weekly\","
	    "\"parent\":\"web_20261101_020000\"");
	point(3, "aa", ",\"kind\":\"full\"");
	point(4, "aa", ",\"kind\":\"full\",\"plan\":\"Nightly\"");
	repository_put("web/before-upgrade_20261105_020000",
	    "{\"schema\":\"esxbk.backup/1\",\"kind\":\"full\","
	    "\"plan\":\"nightly\",\"point\":\"web_20261105_020000\","
	    "\"vm\":{\"instance_uuid\":\"aa\"},"
	    "\"time\":\"2026-11-05T02:00:00Z\"}");
	point(6, "aa", FULL);
	point(7, "aa", FULL);
	expect("1 parent | 2 not of this plan | 3 not of this plan | "
	       "4 not of this plan | a not of this plan | 6 - | "
	       "7 last, newest good");
	sandbox_free();
}

static void
vms_of_one_folder_are_judged_each_for_itself(void)
{
	open_plan(1);
	point(1, "aa", FULL);
	point(2, "bb", FULL);
	point(3, "aa", FULL);
	point(4, "bb", FULL);
	point(5, "cc", ",\"kind\":\"full\"");
	expect("1 - | 2 - | 3 last, newest good | 4 last, newest good | "
	       "5 not of this plan");
	sandbox_free();
}

static void
damage_and_pins_count(void)
{
	struct err e = { 0 };
	json_t *pin = json_object();

	open_plan(1);
	point(1, "aa", FULL);
	point(2, "aa", FULL);
	point(3, "aa", FULL);
	point(4, "aa", FULL);
	point(5, "aa", FULL);
	CHECK_INT(catalog_set_state(sandbox_path("web"), "web_20261101_020000",
		      "pin", pin, &e),
	    0);
	CHECK_INT(catalog_set_verified(sandbox_path("web"),
		      "web_20261102_020000", "hash", 1, 0, "", &e),
	    0);
	CHECK_INT(catalog_set_verified(sandbox_path("web"),
		      "web_20261103_020000", "quick", 1, 0, "", &e),
	    0);
	CHECK_INT(catalog_set_verified(sandbox_path("web"),
		      "web_20261105_020000", "hash", 1, 1, "", &e),
	    0);
	expect("1 pinned | 2 newest verified | 3 - | 4 last, newest good | "
	       "5 as if good");
	json_decref(pin);
	sandbox_free();
}

static void
what_cannot_be_read_keeps_its_neighbours(void)
{
	open_plan(1);
	point(1, "aa", FULL);
	point(2, "aa", FULL);
	repository_put("web/web_20261103_020000", "{");
	point(4, "aa", INC("web_20261103_020000"));
	point(5, "aa", FULL);
	point(6, "aa", FULL);
	expect("1 - | 2 next to one that cannot be read | "
	       "4 next to one that cannot be read | 5 - | "
	       "6 last, newest good");
	CHECK(is_there("web/web_20261103_020000"));
	sandbox_free();
}

/* The newest may be damaged, and the one before it the last good one. */
static void
verdict_that_cannot_be_read_stops_all(void)
{
	struct err e = { 0 };
	struct prune p;

	open_plan(1);
	point(1, "aa", FULL);
	point(2, "aa", FULL);
	CHECK_INT(mkdir(sandbox_path("web/state"), 0755), 0);
	CHECK_INT(
	    symlink("web_20261102_020000.verify.json",
		sandbox_path("web/state/web_20261102_020000.verify.json")),
	    0);
	CHECK_INT(prune(&p, false, &e), -1);
	CHECK_INT(e.class, ERR_IO);
	CHECK(strstr(e.text, "web: not all points can be read: none goes") !=
	    NULL);
	CHECK(is_there("web/web_20261101_020000"));
	prune_free(&p);
	sandbox_free();
}

static void
replica_that_is_wanted_is_waited_for(void)
{
	static const char *targets[] = { "dr", NULL };
	struct err e = { 0 };
	json_t *replica = json_object();

	open_plan(1);
	plan.replicate = (struct conf_list){ .items = targets, .n = 1 };
	point(1, "aa", FULL);
	point(2, "aa", FULL);
	point(3, "aa", FULL);
	CHECK_INT(catalog_set_state(sandbox_path("web"), "web_20261102_020000",
		      "replica-dr", replica, &e),
	    0);
	expect("1 not replicated | 2 - | 3 last, not replicated, newest good");
	json_decref(replica);
	sandbox_free();
}

static void
without_a_retention_nothing_goes(void)
{
	open_plan(0);
	plan.has_retention = false;
	point(1, "aa", FULL);
	point(2, "aa", FULL);
	expect("1  | 2 ");
	CHECK(is_there("web/web_20261101_020000"));
	sandbox_free();
}

static void
guard_stops_all_of_a_vm(void)
{
	const struct prune_how how = { .now = at("2026-11-10T00:00:00Z"),
		.max_delete = -1 };
	const struct prune_how back = { .now = at("2026-11-01T12:00:00Z"),
		.max_delete = -1 };
	struct err e = { 0 };
	struct prune p;
	int i;

	open_plan(1);
	for (i = 1; i < 9; i++)
		point(i, "aa", FULL);
	CHECK_INT(prune_folder(&p, &plan, "web", &how, &e), -1);
	CHECK_INT(e.class, ERR_NEGATIVE);
	CHECK(strstr(e.text, "web: 7 of 8 points would go at once") != NULL);
	CHECK_INT(p.n_kept, 8);
	CHECK_INT(p.points[0].reasons, KEEP_GUARD);
	prune_free(&p);
	err_clear(&e);
	CHECK_INT(prune_folder(&p, &plan, "web", &back, &e), -1);
	CHECK_INT(e.class, ERR_TEMP);
	CHECK(strstr(e.text, "the clock says 2026-11-01T12:00:00Z") != NULL);
	prune_free(&p);
	CHECK(is_there("web/web_20261101_020000"));
	sandbox_free();
}

static void
reader_stops_the_rest_of_its_vm(void)
{
	struct err e = { 0 };
	struct lock *l;
	struct prune p;

	open_plan(1);
	point(1, "aa", FULL);
	point(2, "bb", FULL);
	point(3, "aa", FULL);
	point(4, "bb", FULL);
	l = lock_open(sandbox_path("web/.r-aa000000"), false, &e);
	CHECK_INT(prune(&p, false, &e), -1);
	CHECK_INT(e.class, ERR_TEMP);
	CHECK(strstr(e.text, "web: points are being read: ") != NULL);
	CHECK_STR(told(&p),
	    "1  | 2 - | 3 last, newest good | "
	    "4 last, newest good");
	CHECK_INT(p.n_kept, 3);
	CHECK_INT(p.n_removed, 1);
	prune_free(&p);
	lock_free(l);
	expect("1 - | 3 last, newest good | 4 last, newest good");
	sandbox_free();
}

static void
point_that_another_prune_took_is_no_failure(void)
{
	const struct prune_how how = { .now = at("2026-11-10T00:00:00Z"),
		.max_delete = 1000 };
	struct err e = { 0 };
	struct prune p;

	open_plan(1);
	point(1, "aa", FULL);
	point(2, "aa", FULL);
	point(3, "aa", FULL);
	CHECK_INT(prune_open(&p, repo.path, "web", &e), 0);
	CHECK_INT(file_remove_tree(sandbox_path("web/web_20261102_020000"), &e),
	    0);
	CHECK_INT(prune_run(&p, &plan, &how, &e), 0);
	CHECK_STR(e.text, "");
	CHECK_STR(told(&p), "1 - | 2 - | 3 last, newest good");
	CHECK_INT(p.n_kept, 1);
	CHECK_INT(p.points[1].bytes, 0);
	CHECK_INT(p.bytes, p.points[0].bytes);
	CHECK(!is_there("web/web_20261101_020000"));
	prune_free(&p);
	sandbox_free();
}

static void
leftover_of_a_killed_prune_goes(void)
{
	open_plan(1);
	point(2, "aa", FULL);
	repository_point("web", ".web_20261101_020000.partial", "aa", FULL);
	expect("2 last, newest good");
	CHECK(!is_there("web/.web_20261101_020000.partial"));
	sandbox_free();
}

static void
full_repository_heals_itself_but_not_at_any_price(void)
{
	struct err e = { 0 };
	uint64_t bytes = 0;
	json_t *result;

	open_plan(1);
	repository_folder("db");
	repository_point("db", "db_20261101_020000", "bb", FULL);
	repository_point("db", "db_20261102_020000", "bb", FULL);
	point(1, "aa", FULL);
	point(2, "aa", FULL);
	CHECK_INT(prune_before(&plan, at("2026-11-10T00:00:00Z"), &result, &e),
	    0);
	CHECK(result == NULL);
	repo.min_free_bytes = UINT64_MAX;
	CHECK_INT(prune_missing(&repo, &bytes, &e), 0);
	CHECK(bytes > UINT64_MAX / 2);
	CHECK_INT(prune_before(&plan, at("2026-11-10T00:00:00Z"), &result, &e),
	    0);
	CHECK_INT(json_integer_value(json_object_get(result, "removed")), 2);
	json_decref(result);
	CHECK(is_there("web/web_20261102_020000"));
	CHECK(is_there("db/db_20261102_020000"));
	CHECK(!is_there("web/web_20261101_020000"));
	CHECK_INT(prune_before(&plan, at("2026-11-10T00:00:00Z"), &result, &e),
	    0);
	CHECK_INT(json_integer_value(json_object_get(result, "removed")), 0);
	json_decref(result);
	repo.min_free_bytes = 0;
	repo.min_free_percent = 1;
	CHECK_INT(prune_missing(&repo, &bytes, &e), 0);
	CHECK_INT(bytes, 0);
	repo.min_free_percent = 100;
	CHECK_INT(prune_missing(&repo, &bytes, &e), 0);
	CHECK(bytes > 0);
	repo.path = "/nowhere";
	CHECK_INT(prune_missing(&repo, &bytes, &e), -1);
	CHECK_INT(e.class, ERR_NOTFOUND);
	sandbox_free();
}

CHECK_MAIN(TEST(what_a_kept_point_needs_stays),
    TEST(dry_run_says_the_same_and_does_nothing),
    TEST(points_of_others_stay_with_what_they_need),
    TEST(vms_of_one_folder_are_judged_each_for_itself),
    TEST(damage_and_pins_count), TEST(what_cannot_be_read_keeps_its_neighbours),
    TEST(verdict_that_cannot_be_read_stops_all),
    TEST(replica_that_is_wanted_is_waited_for),
    TEST(without_a_retention_nothing_goes), TEST(guard_stops_all_of_a_vm),
    TEST(reader_stops_the_rest_of_its_vm),
    TEST(point_that_another_prune_took_is_no_failure),
    TEST(leftover_of_a_killed_prune_goes),
    TEST(full_repository_heals_itself_but_not_at_any_price))
