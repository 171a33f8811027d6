#!/bin/bash
# Where the backup is to go: what cannot be written to is told before the
# host is touched if that can be known, and a disk that fills up leaves as
# much room as there was before.
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/fault.sh" || exit 1

quick_host esxi
mounted=()
unmount()
{
	local m
	for m in "${mounted[@]}"; do
		umount "$m" 2>/dev/null
	done
}
# shellcheck disable=SC2034 # lib.sh runs it
AT_EXIT=unmount

export_odd()
{
	local want=$1
	shift
	xp "$want" --quiesce off "$@" odd01
}

# refused TEXT: and no snapshot was made for this.
refused()
{
	said "esxbk-export-ovf: export odd01: $1"
	same "$(wc -l <err)" 1 "one line"
	same "$(cat out)" '' "no path"
	same "$(calls CreateSnapshot_Task)" 0 "the host was not touched"
	host_idle
}

# --- known before ------------------------------------------------------------

export_odd 73 -o no/such/folder
refused 'make folder no/such/folder: No such file or directory'
check "nothing was made" test ! -e no
echo mine >file
export_odd 73 -o file
refused 'make folder file: Not a directory'
same "$(cat file)" mine "the file is as it was"
export_odd 73 -o file/below
refused 'make folder file/below: Not a directory'
ln -s nowhere dangling
export_odd 73 -o dangling
refused 'make folder dangling: Not a directory'
run 64 esxbk-export-ovf "${HX[@]}" odd01
said_like 'esxbk-export-ovf: where to\? Give --output DIR.*'
run 64 esxbk-export-ovf "${HX[@]}" -o - odd01
said_like 'esxbk-export-ovf: --format dir cannot be written to standard output.*'
n=$(event_count '.event == "login"')
export_odd 73 -o d --result no/such/result
said 'esxbk-export-ovf: --result: open no/such: No such file or directory'
same "$(event_count '.event == "login"')" "$n" "known before the login"
check "no folder" test ! -e d

# Whoever may not write there hears so; root only without its privilege.
mkdir locked && chmod 555 locked
if [ "$(id -u)" -eq 0 ]; then
	need setpriv
	UNDER=(setpriv --bounding-set=-dac_override "${UNDER[@]}")
fi
export_odd 73 -o locked/new
refused 'make folder locked/new: Permission denied'
export_odd 73 -o locked
said_like 'esxbk-export-ovf: export odd01: open lock locked/\.w-[0-9a-f]{8}: Permission denied'
same "$(find locked -mindepth 1)$(calls CreateSnapshot_Task)" 0 \
	"nothing was made, here or there"
[ "$(id -u)" -ne 0 ] || UNDER=("${UNDER[@]:2}")

# --- mounts ------------------------------------------------------------------

# small NAME OPTIONS
small()
{
	mkdir -p "$1"
	mount -t tmpfs -o "$2" none "$1" 2>/dev/null || return 1
	mounted+=("$PWD/$1")
}

if small ro size=1m,ro; then
	export_odd 73 -o ro/d
	refused 'make folder ro/d: Read-only file system'
	export_odd 73 -o ro
	said_like 'esxbk-export-ovf: export odd01: open lock ro/\.w-[0-9a-f]{8}: Read-only file system'
	same "$(calls CreateSnapshot_Task)" 0 "the host was not touched"
	host_idle
else
	echo "ok - read-only # SKIP mount needs root"
fi

# 10 MiB do not go into 6.  Trying again would not help.
if small full size=6m; then
	export_odd 74 -o full
	said_like 'esxbk-export-ovf: export odd01: Hard disk 1: write full/\.odd01_[0-9_]{15}\.partial/odd01-disk1\.vmdk: No space left on device'
	same "$(wc -l <err)" 1 "one line"
	same "$(leases) $(snapshots)" '1 1' "one attempt"
	only_points full
	check "the room is free again" test \
		"$(df --output=used -B 1 full | tail -n 1)" -lt 65536
	host_idle
	# The disk goes in, what comes after it does not.
	xp 0 -o roomy empty01
	pages=$((($(stat -c %s roomy/*/*.vmdk) + 4095) / 4096))
	head -c $((6 * 1048576 - 4096 * pages)) /dev/zero >full/other
	xp 74 -o full empty01
	said_like 'esxbk-export-ovf: export empty01: write full/.*\.partial/empty01\.ovf: No space left on device'
	same "$(find full -mindepth 1 ! -name '.w-*')" full/other
	host_idle
else
	echo "ok - a full disk # SKIP mount needs root"
fi

# --- the name ----------------------------------------------------------------

# The second is taken by somebody else's folder, and the next ones, too.
mkdir d
now=$(date -u +%s)
taken=()
for ((i = 0; i < 30; i++)); do
	taken+=("d/odd01_$(date -u -d "@$((now + i))" +%Y%m%d_%H%M%S)")
done
mkdir "${taken[@]}"
export_odd 0 -o d
disk_good "$(cat out)" "$HOST_SPEC/odd01.raw"
same "$(find "${taken[@]}" -type f)" '' "theirs are empty as before"
same "$(find d -mindepth 1 -maxdepth 1 -type d | wc -l)" 31 "one more"

# Two runs within a second.
two()
{
	xp 0 -o e empty01
	cat out >>paths
	xp 0 -o e empty01
	cat out >>paths
}
two
same "$(sort -u paths | wc -l)" 2 "two names"
only_points e empty01_TIME empty01_TIME

# For ten minutes there is none.
now=$(date -u +%s)
for ((i = 0; i < 660; i++)); do
	printf 'f/odd01_%(%Y%m%d_%H%M%S)T\0' $((now + i))
done >list
TZ=UTC0 xargs -0 mkdir -p f <list
export_odd 73 -o f
said_like 'esxbk-export-ovf: export odd01: f/odd01_[0-9_]{15}: the name is taken'
same "$(find f -name '*.partial')" '' "nothing half-done"
host_idle

# --- standard output ---------------------------------------------------------

# The point is there, but whoever was to hear of it did not.
rc=0
"$B/esxbk-export-ovf" "${HX[@]}" -o g empty01 2>err >/dev/full || rc=$?
same "$rc" 74 "exit 74: standard output is full"
said 'esxbk-export-ovf: write to standard output: No space left on device'
only_points g empty01_TIME
host_idle
rc=0
"$B/esxbk-list" "${HX[@]}" 2>err >&- || rc=$?
same "$rc" 74 "exit 74: standard output is closed"
said 'esxbk-list: write to standard output: Bad file descriptor'
# A reader that went away is no signal but such an error.
"$B/esxbk-list" "${HX[@]}" 2>err | true
same "${PIPESTATUS[0]}" 74 "exit 74: nobody reads"
said 'esxbk-list: write to standard output: Broken pipe'
