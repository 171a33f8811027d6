#!/bin/bash
# A point of whole disks comes back by the same command as any other: the flat
# disks become streams on the way, and what they hold is proven.
# timeout: 240
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/deploy.sh" || exit 1
need 7zz qemu-img

# flat_point VM: $POINT
flat_point()
{
	hx 0 esxbk-export-vmdk -o "$place" --quiesce off "$1"
	POINT=$(cat out)
}

# verified POINT: at each level, every file by its name
verified()
{
	local level
	for level in quick hash deep; do
		run 0 esxbk-verify --level $level "$1"
		same "$(sed -n 's|.*/\(.*\): OK$|\1|p' out | sort)" \
			"$(ls "$1")" "$level: all files are good"
	done
}

# restored_from VM RAW...: as another VM, its disks and its NVRAM
restored_from()
{
	local vm=$1 stored
	shift
	mark_host
	deploy 0 --name "$vm copy" "$POINT"
	deployed "$vm copy"
	disks_equal "$vm copy" "$@"
	# What the host got is good for readers that never heard of us.
	vm_state "$vm copy" '.uploads[] | select(.file | endswith(".vmdk")) |
		.stored' >got
	while read -r stored <&7; do
		cp "$stored" stream.vmdk
		run 0 esxbk-verify --level deep stream.vmdk
		check "7zz reads it" 7zz t -tvmdk stream.vmdk
	done 7<got
	check "$(wc -l <got) streams" test "$(wc -l <got)" -eq $#
}

# damaged: a byte of a flat disk is another
damaged()
{
	rm -rf p
	cp -r "$POINT" p
	chmod -R u+w p
	flip p/uefi01-disk1-flat.vmdk 2000000
	run 1 esxbk-verify p
	has out 'p/uefi01-disk1-flat.vmdk: FAILED (its SHA256 is not'
	run 0 esxbk-verify --level quick p
	mark_host
	deploy 65 --name broken p
	has err 'esxbk-deploy-ovf: restore broken: uefi01-disk1.vmdk holds '
	has err ' by its content digest, backup.json says '
	gone broken
	# A file that nobody spoke of, one that is missing, one of another size.
	: >p/more
	run 1 esxbk-verify --level quick p
	has out 'p/more: FAILED (it is not in the manifest)'
	# Without the manifest nothing tells of such a file.
	mv p/uefi01.mf mf
	for level in quick hash deep; do
		run 1 esxbk-verify --level "$level" p
		has out 'p/uefi01.mf: FAILED (it is not there: nothing tells'
	done
	mv mf p/uefi01.mf
	rm p/more p/uefi01.nvram
	run 1 esxbk-verify --level quick p
	has out 'p/uefi01.nvram: FAILED (it is not there)'
	for size in 1000000 7 0; do
		truncate -s $size p/uefi01-disk1-flat.vmdk
		run 1 esxbk-verify --level deep p
		has out "p/uefi01-disk1-flat.vmdk: FAILED ($size bytes, backup.json says 41943040)"
	done
	truncate -s 1M p/uefi01-disk1-flat.vmdk
	mark_host
	refused 65 'p: uefi01-disk1-flat.vmdk has 1048576 bytes, backup.json says 41943040' p
}

# How much is in a flat file is not known, only how much room it takes here.
little_room()
{
	ctl 'datastore?free=1000' '{}' >/dev/null
	deploy 0 -n --name small "$POINT"
	warned "datastore 'datastore1' has 1000 B free for up to [0-9.]+ MiB of data: it may not fit"
	deploy 74 -n --name small --disk-mode thick "$POINT"
	said_like "esxbk-deploy-ovf: restore small: datastore 'datastore1' has 1000 B free, the disks take 40\\.0 MiB at least"
	ctl 'datastore?free=100000000000' '{}' >/dev/null
	deploy 0 -n --name small "$POINT"
	said ''
}

story()
{
	place=$1
	mkdir "$place"
	deploy_host "$1"
	flat_point uefi01
	verified "$POINT"
	little_room
	restored_from uefi01 "$HOST_SPEC/uefi01.raw"
	same "$(vm_state 'uefi01 copy' .firmware)" efi
	vm_state 'uefi01 copy' '.uploads[] | select(.file | endswith(".nvram")) |
		.stored' >nvram
	check "the NVRAM's bytes" cmp "$HOST_SPEC/uefi01.nvram" "$(cat nvram)"
	damaged
	flat_point db01
	verified "$POINT"
	restored_from db01 "$HOST_SPEC/db01-0.raw" "$HOST_SPEC/db01-1.raw"
	host_idle
	host_stop
}

story esxi
story vcenter
