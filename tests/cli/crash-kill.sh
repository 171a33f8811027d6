#!/bin/bash
# timeout: 1500
# The machine that makes the backups goes down in the middle of one, at any
# moment.  The next night's run puts everything in order: no half backup, no
# snapshot that grows, and nothing touched that is not ours.
#
# LONG=1 makes 100 rounds of the 12; SEED=N chooses other moments.
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/crash.sh" || exit 1

VM=db01
rounds=${LONG:+100}
rounds=${rounds:-12}
RANDOM=${SEED:-20261}
host_start esxi
slow='{"kind":"slow","vm":"db01","bytes_per_second":16000000,"times":0}'
ctl 'snapshot?vm=db01&name=by%20hand&description=machine%3Dx' '{}' >/dev/null
ctl 'snapshot?vm=db01&name=esxbk-by-hand&description=mine' '{}' >/dev/null
theirs='["before update","50% / done","by hand","esxbk-by-hand"]'
partials=0 snapshots=0 leases=0 points=0

# Unfinished points of other VMs, one of which has a name that begins as ours.
for name in .db01_old_20260101_000000.partial .other_20260101_000000.partial; do
	mkdir -p "$OUT/$name"
	echo kept >"$OUT/$name/file"
done
theirs_here=".db01_old_TIME.partial
.other_TIME.partial"

snapshots_there()
{
	ctl state | jq -c '[.vms[].snapshots | .. | .name? // empty] | sort'
}

ours()
{
	ctl state | jq '[.vms[].snapshots | .. | objects |
		select((.name // "" | startswith("esxbk-")) and
			(.description | contains("repository=")))] | length'
}

making()
{
	[ "$(event_count '.method == "CreateSnapshot_Task" and
		.state == "running"')" -ge "$1" ]
}

no_tasks()
{
	[ "$(ctl state | jq '.tasks | length')" = 0 ]
}

# pace lease-init task-queue task-run: the host's own, in ms
pace()
{
	ctl "set?lease-init=$1ms&task-queue=$2ms&task-run=$3ms" '{}' >/dev/null
}

# kill_at MS: begin an export and kill it then; fails if it was too late
kill_at()
{
	local rc=0
	pace 200 100 150
	fault "$slow"
	start esxbk-export-ovf "${HX[@]}" --quiesce off -o "$OUT" $VM
	sleep "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))"
	kill -KILL "$PID" 2>/dev/null
	{ wait "$PID" || rc=$?; } 2>/dev/null
	PID=''
	clear_faults
	pace 0 0 0
	[ $rc -ne 137 ] || return 0
	[ $rc -eq 0 ] || fail "exit $rc: $(cat err)"
	return 1
}

see_dead()
{
	local there point
	there=$(points_in | grep -vxF "$theirs_here")
	case $there in
	"${VM}_TIME")
		points=$((points + 1))
		point=$(echo "$OUT/$VM"_2*)
		whole "$point" || wrong+=", a bad point"
		rm -rf "$point"
		;;
	".${VM}_TIME.partial") partials=$((partials + 1)) ;;
	'') ;;
	*) wrong+=", there is: $there" ;;
	esac
	snapshots=$((snapshots + $(ours)))
	no_leases || leases=$((leases + 1))
}

# Somebody tries at once, before the host has noticed: either it works, or
# nothing is piled up.
impatient()
{
	local rc=0
	"$B/esxbk-export-ovf" "${HX[@]}" --quiesce off -o "$OUT" $VM \
		>out 2>err || rc=$?
	[ $rc -eq 0 ] || [ $rc -eq 75 ] || wrong+=", exit $rc: $(cat err)"
	[ "$(ours)" -le $((rc / 75)) ] ||
		wrong+=", $(ours) snapshots after exit $rc: $(cat err)"
	[ $rc -ne 0 ] || {
		whole "$(cat out)" || wrong+=', its point is bad'
		rm -rf "$(cat out)"
	}
}

see_healed()
{
	local rc=0
	"$B/esxbk-export-ovf" "${HX[@]}" --quiesce off -o "$OUT" $VM \
		>out 2>err || rc=$?
	[ $rc -eq 0 ] || wrong+=", the next run: exit $rc: $(cat err)"
	whole "$(cat out)" || wrong+=', its point is bad'
	[ "$(points_in)" = "$theirs_here
${VM}_TIME" ] || wrong+=", there is: $(points_in)"
	[ "$(ctl state | jq -c '[.leases, .tasks, .sessions]')" = '[[],[],[]]' ] ||
		wrong+=', something is open on the host'
	[ "$(snapshots_there)" = "$(jq -cn "$theirs | sort")" ] ||
		wrong+=", snapshots: $(snapshots_there)"
	rm -rf "$(cat out)"
}

pace 200 100 150
fault "$slow"
begin=${EPOCHREALTIME/./}
xp 0 --quiesce off -o "$OUT" $VM
took=$(((${EPOCHREALTIME/./} - begin) / 1000))
check "a good run takes its time: $took ms" test $took -gt 1000
point=$(cat out)
check "its point is whole" whole "$point"
rm -rf "$point"

echo "# seed ${SEED:-20261}, $rounds rounds"
for ((i = 1; i <= rounds; i++)); do
	wrong=''
	at=$((RANDOM % took))
	# It may have been faster than the one that was measured.
	until kill_at $at; do
		check "done before $at ms: whole" whole "$(cat out)"
		rm -rf "$(cat out)"
		at=$((at / 2))
	done
	see_dead
	[ $((i % 4)) -ne 0 ] || impatient
	time_passes
	see_healed
	if [ -z "$wrong" ]; then
		pass "round $i: killed after $at ms, then a good run"
	else
		fail "round $i: killed after $at ms$wrong"
	fi
done

pace 200 100 150
# The host is still making the snapshot when the next run begins.
fault '{"kind":"task-slow","vm":"db01","method":"CreateSnapshot_Task","ms":2000}'
n=$(event_count '.method == "CreateSnapshot_Task" and .state == "running"')
start esxbk-export-ovf "${HX[@]}" --quiesce off -o "$OUT" $VM
wait_for 10 making $((n + 1))
kill -KILL "$PID"
{ wait "$PID"; } 2>/dev/null
PID=''
# The next run waits until it is made, removes it, and only then makes its own.
xp 0 --quiesce off -o "$OUT" $VM
warned_of='removing snapshot esxbk-[0-9_]*-[0-9a-f]*, left by an earlier run'
check "it tells of the dead run's snapshot" grep -qE "$warned_of" err
check "its point is whole" whole "$(cat out)"
rm -rf "$(cat out)"
same "$(ours)" 0 "no snapshot of ours is left"
clear_faults
pace 0 0 0

# All this says nothing if the kills came too early.
check "$partials left an unfinished folder" test $((partials * 4)) -ge "$rounds"
check "$snapshots left a snapshot" test $((snapshots * 4)) -ge "$rounds"
check "$leases left a lease" test $((leases * 6)) -ge "$rounds"
echo "# $points came after the point had its name"
same "$(cat "$OUT"/.*.partial/file)" $'kept\nkept' \
	"other VMs' unfinished points are untouched"
same "$(event_count '.event == "snapshot-removed" and
	(.name | IN("by hand", "esxbk-by-hand"))')" 0 \
	"no snapshot was touched that is not ours"
