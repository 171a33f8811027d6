#!/bin/bash
# Somebody at night types what esxbk-recovery(7) says, line by line: each
# command of the page is run as it stands there, in order, in one shell, and
# ends as the page says ("# exit N"; else 0).
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/point.sh" || exit 1
. "$T/cli/lib/fault.sh" || exit 1
need mandoc man col partx 7zz debugfs python3 tar
PAGE=$T/../man/esxbk-recovery.7

# What a reader puts in at the top of the page.
declare -A MINE=([REPO]="$PWD/back ups" [VM]=web01 [LAN]='new LAN'
	[DS]=datastore1 [WORK]=$PWD/work [FILE]=etc/text1 [PART]=2
	[ESXBK_USER]=root [ESXBK_PASSWORD_FILE]=$HOST_PASSWORD_FILE)

# The whole list of what cannot be run here: neither program is in Debian.
NOT_HERE=('ovftool --name' 'govc about.cert' 'export GOVC_URL'
	'export GOVC_TLS_KNOWN_HOSTS' 'export GOVC_PASSWORD'
	'govc import.spec' 'govc import.ovf')
UNTESTED='so these commands have not been tested'

# --- the page ---------------------------------------------------------------

# As a reader sees it: PLACE[i] "SECTION/Subsection", COMMAND[i].
read_page()
{
	local line section='' sub='' n=-1
	while IFS= read -r line; do
		if [[ $line =~ ^[A-Z] ]]; then
			section=$line sub=''
		elif [[ $line =~ ^\ {3}([^ ].*)$ ]]; then
			sub=${BASH_REMATCH[1]}
		elif [[ $line =~ ^\ +\$\ (.*)$ ]]; then
			n=$((n + 1))
			PLACE[n]=$section${sub:+/$sub}
			COMMAND[n]=${BASH_REMATCH[1]}
		elif [[ $line =~ ^\ +\>\ (.*)$ ]]; then
			COMMAND[n]+=$'\n'${BASH_REMATCH[1]}
		fi
	done < <(mandoc -T ascii "$PAGE" | col -bx)
}

# A sentence, wherever its lines end.
says()
{
	mandoc -T ascii "$PAGE" | col -bx | tr -s '[:space:]' ' ' |
		grep -qF -- "$1"
}

# No literal text of the page may hide a command from this test.
page_is_complete()
{
	same "$(grep -c '^\$ ' "$PAGE")" ${#COMMAND[@]} \
		"each \$ line is a command"
	check "a good many" test ${#COMMAND[@]} -ge 60
	same "$(grep -A 1 '^\.Bd' "$PAGE" | grep -v -e '^\.Bd -literal' \
		-e '^--$' -e '^\$ ')" '' "each literal block begins with one"
	same "$(awk '/^\.Bd/ { inside = 1; next } /^\.Ed/ { inside = 0 }
		inside && !/^[$>] /' "$PAGE")" '' "and holds nothing else"
}

is_not_here()
{
	local words
	for words in "${NOT_HERE[@]}"; do
		[[ $1 != "$words"* ]] || return 0
	done
	return 1
}

# --- one command ------------------------------------------------------------

# "VM=web01" and "export VM=web01": the value is the reader's own.
define()
{
	local name=${1#export }
	name=${name%%=*}
	if [ -z "${MINE[$name]+x}" ]; then
		fail "$name is defined by the page and unknown here"
		return
	fi
	eval "${1%%=*}=\${MINE[$name]}"
	DEFINED+=("$name")
}

run_command()
{
	local rc=0 want=0
	[[ ! $1 =~ \#\ exit\ ([0-9]+)$ ]] || want=${BASH_REMATCH[1]}
	set -o pipefail
	eval "$1" >out 2>err </dev/null || rc=$?
	set +o pipefail
	judge "$rc" "$want" "${1//$'\n'/ }"
	cat out >>all
}

may_mount()
{
	local loop
	[ "$(id -u)" -eq 0 ] && loop=$(losetup -f 2>/dev/null) &&
		[ -b "$loop" ]
}

run_page()
{
	local i place=''
	for i in "${!COMMAND[@]}"; do
		if [ "${PLACE[i]}" != "$place" ]; then
			[ -z "$place" ] || after "$place"
			place=${PLACE[i]}
			before "$place"
			: >all
		fi
		if [ "$place" = DESCRIPTION ] &&
			[[ ${COMMAND[i]} =~ ^(export )?[A-Z_]+= ]]; then
			define "${COMMAND[i]}"
		elif is_not_here "${COMMAND[i]}"; then
			same "$place" 'WITHOUT ESXBK/ovftool and govc' \
				"not here: ${COMMAND[i]%%$'\n'*}"
			SKIPPED+=("${COMMAND[i]}")
		elif [ "$place" = 'SINGLE FILES/As root' ] && ! may_mount; then
			pass "${COMMAND[i]%%$'\n'*} # SKIP no loop devices"
		else
			run_command "${COMMAND[i]}"
		fi
	done
	after "$place"
}

# --- what must be true in between -------------------------------------------

vm()
{
	ctl state | jq -r --arg n "$1" ".vms[] | select(.name == \$n) | $2"
}

source_disk()
{
	jq -r --arg n "$1" '.[] | select(.name == $n).disks[0].file' spec.json
}

# The host's disks are those of the lost host.
back()
{
	local i=0 disk
	while read -r disk; do
		check "$1 has disk $i of ${2:-$1}" cmp "$disk" \
			"$(vm "$1" ".disks[$i].source")"
		i=$((i + 1))
	done < <(jq -r --arg n "${2:-$1}" \
		'.[] | select(.name == $n).disks[].file' spec.json)
	check "$1 has disks" test "$i" -gt 0
}

identity()
{
	vm "$1" '[.uuid, .instance_uuid, (.nics[].mac)] | join(" ")'
}

nets()
{
	vm "$1" '[.nics[] | "\(.network) \(.connected)"] | join(", ")'
}

after()
{
	case $1 in
	DESCRIPTION)
		same "$(printf '%s\n' "${DEFINED[@]}" | sort)" \
			"$(printf '%s\n' "${!MINE[@]}" | sort)" \
			"the page defines what this test knows"
		has "$WORK/RECOVERY.txt" 'IN A HURRY'
		;;
	'IN A HURRY')
		back web01
		same "$(identity web01)" "$LOST" "with its identity"
		same "$(nets web01)" 'VM Network true, new LAN true'
		same "$(vm web01 .on)" true "it runs"
		;;
	'WHICH BACKUP/Without any tool')
		has all 'web01.ovf: OK'
		has all 'file format: vmdk'
		same "$(grep -cE '^20[0-9TZ:-]+	(web01|db01|uefi01)$' all)" 3 \
			"the newest point of three VMs"
		;;
	'WHICH BACKUP/With esxbk-verify')
		has all 'web01-disk1.vmdk: OK'
		same "$POINT" "$NEWEST" "the newest good point"
		;;
	"THE HOST IS DEAD/What is there on the new host")
		same "$(cat err)" "esxbk-deploy-ovf: restore web01-new: --network-default: the host has no '?': in the backup there are 'VM Network', 'DMZ', on the host there are 'VM Network', 'new LAN'"
		;;
	'THE HOST IS DEAD/One VM')
		back web01-new web01
		same "$(identity web01-new)" "$LOST" "with its identity"
		same "$(nets web01-new)" 'VM Network true, new LAN true'
		;;
	'THE HOST IS DEAD/All of them')
		same "$(ctl state | jq -c '[.vms[] | select(.name |
			IN("web01", "db01", "uefi01")).name] | sort')" \
			'["db01","uefi01","web01"]' "each is there once"
		back db01
		back uefi01
		same "$(vm uefi01 .firmware)" efi
		;;
	'A COPY BESIDE THE ORIGINAL/To look something up in it')
		back web01-copy web01
		same "$(nets web01-copy)" 'VM Network false, VM Network false'
		check "another identity" test "$(identity web01-copy)" != "$LOST"
		;;
	'A COPY BESIDE THE ORIGINAL/With a network of its own')
		same "$(nets web01-lab)" 'new LAN true, new LAN true'
		;;
	'A COPY BESIDE THE ORIGINAL/Does it boot at all?')
		check "seconds: $(cat out)" grep -qxE '[0-9]+\.[0-9]' out
		same "$(vm 'esxbk-test' .name)" '' "it is gone"
		;;
	'SINGLE FILES')
		same "$((START))" 4096 "where the partition begins"
		;;
	'SINGLE FILES/As root')
		! may_mount || single_file file.1
		;;
	'SINGLE FILES/As anybody else')
		single_file files/etc/text1
		single_file file.2
		;;
	'WITHOUT ESXBK/Another hypervisor')
		check "the disk for QEMU" qemu-img compare -q -f qcow2 -F raw \
			"$WORK/web01-disk1.qcow2" \
			"$(source_disk web01)"
		has all 'SCSI Controller'
		has all '"firmware": "bios"'
		;;
	'WITHOUT ESXBK/One OVA')
		back web01-ova web01
		has all 'web01.ova/web01-disk1.vmdk: OK'
		;;
	'WITHOUT ESXBK/ovftool and govc')
		same ${#SKIPPED[@]} ${#NOT_HERE[@]} "all that is not here"
		check "the page says so" says "$UNTESTED"
		;;
	'THE NEWEST BACKUP IS DAMAGED')
		same "$BAD" "$DAMAGED" "the damaged one"
		same "$GOOD" "$NEWEST" "the one before"
		back web01-older web01
		same "$(vm web01-salvaged .disks[0].size)" \
			"$(stat -c %s "$(source_disk web01)")" "salvaged"
		grain_lost
		;;
	'THE HOST REFUSES THE DESCRIPTOR')
		back web01-edited web01
		same "$(vm web01-edited .hardware)" vmx-13
		;;
	AFTERWARDS)
		check "the scratch folder is gone" test ! -e "$WORK"
		;;
	*) fail "nothing is known of $1" ;;
	esac
}

single_file()
{
	same "$(sha256sum <"$WORK/$1")" \
		"$(seq -f 'line %.0f of file 71' 8000 | sha256sum)" "$1"
}

# Only one block of 64 KiB of the disk differs from the lost one's.
grain_lost()
{
	same "$(cmp -l "$(source_disk web01)" \
		"$(vm web01-salvaged '.disks[0].source')" |
		awk '{ grains[int(($1 - 1) / 65536)] }
			END { print length(grains) }')" 1 "one block is lost"
}

before()
{
	case $1 in
	DESCRIPTION | 'IN A HURRY' | */*) ;;
	'THE NEWEST BACKUP IS DAMAGED') damage ;;
	esac
}

# A newer point, a bit of whose disk flipped behind the first megabyte.
damage()
{
	local disk
	DAMAGED=${NEWEST%_*_*}_29991231_235959
	cp -r "$NEWEST" "$DAMAGED"
	disk=$DAMAGED/web01-disk1.vmdk
	chmod u+w "$disk"
	printf '\x55\xaa\x55\xaa' | dd of="$disk" bs=1 seek=1400000 \
		conv=notrunc status=none
}

# --- the lost host and the new one ------------------------------------------

# A disk of two partitions, the second of them ext4.
partitioned()
{
	python3 - "$@" <<-'P'
	import struct, sys

	out, first, second = sys.argv[1:]
	parts = [open(f, "rb").read() for f in (first, second)]
	sector = bytearray(512)
	start = 2048
	for i, p in enumerate(parts):
	    sector[446 + 16 * i:462 + 16 * i] = struct.pack(
	        "<B3sB3sII", 0, b"\0\2\0", 0x83, b"\xff\xff\xff", start,
	        len(p) // 512)
	    start += len(p) // 512
	sector[510:] = b"\x55\xaa"
	with open(out, "wb") as f:
	    f.write(sector)
	    f.seek(1 << 20)
	    for p in parts:
	        f.write(p)
	P
}

host_spec
partitioned web01.raw "$HOST_SPEC/name0.raw" "$HOST_SPEC/indep01-0.raw"
jq --arg d "$PWD/web01.raw" 'map(select(.name |
	IN("prod-web", "db01", "uefi01")) | if .name == "prod-web" then
	.name = "web01" | .disks[0].file = $d else . end)' \
	"$HOST_SPEC/spec.json" >spec.json
jq 'map(select(.name == "iso01") | .networks = ["VM Network", "new LAN"])' \
	"$HOST_SPEC/spec.json" >new.json

quick_host esxi --spec "$PWD/spec.json"
# Backups side by side, and newer ones of a VM in its own folder, as of plans.
xp 0 -o "${MINE[REPO]}" web01 db01 uefi01
sleep 1 # a point is newer by its second
xp 0 -o "${MINE[REPO]}/web01" web01
NEWEST=$(cat out)
LOST=$(identity web01)
host_stop

quick_host esxi --spec "$PWD/new.json"
MINE[ESXBK_SERVER]=localhost:$HOST_PORT
MINE[ESXBK_THUMBPRINT]=$HOST_PIN
mkdir -p manual/man7 && cp "$PAGE" manual/man7/
export MANPATH=$PWD/manual PATH=$B:$PATH
PLACE=() COMMAND=() DEFINED=() SKIPPED=()
read_page
page_is_complete
run_page
host_idle '[]'
