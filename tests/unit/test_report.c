#include "plan/report.h"
#include "plan/report_days.h"
#include "world.h"

static struct report_space space;

static struct report
report_of(struct world *w)
{
	world_make(w);
	space = (struct report_space){ .repo = &w->repo,
		.catalog = &w->catalog,
		.free_bytes = 5ULL << 40,
		.knows_free = true };
	return (struct report){ &w->o, &space, 1 };
}

static const char *
text_of(struct world *w, const struct report *r)
{
	buf_cut(&w->text, 0);
	report_text(r, &w->text);
	return buf_text(&w->text);
}

static void
whole_report_is_verdict_action_vms_days_and_space(void)
{
	struct catalog_point *p;
	struct report r;
	struct world w;

	world_open(&w, "2026-11-24T08:00:00Z");
	world_full(&w, "fine", "01", "2026-10-20T00:00:20Z");
	p = world_full(&w, "fine", "01", "2026-11-24T01:00:20Z");
	p->is_full = false;
	p->stored = 1 << 30;
	world_full(&w, "a-vm-with-a-rather-long-name", "5029ab12-1f",
	    "2026-11-20T01:00:20Z");
	world_full(&w, "gone", "04", "2026-11-20T01:00:20Z");
	world_full(&w, "raw", "08", "2026-11-24T01:00:55Z")->mode = world_text(
	    &w, "vmdk");
	world_run(&w, "2026-11-23T01:00:00Z", 0);
	world_vm(&w, "fine", "01", "ok", 0, "");
	world_run(&w, "2026-11-24T01:00:00Z", 3);
	world_vm(&w, "fine", "01", "ok", 0, "");
	world_vm(&w, "a-vm-with-a-rather-long-name", "5029ab12-1f", "failed",
	    74,
	    "export a-vm-with-a-rather-long-name: disk scsi0:0: write "
	    ".d0.partial: No space left on device");
	world_vm(&w, "gone", "04", "vanished", 66, "");
	world_vm(&w, "raw", "08", "ok", 0, "");
	world_unprotected(&w, "lonely");
	world_unprotected(&w, "scratch");
	r = report_of(&w);
	CHECK_STR(text_of(&w, &r),
	    "esxbk report of 2026-11-24 08:00 UTC\n"
	    "\n"
	    "CRITICAL: 4 VMs: 2 protected, 1 at risk, 1 failed; 2 "
	    "unprotected\n"
	    "\n"
	    "WHAT NEEDS ACTION\n"
	    "  failed: a-vm-with-a-rather-long-name (nightly)\n"
	    "      exit 74: export a-vm-with-a-rather-long-name: disk "
	    "scsi0:0: write\n"
	    "      .d0.partial: No space left on device\n"
	    "      esxbk-plan run nightly --vm uuid:5029ab12-1f\n"
	    "  vanished: gone (nightly)\n"
	    "      not found on the server\n"
	    "      esxbk-plan check nightly\n"
	    "  unprotected: no plan selects 2 VMs\n"
	    "      lonely, scratch\n"
	    "\n"
	    "PLAN nightly: daily at 02:00 Europe/Paris; next 2026-11-25 "
	    "01:00 UTC\n"
	    "  VM                    LAST GOOD (UTC)      AGE  KIND      "
	    "STORED  VERIFIED\n"
	    "! a-vm-with-a-rather-long-name\n"
	    "                        2026-11-20 01:00     4 d  full     "
	    "1.5 GiB  2026-11-20\n"
	    "? gone                  2026-11-20 01:00     4 d  full     "
	    "1.5 GiB  2026-11-20\n"
	    "  fine                  2026-11-24 01:00     6 h  inc 1    "
	    "2.5 GiB  2026-11-24\n"
	    "  raw                   2026-11-24 01:00     6 h  vmdk     "
	    "1.5 GiB  2026-11-24\n"
	    "\n"
	    "LAST 30 DAYS\n"
	    "  ----------------------------.p  to 2026-11-24  nightly\n"
	    "  . good  w with warnings  p failed in part  F failed  K "
	    "killed\n"
	    "  r running or due  m missed  - nothing to do\n"
	    "\n"
	    "OVF AGAINST VMDK\n"
	    "  MODE  POINTS  PROVISIONED  TRANSFERRED     STORED  SAVED    "
	    "  TIME\n"
	    "  ovf        4      160 GiB      8.0 GiB    5.5 GiB    96%    "
	    "  1:00\n"
	    "  vmdk       1     40.0 GiB      2.0 GiB    1.5 GiB    96%    "
	    "  1:00\n"
	    "\n"
	    "REPOSITORIES\n"
	    "  nas: /backups/ovf\n"
	    "      5 points, 7.0 GiB; 5.5 GiB of it new in 30 days; 5.0 "
	    "TiB free\n");
	world_free(&w);
}

static void
report_of_a_lost_repository_says_so(void)
{
	struct report r;
	struct world w;

	world_open(&w, "2026-11-24T08:00:00Z");
	w.sources[0].problem = "repository nas: /backups/ovf is not mounted";
	w.sources[0].catalog = NULL;
	w.sources[0].history = NULL;
	r = report_of(&w);
	space = (struct report_space){ .repo = &w.repo,
		.problem = w.sources[0].problem };
	CHECK_STR(text_of(&w, &r),
	    "esxbk report of 2026-11-24 08:00 UTC\n"
	    "\n"
	    "CRITICAL: 0 VMs: 0 protected, 0 at risk, 0 failed; 0 "
	    "unprotected\n"
	    "\n"
	    "WHAT NEEDS ACTION\n"
	    "  unreadable: the plan (nightly)\n"
	    "      repository nas: /backups/ovf is not mounted\n"
	    "      findmnt -T '/backups/ovf'\n"
	    "\n"
	    "PLAN nightly: daily at 02:00 Europe/Paris; next 2026-11-25 "
	    "01:00 UTC\n"
	    "  no VM is known\n"
	    "\n"
	    "LAST 30 DAYS\n"
	    "  ------------------------------  to 2026-11-24  nightly\n"
	    "  . good  w with warnings  p failed in part  F failed  K "
	    "killed\n"
	    "  r running or due  m missed  - nothing to do\n"
	    "\n"
	    "REPOSITORIES\n"
	    "  nas: /backups/ovf\n"
	    "      repository nas: /backups/ovf is not mounted\n");
	world_free(&w);
}

/* The strip of the last days, as many as are wanted. */
static const char *
strip(struct world *w, int n)
{
	static char text[REPORT_DAYS + 1];
	struct report_days days;
	int i;

	world_make(w);
	report_days(&w->o.plans[0], w->now, &days);
	for (i = 0; i < n; i++)
		text[i] = report_days_letter(days.day[REPORT_DAYS - n + i]);
	text[n] = '\0';
	return text;
}

static void
each_day_is_what_its_runs_came_to(void)
{
	struct world w;

	world_open(&w, "2026-11-24T08:00:00Z");
	world_run(&w, "2026-11-15T01:00:00Z", 0);
	world_vm(&w, "web", "01", "ok", 0, "");
	world_run(&w, "2026-11-16T01:00:00Z", 0);
	world_vm(&w, "web", "01", "warn", 0, "");
	world_run(&w, "2026-11-17T01:00:00Z", 3);
	world_vm(&w, "web", "01", "ok", 0, "");
	world_vm(&w, "db", "02", "failed", 77, "");
	world_run(&w, "2026-11-18T01:00:00Z", 69);
	/* one VM came right at the second try, the other not */
	world_run(&w, "2026-11-19T01:00:00Z", 3);
	world_vm(&w, "web", "01", "failed", 69, "");
	world_vm(&w, "db", "02", "failed", 77, "");
	world_run(&w, "2026-11-19T01:30:00Z", 0);
	world_vm(&w, "web", "01", "ok", 0, "");
	/* nothing on the 20th; all came right at the second try */
	world_run(&w, "2026-11-21T01:00:00Z", 69);
	world_run(&w, "2026-11-21T01:30:00Z", 0);
	world_vm(&w, "web", "01", "ok", 0, "");
	world_vm(&w, "db", "02", "ok", 0, "");
	/* the machine was off at night: caught up by day, and the next day */
	world_run(&w, "2026-11-22T15:00:00Z", 0);
	world_vm(&w, "web", "01", "ok", 0, "");
	world_run(&w, "2026-11-23T01:00:00Z", -1)->ended = 0;
	CHECK_STR(strip(&w, 12), "--.wpFpm..Km");
	w.now = at("2026-11-24T01:30:00Z");
	CHECK_STR(strip(&w, 12), "--.wpFpm..Kr");
	world_run(&w, "2026-11-24T01:15:00Z", -1)->ended = 0;
	CHECK_STR(strip(&w, 12), "--.wpFpm..Kr");
	w.now = at("2026-11-25T01:16:00Z");
	CHECK_STR(strip(&w, 3), "KKr");
	world_free(&w);
}

/* By hand, of the next day, between two tries of a late slot. */
static void
a_run_of_another_day_in_between_hides_no_failure(void)
{
	struct world w;

	world_open(&w, "2026-11-24T12:00:00Z");
	world_run(&w, "2026-11-22T22:30:00Z", 3)->slot = at(
	    "2026-11-22T01:00:00Z");
	world_vm(&w, "web", "01", "failed", 77, "");
	world_run(&w, "2026-11-22T23:10:00Z", 0)->slot = 0;
	world_vm(&w, "db", "02", "ok", 0, "");
	world_run(&w, "2026-11-22T23:30:00Z", 0)->slot = at(
	    "2026-11-22T01:00:00Z");
	world_vm(&w, "db", "02", "ok", 0, "");
	CHECK_STR(strip(&w, 3), "p.m");
	world_free(&w);
}

static void
days_are_those_of_the_plans_zone_whatever_the_clocks_do(void)
{
	struct report_days days;
	struct world w;
	char started[40];
	int day;

	/* 02:00 does not come on 29 March: the run is at 03:00 = 01:00Z */
	world_open(&w, "2026-04-05T22:30:00Z"); /* the 6th in Paris */
	for (day = 26; day <= 31; day++) {
		snprintf(started, sizeof(started), "2026-03-%02dT0%d:00:00Z",
		    day, day < 30 ? 1 : 0);
		world_run(&w, started, 0);
		world_vm(&w, "web", "01", "ok", 0, "");
	}
	CHECK_STR(strip(&w, 13), "-......mmmmm-");
	report_days(&w.o.plans[0], w.now, &days);
	CHECK_STR(days.date[REPORT_DAYS - 1], "2026-04-06");
	CHECK_STR(days.date[0], "2026-03-08");
	world_free(&w);
	/* 02:00 comes twice on 25 October: one slot, at the first */
	world_open(&w, "2026-10-27T12:00:00Z");
	for (day = 23; day <= 27; day++) {
		snprintf(started, sizeof(started), "2026-10-%02dT0%d:00:00Z",
		    day, day < 26 ? 0 : 1);
		world_run(&w, started, day == 25 ? 74 : 0);
		if (day != 25)
			world_vm(&w, "web", "01", "ok", 0, "");
	}
	CHECK_STR(strip(&w, 6), "-..F..");
	world_free(&w);
}

static void
run_counts_for_the_day_of_its_slot(void)
{
	struct world w;

	world_open(&w, "2026-11-24T08:00:00Z");
	world_run(&w, "2026-11-21T01:00:00Z", 3);
	world_vm(&w, "web", "01", "failed", 69, "");
	world_vm(&w, "db", "02", "ok", 0, "");
	world_run(&w, "2026-11-21T01:30:00Z", 0);
	world_vm(&w, "web", "01", "ok", 0, "");
	/* of the 22nd, at half past one in Paris on the 23rd */
	world_run(&w, "2026-11-23T00:30:00Z", 0);
	world_vm(&w, "web", "01", "ok", 0, "");
	CHECK_STR(strip(&w, 5), "-..mm");
	/* a day's slot just behind midnight is not the next day's */
	w.plans[0].schedule.hour = 0;
	w.plans[0].schedule.minute = 15;
	CHECK_STR(strip(&w, 5), "-..mm");
	world_free(&w);
}

static void
weekly_plan_misses_only_its_own_day(void)
{
	struct world w;

	world_open(&w, "2026-11-24T08:00:00Z"); /* a Tuesday */
	w.plans[0].schedule = (struct schedule){ .kind = SCHEDULE_WEEKLY,
		.weekday = 6,
		.hour = 23 };
	world_run(&w, "2026-11-07T22:00:00Z", 0);
	world_vm(&w, "web", "01", "ok", 0, "");
	world_run(&w, "2026-11-21T22:05:00Z", 0);
	world_vm(&w, "web", "01", "ok", 0, "");
	CHECK_STR(strip(&w, 18), ".------m------.---");
	world_free(&w);
}

static void
document_has_what_the_text_has(void)
{
	json_t *doc = json_object(), *o;
	struct report r;
	struct world w;

	world_open(&w, "2026-11-24T08:00:00Z");
	world_full(&w, "web", "5029ab12-1f", "2026-11-20T01:00:20Z");
	world_run(&w, "2026-11-24T01:00:00Z", 69);
	world_vm(&w, "web", "5029ab12-1f", "failed", 69, "lease lost");
	world_unprotected(&w, "lonely");
	r = report_of(&w);
	report_json(&r, doc);
	CHECK_STR(json_string_value(json_object_get(doc, "schema")),
	    "esxbk.report/1");
	CHECK_STR(json_string_value(json_object_get(doc, "verdict")),
	    "critical");
	o = json_array_get(json_object_get(doc, "actions"), 0);
	CHECK_STR(json_string_value(json_object_get(o, "command")),
	    "esxbk-plan run nightly --vm uuid:5029ab12-1f");
	CHECK_STR(json_string_value(json_object_get(o, "text")),
	    "exit 69: lease lost");
	o = json_array_get(json_object_get(doc, "rows"), 0);
	CHECK_STR(json_string_value(json_object_get(o, "state")), "failed");
	CHECK_INT(json_integer_value(json_object_get(o, "age")), 370780);
	o = json_object_get(json_array_get(json_object_get(doc, "plans"), 0),
	    "days");
	CHECK_INT(json_array_size(o), REPORT_DAYS);
	o = json_array_get(o, REPORT_DAYS - 1);
	CHECK_STR(json_string_value(json_object_get(o, "date")), "2026-11-24");
	CHECK_STR(json_string_value(json_object_get(o, "outcome")), "failed");
	o = json_array_get(json_object_get(doc, "repositories"), 0);
	CHECK_INT(json_integer_value(json_object_get(o, "free")), 5LL << 40);
	CHECK_INT(json_integer_value(json_object_get(o, "stored_new")),
	    3LL << 29);
	o = json_array_get(json_object_get(doc, "unprotected"), 0);
	CHECK_STR(json_string_value(o), "lonely");
	json_decref(doc);
	world_free(&w);
}

static void
text_fits_a_mail_whatever_the_names(void)
{
	char name[201], *line, *end;
	struct report r;
	struct world w;
	int n = 0;

	memset(name, 'n', 200);
	name[200] = '\0';
	world_open(&w, "2026-11-24T08:00:00Z");
	w.plans[0].name = "a-plan-with-a-name-of-forty-characters-x";
	w.repo.path = "/a/path/that/is/much/too/long/for/one/line/of/a/mail/"
		      "as/paths/of/mounted/shares/may/be";
	world_full(&w, name, "5029ab12-0000-4000-8000-000000000001",
	    "2026-11-20T01:00:20Z");
	world_full(&w, "x\x1b[2Jy\nz", "02", "2026-11-20T01:00:20Z");
	r = report_of(&w);
	text_of(&w, &r);
	CHECK(strchr(w.text.data, '\x1b') == NULL);
	for (line = w.text.data; *line != '\0'; line = end + 1, n++) {
		end = strchr(line, '\n');
		if (!CHECK(end - line <= REPORT_COLUMNS))
			printf("# %.*s\n", (int)(end - line), line);
	}
	CHECK(n > 20);
	world_free(&w);
}

CHECK_MAIN(TEST(whole_report_is_verdict_action_vms_days_and_space),
    TEST(report_of_a_lost_repository_says_so),
    TEST(each_day_is_what_its_runs_came_to),
    TEST(a_run_of_another_day_in_between_hides_no_failure),
    TEST(days_are_those_of_the_plans_zone_whatever_the_clocks_do),
    TEST(run_counts_for_the_day_of_its_slot),
    TEST(weekly_plan_misses_only_its_own_day),
    TEST(document_has_what_the_text_has),
    TEST(text_fits_a_mail_whatever_the_names))
