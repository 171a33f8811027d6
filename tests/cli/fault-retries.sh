#!/bin/bash
# A nightly backup survives a bad moment of the line or of the host, and what
# is there already is not fetched again.
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/fault.sh" || exit 1

quick_host esxi
db=("$HOST_SPEC/db01-0.raw" "$HOST_SPEC/db01-1.raw")

gets()
{
	event_count ".event == \"nfc-start\" and .file == \"$1\""
}

# One of two disks arrives damaged: it is fetched again, the other is not,
# and both are of the same moment.
fault '{"kind":"damage","vm":"db01","disk":1,"after_bytes":2000000}'
xp 0 -o d --json --retries 0 db01
point=$(result '.path // empty')
point_good "$point" "${db[@]}"
same "$(jq -r 'select(.event == "nfc-start") | .disk' "$HOST_EVENTS" |
	sort | xargs)" '0 1 1' "only the bad disk came twice"
same "$(leases) $(snapshots)" '2 1' "two leases on one snapshot"
warned 'db01: tried again with a new lease: Hard disk 2: grain at sector .* does not inflate'
same "$(result '.warnings[].code')" W_RETRIED
same "$(record "$point" '.warnings[].code')" W_RETRIED "so in backup.json"
host_idle
rm -r d

# A broken line is another matter: it gets as many attempts as are asked for.
fault '{"kind":"reset","vm":"odd01","after_bytes":200000,"times":2}'
before=$(leases)
xp 74 --quiesce off -o d --json --retries 1 odd01
said_like 'esxbk-export-ovf: export odd01: Hard disk 1: .*: transfer broken after [0-9]+ bytes: .*'
same $(($(leases) - before)) 2 "a lease for each attempt"
same "$(result '.steps.transfer, .outcome, .exit, .changed')" \
	$'failed\nfailed\n74\nfalse'
only_points d
host_idle
clear_faults
fault '{"kind":"reset","vm":"odd01","after_bytes":200000}'
xp 0 --quiesce off -o d --json odd01
disk_good "$(result '.path // empty')" "$HOST_SPEC/odd01.raw"
same "$(result '.warnings[].code')" W_RETRIED
rm -r d

# A busy host is asked again under the same lease, which is no warning.
fault '{"kind":"status","status":503,"vm":"odd01","times":2}'
before=$(leases)
xp 0 --quiesce off -o d --json --retries 0 odd01
said
same "$(wc -l <err)" 0 "no warning"
same "$(result '.outcome')" ok
same $(($(leases) - before)) 1 "one lease"
disk_good "$(result '.path // empty')" "$HOST_SPEC/odd01.raw"
rm -r d

# Until our patience ends.
fault '{"kind":"status","status":503,"vm":"odd01","times":0}'
begin=$SECONDS
xp 75 --quiesce off -o d --retries 0 odd01
said 'esxbk-export-ovf: export odd01: Hard disk 1: localhost answers HTTP status 503'
check "it was patient" test $((SECONDS - begin)) -ge 3
only_points d
host_idle
clear_faults

# UEFI variables are no disk, but without them the VM does not boot.
fault '{"kind":"short","file":"uefi01.nvram","after_bytes":1000,"times":0}'
xp 74 -o d --retries 0 uefi01
said_like 'esxbk-export-ovf: export uefi01: nvram: 1000 bytes came, the lease says 270840'
check "the fault met a transfer" test "$(gets uefi01.nvram)" -ge 1
only_points d
host_idle
clear_faults
fault '{"kind":"short","file":"uefi01.nvram","after_bytes":1000}'
xp 0 -o d --retries 0 uefi01
point_good "$(cat out)" "$HOST_SPEC/uefi01.raw"
check "the whole nvram" cmp "$(cat out)/uefi01.nvram" "$HOST_SPEC/uefi01.nvram"
host_idle

# Of several VMs one fails for good: the others are not held up by it.
rm -r d
fault '{"kind":"empty","vm":"odd01","times":0}'
xp 3 --quiesce off -o d --json --retries 0 odd01 rdm01 iso01
said 'esxbk-export-ovf: of 3 VMs: 1 failed, 1 partial: export odd01: Hard disk 1: the stream is empty; rdm01: not in the backup: Hard disk 2'
same "$(jq -r 'select(.type == "backup") | "\(.vm.name) \(.exit)"' out |
	sort)" $'iso01 0\nodd01 74\nrdm01 3'
only_points d iso01_TIME rdm01_TIME
host_idle
