#!/bin/bash
# The disk that the point goes to is full: that is said beforehand if it can be
# known, and nothing half-made stays.
# shellcheck disable=SC2034,SC2016 # what is shared is used elsewhere
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/vmdk.sh" || exit 1

AT_EXIT='umount "$PWD/small" 2>/dev/null'
raw_host esxi

# A limit on the size of files is an error as any other, not the end of who
# would remove the snapshot.
ulimit -S -f 1000
vx 74 -o d --quiesce off run01
ulimit -S -f "$(ulimit -H -f)"
said_like 'esxbk-export-vmdk: export run01: .*d/\.run01_[0-9_]{15}\.partial/run01-disk1-flat\.vmdk: File too large'
only_points d
same "$(snapshots)" 1
host_left_alone

mkdir small
mount -t tmpfs -o size=3m none small 2>/dev/null || skip "mount needs root"

full='esxbk-export-vmdk: export flat01: Hard disk 1: .*small/\.flat01_[0-9_]{15}\.partial/flat01-disk1-flat\.vmdk: No space left on device'
# The disk has more in it than there is room.
vx 74 -o small flat01
said_like "$full"
warned 'flat01: 3\.0 MiB free for up to [0-9.]* MiB of data: it may not fit'
only_points small
check "and gives the room back" test \
	"$(df --output=used -B 1 small | tail -n 1)" -lt 65536

# With --resume what came is kept, until there is room.
vx 74 --resume -o small flat01
said_like "$full"
only_points small .flat01_TIME.partial
mount -o remount,size=60m small
mark_gets
vx 0 --resume -o small flat01
said ''
flat_good "$(cat out)" "$HOST_SPEC/flat01.raw"
only_points small flat01_TIME
rm -rf small/flat01_*

# A disk of zeros fits everywhere.
mount -o remount,size=5m small
vx 0 -o small --quiesce off --disk 'Hard disk 2' run01
flat_good "$(cat out)" "$HOST_SPEC/run01-1.raw"
rm -rf small/run01_*

# Of a running VM the snapshot goes, whatever is asked for.
mount -o remount,size=3m small
vx 74 --resume -o small --quiesce off run01
said_like 'esxbk-export-vmdk: export run01: Hard disk 1: .*: No space left on device'
only_points small
same "$(snapshots)" 3
host_left_alone
same "$(find small -name '*.json')" '' "no point"

# Read-only, and a file in the way.
mount -o remount,ro small
vx 73 -n -o small flat01
said 'esxbk-export-vmdk: export flat01: write to small: Read-only file system'
vx 73 -o small flat01
said_like 'esxbk-export-vmdk: export flat01: .*small/\.w-[0-9a-f]{8}: Read-only file system'
: >file
vx 73 -o file flat01
said_like 'esxbk-export-vmdk: export flat01: .*file: .*'
host_left_alone
