#!/bin/bash
# A tool that crashes, hangs, lies or says nothing: the plan goes on, and the
# record tells what happened.
. "$T/cli/lib.sh" || exit 1
# shellcheck source=/dev/null
. "$T/cli/lib/plan.sh" || exit 1

plan_begin
vms "bad 12 $(uuid_of 1)" "good 13 $(uuid_of 2)"
conf '.plans.daily.verify = [{ level: "hash", after: "run" }]'
MINUTE=10
CASES=0

# odd EXPORT-BEHAVIOUR EXIT OUTCOME TEXT: the other VM has its backup.
odd()
{
	local want=3
	MINUTE=$((MINUTE + 1))
	CASES=$((CASES + 1))
	at "2026-11-24T02:$MINUTE:00Z"
	# shellcheck disable=SC2086 # words
	stub ovf.12 $1
	plan $want run daily
	same "$(vm_lines | sort)" "bad $3 $2
good ok 0" "$1"
	same "$(record 'select(.vm.name == "bad") | .text')" "$4"
	same "$(points good | wc -l)" "$CASES"
}

TOOL=esxbk-export-ovf
odd crash 70 failed "$TOOL printed no summary: it was ended by SIGSEGV"
odd garbage 70 failed "$TOOL printed no summary: it exited with 0"
odd silent 70 failed "$TOOL printed no summary: it exited with 0"
odd "status 75" 70 failed "$TOOL printed no summary: it exited with 75"
odd nopoint 70 failed "$TOOL reported success, but there is no point: \
$REPO/bad/bad_20000101_000000: open folder: No such file or directory"
odd climb 70 failed "$TOOL reported success, but there is no point: it names \
none"
odd stranger 70 failed "$TOOL reported success, but there is no point: \
bad_20261124_021700 is another's"
rm -r "$REPO"/bad/bad_* # the stranger's
odd "exit 75 locked by another run" 75 failed "locked by another run"
odd "exit 77 RestrictedVersion" 77 failed RestrictedVersion
stub ovf.12

# A backup that is there although its tool died after that is kept.
odd late 70 failed "$TOOL printed no summary: it was ended by SIGKILL"
check "the point is there" test -n "$(points bad)"

# The verification crashes: the backup is not undone.
stub ovf.12
stub verify.bad crash
at 2026-11-24T03:00:00Z
plan 3 run daily
same "$(vm_lines | sort)" "bad warn 70
good ok 0"
same "$(record 'select(.vm.name == "bad") | "\(.steps.export) \(
	.steps.verify)"')" "ok failed"
check "no verdict on the point" test ! -e "$REPO/bad/state"
stub verify.bad

# Somebody ended a tool, but not the run: its status is not the run's.
stub verify.bad exit 143 interrupted by SIGTERM
plan 3 run daily
same "$(vm_lines | sort)" "bad warn 75
good ok 0"
stub verify.bad
stub list exit 143 interrupted by SIGTERM
plan 75 run daily
stub list

# esxbk-list: nothing is known of any VM.
for how in crash garbage silent "status 69"; do
	# shellcheck disable=SC2086
	stub list $how
	plan 70 run daily
	same "$(record 'select(.type == "vm")')" '' "$how: no VM in the record"
	has err "esxbk-list printed no summary"
done
stub list exit 69 connection refused
plan 69 run daily
same "$(tail -n 1 err)" "esxbk-plan: daily: site esx1: connection refused"
stub list partial
at 2026-11-24T03:30:00Z
plan 0 run daily
same "$(record 'select(.type == "end") | .warnings[].code')" W_LIST
# One that a pattern meant, and that could not be read, was not backed up.
cp "$STUB/vms" "$SCRATCH/vms"
sed -i /^good/d "$STUB/vms"
at 2026-11-25T02:00:00Z
plan 3 run --due
same "$(vm_lines | sort)" "bad ok 0
good failed 75"
has err "good: the host could not tell all of its VMs"
at 2026-11-25T02:05:00Z
plan 0 run --due
same "$(record 'select(.type == "end") | .final')" false "not at once"
cp "$SCRATCH/vms" "$STUB/vms"
at 2026-11-25T02:16:00Z
plan 0 run --due
same "$(vm_lines)" "good ok 0"
stub list

# A password for the proxy is seen neither by ps nor in what is told.
no_calls
conf '.sites.esx1.proxy = "http://esxbk:hunter2@nowhere.invalid:3128"'
chmod 600 "$CONF"
plan 0 run daily -v
hasnt "$STUB/args" hunter2
hasnt err hunter2
has "$STUB/args" " --config $CONF --site esx1 "
plan 0 run daily -n --json
hasnt out hunter2
run 69 esxbk-list --server 127.0.0.1:1 --config "$CONF" --site esx1 \
	--stall-timeout 10
has err "cannot resolve the proxy"
hasnt err hunter2

# A tool that is not there is a failure of the system, not a crash.
rm "$SCRATCH/bin/esxbk-export-ovf"
plan 71 run daily
has err "$SCRATCH/bin/esxbk-export-ovf: No such file or directory"
