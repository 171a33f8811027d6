#!/bin/bash
# Files that somebody else holds open: it is waited for a while, then told; and
# a small file that is withheld does not cost the disks.
# timeout: 250
# shellcheck disable=SC2010 # what is shared is used elsewhere
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/vmdk.sh" || exit 1

raw_host esxi

# lock FILE MEMBERS
lock()
{
	fault "{\"kind\": \"folder-locked\", \"file\": \"$1\", $2}"
}

# --- the disk ------------------------------------------------------------------

lock flat01-flat.vmdk '"method": "HEAD", "times": 2'
lock flat01-flat.vmdk "\"method\": \"GET\", \"times\": 2, \"skip\": 3"
vx 0 -o d flat01
said ''
flat_good "$(cat out)" "$HOST_SPEC/flat01.raw"
clear_faults
rm -rf d

lock flat01-flat.vmdk '"method": "GET", "skip": 3, "times": 0'
vx 75 -o d --retries 1 flat01
said_like 'esxbk-export-vmdk: export flat01: Hard disk 1: \[datastore1\] flat01/flat01-flat\.vmdk at byte [0-9]+: locked \(HTTP status 500 from localhost\): a running VM holds its disk, a snapshot frees it'
only_points d
clear_faults

# It is started in the middle: nothing keeps it from that.
fault "{\"kind\": \"folder-stall\", \"vm\": \"flat01\", \"disk\": 0,
	\"offset\": $((5 * RANGE + 9)), \"ms\": 3000}"
vxing -o d --retries 1 flat01
wait_for 30 journalled d 1
ctl 'power?vm=flat01&on=true' '{}' >/dev/null
finish 75
said_like 'esxbk-export-vmdk: export flat01: Hard disk 1: .*(locked \(HTTP status 500 from localhost\)|it was written to while it was read).*'
only_points d
ctl 'power?vm=flat01&on=false' '{}' >/dev/null
clear_faults

# --- what lies beside it ---------------------------------------------------------

# without KIND FILE REASON: exit 3, and the disks are there
without()
{
	vx 3 -o d --json flat01
	said "esxbk-export-vmdk: flat01: not in the backup: $1"
	warned "flat01: $1 is not in the backup: \[datastore1\] flat01/$2: $3"
	same "$(result '[.outcome, .exit, .skipped[0].code, .skipped[0].label,
		.skipped[0].key] | tojson')" \
		"[\"partial\",3,\"W_FILE_WITHHELD\",\"$1\",null]"
	POINT=$(result .path)
	flat_good "$POINT" "$HOST_SPEC/flat01.raw"
	same "$(ls "$POINT" | grep -c "\.$1\$")" 0 "no .$1"
	clear_faults
}

# Of a VM with firmware settings that it has open.
lock flat01.nvram '"times": 0'
without nvram flat01.nvram 'locked \(HTTP status 500 from localhost\): .*'
check "the other file" test -e "$POINT/flat01.vmx"
rm -rf d
fault '{"kind": "folder-status", "status": 404, "file": "flat01.vmx", "times": 0}'
without vmx flat01.vmx 'no such file at localhost \(HTTP status 404\)'
check "the NVRAM was found by its usual name" cmp \
	"$HOST_SPEC/flat01.nvram" "$POINT/flat01.nvram"
rm -rf d

# A VM that was never started has no NVRAM.
fault '{"kind": "folder-status", "status": 404, "file": "flat01.nvram", "times": 0}'
vx 0 -o d -v flat01
has err 'flat01.nvram: no such file, the VM has never been started'
flat_good "$(cat out)" "$HOST_SPEC/flat01.raw"
clear_faults
rm -rf d

# Trouble of another kind is no reason for less.
fault '{"kind": "folder-redirect", "file": "flat01.nvram", "times": 0}'
vx 76 -o d flat01
said_like 'esxbk-export-vmdk: export flat01: \[datastore1\] flat01/flat01\.nvram: localhost redirects .*'
only_points d
host_left_alone
host_stop

raw_host vcenter
lock flat01-flat.vmdk '"method": "GET", "times": 0'
vx 75 -o d --retries 0 flat01
said_like 'esxbk-export-vmdk: .*: locked \(HTTP status 500 from localhost\): a running VM holds its disk, a snapshot frees it; if the VM is stopped, ask its own host instead'
host_left_alone
