#!/bin/bash
# Whole disks over the datastore's HTTP access: the point holds just what the
# disks do, tools that never heard of us can use it as it lies there, and it is
# the same state that an export as OVF would have held.
# timeout: 200
# shellcheck disable=SC2034 # what is shared is used elsewhere
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/vmdk.sh" || exit 1

# as_ovf POINT VM RAW...
as_ovf()
{
	local dir=$1 vm=$2
	xp 0 -o ovf --quiesce off "$vm"
	same "$(record "$dir" '[.disks[] | [.key, .content_sha256]] | tojson')" \
		"$(record "$(cat out)" \
			'[.disks[] | [.key, .content_sha256]] | tojson')" \
		"$vm: content digests as in OVF mode"
	rm -rf ovf
}

# backup VM RAW...: of a VM that stands still while two exports are made
backup()
{
	local vm=$1 dir
	shift
	vx 0 -o "$place" --quiesce off "$vm"
	said ''
	dir=$(cat out)
	same "${dir%/*}" "$place" "where it is"
	flat_good "$dir" "$@"
	as_ovf "$dir" "$vm"
	POINT=$dir
}

stories()
{
	place=$1
	mkdir "$place"
	# Stopped: no snapshot is needed.
	backup flat01 "$HOST_SPEC/flat01.raw"
	same "$(snapshots)" 1 "only the one of the OVF"
	check "the NVRAM's bytes" cmp "$HOST_SPEC/flat01.nvram" \
		"$POINT/flat01.nvram"
	has "$POINT/flat01.vmx" 'nvram = "flat01.nvram"'
	same "$(record "$POINT" '[.files[] | .file, .kind, .host_check] |
		tojson')" '["flat01.vmx","vmx","unverified","flat01.nvram","nvram","unverified"]'
	same "$(ls "$POINT")" "$(printf '%s\n' backup.json \
		flat01-disk1-flat.vmdk flat01-disk1.vmdk flat01.mf \
		flat01.nvram flat01.ovf flat01.vmx)" "the files"
	same "$(record "$POINT" '[.disks[0] | .file, .descriptor, .cid |
		tostring | sub("^[0-9a-f]{8}$"; "CID")] | tojson')" \
		'["flat01-disk1-flat.vmdk","flat01-disk1.vmdk","CID"]'
	has "$POINT/flat01-disk1.vmdk" \
		"CID=$(record "$POINT" '.disks[0].cid')"
	same "$(record "$POINT" '[.times.snapshot, .quiesce.achieved,
		.vm.name, .kind, .parent] | tojson')" \
		'[null,false,"flat01","full",null]'
	same "$(record "$POINT" '.vm.path != ""')" true "where it was"

	# Running: from the base under a snapshot of ours.
	backup run01 "$HOST_SPEC/run01-0.raw" "$HOST_SPEC/run01-1.raw"
	same "$(record "$POINT" '[.disks[].datastore_path] | tojson')" \
		'["[datastore1] run01/run01.vmdk","[datastore1] run01/run01_1.vmdk"]'
	same "$(record "$POINT" '.times.snapshot != null')" true
	same "$(record "$POINT" '[.files[].file] | tojson')" '["run01.vmx"]'
	host_left_alone
	check "verified" "$B/esxbk-verify" --level deep "$POINT"
}

# The guest goes on writing: what is backed up is the moment of the snapshot.
moving()
{
	cp --sparse=always "$HOST_SPEC/run01-0.raw" before.raw
	fault "{\"kind\": \"folder-stall\", \"vm\": \"run01\", \"disk\": 0,
		\"offset\": $((5 * RANGE - 9)), \"ms\": 4000}"
	vxing -o moving run01
	wait_for 30 journalled moving 2
	head -c 3000000 /dev/urandom >noise
	for at in 0 $((2 * RANGE + 123456)) $((4 * RANGE)) $((5 * RANGE + 9)); do
		curl -sS --unix-socket "$HOST_CTL" --data-binary @noise \
			"http://host/write?vm=run01&disk=0&offset=$at" >/dev/null
	done
	check "still at it" test -d moving/.run01_*.partial
	finish 0
	flat_good "$(cat out)" before.raw "$HOST_SPEC/run01-1.raw"
	cmp -s before.raw "$HOST_SPEC/run01-0.raw"
	same $? 1 "the disk has changed meanwhile"
	host_left_alone
}

# Half a gigabyte of nothing takes no room.
hole()
{
	vx 0 -o hole hole01
	flat_good "$(cat out)" "$PWD/hole.raw"
	check "a long hole" test "$(du -k "$(cat out)" | cut -f 1)" -lt 1000
	same "$(jq -n '[inputs | select(.event == "folder-get" and
		.file == "hole01-flat.vmdk").bytes] | add' "$HOST_EVENTS")" \
		$((512 << 20)) "all of it went over the wire"
	rm -rf hole
}

truncate -s 512M hole.raw
noise hole.raw 1 200000 0
noise hole.raw 2 200000 $((511 << 20))
MORE=("{\"name\": \"hole01\", \"moid\": \"61\",
	\"disks\": [{\"file\": \"$PWD/hole.raw\"}]}")
raw_host esxi
stories esxi
moving
hole
raw_host vcenter
stories vcenter
