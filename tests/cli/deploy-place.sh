#!/bin/bash
# Where a new VM goes: to the one place that there is, to the place that was
# named, and nowhere if it is not told or cannot be; then one line says what
# there is to choose from.
# timeout: 240
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/deploy.sh" || exit 1

cat >site.json <<'JSON'
{"datacenters": [
 {"name": "Lab", "vm_folders": ["restored", "restored/deep", "web/deep"],
  "clusters": [
   {"name": "blue", "drs": true, "hosts": ["esx2.lab.test", "esx3.lab.test"],
    "pools": ["gold/inner", "silver"], "networks": ["VM Network", "a=b", "two"],
    "portgroups": ["dv prod"]},
   {"name": "red", "drs": false, "hosts": ["esx4.lab.test", "esx5.lab.test"],
    "pools": ["gold"], "networks": ["VM Network"]}],
  "hosts": [{"name": "alone.lab.test", "networks": ["VM Network"]}],
  "datastores": [
   {"name": "ssd", "hosts": ["esx2.lab.test", "esx3.lab.test"]},
   {"name": "sas", "hosts": ["esx2.lab.test", "esx3.lab.test"]},
   {"name": "local4", "hosts": ["esx4.lab.test"]},
   {"name": "shared", "hosts": ["esx4.lab.test", "esx5.lab.test"]},
   {"name": "tiny", "free": 100000, "hosts": ["alone.lab.test"]}]},
 {"name": "Other", "vm_folders": ["far"],
  "hosts": [{"name": "far.lab.test", "pools": ["gold"], "networks": ["Far Network"]}],
  "datastores": [{"name": "far", "hosts": ["far.lab.test"]}]}]}
JSON

# would PLACEMENT ARG...: a dry run tells that it would go there.
would()
{
	local want=$1
	shift
	deploy 0 --name planned -n --json "$@" "$POINT"
	same "$(restored '.placement | [.host, .pool, .datastore, .folder]')" \
		"$want"
}

# goes NAME EXPECTED ARG...: it goes there.
goes()
{
	local name=$1 want=$2
	shift 2
	deploy 0 --name "$name" "$@" "$POINT"
	deployed "$name"
	same "$(vm_state "$name" '[.folder, .datastore, .nics[0].network] |
		tojson')" "$want" "$name is where it was to go"
	same "$(begun '.event == "import"')" 1
	mark_host
}

not()
{
	local want=$1 line=$2
	shift 2
	refused "$want" "$line" "$POINT" "$@"
}

on_esxi()
{
	would '["localhost.localdomain","Resources","datastore1","ha-datacenter/vm"]'
	mark_host
	goes own '["","datastore1","VM Network"]'
	same "$(vm_state own '[.host, .pool] | tojson')" \
		'["ha-host","ha-root-pool"]'
	would '["localhost.localdomain","Resources","datastore1","ha-datacenter/vm"]' \
		--pool localhost.localdomain --host localhost.localdomain \
		--datastore datastore1 --folder vm
	not 66 "no pool 'nope'; there is 'localhost.localdomain'" --pool nope
	not 66 "no host 'nope'; there is 'localhost.localdomain'" --host nope
	not 66 "no datastore 'nope'; there is 'datastore1'" --datastore nope
	not 66 "no folder 'web'; there is 'vm'" --folder web
	ctl 'datastore?free=1000000' '{}' >/dev/null
	not 74 "datastore 'datastore1' has 976 KiB free, the disks take 2.9 MiB at least"
	ctl 'datastore?free=30000000' '{}' >/dev/null
	not 74 "datastore 'datastore1' has 28.6 MiB free, the disks take 40.0 MiB at least" \
		--disk-mode thick
	would '["localhost.localdomain","Resources","datastore1","ha-datacenter/vm"]'
	ctl 'datastore?accessible=false' '{}' >/dev/null
	not 66 "no datastore is accessible from 'localhost.localdomain'"
	not 75 "datastore 'datastore1' is not accessible" --datastore datastore1
	ctl 'datastore?accessible=true' '{}' >/dev/null
	ctl 'host?maintenance=true' '{}' >/dev/null
	not 75 "host 'localhost.localdomain' is in maintenance mode"
	ctl 'host?maintenance=false' '{}' >/dev/null
}

hardware_version()
{
	local known
	copy
	edit p/uefi01.ovf 's/vmx-19/vmx-99/'
	known=$(printf "'vmx-%02d', " {8..19})
	refused 65 "no hardware version 'vmx-99' for new VMs on host 'localhost.localdomain'; there are ${known%, }" p
	edit p/uefi01.ovf 's/vmx-99/vmx-07/'
	refused 65 "no hardware version 'vmx-07' for new VMs on host 'localhost.localdomain'; there are ${known%, }" p
	edit p/uefi01.ovf 's/vmx-07/vmx-99 vmx-13/'
	mark_host
	deploy 0 --name older p
	same "$(vm_state older .hardware)" vmx-13
}

folders()
{
	AT=()
	not 64 "--folder is needed: there are 'db', '/Lab/vm/restored/deep', '/Lab/vm/web/deep', 'old', 'restored', 'vm', 'web'" \
		--pool Cluster
	not 66 "no folder 'nope'; there are 'db', '/Lab/vm/restored/deep', '/Lab/vm/web/deep', 'far', 'old', 'restored', '/Lab/vm', '/Other/vm', 'web'" \
		--pool Cluster --folder nope
	not 66 "2 folders are called 'deep', name one by its path: there are '/Lab/vm/restored/deep', '/Lab/vm/web/deep'" \
		--pool Cluster --folder deep
	not 64 "folder 'far' does not go with pool 'Cluster'" \
		--pool Cluster --folder far
	mark_host
	goes by-path '["web/deep","datastore1","VM Network"]' \
		--pool Cluster --folder Lab/vm/web/deep
	goes by-slash '["db/old","datastore1","VM Network"]' \
		--pool Cluster --folder /Lab/vm/db/old
	goes by-name '["restored","datastore1","VM Network"]' \
		--pool Cluster --folder restored
	# A datacenter with one host and one folder leaves no choice.
	would '["far.lab.test","Resources","far","Other/vm/far"]' --folder far \
		--network-default 'Far Network'
	AT=(--folder restored)
}

pools_and_hosts()
{
	not 64 "--pool or --host is needed: there are 'Cluster', 'alone.lab.test', 'blue', 'red'"
	not 66 "3 pools are called 'gold', name one by its path: there are '/Lab/host/blue/Resources/gold', '/Lab/host/red/Resources/gold', '/Other/host/far.lab.test/Resources/gold'" \
		--pool gold
	not 66 "5 pools are called 'Resources', name one by its path: there are '/Lab/host/blue/Resources', '/Lab/host/red/Resources', '/Lab/host/alone.lab.test/Resources', '/Other/host/far.lab.test/Resources', '/Lab/host/Cluster/Resources'" \
		--pool Resources
	not 66 "no pool 'nope'; there are '/Lab/host/blue/Resources/gold', '/Lab/host/red/Resources/gold', '/Other/host/far.lab.test/Resources/gold', 'inner', 'silver'" \
		--pool nope
	not 64 "--datastore is needed: there are 'sas', 'ssd'" --pool inner
	not 64 "pool 'silver' does not go with host 'esx4.lab.test'" \
		--host esx4.lab.test --pool silver
	not 66 "no host 'nope'; there are 'alone.lab.test', 'esx1.lab.test', 'esx2.lab.test', 'esx3.lab.test', 'esx4.lab.test', 'esx5.lab.test', 'far.lab.test'" \
		--host nope
	# With DRS the cluster chooses the host; without, one has to.
	would '[null,"inner","ssd","Lab/vm/restored"]' \
		--pool inner --datastore ssd
	would '["esx3.lab.test","Resources","ssd","Lab/vm/restored"]' \
		--host esx3.lab.test --datastore ssd
	not 64 "--host is needed, the cluster has no DRS: there are 'esx4.lab.test', 'esx5.lab.test'" \
		--pool red --datastore shared
	would '["esx4.lab.test","Resources","local4","Lab/vm/restored"]' \
		--pool red --datastore local4
	would '["esx5.lab.test","gold","shared","Lab/vm/restored"]' \
		--pool gold --host esx5.lab.test
	mark_host
	goes nested '["restored","sas","VM Network"]' \
		--pool /Lab/host/blue/Resources/gold/inner --datastore sas
	goes on-host '["restored","shared","VM Network"]' --host esx5.lab.test
	goes by-store '["restored","local4","VM Network"]' --datastore local4
}

datastores()
{
	not 66 "no datastore 'nope'; there are 'datastore1', 'far', 'local4', 'sas', 'shared', 'ssd', 'tiny'" \
		--host esx4.lab.test --datastore nope
	not 66 "datastore 'ssd' cannot be reached from there; there are 'local4', 'shared'" \
		--host esx4.lab.test --datastore ssd
	not 66 "datastore 'ssd' cannot be reached from there; there are 'local4', 'shared'" \
		--pool red --datastore ssd
	not 74 "datastore 'tiny' has 97.6 KiB free, the disks take 2.9 MiB at least" \
		--host alone.lab.test
}

networks()
{
	local blue=(--pool blue --datastore ssd)
	local lists="in the backup there is 'VM Network', on the host there are 'VM Network', 'a=b', 'dv prod', 'two'"
	mark_host
	goes exact '["restored","ssd","VM Network"]' "${blue[@]}"
	goes distributed '["restored","ssd","dv prod"]' "${blue[@]}" \
		--network 'VM Network=dv prod'
	goes equals '["restored","ssd","a=b"]' "${blue[@]}" \
		--network 'VM Network=a=b'
	# Its own name is better than the default.
	goes default '["restored","ssd","VM Network"]' "${blue[@]}" \
		--network-default two
	not 66 "--network: the host has no network 'nope': $lists" \
		"${blue[@]}" --network 'VM Network=nope'
	not 66 "--network: no such network in the backup, 'nope=two': $lists" \
		"${blue[@]}" --network nope=two
	not 64 "--network: 'VM Network' is given twice" "${blue[@]}" \
		--network 'VM Network=two' --network 'VM Network=a=b'
	AT=(--folder far)
	not 66 "give --network SRC=DST, the host has no network 'VM Network': in the backup there is 'VM Network', on the host there is 'Far Network'"
	not 66 "--network-default: the host has no 'nope': in the backup there is 'VM Network', on the host there is 'Far Network'" \
		--network-default nope
	mark_host
	goes defaulted '["far","far","Far Network"]' \
		--network-default 'Far Network'
	same "$(vm_state defaulted '[.nics[0].connected,
		.nics[0].start_connected] | tojson')" '[true,true]'
	goes alone '["far","far","Far Network"]' --no-nics
	same "$(vm_state alone '[.nics[0].connected,
		.nics[0].start_connected] | tojson')" '[false,false]' \
		"connected to nothing"
	AT=(--folder restored)
}

trouble()
{
	ctl 'host?name=esx4.lab.test&maintenance=true' '{}' >/dev/null
	not 75 "host 'esx4.lab.test' is in maintenance mode" \
		--host esx4.lab.test --datastore shared
	not 75 "datastore 'local4' is on no host that is connected and out of maintenance mode" \
		--pool red --datastore local4
	# Only one is left to choose from.
	would '["esx5.lab.test","Resources","shared","Lab/vm/restored"]' \
		--pool red --datastore shared
	ctl 'host?name=esx5.lab.test&state=disconnected' '{}' >/dev/null
	not 75 "no host of cluster 'red' is connected and out of maintenance mode" \
		--pool red --datastore shared
	not 75 "host 'esx5.lab.test' is not connected (state 'disconnected')" \
		--host esx5.lab.test
	ctl 'datastore?name=ssd&accessible=false' '{}' >/dev/null
	not 75 "datastore 'ssd' is not accessible" --pool blue --datastore ssd
	would '[null,"Resources","sas","Lab/vm/restored"]' --pool blue
}

deploy_host esxi
point_of uefi01
on_esxi
hardware_version
host_idle
deploy_host vcenter
# shellcheck disable=SC2034 # deploy adds it
AT=()
not 64 "--folder is needed: there are 'db', 'old', 'vm', 'web'"
deploy_host vcenter --site "$PWD/site.json"
for name in esx{2..5} alone far; do
	HX+=(--resolve "$name.lab.test=127.0.0.1")
done
folders
pools_and_hosts
datastores
networks
trouble
host_idle
