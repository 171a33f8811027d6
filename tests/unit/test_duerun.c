#include <stdlib.h>
#include "at.h"
#include "check.h"
#include "plan/duerun.h"

static struct conf_plan plan = { .name = "daily", .retry_for_s = 6 * 3600 };

/* What the last runs came to, and what lies there. */
static struct history_vm vms[8];
static struct history_run runs[8];
static struct catalog_point points[8];
static struct catalog_folder folders[8];
static struct history past;
static struct catalog catalog;

static void
forget(void)
{
	past = (struct history){ .runs = runs };
	catalog = (struct catalog){ .folders = folders };
	memset(folders, 0, sizeof(folders));
}

static void
add_point(const char *uuid, const char *of, const char *when)
{
	struct catalog_point *p = &points[catalog.n];

	*p = (struct catalog_point){
		.plan = (char *)(uintptr_t)of,
		.when = at(when),
		.is_full = true,
		.vm = { .name = uuid, .instance_uuid = uuid, .bios_uuid = "" }
	};
	folders[catalog.n] = (struct catalog_folder){ .points = p,
		.n = 1,
		.n_names = 1 };
	catalog.n++;
}

/* The newest comes first; uuid NULL: it came to no VM. */
static void
add_run(const char *slot, const char *ended, const char *uuid,
    const char *outcome, int exit)
{
	struct history_run *r = &runs[past.n];
	struct history_vm *vm = &vms[past.n];

	*vm = (struct history_vm){ .name = (char *)(uintptr_t)uuid,
		.uuid = (char *)(uintptr_t)uuid,
		.outcome = (char *)(uintptr_t)outcome,
		.ended = at(ended),
		.exit = exit };
	*r = (struct history_run){ .slot = at(slot),
		.started = at(slot),
		.ended = at(ended),
		.exit = exit,
		.vms = vm,
		.n = uuid != NULL };
	past.n++;
}

static void
judge(struct duerun *d, const char *now)
{
	struct err e = { 0 };

	CHECK_INT(duerun_init(d, &plan, at(now), at("2026-11-24T02:00:00Z"),
		      &past, &catalog, &e),
	    0);
}

#define SLOT "2026-11-24T02:00:00Z"

static void
a_plan_without_a_point_is_due_at_once(void)
{
	struct duerun d;

	forget();
	judge(&d, "2026-11-24T12:00:00Z");
	CHECK(duerun_is_due(&d) && d.is_first);
	CHECK_INT(duerun_state(&d, "new"), DUE_NOW);
	duerun_free(&d);
	/* Once it has been tried as a whole, its tries count. */
	add_run(SLOT, "2026-11-24T12:00:00Z", NULL, NULL, 77);
	judge(&d, "2026-11-24T13:00:00Z");
	CHECK(!duerun_is_due(&d) && !d.is_first);
	duerun_free(&d);
}

static void
only_a_vm_without_tonights_point_is_due(void)
{
	struct duerun d;
	time_t when;

	forget();
	add_point("a", "daily", "2026-11-24T02:01:00Z");
	add_point("b", "daily", "2026-11-23T02:01:00Z");
	add_point("c", "other", "2026-11-24T02:01:00Z");
	judge(&d, "2026-11-24T02:30:00Z");
	CHECK_INT(d.n, 2);
	CHECK_INT(duerun_state(&d, "a"), DUE_MET);
	CHECK_INT(duerun_state(&d, "B"), DUE_NOW);
	CHECK(duerun_is_due(&d));
	CHECK(duerun_has_more(&d, &when));
	CHECK_INT(when, at("2026-11-24T02:30:00Z"));
	CHECK_INT(duerun_state(&d, "unknown"), DUE_NOW);
	duerun_free(&d);
}

static void
damaged_and_future_points_are_no_backup_of_tonight(void)
{
	struct duerun d;

	forget();
	add_point("a", "daily", "2026-11-24T02:01:00Z");
	points[0].is_damaged = true;
	add_point("b", "daily", "2027-11-24T02:01:00Z");
	judge(&d, "2026-11-24T02:30:00Z");
	CHECK_INT(duerun_state(&d, "a"), DUE_NOW);
	CHECK_INT(duerun_state(&d, "b"), DUE_NOW);
	CHECK_INT(d.n_future, 1);
	duerun_free(&d);
}

static void
a_run_that_came_to_no_vm_is_a_try_of_each(void)
{
	struct duerun d;
	time_t when;

	forget();
	add_point("a", "daily", "2026-11-23T02:01:00Z");
	add_run(SLOT, "2026-11-24T02:02:00Z", NULL, NULL, 69);
	judge(&d, "2026-11-24T02:15:00Z");
	CHECK_INT(duerun_state(&d, "a"), DUE_LATER);
	CHECK_INT(duerun_state(&d, "new"), DUE_LATER);
	CHECK(!duerun_is_due(&d));
	CHECK(duerun_has_more(&d, &when));
	CHECK_INT(when, at("2026-11-24T02:17:00Z"));
	duerun_free(&d);
	judge(&d, "2026-11-24T02:17:00Z");
	CHECK(duerun_is_due(&d));
	duerun_free(&d);
}

static void
what_a_run_comes_to_counts_for_the_slot(void)
{
	struct due_try good = { at("2026-11-24T02:20:00Z"), 0 };
	struct due_try bad = { at("2026-11-24T02:20:00Z"), 74 };
	struct outcome o;
	struct err e = { 0 };
	struct duerun d;
	time_t when;

	/* An earlier try lost one for good. */
	forget();
	add_point("a", "daily", "2026-11-23T02:01:00Z");
	add_point("b", "daily", "2026-11-23T02:01:00Z");
	add_run(SLOT, "2026-11-24T02:02:00Z", "b", "failed", 77);
	judge(&d, "2026-11-24T02:20:00Z");
	CHECK_INT(duerun_state(&d, "b"), DUE_GIVEN_UP);
	CHECK_INT(duerun_add(&d, "a", "a", bad, 0, &e), 0);
	CHECK(duerun_has_more(&d, &when));
	CHECK_INT(when, at("2026-11-24T02:35:00Z"));
	CHECK_INT(
	    duerun_add(&d, "a", "a", good, at("2026-11-24T02:18:00Z"), &e), 0);
	CHECK(!duerun_has_more(&d, &when));
	o = duerun_outcome(&d);
	CHECK_INT(outcome_exit(&o), 3);
	/* One that was not known before. */
	CHECK_INT(duerun_add(&d, "new", "new", bad, 0, &e), 0);
	CHECK(duerun_find(&d, "new") != NULL && duerun_has_more(&d, &when));
	duerun_free(&d);
}

static void
a_run_that_was_killed_behind_the_backup_lost_nothing(void)
{
	struct outcome o;
	struct duerun d;
	time_t when;

	forget();
	add_point("a", "daily", "2026-11-24T02:01:00Z");
	add_run(SLOT, "2026-11-24T02:02:00Z", NULL, NULL, -1);
	judge(&d, "2026-11-24T02:10:00Z");
	CHECK(!duerun_has_more(&d, &when));
	o = duerun_outcome(&d);
	CHECK_INT(outcome_exit(&o), 0);
	duerun_free(&d);
	points[0].when = at("2026-11-23T02:01:00Z");
	judge(&d, "2026-11-24T02:10:00Z");
	o = duerun_outcome(&d);
	CHECK_INT(outcome_exit(&o), 70);
	duerun_free(&d);
}

/* It began at the slot, and its own clock went on meanwhile. */
static void
a_run_of_many_hours_that_failed_has_no_other_try(void)
{
	struct due_try late = { at("2026-11-24T09:00:00Z"), 74 };
	struct due_try soon = { at("2026-11-24T07:30:00Z"), 74 };
	struct err e = { 0 };
	struct duerun d;
	time_t when;

	forget();
	add_point("a", "daily", "2026-11-23T02:01:00Z");
	judge(&d, SLOT);
	CHECK_INT(duerun_add(&d, "a", "a", late, 0, &e), 0);
	CHECK(!duerun_has_more(&d, &when));
	duerun_free(&d);
	judge(&d, SLOT);
	CHECK_INT(duerun_add(&d, "a", "a", soon, 0, &e), 0);
	CHECK(duerun_has_more(&d, &when));
	CHECK_INT(when, at("2026-11-24T07:45:00Z"));
	duerun_free(&d);
	/* Also one that came to no VM. */
	judge(&d, SLOT);
	CHECK_INT(duerun_add(&d, NULL, NULL, late, 0, &e), 0);
	CHECK(!duerun_has_more(&d, &when));
	duerun_free(&d);
}

static void
a_vm_that_is_gone_was_told_once(void)
{
	struct duerun d;

	forget();
	add_point("a", "daily", "2026-11-22T02:01:00Z");
	add_run("2027-01-01T02:00:00Z", "2027-01-01T02:01:00Z", "a", "ok", 0);
	add_run("2026-11-23T02:00:00Z", "2026-11-23T02:01:00Z", "a", "vanished",
	    66);
	judge(&d, "2026-11-24T02:00:00Z");
	CHECK(duerun_find(&d, "a")->was_told_gone);
	duerun_free(&d);
	runs[1].vms->outcome = (char *)(uintptr_t) "ok";
	judge(&d, "2026-11-24T02:00:00Z");
	CHECK(!duerun_find(&d, "a")->was_told_gone);
	duerun_free(&d);
}

static void
many_vms_are_found_by_their_uuids(void)
{
	struct due_try good = { at(SLOT), 0 };
	struct err e = { 0 };
	struct duerun d;
	char uuid[16];
	int i;

	forget();
	judge(&d, SLOT);
	for (i = 0; i < 100; i++) {
		snprintf(uuid, sizeof(uuid), "%d", i * 37 % 100);
		CHECK_INT(duerun_add(&d, uuid, "", good, at(SLOT), &e), 0);
	}
	CHECK_INT(d.n, 100);
	for (i = 0; i < 100; i++) {
		snprintf(uuid, sizeof(uuid), "%d", i);
		CHECK_INT(duerun_state(&d, uuid), DUE_MET);
	}
	duerun_free(&d);
}

CHECK_MAIN(TEST(a_plan_without_a_point_is_due_at_once),
    TEST(only_a_vm_without_tonights_point_is_due),
    TEST(damaged_and_future_points_are_no_backup_of_tonight),
    TEST(a_run_that_came_to_no_vm_is_a_try_of_each),
    TEST(what_a_run_comes_to_counts_for_the_slot),
    TEST(a_run_that_was_killed_behind_the_backup_lost_nothing),
    TEST(a_run_of_many_hours_that_failed_has_no_other_try),
    TEST(a_vm_that_is_gone_was_told_once),
    TEST(many_vms_are_found_by_their_uuids))
