#!/bin/bash
# The temporary snapshot: a host that will not make it, will not quiesce, or
# will not remove it; and what a killed run left, which the next one removes
# without touching anybody else's.
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/fault.sh" || exit 1

own='esxbk-[0-9]{8}_[0-9]{6}-[0-9a-f]{8}'

# snapshots_of VM: their names, sorted.
snapshots_of()
{
	ctl state | jq -r --arg v "$1" '.vms[] | select(.name == $v) |
		.snapshots | .. | .name? // empty' | sort
}

# refused STATUS TEXT FAULT: no snapshot, no lease, nothing here.
refused()
{
	local before
	before=$(leases)
	fault "$3"
	xp "$1" --quiesce off -o d odd01
	said "esxbk-export-ovf: export odd01: $2"
	same "$(wc -l <err)" 1 "one line"
	same "$(leases)" "$before" "no lease"
	only_points d
	host_idle
	clear_faults
}

beside=()
# in_folder NAME CMD...: beside others; its checks are in NAME.checks.
in_folder()
{
	mkdir "$1" && (
		cd "$1" && shift && "$@"
	) >"$1.checks" 2>&1 &
	beside+=($!)
}

# --- quiescing: on a host of its own, beside the rest, as it takes its time ---

quiesce_error='"kind":"task-error","method":"CreateSnapshot_Task",
	"type":"ApplicationQuiesceFault","message":"The guest is busy.","times":0'
falls_back()
{
	# Three times in vain, the fourth attempt is not quiesced.
	fault "{${quiesce_error%,*},\"times\":3,\"vm\":\"prod-web\"}"
	xp 0 --json -o ../q prod-web
	warned 'prod-web: .*ApplicationQuiesceFault: The guest is busy\.'
	same "$(result '.outcome, .warnings[].code, .steps.quiesce')" \
		$'warn\nW_NOT_QUIESCED\nfailed'
	same "$(record "$(result .path)" '.quiesce | "\(.asked) \(.achieved)"')" \
		'try false' "so in backup.json"
	disk_good "$(result .path)" "$HOST_SPEC/prod-web.raw"
	same "$(snapshots_of prod-web)" '' "no snapshot"
}

insists()
{
	fault "{$quiesce_error,\"vm\":\"db01\"}"
	xp 75 --json --quiesce require -o ../q db01
	said 'esxbk-export-ovf: export db01: create snapshot: ApplicationQuiesceFault: The guest is busy.'
	same "$(result '.outcome, .fault, .steps.snapshot')" \
		$'failed\nApplicationQuiesceFault\nfailed'
	same "$(event_count '.event == "task" and .vm == "db01" and
		.state == "error"')" 3 "three attempts"
	same "$(snapshots_of db01)" '' "no snapshot"
}
quick_host esxi
in_folder try falls_back
in_folder require insists

# --- not made ----------------------------------------------------------------

quick_host esxi

refused 75 'CreateSnapshot_Task: InvalidState: The VM is busy.' \
	'{"kind":"fault","method":"CreateSnapshot_Task","vm":"odd01",
	"type":"InvalidState","message":"The VM is busy."}'
refused 75 'create snapshot: GenericVmConfigFault: Too many snapshots.' \
	'{"kind":"task-error","method":"CreateSnapshot_Task","vm":"odd01",
	"type":"GenericVmConfigFault","message":"Too many snapshots."}'
refused 77 'CreateSnapshot_Task: RestrictedVersion: Current license or ESXi version prohibits execution of the requested operation. (the host'"'"'s free licence forbids changes through the API: assign a paid or evaluation licence)' \
	'{"kind":"restricted","method":"CreateSnapshot_Task","vm":"odd01"}'
refused 74 'create snapshot: NoDiskSpace: The datastore is full.' \
	'{"kind":"task-error","method":"CreateSnapshot_Task","vm":"odd01",
	"type":"NoDiskSpace","message":"The datastore is full."}'
fault '{"kind":"no-permission","method":"CreateSnapshot_Task","vm":"odd01",
	"what":"VirtualMachine.State.CreateSnapshot"}'
xp 77 --quiesce off -o d odd01
said 'esxbk-export-ovf: export odd01: CreateSnapshot_Task: NoPermission: Permission to perform this operation was denied. (missing privilege: VirtualMachine.State.CreateSnapshot)'
only_points d
host_idle

# It is crash-consistent without a word: whoever requires more gets nothing.
# Somebody else is at work on the VM: the run waits for it.
fault '{"kind":"fault","method":"CreateSnapshot_Task","vm":"odd01",
	"type":"TaskInProgress","message":"Another task is already in progress.",
	"times":2}'
xp 0 --quiesce off -o busy -v odd01
has err 'odd01: another task is at work on it, waiting'
disk_good "$(cat out)" "$HOST_SPEC/odd01.raw"
same "$(snapshots_of odd01)" '' "no snapshot"
host_idle

fault '{"kind":"not-quiesced","vm":"qemu01"}'
xp 75 --quiesce require -o d qemu01
said 'esxbk-export-ovf: export qemu01: quiescing is required, but VMware Tools are not running'

# --- removed with trouble ----------------------------------------------------

# The backup is good, and the administrator hears what is to be done.
fault '{"kind":"snapshot-remove-error","vm":"odd01","times":0}'
xp 75 --quiesce off --json -o d odd01
said_like "esxbk-export-ovf: snapshot $own could not be removed: remove snapshot: FileLocked: Unable to access file since it is locked"
same "$(result '.outcome, .exit, .class, .fault, .steps.publish,
	.steps.cleanup, .warnings[].code')" 'warn
75
temporary
FileLocked
ok
failed
W_SNAPSHOT_LEFT'
disk_good "$(result .path)" "$HOST_SPEC/odd01.raw"
left=$(snapshots_of odd01)
has err "$left"

# While that goes on nothing is added to it.
xp 75 --quiesce off -o d odd01
said "esxbk-export-ovf: export odd01: leftover snapshot $left could not be removed: remove snapshot: FileLocked: Unable to access file since it is locked"
same "$(snapshots_of odd01)" "$left" "not one more"
only_points d odd01_TIME
clear_faults
xp 0 --quiesce off --json -o d odd01
warned ".*removing snapshot $left, left by an earlier run"
same "$(result '.warnings[].code')" W_LEFTOVER_SNAPSHOT
host_idle
rm -r d

# The removal leaves delta files: they are merged.
fault '{"kind":"consolidation-needed","vm":"odd01"}'
xp 0 --quiesce off -o d odd01
same "$(calls ConsolidateVMDisks_Task)" 1 "the disks were consolidated"
same "$(ctl state | jq -c '.vms[] | select(.name == "odd01") |
	[.consolidation_needed, .disks[].chain]')" '[false,1]' "one file"
host_idle
fault '{"kind":"consolidation-needed","vm":"odd01"}'
fault '{"kind":"task-error","method":"ConsolidateVMDisks_Task","vm":"odd01",
	"type":"FileLocked","message":"The disk is locked."}'
xp 75 --quiesce off --json -o d odd01
said_like "esxbk-export-ovf: snapshot $own could not be removed: consolidate disks: FileLocked: The disk is locked\."
disk_good "$(result .path)" "$HOST_SPEC/odd01.raw"
ctl 'consolidation?vm=odd01&needed=false' '{}' >/dev/null
rm -r d

# --- a run that was killed ---------------------------------------------------

# on VM NAME DESCRIPTION: somebody makes a snapshot.
on()
{
	ctl "snapshot?vm=$1&name=$(jq -rn --arg v "$2" '$v | @uri')&description=$(
		jq -rn --arg v "$3" '$v | @uri')" '{}' >/dev/null
}

fault '{"kind":"slow","bytes_per_second":2000000,"vm":"odd01"}'
start esxbk-export-ovf "${HX[@]}" --quiesce off -o d odd01
wait_for 60 transferring d 1000000
kill -KILL "$PID"
{ finish 137; } 2>/dev/null
left=$(snapshots_of odd01)
check "it left one: $left" grep -qxE "$own" <<<"$left"
same "$(find d -name '*.partial' | wc -l)" 1 "and an unfinished folder"
mark=$(ctl state | jq -r '.vms[] | select(.name == "odd01") |
	.snapshots[0].description')

# Others made theirs: another machine, another folder, and by hand.
theirs=("esxbk-20251201_010101-0000aaaa" esxbk-foo esxbk-by-hand mine)
on odd01 "${theirs[0]}" "${mark/machine=/machine=0}"
on odd01 esxbk-foo "${mark/repository=/repository=%2Fsrv}"
on odd01 esxbk-by-hand 'machine=? repository=?'
on odd01 mine "$mark"

# As long as the dead run's lease lives, its snapshot cannot go.
xp 75 --quiesce off -o d odd01
said "esxbk-export-ovf: export odd01: leftover snapshot $left could not be removed: remove snapshot: FileLocked: Unable to access file $(jq -rn \
	'last(inputs | select(.event == "task" and .message)) | .message' \
	"$HOST_EVENTS" | sed 's/^Unable to access file //')"
only_points d
ctl 'lease-error?reason=timed%20out' '{}' >/dev/null

# From another folder it is somebody else's.
xp 0 --quiesce off -o other odd01
same "$(snapshots_of odd01)" "$(printf '%s\n' "$left" "${theirs[@]}" | sort)" \
	"all are still there"

xp 0 --quiesce off --json -o d odd01
warned ".*removing snapshot $left, left by an earlier run"
same "$(result '.outcome, .warnings[].code')" $'warn\nW_LEFTOVER_SNAPSHOT'
disk_good "$(result .path)" "$HOST_SPEC/odd01.raw"
only_points d odd01_TIME
same "$(snapshots_of odd01)" "$(printf '%s\n' "${theirs[@]}" | sort)" \
	"those of others are still there"
same "$(jq -r 'select(.event == "snapshot-removed") | .name' "$HOST_EVENTS" |
	grep -vE "^$own\$")" '' "no other was ever removed"

wait "${beside[@]}"
cat try.checks require.checks
