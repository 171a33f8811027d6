#!/bin/bash
# Whatever is wrong with a disk, esxbk-verify finds it and says what it is: as a
# file, on standard input, and in a package whose digests are all right.  It
# needs little memory and time, and ends with the stream.
# timeout: 300
. "$T/cli/lib.sh" || exit 1
need sha256sum /usr/bin/python3

# The tools that watch memory need much of it, and time; an arena of malloc() for
# each thread takes room, but no memory.
bounded()
(
	if [ -z "${VALGRIND:-}${SANITIZE:-}" ]; then
		export MALLOC_ARENA_MAX=1
		ulimit -v 131072
		ulimit -t 10
	fi
	"$@"
)

# package FOLDER NAME DISK: an OVF with that stream and a manifest that is right.
package()
{
	mkdir "$1" || return 1
	ln "g/$2.vmdk" "$1/disk.vmdk"
	cat >"$1/vm.ovf" <<-OVF
	<?xml version="1.0" encoding="UTF-8"?>
	<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1"
	 xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1">
	<References><File ovf:href="disk.vmdk" ovf:id="f1"
	 ovf:size="$(stat -c %s "g/$2.vmdk")"/></References>
	<DiskSection><Info/><Disk ovf:diskId="d1" ovf:fileRef="f1"
	 ovf:capacity="$(stat -c %s "g/$3.raw")"
	 ovf:format="http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized"/>
	</DiskSection>
	<VirtualSystem ovf:id="vm"><Info/></VirtualSystem>
	</Envelope>
	OVF
	(cd "$1" && sha256sum --tag vm.ovf disk.vmdk |
		sed 's/^SHA256 /SHA256/; s/ = /= /') >"$1/vm.mf"
}

as_file()
{
	bounded run 1 esxbk-verify --level deep "g/$1.vmdk"
	same "$(cat out)" "g/$1.vmdk: FAILED ($2)"
	same "$(cat err)" "esxbk-verify: 1 of 1 files damaged"
}

# The first bytes must tell that it is a disk.
as_stream()
{
	local status=1 text="-: FAILED ($2)
esxbk-verify: 1 of 1 files damaged"
	case $1 in
	empty-file | magic)
		status=65 text='esxbk-verify: standard input: no backup: it '
		text+='begins neither as an OVA nor as a VMDK'
		;;
	esac
	head -c 64M "g/$1.vmdk" | bounded run $status esxbk-verify \
		--level deep -
	same "$(cat out err)" "$text"
}

in_package()
{
	package "p-$1" "$1" "$2"
	check "sha256sum finds nothing" \
		env -C "p-$1" sha256sum --strict -c vm.mf
	bounded run 1 esxbk-verify --level deep "p-$1/vm.ovf"
	has out "p-$1/disk.vmdk: FAILED ($3; its digest is the manifest's all the same)"
	rm -r "p-$1"
}

# Each sort of damage in three ways; nobody makes a digest of 2 TiB.
each()
{
	local name verdict disk message n=0
	while IFS=$'\t' read -r name verdict disk message _; do
		[ "$verdict" = bad ] || continue
		as_file "$name" "$message"
		n=$((n + 1))
		# The other ways add little to see for what watches memory.
		[ -z "${VALGRIND:-}" ] || continue
		as_stream "$name" "$message"
		[ "$name" = beyond-2tib ] || in_package "$name" "$disk" "$message"
	done <g/index.tsv
	check "$n sorts of damage" [ "$n" -ge 80 ]
}

# cpu PID: hundredths of a second that a process took.
cpu()
{
	awk '{ print $14 + $15 }' <(sed 's/.*) /x x /' "/proc/$1/stat")
}

# A writer that stalls is waited for, without a turn of the processor; its end
# is the stream's end, and a signal is heard.
stalled()
{
	local before
	mkfifo pipe
	exec 7<>pipe
	head -c 60000 g/host.vmdk >&7
	# start would give it no standard input; finish names what it was.
	# shellcheck disable=SC2034
	STARTED=(esxbk-verify --level deep -)
	"${UNDER[@]}" "$B/esxbk-verify" --level deep - <pipe >out 2>err &
	PID=$!
	wait_for 20 has_read 60000
	# valgrind reads more than that, and works, before the program begins.
	sleep "$((VALGRIND ? 8 : 0))"
	before=$(cpu "$PID")
	sleep 1
	check 'it waits' kill -0 "$PID"
	check 'and sleeps' [ "$(cpu "$PID")" -le $((before + 10)) ]
	kill -TERM "$PID"
	finish 143
	same "$(cat out)" ''
	exec 7>&-
	head -c 60000 g/host.vmdk | run 1 esxbk-verify --level deep -
	same "$(cat out)" "-: FAILED (stream ends after 60000 bytes, inside the space before the first marker)"
}

check 'the streams are made' "$T/malformed/generate" g
each
stalled
# Octal 140 is the mark around a name.
same "$(awk -F '\140' '/^<!-- / { on = 1 } on && NF > 2 { print $2 }' \
	"$T/malformed/README.md")" "$("$T/malformed/generate" --list | cut -f 1)" \
	'the table in README.md is of these streams'
