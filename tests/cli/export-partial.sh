#!/bin/bash
# What no export can hold is named, in the exit status, on stderr, in the
# result and in the record; the rest is a complete point.
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/point.sh" || exit 1

independent='an independent disk is not part of a snapshot'
rdm='a raw device mapping in physical mode is not part of a snapshot'
tpm='an export holds no virtual TPM; keep its recovery keys'

# partial DIR VM KEY LABEL CODE REASON RAW...
partial()
{
	local dir=$1 vm=$2 key=$3 label=$4 code=$5 reason=$6 point skipped
	shift 6
	xp 3 -o "$dir" --quiesce off --json "$vm"
	same "$(cat err)" "esxbk-export-ovf: warning: $vm: $label is not in the backup: $reason
esxbk-export-ovf: $vm: not in the backup: $label"
	skipped="[{\"key\":$key,\"label\":\"$label\",\"code\":\"$code\",\"reason\":\"$reason\"}]"
	same "$(jq -c 'select(.type == "backup") | [.outcome, .changed, .exit,
		.class, .error]' out)" '["partial",true,3,"partial",null]'
	same "$(jq -c 'select(.type == "backup").skipped' out)" "$skipped"
	same "$(jq -c 'select(.type == "backup").warnings' out)" "[{\"code\":\"$code\",\"text\":\"$label is not in the backup: $reason\"}]"
	same "$(jq -c 'select(.type == "summary")' out)" '{"schema":"esxbk.result/1","type":"summary","vms":1,"ok":0,"partial":1,"failed":0,"exit":3,"class":"partial","error":null}'
	point=$(jq -r 'select(.type == "backup").path' out)
	same "$(record "$point" '.skipped | tojson')" "$skipped"
	same "$(record "$point" '.warnings[].code')" "$code"
	point_good "$point" "$@"
}

story()
{
	local dir=$1
	partial "$dir" indep01 2001 'Hard disk 2' W_INDEPENDENT_DISK \
		"$independent" "$HOST_SPEC/indep01-0.raw"
	partial "$dir" rdm01 2001 'Hard disk 2' W_PHYSICAL_RDM "$rdm" \
		"$HOST_SPEC/rdm01-0.raw"
	partial "$dir" tpm01 11000 'Virtual TPM' W_VTPM "$tpm" \
		"$HOST_SPEC/tpm01.raw"
	check "the TPM machine's NVRAM" cmp "$HOST_SPEC/tpm01.nvram" \
		"$(echo "$dir"/tpm01_*)/tpm01.nvram"
	host_clean
}

quick_host esxi
story esxi
quick_host vcenter
story vcenter

# Also where no warning is shown, and of several VMs.
xp 3 -q -o quiet indep01
same "$(cat err)" "esxbk-export-ovf: indep01: not in the backup: Hard disk 2"
xp 3 -q -n -o quiet indep01 tpm01 iso01
same "$(cat err)" "esxbk-export-ovf: of 3 VMs: 0 failed, 2 partial; \
indep01: not in the backup: Hard disk 2; tpm01: not in the backup: Virtual TPM"

# A dry run knows it, too.
xp 3 -n -o dry --json indep01
same "$(jq -c 'select(.type == "backup") | [.dry_run, .outcome, .changed, .exit,
	[.skipped[].code]]' out)" '[true,"partial",true,3,["W_INDEPENDENT_DISK"]]'
xp 10 -n --exit-code -o dry indep01
same "$(cat out)" 'indep01: would be exported'
# What would fail is not "up to date".
xp 65 -n -o dry template
same "$(cat out)" '' "nothing on stdout"
xp 3 -n -o dry template iso01
same "$(cat out)" 'iso01: would be exported'
check "no folder was made" test ! -e dry

# Left out on purpose is not missing.
xp 0 -o meant --quiesce off --json --exclude-disk 'Hard disk 2' indep01
same "$(cat err)" '' "nothing on stderr"
same "$(jq -c 'select(.type == "backup") | [.outcome, .exit, .skipped,
	.warnings]' out)" '["ok",0,[],[]]'
point_good "$(jq -r '.path // empty' out)" "$HOST_SPEC/indep01-0.raw"

# A stopped VM has its independent disk exported without a snapshot.
ctl 'power?vm=indep01&on=false' '{}' >/dev/null
xp 0 -o whole --snapshot never indep01
point_good "$(cat out)" "$HOST_SPEC/indep01-0.raw" "$HOST_SPEC/indep01-1.raw"

# Some good, some partial: the call as a whole is partial.
xp 3 -o several --quiesce off --json db01 rdm01
same "$(jq -r 'select(.type == "backup") | "\(.vm.name) \(.exit)"' out)" \
	$'db01 0\nrdm01 3'
same "$(tail -n 1 out | jq -c '[.vms, .ok, .partial, .failed, .exit]')" \
	'[2,1,1,0,3]'
same "$(tail -n 1 err)" 'esxbk-export-ovf: of 2 VMs: 0 failed, 1 partial; rdm01: not in the backup: Hard disk 2'
host_clean
