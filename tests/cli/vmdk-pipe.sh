#!/bin/bash
# One raw disk into a pipe, byte for byte, of a stopped or a running VM; and
# nothing is left of it wherever the pipe breaks.
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/vmdk.sh" || exit 1

raw_host esxi

# raw STATUS ARG...: standard output is the disk, messages are in ./err
raw()
{
	local want=$1 rc=0
	shift
	"${UNDER[@]}" "$B/esxbk-export-vmdk" "${HX[@]}" --quiesce off \
		--result json -o - "$@" >disk 2>err || rc=$?
	judge "$rc" "$want" "$@"
}

told()
{
	jq -rc "select(.type == \"backup\") | $1" json
}

raw 0 flat01
said ''
check "the disk" cmp disk "$HOST_SPEC/flat01.raw"
same "$(told '[.format, .path, .point, .outcome, .bytes.read,
	.bytes.written] | tojson')" \
	'["raw",null,null,"ok",167773696,167773696]'
same "$(told '[.disks[0] | .label, .file, .sha256, .bytes] | tojson')" \
	'["Hard disk 1",null,null,167773696]'
same "$(snapshots)" 0 "no snapshot of a stopped VM"

raw 0 --disk 'Hard disk 2' run01
check "the second disk" cmp disk "$HOST_SPEC/run01-1.raw"
same "$(told '.steps | tojson')" \
	'{"snapshot":"ok","quiesce":"skipped","transfer":"ok","cleanup":"ok"}'
raw 0 '[datastore1] run01/run01.vmdk'
check "a disk by its file" cmp disk "$HOST_SPEC/run01-0.raw"
same "$(snapshots)" 2 "a snapshot each"
host_left_alone

# Which of the two?  That is known before a snapshot is made.
raw 64 run01
said "esxbk-export-vmdk: export run01: standard output takes one disk, these are 2: give --disk LABEL"
same "$(stat -c %s disk)" 0 "nothing came"
raw 64 --disk 'Hard disk 1' --disk 'Hard disk 2' run01
same "$(snapshots)" 2 "no snapshot for that"
raw 0 -n flat01
same "$(stat -c %s disk)" 0 "nothing in a dry run"

# A connection that breaks in the middle leaves no gap in the stream.
fault '{"kind": "folder-reset", "after_bytes": 3000000, "times": 9}'
raw 0 flat01
check "the disk, in pieces" cmp disk "$HOST_SPEC/flat01.raw"
clear_faults

# --- the reader ----------------------------------------------------------------

{
	"$B/esxbk-export-vmdk" "${HX[@]}" --quiesce off -o - \
		--disk 'Hard disk 1' run01 2>err
	echo $? >rc
} | head -c 5000000 | cmp - <(head -c 5000000 "$HOST_SPEC/run01-0.raw")
same "${PIPESTATUS[1]} ${PIPESTATUS[2]}" "0 0" "as much as was wanted"
same "$(cat rc)" 74
said_like 'esxbk-export-vmdk: export run01: \[datastore1\] run01/run01-flat\.vmdk at byte [0-9]+: write to standard output: Broken pipe'
host_left_alone

# One that takes nothing does not keep a signal out.
mkfifo fifo
exec 8<>fifo
env --default-signal=INT,QUIT "$B/esxbk-export-vmdk" "${HX[@]}" -q \
	--quiesce off -o - --disk 'Hard disk 1' run01 >fifo 2>err &
PID=$!
# It takes the processor no more: the pipe is full.
stuck()
{
	local before
	[ "$(snapshots)" -gt 3 ] || return
	before=$(cut -d ' ' -f 14,15 "/proc/$PID/stat")
	sleep 0.5
	[ "$before" = "$(cut -d ' ' -f 14,15 "/proc/$PID/stat")" ]
}
wait_for 30 stuck
mark_time
kill -TERM $PID
wait $PID
same $? 143
PID=''
exec 8<&-
soon 5
said_like 'esxbk-export-vmdk: export run01: .*interrupted by SIGTERM'
host_left_alone

rc=0
"$B/esxbk-export-vmdk" "${HX[@]}" -o - flat01 >/dev/full 2>err || rc=$?
same $rc 74
said_like 'esxbk-export-vmdk: export flat01: .*write to standard output: No space left on device'
same "$(ls -A)" "$(printf '%s\n' disk err fifo json rc)" "no file here"
