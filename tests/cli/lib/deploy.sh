# shellcheck shell=bash
# What the tests of esxbk-deploy-ovf share.  Source it after lib.sh; it brings
# fault.sh and, to damage a copy of $POINT, verify.sh.
#
#	deploy_host [-w] FLAVOR [ARG...]    quick_host; a vCenter has several
#		folders of VMs, so that "deploy" adds $AT, one of them
#	point_of VM [ARG...]    $POINT: a point of it in ./points, exported from
#		the last host by the first who asks
#	deploy STATUS ARG...    hx STATUS esxbk-deploy-ovf $AT ARG...
#	deploying ARG...        the same in the background: see start, finish
#	mark_host               what the next ones count begins here
#	begun EXPR              events since then that fit a jq expression
#	uploads                 how many files were on their way
#	refused STATUS LINE SOURCE [ARG...]     it says LINE and nothing else,
#		and nothing moved; ARG may tell the place and another --name
#	nothing_moved NAME      no import, no upload, nothing left of it
#	gone NAME               no VM of that name, no lease, session or task,
#		and no file of it on the host
#	vm_state NAME EXPR      a jq expression on what the host has of it
#	vm_count NAME           how many there are
#	sent_equal NAME FILE... what came for it since the mark are these files,
#		byte for byte, in their order
#	disks_equal NAME RAW... its disks hold what RAW do, and are as big
#	hardware NAME           its devices, in words that two VMs can share
#	deployed NAME           the last run made it, told its id, nothing else
#	like COPY VM            it is of the same hardware
#	like_on_dmz COPY VM     and on the other network, as with $TO_DMZ
#	pipe STATUS NAME ARG... deploy an OVA from standard input
#	restored EXPR           of the JSON document in ./out
#	files_in_order DIR      the descriptor's files, by their paths
#	archive FILE DIR MEMBER...  an OVA made by tar

# shellcheck source=/dev/null
. "$T/cli/lib/verify.sh" || exit 1
need tar
LAST_EVENT=0
AT=()
# shellcheck disable=SC2034 # for those who source this
TO_DMZ=(--network 'VM Network=DMZ')
# shellcheck disable=SC2034
NO_MANIFEST='the backup has no manifest: nothing says that its files are what they were'

deploy_host()
{
	quick_host "$@"
	LAST_EVENT=0
	AT=()
	[ -z "$PREFIX" ] || AT=(--folder vm)
}

point_of()
{
	local vm=$1 dir
	shift
	dir=points/$vm
	if [ ! -e "$dir" ]; then
		mkdir -p points
		xp 0 -o "$dir" --quiesce off "$@" "$vm" || return 1
	fi
	# shellcheck disable=SC2034 # for those who source this
	POINT=$(realpath "$dir"/*_*_*/)
}

deploy()
{
	local want=$1
	shift
	hx "$want" esxbk-deploy-ovf "${AT[@]}" "$@"
}

deploying()
{
	start esxbk-deploy-ovf "${HX[@]}" "${AT[@]}" "$@"
}

mark_host()
{
	LAST_EVENT=$(wc -l <"$HOST_EVENTS")
}

begun()
{
	tail -n +$((LAST_EVENT + 1)) "$HOST_EVENTS" |
		jq -n "[inputs | select($1)] | length"
}

uploads()
{
	begun '.event == "nfc-start" and (.method | IN("POST", "PUT"))'
}

nothing_moved()
{
	same "$(begun '.event == "import"') $(uploads)" '0 0' \
		"no import, no upload"
	gone "$1"
}

refused()
{
	local want=$1 line=$2
	shift 2
	mark_host
	deploy "$want" --name refused "$@"
	said "esxbk-deploy-ovf: restore refused: $line"
	same "$(cat out)" '' "no id"
	nothing_moved refused
}

vm_state()
{
	ctl state | jq -rc --arg n "$1" ".vms[] | select(.name == \$n) | $2"
}

vm_count()
{
	ctl state | jq --arg n "$1" '[.vms[] | select(.name == $n)] | length'
}

gone()
{
	same "$(vm_count "$1")" 0 "no VM '$1'"
	host_idle
	same "$(ls "$HOST_DIR/imports" 2>/dev/null)" \
		"$(ctl state | jq -r '.vms[].disks[].source' |
			sed -n "s|^$HOST_DIR/imports/\([^/]*\)/.*|\1|p" |
			LC_ALL=C sort -u)" "no file of a VM that is not there"
}

# The files as they came are kept by the host.
sent_equal()
{
	local name=$1 f stored i=0
	shift
	mapfile -t stored < <(tail -n +$((LAST_EVENT + 1)) "$HOST_EVENTS" |
		jq -r --arg n "$name" 'select(.event == "nfc-end" and
			.vm == $n and .complete and
			(.method | IN("POST", "PUT"))) | .stored')
	same "${#stored[@]}" $# "$# files came"
	for f; do
		check "${f##*/} came byte for byte" cmp "$f" "${stored[i++]}"
	done
	same "$(begun '.event == "nfc-expect"')" 0 "without Expect"
	same "$(begun '.event == "nfc-start" and .method == "POST" and
		.content_type != "application/x-vnd.vmware-streamVmdk"')" 0 \
		"disks are streams of VMware's"
}

disks_equal()
{
	local name=$1 raw i=0 new
	shift
	mapfile -t new < <(vm_state "$name" '.disks[].source')
	same "${#new[@]}" $# "$name has $# disks"
	for raw; do
		same "$(stat -c %s "${new[i]}")" "$(stat -c %s "$raw")" \
			"as big as ${raw##*/}"
		check "the new disk is ${raw##*/}" qemu-img compare -q \
			-f raw -F raw "${new[i++]}" "$raw"
	done
}

hardware()
{
	vm_state "$1" '[.firmware, .hardware, .cpus, .memory_mb, .annotation,
		(.nics | map(.type)), (.disks | map([.controller, .unit, .size,
		.label])), (.nvram != "")]'
}

deployed()
{
	same "$(cat out)" "$(vm_state "$1" .id)" "its id"
	said ''
}

like()
{
	same "$(hardware "$1")" "$(hardware "$2")" "$1 is a machine like $2"
}

like_on_dmz()
{
	like "$1" "$2"
	same "$(vm_state "$1" '[.nics[].network] | unique | tojson')" \
		'["DMZ"]' "$1 is on the other network"
}

pipe()
{
	local want=$1 name=$2
	shift 2
	mark_host
	deploy "$want" --name "$name" "$@" -
}

restored()
{
	jq -rc "select(.type | startswith(\"restore\")) | $1" out
}

files_in_order()
{
	ovf "$1" "//*[local-name()='File']/@*[local-name()='href']" |
		sed 's|.*"\(.*\)"|'"$1"'/\1|'
}

archive()
{
	local file=$1 dir=$2
	shift 2
	tar -cf "$file" --format=ustar -C "$dir" -- "$@"
}
