#!/bin/bash
# What would be done: asked on the host, told, and nothing changed.
. "$T/cli/lib.sh" || exit 1
# shellcheck source=/dev/null
. "$T/cli/lib/plan.sh" || exit 1

plan_begin
vms "web 12 $(uuid_of 1) Hard_disk_1,Hard_disk_2" "it's 13 $(uuid_of 2)"
# shellcheck disable=SC2016 # the hook's shell expands it
conf '.plans.daily.exclude_disks = ["Hard disk 2"] |
	.plans.daily.strategy = { full: { weekly: "sun" },
		incremental: "compare" } |
	.plans.daily.hooks = { before_run: [["/bin/sh", "-c",
		"touch \"$STUB/hook\""]] }'

plan 0 run -n daily
same "$(cat out)" "daily: it's: would be backed up (full: there is no good \
point to build on)
  $SCRATCH/bin/esxbk-export-ovf --server esxi.example.org --user root \
--password-fd 3 --json -q --plan daily -o '$REPO/it'\\''s' --quiesce try -j 2 \
moid:13
daily: web: would be backed up (full: there is no good point to build on)
  $SCRATCH/bin/esxbk-export-ovf --server esxi.example.org --user root \
--password-fd 3 --json -q --plan daily -o $REPO/web --quiesce try -j 2 \
--exclude-disk 'Hard disk 2' moid:12"
same "$(exports)" '' "nothing was exported"
same "$(ls -A "$REPO" "$SCRATCH/state")" "$SCRATCH/repo:

$SCRATCH/state:" "nothing was written"
check "no hook was run" test ! -e "$STUB/hook"

plan 10 run -n --exit-code daily
same "$(cat err)" ''
plan 10 run -n --exit-code --due
plan 0 run -n --json daily
same "$(jq -r 'select(.type == "plan-vm") | "\(.dry_run) \(.decision.kind) \(
	.command[-1])"' out | sort)" "true full moid:12
true full moid:13"
plan 64 run --exit-code daily

# Nothing is due any more.
plan 0 run daily
check "the hook of the run itself" test -e "$STUB/hook"
same "$(record 'select(.type == "end") | .notes[].code')" W_NO_INCREMENTAL
plan 0 run -n --exit-code --due
same "$(cat out)" ''

# A whole-disk plan names the disks that are wanted.
conf '.plans.daily.mode = "vmdk" | .plans.daily.exclude_disks = ["Hard disk 2"]'
plan 0 run -n daily --vm web
has out "esxbk-export-vmdk --server"
has out "--disk 'Hard disk 1' moid:12"

# One that is not there: the last line says so, once.
conf '.plans.daily.select = ["web", "gone"]'
plan 3 run -n daily
same "$(cat err)" "esxbk-plan: daily: gone: no such VM
esxbk-plan: daily: 1 of 2 VMs failed: gone: no such VM"
plan 3 run daily
has err "esxbk-plan: daily: 1 of 2 VMs failed: gone: no such VM"
same "$(record 'select(.type == "vm" and .exit != 0) | .text')" 'no such VM'

stub list exit 77 login refused
plan 77 run -n daily
same "$(cat err)" "esxbk-list: error: login refused
esxbk-plan: daily: site esx1: login refused"
conf '.repositories.nas.path = "/nowhere/at/all"'
plan 73 run -n daily
