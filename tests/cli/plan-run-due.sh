#!/bin/bash
# What a quarter-hourly "run --due" does: each VM once a slot, again only after
# what may pass, and one word to people for each slot.
. "$T/cli/lib.sh" || exit 1
# shellcheck source=/dev/null
. "$T/cli/lib/plan.sh" || exit 1

plan_begin
vms "web 12 $(uuid_of 1)" "db 13 $(uuid_of 2)"
# Words to people end in a file.
# shellcheck disable=SC2016 # the hook's shell expands it
conf '.notify = { log: { type: "exec", argv: ["/bin/sh", "-c",
	"echo $ESXBK_EVENT >>\"$STUB/told\""],
	on: ["start", "success", "failure", "recovery", "warning"] } } |
	.plans.daily.notify = ["log"]'

# due TIME STATUS [EXPORTED] [TOLD]: the call at that time.
due()
{
	no_calls
	: >"$STUB/told"
	at "$1"
	plan "$2" run --due -q
	same "$(exports | sort | paste -sd' ')" "${3:-}" "$1: exports ${3:-none}"
	same "$(paste -sd' ' "$STUB/told")" "${4:-}" "$1: tells ${4:-nobody}"
}

# A plan without a point is due at once, in the slot that is the newest.
due 2026-11-24T09:00:00Z 0 "12 13" "start success"
due 2026-11-24T09:15:00Z 0
due 2026-11-25T01:59:00Z 0
due 2026-11-25T02:00:00Z 0 "12 13" "start success"
same "$(grep -c esxbk-list "$STUB/args")" 1 "one list for all VMs"
same "$(runs)" 2

# The host is down: tries after 15 min, 1 h and 4 h; the failure is told once,
# at the end.  6 h after its time no more.
stub list exit 69 connection refused
due 2026-11-26T02:00:00Z 69 "" start
due 2026-11-26T02:14:00Z 0
due 2026-11-26T02:16:00Z 69
due 2026-11-26T03:15:00Z 0
due 2026-11-26T03:17:00Z 69
due 2026-11-26T07:16:00Z 0
due 2026-11-26T07:18:00Z 69 "" failure
due 2026-11-26T11:19:00Z 0
due 2026-11-26T23:45:00Z 0
same "$(runs)" 6

# It is back: the next night's is a recovery.
stub list
due 2026-11-27T02:00:00Z 0 "12 13" "start recovery"

# One VM fails in a way that may pass: only it is tried again.
stub ovf.13 exit 74 disk full
due 2026-11-28T02:00:00Z 3 "12 13" start
due 2026-11-28T02:16:00Z 74 13
stub ovf.13
due 2026-11-28T03:17:00Z 0 13 success
due 2026-11-28T04:18:00Z 0

# A licence does not come back by itself: no second try, and told at once.
stub ovf.13 exit 77 RestrictedVersion
due 2026-11-29T02:00:00Z 3 "12 13" "start failure"
due 2026-11-29T02:15:00Z 0
due 2026-11-29T09:00:00Z 0

# One VM is lost, another comes back in a later try: the slot has failed.
stub ovf.12 exit 75 locked
due 2026-11-30T02:00:00Z 77 "12 13" start
stub ovf.12
due 2026-11-30T02:16:00Z 0 12 failure
stub ovf.13

# Two nights missed, then a reboot in the morning: made up for once.
due 2026-12-03T08:07:00Z 0 "12 13" "start recovery"
due 2026-12-03T08:22:00Z 0

# A run by hand counts, and tells nobody.
: >"$STUB/told"
at 2026-12-04T02:05:00Z
plan 0 run daily
same "$(cat "$STUB/told")" ''
due 2026-12-04T02:15:00Z 0

# Tried in vain, then no power until the afternoon: the second try is late.
stub ovf exit 74 disk full
due 2026-12-05T02:00:00Z 74 "12 13" start
stub ovf
due 2026-12-05T15:00:00Z 0 "12 13" success
due 2026-12-05T15:15:00Z 0
due 2026-12-06T02:00:00Z 0 "12 13" "start success"

# Points from the future are no backup of tonight.
at 2027-01-01T02:00:00Z
plan 0 run daily --vm db
at 2026-12-07T02:00:00Z
no_calls
plan 0 run --due
same "$(exports | sort | paste -sd' ')" "12 13"
has err "points are from the future: is the clock right?"

# A VM that is gone: once a failure, later only told; its points stay.
vms "web 12 $(uuid_of 1)"
due 2026-12-08T02:00:00Z 3 12 "start failure"
same "$(vm_lines | sort)" "db vanished 66
web ok 0"
due 2026-12-08T02:16:00Z 0
due 2026-12-09T02:00:00Z 0 12 "start recovery"
same "$(vm_lines | sort)" "db vanished 0
web ok 0"
check "its points stay" test -n "$(points db)"

# Killed every time: somebody is told at the end, once.
stub list hang
for now in 02:00 02:16 03:17 07:18; do
	no_calls
	at "2026-12-10T$now:00Z"
	start esxbk-plan run --config "$CONF" --due
	wait_for 20 grep -q ' hangs ' "$STUB/log"
	kill -KILL "$PID"
	wait "$PID" 2>/dev/null
	PID=''
done
due 2026-12-10T07:30:00Z 70 "" failure
has err "the last run was killed"
due 2026-12-10T07:45:00Z 0
stub list
due 2026-12-11T02:00:00Z 0 12 "start recovery"

# A plan that systemd's own words schedule is not ours to call.
conf '.plans.daily.schedule = { on_calendar: "daily" } |
	.plans.daily.stale_after = "2d"'
due 2026-12-20T02:00:00Z 0
plan 0 run --due -v
has err "plan daily: it has no times that --due knows"
