#!/bin/bash
# Every backup that the standard allows comes back: disks and names of all
# kinds, compressed files, descriptors of OVF 2, without a manifest, by hand.
# timeout: 240
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/deploy.sh" || exit 1

special_disks()
{
	local vm
	for vm in empty01 odd01 iso01; do
		point_of "$vm"
		mark_host
		deploy 0 --name "$vm copy" "${TO_DMZ[@]}" "$POINT"
		deployed "$vm copy"
		sent_equal "$vm copy" "$POINT/$vm-disk1.vmdk"
		like_on_dmz "$vm copy" "$vm"
	done
	disks_equal "empty01 copy" "$HOST_SPEC/empty01.raw"
	disks_equal "odd01 copy" "$HOST_SPEC/odd01.raw"
	disks_equal "iso01 copy" "$HOST_SPEC/name15.raw"
}

# From folders and to VMs with names that shells, XML and vSphere's own escapes
# treat in a way of their own.
awkward()
{
	local n=0 name dir
	for n in 28 29 31 33 34 35 37 39; do
		ctl "power?vm=$n&on=false" '{}' >/dev/null
	done
	xp 0 -o odd --snapshot never moid:{28,29,31,33,34,35,37,39}
	n=0
	for dir in odd/*/; do
		name=$(record "$dir" .vm.name)
		mark_host
		deploy 0 --name "$name 2/%" "$dir"
		deployed "$name 2/%"
		sent_equal "$name 2/%" "$dir"*-disk1.vmdk
		n=$((n + 1))
	done
	same $n 8 "all of them"
	# As long as can be.
	name=$(printf 'é%.0s' {1..80})
	deploy 0 --name "$name" "$dir"
	deployed "$name"
	same "$(left odd | grep -v _TIME | sort -u)" $'.r-ID\n.w-ID' \
		"only lock files beside the points"
}

gzipped()
{
	point_of odd01
	copy
	gzip -n p/odd01-disk1.vmdk
	mv p/odd01-disk1.vmdk.gz p/odd01-disk1.vmdk
	edit p/odd01.ovf "s|ovf:href=\"odd01-disk1.vmdk\"|& ovf:compression=\"gzip\"|
		s|ovf:size=\"[0-9]*\"|ovf:size=\"$(stat -c %s \
		p/odd01-disk1.vmdk)\"|"
	has p/odd01.ovf gzip
	mark_host
	deploy 0 --name gzipped p
	deployed gzipped
	sent_equal gzipped "$POINT/odd01-disk1.vmdk"
	disks_equal gzipped "$HOST_SPEC/odd01.raw"
	same "$(begun '.event == "nfc-start" and .chunked')" 1 \
		"its length is not known before"
	archive gzipped.ova p odd01.ovf odd01.mf odd01-disk1.vmdk
	pipe 0 gzip-pipe <gzipped.ova
	disks_equal gzip-pipe "$HOST_SPEC/odd01.raw"
}

second_edition()
{
	point_of uefi01
	copy
	rm p/backup.json
	edit p/uefi01.ovf 's|schemas.dmtf.org/ovf/envelope/1|schemas.dmtf.org/ovf/envelope/2|g'
	has p/uefi01.ovf envelope/2
	deploy 0 --name edition2 p
	deployed edition2
	like edition2 uefi01
	disks_equal edition2 "$HOST_SPEC/uefi01.raw"
	rm p/uefi01.mf
	deploy 0 --name unproven p/uefi01.ovf
	same "$(cat err)" "esxbk-deploy-ovf: warning: $NO_MANIFEST"
	disks_equal unproven "$HOST_SPEC/uefi01.raw"
	deploy 0 --name unproven2 --json p
	same "$(restored '[.outcome, .exit, .warnings]')" \
		"[\"warn\",0,[{\"code\":\"W_NO_MANIFEST\",\"text\":\"$NO_MANIFEST\"}]]"
}

# Files in a folder of their own, as the standard allows.
below()
{
	point_of iso01
	copy
	mkdir p/disks
	mv p/iso01-disk1.vmdk p/disks
	rm p/backup.json
	sed -i 's|"iso01-disk1.vmdk"|"disks/iso01-disk1.vmdk"|' p/iso01.ovf
	sed -i "s|(iso01-disk1|(disks/iso01-disk1|
		1s|[0-9a-f]\{64\}|$(sha256sum <p/iso01.ovf | cut -c-64)|" \
		p/iso01.mf
	mark_host
	deploy 0 --name below --disk-mode eagerZeroedThick p
	deployed below
	sent_equal below p/disks/iso01-disk1.vmdk
	disks_equal below "$HOST_SPEC/name15.raw"
	same "$(vm_state below '.disks[0] | [.thick, .eager] | tojson')" \
		'[true,true]'
	same "$(vm_state "iso01 copy" '.disks[0] | [.thick, .eager] |
		tojson')" '[false,false]' "thin is the default"
}

# Written by hand: one blank disk, nothing to send.
by_hand()
{
	cat >hand.ovf <<-'XML'
		<?xml version="1.0"?>
		<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:o="http://schemas.dmtf.org/ovf/envelope/1" xmlns:r="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData" xmlns:v="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_VirtualSystemSettingData">
		<References/>
		<DiskSection><Info>d</Info><Disk o:diskId="d1" o:capacity="3" o:capacityAllocationUnits="byte * 2^20"/></DiskSection>
		<NetworkSection><Info>n</Info><Network o:name="DMZ"/></NetworkSection>
		<VirtualSystem o:id="hand"><Info>s</Info><Name>hand</Name>
		<OperatingSystemSection o:id="96"><Info>o</Info></OperatingSystemSection>
		<VirtualHardwareSection><Info>h</Info>
		<System><v:ElementName>x</v:ElementName><v:InstanceID>0</v:InstanceID><v:VirtualSystemType>vmx-13</v:VirtualSystemType></System>
		<Item><r:InstanceID>1</r:InstanceID><r:ResourceType>3</r:ResourceType><r:VirtualQuantity>3</r:VirtualQuantity></Item>
		<Item><r:AllocationUnits>byte * 2^20</r:AllocationUnits><r:InstanceID>2</r:InstanceID><r:ResourceType>4</r:ResourceType><r:VirtualQuantity>64</r:VirtualQuantity></Item>
		<Item><r:Address>0</r:Address><r:InstanceID>3</r:InstanceID><r:ResourceSubType>lsilogic</r:ResourceSubType><r:ResourceType>6</r:ResourceType></Item>
		<Item><r:AddressOnParent>0</r:AddressOnParent><r:HostResource>ovf:/disk/d1</r:HostResource><r:InstanceID>4</r:InstanceID><r:Parent>3</r:Parent><r:ResourceType>17</r:ResourceType></Item>
		<Item><r:Connection>DMZ</r:Connection><r:ElementName>e</r:ElementName><r:InstanceID>5</r:InstanceID><r:ResourceSubType>E1000e</r:ResourceSubType><r:ResourceType>10</r:ResourceType></Item>
		</VirtualHardwareSection>
		<ProductSection><Info>p</Info><Property o:key="role" o:type="string" o:userConfigurable="true" o:value="none"/><Property o:key="zone" o:type="string" o:userConfigurable="true" o:value="a"/></ProductSection>
		</VirtualSystem></Envelope>
	XML
	mark_host
	deploy 0 --name hand --disk-mode thick --property 'role=a=<b> & "c"' \
		hand.ovf
	same "$(cat out)" "$(vm_state hand .id)"
	same "$(uploads)" 0 "nothing was sent"
	same "$(vm_state hand '[.properties.role, .properties.zone] | tojson')" \
		'["a=<b> & \"c\"","a"]' "properties"
	truncate -s 3M blank
	disks_equal hand blank
	same "$(vm_state hand '[.hardware, .cpus, .memory_mb, .nics[0].type,
		.nics[0].network, .disks[0].controller, .disks[0].thick] |
		tojson')" '["vmx-13",3,64,"E1000e","DMZ","lsilogic",true]'
}

deploy_host vcenter
special_disks
gzipped
second_edition
below
by_hand
host_clean
deploy_host esxi
awkward
special_disks
host_clean
