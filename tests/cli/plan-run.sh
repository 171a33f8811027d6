#!/bin/bash
# Every night: two VMs are backed up; one fails, and the other does not mind.
. "$T/cli/lib.sh" || exit 1
# shellcheck source=/dev/null
. "$T/cli/lib/plan.sh" || exit 1

plan_begin
vms "web 12 $(uuid_of 1)" "db 13 $(uuid_of 2)"
conf '.plans.daily.verify = [{ level: "hash", after: "run" }]'

plan 0 run daily
same "$(cat err)" ''
same "$(sort out)" "$REPO/db/db_20261124_020030
$REPO/web/web_20261124_020030" "standard output has the points"
same "$(calls | sort)" "ovf 12
ovf 13
verify hash db_20261124_020030
verify hash web_20261124_020030"
same "$(sort -u "$STUB/secrets")" 'pass&word' "the password comes by fd 3"
hasnt "$STUB/args" 'pass&word'
has "$STUB/args" "esxbk-export-ovf --server esxi.example.org --user root \
--password-fd 3 --json -q --plan daily -o $REPO/web --quiesce try -j 2 moid:12"
same "$(vm_lines | sort)" "db ok 0
web ok 0"
same "$(record 'select(.type == "run") | "\(.schema) \(.plan) \(.slot) \(
	.scheduled) \(.started)"')" \
	"esxbk.run/1 daily null false 2026-11-24T02:00:30Z"
same "$(record 'select(.type == "end") | "\(.exit) \(.class) \(.vms.ok)"')" \
	"0 ok 2"
same "$(record 'select(.vm.name == "web") | "\(.decision.kind) \(
	.decision.code) \(.steps.export) \(.steps.verify) \(.point) \(
	.result.type)"')" "full always ok ok web_20261124_020030 backup"
check "verified" jq -e '.sound.hash' \
	"$REPO/web/state/web_20261124_020030.verify.json"

# One fails: 3, one line for it, and all of the other's work is done.
at 2026-11-25T02:00:30Z
stub ovf.13 exit 74 disk full
plan 3 run daily
same "$(cat err)" "esxbk-export-ovf: error: disk full
esxbk-plan: daily: db: disk full
esxbk-plan: daily: 1 of 2 VMs failed: db: disk full"
same "$(vm_lines | sort)" "db failed 74
web ok 0"
same "$(record 'select(.type == "end") | "\(.exit) \(.text)"')" \
	"3 1 of 2 VMs failed: db: disk full"
same "$(points web | wc -l) $(points db | wc -l)" "2 1"

# All fail alike: that status; differently: what only a person can mend.
stub ovf exit 69 host gone
stub ovf.13
plan 69 run daily
stub ovf.12 exit 77 no licence
plan 77 run daily
stub ovf
stub ovf.12

# --json: a document a VM, one for the run, a summary.
plan 0 run daily --json
same "$(jq -r '.type + " " + (.exit | tostring)' out)" "plan-vm 0
plan-vm 0
plan-run 0
summary 0"
same "$(jq -rs '.[0].schema, .[2].plan, .[3].plans, .[3].vms' out |
	paste -sd' ')" "esxbk.result/1 daily 1 2"
check "the record is where it says" test -s \
	"$(jq -r 'select(.type == "plan-run") | .record' out)"

# Only some: by --vm, of those that the plan has.
no_calls
plan 0 run daily --vm web
same "$(exports)" 12
at 2026-11-25T12:00:30Z
plan 0 report
DAYS=$(grep ' to 2026-11-25  daily' out)
plan 66 run daily --vm nobody
same "$(record 'select(.type == "run") | .only | tojson')" '["nobody"]'
plan 4 run daily --vm 'name:x*'
# A slip of the pen is nothing that befell the VMs.
plan 0 status
same "$(grep '^failed' out)" ''
plan 0 report
same "$(grep ' to 2026-11-25  daily' out)" "$DAYS" "nor is it in the report"
check "the report has days" test -n "$DAYS"
plan 64 run
same "$(cat err)" "esxbk-plan: which plan? Name one, or give --due or --all"
plan 64 run daily --due
plan 64 run --due --vm web
plan 66 run nightly

# A damaged point is the run's verdict: 1.
stub verify.web exit 1 digest differs
plan 3 run daily
same "$(vm_lines | sort)" "db ok 0
web failed 1"
has err "is damaged: disk1.vmdk: digest differs"
stub verify.web

# Partial, and a snapshot that is still there: the points count.
stub ovf.12 partial
stub ovf.13 snapshot
plan 3 run daily
same "$(vm_lines | sort)" "db warn 75
web partial 3"
same "$(record 'select(.type == "vm") | .steps.export' | sort -u)" ok

# Two VMs of one name get two folders, and a renamed one keeps its own.
stub ovf.12
stub ovf.13
vms "twin 21 $(uuid_of 3)" "twin 22 $(uuid_of 4)" "web-new 12 $(uuid_of 1)"
at 2026-11-26T02:00:30Z
plan 0 run daily --vm moid:21 --vm moid:22
same "$(points | grep twin)" "twin/twin_20261126_020030
twin~52de0004/twin_20261126_020030"
plan 0 run daily --vm web-new
check "a renamed VM keeps its folder" \
	test -d "$REPO/web/web-new_20261126_020030"

# A name that means two, or none any more, stops nobody else.
conf '.plans.daily.select = ["twin", "db", "web-new", "ghost"]'
plan 3 run daily
same "$(vm_lines | sort)" "db vanished 66
ghost failed 66
twin failed 66
web-new ok 0"
has err "twin: two VMs fit"
same "$(record 'select(.type == "end") | .unprotected | join(" ")')" \
	"twin twin" "VMs that no plan has"
