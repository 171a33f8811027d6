#!/bin/bash
# The lease is the right to read the disks: it must be kept alive however
# slow the line is, and when the host takes it back the host's own words are
# what the administrator reads.
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/fault.sh" || exit 1

quick_host esxi
slow='{"kind":"slow","bytes_per_second":2000000,"times":0}'

export_odd()
{
	local want=$1
	shift
	xp "$want" --quiesce off --json -o d odd01 "$@"
}

begin_slowly()
{
	fault "$slow"
	start esxbk-export-ovf "${HX[@]}" --quiesce off --json -o d odd01 "$@"
	wait_for 60 transferring d 1000000
}

take_back()
{
	ctl "lease-error?reason=the%20datastore%20%3C1%3E%20went%20away" '{}' \
		>"$SCRATCH/taken"
	same "$(jq .leases "$SCRATCH/taken")" 1 "the host takes back a lease"
}

aborts()
{
	calls HttpNfcLeaseAbort
}

failed()
{
	said "$1"
	same "$(result '.outcome, .class, .fault')" "failed
temporary
$2" "so in the result"
	only_points d
	host_idle
	clear_faults
}

# --- never ready -------------------------------------------------------------

fault '{"kind":"lease-error","times":0}'
export_odd 75 --retries 0
same "$(wc -l <err)" 1 "one line"
failed "esxbk-export-ovf: export odd01: ExportSnapshot: the lease failed: FileFault: Unable to access the virtual machine's files." FileFault
same "$(aborts)" 0 "what has ended is not aborted"

# A busy host, which has time for us a moment later.
fault '{"kind":"lease-error","type":"TaskInProgress","message":"Busy."}'
export_odd 0 --retries 1
warned 'odd01: tried again with a new lease: ExportSnapshot: the lease failed: TaskInProgress: Busy\.'
disk_good "$(result '.path // empty')" "$HOST_SPEC/odd01.raw"
host_idle
rm -r d

fault '{"kind":"fault","method":"ExportSnapshot","type":"FileLocked",
	"message":"Unable to access a file since it is locked","times":0}'
export_odd 75 --retries 0
failed 'esxbk-export-ovf: export odd01: ExportSnapshot: FileLocked: Unable to access a file since it is locked' FileLocked

# --- taken back in the middle ------------------------------------------------

# The body ends like any other then: it must not pass for a short disk.
begin_slowly --retries 0
take_back
finish 75
failed 'esxbk-export-ovf: export odd01: the lease failed: FileFault: the datastore <1> went away' FileFault
same "$(wc -l <err)" 1 "one line"

begin_slowly --retries 1
take_back
clear_faults
finish 0
warned 'odd01: tried again with a new lease: the lease failed: FileFault: the datastore <1> went away'
same "$(result '.warnings[] | .code + " " + .text')" \
	'W_RETRIED tried again with a new lease: the lease failed: FileFault: the datastore <1> went away'
disk_good "$(result '.path // empty')" "$HOST_SPEC/odd01.raw"
same "$(aborts)" 0 "what has ended is not aborted"
host_idle
rm -r d

# --- its time-out ------------------------------------------------------------

# 10 MB at this speed take longer than a lease without a sign of life lasts.
ctl 'set?lease-timeout=4s' '{}' >/dev/null
before=$(leases)
fault '{"kind":"slow","bytes_per_second":1600000,"times":0}'
fault '{"kind":"fault","method":"HttpNfcLeaseProgress","type":"Timedout",
	"message":"Operation timed out.","times":0}'
export_odd 75 --retries 0
failed 'esxbk-export-ovf: export odd01: the lease failed: Timedout: The lease timed out: no progress was reported in time.' Timedout

fault '{"kind":"slow","bytes_per_second":1600000,"times":0}'
begin=$SECONDS
export_odd 0 --retries 0
check "it took longer than a lease lasts" test $((SECONDS - begin)) -gt 5
same "$(wc -l <err)" 0 "silence"
disk_good "$(result '.path // empty')" "$HOST_SPEC/odd01.raw"
same $(($(leases) - before)) 2 "one lease in each run"
id=$(jq -rn 'last(inputs | select(.event == "lease")) | .lease' "$HOST_EVENTS")
jq -r --arg id "$id" 'select(.event == "lease-progress" and .lease == $id) |
	.percent' "$HOST_EVENTS" >percents
check "it told its progress" test "$(wc -l <percents)" -ge 5
same "$(sort -n percents)" "$(cat percents)" "which only grows"
same "$(tail -n 1 percents)" 100 "to the end"
check "with steps between" test "$(sort -u percents | wc -l)" -ge 4
host_idle
