#!/bin/bash
# Disks left out on purpose are nowhere in the point; another digest, a plan's
# name and a new folder are as asked; what cannot be meant is refused at once.
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/point.sh" || exit 1

excluded()
{
	local point
	xp 0 -o "$1" --json --exclude-disk 'Hard disk 1' db01
	same "$(cat err)" '' "nothing on stderr"
	same "$(jq -c 'select(.type == "backup") | [.outcome, .exit, .skipped,
		.bytes.capacity, [.disks[] | .label, .file]]' out)" \
		"[\"ok\",0,[],$((33 << 20)),[\"Hard disk 2\",\"db01-disk2.vmdk\"]]"
	point=$(jq -r '.path // empty' out)
	point_good "$point" "$HOST_SPEC/db01-1.raw"
	same "$(record "$point" '[.disks[].label] | tojson')" '["Hard disk 2"]'
	same "$(grep -l 'Hard disk 1' "$point"/*)" "$point/backup.json" \
		"only the list of hardware knows it"
	same "$(record "$point" '[.. | .label? // empty] |
		map(select(. == "Hard disk 1")) | length')" 1
	same "$(event_count '.event == "nfc-start" and .disk == 0')" 0 \
		"it was not fetched"
}

digests()
{
	local kind point
	for kind in sha512 sha1; do
		xp 0 -o "$kind" --digest $kind uefi01
		point=$(cat out)
		manifest_good "$point" "${kind^^}"
		same "$(record "$point" '.disks[], .files[] |
			"\(.file) \(.size) \(.sha256)"' | LC_ALL=C sort)" \
			"$(files_there "$point")" "SHA-256 is in the record all the same"
		same "$(record "$point" '[.disks[], .files[]] |
			map(.host_check) | unique | tojson')" '["verified"]'
	done
}

# refused STATUS TEXT ARG...: on the spot, without a login.
refused()
{
	local want=$1 text=$2 before
	shift 2
	before=$(event_count '.event == "login"')
	xp "$want" "$@"
	same "$(cat err)" "esxbk-export-ovf: $text"
	same "$(cat out)" '' "nothing on stdout"
	same "$(event_count '.event == "login"')" "$before" "no login"
}

usage()
{
	refused 64 'where to? Give --output DIR' iso01
	refused 64 'which VM?' -o new
	refused 64 '--format dir cannot be written to standard output, --format ova can' -o - iso01
	refused 64 '--jobs: from 1 to 16' -o new -j 0 iso01
	refused 64 '--jobs: from 1 to 16' -o new -j 17 iso01
	refused 64 "--digest: 'md5' is none of sha256, sha512, sha1 (see esxbk-export-ovf --help)" -o new --digest md5 iso01
	refused 64 "--quiesce: 'yes' is none of off, try, require (see esxbk-export-ovf --help)" -o new --quiesce yes iso01
	refused 64 "option '--output' is given twice (see esxbk-export-ovf --help)" -o new -o new iso01
	refused 64 "--exit-code goes only with --dry-run (see esxbk-export-ovf --help)" -o new --exit-code iso01
	check "no folder was made" test ! -e new
}

quick_host esxi
excluded esxi
xp 66 -o unknown --exclude-disk 'Hard disk 9' db01
same "$(cat err)" "esxbk-export-ovf: export db01: no disk 'Hard disk 9' to exclude; the first is 'Hard disk 1'"
same "$(left unknown)" .w-ID "no point, nothing half-done"
same "$(event_count '.event == "snapshot-created" and .vm == "db01"')" 1 \
	"no snapshot for that"
digests
usage

# A folder whose parent is there is made; the plan's name is kept.
mkdir parent
xp 0 -o "$PWD/parent/new folder/" --plan nightly iso01
check "an absolute path: $(cat out)" grep -qE \
	"^$PWD/parent/new folder/iso01_[0-9_]{15}\$" out
point_good "$(cat out)" "$HOST_SPEC/name15.raw"
same "$(record "$(cat out)" '[.plan, .kind, .mode, .parent] | tojson')" \
	'["nightly","full","ovf",null]'
xp 0 -o parent iso01
same "$(record "$(cat out)" .plan)" null "no plan by hand"
host_clean

quick_host vcenter
excluded vcenter
host_clean

xp 65 -o nothing --exclude-disk 'Hard disk 1' --exclude-disk 'Hard disk 2' db01
same "$(cat err)" "esxbk-export-ovf: export db01: there is nothing to export"
same "$(left nothing)" .w-ID "no point, nothing half-done"
same "$(ctl state | jq -c '[.leases, .sessions, .tasks,
	[.vms[] | select(.name == "db01").snapshots]]')" '[[],[],[],[[]]]' \
	"nothing left on the host"
