#!/bin/bash
# A stopped VM becomes a folder of standard files; its attached CD image does
# not get into it, and the host is as it was before.
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/point.sh" || exit 1

story()
{
	local raw id point
	raw=$HOST_SPEC/name15.raw id=$(moid 26)
	mkdir "$1"
	xp 0 -o "$1" iso01
	point=$(cat out)
	check "the point's path is all that is on stdout: $point" grep -qE \
		"^$1/iso01_[0-9]{8}_[0-9]{6}\$" out
	same "$(wc -l <out)" 1 "one line"
	same "$(cat err)" '' "nothing on stderr"
	same "$(left "$1")" $'.w-ID\niso01_TIME' "a lock and the point"
	same "$(left "$point")" $'backup.json\niso01-disk1.vmdk\niso01.mf\niso01.ovf'
	point_good "$point" "$raw"
	same "$(stat -c %a "$point")" 755 "others may look into it"
	same "$(record "$point" '.config.power')" poweredOff
	same "$(event_count '.event == "nfc-start" and .vm_id == null and
		(.file | endswith(".iso"))')" 0 "the CD image was not fetched"
	same "$(event_count '.event == "lease" and .state == "ready" and
		.snapshot != null')" 1 "its snapshot was exported"

	# The other way: without a snapshot, and no other is touched.
	xp 0 -o "$1" --snapshot never "moid:$id"
	point_good "$(cat out)" "$raw"
	check "another point" test "$(cat out)" != "$point"
	same "$(event_count '.event == "call" and .method == "ExportVm"')" 1
	same "$(event_count '.event == "snapshot-created" and .vm == "iso01"')" \
		1 "only the first run made a snapshot"
	host_clean
}

quick_host esxi
story esxi
quick_host vcenter
story vcenter

# Nobody told where that ESXi host is: the message names it.
HX=("${HX[@]:0:${#HX[@]}-2}")
mkdir lost
xp 69 -o lost --retries 0 --json iso01
same "$(cat err)" "esxbk-export-ovf: export iso01: Hard disk 1: a vCenter sends its clients to the ESXi hosts, each must be reachable (--resolve NAME=ADDR): esx1.lab.test:$HOST_NFC_PORT: cannot resolve the name"
same "$(left lost)" .w-ID "no point, no leftover"
same "$(ctl state | jq -c '[.leases, .sessions, .tasks,
	[.vms[] | select(.name == "iso01").snapshots]]')" '[[],[],[],[[]]]' \
	"nothing left on the host"
same "$(jq -c '[.type, .outcome // .vms, .changed, .exit, .class, .path]' out)" \
	'["backup","failed",false,69,"unavailable",null]
["summary",1,null,69,"unavailable",null]'
