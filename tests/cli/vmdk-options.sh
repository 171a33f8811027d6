#!/bin/bash
# What a user types, right and wrong: every wrong one is told at once, in one
# line, and before anything is made.
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/vmdk.sh" || exit 1

# Before a connection is made: there is no host yet.
wrong()
{
	local line=$1
	shift
	run 64 esxbk-export-vmdk -s localhost:1 -u root "$@"
	same "$(cat err)" "esxbk-export-vmdk: $line"
}

wrong 'where to? Give --output DIR' vm
wrong 'which VM?' -o d
wrong 'one VM at a time' -o d one two
wrong '--retries: at most 1000' -o d --retries 1001 vm
wrong "--quiesce: 'never' is none of off, try, require (see esxbk-export-vmdk --help)" -o d --quiesce never vm
wrong "--min-datastore-free: 101%: not a percentage from 0% to 100%" \
	-o d --min-datastore-free 101% vm
wrong '--resume is for points, a disk on standard output is none' \
	-o - --resume vm
wrong '--plan is for points, a disk on standard output is none' \
	-o - --plan p vm
wrong 'standard output takes the disk: give --result FILE in place of --json' \
	-o - --json vm
wrong "--disk is for a VM, '[a] b.vmdk' is a disk already" \
	-o d --disk x '[a] b.vmdk'
same "$(ls -A)" "$(printf 'err\nout')" "no folder was made"

need script
script -qec "$B/esxbk-export-vmdk -s localhost:1 -u root -o - vm" /dev/null \
	</dev/null >out 2>&1
same $? 64 "a terminal is no place for a disk"
has out 'standard output is a terminal, no place for a disk'

raw_host esxi

# refused STATUS LINE ARG...
refused()
{
	local want=$1 line=$2
	shift 2
	vx "$want" "$@"
	said "esxbk-export-vmdk: $line"
	same "$(snapshots) $(gets)" '0 0' "no snapshot, nothing fetched"
	host_left_alone
}

refused 66 'nobody: no such VM' -o d nobody
refused 4 'the selection matches no VM' -o d name:nobody*
refused 64 'one VM at a time: these are 2' -o d 'name:*01'
refused 66 "no disk 'Hard disk 9'; the first is 'Hard disk 1'" \
	-o d --disk 'Hard disk 9' flat01
refused 66 'no VM has the disk [datastore1] flat01/none.vmdk now: esxbk-list --json shows their files' \
	-o d '[datastore1] flat01/none.vmdk'
refused 73 "export flat01: make folder no/no: No such file or directory" -o no/no flat01

# --- one of two disks ---------------------------------------------------------

vx 0 --quiesce off -o d --disk 'Hard disk 2' --json run01
point=$(result .path)
same "$(result '.disks | map([.label, .file]) | tojson')" \
	'[["Hard disk 2","run01-disk2-flat.vmdk"]]'
same "$(result '.skipped | tojson')" '[]'
flat_good "$point" "$HOST_SPEC/run01-1.raw"
vx 0 --quiesce off -o d --plan nightly '[datastore1] run01/run01_1.vmdk'
flat_good "$(cat out)" "$HOST_SPEC/run01-1.raw"
same "$(record "$(cat out)" .plan)" nightly
rm -rf d

# --- what it costs, beside the other mode ---------------------------------------

vx 0 --quiesce off -o d --json -v run01
same "$(result '.bytes | [.capacity, .committed < .read, .read, .written < 7000000,
	.written > 4500000] | tojson')" \
	"[121634816,true,$((121634816 + $(stat -c %s d/*/run01.vmx))),true,true]"
has err 'MiB downloaded; the VM uses'
same "$(result '[.format, .kind, .outcome, .changed] | tojson')" \
	'["dir","full","ok",true]'
same "$(jq -c 'select(.type == "summary")' out)" \
	'{"schema":"esxbk.result/1","type":"summary","exit":0,"class":"ok","error":null}'
rm -rf d

# --- trying ---------------------------------------------------------------------

before=$(snapshots)
for vm in flat01 run01; do
	vx 0 -n -o d $vm
	same "$(cat out)" "$vm: would be exported"
	said ''
	vx 10 -n --exit-code -o d $vm
done
vx 10 -n --exit-code -o d --json flat01
same "$(result '[.dry_run, .changed, .path] | tojson')" '[true,true,null]'
same "$(snapshots) $(ls -d d 2>/dev/null)" "$before " "nothing was made"
fault '{"kind": "folder-status", "status": 404, "vm": "flat01", "times": 0}'
vx 66 -n -o d flat01
said_like 'esxbk-export-vmdk: export flat01: Hard disk 1: \[datastore1\] flat01/flat01\.vmdk: no such file at localhost \(HTTP status 404\)'
clear_faults

# --- progress ---------------------------------------------------------------------

vx 0 --progress=json -o d flat01
same "$(grep '^{' err | tail -n 1 | jq -c '[.disk, .position, .percent, .done]')" \
	'["Hard disk 1",167773696,100,true]'
host_left_alone
