# shellcheck shell=bash
# What the export tests share.  Source it after lib.sh.
#
#	quick_host [-w] FLAVOR [ARG...]   host_start with tasks that do not
#		take their time; on a vCenter HX also tells where its ESXi is
#	xp STATUS ARG...        hx STATUS esxbk-export-ovf ARG...
#	moid N                  the id of VM N on the last host: N or vm-N
#	raws MOID               the raw files of a VM's disks (ids of an ESXi)
#	point_good DIR RAW...   DIR is a point of these disks, usable as it
#		lies there by tools that never heard of us
#	record DIR EXPR         a jq expression on its backup.json
#	ovf DIR XPATH           an XPath expression on its descriptor
#	host_clean              nothing of ours is left on the host
#	left DIR                all names in DIR, points' times as _TIME, lock
#		files as .w-ID, .r-ID
#	uuid MOID [bios]        the instance (or BIOS) uuid of a VM

QUICK=(--lease-init 60ms --task-queue 20ms --task-run 20ms)
need qemu-img xmllint sha256sum jq

quick_host()
{
	local flavor=$1
	[ "$flavor" != -w ] || flavor=$2
	host_start "$@" "${QUICK[@]}"
	PREFIX=''
	if [ "$flavor" = vcenter ]; then
		PREFIX=vm-
		HX+=(--resolve esx1.lab.test=127.0.0.1)
	fi
}

xp()
{
	local want=$1
	shift
	hx "$want" esxbk-export-ovf "$@"
}

moid()
{
	echo "$PREFIX$1"
}

uuid()
{
	jq -r --arg m "$1" --arg k "${2:-instance}_uuid" '.[] |
		select(.moid == $m) | .[$k | ltrimstr("bios_")]' \
		"$HOST_SPEC/spec.json"
}

raws()
{
	jq -r --arg m "$1" '.[] | select(.moid == $m) | .disks[]' \
		"$HOST_SPEC/disks.json"
}

record()
{
	jq -r "$2" "$1/backup.json"
}

# From standard input: a name such as 100%25.ovf is a URL to xmllint.
ovf()
{
	xmllint --xpath "$2" - <"$(echo "$1"/*.ovf)"
}

attribute()
{
	ovf "$1" "string((//*[local-name()='$2'])[$3]/@*[local-name()='$4'])"
}

elements()
{
	ovf "$1" "count(//*[local-name()='$2'])"
}

# The disks and NVRAM that lie there: name, size, SHA-256.
files_there()
(
	shopt -s nullglob
	cd "$1" || exit 1
	for f in *.vmdk *.nvram; do
		echo "$f $(stat -c %s "./$f") $(sha256sum <"./$f" | cut -c-64)"
	done | LC_ALL=C sort
)

files_of_descriptor()
{
	local i n
	n=$(elements "$1" File)
	for ((i = 1; i <= n; i++)); do
		echo "$(attribute "$1" File $i href)" \
			"$(attribute "$1" File $i size)"
	done | LC_ALL=C sort
}

# Of each disk: its file and the bytes it has.
disks_of_descriptor()
{
	local i n id unit
	n=$(elements "$1" Disk)
	for ((i = 1; i <= n; i++)); do
		id=$(attribute "$1" Disk $i fileRef)
		unit=$(attribute "$1" Disk $i capacityAllocationUnits)
		case $unit in
		byte) unit=1 ;;
		'byte * 2^'*) unit=$((1 << ${unit##*^})) ;;
		*) unit="unknown unit $unit" ;;
		esac
		echo "$(ovf "$1" "string(//*[local-name()='File'][@*[
			local-name()='id']='$id']/@*[local-name()='href'])")" \
			$(($(attribute "$1" Disk $i capacity) * unit))
	done | LC_ALL=C sort
}

descriptor_good()
{
	local dir=$1
	check "descriptor is XML" ovf "$dir" '/*'
	same "$(files_of_descriptor "$dir")" \
		"$(files_there "$dir" | sed 's/ [^ ]*$//')" \
		"descriptor names the files with their sizes"
	same "$(ovf "$dir" "//*[local-name()='HostResource']/text()" |
		sed -n 's|^ovf:/disk/||p' | sort)" \
		"$(ovf "$dir" "//*[local-name()='Disk']/@*[
			local-name()='diskId']" | sed 's/.*"\(.*\)"/\1/' | sort)" \
		"the hardware has the descriptor's disks"
}

# manifest_good DIR SHA256|SHA1|SHA512
manifest_good()
{
	local kind=$2
	# shellcheck disable=SC2016 # $1, $2 are the inner shell's
	check "${kind,,}sum -c" sh -c 'cd "$1" && "$2" -c --strict *.mf' \
		sh "$1" "${kind,,}sum"
	same "$(sed -n "s/^$kind(\(.*\))= [0-9a-f]\{40,\}\$/\1/p" "$1"/*.mf |
		LC_ALL=C sort)" \
		"$(cd "$1" && printf '%s\n' * |
			grep -vxF -e backup.json -e "$(echo *.mf)" |
			LC_ALL=C sort)" \
		"the manifest lists every file but itself and backup.json"
}

point_good()
{
	local dir=$1 raw i=0 vmdks=()
	shift
	[ -f "$dir/backup.json" ] || {
		fail "a point: '$dir'"
		return 1
	}
	vmdks=("$dir"/*.vmdk)
	same "${#vmdks[@]}" $# "$# disks in ${dir##*/}"
	descriptor_good "$dir"
	same "$(disks_of_descriptor "$dir")" \
		"$(for raw; do
			echo "${vmdks[i++]##*/} $(stat -c %s "$raw")"
		done)" "capacities in the descriptor"
	manifest_good "$dir" SHA256
	same "$(record "$dir" '.disks[], .files[] |
		"\(.file) \(.size) \(.sha256)"' | LC_ALL=C sort)" \
		"$(files_there "$dir")" "backup.json tells size and SHA-256"
	same "$(find "$dir" -mindepth 1 ! -perm 0444 -printf '%p %m\n')" '' \
		"every file is read-only"
	i=0
	for raw; do
		same_disk "${vmdks[i++]}" "$raw"
	done
}

# "compare" passes an image that is longer by zeros.
same_disk()
{
	same "$(qemu-img info -f vmdk --output=json "$1" |
		jq '."virtual-size"')" "$(stat -c %s "$2")" \
		"${1##*/} has the capacity of ${2##*/}"
	check "${1##*/} is ${2##*/}" qemu-img compare -q -f vmdk -F raw \
		"$1" "$2"
}

# The two snapshots are those that a user made on VM "snapped".
host_clean()
{
	same "$(ctl state | jq -c '[.leases, .sessions, .tasks,
		[.vms[].snapshots | .. | .name? // empty],
		[.vms[] | select(.consolidation_needed) | .name]]')" \
		'[[],[],[],["before update","50% / done"],[]]' \
		"no lease, session, task or snapshot of ours on the host"
	same "$(event_count '.event == "snapshot-removed" and
		(.name | startswith("esxbk-") | not)')" 0 \
		"no other snapshot was touched"
	same "$(event_count '.event == "snapshot-created" and
		(.name | startswith("esxbk-"))')" \
		"$(event_count '.event == "snapshot-removed"')" \
		"as many snapshots removed as made"
	same "$(event_count '.event == "lease" and .state == "ready"')" \
		"$(event_count '.event == "lease" and .by == "complete"')" \
		"every lease was completed"
	same "$(event_count '.event == "login"')" \
		"$(event_count '.event == "logout"')" "every session logged out"
	same "$(jq -c 'select(.event | IN("malformed", "broken", "panic",
		"unsupported-version", "not-modelled"))' "$HOST_EVENTS")" '' \
		"no request that a real host would refuse"
}

left()
{
	find "$1" -mindepth 1 -maxdepth 1 -printf '%f\n' |
		sed 's/_[0-9]\{8\}_[0-9]\{6\}/_TIME/g
			s/^\.\([rw]\)-[0-9a-f]\{8\}$/.\1-ID/' | LC_ALL=C sort
}
