#!/bin/bash
# timeout: 240
# The machine that makes the backup of a running VM goes down: the next run takes
# over the snapshot, and the backup is of its moment; or, without --resume, or
# if that cannot be, the snapshot goes and all comes anew.
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/vmdk.sh" || exit 1

raw_host esxi
DISK0=$((6 * RANGE)) DISK1=$((20 << 20))
ALL=$((DISK0 + DISK1))

# killed_at RANGE [ARG...]: as all but one range of the first disk was there
killed_at()
{
	stall run01 0 "$1"
	shift
	vxing -o d "$@" run01
	wait_for 30 journalled d 5
	kill_run
	only_points d .run01_TIME.partial
	same "$(ours)" 1 "its snapshot stands"
}

ours()
{
	ctl state | jq '[.vms[].snapshots | .. | .name? // empty |
		select(startswith("esxbk-"))] | length'
}

# The guest writes here and there.
guest_writes()
{
	local at
	for at in 5 $((2 * RANGE + 200000)) $((4 * RANGE)) $((5 * RANGE + 9)); do
		head -c 300000 /dev/urandom | curl -sS --unix-socket \
			"$HOST_CTL" --data-binary @- >/dev/null \
			"http://host/write?vm=run01&disk=0&offset=$at"
	done
}

# done_with BYTES RAW0
done_with()
{
	POINT=$(cat out)
	flat_good "$POINT" "$2" "$HOST_SPEC/run01-1.raw"
	same "$(fetched)" "$1" "bytes that came"
	only_points d run01_TIME
	host_idle_of_runs
}

# A killed run has left its session to the host.
host_idle_of_runs()
{
	same "$(ctl state | jq -c '[.leases, .tasks, [.vms[].snapshots | .. |
		.name? // empty], [.vms[] | select(.consolidation_needed)]]')" \
		'[[],[],[],[]]' "no lease, task or snapshot on the host"
	rm -rf d/run01_*
}

raw=$HOST_SPEC/run01-0.raw

# --- taken over ------------------------------------------------------------------

killed_at 3 --quiesce off
cp --sparse=always "$raw" then.raw
guest_writes
made=$(snapshots)
sleep 1.1
vx 0 --resume -v -o d --quiesce off run01
has err 'took over snapshot esxbk-'
same "$(snapshots)" "$made" "no second snapshot"
check "the snapshot's time is the older one" test \
	"$(record "$(cat out)" '.times.snapshot < .times.started')" = true
cmp -s then.raw "$raw"
same $? 1 "the disk is another by now"
# The missing range, the last one once more, and the second disk.
done_with $((RANGE + RANGE + DISK1)) then.raw

# It was shut down meanwhile: the snapshot is still the moment.
killed_at 0
cp --sparse=always "$raw" then.raw
guest_writes
ctl 'power?vm=run01&on=false' '{}' >/dev/null
vx 0 --resume -o d run01
done_with $((RANGE + RANGE + DISK1)) then.raw
same "$(cat err)" '' "without a word"
vx 0 -o d run01
flat_good "$(cat out)" "$raw" "$HOST_SPEC/run01-1.raw"
rm -rf d/run01_*
# What is left of a running one, by a run of a stopped one.
ctl 'power?vm=run01&on=true' '{}' >/dev/null
killed_at 0
ctl 'power?vm=run01&on=false' '{}' >/dev/null
vx 0 -o d run01
warned 'run01: 1 snapshot of an interrupted run removed'
done_with $ALL "$raw"
ctl 'power?vm=run01&on=true' '{}' >/dev/null

# --- anew --------------------------------------------------------------------------

killed_at 3 --quiesce off
vx 0 -o d --quiesce off run01
warned 'run01: removing snapshot esxbk-.*, left by an earlier run'
warned 'run01: 1 snapshot of an interrupted run removed'
done_with $ALL "$raw"

killed_at 3 --quiesce off
ctl "remove-snapshot?vm=run01&name=$(ctl state | jq -r '[.vms[].snapshots | .. |
	.name? // empty] | first')" '{}' >/dev/null
vx 0 --resume -o d --quiesce off run01
warned 'run01: run01_[0-9_]{15} cannot be taken up \(its snapshot is gone\): everything comes anew'
done_with $ALL "$raw"

killed_at 3 --quiesce off
vx 0 --resume -o d --quiesce require run01
warned 'run01: run01_[0-9_]{15} cannot be taken up \(its snapshot was made without quiescing\): everything comes anew'
same "$(record "$(cat out)" .quiesce.achieved)" true
done_with $ALL "$raw"

# --- a run that takes over fails: its snapshot goes with it ---------------------------

killed_at 3 --quiesce off
fault '{"kind": "folder-no-range", "vm": "run01", "times": 0}'
vx 76 --resume -o d --quiesce off run01
only_points d
host_idle_of_runs
