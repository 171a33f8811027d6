#!/bin/bash
# Who stops a run finds the host as it was, and with --resume what came of a
# stopped VM.
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/vmdk.sh" || exit 1

raw_host esxi

# ended STATUS NAME VM: what the run said, and that it was soon
ended()
{
	finish "$1"
	said_like "esxbk-export-vmdk: export $3: .*interrupted by SIG$2"
	same "$(cat out)" '' "no path"
	soon 8
	clear_faults
	host_left_alone
}

for name in TERM INT HUP; do
	stall run01 0 4
	vxing -o d --quiesce off run01
	wait_for 30 journalled d 1
	mark_time
	kill -s $name "$PID"
	ended $((128 + $(kill -l $name))) $name run01
	only_points d
done
same "$(snapshots)" 3 "a snapshot each"

# The snapshot would grow until somebody comes back: it goes all the same.
stall run01 0 4
vxing --resume -o d --quiesce off run01
wait_for 30 journalled d 1
mark_time
kill -TERM "$PID"
ended 143 TERM run01
only_points d

# Of a stopped VM nothing changes.
stall flat01 0 5
vxing -o d flat01
wait_for 30 journalled d 3
mark_time
kill -TERM "$PID"
ended 143 TERM flat01
only_points d

stall flat01 0 5
vxing --resume -o d flat01
wait_for 30 journalled d 10
mark_time
kill -TERM "$PID"
ended 143 TERM flat01
only_points d .flat01_TIME.partial
mark_gets
vx 0 --resume -o d flat01
said ''
only_points d flat01_TIME
flat_good "$(cat out)" "$HOST_SPEC/flat01.raw"
# One range was missing; the last that was there came once more, a byte each.
same "$(fetched '.complete')" $((RANGE + 1536)) "what was missing, and a look"

# Between tries it is not slept on.
fault '{"kind": "folder-status", "status": 503, "file": "flat01-flat.vmdk", "method": "GET", "times": 0}'
vxing -o d --retries 9 flat01
tried()
{
	[ "$(gets '.status == 503')" -gt 8 ]
}
wait_for 30 tried
mark_time
kill -TERM "$PID"
ended 143 TERM flat01
only_points d flat01_TIME
