# shellcheck shell=bash
# What the tests of failures share.  Source it after lib.sh.
#
#	fault JSON              arm a fault on the host (tests/host/README.md)
#	clear_faults            disarm all
#	said TEXT               stderr has this line, which says why, and no
#		other but warnings; without TEXT: no line at all
#	said_like PATTERN       the same with an extended regular expression
#	warned TEXT             a line of stderr is this warning
#	host_idle               no open lease, task or session, and of
#		snapshots only those that are not ours
#	only_points DIR NAME... DIR holds these points (and lock files); _TIME
#		stands for the time in a name; without NAME: nothing, not even
#		an unfinished one
#	disk_good POINT RAW     the quick form of point_good, for one disk
#	result EXPR             of the one VM's JSON document in ./out
#	list_methods            the kinds of calls of a run, to ./methods
#	calls METHOD            how many calls of a method reached the host
#	snapshots, leases, transfers     how many of ours were begun
#	mark_time, soon SECONDS  no more have passed between them
#	transferring DIR [N]    a disk of which N bytes came is on its way

# shellcheck source=/dev/null
. "$T/cli/lib/point.sh" || exit 1
since=0

fault()
{
	ctl fault "$1" >/dev/null || fail "arm $1"
}

clear_faults()
{
	ctl clear '{}' >/dev/null || fail "disarm"
}

# The name of the program that ran last stands before every line.
not_warnings()
{
	grep -v '^esxbk-[a-z-]*: warning: ' err
}

said()
{
	same "$(not_warnings)" "$*" "${*:-silence}"
}

said_like()
{
	local line
	line=$(not_warnings)
	if [[ $line != *$'\n'* && $line =~ ^$1$ ]]; then
		pass "said: $line"
	else
		fail "said not: $1"
		show_file err
	fi
}

warned()
{
	if grep -qxE "esxbk-[a-z-]*: warning: $1" err; then
		pass "warned: $1"
	else
		fail "warned not: $1"
		show_file err
	fi
}

# The two snapshots are those that a user made on VM "snapped".
host_idle()
{
	same "$(ctl state | jq -c '[.leases, .sessions, .tasks,
		[.vms[].snapshots | .. | .name? // empty],
		[.vms[] | select(.consolidation_needed) | .name]]')" \
		"[[],[],[],${1:-[\"before update\",\"50% / done\"]},[]]" \
		"no lease, session, task or snapshot of ours on the host"
	same "$(jq -c 'select(.event | IN("malformed", "broken", "panic",
		"unsupported-version", "not-modelled"))' "$HOST_EVENTS")" '' \
		"no request that a real host would refuse"
}

only_points()
{
	local dir=$1
	shift
	same "$(find "$dir" -mindepth 1 -maxdepth 1 ! -name '.w-*' \
		-printf '%f\n' | sed 's/_[0-9]\{8\}_[0-9]\{6\}/_TIME/' |
		sort)" "$(printf '%s\n' "$@")" "in $dir: ${*:-nothing}"
}

calls()
{
	event_count ".event == \"call\" and .method == \"$1\""
}

snapshots()
{
	event_count '.event == "snapshot-created" and
		(.name | startswith("esxbk-"))'
}

leases()
{
	event_count '.event == "lease" and .state == "initializing"'
}

transfers()
{
	event_count '.event == "nfc-start"'
}

disk_good()
{
	# shellcheck disable=SC2016 # $1 is the inner shell's
	check "${1##*/}: sha256sum -c" sh -c \
		'cd "$1" && sha256sum --strict -c *.mf' sh "$1"
	check "${1##*/} is ${2##*/}" qemu-img compare -q -f vmdk -F raw \
		"$(echo "$1"/*-disk1.vmdk)" "$2"
}

result()
{
	jq -r "select(.type == \"backup\") | $1" out
}

transferring()
{
	[ -n "$(find "$1" -path '*/.*.partial/*.vmdk' -size +"${2:-0}"c)" ]
}

# From a run, so that none is forgotten.
list_methods()
{
	xp 0 --quiesce off -o listed odd01
	jq -r 'select(.event == "call") | .method' "$HOST_EVENTS" | sort -u |
		grep -vx -e Login -e RetrieveServiceContent >methods
	check "$(wc -l <methods) kinds of calls" test "$(wc -l <methods)" -gt 9
}

mark_time()
{
	since=$SECONDS
}

# Tools that watch memory are slow.
soon()
{
	local limit=$1
	[ -z "${SANITIZE:-}" ] || limit=$((limit * 4))
	[ -z "${VALGRIND:-}" ] || limit=$((limit * 20))
	check "$((SECONDS - since)) s of $1" test $((SECONDS - since)) -le "$limit"
}
