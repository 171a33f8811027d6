#!/bin/bash
# The report: for people in lines that mail can carry, for machines as one
# document, into a file whole or not at all.
. "$T/cli/lib.sh" || exit 1
# shellcheck source=/dev/null
. "$T/cli/lib/repo.sh" || exit 1
PARIS='{"defaults": {"timezone": "Europe/Paris"}}'
plan_conf "$PARIS"
now 2026-11-24T08:00:00Z
repo repo --plan nightly --name web --number 1 --points 4 --full-every 7 \
	--last 2026-11-24T01:00:20Z
repo repo --plan nightly --name db --number 2 --points 3 \
	--last 2026-11-20T01:00:20Z
for day in 20 21 23; do
	ran repo nightly "2026-11-${day}T01:00:00Z" web@1=ok db@2=ok \
		--slot "2026-11-${day}T01:00:00Z"
done
ran repo nightly 2026-11-24T01:00:00Z --slot 2026-11-24T01:00:00Z --exit 3 \
	web@1=ok 'db@2=failed:69:lease lost' --unprotected lonely

plan 0 report
same "$(grep -v 'GiB free$\|TiB free$\|MiB free$' out)" \
	"esxbk report of 2026-11-24 08:00 UTC

CRITICAL: 2 VMs: 1 protected, 0 at risk, 1 failed; 1 unprotected

WHAT NEEDS ACTION
  failed: db (nightly)
      exit 69: lease lost
      esxbk-plan run nightly --vm uuid:52de0002-0000-4000-8000-000000000002
  unprotected: no plan selects 1 VM
      lonely

PLAN nightly: daily at 02:00 Europe/Paris; next 2026-11-25 01:00 UTC
  VM                    LAST GOOD (UTC)      AGE  KIND      STORED  VERIFIED
! db                    2026-11-20 01:00     4 d  full    30.0 GiB  -
  web                   2026-11-24 01:00     6 h  inc 3   13.0 GiB  -

LAST 30 DAYS
  -------------------------..m.p  to 2026-11-24  nightly
  . good  w with warnings  p failed in part  F failed  K killed
  r running or due  m missed  - nothing to do

OVF AGAINST VMDK
  MODE  POINTS  PROVISIONED  TRANSFERRED     STORED  SAVED      TIME
  ovf        7      280 GiB     43.0 GiB   43.0 GiB    84%      4:00

REPOSITORIES
$(printf '  nas: %s' "$PWD/repo" | cut -c -78)" 'the text'
cp out text

# --- into a file, whole or as it was ----------------------------------------

plan 0 report --text -o report.txt
same "$(cat out)" ''
check 'the file is what was printed' \
	diff <(sed 's/[^ ]* .iB free//' text) \
	<(sed 's/[^ ]* .iB free//' report.txt)
plan 73 report -o no/such/report.txt
echo kept >report.txt
mkdir -p "$PWD/dir"
plan 64 report --html -o report.txt
has err 'esxbk-plan: --html: there are --text and --json'
same "$(cat report.txt)" kept
same "$(find . -name '.*partial*')" '' 'nothing half-made'

# --- for machines -----------------------------------------------------------

plan 0 report --json
same "$(jq -rc 'select(.type == "report") | [.schema, .verdict, .vms,
	.protected, .failed, .unprotected[0], .plans[0].days[-1].outcome,
	.plans[0].days[-3].outcome, .modes.ovf.points, .modes.vmdk.points,
	.repositories[0].points]' out)" \
	'["esxbk.report/1","critical",2,1,1,"lonely","partial","missed",7,0,7]'
same "$(jq -rc 'select(.type == "report") | .actions[] |
	[.vm, .state, .text, .command]' out)" \
	'["db","failed","exit 69: lease lost","esxbk-plan run nightly --vm uuid:52de0002-0000-4000-8000-000000000002"]'
same "$(jq -rc 'select(.type == "report") | .rows[] | [.vm.name,
	.good.chain, .points, .stored]' out)" \
	'["db",0,3,32212254720]
["web",3,4,13958643712]'
same "$(tail -n 1 out | jq -c '[.type, .exit]')" '["summary",0]'
plan 0 report --json -o report.json
same "$(jq -r .schema report.json)" esxbk.report/1
same "$(jq -r .type out)" summary 'the document is in the file'
plan 0 report --result result.json -o report.txt
same "$(jq -r .type result.json)" 'report
summary'
plan 64 report --text --json

# --- a repository that is gone ----------------------------------------------

mv repo away
plan 74 report -o report.txt
has err "repository nas: open $PWD/repo: No such file or directory"
has report.txt 'CRITICAL: 0 VMs: 0 protected'
has report.txt 'unreadable: the plan (nightly)'
