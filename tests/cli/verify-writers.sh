#!/bin/bash
# Sound disks are OK whoever wrote them; where VMware's tools are known to refuse
# one, a warning says so.  What was read is what is on the disk.
# timeout: 300
. "$T/cli/lib.sh" || exit 1
need qemu-img jq sha256sum /usr/bin/python3

after_end="zeros behind its end: ovftool and vSphere may refuse it for its digest"

# content RAW: the digest of a disk's content, as esxbk-backup(5) defines it.
content()
{
	/usr/bin/python3 - "$1" <<-'PY'
	import hashlib, os, sys
	with open(sys.argv[1], "rb") as f:
	    size, at = os.fstat(f.fileno()).st_size, 0
	    h = hashlib.sha256(size.to_bytes(8, "little"))
	    while at < size:
	        try:
	            at = os.lseek(f.fileno(), at, os.SEEK_DATA) // 65536 * 65536
	        except OSError:
	            break
	        f.seek(at)
	        grain = f.read(65536).ljust(65536, b"\0")
	        if any(grain):
	            h.update((at // 65536).to_bytes(8, "little") + grain)
	        at += 65536
	print(h.hexdigest())
	PY
}

# sound FILE RAW [WARNING]
sound()
{
	run 0 esxbk-verify --level deep "$1"
	same "$(cat out)" "$1: OK"
	same "$(cat err)" "${3:+esxbk-verify: warning: $1: $3}" \
		"warnings of $1: ${3:-none}"
	run 0 esxbk-verify --level deep - <"$1"
	same "$(cat out)" "-: OK"
	same "$(cat err)" "${3:+esxbk-verify: warning: -: $3}"
	run 0 esxbk-verify --level deep --json "$1"
	same "$(jq -r 'select(.type == "verify").disks[0].content_sha256' out)" \
		"$(content "$2")" "$1: the content is the disk's"
}

layouts()
{
	local name verdict disk message n=0
	while IFS=$'\t' read -r name verdict disk message _; do
		[ "$verdict" = good ] || continue
		[ "$message" != - ] || message=''
		sound "g/$name.vmdk" "g/$disk.raw" "$message"
		n=$((n + 1))
	done <g/index.tsv
	check "$n layouts" [ "$n" -ge 19 ]
}

# by_qemu NAME SIZE: of what is in NAME.raw, by the real qemu-img.  One in 256 of
# its random CIDs leaves old text behind the descriptor: not here.
by_qemu()
{
	local i
	truncate -s "$2" "$1.raw"
	for ((i = 0; i < 10; i++)); do
		qemu-img convert -f raw -O vmdk -o subformat=streamOptimized \
			"$1.raw" "$1.vmdk" || break
		if grep -aqE '^CID=[0-9a-f]{7,8}$' "$1.vmdk"; then
			pass "qemu-img writes $1"
			return
		fi
	done
	fail "qemu-img does not write $1"
}

# The first sector of zeros is an end marker.
padding()
{
	[ "$(tail -c 1024 "$1" | tr -d '\0' | wc -c)" -ne 0 ] ||
		echo "$after_end"
}

check 'the streams are made' "$T/malformed/generate" g
layouts
for disk in disk short long; do
	cp --sparse=always "g/$disk.raw" .
	by_qemu "$disk" "$(stat -c %s "$disk.raw")"
	sound "$disk.vmdk" "$disk.raw" "$(padding "$disk.vmdk")"
done
by_qemu empty 1G
sound empty.vmdk empty.raw
