#!/bin/bash
# A running VM is backed up from a temporary, quiesced snapshot.  Snapshots
# that somebody made by hand stay, and of ours nothing does.
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/point.sh" || exit 1

snapshots_of()
{
	ctl state | jq -c ".vms[] | select(.name == \"$1\") | .snapshots"
}

# The names of what happened to a VM's snapshots and leases, in order.
steps_of()
{
	jq -r --arg v "$1" 'select(.vm == $v) |
		if .event == "lease" then "lease \(.state)"
		elif .event == "snapshot-created" and (.name |
			startswith("esxbk-")) then "made, quiesced \(.quiesced)"
		elif .event == "snapshot-removed" then "removed"
		elif .event == "nfc-end" then "sent, complete \(.complete)"
		else empty end' "$HOST_EVENTS"
}

story()
{
	local before point
	before=$(snapshots_of snapped)
	same "$(jq -c '[.. | .name? // empty]' <<<"$before")" \
		'["before update","50% / done"]'
	xp 0 -o "$1" prod-web snapped
	same "$(wc -l <out)" 2 "a path each"
	same "$(sed -n 1p out | sed 's/_.*//')" "$1/prod-web"
	point=$(sed -n 1p out)
	point_good "$point" "$HOST_SPEC/prod-web.raw"
	same "$(steps_of prod-web)" 'made, quiesced true
lease initializing
lease ready
sent, complete true
lease done
removed' "snapshot, lease, disk, lease completed, snapshot removed"
	same "$(record "$point" '.quiesce | "\(.asked) \(.achieved)"')" 'try true'
	same "$(record "$point" '.config.networks[] | .network')" \
		$'VM Network\nDMZ' "the networks' names are kept"
	point_good "$(sed -n 2p out)" "$HOST_SPEC/snapped.raw"
	same "$(snapshots_of snapped)" "$before" "the user's snapshots are as before"
	same "$(event_count '.event == "call" and (.method | IN(
		"RemoveAllSnapshots_Task", "ConsolidateVMDisks_Task",
		"PowerOffVM_Task", "ReconfigVM_Task"))')" 0 \
		"nothing else was done to a VM"
	same "$(jq -r 'select(.event == "snapshot-created" and
		.vm == "prod-web").description' "$HOST_EVENTS" |
		sed 's/=.*/=/')" 'temporary snapshot of a running backup, removed by it
machine=
repository=
pid=
start=' "the snapshot says who made it"
	host_clean
}

quick_host esxi
story esxi
quick_host vcenter
story vcenter

# The disks came from another host than the API: its certificate is the
# lease's, not the one that --thumbprint trusts.
nfc=$(openssl s_client -connect "127.0.0.1:$HOST_NFC_PORT" </dev/null 2>&1 |
	openssl x509 -noout -fingerprint -sha256 | sed 's/.*=//')
check "another certificate: $nfc" test -n "$nfc" -a "sha256:$nfc" != "$HOST_PIN"
same "$(record "$(echo vcenter/snapped_*)" '[.server.host, .server.fingerprint]
	| join(" ")')" "localhost sha256:$(echo "${HOST_PIN#sha256:}" |
	tr -d : | tr 'A-F' 'a-f')" "the record names the API's certificate"
