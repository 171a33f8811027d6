#!/bin/bash
# What cannot be had in this way is refused before a snapshot is made, with a
# word on how it can be had.
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/vmdk.sh" || exit 1

for i in 1 2 3 4 5 6; do
	truncate -s 1M "$PWD/$i.raw" && noise "$PWD/$i.raw" "$i" 9999 5000
done
cat >site.json <<'END'
{"datacenters": [{"datastores": [{"name": "vsanDatastore", "type": "vsan"},
	{"name": "vvol 1", "type": "VVOL"}, {"name": "nfs1", "type": "NFS"}]}]}
END

# vm NAME MOID POWER DISK... [, MEMBER]
vm()
{
	local name=$1 moid=$2 power=$3 more=$4
	shift 4
	MORE+=("{\"name\": \"$name\", \"moid\": \"$moid\", \"power\": \"$power\",
		\"disks\": [$*] $more}")
}
one="{\"file\": \"$PWD/1.raw\"}"
vm snapped 31 on ', "snapshots": [{"name": "before", "children": []}]' "$one"
vm stopped 32 off ', "snapshots": [{"name": "before", "children": []}]' "$one"
vm vsan 33 on ', "datastore": "vsanDatastore"' "$one"
vm vvol 34 off ', "datastore": "vvol 1"' "$one"
vm nfs 35 on ', "datastore": "nfs1"' "$one"
vm virtual 36 on '' "{\"file\": \"$PWD/2.raw\", \"rdm\": \"virtual\"}"
vm physical 37 off '' "$one, {\"file\": \"$PWD/3.raw\", \"rdm\": \"physical\"}"
vm both 38 on '' "$one, {\"file\": \"$PWD/4.raw\", \"rdm\": \"physical\"}"
vm indep 39 on '' "$one, {\"file\": \"$PWD/5.raw\", \"mode\": \"independent_persistent\"}"
vm alone 40 on '' "{\"file\": \"$PWD/6.raw\", \"mode\": \"independent_persistent\"}"
vm diskless 41 off ''
raw_host esxi --site "$PWD/site.json"
theirs='["before","before"]'

# refused STATUS NAME TEXT: in a dry run, too
refused()
{
	local made
	made=$(snapshots)
	vx "$1" -o d --quiesce off "$2"
	said "esxbk-export-vmdk: export $2: $3"
	same "$(cat out)" ''
	vx "$1" -n -o d --quiesce off "$2"
	same "$(snapshots) $(gets)" "$made 0" "no snapshot for that"
	only_points d
}

way="esxbk-export-ovf can back it up"
stale="Hard disk 1: it holds what changed since a snapshot, its flat file is older: $way"
refused 65 snapped "$stale"
refused 65 stopped "$stale"
refused 65 vsan "Hard disk 1: on vSAN or vVols its data are no file: $way"
refused 65 vvol "Hard disk 1: on vSAN or vVols its data are no file: $way"
refused 65 virtual "Hard disk 1: a raw device has no flat file: $way"
refused 65 physical "Hard disk 2: a raw device has no flat file: $way"
refused 65 alone "there is nothing to export"
refused 65 diskless "there is nothing to export"
for vm in snapped vsan virtual; do
	xp 0 -o ovf --quiesce off "$vm" # as the message says
done

# --- what is left out ---------------------------------------------------------

vx 0 -o d --quiesce off nfs
flat_good "$(cat out)" "$PWD/1.raw"
vx 0 -o d --disk 'Hard disk 1' physical
flat_good "$(cat out)" "$PWD/1.raw"

partial()
{
	vx 3 -n -o d --quiesce off "$1"
	same "$(cat out)" "$1: would be exported"
	vx 10 -n --exit-code -o d --quiesce off "$1"
	warned "$1: Hard disk 2 is not in the backup: $2"
	vx 3 -o d --quiesce off --json "$1"
	said "esxbk-export-vmdk: $1: not in the backup: Hard disk 2"
	warned "$1: Hard disk 2 is not in the backup: $2"
	same "$(result '[.outcome, .exit, .skipped[0].code, .skipped[0].key] |
		tojson')" "$3"
	flat_good "$(result .path)" "$PWD/1.raw"
}
partial both "a raw device mapping in physical mode is not part of a snapshot" \
	'["partial",3,"W_PHYSICAL_RDM",2001]'
partial indep "an independent disk is not part of a snapshot" \
	'["partial",3,"W_INDEPENDENT_DISK",2001]'
# Of a stopped VM it stands as still as the others.
ctl 'power?vm=indep&on=false' '{}' >/dev/null
vx 0 -n -o d indep
vx 0 -o d --quiesce off indep
flat_good "$(cat out)" "$PWD/1.raw" "$PWD/5.raw"
rm -rf d

# --- rights and licence -----------------------------------------------------------

denied()
{
	ctl "privilege?id=$1&granted=$2" '{}' >/dev/null
}

denied VirtualMachine.State.CreateSnapshot false
vx 77 -o d --quiesce off run01
said_like 'esxbk-export-vmdk: export run01: .*NoPermission: .*: the account needs VirtualMachine\.State\.CreateSnapshot and RemoveSnapshot, or stop the VM'
only_points d
vx 0 -o d flat01
denied VirtualMachine.State.CreateSnapshot true
rm -rf d

denied Datastore.FileManagement false
vx 77 -o d --quiesce off run01
said_like 'esxbk-export-vmdk: export run01: Hard disk 1: .*localhost refuses access \(HTTP status 403\): the account needs Datastore\.Browse and Datastore\.FileManagement \(low level file operations\)'
only_points d
denied Datastore.FileManagement true

ctl 'license?free=true' '{}' >/dev/null
vx 77 -o d --quiesce off run01
said_like 'esxbk-export-vmdk: export run01: .*RestrictedVersion: .*: stop the VM, then no snapshot is needed'
only_points d
vx 0 -o d flat01
flat_good "$(cat out)" "$HOST_SPEC/flat01.raw"
ctl 'license?free=false' '{}' >/dev/null
rm -rf d

# --- room on the datastore ----------------------------------------------------------

ctl 'datastore?free=1000' '{}' >/dev/null
vx 74 -o d --quiesce off run01
said_like 'esxbk-export-vmdk: export run01: datastore datastore1 has .* free, a snapshot wants .* \(--min-datastore-free\)'
vx 0 -o d flat01
vx 0 -o d --min-datastore-free 0 --quiesce off run01
vx 75 -o d --quiesce require --min-datastore-free 0 nfs
said 'esxbk-export-vmdk: export nfs: quiescing is required, but VMware Tools are not running'
host_left_alone "$theirs"
