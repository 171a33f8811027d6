#!/bin/bash
# timeout: 300
# Whoever stops a restore finds the host as it was: no half-made VM, no lease,
# no session.  Once the host has been told that all is there, the VM stays, and
# the last line says so.
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/deploy_fault.sh" || exit 1

quick_host esxi
point_of db01
from "$POINT" "$HOST_SPEC/db01-0.raw" "$HOST_SPEC/db01-1.raw"
names=(TERM INT HUP)
cases=0

# next_signal: one after the other, in $SIGNAL and $STATUS
next_signal()
{
	SIGNAL=${names[cases % 3]}
	STATUS=$((128 + $(kill -l "$SIGNAL")))
	cases=$((cases + 1))
}

count_fired()
{
	event_count '.event == "fault-fired"'
}

fired()
{
	[ "$(count_fired)" -gt "$1" ]
}

under_way()
{
	[ "$(uploads)" -ge "$1" ]
}

# stopped WHAT ENDS: it ends by the signal, soon, and there is nothing.
stopped()
{
	finish "$STATUS"
	soon 5
	lost "(.*: )?interrupted by SIG$SIGNAL" "$2"
	same "$(wc -l <err)" 1 "one line: SIG$SIGNAL $1"
	clear_faults
}

# stayed WHAT: it ends by the signal; the VM stays, and its id is told.
stayed()
{
	finish "$STATUS"
	soon 5
	said_like "esxbk-deploy-ovf: restore $NAME: the VM '$NAME' is there, but: (.*: )?interrupted by SIG$SIGNAL"
	same "$(cat out)" "$(vm_state "$NAME" .id)" "its id: SIG$SIGNAL $1"
	same "$(jq -c 'select(.type == "restore") | [.outcome, .changed, .exit,
		.vm.moid]' result)" \
		"[\"partial\",true,$STATUS,\"$(vm_state "$NAME" .id)\"]"
	ended complete
	wait_for 20 no_task
	kept
	clear_faults
	next_name
}

logged_in()
{
	[ "$(begun '.event == "login"')" -gt 0 ]
}

# The host goes on with what it was told to do.
no_task()
{
	[ "$(ctl state | jq -c .tasks)" = '[]' ]
}

# --- while the host has a request --------------------------------------------

restoring --power-on --wait tools=60s
finish 0
kept
next_name
tail -n +$((LAST_EVENT + 1)) "$HOST_EVENTS" |
	jq -r 'select(.event == "call") | .method' >methods
made=$(grep -c . methods)
check "$made requests" test "$made" -ge 20
for method in Login CreateImportSpec ImportVApp HttpNfcLeaseGetManifest \
	HttpNfcLeaseComplete ReconfigVM_Task PowerOnVM_Task Logout; do
	check "among them $method" grep -qx "$method" methods
done

# outcome: of the run in the background: what is left, and what was said of it
outcome()
{
	local rc=0 wrong='' state want=$1 ms since_us=${EPOCHREALTIME/./} kept
	wait "$PID" || rc=$?
	PID=''
	ms=$(((${EPOCHREALTIME/./} - since_us) / 1000))
	kept=$(vm_count "$NAME")
	if [ "$(ends)" = complete ]; then
		[ "$kept" = 1 ] || wrong+=", $kept VMs"
		completed=$((completed + 1))
	else
		[ "$kept" = 0 ] || wrong+=", $kept VMs"
		# A transfer that is cut is the end of the lease, too.
		[[ $(ends) =~ ^(abort|FileFault)$ ]] || [ "$(begun '.event == "import"')" = 0 ] ||
			wrong+=", leases: $(ends)"
		undone=$((undone + 1))
	fi
	[ $rc -eq "$want" ] || wrong+=", exit $rc, not $want"
	if [ "$want" -ne 0 ]; then
		[[ $(cat err) =~ ^esxbk-deploy-ovf:\ ([^$'\n']*:\ )?interrupted\ by\ SIG$SIGNAL$ ]] ||
			wrong+=", said: $(cat err)"
		[ "$kept" = 0 ] || grep -q "the VM '$NAME' is there, but" err ||
			wrong+=", did not say that the VM stays: $(cat err)"
	fi
	[ "$kept" = 0 ] || [ "$(cat out)" = "$(vm_state "$NAME" .id)" ] ||
		wrong+=", no id"
	state=$(ctl state | jq -c '[.leases, .sessions]')
	[ "$state" = '[[],[]]' ] || wrong+=", on the host: $state"
	[ $ms -lt $((VALGRIND ? 40000 : 4000)) ] || wrong+=", took $ms ms"
	if [ -z "$wrong" ]; then
		pass "SIG$SIGNAL $2: exit $rc, $kept VMs ($ms ms)"
	else
		fail "SIG$SIGNAL $2$wrong"
	fi
	[ "$kept" = 0 ] || next_name
}

# The host takes a second for an answer.
undone=0 completed=0
while read -r method n <&7; do
	next_signal
	before=$(count_fired)
	fault "{\"kind\":\"delay\",\"method\":\"$method\",\"ms\":1000,
		\"skip\":$((n - 1))}"
	restoring --power-on --wait tools=60s
	if wait_for 20 fired "$before"; then
		want=$STATUS
		[ "$method" != Logout ] || want=0
		kill -s "$SIGNAL" "$PID"
		outcome "$want" "in $method, call $n"
	fi
	clear_faults
done 7< <(awk '{ print $1, ++n[$1] }' methods | awk '
	$1 !~ /Retrieve|View/ || $2 % 4 == 1')
check "$undone times nothing was left" test $undone -ge 8
check "$completed times the VM stayed" test $completed -ge 3

# --- while it works ----------------------------------------------------------

running()
{
	[ "$(begun ".event == \"task\" and .method == \"$1\" and
		.state == \"running\"")" -gt 0 ]
}

is_on()
{
	[ "$(vm_state "$NAME" .on)" = true ]
}

no_lease()
{
	[ "$(ctl state | jq -c .leases)" = '[]' ]
}

lease_begun()
{
	[ "$(begun '.event == "lease" and .state == "initializing"')" -gt 0 ]
}

for SIGNAL in TERM INT HUP; do
	STATUS=$((128 + $(kill -l $SIGNAL)))
	fault '{"kind":"lease-never-ready"}'
	restoring
	wait_for 20 lease_begun
	mark_time
	kill -s $SIGNAL "$PID"
	stopped "while the lease gets ready" abort

	fault '{"kind":"upload-slow","bytes_per_second":2000000,"times":0}'
	restoring
	wait_for 20 under_way 1
	mark_time
	kill -s $SIGNAL "$PID"
	stopped "in the first disk" 'abort|FileFault'

	fault '{"kind":"upload-slow","disk":1,"bytes_per_second":500000}'
	restoring
	wait_for 60 under_way 2
	mark_time
	kill -s $SIGNAL "$PID"
	stopped "in the second disk" 'abort|FileFault'

	fault '{"kind":"task-slow","method":"ReconfigVM_Task","ms":2000}'
	restoring --power-on --result result
	wait_for 60 running ReconfigVM_Task
	mark_time
	kill -s $SIGNAL "$PID"
	stayed "while it gets its identity"

	fault '{"kind":"tools-never","times":0}'
	restoring --power-on --wait tools=60s --result result
	wait_for 60 is_on
	mark_time
	kill -s $SIGNAL "$PID"
	stayed "while its guest starts"
done

# A planner and systemd may both send one, and again while the clean-up goes on.
SIGNAL=TERM STATUS=143
fault '{"kind":"upload-slow","bytes_per_second":2000000,"times":0}'
fault '{"kind":"delay","method":"HttpNfcLeaseAbort","ms":1500}'
restoring
wait_for 20 under_way 1
mark_time
n=0
while kill -s TERM "$PID" 2>/dev/null && [ -d "/proc/$PID/task" ] &&
	! grep -q '^State:.Z' "/proc/$PID/status"; do
	n=$((n + 1))
	sleep 0.02
done
check "$n signals" test $n -ge 20
stopped "again and again" 'abort|FileFault'

# Between two attempts.
fault '{"kind":"upload-status","times":0}'
restoring --retries 9
wait_for 20 grep -q 'tried again with a new lease' err
mark_time
kill -s TERM "$PID"
finish 143
soon 5
said_like "esxbk-deploy-ovf: restore $NAME: .*interrupted by SIGTERM"
ended 'abort( abort)*'
gone "$NAME"
clear_faults

# --- who cannot clean up -----------------------------------------------------

ctl 'set?lease-timeout=4s' '{}' >/dev/null
fault '{"kind":"upload-slow","bytes_per_second":2000000,"times":0}'
restoring
wait_for 20 under_way 1
kill -KILL "$PID"
{ wait "$PID"; } 2>/dev/null
PID=''
clear_faults
wait_for 30 no_lease
ended '(Timedout|FileFault)'
same "$(vm_count "$NAME")" 0 "the host removes it by itself"
ctl expire-sessions '{}' >/dev/null
gone "$NAME"
ctl 'set?lease-timeout=300s' '{}' >/dev/null

# --- standard input ----------------------------------------------------------

xp 0 --quiesce off --format ova -o db01.ova db01
from -
mkfifo pipe
at=$(($(stat -c %s db01.ova) / 3))
for bytes in 0 100 $at; do
	next_signal
	{ head -c "$bytes" db01.ova && exec sleep 600; } >pipe &
	writer=$!
	restoring <pipe
	wait_for 60 logged_in # it reads after that
	if [ "$bytes" -eq "$at" ]; then
		wait_for 20 under_way 1
	fi
	sleep 0.3
	mark_time
	kill -s "$SIGNAL" "$PID"
	stopped "after $bytes bytes of standard input" '(abort|FileFault)?'
	kill "$writer"
done
