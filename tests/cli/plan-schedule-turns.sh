#!/bin/bash
# Timers of two plans come at the same moment: both plans are run, one after
# the other.
. "$T/cli/lib.sh" || exit 1
# shellcheck source=/dev/null
. "$T/cli/lib/plan.sh" || exit 1

plan_begin
vms_many 1
conf '.plans.other = .plans.daily'
stub ovf hang

hanging()
{
	[ "$(grep -c ' hangs ' "$STUB/log")" -ge 1 ]
}

waiting()
{
	grep -q "waiting for another run of $CONF" "$SCRATCH/err.2"
}

start esxbk-plan run --scheduled --config "$CONF" daily
wait_for 20 hanging
"$B/esxbk-plan" run --scheduled -v --config "$CONF" other \
	>"$SCRATCH/out.2" 2>"$SCRATCH/err.2" &
SECOND=$!
wait_for 20 waiting
same "$(exports | wc -l)" 1 "the second one has not begun"
plan 75 run other
has err 'is locked by another run'

# One that waits can be stopped.
"$B/esxbk-plan" run --scheduled -v --config "$CONF" other \
	>"$SCRATCH/out.3" 2>"$SCRATCH/err.3" &
THIRD=$!
wait_for 20 grep -q waiting "$SCRATCH/err.3"
kill -TERM $THIRD
wait $THIRD
same $? 143 "stopped while it waited"
same "$(tail -n 1 "$SCRATCH/err.3")" 'esxbk-plan: interrupted by SIGTERM'

stub ovf
kill -TERM "$PID"
finish 143
wait $SECOND
same $? 0 "the second had its turn"
same "$(points | wc -l)" 1 "and has its backup"
