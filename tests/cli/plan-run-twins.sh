#!/bin/bash
# A copy of a VM that has its uuid is told from it by nothing: neither takes
# the other's points for its own.
. "$T/cli/lib.sh" || exit 1
# shellcheck source=/dev/null
. "$T/cli/lib/plan.sh" || exit 1

plan_begin
vms "copy 31 $(uuid_of 5)" "original 32 $(uuid_of 5)" "db 33 $(uuid_of 6)"
conf '.plans.daily.retention = { last: 1 }'
plan 3 run daily
same "$(vm_lines | sort)" "copy failed 66
db ok 0
original failed 66" "of new ones nobody knows which is which"
has err "original: moid:32 (dc/vm/original) has the same uuid as moid:31 (dc/vm/copy): select one of them, or have the host give the copy another"

# The one that has points goes on.
plan 0 run daily --vm moid:32
at 2026-11-25T02:00:30Z
plan 3 run --due
same "$(vm_lines | sort)" "copy failed 66
db ok 0
original ok 0"
same "$(points original)" original_20261125_020030
check 'nothing of the copy' test ! -e "$REPO/copy"
at 2026-11-25T02:20:00Z
no_calls
plan 0 run --due
same "$(exports)" ''

# Two of the name are both in doubt; one that is left out is in nobody's way.
vms "original 31 $(uuid_of 5)" "original 32 $(uuid_of 5)"
plan 66 run daily
same "$(vm_lines | grep -v db)" "original failed 66
original failed 66"
conf '.plans.daily.select += ["!moid:31"]'
plan 0 run daily
same "$(points original | wc -l)" 2
