#include "world.h"

static void
table_shows_the_worst_first_and_why(void)
{
	struct world w;

	world_open(&w, "2026-11-24T08:00:00Z");
	world_full(&w, "fine", "01", "2026-11-24T01:00:20Z");
	world_full(&w, "old", "02", "2026-11-20T01:00:20Z");
	world_full(&w, "broke", "03", "2026-11-23T01:00:20Z");
	world_full(&w, "gone", "04", "2026-11-20T01:00:20Z");
	world_full(&w, "hurt", "05", "2026-11-23T01:00:20Z");
	world_full(&w, "hurt", "05", "2026-11-24T01:00:40Z")->is_damaged = true;
	world_full(&w, "part", "07", "2026-11-24T01:00:50Z")->is_partial = true;
	world_full(&w, "raw", "08", "2026-11-24T01:00:55Z")->verified = 0;
	world_run(&w, "2026-11-24T01:00:00Z", 3);
	world_vm(&w, "fine", "01", "ok", 0, "");
	world_vm(&w, "old", "02", "ok", 0, "");
	world_vm(&w, "broke", "03", "failed", 74, "disk scsi0:0: no space");
	world_vm(&w, "gone", "04", "vanished", 66, "");
	world_vm(&w, "hurt", "05", "ok", 0, "");
	world_vm(&w, "new", "06", "ok", 0, "");
	world_vm(&w, "part", "07", "partial", 3, "Hard disk 2: independent");
	world_vm(&w, "raw", "08", "ok", 0, "");
	world_vm(&w, "first", "09", "failed", 77, "no licence");
	world_unprotected(&w, "lonely");
	world_make(&w);
	CHECK_STR(world_table(&w),
	    "STATE       VM     PLAN     LAST GOOD (UTC)    AGE  KIND   "
	    "STORED  VERIFIED\n"
	    "failed      first  nightly  never                -  -         "
	    "  -  -\n"
	    "    exit 77: no licence\n"
	    "late        old    nightly  2026-11-20 01:00   4 d  full  1.5 "
	    "GiB  hash\n"
	    "    the newest good point is 4 d old, 66 h more than allowed\n"
	    "never       new    nightly  never                -  -         "
	    "  -  -\n"
	    "    it was never backed up\n"
	    "damaged     hurt   nightly  2026-11-23 01:00  30 h  full  1.5 "
	    "GiB  hash\n"
	    "    hurt_20261124_010040 is damaged; the newest good one is "
	    "hurt_20261123_010020\n"
	    "failed      broke  nightly  2026-11-23 01:00  30 h  full  1.5 "
	    "GiB  hash\n"
	    "    exit 74: disk scsi0:0: no space\n"
	    "vanished    gone   nightly  2026-11-20 01:00   4 d  full  1.5 "
	    "GiB  hash\n"
	    "    not found on the server\n"
	    "partial     part   nightly  2026-11-24 01:00   6 h  full  1.5 "
	    "GiB  hash\n"
	    "    Hard disk 2: independent\n"
	    "unverified  raw    nightly  2026-11-24 01:00   6 h  full  1.5 "
	    "GiB  -\n"
	    "    raw_20261124_010055 has not been verified\n"
	    "ok          fine   nightly  2026-11-24 01:00   6 h  full  1.5 "
	    "GiB  hash\n"
	    "\n"
	    "nightly: daily at 02:00 Europe/Paris\n"
	    "    last run 2026-11-24 01:00 UTC: partial (3); next "
	    "2026-11-25 01:00 UTC\n"
	    "no plan selects: lonely\n"
	    "9 VMs: 1 protected, 5 at risk, 3 failed; 1 unprotected\n");
	CHECK_STR(world_monitor(&w),
	    "ESXBK CRITICAL - 1 of 9 VMs protected, 2 failed, 1 late, 1 "
	    "never backed up, 1 damaged, 1 vanished, 1 partial, 1 "
	    "unverified, oldest 4 d | oldest=370780s;;129600;0 vms=9;;;0 "
	    "protected=1;;;0 failed=2;;;0 late=1;;;0 never=1;;;0 "
	    "damaged=1;;;0 vanished=1;;;0 ahead=0;;;0 partial=1;;;0 "
	    "unverified=1;;;0 unprotected=1;;;0\n"
	    "CRITICAL failed first (nightly): exit 77: no licence\n"
	    "CRITICAL late old (nightly): the newest good point is 4 d "
	    "old, 66 h more than allowed\n"
	    "CRITICAL never new (nightly): it was never backed up\n"
	    "CRITICAL damaged hurt (nightly): hurt_20261124_010040 is "
	    "damaged; the newest good one is hurt_20261123_010020\n"
	    "WARNING failed broke (nightly): exit 74: disk scsi0:0: no "
	    "space\n"
	    "WARNING vanished gone (nightly): not found on the server\n"
	    "WARNING partial part (nightly): Hard disk 2: independent\n"
	    "WARNING unverified raw (nightly): raw_20261124_010055 has not "
	    "been verified\n");
	world_free(&w);
}

static void
all_well_is_one_line(void)
{
	struct world w;

	world_open(&w, "2026-11-24T06:30:00Z");
	world_full(&w, "web", "01", "2026-11-24T01:00:20Z");
	world_full(&w, "db", "02", "2026-11-24T01:10:00Z");
	world_run(&w, "2026-11-24T01:00:00Z", 0);
	world_vm(&w, "web", "01", "ok", 0, "");
	world_vm(&w, "db", "02", "ok", 0, "");
	world_make(&w);
	CHECK_INT(overview_level(&w.o), OVERVIEW_GOOD);
	CHECK_STR(world_monitor(&w),
	    "ESXBK OK - 2 VMs protected, oldest 5 h | "
	    "oldest=19780s;;129600;0 vms=2;;;0 protected=2;;;0 "
	    "failed=0;;;0 late=0;;;0 never=0;;;0 damaged=0;;;0 "
	    "vanished=0;;;0 ahead=0;;;0 partial=0;;;0 unverified=0;;;0 "
	    "unprotected=0;;;0\n");
	world_free(&w);
}

static void
what_is_not_known_never_looks_well(void)
{
	struct world w;

	world_open(&w, "2026-11-24T06:30:00Z");
	world_make(&w);
	CHECK_INT(overview_level(&w.o), OVERVIEW_CRITICAL);
	CHECK_STR(world_monitor(&w),
	    "ESXBK CRITICAL - 0 of 0 VMs protected, 1 never backed up | "
	    "vms=0;;;0 protected=0;;;0 failed=0;;;0 late=0;;;0 never=1;;;0 "
	    "damaged=0;;;0 vanished=0;;;0 ahead=0;;;0 partial=0;;;0 "
	    "unverified=0;;;0 unprotected=0;;;0\n"
	    "CRITICAL never plan nightly: the plan has never run\n");
	world_run(&w, "2026-11-24T01:00:00Z", 0)->ended = 0;
	world_make(&w);
	CHECK_STR(w.o.rows[0].text,
	    "its first run has not ended, or was killed");
	w.run->ended = w.now;
	world_make(&w);
	CHECK_STR(w.o.rows[0].text, "its runs made no points");
	CHECK_INT(w.o.rows[0].level, OVERVIEW_CRITICAL);
	w.run->exit = 69;
	w.run->text = world_text(&w, "esx1: connection refused");
	world_make(&w);
	CHECK_STR(world_table(&w),
	    "STATE   VM  PLAN     LAST GOOD (UTC)  AGE  KIND  STORED  "
	    "VERIFIED\n"
	    "failed  -   nightly  -                  -  -          -  -\n"
	    "    exit 69: esx1: connection refused\n"
	    "\n"
	    "nightly: daily at 02:00 Europe/Paris\n"
	    "    last run 2026-11-24 01:00 UTC: failed (69); next "
	    "2026-11-25 01:00 UTC\n"
	    "0 VMs: 0 protected, 0 at risk, 0 failed; 0 unprotected\n");
	w.sources[0].problem = "/backups/ovf: Stale file handle";
	w.sources[0].catalog = NULL;
	w.sources[0].history = NULL;
	world_make(&w);
	CHECK_INT(overview_level(&w.o), OVERVIEW_CRITICAL);
	CHECK_STR(world_monitor(&w),
	    "ESXBK CRITICAL - 0 of 0 VMs protected, 1 repository "
	    "unreadable | vms=0;;;0 protected=0;;;0 failed=0;;;0 "
	    "late=0;;;0 never=0;;;0 damaged=0;;;0 vanished=0;;;0 "
	    "ahead=0;;;0 partial=0;;;0 unverified=0;;;0 unprotected=0;;;0\n"
	    "CRITICAL unreadable plan nightly: /backups/ovf: Stale file "
	    "handle\n");
	w.n = 0;
	world_make(&w);
	CHECK_INT(overview_level(&w.o), OVERVIEW_UNKNOWN);
	CHECK_STR(world_monitor(&w), "ESXBK UNKNOWN - there is no plan\n");
	w.n = 1;
	world_free(&w);
}

static void
plan_that_only_people_start_is_no_alarm(void)
{
	struct world w;

	world_open(&w, "2026-11-24T06:30:00Z");
	w.plans[0].schedule.kind = SCHEDULE_NONE;
	w.plans[0].stale_after_s = 0;
	world_make(&w);
	CHECK_INT(overview_level(&w.o), OVERVIEW_WARNING);
	world_full(&w, "web", "01", "2020-11-24T01:00:20Z");
	world_make(&w);
	CHECK_INT(overview_level(&w.o), OVERVIEW_GOOD);
	world_free(&w);
}

/* What the row of "web" says. */
static void
web_is(struct world *w, enum overview_state state, enum overview_level level,
    const char *text)
{
	const struct overview_row *row;

	world_make(w);
	row = world_row(w, "web", "nightly");
	CHECK_STR(row->state == OVERVIEW_STATES
		? "missing"
		: overview_words_state(row->state),
	    overview_words_state(state));
	CHECK_INT(row->level, level);
	CHECK_STR(row->text, text);
}

static void
failure_is_forgotten_when_a_later_point_is_good(void)
{
	struct world w;

	world_open(&w, "2026-11-24T06:30:00Z");
	world_full(&w, "web", "01", "2026-11-23T01:00:20Z");
	world_run(&w, "2026-11-24T01:00:00Z", 69);
	world_vm(&w, "web", "01", "failed", 69, "lease lost");
	web_is(&w, OVERVIEW_FAILED, OVERVIEW_WARNING, "exit 69: lease lost");
	w.now = at("2026-11-24T14:00:00Z");
	web_is(&w, OVERVIEW_FAILED, OVERVIEW_CRITICAL, "exit 69: lease lost");
	CHECK(world_row(&w, "web", "nightly")->is_late);
	/* by hand, for this plan */
	world_full(&w, "web", "01", "2026-11-24T09:00:00Z");
	web_is(&w, OVERVIEW_WARNED, OVERVIEW_WARNING, "lease lost");
	world_run(&w, "2026-11-24T10:00:00Z", 0);
	world_vm(&w, "web", "01", "ok", 0, "");
	web_is(&w, OVERVIEW_OK, OVERVIEW_GOOD, "");
	world_free(&w);
}

static void
run_that_came_to_no_vm_failed_for_each(void)
{
	struct world w;

	world_open(&w, "2026-11-24T06:30:00Z");
	world_full(&w, "web", "01", "2026-11-23T01:00:20Z");
	world_full(&w, "db", "02", "2026-11-24T02:00:00Z");
	world_run(&w, "2026-11-23T01:00:00Z", 0);
	world_vm(&w, "web", "01", "ok", 0, "");
	world_run(&w, "2026-11-24T01:00:00Z", 69)->text = world_text(&w,
	    "esx1: connection refused");
	web_is(&w, OVERVIEW_FAILED, OVERVIEW_WARNING,
	    "exit 69: esx1: connection refused");
	/* backed up since */
	CHECK_INT(world_row(&w, "db", "nightly")->state, OVERVIEW_OK);
	world_free(&w);
}

static void
second_try_for_one_vm_leaves_the_others_as_they_are(void)
{
	struct world w;

	world_open(&w, "2026-11-24T06:30:00Z");
	world_full(&w, "web", "01", "2026-11-24T01:00:20Z");
	world_run(&w, "2026-11-24T01:00:00Z", 3);
	world_vm(&w, "web", "01", "warn", 75, "snapshot is still there");
	world_vm(&w, "db", "02", "failed", 69, "lease lost");
	world_run(&w, "2026-11-24T01:30:00Z", 69);
	world_vm(&w, "db", "02", "failed", 69, "lease lost again");
	web_is(&w, OVERVIEW_WARNED, OVERVIEW_WARNING,
	    "snapshot is still there");
	CHECK_STR(world_row(&w, "db", "nightly")->text,
	    "exit 69: lease lost again");
	CHECK_INT(w.o.vms, 2);
	world_free(&w);
}

static void
vanished_vm_is_a_warning_for_as_long_as_its_points_are_there(void)
{
	struct world w;

	world_open(&w, "2026-11-24T06:30:00Z");
	world_full(&w, "web", "01", "2026-10-01T00:00:20Z");
	world_full(&w, "db", "02", "2026-11-24T01:00:20Z");
	world_run(&w, "2026-11-23T01:00:00Z", 3);
	world_vm(&w, "db", "02", "ok", 0, "");
	world_vm(&w, "web", "01", "vanished", 66, "no VM is named 'web'");
	web_is(&w, OVERVIEW_VANISHED, OVERVIEW_WARNING, "no VM is named 'web'");
	/* a later run does not say so: it may not have seen all VMs */
	world_run(&w, "2026-11-24T01:00:00Z", 0);
	world_vm(&w, "db", "02", "ok", 0, "");
	w.history[0].n = 1;
	web_is(&w, OVERVIEW_LATE, OVERVIEW_CRITICAL,
	    "the newest good point is 54 d old, 52 d more than allowed; the "
	    "newest run does not name it");
	w.run->exit = 3;
	web_is(&w, OVERVIEW_LATE, OVERVIEW_CRITICAL,
	    "the newest good point is 54 d old, 52 d more than allowed");
	w.run->exit = 0;
	w.history[0].n = 2;
	web_is(&w, OVERVIEW_VANISHED, OVERVIEW_WARNING, "no VM is named 'web'");
	CHECK(strstr(world_monitor(&w), "vanished=1;") != NULL);
	CHECK(strstr(world_monitor(&w), "oldest=19780s;;129600;0") != NULL);
	w.history[0].n = 2;
	/* the run was killed before it came so far */
	w.runs[0][0].ended = 0;
	w.runs[0][1].vms[1].outcome = world_text(&w, "ok");
	w.runs[0][1].vms[1].exit = 0;
	web_is(&w, OVERVIEW_LATE, OVERVIEW_CRITICAL,
	    "the newest good point is 54 d old, 52 d more than allowed");
	world_free(&w);
}

static void
vm_that_was_taken_out_of_the_plan_is_no_alarm(void)
{
	struct world w;

	world_open(&w, "2026-11-24T06:30:00Z");
	world_full(&w, "web", "01", "2026-10-01T00:00:20Z");
	world_full(&w, "db", "02", "2026-11-24T01:00:20Z");
	world_run(&w, "2026-11-24T01:00:00Z", 0);
	world_vm(&w, "db", "02", "ok", 0, "");
	world_vm(&w, "web", "01", "skipped", 0, "the plan selects it no more");
	web_is(&w, OVERVIEW_DROPPED, OVERVIEW_GOOD,
	    "the plan selects it no more");
	CHECK_INT(w.o.vms, 1);
	CHECK(strncmp(world_monitor(&w),
		  "ESXBK OK - 1 VM protected, oldest 5 h", 37) == 0);
	/* it could not be begun: before_vm failed */
	w.run->vms[1].exit = 71;
	web_is(&w, OVERVIEW_FAILED, OVERVIEW_CRITICAL,
	    "exit 71: the plan selects it no more");
	world_free(&w);
}

static void
vm_that_is_met_and_so_not_named_is_not_gone(void)
{
	struct world w;

	world_open(&w, "2026-11-24T06:30:00Z");
	world_full(&w, "web", "01", "2026-11-24T01:00:00Z");
	world_full(&w, "db", "02", "2026-11-24T03:00:20Z");
	world_run(&w, "2026-11-24T03:00:00Z", 0);
	world_vm(&w, "db", "02", "ok", 0, "");
	web_is(&w, OVERVIEW_OK, OVERVIEW_GOOD, "");
	world_free(&w);
}

static void
renamed_vm_is_one_vm_by_its_new_name(void)
{
	struct world w;

	world_open(&w, "2026-11-24T06:30:00Z");
	world_full(&w, "old-name", "01", "2026-11-23T01:00:20Z");
	world_full(&w, "web", "01", "2026-11-24T01:00:20Z");
	web_is(&w, OVERVIEW_OK, OVERVIEW_GOOD, "");
	CHECK_INT(w.o.n, 1);
	CHECK_STR(w.o.rows[0].folder->name, "old-name");
	CHECK_INT(w.o.rows[0].points, 2);
	/* a run knows the name before there is a point that has it */
	world_run(&w, "2026-11-24T04:00:00Z", 69);
	world_vm(&w, "web2", "01", "failed", 69, "lease lost");
	world_make(&w);
	CHECK_STR(w.o.rows[0].name, "web2");
	CHECK_INT(w.o.n, 1);
	world_free(&w);
}

static void
folder_that_was_begun_anew_takes_the_place_of_the_old(void)
{
	struct world w;
	int i;

	for (i = 0; i < 2; i++) {
		world_open(&w, "2026-11-24T06:30:00Z");
		world_full(&w, "web", i == 0 ? "01" : "02",
		    "2026-11-24T01:00:20Z");
		world_full(&w, "web", i == 0 ? "02" : "01",
		    "2026-11-01T01:00:20Z");
		w.folders[0].points[0].vm.instance_uuid = world_text(&w, "03");
		w.folders[1].points[0].vm.instance_uuid = world_text(&w, "03");
		if (i == 1) {
			struct catalog_folder f = w.folders[0];

			w.folders[0] = w.folders[1];
			w.folders[1] = f;
		}
		web_is(&w, OVERVIEW_OK, OVERVIEW_GOOD, "");
		CHECK_INT(w.o.n, 1);
		world_free(&w);
	}
}

static void
vm_of_an_older_slot_that_never_was_backed_up_is_forgotten(void)
{
	struct world w;

	world_open(&w, "2026-11-24T06:30:00Z");
	world_run(&w, "2026-11-23T01:00:00Z", 3);
	world_vm(&w, "old", "09", "failed", 77, "no licence");
	world_run(&w, "2026-11-24T01:00:00Z", 3);
	world_vm(&w, "web", "01", "failed", 77, "no licence");
	web_is(&w, OVERVIEW_FAILED, OVERVIEW_CRITICAL, "exit 77: no licence");
	CHECK_INT(w.o.n, 1);
	world_free(&w);
}

static void
two_vms_of_one_name_are_told_apart(void)
{
	struct world w;

	world_open(&w, "2026-11-24T06:30:00Z");
	world_full(&w, "web", "5029ab12-77", "2026-11-24T01:00:20Z");
	world_full(&w, "web", "4211cd34-77", "2026-11-21T01:00:20Z");
	world_full(&w, "db", "02", "2026-11-24T01:00:20Z");
	world_make(&w);
	CHECK_INT(w.o.vms, 3);
	CHECK_STR(world_table(&w),
	    "STATE  VM              PLAN     LAST GOOD (UTC)   AGE  KIND   "
	    "STORED  VERIFIED\n"
	    "late   web (4211cd34)  nightly  2026-11-21 01:00  3 d  full  "
	    "1.5 GiB  hash\n"
	    "    the newest good point is 3 d old, 41 h more than allowed\n"
	    "ok     db              nightly  2026-11-24 01:00  5 h  full  "
	    "1.5 GiB  hash\n"
	    "ok     web (5029ab12)  nightly  2026-11-24 01:00  5 h  full  "
	    "1.5 GiB  hash\n"
	    "\n"
	    "nightly: daily at 02:00 Europe/Paris\n"
	    "    last run never; next 2026-11-25 01:00 UTC\n"
	    "3 VMs: 2 protected, 1 at risk, 0 failed; 0 unprotected\n");
	world_free(&w);
}

static void
vm_in_two_plans_is_one_vm_as_badly_off_as_the_worse(void)
{
	struct world w;

	world_open(&w, "2026-11-24T06:30:00Z");
	world_full(&w, "web", "01", "2026-11-24T01:00:20Z");
	world_plan(&w, "weekly");
	w.plans[1].schedule = (struct schedule){ .kind = SCHEDULE_WEEKLY,
		.weekday = 6,
		.hour = 23 };
	w.plans[1].stale_after_s = 907200;
	world_full(&w, "web", "01", "2026-11-10T22:00:00Z")->mode = world_text(
	    &w, "vmdk");
	world_make(&w);
	CHECK_INT(w.o.vms, 1);
	CHECK_INT(w.o.at_risk, 1);
	CHECK_INT(w.o.protected, 0);
	CHECK_STR(world_table(&w),
	    "STATE  VM   PLAN     LAST GOOD (UTC)    AGE  KIND   STORED  "
	    "VERIFIED\n"
	    "late   web  weekly   2026-11-10 22:00  13 d  vmdk  1.5 GiB  "
	    "hash\n"
	    "    the newest good point is 13 d old, 68 h more than "
	    "allowed\n"
	    "ok     web  nightly  2026-11-24 01:00   5 h  full  1.5 GiB  "
	    "hash\n"
	    "\n"
	    "nightly: daily at 02:00 Europe/Paris\n"
	    "    last run never; next 2026-11-25 01:00 UTC\n"
	    "weekly: weekly on Saturday at 23:00 Europe/Paris\n"
	    "    last run never; next 2026-11-28 22:00 UTC\n"
	    "1 VM: 0 protected, 1 at risk, 0 failed; 0 unprotected\n");
	world_free(&w);
}

static void
clock_behind_the_newest_point_is_told(void)
{
	struct world w;

	world_open(&w, "2026-11-24T06:30:00Z");
	world_full(&w, "web", "01", "2026-11-24T07:20:00Z");
	web_is(&w, OVERVIEW_OK, OVERVIEW_GOOD, "");
	CHECK_INT(w.o.rows[0].age_s, 0);
	world_full(&w, "web", "01", "2026-11-26T07:20:00Z");
	web_is(&w, OVERVIEW_AHEAD, OVERVIEW_WARNING,
	    "web_20261126_072000 is 48 h newer than this machine's clock");
	/* an older point that is late is worse */
	w.folders[0].points[0].when = at("2026-11-20T01:00:00Z");
	web_is(&w, OVERVIEW_LATE, OVERVIEW_CRITICAL,
	    "the newest good point is 4 d old, 65 h more than allowed");
	world_free(&w);
}

static void
slots_follow_the_clock_on_the_wall(void)
{
	static const struct {
		const char *now, *slot, *next;
	} rows[] = {
		{ "2026-03-28T12:00:00Z", "2026-03-28T01:00:00Z",
		    "2026-03-29T01:00:00Z" }, /* 02:00 does not come: 03:00 */
		{ "2026-03-29T12:00:00Z", "2026-03-29T01:00:00Z",
		    "2026-03-30T00:00:00Z" },
		{ "2026-10-24T12:00:00Z", "2026-10-24T00:00:00Z",
		    "2026-10-25T00:00:00Z" }, /* 02:00 comes twice */
		{ "2026-10-25T12:00:00Z", "2026-10-25T00:00:00Z",
		    "2026-10-26T01:00:00Z" },
	};
	struct world w;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check_at(rows[i].now);
		world_open(&w, rows[i].now);
		world_full(&w, "web", "01", rows[i].slot);
		world_make(&w);
		CHECK_INT(w.o.plans[0].slot, at(rows[i].slot));
		CHECK_INT(w.o.plans[0].next, at(rows[i].next));
		CHECK_INT(w.o.rows[0].age_s, w.now - at(rows[i].slot));
		CHECK_INT(overview_level(&w.o), OVERVIEW_GOOD);
		world_free(&w);
	}
}

static void
damage_is_told_with_what_is_left(void)
{
	struct world w;
	struct catalog_folder *f;

	world_open(&w, "2026-11-24T06:30:00Z");
	world_full(&w, "web", "01", "2026-11-24T01:00:20Z");
	f = &w.folders[0];
	f->points[0].is_broken = true;
	web_is(&w, OVERVIEW_DAMAGED, OVERVIEW_CRITICAL,
	    "web_20261124_010020 needs a point that is missing or damaged; "
	    "there is no good one");
	f->points[0].is_broken = false;
	f->unread = calloc(1, sizeof(*f->unread));
	f->unread[f->n_unread++] = f->points[0].when + 10;
	web_is(&w, OVERVIEW_DAMAGED, OVERVIEW_CRITICAL,
	    "the record of a newer point cannot be read; the newest good one "
	    "is web_20261124_010020");
	f->unread[0] = f->points[0].when - 10;
	web_is(&w, OVERVIEW_OK, OVERVIEW_GOOD, "");
	world_free(&w);
}

static void
failure_does_not_make_damage_a_lesser_alarm(void)
{
	struct world w;

	world_open(&w, "2026-11-24T06:30:00Z");
	world_full(&w, "web", "01", "2026-11-23T01:00:20Z");
	world_full(&w, "web", "01", "2026-11-24T01:00:20Z")->is_damaged = true;
	web_is(&w, OVERVIEW_DAMAGED, OVERVIEW_CRITICAL,
	    "web_20261124_010020 is damaged; the newest good one is "
	    "web_20261123_010020");
	world_run(&w, "2026-11-24T02:00:00Z", 3);
	world_vm(&w, "web", "01", "failed", 69, "no route");
	web_is(&w, OVERVIEW_FAILED, OVERVIEW_CRITICAL,
	    "exit 69: no route; web_20261124_010020 is damaged; the newest "
	    "good one is web_20261123_010020");
	world_free(&w);
}

static void
point_waits_for_its_verification_while_the_run_lasts(void)
{
	struct world w;

	world_open(&w, "2026-11-24T01:30:00Z");
	world_full(&w, "web", "01", "2026-11-24T01:00:20Z")->verified = 0;
	world_run(&w, "2026-11-24T01:00:00Z", -1)->ended = 0;
	web_is(&w, OVERVIEW_UNVERIFIED, OVERVIEW_GOOD,
	    "web_20261124_010020 has not been verified");
	w.run->ended = w.now;
	w.run->exit = 0;
	web_is(&w, OVERVIEW_UNVERIFIED, OVERVIEW_WARNING,
	    "web_20261124_010020 has not been verified");
	w.verify.every_s = 2592000;
	web_is(&w, OVERVIEW_OK, OVERVIEW_GOOD, "");
	world_free(&w);
}

static void
name_from_a_server_cannot_forge_a_line_or_a_command(void)
{
	struct world w;
	struct buf b = { 0 };

	world_open(&w, "2026-11-24T06:30:00Z");
	world_run(&w, "2026-11-24T01:00:00Z", 3);
	world_vm(&w, "a|b\nESXBK OK\x1b[2J", "$(reboot)", "failed", 65,
	    "x\ny|z");
	world_make(&w);
	CHECK(strstr(world_monitor(&w),
		  "\nCRITICAL failed a/b?ESXBK OK?[2J (nightly): exit 65: "
		  "x?y/z\n") != NULL);
	CHECK(strchr(world_table(&w), '\x1b') == NULL);
	overview_words_command(&w.o.rows[0], &b);
	CHECK_STR(buf_text(&b), "esxbk-plan run nightly");
	buf_free(&b);
	world_free(&w);
}

static void
chain_is_told_where_it_was_read(void)
{
	struct catalog_point *p;
	struct world w;
	char kind[OVERVIEW_KIND_SIZE];

	world_open(&w, "2026-11-24T06:30:00Z");
	world_full(&w, "web", "01", "2026-11-22T01:00:20Z");
	p = world_full(&w, "web", "01", "2026-11-23T01:00:20Z");
	p->is_full = false;
	p = world_full(&w, "web", "01", "2026-11-24T01:00:20Z");
	p->is_full = false;
	p->parent_at = 1;
	world_make(&w);
	overview_words_kind(&w.o.rows[0], kind);
	CHECK_STR(kind, "inc 2");
	p[-1].parent_at = -1;
	overview_words_kind(&w.o.rows[0], kind);
	CHECK_STR(kind, "inc");
	p[-1].parent_at = 2; /* a circle */
	overview_words_kind(&w.o.rows[0], kind);
	CHECK_STR(kind, "inc");
	world_free(&w);
}

static void
long_names_leave_the_table_within_its_columns(void)
{
	char name[301], *line, *end;
	struct world w;
	int n = 0;

	memset(name, 'n', 300);
	name[300] = '\0';
	world_open(&w, "2026-11-24T06:30:00Z");
	w.plans[0].name = "a-plan-with-a-name-of-forty-characters-x";
	world_full(&w, name, "01", "2026-11-24T01:00:20Z")->is_damaged = true;
	world_make(&w);
	world_table(&w);
	for (line = w.text.data; *line != '\0'; line = end + 1, n++) {
		end = strchr(line, '\n');
		CHECK(end - line <= 100);
	}
	CHECK_INT(n, 7);
	world_free(&w);
}

static void
ages_are_short_and_never_flatter(void)
{
	static const struct {
		uint64_t s;
		const char *text;
	} rows[] = { { 0, "0 min" }, { 7199, "119 min" }, { 7200, "2 h" },
		{ 259199, "71 h" }, { 259200, "3 d" } };
	char age[OVERVIEW_AGE_SIZE];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		overview_words_age(rows[i].s, age);
		CHECK_STR(age, rows[i].text);
	}
}

CHECK_MAIN(TEST(table_shows_the_worst_first_and_why),
    TEST(all_well_is_one_line), TEST(what_is_not_known_never_looks_well),
    TEST(plan_that_only_people_start_is_no_alarm),
    TEST(failure_is_forgotten_when_a_later_point_is_good),
    TEST(run_that_came_to_no_vm_failed_for_each),
    TEST(second_try_for_one_vm_leaves_the_others_as_they_are),
    TEST(vanished_vm_is_a_warning_for_as_long_as_its_points_are_there),
    TEST(vm_that_was_taken_out_of_the_plan_is_no_alarm),
    TEST(vm_that_is_met_and_so_not_named_is_not_gone),
    TEST(renamed_vm_is_one_vm_by_its_new_name),
    TEST(folder_that_was_begun_anew_takes_the_place_of_the_old),
    TEST(vm_of_an_older_slot_that_never_was_backed_up_is_forgotten),
    TEST(two_vms_of_one_name_are_told_apart),
    TEST(vm_in_two_plans_is_one_vm_as_badly_off_as_the_worse),
    TEST(clock_behind_the_newest_point_is_told),
    TEST(slots_follow_the_clock_on_the_wall),
    TEST(damage_is_told_with_what_is_left),
    TEST(failure_does_not_make_damage_a_lesser_alarm),
    TEST(point_waits_for_its_verification_while_the_run_lasts),
    TEST(name_from_a_server_cannot_forge_a_line_or_a_command),
    TEST(chain_is_told_where_it_was_read),
    TEST(long_names_leave_the_table_within_its_columns),
    TEST(ages_are_short_and_never_flatter))
