#!/bin/bash
# The planner is killed, or told to end: no tool is left, places are free, the
# next run makes up for it.
. "$T/cli/lib.sh" || exit 1
# shellcheck source=/dev/null
. "$T/cli/lib/plan.sh" || exit 1

plan_begin
vms "web 12 $(uuid_of 1)" "db 13 $(uuid_of 2)"
cat >"$SCRATCH/hook" <<'EOF'
#!/bin/bash
echo "$ESXBK_HOOK ${ESXBK_VM:--}" >>"$STUB/log"
[ ! -e "$STUB/slow.$ESXBK_HOOK" ] || {
	echo "hook hangs $$" >>"$STUB/log"
	exec sleep 600
}
EOF
chmod +x "$SCRATCH/hook"
export HOOK=$SCRATCH/hook
conf '.plans.daily.verify = [{ level: "hash", after: "run" }] |
	.plans.daily.hooks = { before_vm: [[env.HOOK]], after_vm: [[env.HOOK]],
		after_run: [[env.HOOK]] }'

hanging()
{
	grep -q ' hangs ' "$STUB/log"
}

both_hang()
{
	[ "$(grep -c ' hangs ' "$STUB/log")" = 2 ]
}

# One that nobody has buried yet has ended all the same: not every process 1
# does so.
gone()
{
	local pid
	while read -r pid; do
		! grep -qs '^State:.[^ZX]' "/proc/$pid/status" || return 1
	done < <(sed -n 's/.* hangs //p' "$STUB/log")
}

# killed WHERE STUB...: SIGKILL while that hangs.
DAY=10
killed()
{
	DAY=$((DAY + 1))
	no_calls
	stub "$@"
	at "2026-11-${DAY}T02:00:00Z"
	start esxbk-plan run --config "$CONF" --due
	wait_for 20 hanging
	kill -KILL "$PID"
	wait "$PID" 2>/dev/null
	PID=''
	wait_for 15 gone
	check "$1: nothing is left" gone
	same "$(record 'select(.type == "end")')" '' "$1: the record breaks off"
	stub "$1"
	rm -f "$STUB"/slow.*
	no_calls
	at "2026-11-${DAY}T02:14:00Z"
	plan 0 run --due
	same "$(exports)" '' "$1: not at once"
	at "2026-11-${DAY}T02:16:00Z"
	plan 0 run --due
	same "$(vm_lines | grep -v ' ok 0')" '' "$1: the next run heals"
	same "$(points | grep -c "202611$DAY")" 2 "$1: both have tonight's"
	same "$(find "$REPO" -maxdepth 2 -name '.*.partial')" '' "$1: no partial point"
}

killed list hang
killed ovf hang
killed verify hang
: >"$STUB/slow.before_vm"
killed none
: >"$STUB/slow.after_vm"
killed none

# TERM, as a service manager sends it: tools get it once and have their time,
# then what was frozen is thawed; the status is the signal's.
# ended HOW: "one" or "group".
ended()
{
	no_calls
	stub ovf hang
	at 2026-11-20T02:00:00Z
	setsid env --default-signal=INT,TERM "$B/esxbk-plan" run \
		--config "$CONF" daily >out 2>err &
	PID=$!
	wait_for 20 both_hang
	case $1 in
	one) kill -TERM "$PID" ;;
	group) kill -TERM -- "-$PID" ;;
	esac
	wait "$PID"
	same "$?" 143 "$1: exit 143"
	PID=''
	same "$(grep -c cleaned-up "$STUB/log")" 2 "$1: both tools cleaned up"
	same "$(tail -n 3 "$STUB/log" | sort)" "after_run -
after_vm db
after_vm web" "$1: hooks that undo come last"
	same "$(vm_lines | sort)" "db failed 143
web failed 143"
	same "$(record 'select(.type == "end") | .exit')" 143
	check "$1: nothing is left" gone
	same "$(tail -n 1 err)" "esxbk-plan: interrupted by SIGTERM"
	stub ovf
}

ended one
ended group
at 2026-11-20T02:05:00Z
plan 0 run daily

# A hook that the signal ended says nothing of the VM: it is worth a retry.
no_calls
: >"$STUB/slow.before_vm"
at 2026-11-21T02:00:00Z
start esxbk-plan run --config "$CONF" --due
wait_for 20 both_hang
kill -TERM "$PID"
finish 143
same "$(vm_lines | sort)" "db failed 143
web failed 143" "TERM in before_vm"
check "TERM in before_vm: nothing is left" gone
rm "$STUB/slow.before_vm"
at 2026-11-21T02:16:00Z
plan 0 run --due
same "$(points | grep -c 20261121)" 2 "both have that night's"

# Ended between two VMs: that is a failure, though none of them has failed.
no_calls
: >"$STUB/slow.after_vm"
conf '.sites.esx1.limits = { vms: 1 } | .plans.daily.hooks = {
	after_vm: [[env.HOOK]], after_run: [[env.HOOK]],
	on_failure: [[env.HOOK]] }'
at 2026-11-22T02:00:00Z
start esxbk-plan run --config "$CONF" daily
wait_for 20 hanging
rm "$STUB/slow.after_vm"
kill -TERM "$PID"
finish 143
same "$(vm_lines)" "db ok 0"
same "$(tail -n 2 "$STUB/log")" "after_run -
on_failure -" "on_failure"
same "$(record 'select(.type == "end") | .text')" "interrupted by SIGTERM"

# A hook that undoes is not cut off by the signal, but run to its end.
no_calls
cat >"$SCRATCH/hook" <<'EOF'
#!/bin/bash
echo "$ESXBK_HOOK begins hangs $$" >>"$STUB/log"
[ "$ESXBK_HOOK" != after_vm ] || sleep 1
echo "$ESXBK_HOOK done" >>"$STUB/log"
EOF
thawing()
{
	grep -q 'after_vm begins' "$STUB/log"
}
start esxbk-plan run --config "$CONF" --vm web daily
wait_for 20 thawing
kill -TERM "$PID"
finish 143
same "$(grep -c 'after_vm done' "$STUB/log")" 1 "thawed"
