#!/bin/bash
# The bytes of a disk that is none, or never ends: found while they come, and
# nothing is left of them.
# timeout: 300
# shellcheck disable=SC2016 # $ and \(...) are jq's
. "$T/cli/lib.sh" || exit 1
. "$T/hostile/lib.sh" || exit 1

undone()
{
	asked HttpNfcLeaseAbort RemoveSnapshot_Task Logout
}

# SCENARIO|what is said of the disk
while IFS='|' read -r how why; do
	evil "$why" "{on: {disk: {$how}}}"
	body_bad "Hard disk 1: $why"
done <<'END'
body: [{front: 0}, ["A", 100000]]|a disk of 0 sectors
body: [{front: "4611686018427387904"}]|a disk of 4611686018427387904 sectors, at most 133143986176
body: [{front: 4096}]|the stream is of a disk of 2097152 bytes, the VM's has 1048576
body: []|the stream is empty
body: [], endless: "\u0000"|not a sparse VMDK: it begins with 00000000
body: [{stream: 1048576}], endless: "A"|more than 1048576 bytes after the end of the stream
body: ["<html>"], endless: "A"|not a sparse VMDK: it begins with 3c68746d
body: [{front: 2048}], endless: "\u0000"|end marker at sector 128 before the grain directory
body: [{front: 2048}], endless: {progress: 1}|more progress markers than the disk has grains
body: [{front: 2048}, {progress: 2049}]|progress marker of sector 2049 (and 0 sectors more) of a disk of 2048 sectors
headers: ["Content-Length: 71168", "Content-Length: 600"]|stream ends after 600 bytes, inside the descriptor
END

# What is compressed is kept as it came, or not at all: never inflated.
evil "a coding that nobody asked for" '{on: {disk: {gzip: true}}}'
body_bad "Hard disk 1: not a sparse VMDK: it begins with 1f8b0800"

evil "10 GB of zeros in gzip" '{on: {disk: {gzip: true,
	body: [["\u0000", 10000000000]]}}}'
body_bad "Hard disk 1: not a sparse VMDK: it begins with 1f8b0800"

for status in 204 206 301 302 307 404; do
	evil "status $status" "{on: {disk: {status: \"$status X\",
		headers: [\"Location: https://localhost:$EVIL_PORT/else\"]}}}"
	case $status in
	404) exit=75 ;;
	*) exit=74 ;;
	esac
	export_vm "$exit" "export vm: Hard disk 1: localhost answers HTTP status $status"
	same "$(requests disk)" 1 "not followed"
	undone
done

evil "a password is wanted" '{on: {disk: {status: "401 Unauthorized",
	headers: ["WWW-Authenticate: Basic realm=x"]}}}'
export_vm 77 "export vm: Hard disk 1: localhost answers HTTP status 401"
undone

evil "no length, and the end is not TLS's" '{on: {disk:
	{head: "HTTP/1.0 200 OK\r\n\r\n", rude: true}}}'
export_vm 74 "export vm: Hard disk 1: localhost:$EVIL_PORT: transfer cut off after 71168 bytes: the connection was lost"
undone

evil "headers without end" '{on: {disk: {head: "HTTP/1.1 200 OK\r\n",
	body: [], endless: "X-A: b\r\n"}}}'
export_vm 76 "export vm: Hard disk 1: localhost:$EVIL_PORT: more than 262144 bytes of headers"
undone

# Tried three times.
slow=1
[ -z "${VALGRIND:-}" ] || slow=4
stall "${slow}s"
evil "a byte of the head now and then" '{on: {disk: {head: "",
	body: ["HTTP/1.1 200 OK\r\n"], pause: 0.3}}}'
export_vm 74 "export vm: Hard disk 1: localhost:$EVIL_PORT: no byte for $slow s after 0 bytes"
undone
stall 20s

# What the good answer is.
DISK_SHA256=$(cd "$T/hostile" && /usr/bin/python3 -BEsc \
	'import hashlib, vmdk
print(hashlib.sha256(vmdk.stream(1 << 20)).hexdigest())')

nvram='def nvram($size): {lease_more_xml: ("<deviceUrl><key>nvram</key>" +
	"<url>https://*/nfc/t/x.nvram</url><disk>false</disk>" +
	"<targetId>../../../evil.nvram</targetId><fileSize>\($size)</fileSize>" +
	"</deviceUrl>")}; '
evil "an NVRAM whose name leads elsewhere" "$nvram"'{world: nvram(5)}'
export_vm 0 "warning: vm: the host gave no digest to compare with"
one_point
same "$(cat "$POINT/vm.nvram")" nvram "it has a name of ours"

evil "an NVRAM without end" "$nvram"'{world: nvram(5),
	on: {nvram: {body: [], endless: "A"}}}'
body_bad "nvram: more than the 5 bytes expected"

evil "an NVRAM without end or size" "$nvram"'{world: nvram(0),
	on: {nvram: {body: [], endless: "A"}}}'
body_bad "nvram: more than the 16777216 bytes expected"

evil "an NVRAM of 4 EiB" "$nvram"'{world: nvram("4611686018427387904")}'
export_vm 76 "export vm: nvram: the lease says 4611686018427387904 bytes"
undone

evil "a manifest of another size" \
	'{world: {manifest_size: "4611686018427387904"}}'
body_bad "Hard disk 1: 71168 bytes came, the host sent 4611686018427387904"

evil "a manifest of another digest" '{world: {manifest_sha256: ("a" * 64)}}'
body_bad "Hard disk 1: what came has digest $DISK_SHA256, the host sent $(
	printf 'a%.0s' {1..64})"

evil "a manifest that makes no sense" '{world: {manifest_size: "-1",
	manifest_sha256: ("../" * 64)}}'
export_vm 0 "warning: vm: the host gave no digest to compare with"
one_point

evil "2,000 lines of a manifest" '{world: {manifest_more_xml:
	("<returnval><key>x</key></returnval>" * 2000)}}'
export_vm 76 "export vm: 2001 manifest entries"
undone
