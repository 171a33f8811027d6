#!/bin/bash
# Whoever stops a run, by hand, by systemd or by a planner, finds the host as
# it was: no snapshot that grows over the weekend, no lease that blocks the
# VM, no session.
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/fault.sh" || exit 1

quick_host esxi
slow='{"kind":"slow","bytes_per_second":2000000,"times":0}'

# begin ARG...: an export in the background
begin()
{
	start esxbk-export-ovf "${HX[@]}" --quiesce off -o d "$@"
}

aborted()
{
	event_count '.event == "lease" and .by == "abort"'
}

running()
{
	[ "$(event_count ".event == \"task\" and .method == \"$1\" and
		.state == \"running\"")" -gt "${2:-0}" ]
}

fired()
{
	[ "$(event_count ".event == \"fault-fired\" and .kind == \"$1\"")" -gt 0 ]
}

# ended STATUS NAME [PATTERN]: what the run left, and that it was soon.
ended()
{
	finish "$1"
	said_like "esxbk-export-ovf: export odd01: ${3:-}interrupted by SIG$2"
	same "$(wc -l <err)" 1 "one line"
	same "$(cat out)" '' "no path"
	soon 5
	only_points d
	host_idle
	clear_faults
}

# --- in the middle of a disk -------------------------------------------------

made=0
for name in TERM INT HUP; do
	fault "$slow"
	begin odd01
	wait_for 60 transferring d 1000000
	mark_time
	kill -s $name "$PID"
	made=$((made + 1))
	ended $((128 + $(kill -l $name))) $name
	same "$(snapshots) $(leases) $(aborted)" "$made $made $made" \
		"one lease a run, which was aborted"
done

# A planner and systemd may both send one, while the clean-up goes on.
fault "$slow"
fault '{"kind":"task-slow","method":"RemoveSnapshot_Task","ms":1500}'
begin odd01
wait_for 60 transferring d 1000000
n=$(event_count '.method == "RemoveSnapshot_Task" and .state == "running"')
mark_time
kill "$PID"
kill "$PID"
wait_for 60 running RemoveSnapshot_Task "$n"
for name in TERM TERM HUP INT INT; do
	kill -s $name "$PID"
done
ended 143 TERM

# --- at other moments --------------------------------------------------------

# The snapshot is being made: the host goes on with that, so it is waited for.
fault '{"kind":"task-slow","method":"CreateSnapshot_Task","ms":1500}'
n=$(event_count '.method == "CreateSnapshot_Task" and .state == "running"')
before=$(snapshots)
begin odd01
wait_for 60 running CreateSnapshot_Task "$n"
mark_time
kill "$PID"
ended 143 TERM 'create snapshot: (RetrievePropertiesEx: )?'
same $(($(snapshots) - before)) 1 "it was made, and removed"

# The backup is there, only the snapshot is still being removed: that is done,
# and what was reached is not called interrupted.
fault '{"kind":"task-slow","method":"RemoveSnapshot_Task","ms":1500}'
n=$(event_count '.method == "RemoveSnapshot_Task" and .state == "running"')
begin odd01
wait_for 60 running RemoveSnapshot_Task "$n"
kill "$PID"
finish 0
said
disk_good "$(cat out)" "$HOST_SPEC/odd01.raw"
host_idle
rm -r d

# The lease is not ready yet.
fault '{"kind":"lease-never-ready"}'
begin odd01
wait_for 60 fired lease-never-ready
mark_time
kill "$PID"
ended 143 TERM '.*'

# The host takes its time for an answer.
fault '{"kind":"delay","method":"CreateDescriptor","ms":8000}'
begin odd01
wait_for 60 fired delay
mark_time
kill "$PID"
ended 143 TERM '.*'

# Between two attempts.
fault '{"kind":"lease-error","times":0}'
begin --retries 9 odd01
wait_for 60 fired lease-error
begun=$(leases)
mark_time
kill "$PID"
finish 143
said_like 'esxbk-export-ovf: export odd01: .*interrupted by SIGTERM'
soon 3
check "no other attempt" test "$(leases)" -le $((begun + 1))
only_points d
host_idle
clear_faults

# shellcheck disable=SC2016 # the command's own shell expands it
# Before anything: the password comes from a helper that waits for somebody.
start esxbk-list "${HX[@]:0:4}" --thumbprint "$HOST_PIN" \
	--password-command 'echo $$ >helper; exec sleep 20' odd01
wait_for 60 test -s helper
mark_time
kill "$PID"
finish 143
soon 5
said_like 'esxbk-list: .*interrupted by SIGTERM'
if kill "$(cat helper)" 2>/dev/null; then
	fail "the helper goes on"
else
	pass "the helper has ended"
fi

# --- several VMs -------------------------------------------------------------

# What was finished stays, what was not begun is not begun.
fault "${slow%\}},\"vm\":\"odd01\"}"
begin --json iso01 odd01 rdm01
wait_for 60 transferring d 1000000
mark_time
kill "$PID"
finish 143
said 'esxbk-export-ovf: export odd01: interrupted by SIGTERM'
same "$(jq -r 'select(.type == "backup") |
	"\(.vm.name) \(.outcome) \(.class)"' out)" \
	$'iso01 ok ok\nodd01 failed signal' "the result of those that ran"
only_points d iso01_TIME
host_idle
