# shellcheck shell=bash
# What the tests of restores that go wrong share.  Source it after lib.sh; it
# brings deploy.sh.
#
#	from SOURCE [RAW...]    what is restored, and what its disks then hold
#	place ARG...            options that tell where to
#	$NAME                   as what; next_name: another one
#	restore STATUS ARG...   deploy STATUS of that as $NAME
#	restoring ARG...        the same in the background: see finish
#	ends                    how the leases since the mark ended: "complete",
#		"abort", or the name of the fault
#	ended PATTERN           they ended so
#	lost PATTERN ENDS       it says a line with PATTERN and no id, its leases
#		ended so, and nothing is left of the VM
#	fails STATUS PATTERN ENDS FAULT [ARG...]    a restore without retries,
#		while that fault is armed, is lost
#	heals PATTERN ENDS FAULT [ARG...]   one that may be tried again, with a
#		warning of PATTERN, becomes one good VM
#	kept                    there is one VM of that name, and it is good

# shellcheck source=/dev/null
. "$T/cli/lib/deploy.sh" || exit 1
SOURCE=''
RAWS=()
PLACE=()
CASE=1
NAME=copy1

from()
{
	SOURCE=$1
	shift
	RAWS=("$@")
}

place()
{
	PLACE=("$@")
}

next_name()
{
	CASE=$((CASE + 1))
	NAME=copy$CASE
}

restore()
{
	local want=$1
	shift
	mark_host
	deploy "$want" --name "$NAME" "${PLACE[@]}" "$@" "$SOURCE"
}

restoring()
{
	mark_host
	deploying --name "$NAME" "${PLACE[@]}" "$@" "$SOURCE"
}

ends()
{
	tail -n +$((LAST_EVENT + 1)) "$HOST_EVENTS" |
		jq -r 'select(.event == "lease" and .import and
			(.state | IN("done", "error"))) | .by // .fault' |
		paste -sd ' '
}

lost()
{
	said_like "esxbk-deploy-ovf: restore $NAME: $1"
	same "$(cat out)" '' "no id"
	ended "$2"
	gone "$NAME"
}

ended()
{
	local got
	got=$(ends)
	if [[ $got =~ ^($1)$ ]]; then
		pass "leases: ${got:-none}"
	else
		fail "leases: '$got', not '$1'"
	fi
}

fails()
{
	local status=$1 pattern=$2 ends=$3
	[ -z "$4" ] || fault "$4"
	shift 4
	restore "$status" --retries 0 "$@"
	lost "$pattern" "$ends"
	same "$(wc -l <err)" 1 "one line"
	clear_faults
}

kept()
{
	same "$(vm_count "$NAME")" 1 "one VM"
	disks_equal "$NAME" "${RAWS[@]}"
	host_idle
}

heals()
{
	local pattern=$1 ends=$2
	fault "$3"
	shift 3
	next_name
	restore 0 --json "$@"
	said
	warned "tried again with a new lease: $pattern"
	same "$(restored '[.outcome, .exit, .changed, .warnings[].code]')" \
		'["warn",0,true,"W_RETRIED"]' "the result tells of it"
	ended "${ends:+$ends }complete"
	kept
	clear_faults
	next_name
}
