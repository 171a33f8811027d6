#!/bin/bash
# timeout: 300
# A run that is told to stop does so at whatever moment: before, during and
# after each request to the host and each of the last steps on the disk.
# There is nothing half done, here or on the host.
#
# Once the manifest is begun the point is finished: all of it has come, and
# what is left takes moments.  Then the status is 0, and the point is there.
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/crash.sh" || exit 1

swift_host
names=(TERM INT)
cases=0

# next_signal: one after the other, in $SIGNAL and $STATUS
next_signal()
{
	SIGNAL=${names[cases % 2]}
	STATUS=$((128 + $(kill -l "$SIGNAL")))
	cases=$((cases + 1))
}

begin()
{
	start esxbk-export-ovf "${HX[@]}" --quiesce off -o "$OUT" "$VM"
}

fired()
{
	[ "$(event_count '.event == "fault-fired"')" -gt "$1" ]
}

no_tasks()
{
	[ "$(ctl state | jq '.tasks | length')" = 0 ]
}

count_fired()
{
	event_count '.event == "fault-fired"'
}

# ended WHAT WANT: the run in the background ends with this status and leaves
# a whole point, if it is 0, or nothing.
ended()
{
	local wrong='' rc=0 left='' state since=${EPOCHREALTIME/./} ms
	wait "$PID" || rc=$?
	PID=''
	ms=$(((${EPOCHREALTIME/./} - since) / 1000))
	[ "$rc" -eq "$2" ] || wrong+=", exit $rc, not $2"
	[ "$2" -ne 0 ] || left=${VM}_TIME
	if [ "$2" -eq 0 ]; then
		[ ! -s err ] || wrong+=", said: $(cat err)"
		whole "$(cat out)" || wrong+=', the point is bad'
	else
		[[ $(cat err) =~ ^esxbk-export-ovf:\ ([^$'\n']*:\ )?interrupted\ by\ SIG$SIGNAL$ ]] ||
			wrong+=", said: $(cat err)"
		[ ! -s out ] || wrong+=', a path on stdout'
	fi
	[ "$(points_in)" = "$left" ] || wrong+=", there is: $(points_in)"
	state=$(ctl state | jq -c '[.leases, .sessions, .tasks,
		[.vms[].snapshots | .. | .name? // empty |
			select(startswith("esxbk-"))]]')
	[ "$state" = '[[],[],[],[]]' ] || wrong+=", on the host: $state"
	[ $ms -lt $((VALGRIND ? 40000 : 4000)) ] || wrong+=", took $ms ms"
	if [ -z "$wrong" ]; then
		pass "SIG$SIGNAL $1: exit $2, ${left:-nothing} left ($ms ms)"
	else
		fail "SIG$SIGNAL $1$wrong"
		ctl expire-sessions '{}' >/dev/null
		ctl 'lease-error?reason=cleared' '{}' >/dev/null
	fi
	rm -rf "$OUT"
}

# --- while the host has a request --------------------------------------------

begin
finish 0
same "$(cat err)" '' "a good run"
rm -rf "$OUT"
jq -r 'select(.event == "call") | .method' "$HOST_EVENTS" >methods
made=$(grep -c . methods)
check "$made requests" test "$made" -ge 20
for method in Login CreateSnapshot_Task ExportSnapshot HttpNfcLeaseGetManifest \
	CreateDescriptor HttpNfcLeaseComplete RemoveSnapshot_Task Logout; do
	check "among them $method" grep -qx "$method" methods
done

# The host takes a second for an answer.
stopped=0 finished=0
while read -r method n; do
	next_signal
	before=$(count_fired)
	fault "{\"kind\":\"delay\",\"method\":\"$method\",\"ms\":1000,
		\"skip\":$((n - 1))}"
	begin
	wait_for 10 fired "$before" || continue
	want=$STATUS
	if [ "$(points_in)" = "${VM}_TIME" ]; then
		want=0 finished=$((finished + 1))
	else
		stopped=$((stopped + 1))
	fi
	kill -s "$SIGNAL" "$PID"
	ended "in $method, call $n" $want
	clear_faults
done < <(awk '{ print $1, ++n[$1] }' methods)
check "$stopped times before the point" test $stopped -ge 15
check "$finished times after it" test $finished -ge 3

# It has done what it was asked for, but its answer has not arrived.
called()
{
	[ "$(calls "$1")" -gt "$2" ]
}

for method in Login CreateSnapshot_Task ExportSnapshot HttpNfcLeaseComplete \
	RemoveSnapshot_Task Logout; do
	next_signal
	before=$(count_fired)
	made=$(calls $method)
	fault "{\"kind\":\"delay\",\"method\":\"$method\",\"ms\":200}"
	begin
	wait_for 10 fired "$before" || continue
	kill -STOP "$PID"
	# On a busy machine it may have been answered, and gone on, by now.
	want=$STATUS
	[ "$(points_in)" != "${VM}_TIME" ] || want=0
	wait_for 10 called $method "$made"
	kill -s "$SIGNAL" "$PID"
	kill -CONT "$PID"
	ended "when $method is done" $want
done

# --- while the host works ----------------------------------------------------

# running METHOD N: more than N tasks of it have been running
running()
{
	[ "$(event_count ".event == \"task\" and .method == \"$1\" and
		.state == \"running\"")" -gt "$2" ]
}

count_running()
{
	event_count ".event == \"task\" and .method == \"$1\" and
		.state == \"running\""
}

slow_task()
{
	before=$(count_running "$1")
	fault "{\"kind\":\"task-slow\",\"method\":\"$1\",\"ms\":1500}"
}

# The point is there, and the snapshot goes as well, however often somebody
# asks to stop.
next_signal
slow_task RemoveSnapshot_Task
begin
wait_for 10 running RemoveSnapshot_Task "$before"
for ((i = 0; i < 10; i++)); do
	kill -s "$SIGNAL" "$PID" 2>/dev/null || break
	sleep 0.03
done
check "$i signals were sent" test $i -ge 2
ended "again and again while the snapshot is removed" 0

# A leftover of a killed run is being removed: the host does that without us.
fault '{"kind":"slow","bytes_per_second":1000000}'
begin
wait_for 10 transferring "$OUT" 100000
kill -KILL "$PID"
{ wait "$PID"; } 2>/dev/null
clear_faults
time_passes
same "$(ours_on_host)" "0 0 1" "a killed run left a snapshot"
next_signal
slow_task RemoveSnapshot_Task
begin
wait_for 10 running RemoveSnapshot_Task "$before"
made=$(snapshots)
kill -s "$SIGNAL" "$PID"
finish "$STATUS"
said_like "esxbk-export-ovf: export $VM: leftover snapshot esxbk-[^ ]* could not be removed: .*interrupted by SIG$SIGNAL"
wait_for 10 no_tasks
same "$(ours_on_host)" "0 0 0" "it has gone"
same "$(snapshots)" "$made" "no other was made"
same "$(points_in)" '' "nothing left"

# A storm of them, from the first moment to the last.
next_signal
fault '{"kind":"slow","bytes_per_second":1000000}'
begin
wait_for 10 transferring "$OUT" 100000
while kill -s "$SIGNAL" "$PID" 2>/dev/null && [ -d "/proc/$PID/task" ] &&
	! grep -q '^State:.Z' "/proc/$PID/status"; do
	sleep 0.002
done
ended "every 2 ms in a transfer" "$STATUS"
clear_faults

# One of several VMs is done: the others are not begun.
next_signal
slow_task RemoveSnapshot_Task
made=$(snapshots)
start esxbk-export-ovf "${HX[@]}" --quiesce off -o "$OUT" "$VM" iso01
wait_for 10 running RemoveSnapshot_Task "$before"
kill -s "$SIGNAL" "$PID"
finish "$STATUS"
said_like "esxbk-export-ovf: .*interrupted by SIG$SIGNAL"
same "$(points_in)" "iso01_TIME" "one point"
same $(($(snapshots) - made)) 1 "one snapshot"
check "the point is whole" whole "$(cat out)"
host_idle
rm -rf "$OUT"

# --- while the disk works ----------------------------------------------------

may_trace

# slowly GROUP: an export whose fsync of this takes a second
slowly()
{
	watch "$1"
	ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 env --default-signal=INT \
		strace -f -o trace -e trace=fsync \
		--quiet=attach,personality,path-resolution \
		"${PATHS[@]}" -e inject=fsync:delay_enter=1000000 \
		"$B/esxbk-export-ovf" "${HX[@]}" --quiesce off -o "$OUT" "$VM" \
		>out 2>err &
	PID=$!
}

# The mode is set just before the fsync.
written()
{
	[ "$(stat -c %a "$OUT"/.*.partial/"$1")" = 444 ]
}

named()
{
	[ "$(points_in)" = "${VM}_TIME" ]
}

for file in $VM-disk1.vmdk $VM.nvram $VM.ovf $VM.mf backup.json PARTIAL OUT; do
	next_signal
	slowly "$file"
	case $file in
	PARTIAL) wait_for 10 written backup.json && sleep 0.3 ;;
	OUT) wait_for 10 named ;;
	*) wait_for 10 written "$file" ;;
	esac
	case $file in
	*.vmdk | *.nvram | *.ovf) want=$STATUS ;;
	*) want=0 ;;
	esac
	read -r child _ <"/proc/$PID/task/$PID/children"
	kill -s "$SIGNAL" "$child"
	ended "in the fsync of $file" $want
	same "$(grep -c 'DELAYED' trace)" 1 "it was slow"
done
host_idle
same "$(event_count '.event == "snapshot-created" and
	(.name | startswith("esxbk-"))')" \
	"$(event_count '.event == "snapshot-removed"')" \
	"as many snapshots removed as made"
same "$(event_count '.event == "snapshot-removed" and
	(.name | startswith("esxbk-") | not)')" 0 "none but ours"
