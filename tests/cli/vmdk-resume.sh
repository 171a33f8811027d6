#!/bin/bash
# timeout: 240
# A run over a bad line was killed: the next one downloads only what is missing.
# shellcheck disable=SC2086,SC2153 # what is shared is used elsewhere
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/vmdk.sh" || exit 1

raw_host esxi
LAST=1536 # bytes of the last range
ALL=$((10 * RANGE + LAST))

for range in 0 4 9; do
	killed $range
	vx 0 --resume -o d flat01
	resumed $((RANGE + LAST))
done

# The last one of all: the one before it is looked at.
fault "{\"kind\": \"folder-stall\", \"vm\": \"flat01\", \"disk\": 0,
	\"offset\": $((10 * RANGE + 700)), \"ms\": 600000, \"times\": 0}"
vxing -o d flat01
wait_for 30 journalled d 10
kill_run
vx 0 --resume -v -o d flat01
has err 'taking up flat01_'
same "$(record "$(cat out)" '.disks[0].size')" $ALL "its size"
good_bytes $((RANGE + LAST))

# Killed again and again.
killed 2
stall flat01 0 2
vxing --resume -o d flat01
looked()
{
	[ "$(fetched .complete)" -eq $LAST ]
}
wait_for 30 looked
sleep 0.5
kill_run
vx 0 --resume -o d flat01
resumed $((RANGE + LAST))

# All was there, and only the name was missing.
killed 5
echo "0 5" >>"$PARTIAL/.journal"
dd if="$HOST_SPEC/flat01.raw" of="$PARTIAL/flat01-disk1-flat.vmdk" bs=$RANGE \
	skip=5 seek=5 count=1 conv=notrunc,sparse status=none
vx 0 --resume -o d --json flat01
same "$(result '.bytes | [.capacity, .read < 300000, .written > 5000000] |
	tojson')" "[$ALL,true,true]"
same "$(result '.disks | map([.bytes, .outcome]) | tojson')" '[[0,"ok"]]'
result .path >path && mv path out
good_bytes $LAST

# A dry run leaves it alone, a run without --resume removes it.
killed 4
vx 0 -n --resume -o d flat01
only_points d .flat01_TIME.partial
vx 0 -o d flat01
resumed $ALL

# Two disks: one is there, one was begun.
ctl 'power?vm=run01&on=false' '{}' >/dev/null
fault "{\"kind\": \"folder-stall\", \"vm\": \"run01\", \"disk\": 1,
	\"offset\": $((RANGE + 9)), \"ms\": 600000, \"times\": 0}"
vxing -o d run01
wait_for 30 journalled d 7
kill_run
vx 0 --resume -o d run01
flat_good "$(cat out)" "$HOST_SPEC/run01-0.raw" "$HOST_SPEC/run01-1.raw"
# The rest of the second, and a look at the last of each.
same "$(fetched)" $(((20 << 20) - RANGE + RANGE + RANGE)) "bytes that came"
rm -rf d/run01_*

# Nothing to take up is no trouble.
vx 0 --resume -o d flat01
same "$(cat err)" ''
same "$(snapshots)" 0
