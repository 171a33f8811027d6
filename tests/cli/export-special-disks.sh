#!/bin/bash
# Disks that are empty, of an odd size, nearly all holes, behind each kind of
# controller, or sent by another writer: every byte is in the point.
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/point.sh" || exit 1

# story DIR VM... (sorted)
story()
{
	local dir=$1 vm point
	shift
	xp 0 -o "$dir" --json --quiesce off "$@"
	same "$(jq -r 'select(.type == "backup") | "\(.vm.name) \(.outcome)"' out)" \
		"$(printf '%s ok\n' "$@")" "one after the other"
	cp out json
	for vm; do
		point=$(echo "$dir/$vm"_*)
		point_good "$point" "$HOST_SPEC/$vm.raw"
		same "$(jq "select(.vm.name? == \"$vm\").disks[0].capacity" json)" \
			"$(stat -c %s "$HOST_SPEC/$vm.raw")"
		same "$(record "$point" '.disks[].host_check')" verified
	done
	same "$(jq -c 'select(.vm.name? == "odd01").bytes.capacity % 65536' json)" \
		1536 "the last grain is short"
	host_clean
}

quick_host esxi
story esxi empty01 hole01 odd01 qemu01
same "$(jq -c 'select(.vm.name? == "hole01").bytes | [.capacity,
	.read < 5000000, .read == .written]' json)" "[$((4 << 30)),true,true]" \
	"holes are not sent"
same "$(jq -r 'select(.vm.name? == "empty01").disks[0].content_sha256' json)" \
	"$(printf '\0\0\0\1\0\0\0\0' | sha256sum | cut -c-64)" \
	"16 MiB of nothing"
quick_host vcenter
story vcenter odd01 qemu01
