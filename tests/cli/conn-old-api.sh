#!/bin/bash
# Hosts of old releases: they refuse what came later, so nothing of it is asked.
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/deploy.sh" || exit 1

for api in 6.0 6.5 6.7; do
	deploy_host esxi --api $api
	rm -rf points
	hx 0 esxbk-list --json
	check "$api: all VMs are read" test "$(wc -l <out)" -gt 5
	point_of odd01
	disk_good "$POINT" "$HOST_SPEC/odd01.raw"
	# A digest of the host's own is there before 6.7 as well.
	same "$(record "$POINT" '[.. | .host_check? // empty] | unique |
		tojson')" \
		'["verified"]' "$api: compared with what the host has sent"
	deploy 0 --name again "$POINT"
	disks_equal again "$HOST_SPEC/odd01.raw"
	same "$(jq -r 'select(.event == "call").version' "$HOST_EVENTS" |
		sort -u)" "$api" "no other version"
	same "$(jq -c 'select(.event == "call" and .result == "fault") |
		[.method, .fault]' "$HOST_EVENTS")" '' "$api: no fault"
	host_idle
	host_stop
done
