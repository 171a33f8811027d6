#!/bin/bash
# What was backed up comes back: the host gets the files of the backup byte by
# byte, makes the same machine of them, and a backup of that one has the same
# content.  From a point, an .ovf, an .ova and a pipe.
# timeout: 240
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/deploy.sh" || exit 1

# again COPY: a backup of it has the same content as $POINT.
again()
{
	xp 0 -o again --snapshot never --quiesce off "$1"
	same "$(record "$(cat out)" '[.disks[].content_sha256],
		[.files[] | select(.kind == "nvram").sha256] | tojson')" \
		"$(record "$POINT" '[.disks[].content_sha256],
		[.files[] | select(.kind == "nvram").sha256] | tojson')" \
		"a backup of $1 has the content of the first"
}

story()
{
	local files

	point_of uefi01
	mapfile -t files < <(files_in_order "$POINT")
	same "${#files[@]}" 2 "a disk and an nvram"
	mark_host
	deploy 0 --name "copy of uefi01" "${TO_DMZ[@]}" "$POINT"
	deployed "copy of uefi01"
	sent_equal "copy of uefi01" "${files[@]}"
	disks_equal "copy of uefi01" "$HOST_SPEC/uefi01.raw"
	check "the NVRAM's bytes" cmp "$HOST_SPEC/uefi01.nvram" \
		"$(vm_state "copy of uefi01" .nvram)"
	same "$(vm_state "copy of uefi01" .firmware)" efi
	like_on_dmz "copy of uefi01" uefi01
	same "$(vm_state "copy of uefi01" .on)" false "not started"
	again "copy of uefi01"

	# Two disks, from the descriptor, and started.
	point_of db01
	mark_host
	deploy 0 --name db-copy "${TO_DMZ[@]}" --power-on "$POINT/db01.ovf"
	deployed db-copy
	mapfile -t files < <(files_in_order "$POINT")
	sent_equal db-copy "${files[@]}"
	disks_equal db-copy "$HOST_SPEC/db01-0.raw" "$HOST_SPEC/db01-1.raw"
	like_on_dmz db-copy db01
	same "$(vm_state db-copy '[.cpus, .memory_mb] | tojson')" '[2,4096]'
	same "$(vm_state db-copy '[.disks[] | .controller, .unit] | tojson')" \
		'["pvscsi",0,"lsilogic",1]'
	same "$(vm_state db-copy '.extra_config["guestinfo.role"]')" \
		'db & <more>' "the guest's settings"
	same "$(vm_state db-copy .on)" true "started"
	same "$(begun '.event == "import" and .verbatim')" 1 \
		"with the host's own specification"
	ctl "power?vm=db-copy&on=false" '{}' >/dev/null
	again db-copy
}

# Of a VM with two networks, one to another and one by its own name; the
# document says what was done.
two_networks()
{
	point_of prod-web
	deploy 0 --name web-copy --network 'VM Network=DMZ' --json "$POINT"
	same "$(vm_state web-copy '[.nics[].network] | tojson')" \
		'["DMZ","DMZ"]'
	same "$(vm_state web-copy .annotation)" $'the web server\nsecond line'
	same "$(restored '[.schema, .type, .outcome, .changed, .exit, .class,
		.vm.name, .warnings, .error]')" \
		'["esxbk.result/1","restore","ok",true,0,"ok","web-copy",[],null]'
	same "$(restored .vm.moid)" "$(vm_state web-copy .id)"
	same "$(restored .networks)" '{"VM Network":"DMZ","DMZ":"DMZ"}'
	same "$(restored '[.source, .point]')" \
		"$(jq -nc --arg s "$POINT" '[$s, ($s | sub(".*/"; ""))]')"
	same "$(restored '.files[] | [.file, .bytes, .sent, .sha256,
		.host_check, .outcome]')" "$(record "$POINT" '.disks[] |
		[.file, .size, .size, .sha256, "verified", "ok"] | tojson')"
	same "$(restored .bytes.capacity)" $((64 << 20))
	same "$(restored '.steps | [.preflight, .transfer, .host_check,
		.identity, length]')" '["ok","ok","ok","ok",4]' "all its steps"
	same "$(jq -sc '.[-1] | [.type, .exit, .class, .error]' out)" \
		'["summary",0,"ok",null]'
}

ova_of()
{
	"$B/esxbk-export-ovf" "${HX[@]}" --format ova -o "${2:--}" \
		--quiesce off "$1" 2>err
}

archives()
{
	local names
	point_of uefi01
	ova_of uefi01 uefi.ova >/dev/null
	deploy 0 --name from-ova uefi.ova
	deployed from-ova
	disks_equal from-ova "$HOST_SPEC/uefi01.raw"
	check "the NVRAM's bytes" cmp "$HOST_SPEC/uefi01.nvram" \
		"$(vm_state from-ova .nvram)"
	ova_of db01 | pipe 0 from-pipe "${TO_DMZ[@]}"
	deployed from-pipe
	disks_equal from-pipe "$HOST_SPEC/db01-0.raw" "$HOST_SPEC/db01-1.raw"
	# The manifest behind the descriptor, as VMware's tool writes it.
	names=(uefi01.ovf uefi01.mf uefi01-disk1.vmdk uefi01.nvram)
	archive second.ova "$POINT" "${names[@]}"
	pipe 0 second <second.ova
	deployed second
	sent_equal second "$POINT/uefi01-disk1.vmdk" "$POINT/uefi01.nvram"
	mark_host
	deploy 0 --name second-file second.ova
	sent_equal second-file "$POINT/uefi01-disk1.vmdk" "$POINT/uefi01.nvram"
	archive bare.ova "$POINT" uefi01.ovf uefi01-disk1.vmdk uefi01.nvram
	pipe 0 bare < <(cat bare.ova)
	warned "$NO_MANIFEST"
	disks_equal bare "$HOST_SPEC/uefi01.raw"
}

for flavor in esxi vcenter; do
	deploy_host "$flavor"
	story
	archives
	[ "$flavor" = esxi ] || two_networks
	host_clean
done
