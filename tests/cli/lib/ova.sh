# shellcheck shell=bash
# What the tests of OVAs share.  Source it after lib.sh.
#
#	ova STATUS ARG...       xp STATUS --format ova ARG...
#	ova_good FILE RAW...    FILE is an OVA of these disks, for tools that
#		never heard of us, packed and unpacked
#	members FILE            names in the archive, in order
#	only_ova DIR [NAME...]  DIR holds these and lock files, nothing else
#	unpack FILE DIR         into a new folder

# shellcheck source=/dev/null
. "$T/cli/lib/fault.sh" || exit 1
need tar python3

ova()
{
	local want=$1
	shift
	xp "$want" --format ova "$@"
}

members()
{
	tar -tf "$1"
}

only_ova()
{
	local dir=$1
	shift
	same "$(find "$dir" -mindepth 1 -maxdepth 1 ! -name '.w-*' \
		-printf '%f\n' | LC_ALL=C sort)" "$(printf '%s\n' "$@")" \
		"in $dir: ${*:-nothing}"
}

unpack()
{
	mkdir "$2" && tar -xf "$1" -C "$2"
}

# Each member: name, size, mode, type, uid, gid, format's oddities: none.
plain_ustar()
{
	python3 - "$1" <<-'PY'
		import sys, tarfile
		with tarfile.open(sys.argv[1], "r:") as t:
		    times = {m.mtime for m in t}
		    for m in t:
		        assert m.type == tarfile.REGTYPE and m.mode == 0o444, m
		        assert (m.uid, m.gid, m.uname, m.gname) == (0, 0, "", "")
		        assert not m.pax_headers and "/" not in m.name, m
		        t.fileobj.seek(m.offset + 257)
		        assert t.fileobj.read(8) == b"ustar\00000", m
		    assert len(times) == 1, times
		    end = (m.offset_data + m.size + 511) // 512 * 512
		    t.fileobj.seek(end)
		    assert t.fileobj.read() == bytes(1024), "the end"
	PY
}

# qemu-img reads the disk where it lies in the archive.
disk_in_place()
{
	python3 - "$1" "$2" <<-'PY'
		import json, sys, tarfile
		with tarfile.open(sys.argv[1], "r:") as t:
		    m = t.getmember(sys.argv[2])
		print("json:" + json.dumps({"driver": "vmdk", "file": {
		    "driver": "raw", "offset": m.offset_data, "size": m.size,
		    "file": {"driver": "file", "filename": sys.argv[1]}}}))
	PY
}

ova_good()
{
	local file=$1 dir raw i=0 names stem vmdks
	shift
	check "a plain ustar archive: ${file##*/}" plain_ustar "$file"
	names=$(members "$file")
	if command -v bsdtar >/dev/null; then
		same "$(bsdtar -tf "$file")" "$names" "bsdtar reads the same"
	fi
	stem=${names%%.ovf*}
	same "$(tail -n 1 <<<"$names")" "$stem.mf" "the manifest is the last"
	dir=$(mktemp -d "$SCRATCH/ova.XXXXXX")
	tar -xf "$file" -C "$dir"
	same "$(sed '1d;$d' <<<"$names")" \
		"$(ovf "$dir" "//*[local-name()='File']/@*[
			local-name()='href']" | sed 's/.*"\(.*\)"/\1/')" \
		"the descriptor comes first, its files in its order"
	same "$(tar -xOf "$file" "$stem.mf" | (cd "$dir" &&
		sha256sum -c --strict 2>&1 | sed 's/.*: //' | sort -u))" OK \
		"sha256sum -c"
	descriptor_good "$dir"
	manifest_good "$dir" SHA256
	vmdks=("$dir"/*.vmdk)
	same "${#vmdks[@]}" $# "$# disks"
	for raw; do
		same_disk "${vmdks[i]}" "$raw"
		check "in place: ${vmdks[i]##*/}" qemu-img compare -q -F raw \
			"$(disk_in_place "$file" "${vmdks[i]##*/}")" "$raw"
		i=$((i + 1))
	done
	rm -rf "$dir"
}
