#!/bin/bash
# What a program reads of a backup: the result document, the record in the
# point, and nothing else on stdout.
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/point.sh" || exit 1

iso='^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$'

# of FILE EXPR WANT: an expression on the result of one VM.
of()
{
	same "$(jq -c "select(.type == \"backup\") | $2" "$1")" "$3" \
		"result: $(tr -s '\n\t' ' ' <<<"$2")"
}

result()
{
	local dir=$1 point size sha
	xp 0 -o "$dir" --json uefi01
	same "$(cat err)" '' "nothing on stderr"
	same "$(wc -l <out)" 2 "a line for the VM and one for the sum"
	same "$(grep -c '^{"schema":"esxbk.result/1","type":' out)" 2 \
		"the schema comes first"
	point=$(jq -r '.path // empty' out)
	size=$(stat -c %s "$point/uefi01-disk1.vmdk")
	sha=$(sha256sum <"$point/uefi01-disk1.vmdk" | cut -c-64)
	of out '[.type, .vm]' "[\"backup\",{\"name\":\"uefi01\",\"moid\":\"$(moid 14)\",\"uuid\":\"$(uuid 14)\"}]"
	of out '[.outcome, .changed, .exit, .class, .fault, .kind, .parent]' \
		'["ok",true,0,"ok",null,"full",null]'
	of out '[.path, .point]' "[\"$point\",\"${point##*/}\"]"
	of out "[(.started | test(\"$iso\")), (.seconds | type), .seconds > 0]" \
		'[true,"number",true]'
	of out .bytes "{\"capacity\":$((40 << 20)),\"read\":$((size + 270840)),\"written\":$((size + 270840))}"
	of out '.disks | map(del(.content_sha256))' "[{\"key\":2000,\"label\":\"Hard disk 1\",\"file\":\"uefi01-disk1.vmdk\",\"capacity\":$((40 << 20)),\"bytes\":$size,\"sha256\":\"$sha\",\"outcome\":\"ok\"}]"
	of out '.disks[].content_sha256 | test("^[0-9a-f]{64}$")' true
	of out '[.skipped, .warnings, .error]' '[[],[],null]'
	of out .steps '{"snapshot":"ok","quiesce":"skipped","transfer":"ok","host_check":"ok","descriptor":"ok","publish":"ok","cleanup":"ok"}'
	same "$(tail -n 1 out)" '{"schema":"esxbk.result/1","type":"summary","vms":1,"ok":1,"partial":0,"failed":0,"exit":0,"class":"ok","error":null}'
	record_of "$point"
}

# in_record EXPR WANT
in_record()
{
	same "$(jq -c "$1" "$point/backup.json")" "$2" "record: $(tr -s '\n\t' ' ' <<<"$1")"
}

record_of()
{
	local point=$1 vmdk=$1/uefi01-disk1.vmdk made version
	version=$("$B/esxbk-export-ovf" --version)
	made=$(jq -r 'select(.event == "snapshot-created" and .vm == "uefi01")
		.name' "$HOST_EVENTS" | tail -n 1)
	in_record '[.schema, .tool, .point]' \
		"[\"esxbk.backup/1\",\"esxbk ${version##* }\",\"${point##*/}\"]"
	in_record '[.kind, .mode, .parent, .plan]' '["full","ovf",null,null]'
	in_record '"esxbk-" + .run' "\"$made\""
	in_record "[.time, .times[]] | map(test(\"$iso\")) | unique" '[true]'
	in_record '.times | keys_unsorted' \
		'["started","snapshot","transfer_start","transfer_end"]'
	in_record '.times | [.started <= .snapshot, .snapshot <= .transfer_start,
		.transfer_start <= .transfer_end]' '[true,true,true]'
	in_record '.time | gsub("[-:Z]"; "") | sub("T"; "_")' \
		"\"$(grep -oE '[0-9]{8}_[0-9]{6}$' <<<"$point")\""
	in_record .vm "{\"name\":\"uefi01\",\"moid\":\"$(moid 14)\",\"instance_uuid\":\"$(uuid 14)\",\"bios_uuid\":\"$(uuid 14 bios)\",\"path\":\"$VMS/uefi01\"}"
	in_record '[.server.host, .server.product, .server.version,
		.server.fingerprint]' "[\"localhost\",$PRODUCT,\"sha256:$(
		tr -d : <<<"${HOST_PIN#sha256:}" | tr A-F a-f)\"]"
	in_record '.disks[] | del(.content_sha256, .sha256, .size, .change_id)' \
		"{\"key\":2000,\"label\":\"Hard disk 1\",\"capacity\":$((40 << 20)),\"file\":\"uefi01-disk1.vmdk\",\"cid\":\"$(head -c 2048 "$vmdk" |
		grep -a ^CID= | cut -c5-)\",\"host_check\":\"verified\",\"uuid\":\"$(
		jq -r '.[] | select(.name == "uefi01").disks[0].uuid' \
		"$HOST_SPEC/spec.json" | tr a-f A-F)\",\"mode\":\"persistent\",\"backing\":\"VirtualDiskFlatVer2BackingInfo\",\"datastore_path\":\"[datastore1] uefi01/uefi01.vmdk\"}"
	in_record '.disks[].change_id | test("^[0-9a-f -]{47}/[0-9]+$")' true
	in_record "$(jq -c '.disks[0] | [.content_sha256, .sha256, .size]' \
		<(jq 'select(.type == "backup") | .disks[0].size = .disks[0].bytes' \
		out)) - [.disks[0] | .content_sha256, .sha256, .size]" '[]'
	in_record '.quiesce' '{"asked":"try","achieved":false}'
	in_record '[.skipped, .warnings]' '[[],[]]'
	in_record '.config | del(.networks, .devices)' '{"hardware":"vmx-19","guest":"Debian GNU/Linux 11 (64-bit)","firmware":"efi","power":"poweredOff","template":false,"encrypted":false,"vtpm":false}'
	in_record '.config.networks | map(del(.mac))' '[{"key":4000,"label":"Network adapter 1","type":"VirtualVmxnet3","network":"VM Network"}]'
	in_record '.config.networks[0].mac' "\"$(ovf "$point" \
		"string(//*[local-name()='Item'][*='Network adapter 1']/*[
		local-name()='Address'])")\""
	in_record '.config.devices[] | select(.key == 2000 or .key == 1000)' \
		'{"key":1000,"type":"ParaVirtualSCSIController","label":"SCSI controller 0","controller":100,"unit":3,"bus":0}
{"key":2000,"type":"VirtualDisk","label":"Hard disk 1","controller":1000,"unit":0}'
	same "$(head -c 1 "$point/backup.json")$(tail -c 2 "$point/backup.json")" \
		'{}' "a text file"
}

# --result: the same in a file, whatever stdout has.
in_file()
{
	echo old >result.json
	xp 0 -o out.d --result result.json iso01
	check "a path on stdout: $(cat out)" test -f "$(cat out)/backup.json"
	same "$(wc -l <out)" 1 "and nothing else"
	of result.json .path "\"$(cat out)\""
	same "$(jq -r .type result.json)" $'backup\nsummary'
	same "$(stat -c %a result.json)" 644
	xp 0 -o out.d --json --result result.json iso01
	check "both have the same" cmp out result.json
	same "$(find . -name '*result.json*')" ./result.json "no leftover"
	xp 66 -o out.d --result result.json iso99
	same "$(jq -c 'del(.schema)' result.json)" '{"type":"summary","vms":0,"ok":0,"partial":0,"failed":0,"exit":66,"class":"notfound","error":{"class":"notfound","text":"iso99: no such VM","fault":null}}'
	xp 73 -o new --result no/such/folder.json iso01
	same "$(wc -l <err)" 1 "one line on stderr"
	has err 'esxbk-export-ovf: --result: '
	check "nothing was begun" test ! -e new
}

# A failure has the vSphere fault's type name, and no path.
failed()
{
	ctl fault '{"kind":"fault","method":"CreateSnapshot_Task","vm":"iso01",
		"type":"NoPermission","message":"Permission denied."}' >/dev/null
	xp 77 -o failed --json iso01
	same "$(wc -l <err)" 1 "one line on stderr"
	of out '[.outcome, .changed, .exit, .class, .fault, .path, .point]' \
		'["failed",false,77,"permission","NoPermission",null,null]'
	of out '[.error.class, .error.fault]' '["permission","NoPermission"]'
	same "$(jq -r 'select(.type == "backup").error.text' out)" \
		"$(sed 's/^esxbk-export-ovf: //' err)" "the text is stderr's"
	of out '[.disks, .steps, .bytes.written]' '[[],{"snapshot":"failed"},0]'
	same "$(tail -n 1 out | jq -c '[.vms, .ok, .failed, .exit, .class,
		.error.fault]')" '[1,0,1,77,"permission","NoPermission"]'
	same "$(left failed)" .w-ID "no point, nothing half-done"
}

# stdout carries data, also when there is much to tell.
talk()
{
	local rc=0
	xp 0 -o talk -v qemu01
	same "$(wc -l <out)" 1 "-v: one line on stdout"
	check "-v: steps on stderr" grep -q '^esxbk-export-ovf: made snapshot ' err
	same "$(grep -vc '^esxbk-export-ovf: ' err)" 0 "each with the tool's name"
	xp 0 -o talk -q qemu01
	same "$(cat err)" '' "-q: no warning"
	xp 0 -o talk --json --progress json iso01
	same "$(jq -r .type out)" $'backup\nsummary' "progress is not on stdout"
	check "progress is on stderr" test -s err
	"$B/esxbk-export-ovf" "${HX[@]}" -o talk iso01 >/dev/full 2>err || rc=$?
	same "$rc" 74 "exit 74: a full stdout"
	same "$(cat err)" 'esxbk-export-ovf: write to standard output: No space left on device'
}

quick_host esxi
VMS=ha-datacenter/vm PRODUCT='"VMware ESXi 7.0.3 build-20328353","7.0.3.0"'
result esxi
in_file
talk
host_clean
failed
quick_host vcenter
VMS=Lab/vm PRODUCT='"VMware vCenter Server 8.0.3 build-69507950","8.0.2.0"'
result vcenter
id=$(jq -r .server.instance_uuid vcenter/uefi01_*/backup.json)
check "the vCenter's own id: $id" grep -qE '^[0-9a-f-]{36}$' <<<"$id"
host_clean
