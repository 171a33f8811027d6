#!/bin/bash
# The content digest proves what a disk held, however it was compressed; it
# can be computed again from the disk by anybody.  What a guest writes while
# it is being backed up is not in the backup.
# timeout: 300
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/point.sh" || exit 1
need python3

# As design and esxbk-backup(5) define it, from nothing but a raw disk.
content()
{
	python3 - "$1" <<-'PY'
		import hashlib, struct, sys
		with open(sys.argv[1], "rb") as f:
		    size = f.seek(0, 2)
		    f.seek(0)
		    h = hashlib.sha256(struct.pack("<Q", size))
		    for n in range((size + 65535) // 65536):
		        grain = f.read(65536)
		        if grain.count(0) != len(grain):
		            h.update(struct.pack("<Q", n) + grain.ljust(65536, b"\0"))
		print(h.hexdigest())
	PY
}

# same_content DIR RAW...
same_content()
{
	local point=$1
	shift
	same "$(record "$point" '.disks[].content_sha256')" \
		"$(for raw; do content "$raw"; done)" \
		"content digest of ${point##*/}"
}

# first DIR NAME:MOID...
first()
{
	local dir=$1 vm disks
	shift
	xp 0 -o "$dir" --json --quiesce off "${@%:*}"
	cp out json
	for vm; do
		mapfile -t disks < <(raws "${vm#*:}")
		vm=${vm%:*}
		same_content "$(echo "$dir/$vm"_*)" "${disks[@]}"
		same "$(jq -c "select(.vm.name? == \"$vm\").disks[].content_sha256" \
			json)" "$(jq -c '.disks[].content_sha256' \
			"$dir/$vm"_*/backup.json)" "$vm: the result has it, too"
	done
}

# What is on the host now, and again without a change.
again()
{
	local point
	xp 0 -o again --quiesce off prod-web
	point=$(cat out)
	same_content "$point" "$HOST_SPEC/prod-web.raw"
	xp 0 -o again --quiesce off prod-web
	check "another point" test "$(cat out)" != "$point"
	same "$(record "$(cat out)" '.disks[0].content_sha256')" \
		"$(record "$point" '.disks[0].content_sha256')" \
		"the same state has the same digest"
}

is_sending()
{
	[ "$(event_count '.event == "nfc-start" and .vm == "prod-web"')" -gt "$1" ]
}

# The guest writes while its disk is on the way: over data and into holes, at
# the start, which is sent already, and at the end, which is not.
meanwhile()
{
	local raw=$HOST_SPEC/prod-web.raw offset count point
	cp --sparse=always "$raw" before.raw
	count=$(event_count '.event == "nfc-start" and .vm == "prod-web"')
	ctl fault '{"kind":"slow","vm":"prod-web",
		"bytes_per_second":6000000}' >/dev/null
	start esxbk-export-ovf "${HX[@]}" -o live --quiesce off prod-web
	wait_for 20 is_sending "$count"
	for offset in 0 70000 1048576 33554432 67108000; do
		ctl "write?vm=prod-web&disk=0&offset=$offset" \
			"written at $offset while the disk is being sent" \
			>/dev/null
	done
	same "$(event_count '.event == "nfc-end" and .vm == "prod-web"')" \
		"$count" "it was still being sent"
	finish 0
	point=$(cat out)
	check "the guest did write" test "$(cmp -l "$raw" before.raw | wc -l)" -gt 99
	point_good "$point" "$PWD/before.raw"
	same_content "$point" before.raw
	xp 0 -o live --quiesce off prod-web
	point_good "$(cat out)" "$raw"
	same_content "$(cat out)" "$raw"
	check "another content, another digest" test \
		"$(record "$(cat out)" '.disks[0].content_sha256')" != \
		"$(record "$point" '.disks[0].content_sha256')"
}

quick_host -w esxi
first esxi db01:13 empty01:15 hole01:17 odd01:16 qemu01:25
again
meanwhile
host_clean
quick_host vcenter
first vcenter db01:13 odd01:16
host_clean
