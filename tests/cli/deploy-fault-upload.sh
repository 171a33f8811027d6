#!/bin/bash
# timeout: 240
# An upload breaks, stalls, is refused or does not arrive as it was sent.  What
# passes is survived with a new lease; what stays ends the run with the reason,
# and of the half-made VM nothing is left.
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/deploy_fault.sh" || exit 1

quick_host esxi
where=localhost:$HOST_PORT
point_of odd01
from "$POINT" "$HOST_SPEC/odd01.raw"
disk=odd01-disk1.vmdk
size=$(stat -c %s "$SOURCE/$disk")
digest='[0-9a-f]{64}'
broken='the lease failed: FileFault: The transfer of \[datastore1\] copy[0-9]*/disk-0.vmdk was interrupted.'
stall=2
[ -z "${VALGRIND:-}" ] || stall=30

# The host's own word on what it makes of a transfer that broke is the better
# one.
for at in '"percent":10' '"percent":50' '"what":"last"'; do
	fails 75 "$broken" FileFault "{\"kind\":\"upload-reset\",$at,\"times\":0}"
	same "$(uploads)" 1 "no other attempt with --retries 0"
	heals "$broken" FileFault "{\"kind\":\"upload-reset\",$at}"
done

# Nothing moves any more.
for at in '"percent":10' '"percent":50'; do
	mark_time
	fails 74 "$disk: $where: no byte for $stall s after [0-9]+ bytes" \
		abort "{\"kind\":\"upload-stall\",$at,\"ms\":60000,\"times\":0}" \
		--stall-timeout "${stall}s"
	soon 8
done
mark_time
fails 74 "$disk: $where: no (answer for $stall s after all $size bytes|byte for $stall s after [0-9]+ bytes)" \
	abort '{"kind":"upload-stall","what":"last","ms":60000,"times":0}' \
	--stall-timeout "${stall}s"
soon 8
heals "$disk: $where: no byte for $stall s after [0-9]+ bytes" abort \
	'{"kind":"upload-stall","percent":50,"ms":60000}' \
	--stall-timeout "${stall}s"

# The host has other things to do.
fails 75 "$disk: localhost answers HTTP status 503" abort \
	'{"kind":"upload-status","times":0}'
heals "$disk: localhost answers HTTP status 503" abort \
	'{"kind":"upload-status"}'
fails 74 "$disk: localhost answers HTTP status 500" abort \
	'{"kind":"upload-status","status":500,"times":0}'
heals "$disk: localhost answers HTTP status 500" abort \
	'{"kind":"upload-status","status":500}'

# It will not have it: that is not asked for twice.
fault '{"kind":"upload-status","status":403,"times":0}'
restore 77
lost "$disk: localhost answers HTTP status 403" abort
clear_faults

# A bit fell over on the way, or on the host's own disk: what is there is not
# what was backed up.
other="$disk: what was sent has digest $digest, the host has $digest"
fails 74 "$other" abort '{"kind":"upload-damage","percent":50,"times":0}'
heals "$other" abort '{"kind":"upload-damage","percent":50}'
fails 74 "$other" abort '{"kind":"manifest-wrong","times":0}'
fails 74 "$disk: $size bytes were sent, the host has $((size + 512))" abort \
	'{"kind":"manifest-wrong","what":"size","times":0}'

# It does not say what it has: that is no failure, but the result tells.
for what in '' ',"what":"empty"'; do
	next_name
	fault "{\"kind\":\"no-manifest\"$what,\"times\":0}"
	restore 0 --json
	said
	warned 'the host gave no digest to compare with'
	same "$(restored '[.outcome, .warnings[].code, .steps.host_check,
		.files[].host_check]')" \
		'["warn","W_UNVERIFIED_BY_HOST","skipped","unverified"]'
	same "$(ends)" complete
	kept
	clear_faults
done

# All attempts fail: as many as were asked for, each with a lease of its own.
next_name
fault '{"kind":"upload-status","times":0}'
restore 75 --retries 1
said_like "esxbk-deploy-ovf: restore $NAME: $disk: localhost answers HTTP status 503"
same "$(grep -c 'tried again with a new lease' err)" 1 "two attempts"
same "$(ends) $(begun '.event == "vm-created"')" 'abort abort 2' \
	"each with a lease of its own"
gone "$NAME"
clear_faults

# What came on standard input has gone by: it cannot be sent again.
xp 0 --quiesce off --format ova -o odd01.ova odd01
file=$SOURCE
from -
fault '{"kind":"upload-status","skip":0}'
restore 75 --retries 2 <odd01.ova
lost "$disk: localhost answers HTTP status 503" abort
fault '{"kind":"upload-damage","percent":50}'
restore 74 --retries 2 <odd01.ova
lost "$other" abort
fault '{"kind":"upload-reset","percent":50}'
restore 75 --retries 2 <odd01.ova
lost "$broken" FileFault
from "$file"

# --- several files, a vCenter ------------------------------------------------

quick_host vcenter
place --folder vm
point_of db01
from "$POINT" "$HOST_SPEC/db01-0.raw" "$HOST_SPEC/db01-1.raw"
broken='the lease failed: FileFault: The transfer of \[datastore1\] copy[0-9]*/disk-1.vmdk was interrupted.'
next_name
fails 75 "$broken" FileFault \
	'{"kind":"upload-reset","disk":1,"percent":50,"times":0}'
same "$(uploads)" 2 "the first disk was there"
heals "$broken" FileFault '{"kind":"upload-reset","disk":1,"percent":50}'
same "$(begun '.event == "nfc-end" and .complete')" 3 "the first one twice"
fails 74 "db01-disk2.vmdk: what was sent has digest $digest, the host has $digest" \
	abort '{"kind":"upload-damage","disk":1,"percent":50,"times":0}'
point_of uefi01
from "$POINT" "$HOST_SPEC/uefi01.raw"
fails 75 "uefi01.nvram: esx1.lab.test answers HTTP status 503" abort \
	"{\"kind\":\"upload-status\",\"file\":\"$NAME.nvram\",\"times\":0}"
