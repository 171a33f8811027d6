# shellcheck shell=bash
# What the tests of esxbk-export-vmdk share.  Source it after lib.sh; it brings
# fault.sh.
#
#	raw_host FLAVOR [ARG...]    quick_host with VMs of its own, whose disks
#		the test may change: flat01, stopped, with nvram, 10 ranges of
#		16 MiB and 1536 bytes; run01, running, with tools, two disks of
#		6 ranges and of 20 MiB; more of them, each a line of the spec in
#		JSON, if the array MORE has some
#	noise FILE SEED BYTES AT    bytes that do not compress, in a disk
#	vx STATUS ARG...        hx STATUS esxbk-export-vmdk ARG...
#	vxing ARG...            the same in the background: see start, finish
#	flat_good POINT RAW...  POINT is a whole one of mode vmdk of these disks
#	host_left_alone         host_idle, and as many snapshots removed as made
#	mark_gets               what the next two count begins here
#	fetched [EXPR]          bytes of flat files that the host gave, of the
#		gets that fit a jq expression
#	gets [EXPR]             how many
#	journalled DIR N        the unfinished point in DIR has N ranges
#	stall VM DISK RANGE     that range stops in its middle, for ever
#	kill_run                the run in $PID is killed, its faults disarmed
#	killed RANGE            a run for flat01 into ./d was killed when all but
#		that range of the eleven was there; it left $PARTIAL
#	resumed BYTES           the last run took it up without a word, fetched so
#		many bytes, and its point is good; it is removed
#	anew BYTES PATTERN      a run with --resume warns, and the same
# shellcheck disable=SC2317,SC2119,SC2120

# shellcheck source=/dev/null
. "$T/cli/lib/fault.sh" || exit 1
RANGE=$((16 << 20))
MORE=()
GETS_FROM=0

noise()
{
	openssl enc -aes-128-ctr -nosalt -K "$(printf %032x "$2")" -iv 00 \
		-in /dev/zero 2>/dev/null | head -c "$3" |
		dd of="$1" bs=64k seek="$4" oflag=seek_bytes conv=notrunc \
			iflag=fullblock status=none
}

# In ranges 0, 1, 3, 6 and 9, and at the very end.
raw_disks()
{
	local i
	truncate -s $((10 * RANGE + 1536)) flat01.raw
	for i in 0 1 3 6 9; do
		noise flat01.raw "$i" 1000000 $((i * RANGE + 70000))
	done
	noise flat01.raw 10 1000 $((10 * RANGE + 536))
	noise flat01.nvram 11 270840 0
	truncate -s $((6 * RANGE)) run01-0.raw
	for i in 0 2 5; do
		noise run01-0.raw "2$i" 2000000 $((i * RANGE + 123456))
	done
	truncate -s $((20 << 20)) run01-1.raw
	noise run01-1.raw 30 500000 $((19 << 20))
}

raw_spec()
{
	local d=$SCRATCH/spec line
	mkdir -p "$d" || return 1
	(cd "$d" && raw_disks) || return 1
	{
		cat <<-END
		{"name": "flat01", "moid": "12", "firmware": "efi",
		 "nvram": "$d/flat01.nvram",
		 "disks": [{"file": "$d/flat01.raw"}]}
		{"name": "run01", "moid": "13", "power": "on", "tools": "ok",
		 "disks": [{"file": "$d/run01-0.raw"},
			{"file": "$d/run01-1.raw", "controller": "lsilogic"}]}
		END
		for line in "${MORE[@]}"; do
			echo "$line"
		done
	} | jq -s . >"$d/spec.json"
	touch "$d/.done"
}

raw_host()
{
	# In place of the disks that all tests share.
	host_spec()
	{
		HOST_SPEC=$SCRATCH/spec
		[ -e "$HOST_SPEC/.done" ] || raw_spec
	}
	quick_host "$@"
}

vx()
{
	local want=$1
	shift
	hx "$want" esxbk-export-vmdk "$@"
}

vxing()
{
	start esxbk-export-vmdk "${HX[@]}" "$@"
}

# Lines "NAME SIZE SHA256" of the files in the folder.
files_here()
(
	cd "$1" || exit 1
	for f in *; do
		echo "$f $(stat -c %s "./$f") $(sha256sum <"./$f" | cut -c-64)"
	done | LC_ALL=C sort
)

flat_good()
{
	local dir=$1 raw i=0 flats=()
	shift
	[ -f "$dir/backup.json" ] || {
		fail "a point: '$dir'"
		return 1
	}
	flats=("$dir"/*-flat.vmdk)
	same "${#flats[@]}" $# "$# disks in ${dir##*/}"
	manifest_good "$dir" SHA256
	same "$(record "$dir" .mode)" vmdk
	same "$(record "$dir" '.disks[], .files[] |
		"\(.file) \(.size) \(.sha256)"' | LC_ALL=C sort)" \
		"$(files_here "$dir" | grep -E '(-flat\.vmdk|\.vmx|\.nvram) ')" \
		"backup.json tells size and SHA-256"
	same "$(find "$dir" -mindepth 1 ! -perm 0444 -printf '%p %m\n')" '' \
		"every file is read-only"
	check "descriptor is XML" ovf "$dir" '/*'
	for raw; do
		same_flat "$dir" $((i++)) "$raw"
	done
}

# same_flat POINT N RAW: the Nth disk of the record.
same_flat()
{
	local file text
	text=$1/$(record "$1" ".disks[$2].descriptor")
	file=$1/$(record "$1" ".disks[$2].file")
	same_disk "$text" "$3"
	check "${file##*/} is ${3##*/} byte for byte" cmp "$file" "$3"
	check "${file##*/} has its holes" test \
		"$(du -B 1 "$file" | cut -f 1)" -le \
		$(($(du -B 1 "$3" | cut -f 1) + 1000000))
	same "$(record "$1" ".disks[$2].content_sha256")" \
		"$(content_digest "$3")" "its content digest"
}

# As esxbk-backup(5) has it.
content_digest()
{
	python3 - "$1" <<-'END'
	import hashlib, struct, sys
	with open(sys.argv[1], "rb") as disk:
	    d = hashlib.sha256(struct.pack("<Q", disk.seek(0, 2)))
	    disk.seek(0)
	    n = 0
	    while grain := disk.read(65536):
	        if grain.count(0) != len(grain):
	            d.update(struct.pack("<Q", n) + grain.ljust(65536, b"\0"))
	        n += 1
	print(d.hexdigest())
	END
}

host_left_alone()
{
	host_idle "${1:-[]}"
	same "$(snapshots)" "$(event_count '.event == "snapshot-removed" and
		(.name | startswith("esxbk-"))')" \
		"as many snapshots removed as made"
	same "$(event_count '.event == "login"')" \
		"$(event_count '.event == "logout"')" "every session logged out"
}

mark_gets()
{
	GETS_FROM=$(wc -l <"$HOST_EVENTS")
}

# Of flat files; the one byte that tells a size does not count.
gets_since()
{
	tail -n +$((GETS_FROM + 1)) "$HOST_EVENTS" |
		jq -n "[inputs | select(.event == \"folder-get\" and
			(.file | endswith(\"-flat.vmdk\")) and (${1:-true}))] |
			$2"
}

fetched()
{
	gets_since "${1:-}" 'map(.bytes) | add // 0'
}

gets()
{
	gets_since "${1:-}" length
}

journalled()
{
	local journal
	journal=$(echo "$1"/.*.partial/.journal)
	[ -e "$journal" ] && [ "$(wc -l <"$journal")" -gt "$2" ]
}

stall()
{
	fault "{\"kind\": \"folder-stall\", \"vm\": \"$1\", \"disk\": $2,
		\"offset\": $(($3 * RANGE + 5000000)), \"ms\": 600000,
		\"times\": 0}"
}

kill_run()
{
	{
		kill -KILL "$PID"
		wait "$PID"
	} 2>/dev/null
	PID=''
	clear_faults
	mark_gets
}

killed()
{
	stall flat01 0 "$1"
	vxing -o d flat01
	wait_for 30 journalled d 10
	kill_run
	only_points d .flat01_TIME.partial
	# shellcheck disable=SC2034 # for those who source this
	PARTIAL=$(echo d/.flat01_*.partial)
}

good_bytes()
{
	flat_good "$(cat out)" "$HOST_SPEC/flat01.raw"
	same "$(fetched)" "$1" "bytes that came"
	only_points d flat01_TIME
	rm -rf d/flat01_*
}

resumed()
{
	same "$(cat err)" '' "without a word"
	good_bytes "$1"
}

anew()
{
	vx 0 --resume --quiesce off -o d flat01
	warned "flat01: $2"
	said ''
	good_bytes "$1"
}
