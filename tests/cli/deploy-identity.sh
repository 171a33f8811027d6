#!/bin/bash
# A restored VM is another one unless it is to be the same: it shares neither
# uuid nor MAC address with the original or another copy.  It bears the mark of
# its backup, so that restoring twice is no work and overwrites nobody.
# timeout: 240
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/deploy.sh" || exit 1

v4='[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}'

# What tells a VM from others, one a line.
identity()
{
	vm_state "$1" '.uuid, .instance_uuid, .nics[].mac'
}

new_ones()
{
	local vm
	point_of prod-web
	deploy 0 --name one "$POINT"
	deploy 0 --name two "$POINT"
	for vm in one two; do
		check "$vm has new uuids" grep -qxE "$v4 $v4" \
			<(vm_state $vm '"\(.uuid) \(.instance_uuid)"')
		same "$(vm_state $vm '.nics | length')" 2
		same "$(vm_state $vm '[.nics[].connected] | tojson')" \
			'[true,true]'
	done
	same "$( (identity one; identity two; identity prod-web) | sort -u |
		wc -l)" 12 "nothing is the original's or the other's"
	same "$(vm_state one '[.nics[].address_type] | tojson')" "$1" \
		"addresses of the server's making"
}

marks()
{
	local run
	deploy 0 --name marked --json "$POINT"
	same "$(vm_state marked '.extra_config["esxbk.source"]')" \
		"sha256:$(cat "$POINT"/*.ovf "$POINT"/*.mf | sha256sum |
		cut -c-64)" "the mark of the backup"
	run=$(vm_state marked '.extra_config["esxbk.run"]')
	check "the mark of the run: $run" grep -qxE '[0-9a-zA-Z._-]{4,}' <<<"$run"
	same "$(vm_state one '.extra_config["esxbk.run"]' | grep -cxF "$run")" 0 \
		"each run has its own"
	same "$(vm_state marked '.extra_config["esxbk.test"]')" null \
		"it is no test's"
}

kept()
{
	# Addresses that a host makes it does not start with if they are manual.
	deploy 0 --name kept --keep-identity --power-on "$POINT"
	same "$(identity kept)" "$(record "$POINT" '.vm.bios_uuid,
		.vm.instance_uuid, .config.networks[].mac')" \
		"as the backup records it"
	same "$(identity kept)" "$(identity prod-web)" "as the original's"
	same "$(vm_state kept '[.nics[].address_type] | unique | tojson')" \
		'["manual"]'
	# Without a record there is only the descriptor.
	copy
	rm p/backup.json
	deploy 0 --name kept2 --keep-identity --power-on --json p
	warned 'the backup records no identity: it is what the descriptor says of it'
	same "$(restored '.warnings[].code')" W_IDENTITY
	same "$(vm_state kept2 .uuid)" "$(vm_state prod-web .uuid)"
	same "$(vm_state kept2 '.nics[].mac')" \
		"$(vm_state prod-web '.nics[].mac')"
}

# unchanged NAME ID ARG...: there is nothing to do, and nothing is done.
unchanged()
{
	local name=$1 id=$2 before
	shift 2
	before=$(identity "$name")
	mark_host
	deploy 0 --name "$name" --state present --json "$@"
	same "$(restored '[.changed, .exit, .outcome, .vm.moid]')" \
		"[false,0,\"ok\",\"$id\"]"
	same "$(begun '.event == "import"') $(uploads)" '0 0'
	same "$(begun '.event == "reconfigured" or .event == "power"')" 0
	same "$(identity "$name")" "$before" "it is as it was"
}

present()
{
	local id web=$POINT
	mark_host
	deploy 0 --name state --state present --json "$web"
	same "$(restored '[.changed, .exit]')" '[true,0]' "made"
	id=$(restored .vm.moid)
	unchanged state "$id" "$web"
	deploy 0 --name state --state present "$web"
	same "$(cat out)" "$id" "its id all the same"
	said ''
	# The same files from elsewhere are the same backup.
	copy
	rm p/backup.json
	unchanged state "$id" p
	unchanged state "$id" p/*.ovf
	archive same.ova p prod-web.ovf prod-web.mf prod-web-disk1.vmdk
	unchanged state "$id" same.ova
	unchanged state "$id" - <same.ova
	# Another backup, or another VM, is in the way.
	point_of uefi01
	clash state "the VM 'state' ($id) was not restored from this backup" \
		--state present "$POINT"
	clash uefi01 "the VM 'uefi01' ($(vm_state uefi01 .id)) was not restored from this backup" \
		--state present "$web"
	clash state "there is a VM 'state' ($id) already" "$web"
	clash state "there is a VM 'state' ($id) already" -n "$web"
	POINT=$web
}

# clash NAME LINE ARG...: a VM of that name is in the way.
clash()
{
	local name=$1 line=$2 before
	shift 2
	before=$(ctl state | jq '.vms | length')
	mark_host
	deploy 73 --name "$name" "$@"
	said "esxbk-deploy-ovf: restore $name: $line"
	same "$(begun '.event == "import"') $(uploads)" '0 0'
	same "$(ctl state | jq '.vms | length')" "$before" "no VM more or less"
}

# What would be done; 10 if that is something.
dry_run()
{
	mark_host
	deploy 0 -n --name dry "$POINT"
	same "$(cat out)" "dry: would be restored
dry: datastore datastore1
dry: folder $1
dry: pool Resources
dry: host $2
dry: network VM Network becomes VM Network
dry: network DMZ becomes DMZ" "where to"
	deploy 10 -n --exit-code --name dry "$POINT"
	said ''
	deploy 10 -n --exit-code --name dry --state present --json "$POINT"
	same "$(restored '[.dry_run, .changed, .exit]')" '[true,true,0]'
	same "$(jq -sc '.[-1] | [.type, .exit]' out)" '["summary",10]'
	nothing_moved dry
	deploy 0 -n --exit-code --name state --state present "$POINT"
	same "$(cat out)" 'state: is there as asked'
	deploy 0 -n --exit-code --name state --state present --json "$POINT"
	same "$(restored '[.dry_run, .changed]')" '[true,false]'
	same "$(begun '.event == "import"') $(uploads)" '0 0'
}

# A pipe tells what it is in the end, if its manifest comes last.
last_manifest()
{
	point_of uefi01
	archive last.ova "$POINT" uefi01.ovf uefi01-disk1.vmdk uefi01.nvram \
		uefi01.mf
	pipe 0 from-pipe < <(cat last.ova)
	unchanged from-pipe "$(vm_state from-pipe .id)" last.ova
	unchanged from-pipe "$(vm_state from-pipe .id)" "$POINT"
	mark_host
	deploy 64 --name late --state present - < <(cat last.ova)
	said 'esxbk-deploy-ovf: restore late: --state present: the manifest of this OVA comes last, restore it from a file'
	nothing_moved late
}

# Two of one name may be in two folders.
other_folder()
{
	point_of uefi01
	AT=()
	clash twin "there is a VM 'twin' ($(vm_state twin 'select(.folder == "web").id')) already" \
		--folder web "$POINT"
	deploy 0 --name twin --folder db "$POINT"
	same "$(vm_count twin)" 3
	deploy 0 --name twin --folder vm "$POINT"
	same "$(ctl state | jq -c '[.vms[] | select(.name == "twin").folder] |
		sort')" '["","db","db/old","web"]'
	# shellcheck disable=SC2034 # deploy adds it
	AT=(--folder vm)
}

deploy_host esxi
new_ones '["generated","generated"]'
marks
kept
present
dry_run ha-datacenter/vm localhost.localdomain
last_manifest
host_idle
deploy_host vcenter
new_ones '["assigned","assigned"]'
kept
present
dry_run Lab/vm esx1.lab.test
other_folder
host_idle
