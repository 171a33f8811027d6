#!/bin/bash
# timeout: 240
# The backup is not what it was: that is found at the latest when its last byte
# has been read, the host is told so, and no VM is made of it.  The reason is
# what is wrong with the file, not what the host makes of a transfer that ends.
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/deploy_fault.sh" || exit 1
need strace

quick_host esxi
point_of odd01
ODD=$POINT
from p
disk=odd01-disk1.vmdk
size=$(stat -c %s "$POINT/$disk")
digest='[0-9a-f]{64}'

whole_disks()
{
	begun '.event == "nfc-end" and .complete and .method == "POST"'
}

# bad PATTERN [ARG...]: 65, without another attempt, although there might be.
# The host, too, may have seen what is wrong.  It never got all of a bad disk,
# unless only the manifest tells ($WHOLE is 1).
bad()
{
	local pattern=$1
	shift
	restore 65 "$@"
	lost "$pattern" 'abort|FileFault'
	same "$(wc -l <err)" 1 "one line, no other attempt"
	same "$(whole_disks)" "${WHOLE:-0}" "${WHOLE:-0} whole disks came"
}

# refused_at_once PATTERN
refused_at_once()
{
	restore 65
	lost "$1" ''
	same "$(begun '.event == "import"') $(uploads)" '0 0' "nothing moved"
}

# --- files -------------------------------------------------------------------

# The manifest says something else.
copy && sed -i "/$disk/s/= .*/= $(printf %064d 7)/" p/odd01.mf
WHOLE=1
bad "$disk has SHA256 $digest, the manifest says 0{63}7"
copy && sed -i "/$disk/s/.*/SHA1($disk)= $(printf %040d 7)/" p/odd01.mf
bad "$disk has SHA1 [0-9a-f]{40}, the manifest says 0{39}7"
copy && echo ' ' >>p/odd01.ovf
refused_at_once "odd01.ovf has SHA256 $digest, the manifest says $digest"

# A byte has changed: between two grains, or in one.
last=$((size - 1))
at=$(python3 - "p/$disk" <<'PY'
import struct, sys
with open(sys.argv[1], "rb") as f:
    data = f.read()
at = 128 * 512
while len(data) > at:
    n = struct.unpack_from("<I", data, at + 8)[0]
    end = at + 12 + n
    at = -(-end // 512) * 512
    if at - end > 100:
        break
print(end + 50)
PY
)
copy && flip "p/$disk" "$at"
bad "$disk has SHA256 $digest, the manifest says $digest"
WHOLE=0
copy && flip "p/$disk" $((size / 2))
bad "$disk: grain at sector [0-9]+ does not inflate"
resum
bad "$disk: grain at sector [0-9]+ does not inflate"
copy && flip "p/$disk" $last
bad "$disk: end marker at sector [0-9]+ is not all zero"

# The descriptor has another size.
copy && truncate -s -512 "p/$disk"
refused_at_once "$disk has $((size - 512)) bytes, the descriptor says $size"
copy && echo >>"p/$disk"
refused_at_once "$disk has $((size + 1)) bytes, the descriptor says $size"
# Nobody would know but for the stream itself.
copy && truncate -s 5000000 "p/$disk" &&
	edit p/odd01.ovf "s/ovf:size=\"$size\"/ovf:size=\"5000000\"/"
bad "$disk: stream ends after 5000000 bytes, inside a grain"

# --- all sorts of damage, with a manifest that matches -----------------------

point_of uefi01
disk=uefi01-disk1.vmdk
"$T/malformed/generate" g bit-flip gte-swapped gde-zero footer-gd \
	table-missing lba-back no-footer parent-nbd zeros-after-end \
	marker-unknown grain-bomb capacity-2-62 lost-block
n=0
while IFS=$'\t' read -r stream _ raw message _; do
	copy
	cp "g/$stream.vmdk" "p/$disk"
	edit p/uefi01.ovf "s/ovf:size=\"[0-9]*\" *\(ovf:id=\"file1\"\)/\1/
		s/\(ovf:id=\"file1\".*\)ovf:size=\"[0-9]*\"/\1/
		s/ovf:capacity=\"40\"/ovf:capacity=\"$(($(stat -c %s \
		"g/$raw.raw") >> 20))\"/"
	message=${message//(/\\(} message=${message//)/\\)}
	case $stream in
	capacity-2-62 | parent-nbd) refused_at_once "$disk: $message" ;;
	*) bad "$disk: $message" ;;
	esac
	n=$((n + 1))
done < <(tail -n +2 g/index.tsv)
same $n 13 "13 streams"

# What is not a disk has its digest only.
copy && flip p/uefi01.nvram 100
WHOLE=1
bad "uefi01.nvram has SHA256 $digest, the manifest says $digest"

# --- while it is read --------------------------------------------------------

POINT=$ODD
disk=odd01-disk1.vmdk

# begin_slowly: some of it is under way, and the rest takes a while
begin_slowly()
{
	fault '{"kind":"upload-slow","bytes_per_second":2000000,"times":0}'
	restoring
	wait_for 60 under_way
}

under_way()
{
	[ "$(uploads)" -gt 0 ]
}

# A file that is cut is no trouble of the host's, nor one that passes.
copy && begin_slowly
truncate -s $((size - 1000000)) "p/$disk"
finish 74
lost "$disk: read $disk: it ends at byte $((size - 1000000)) all of a sudden" \
	'abort|FileFault'
same "$(wc -l <err)" 1 "no other attempt"
clear_faults

# What is written into it meanwhile goes to the host, but not into a VM.
copy && begin_slowly
dd if=/dev/zero of="p/$disk" bs=100000 seek=95 count=1 conv=notrunc 2>/dev/null
finish 65
lost "$disk: grain at sector [0-9]+ does not inflate" 'abort|FileFault'
clear_faults

# What is behind its end when it was looked at is no part of it, and who has
# another file put in its place does not touch this run.
copy && begin_slowly
echo more >>"p/$disk"
mv "p/$disk" gone && echo other >"p/$disk"
finish 0
clear_faults
same "$(cat err)" ''
from "$SOURCE" "$HOST_SPEC/odd01.raw"
kept
next_name

# The storage under it gives up.  Reads are told from each other by their file.
storage_fails()
{
	local want=$1 rc=0
	shift
	mark_host
	ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 strace -f -o trace \
		--quiet=attach,personality,path-resolution \
		-e trace=pread64,openat -P "$PWD/p/$disk" -P "$disk" \
		-e "inject=$1" "$B/esxbk-deploy-ovf" "${HX[@]}" \
		--name "$NAME" "$SOURCE" >out 2>err || rc=$?
	judge $rc "$want" "with $1"
	check "it was injected" grep -q INJECTED trace
}
if [ -z "${VALGRIND:-}" ]; then
	copy && storage_fails 74 pread64:error=EIO:when=20
	lost "$disk: read $disk: Input/output error" 'abort|FileFault'
	same "$(wc -l <err)" 1 "no other attempt"
	copy && storage_fails 71 openat:error=EACCES:when=1
	lost "open $disk: Permission denied" ''
fi

# --- standard input ----------------------------------------------------------

xp 0 --quiesce off --format ova -o odd01.ova odd01
from -
bytes=$(stat -c %s odd01.ova)
at=$((bytes / 2))

restore 65 < <(head -c $at odd01.ova)
lost "$disk: standard input: .*cut.*" 'abort|FileFault'
cp odd01.ova bad.ova && flip bad.ova $at
restore 65 <bad.ova
lost "$disk: grain at sector [0-9]+ does not inflate" 'abort|FileFault'

# The manifest is the last member, and nothing else can tell.
cp odd01.ova bad.ova
sed -i "s/^SHA256($disk)= ......../SHA256($disk)= 00000000/" bad.ova
restore 65 <bad.ova
lost "$disk has SHA256 $digest, the manifest says 00000000[0-9a-f]{56}" abort
sed "s/SHA256(odd01.ovf)= ......../SHA256(odd01.ovf)= 00000000/" odd01.ova \
	>bad.ova
restore 65 <bad.ova
lost "odd01.ovf has SHA256 $digest, the manifest says 00000000[0-9a-f]{56}" \
	abort
# Cut off behind the disk, nothing says that it is what it was.
cut=$(python3 -c 'import sys, tarfile
print(tarfile.open(sys.argv[1]).getmember("odd01.mf").offset)' odd01.ova)
restore 65 < <(head -c "$cut" odd01.ova)
lost 'standard input: the archive ends without its two blocks of zeros' abort
same "$(whole_disks)" 1 "the disk was there"

# Who fills the pipe may have much more to say: nobody waits for that.
mkfifo pipe
{ head -c "$at" odd01.ova && exec sleep 60; } >pipe &
writer=$!
fault '{"kind":"upload-status"}'
mark_time
restore 75 <pipe
soon 10
lost "$disk: localhost answers HTTP status 503" abort
kill "$writer"

# --- salvage -----------------------------------------------------------------

# It takes what it can get, and says what is wrong with it.
from p "$HOST_SPEC/odd01.raw"
copy && sed -i "/$disk/s/= .*/= $(printf %064d 7)/" p/odd01.mf
restore 0 --no-verify --json
warned "$disk has SHA256 $digest, the manifest says 0{63}7"
same "$(restored '[.outcome, .warnings[].code]')" '["warn","W_DAMAGED"]'
kept
next_name
# The host has a word in it, too.
copy && flip "p/$disk" $((size / 2)) && resum
restore 75 --no-verify --retries 1
said_like "esxbk-deploy-ovf: restore $NAME: the lease failed: FileFault: Not a supported disk format .*"
same "$(grep -c "warning: $disk: grain at sector [0-9]* does not inflate" err)" \
	1 "what is wrong with it is told, once"
ended 'FileFault FileFault'
gone "$NAME"
