#!/bin/bash
# What a host says of its VMs: endless, enormous, nonsense, or names that lead
# out of the folder.  Whatever the names are, files appear only where they
# should.
# timeout: 300
# shellcheck disable=SC2016 # $ and \(...) are jq's
. "$T/cli/lib.sh" || exit 1
. "$T/hostile/lib.sh" || exit 1

page='"<returnval><token>t</token></returnval>"'
evil "empty pages without end" "{on: {RetrievePropertiesEx: {soap: [$page]},
	ContinueRetrievePropertiesEx: {soap: [$page]}}}"
list 76 "a page of results is empty, but more are to come"

one='"<objects><obj type=\"VirtualMachine\">1</obj></objects></returnval>"'
evil "pages of one VM without end" "{world: {token: \"1\",
	folders_xml: \"<objects><obj type='Folder'>f</obj></objects>\"}, on: {
	ContinueRetrievePropertiesEx: {soap: [
	\"<returnval><token>t</token>\", $one]}}}"
list 76 "more than 1000 pages of results"

MIB_MAX=$((MIB_MAX + 400))
evil "fat pages without end" "{world: {token: \"1\",
	folders_xml: \"<objects><obj type='Folder'>f</obj></objects>\"}, on: {
	ContinueRetrievePropertiesEx: {soap: [
	\"<returnval><token>t</token>\", [\"<a/>\", 60000], $one]}}}"
list 76 "more than 512 MiB of results"
MIB_MAX=$((MIB_MAX - 400))

# object TYPE ID FOLDER MORE: one of a reply.
object='def object($type; $id; more): "<objects><obj type=\"\($type)\">" +
	"\($id)</obj><propSet><name>parent</name><val type=\"Folder\">f" +
	"</val></propSet>\(more)</objects>"; '
evil "a folder that is in itself" "$object"'{world: {
	folders_xml: object("Folder"; "f"; "<propSet><name>name</name><val>" +
		"F" * 200000 + "</val></propSet>"),
	vms_xml: ([range(200) | object("VirtualMachine"; "x\(.)"; "")] | add)}}'
list 76 "VM 1: a path of more than 4096 bytes"

evil "3,000 VMs" "$object"'{world: {vms_xml:
	([range(3000) | object("VirtualMachine"; "x\(.)"; "")] | add)}}'
list 0
same "$(wc -l <out)" 3002 "all are listed"

# One folder with one disk, whatever it is called; $1 as JSON has it.
while read -r name stem; do
	evil "a VM called $name" "{world: {vm_name: $name,
		lease_target: $name, lease_key: $name, disk_file: $name}}"
	export_vm 0
	one_point
	same "${POINT%_*_*}" "o/$stem" "the name is made harmless"
	same "$(find "$POINT" -type f -printf '%f\n' | LC_ALL=C sort)" \
		"$(printf '%s\n' "$stem-disk1.vmdk" "$stem.mf" "$stem.ovf" \
			backup.json | LC_ALL=C sort)" "its files, too"
	same "$(jq -r .vm.name "$POINT/backup.json")" \
		"$(jq -rn "$name | gsub(\"%2f\"; \"/\")")" \
		"the record has the true one"
	asked HttpNfcLeaseComplete RemoveSnapshot_Task Logout
done <<'END'
"../../../../evil" %2E%2E%2F..%2F..%2F..%2Fevil
"/evil" %2Fevil
"..%2f..%2fevil" %2E%2E%2F..%2Fevil
".." %2E%2E
"a\u009b31m\nb\u202ec" a%C2%9B31m%0Ab%E2%80%AEc
"-rf" %2Drf
"$(touch\tevil)" $(touch%09evil)
END

evil "a VM's name of 100 KB" '{world: {vm_name: ("A" * 100000)}}'
export_vm 76 "VM 1: a path of more than 4096 bytes"

evil "a VM's name of 4,000 bytes" '{world: {vm_name: ("A" * 4000)}}'
export_vm 0
one_point
same "${POINT%_*_*}" "o/$(printf 'A%.0s' {1..120})~52de0001" "it is cut"

evil "a uuid that leads elsewhere" \
	'{world: {uuid: "../../evil", instance_uuid: "../../../x"}}'
export_vm 0
one_point
same "$(ls -A o)" $'.w-00000000\n'"${POINT#o/}" "only hex digits are taken"

disk='def disk($key; $text; $bytes; $mode):
	"<VirtualDevice xsi:type=\"VirtualDisk\"><key>\($key)</key>" +
	"<deviceInfo><label>\($text)</label></deviceInfo>" +
	"<backing xsi:type=\"VirtualDiskFlatVer2BackingInfo\"><diskMode>" +
	"\($mode)</diskMode></backing><controllerKey>1000</controllerKey>" +
	"<unitNumber>\($key)</unitNumber><capacityInBytes>\($bytes)" +
	"</capacityInBytes></VirtualDevice>"; '
evil "a label that writes on the terminal" "$disk"'{world: {devices_xml:
	disk(3; "../x\u009b31m\ny"; "1024"; "independent_persistent")}}'
export_vm 3 "warning: vm: ../x 31m y is not in the backup: an independent disk is not part of a snapshot" \
	"vm: not in the backup: ../x 31m y"
one_point

evil "a label of 100 KB" "$disk"'{world: {vm_name: ("\u00e9" * 2000),
	devices_xml: disk(3; "\u00e9" * 50000; "1024"; "independent_persistent")}}'
e100=$(printf '\303\251%.0s' {1..100})
export_vm 3 "warning: $e100: $e100 is not in the backup: an independent disk is not part of a snapshot" \
	"$e100: not in the backup: $e100"

for capacity in -1 0 nonsense 9223372036854775808 4611686018427387904; do
	evil "a disk of $capacity KiB" "{world: {capacity_kb: \"$capacity\",
		capacity_bytes: \"$capacity\"}}"
	export_vm 76 "export vm: VM 1: Hard disk 1: no usable capacity"
	asked Logout
done

evil "5,000 devices" '{world: {devices_xml:
	("<VirtualDevice xsi:type=\"V\"><key>1</key></VirtualDevice>" * 5000)}}'
export_vm 76 "export vm: VM 1: 5002 devices"
asked Logout

# $1 levels of snapshots.
tree='def tree($levels; $tag): "<\($tag)><snapshot type=\"S\">s</snapshot>" +
	"<childSnapshotList><snapshot type=\"S\">s</snapshot>" * $levels +
	"</childSnapshotList>" * $levels + "</\($tag)>"; '
evil "100 levels of snapshots" "$tree"'{world: {snapshots_xml:
	tree(100; "rootSnapshotList")}}'
export_vm 76 "export vm: VM 1: snapshots nested too deep"

evil "10,000 levels of snapshots" "$tree"'{world: {snapshots_xml:
	tree(10000; "rootSnapshotList")}}'
export_vm 76 "export vm: RetrievePropertiesEx: reply of localhost: line 2: elements are nested too deeply"

evil "100,000 snapshots" "$tree"'{world: {snapshots_xml:
	(tree(0; "rootSnapshotList") * 100000)}}'
export_vm 76 "export vm: VM 1: more than 1024 snapshots"

evil "free space of -1" '{world: {free: "-1"}}'
export_vm 74 "export vm: datastore ds has 0 B free, a snapshot wants 51.1 GiB (--min-datastore-free)"
asked Logout
