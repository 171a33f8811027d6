#!/bin/bash
# Two planners of one configuration, and limits that hold for the machine.
. "$T/cli/lib.sh" || exit 1
# shellcheck source=/dev/null
. "$T/cli/lib/plan.sh" || exit 1

plan_begin
vms_many 4
conf '.sites.esx1.limits = { vms: 2 } | .plans.other = .plans.daily'
stub ovf hang

hanging()
{
	[ "$(grep -c ' hangs ' "$STUB/log")" -ge "$1" ]
}

start esxbk-plan run --config "$CONF" daily
wait_for 20 hanging 2
same "$(exports | wc -l)" 2 "limits.vms: two at once"

# The same configuration by another name.
mv out out.1 && mv err err.1
ln -s "$CONF" "$SCRATCH/link.json"
plan 0 run --due
same "$(cat err)" '' "a second --due says nothing"
plan 0 run --due --json
same "$(jq -c '[.type, .plans, .exit]' out)" '["summary",0,0]'
plan 0 run --due -v
has err "another run of $CONF is at work"
plan 75 run other
has err "is locked by another run"
run 75 esxbk-plan run --config "$SCRATCH/link.json" other
plan 0 run -n other
same "$(grep -c 'would be backed up' out)" 4 "what would be done is told"

# Another configuration with the same site waits for a place.
cp "$CONF" "$SCRATCH/second.json"
stub ovf
"$B/esxbk-plan" run --config "$SCRATCH/second.json" other \
	>"$SCRATCH/out.2" 2>&1 &
SECOND=$!
listed()
{
	[ "$(grep -c esxbk-list "$STUB/args")" -ge 3 ]
}
wait_for 20 listed
sleep 0.5
same "$(exports | wc -l)" 2 "no third one begins while two are at work"
pkill -TERM -P "$PID" -f esxbk-export-ovf
finish 3
wait "$SECOND"
same "$?" 0 "the second got its places"
same "$(points | wc -l)" 6 "two of the first's four, all of the second's"
