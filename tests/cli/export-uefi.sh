#!/bin/bash
# A UEFI guest does not boot without its NVRAM: the same bytes as on the host
# are in the point and listed wherever a restore may look.
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/point.sh" || exit 1

story()
{
	local point sum
	xp 0 -o "$@" uefi01
	point=$(cat out)
	point_good "$point" "$HOST_SPEC/uefi01.raw"
	check "the NVRAM's bytes" cmp "$HOST_SPEC/uefi01.nvram" \
		"$point/uefi01.nvram"
	sum=$(sha256sum <"$HOST_SPEC/uefi01.nvram" | cut -c-64)
	has "$point/uefi01.mf" "SHA256(uefi01.nvram)= $sum"
	same "$(record "$point" '.files | tojson')" "[{\"file\":\"uefi01.nvram\",\"kind\":\"nvram\",\"size\":270840,\"sha256\":\"$sum\",\"host_check\":\"verified\"}]"
	same "$(files_of_descriptor "$point" | tail -n 1)" "uefi01.nvram 270840"
	# That is how a host finds it on import.
	id=$(ovf "$point" "string(//*[local-name()='ExtraConfig'][@*[
		local-name()='key']='nvram']/@*[local-name()='value'])")
	same "$(ovf "$point" "string(//*[local-name()='File'][@*[
		local-name()='id']='${id#ovf:/file/}']/@*[local-name()='href'])")" \
		uefi01.nvram "the descriptor's nvram setting is that file"
	same "$(record "$point" .config.firmware)" efi
}

quick_host esxi
story esxi
story esxi --snapshot never
host_clean
quick_host vcenter
story vcenter
host_clean

# Hosts before 6.7 do not give it: that is told.
host_spec()
{
	HOST_SPEC=$SCRATCH/spec
	mkdir -p "$HOST_SPEC"
	truncate -s 1M "$HOST_SPEC/old.raw"
	for firmware in efi bios; do
		echo "{\"name\": \"old-$firmware\", \"firmware\": \"$firmware\",
			\"disks\": [{\"file\": \"$HOST_SPEC/old.raw\"}]}"
	done | jq -s . >"$HOST_SPEC/spec.json"
}
quick_host esxi
xp 0 -o old --json old-efi old-bios
same "$(jq -r 'select(.type == "backup") | "\(.vm.name) \(.outcome) \(
	.warnings | map(.code))"' out)" 'old-bios ok []
old-efi warn ["W_NO_NVRAM"]'
has err 'esxbk-export-ovf: warning: old-efi: the host gives no nvram: '
same "$(record old/old-efi_*_*/ '.warnings[0].code')" W_NO_NVRAM
