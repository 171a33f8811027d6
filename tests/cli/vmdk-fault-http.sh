#!/bin/bash
# The connection breaks, or what answers is no host that gives ranges: the disk
# is right in the end, or there is one line and no point.
# timeout: 200
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/vmdk.sh" || exit 1

raw_host esxi
flat='\[datastore1\] flat01/flat01-flat\.vmdk'

# folder KIND [MEMBERS]: a fault of the flat file's GETs
folder()
{
	fault "{\"kind\": \"folder-$1\", \"vm\": \"flat01\", \"disk\": 0,
		\"file\": \"flat01-flat.vmdk\" ${2:+, $2}}"
}

# overcome KIND MEMBERS [ARG...]
overcome()
{
	folder "$1" "\"method\": \"GET\", $2"
	shift 2
	vx 0 -o d "$@" flat01
	said ''
	flat_good "$(cat out)" "$HOST_SPEC/flat01.raw"
	clear_faults
	rm -rf d
}

# fails STATUS PATTERN KIND MEMBERS [ARG...]
fails()
{
	local want=$1 pattern=$2
	folder "$3" "$4, \"times\": 0"
	shift 4
	vx "$want" -o d "$@" flat01
	said_like "esxbk-export-vmdk: export flat01: Hard disk 1: $pattern"
	same "$(cat out)" ''
	only_points d
	clear_faults
}

# --- what passes ---------------------------------------------------------------

overcome reset '"after_bytes": 5000000, "times": 0'
check "in pieces" test "$(gets '.status == 206')" -gt 30
overcome short '"after_bytes": 9000000, "times": 0'
overcome status '"status": 503, "times": 4'
overcome expire '"times": 1, "skip": 4'
overcome stall "\"offset\": $((3 * RANGE + 99)), \"ms\": 20000" \
	--stall-timeout 1s

# --- what does not -----------------------------------------------------------------

get='"method": "GET"'
at="$flat at byte [0-9]+: localhost:$HOST_PORT"
fails 74 "$at: .*" reset "$get, \"after_bytes\": 0" --retries 0
fails 74 "$at: no byte for 1 s after 0 bytes" stall "$get, \"ms\": 600000" \
	--stall-timeout 1s --retries 0
fails 75 "$flat at byte [0-9]+: localhost is busy \(HTTP status 503\)" \
	status "$get, \"status\": 503" --retries 1
fails 76 "$at: the server ignores ranges \(HTTP status 200\)" no-range "$get"
fails 76 "$at: asked for bytes .*, the answer has .*" short-range \
	"$get, \"after_bytes\": 512"
fails 76 "$at: asked for bytes .*, the answer has .*" wrong-range \
	"$get, \"what\": \"offset\""
fails 76 "$at: .*" wrong-range "$get, \"what\": \"end\""
fails 76 "$at: the file has now [0-9]* bytes, it had 167773696" wrong-range \
	"$get, \"what\": \"total\""
fails 76 "$at: HTTP status 206 without a good Content-Range" wrong-range \
	"$get, \"what\": \"none\""
fails 76 "$flat at byte [0-9]+: localhost redirects \(HTTP status 302\), which is not followed" \
	redirect "$get"
fails 76 "its flat file has 167774208 bytes, the disk 167773696" size \
	'"method": "HEAD"'
fails 76 "$at: the file has now 167774208 bytes, it had 167773696" size "$get"
fails 66 "$flat: no such file at localhost \(HTTP status 404\)" status \
	'"status": 404'
fails 77 "$flat at byte [0-9]+: .*(HTTP status 401|NotAuthenticated).*" \
	expire "$get"

# --- what moves under our feet -----------------------------------------------------

fails 75 "it was written to while it was read: was the VM started\?" \
	modified "$get, \"skip\": 2"
fault '{"kind": "folder-modified", "vm": "flat01", "method": "HEAD",
	"file": "flat01-flat.vmdk", "skip": 1}'
vx 75 -o d flat01
said 'esxbk-export-vmdk: export flat01: Hard disk 1: it was written to while it was read: was the VM started?'
clear_faults

# The first failure ends it, not the stall of the other connections.
folder stall "$get, \"offset\": 100, \"ms\": 60000"
folder wrong-range "$get, \"what\": \"none\", \"skip\": 3"
mark_time
vx 76 -o d flat01
soon 15
said_like "esxbk-export-vmdk: export flat01: Hard disk 1: $at: HTTP status 206 without a good Content-Range"
clear_faults
only_points d
host_idle '[]'

# Of a running VM the snapshot goes as well.
fault '{"kind": "folder-no-range", "vm": "run01", "disk": 1, "times": 0}'
vx 76 --quiesce off -o d run01
said_like 'esxbk-export-vmdk: export run01: Hard disk 2: .*: the server ignores ranges \(HTTP status 200\)'
only_points d
same "$(snapshots)" 1
host_idle '[]'
