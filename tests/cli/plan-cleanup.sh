#!/bin/bash
# What runs left that were killed is found by its marks and removed; what is in
# use, of others, or can still be of use, is not.
# shellcheck disable=SC2153,SC2119 # what is shared is used elsewhere
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/vmdk.sh" || exit 1

raw_host esxi
jq -n --arg server "localhost:$HOST_PORT" --arg pin "$HOST_PIN" \
	--arg pass "$HOST_PASSWORD_FILE" --arg repo "$PWD" '{version: 1,
	repositories: {nas: {path: $repo}},
	sites: {esx1: {server: $server, user: "root",
		password: {file: $pass}, tls: {thumbprint: $pin}}},
	defaults: {repository: "nas"},
	plans: {nightly: {site: "esx1", select: ["flat01", "run01"],
		schedule: {daily: "02:00"}}}}' >esxbk.json

clean()
{
	local want=$1
	shift
	run "$want" esxbk-plan cleanup --config esxbk.json "$@"
	sed -E 's/[0-9]{8}_[0-9]{6}/TIME/g; s/-[0-9a-f]{8}/-ID/g' out >told
}

in_three_days()
{
	ESXBK_NOW=$(date -u -d '3 days' +%Y-%m-%dT%H:%M:%SZ) clean "$@"
}

snapshots()
{
	ctl state | jq -r --arg n "$1" '[.vms[] | select(.name == $n).snapshots
		| .. | .name? // empty] | sort | join(" ")'
}

# snapshot NAME DESCRIPTION: by somebody else's hand, on run01.
snapshot()
{
	ctl "snapshot?vm=run01&name=$1&description=$(jq -rn --arg d "$2" \
		'$d | @uri')" '{}' >/dev/null
}

# What the dead had open on the host runs out.
time_passes()
{
	ctl 'set?lease-timeout=1ms' '{}' >/dev/null
	ctl expire-sessions '{}' >/dev/null
	wait_for 10 no_leases
	ctl 'set?lease-timeout=300s' '{}' >/dev/null
}

no_leases()
{
	[ "$(ctl state | jq '.leases | length')" = 0 ]
}

tests()
{
	ctl state | jq -r '[.vms[].name | select(startswith("esxbk-test-"))] |
		join(" ")'
}

clean 0
same "$(cat told)" '' "nothing was left"

# --- a backup that runs, and is killed --------------------------------------

fault '{"kind":"slow","vm":"run01","bytes_per_second":500000,"times":0}'
start esxbk-export-ovf "${HX[@]}" --quiesce off -o r run01
wait_for 30 transferring r
clean 0 --exit-code -n
same "$(cat told)" \
	'ok      site esx1: run01: snapshot esxbk-TIME-ID: kept, its backup is running'
clean 0 --all --older-than 0s
same "$(cat told)" \
	'ok      site esx1: run01: snapshot esxbk-TIME-ID: kept, its backup is running'
kill_run
time_passes
check "a partial point" test -d r/.run01_*.partial
clean 10 --exit-code -n
same "$(cat told)" "ok      nightly: $PWD/r/.run01_TIME.partial: would be removed
ok      site esx1: run01: snapshot esxbk-TIME-ID: would be removed"
check "it is there" test -d r/.run01_*.partial
same "$(snapshots run01 | sed 's/-.*//')" esxbk
clean 0 --json
same "$(jq -c 'select(.type == "cleanup") | [.what, .outcome, .changed]' out)" \
	'["partial","ok",true]
["snapshot","ok",true]'
same "$(tail -n 1 out | jq .changed)" true
same "$(snapshots run01)" ''
same "$(left r)" .w-ID
clean 0 --json
same "$(jq .changed out)" false "a second time nothing"

# --- of others --------------------------------------------------------------

snapshot before-update ''
snapshot esxbk-by-hand 'mine'
snapshot esxbk-20200101_000000-0badcafe "temporary snapshot
machine=0123456789abcdef
repository=/elsewhere
pid=1"
clean 0
same "$(cat told)" \
	'ok      site esx1: run01: snapshot esxbk-TIME-ID: kept, of another machine or folder (--all)'
clean 0 --all
same "$(cat told)" \
	'ok      site esx1: run01: snapshot esxbk-TIME-ID: kept, not old enough (--older-than)'
fault '{"kind":"task-error","method":"RemoveSnapshot_Task","type":"GenericVmConfigFault","message":"no","times":0}'
in_three_days 75 --all
has told 'failed  site esx1: run01: snapshot esxbk-TIME-ID could not be removed: '
same "$(tail -n 1 err)" 'esxbk-plan: 1 of 1 cleanups failed'
clear_faults
in_three_days 0 --all
same "$(cat told)" \
	'ok      site esx1: run01: snapshot esxbk-TIME-ID: removed'
same "$(snapshots run01)" 'before-update esxbk-by-hand' "a person's stay"

# --- what the next run could take up ----------------------------------------

killed 4
time_passes
SNAPSHOT=$(snapshots flat01)
clean 0
same "$(cat told)" "ok      nightly: $PWD/d/.flat01_TIME.partial: kept, --resume can take it up${SNAPSHOT:+
ok      site esx1: flat01: snapshot esxbk-TIME-ID: kept, --resume can take it up}"
vx 0 --resume -o d flat01
resumed $((RANGE + 1536))
killed 4
time_passes
in_three_days 0
has told "$PWD/d/.flat01_TIME.partial: removed"
same "$(snapshots flat01)" ''
check "the partial is gone" test ! -e "$PARTIAL"

# --- VMs of tests -----------------------------------------------------------

hx 0 esxbk-export-ovf -o d flat01
POINT=$(cat out)
hx 0 esxbk-deploy-ovf --name esxbk-test-20200101_000000-0badcafe "$POINT"
fault '{"kind":"tools-never","times":0}'
start esxbk-deploy-ovf "${HX[@]}" --test --wait tools=10m "$POINT"
on()
{
	[ "$(ctl state | jq '[.vms[] | select(.on and
		(.name | startswith("esxbk-test-")))] | length')" = 1 ]
}
wait_for 30 on
kill_run
clean 0
same "$(cat told)" \
	'ok      site esx1: esxbk-test-TIME-ID: test VM: kept, not old enough (--older-than)'
in_three_days 10 -n --exit-code
same "$(tests | wc -w)" 2
in_three_days 0
same "$(cat told)" 'ok      site esx1: esxbk-test-TIME-ID: test VM: removed'
same "$(tests)" esxbk-test-20200101_000000-0badcafe "one without our mark stays"

host_stop
clean 69
has told 'failed  site esx1: '

# One that is not mounted is not one without partials.
jq '.repositories.nas = {path: "/", mounted: true}' esxbk.json >x
mv x esxbk.json
clean 73
has told 'failed  nightly: repository nas: nothing is mounted at /'
