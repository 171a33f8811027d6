#!/bin/bash
# timeout: 300
# The host does not make the VM, takes its lease away, or forgets who we are.
# What it says is told, with a status that tells whether trying again is of any
# use; what it can be asked to undo is undone.
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/deploy_fault.sh" || exit 1

quick_host esxi
point_of odd01
from "$POINT" "$HOST_SPEC/odd01.raw"
disk=odd01-disk1.vmdk
stays='"times":0'

# --- the host makes no VM ----------------------------------------------------

# Its VM goes with it.
no_lease()
{
	[ "$(ctl state | jq -c .leases)" = '[]' ]
}

# refuses STATUS FAULT RETRIES PATTERN: nothing was begun, and nothing is tried again.
refuses()
{
	local before
	before=$(calls ImportVApp)
	fault "$2"
	restore "$1" --retries "$3"
	lost "$4" ''
	same "$(wc -l <err) $(($(calls ImportVApp) - before))" '1 1' \
		"one line, one attempt"
	clear_faults
}
refuses 77 "{\"kind\":\"no-permission\",\"method\":\"ImportVApp\",
	\"what\":\"VApp.Import\",$stays}" 2 \
	'ImportVApp: NoPermission: .* \(missing privilege: VApp.Import\)'
refuses 77 "{\"kind\":\"restricted\",\"method\":\"ImportVApp\",$stays}" 2 \
	"ImportVApp: RestrictedVersion: .* \(the host's free licence forbids changes through the API: .*\)"
for type in DuplicateName:73:2 FileAlreadyExists:73:2 InvalidName:73:2 \
	LicenseExpired:77:2 InvalidState:75:0 NoDiskSpace:74:2 \
	InsufficientStorageSpace:74:2; do
	IFS=: read -r type status retries <<<"$type"
	refuses "$status" "{\"kind\":\"fault\",\"method\":\"ImportVApp\",
		\"type\":\"$type\",\"message\":\"no; <not>\\n here\",$stays}" \
		"$retries" "ImportVApp: $type: no; <not>  ?here"
done
heals 'ImportVApp: InvalidState: .*' '' '{"kind":"fault",
	"method":"ImportVApp","type":"InvalidState"}'

# The answer is lost, and with it the lease: nobody can abort that, and another
# attempt would meet the name of the first.  (A connection that drops here has
# told nothing, but who knows.)
unknown='the host may have begun to make the VM: then it removes it when the lease times out, within minutes'
for kind in drop:74::'ImportVApp: localhost:[0-9]+: transfer broken after 0 bytes: .*' \
	garbage:76:Timedout:'ImportVApp: reply of localhost: line [0-9]+: .*'; do
	IFS=: read -r kind status end pattern <<<"$kind"
	next_name
	ctl 'set?lease-timeout=2s' '{}' >/dev/null
	fault "{\"kind\":\"$kind\",\"method\":\"ImportVApp\"}"
	restore "$status"
	said_like "esxbk-deploy-ovf: restore $NAME: $pattern"
	warned "$unknown"
	wait_for 30 no_lease
	lost "$pattern" "$end"
	ctl 'set?lease-timeout=300s' '{}' >/dev/null
done

# While it gets ready.
for type in DuplicateName:73:2 NoDiskSpace:74:2 FileFault:75:0 \
	RestrictedVersion:77:2; do
	IFS=: read -r type status retries <<<"$type"
	next_name
	fault "{\"kind\":\"lease-error\",\"type\":\"$type\",$stays,
		\"message\":\"what\\nthe host says\"}"
	restore "$status" --retries "$retries"
	lost "ImportVApp: the lease failed: $type: what the host says.*" "$type"
	same "$(uploads)" 0 "nothing was sent"
	clear_faults
done
heals "ImportVApp: the lease failed: FileFault: Unable to access.*" FileFault \
	'{"kind":"lease-error"}'

# --- while the disks move ----------------------------------------------------

for type in NoDiskSpace:74:2 FileFault:75:0 NoPermission:77:2; do
	IFS=: read -r type status retries <<<"$type"
	next_name
	fault "{\"kind\":\"upload-lease-error\",\"type\":\"$type\",$stays,
		\"percent\":50,\"message\":\"what\\u001b[31m\\nthe host says\"}"
	restore "$status" --retries "$retries"
	lost "the lease failed: $type: what.*the host says.*" "$type"
	same "$(LC_ALL=C grep -c '[[:cntrl:]]' err)" 0 "no control character"
	clear_faults
done
heals 'the lease failed: FileFault: Unable to access.*' FileFault \
	'{"kind":"upload-lease-error","percent":50}'

# No sign of life gets through, and the host loses patience.
next_name
ctl 'set?lease-timeout=2s' '{}' >/dev/null
fault "{\"kind\":\"fault\",\"method\":\"HttpNfcLeaseProgress\",
	\"type\":\"InvalidState\",$stays}"
fault "{\"kind\":\"upload-slow\",\"bytes_per_second\":1500000,$stays}"
restore 75 --retries 0
lost 'the lease failed: Timedout: The lease timed out: no progress was reported in time.' \
	Timedout
clear_faults
# A host that is merely slow gets them.
fault "{\"kind\":\"upload-slow\",\"bytes_per_second\":1500000,$stays}"
ctl 'set?lease-timeout=4s' '{}' >/dev/null
restore 0
same "$(cat err)" ''
ended complete
check "there were signs of life" test "$(begun '.event == "lease-progress"')" \
	-ge 4
kept
clear_faults
ctl 'set?lease-timeout=300s' '{}' >/dev/null

# --- when it is all there ----------------------------------------------------

for type in InvalidState:75 FileFault:75 NoPermission:77; do
	IFS=: read -r type status <<<"$type"
	next_name
	fails "$status" "HttpNfcLeaseComplete: $type: .*" abort \
		"{\"kind\":\"fault\",\"method\":\"HttpNfcLeaseComplete\",
		\"type\":\"$type\",$stays}"
done
fails 77 'HttpNfcLeaseGetManifest: NoPermission: .*' abort \
	"{\"kind\":\"fault\",\"method\":\"HttpNfcLeaseGetManifest\",
	\"type\":\"NoPermission\",$stays}"
heals 'HttpNfcLeaseComplete: FileFault: .*' abort \
	'{"kind":"fault","method":"HttpNfcLeaseComplete","type":"FileFault"}'
# The answer is lost, but the lease tells.
for kind in drop garbage http; do
	fault "{\"kind\":\"$kind\",\"method\":\"HttpNfcLeaseComplete\"}"
	restore 0
	same "$(cat err)" '' "silence: $kind"
	ended complete
	kept
	clear_faults
	next_name
done
# It cannot even be asked to undo it: it does so by itself.
ctl 'set?lease-timeout=4s' '{}' >/dev/null
fault "{\"kind\":\"upload-status\",$stays}"
fault "{\"kind\":\"drop\",\"method\":\"HttpNfcLeaseAbort\",$stays}"
fault "{\"kind\":\"fault\",\"method\":\"HttpNfcLeaseAbort\",$stays}"
restore 75 --retries 0
warned 'the lease could not be aborted, it ends by itself: HttpNfcLeaseAbort: .*'
wait_for 30 no_lease
lost "$disk: localhost answers HTTP status 503" Timedout
clear_faults
ctl 'set?lease-timeout=300s' '{}' >/dev/null

# Behind the last step that can be undone: the VM stays, and the line says so.
next_name
fault '{"kind":"task-error","method":"ReconfigVM_Task"}'
restore 3 --json
said_like "esxbk-deploy-ovf: the VM '$NAME' is there, but: the new identity: change the VM: .*"
same "$(restored '[.outcome, .exit, .changed, .steps.transfer,
	.steps.identity]')" '["partial",3,true,"ok","failed"]'
ended complete
kept
