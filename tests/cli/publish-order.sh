#!/bin/bash
# A point outlives a power cut: all that is in it is on the disk before it has
# its name, and the name is on the disk before the run says so.  No injected
# failure shows a lost fsync; the order of the system calls does.
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/crash.sh" || exit 1

may_trace
swift_host

# complaints POINT <CALLS: what is wrong with calls_of's lines, if anything.
complaints()
{
	awk -v names="$(cd "$1" && echo *)" '
	function say(text)	{ print text }
	function after(what, first, then)
	{
		if (!(first in at))
			say(what ": no " first)
		else if (!(then in at))
			say(what ": no " then)
		else if (at[first] >= at[then])
			say(what ": " then " before " first)
	}
	$3 == -1 { next }
	{
		key = $1 " " $2
		if (!(key in first))
			first[key] = NR
		at[key] = NR
		if ($2 ~ /^partial\//)
			last = $2
	}
	END {
		n = split(names, name, " ")
		for (i = 1; i <= n; i++) {
			f = "partial/" name[i]
			after("a file", "openat " f, "write " f)
			after("content", "write " f, "fsync " f)
			after("mode", "fchmod " f, "fsync " f)
			after("close", "fsync " f, "close " f)
			after("folder", "close " f, "fsync partial")
			if (name[i] ~ /\.mf$/)
				mf = f
		}
		record = "partial/backup.json"
		for (i = 1; i <= n; i++) {
			f = "partial/" name[i]
			if (f != mf && f != record &&
			    at["close " f] >= first["openat " mf])
				say(name[i] " is not before the manifest")
			if (f != record &&
			    at["close " f] >= first["openat " record])
				say(name[i] " is not before backup.json")
		}
		if (last != record)
			say("last of all came " last)
		after("name", "fsync partial", "renameat2 partial")
		after("its name", "renameat2 partial", "fsync .")
		if ("mkdir ." in at)
			after("a new folder", "mkdir .", "fsync ..")
	}'
}

# without LINE, moved LINE BEHIND: ./calls, doctored
without()
{
	sed "$1d" calls
}

moved()
{
	sed -n "$1p" calls >line
	sed -e "$2r line" -e "$1d" calls
}

# sees COMPLAINT: about what comes in, but not about the real thing
sees()
{
	if grep -qxF "$1" <<<"$complaints"; then
		fail "complains without a reason: $1"
	elif complaints "$point" | grep -qxF "$1"; then
		pass "would see: $1"
	else
		fail "would not see: $1"
	fi
}

line()
{
	grep -nE "^$1 " calls | head -n 1 | cut -d: -f1
}

# in_order KIND ARG...: an export, its calls in ./calls
in_order()
{
	traced
	same "$RC $(wc -l <err)" '0 0' "an export under strace"
	point=$(cat out)
	check "$1: a whole point" whole "$point"
	calls_of <trace >calls
	same "$(complaints "$point" <calls)" '' "$1: its calls are in order"
}

# --- into a new folder -------------------------------------------------------

in_order "a new folder"
files=$(find "$point" -type f | wc -l)
same "$files" 5 "disk, nvram, descriptor, manifest, backup.json"

# The check above is worth nothing if it does not see what is missing.
complaints=$(complaints "$point" <calls)
n=0
while IFS=: read -r at call; do
	call=${call% *}
	n=$((n + 1))
	case $call in
	*/*) text="content: no $call" ;;
	*' ..') text="a new folder: no $call" ;;
	*' .') text="its name: no $call" ;;
	*) text="name: no $call" ;;
	esac
	without "$at" | sees "$text"
	sed "${at}s/ 0\$/ -1/" calls | sees "$text"
done < <(grep -nE '^fsync ' calls)
same $n $((files + 3)) "fsyncs: of each file, of the point, of both folders"

moved "$(line 'fsync partial')" "$(line 'renameat2 partial')" |
	sees "name: renameat2 partial before fsync partial"
moved "$(line 'fsync \.')" "$(($(line 'renameat2 partial') - 1))" |
	sees "its name: fsync . before renameat2 partial"
moved "$(line 'write partial/uefi01.ovf')" "$(line 'fsync partial/uefi01.ovf')" |
	sees "content: fsync partial/uefi01.ovf before write partial/uefi01.ovf"
moved "$(line 'fchmod partial/uefi01.mf')" "$(line 'fsync partial/uefi01.mf')" |
	sees "mode: fsync partial/uefi01.mf before fchmod partial/uefi01.mf"
moved "$(line 'close partial/uefi01-disk1.vmdk')" \
	"$(line 'openat partial/uefi01.mf')" |
	sees "uefi01-disk1.vmdk is not before the manifest"
moved "$(line 'close partial/uefi01.mf')" \
	"$(line 'openat partial/backup.json')" |
	sees "uefi01.mf is not before backup.json"
grep -v '^close partial/uefi01.nvram ' calls |
	sees "close: no close partial/uefi01.nvram"
grep -v '^write partial/uefi01.nvram ' calls |
	sees "a file: no write partial/uefi01.nvram"
grep -v ' partial/backup.json ' calls |
	sees "last of all came partial/uefi01.mf"

# --- into one that is there, with two disks side by side ---------------------

# shellcheck disable=SC2034 # for traced
VM=db01
in_order "two disks"
same "$(grep -c '^fsync ' calls)" 7 "no fsync of the folder above"
host_idle
