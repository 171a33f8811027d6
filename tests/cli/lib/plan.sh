# shellcheck shell=bash
# What the stories of plans share.  Source it after lib.sh.
#
#	plan_begin              stub tools (lib/tools/stub.py), an empty
#		repository and all state below $SCRATCH; in $STUB, $REPO, $CONF
#	vms LINE...             the VMs there are: "NAME MOID UUID [DISKS]"
#	uuid_of N               a uuid to give one
#	conf [JQ]               writes the configuration: plan "daily" of all
#		VMs at site "esx1", changed by a jq filter
#	stub TOOL[.VM] WORD...  what a tool does instead; without a word: its work
#	at TIME                 the clock of all that follows (UTC)
#	plan STATUS CMD ARG...  run STATUS esxbk-plan CMD ARG...
#	calls                   what the tools were called for, one a line
#	exports                 the VMs (ids) that were exported, in order
#	no_calls                forget both
#	points [FOLDER]         points in the repository, one a line
#	record [JQ]             a jq expression on the lines of the newest run
#	runs                    how many runs there are

need jq

plan_begin()
{
	local tool
	STUB=$SCRATCH/stub REPO=$SCRATCH/repo CONF=$SCRATCH/esxbk.json
	mkdir -p "$STUB" "$REPO" "$SCRATCH/bin"
	for tool in list export-ovf export-vmdk verify; do
		ln -sf "$T/cli/lib/tools/stub.py" "$SCRATCH/bin/esxbk-$tool"
	done
	export STUB ESXBK_EXEC_PATH=$SCRATCH/bin
	: >"$STUB/log"
	: >"$STUB/args"
	(umask 077 && echo 'pass&word' >"$SCRATCH/esx1.pass")
	at 2026-11-24T02:00:30Z
}

uuid_of()
{
	printf '52de%04x-0000-4000-8000-%012x' "$1" "$1"
}

vms()
{
	printf '%s\n' "$@" >"$STUB/vms"
}

# Of so many VMs vm1, vm2, ... with ids 101, 102, ...
vms_many()
{
	local i
	for ((i = 1; i <= $1; i++)); do
		echo "vm$i $((100 + i)) $(uuid_of "$i")"
	done >"$STUB/vms"
}

conf()
{
	jq -n --arg repo "$REPO" --arg pass "$SCRATCH/esx1.pass" '{
		version: 1,
		repositories: { nas: { path: $repo } },
		sites: { esx1: { server: "esxi.example.org", user: "root",
			password: { file: $pass } } },
		plans: { daily: { repository: "nas", site: "esx1",
			select: ["name:*"], schedule: { daily: "02:00" },
			strategy: { full: "always" } } }
	} | '"${1:-.}" >"$CONF"
}

stub()
{
	if [ $# -eq 1 ]; then
		rm -f "$STUB/do.$1"
	else
		echo "${@:2}" >"$STUB/do.$1"
	fi
}

at()
{
	export ESXBK_NOW=$1
}

plan()
{
	local want=$1 cmd=$2
	shift 2
	run "$want" esxbk-plan "$cmd" --config "$CONF" "$@"
}

calls()
{
	cat "$STUB/log"
}

exports()
{
	sed -n 's/^\(ovf\|vmdk\) \([0-9]*\)$/\2/p' "$STUB/log"
}

no_calls()
{
	: >"$STUB/log"
	: >"$STUB/args"
}

points()
{
	find "$REPO/${1:-}" -name backup.json -printf '%P\n' |
		sed 's|/backup.json$||' | LC_ALL=C sort
}

# The last one written at the end: an injected clock does not tell them apart.
run_files()
{
	find "$REPO/runs" "$SCRATCH/state/runs" -name '*.json' \
		-printf '%T@ %p\n' 2>/dev/null | sort -n | cut -d' ' -f2-
}

runs()
{
	run_files | wc -l
}

record()
{
	jq -r "$1" "$(run_files | tail -n 1)"
}

# All of the newest run's file that tells of VMs: "NAME OUTCOME EXIT".
vm_lines()
{
	record 'select(.type == "vm") | "\(.vm.name) \(.outcome) \(.exit)"'
}
