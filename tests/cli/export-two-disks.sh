#!/bin/bash
# The disks of a VM come side by side, all from one lease: two leases would be
# two moments.  -j 1 takes one after the other.
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/point.sh" || exit 1

# "start 0", "end 0" and so on, in order, of the last lease.
transfers()
{
	jq -rn '[inputs] | (map(select(.event == "lease")) | last).lease as $l |
		.[] | select(.lease == $l and (.event | startswith("nfc-"))) |
		"\(.event | ltrimstr("nfc-")) \(.disk)"' "$HOST_EVENTS"
}

# Slow enough that a second one surely begins before the first one ends.
slow()
{
	local disk
	for disk in 0 1; do
		ctl fault "{\"kind\":\"slow\",\"vm\":\"db01\",\"disk\":$disk,
			\"bytes_per_second\":8000000}" >/dev/null
	done
}

disks()
{
	same "$(record "$1" '[.disks[] | .key, .label, .file, .capacity] |
		tojson')" "[2000,\"Hard disk 1\",\"db01-disk1.vmdk\",100663296,2017,\"Hard disk 2\",\"db01-disk2.vmdk\",34603008]"
	point_good "$1" "$HOST_SPEC/db01-0.raw" "$HOST_SPEC/db01-1.raw"
}

quick_host esxi
slow
xp 0 -o out.d -j 2 db01
disks "$(cat out)"
same "$(event_count '.event == "lease" and .state == "ready"')" 1 "one lease"
same "$(transfers | head -n 2 | sort)" $'start 0\nstart 1' \
	"both began before one ended"
# db & <more>: what XML has words for comes through unharmed.
same "$(ovf "$(cat out)" "string(//*[local-name()='ExtraConfig'][@*[
	local-name()='key']='guestinfo.role']/@*[local-name()='value'])")" \
	'db & <more>'

xp 0 -o out.d --jobs 1 db01
disks "$(cat out)"
same "$(transfers | sed 's/ .//')" $'start\nend\nstart\nend' \
	"one after the other"
host_clean

quick_host vcenter
xp 0 -o out.d db01
disks "$(cat out)"
same "$(event_count '.event == "lease" and .state == "ready"')" 1 "one lease"
host_clean
