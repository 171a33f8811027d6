#!/bin/bash
# A descriptor that is more than it should be: nothing of it is kept.
# timeout: 300
# shellcheck disable=SC2016 # $ and \(...) are jq's
. "$T/cli/lib.sh" || exit 1
. "$T/hostile/lib.sh" || exit 1

undone()
{
	asked HttpNfcLeaseAbort RemoveSnapshot_Task Logout
}

bad()
{
	export_vm 76 "export vm: the host's descriptor: $1"
	undone
}

envelope='def envelope(text): "<Envelope xmlns=\"" +
	"http://schemas.dmtf.org/ovf/envelope/1\">" + text + "</Envelope>"; '

mkfifo "$SCRATCH/canary"
evil "an external entity" "{world: {descriptor: (\"<!DOCTYPE a [<!ENTITY e \" +
	\"SYSTEM 'file://$SCRATCH/canary'>]><a>&e;</a>\")}}"
bad "line 1: a DOCTYPE is not allowed"

evil "another document" '{world: {descriptor: "<a/>"}}'
bad "not an OVF descriptor: its root is 'a', not 'Envelope'"

evil "100,000 levels" \
	'{world: {descriptor: ("<a>" * 100000 + "</a>" * 100000)}}'
bad "line 1: elements are nested too deeply"

evil "a file that leads elsewhere" "$envelope"'{world: {descriptor: envelope(
	"<References><File id=\"a\" href=\"../../evil\" size=\"71168\"/>" +
	"</References>")}}'
bad "does not name vm-disk1.vmdk (Hard disk 1)"

evil "one file more" "$envelope"'{world: {descriptor: envelope("<References>" +
	"<File id=\"a\" href=\"vm-disk1.vmdk\" size=\"71168\"/>" +
	"<File id=\"b\" href=\"/etc/passwd\" size=\"1\"/></References>")}}'
bad "names 2 files instead of 1"

evil "another size" "$envelope"'{world: {descriptor: envelope("<References>" +
	"<File id=\"a\" href=\"vm-disk1.vmdk\" size=\"9223372036854775807\"/>" +
	"</References>")}}'
bad "gives vm-disk1.vmdk 9223372036854775807 bytes, it has 71168"

evil "100,000 files" "$envelope"'{world: {descriptor: envelope("<References>" +
	([range(100000) | "<File id=\"\(.)\" href=\"\(.)\"/>"] | add) +
	"</References>")}}'
bad "more than 4096 File elements"

evil "20 MB" '{on: {CreateDescriptor: {soap: ["<returnval><ovfDescriptor>",
	["x", 20000000], "</ovfDescriptor></returnval>"]}}}'
export_vm 76 "export vm: OVF descriptor: CreateDescriptor: reply of localhost: line 2: more than 9437184 bytes of text"
asked Logout

evil "nothing" '{on: {CreateDescriptor: {soap: ["<returnval/>"]}}}'
export_vm 76 "export vm: OVF descriptor: the host gave no descriptor"
asked Logout

evil "a warning that writes on the terminal" '{world: {
	descriptor_warnings_xml: ("<warning><localizedMessage>" +
	"\u009b31m\nesxbk-export-ovf: all is well</localizedMessage></warning>")}}'
export_vm 0 "warning: vm:  31m" \
	"warning: vm: esxbk-export-ovf: all is well"
one_point

evil "100,000 warnings" '{world: {descriptor_warnings_xml:
	("<warning><localizedMessage>w</localizedMessage></warning>" * 100000)}}'
mapfile -t lines < <(yes 'warning: vm: w' | head -n 100)
export_vm 0 "${lines[@]}" \
	"warning: vm: more warnings of the host are left out"
one_point
