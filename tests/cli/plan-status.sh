#!/bin/bash
# How the backups are, told from the repository alone: to a person, to a
# script, to a monitoring system. Nothing that is not known looks well.
. "$T/cli/lib.sh" || exit 1
# shellcheck source=/dev/null
. "$T/cli/lib/repo.sh" || exit 1
PARIS='{"defaults": {"timezone": "Europe/Paris"}}'
WEEKLY='{"plans": {"weekly": {"site": "esx1", "repository": "nas",
	"select": ["web"], "mode": "vmdk", "schedule": {"weekly": "sat 23:00"}}}}'

# number KEY: a number behind the '|'.
number()
{
	sed -n "1s/.*| .*\b$1=\([0-9]*\).*/\1/p" out
}

# --- before the first run ---------------------------------------------------

now 2026-11-24T06:30:00Z
plan_conf "$PARIS"
plan 74 status
has err "repository nas: open $PWD/repo: No such file or directory"
has out 'unreadable  -   nightly'
plan 2 status --monitor
same "$(head -n 1 out | cut -d '|' -f 1)" \
	'ESXBK CRITICAL - 0 of 0 VMs protected, 1 repository unreadable '
mkdir repo
plan 2 status --monitor
same "$(sed -n 2p out)" 'CRITICAL never plan nightly: the plan has never run'
plan 1 status
same "$(cat err)" 'esxbk-plan: 1 of 1 backups failed, late or damaged'

# --- all well ---------------------------------------------------------------

repo repo --plan nightly --name web --number 1 --points 3 --full-every 7 \
	--last 2026-11-24T01:00:20Z
repo repo --plan nightly --name db --number 2 --last 2026-11-24T01:10:20Z
ran repo nightly 2026-11-24T01:00:00Z --slot 2026-11-24T01:00:00Z \
	web@1=ok db@2=ok --unprotected lonely
plan 0 status
same "$(cat out)" \
	'STATE  VM   PLAN     LAST GOOD (UTC)   AGE  KIND    STORED  VERIFIED
ok     web  nightly  2026-11-24 01:00  5 h  inc    1.0 GiB  -
ok     db   nightly  2026-11-24 01:10  5 h  full  10.0 GiB  -

nightly: daily at 02:00 Europe/Paris
    last run 2026-11-24 01:00 UTC: ok; next 2026-11-25 01:00 UTC
no plan selects: lonely
2 VMs: 2 protected, 0 at risk, 0 failed; 1 unprotected'
same "$(cat err)" ''
plan 0 status --monitor
same "$(wc -l <out)" 1 'one line'
same "$(cut -d '|' -f 1 out)" 'ESXBK OK - 2 VMs protected, oldest 5 h '
same "$(number oldest) $(number vms)" '19780 2'
same "$(cat err)" ''
plan 0 status --json nightly
same "$(jq -r 'select(.type == "status") | [.vm.name, .state, .good.name,
	.good.kind, .age, .last.outcome] | @tsv' out)" \
	"$(printf '%s\t%s\t%s\t%s\t%s\t%s\n' \
	web ok web_20261124_010020 inc 19780 ok \
	db ok db_20261124_011020 full 19180 ok)"
same "$(jq -c 'select(.type == "summary") | [.verdict, .vms, .protected,
	.unprotected, .plans[0].next, .exit]' out)" \
	'["ok",2,2,["lonely"],"2026-11-25T01:00:00Z",0]'
same "$(head -c 26 out)" '{"schema":"esxbk.result/1"' 'schema comes first'

# --- a night later: one fails, one vanishes, one was renamed ----------------

full="export db: Hard disk 1: write /backups/somewhere/below/db/.db_20261125_\
010020.partial/db-disk1.vmdk: No space left on device"
repo repo --plan nightly --name web-new --folder web --number 1 \
	--last 2026-11-25T01:00:20Z
repo repo --plan nightly --name old --number 4 --last 2026-11-20T01:00:20Z
ran repo nightly 2026-11-25T01:00:00Z --slot 2026-11-25T01:00:00Z --exit 3 \
	web-new@1=ok "db@2=failed:74:$full" new@3=failed:77 \
	old@4=vanished:66
now 2026-11-25T06:30:00Z
plan 1 status
same "$(sed -n 's/^\([a-z]* *[a-z-]*\) .*nightly .*/\1/p' out |
	tr -s ' ')" "failed new
failed db
vanished old
ok web-new"
same "$(grep 'exit 74' out)" "    exit 74: export db: Hard disk 1: write /backups\
~0.partial/db-disk1.vmdk: No space left on device"
plan 2 status --monitor
same "$(sed -n '2,$p' out)" \
	"CRITICAL failed new (nightly): exit 77: the run says no more
WARNING failed db (nightly): exit 74: $full
WARNING vanished old (nightly): not found on the server"
# Late, too, when its age is beyond 36 hours.
now 2026-11-25T14:00:00Z
plan 2 status --monitor
has out 'CRITICAL failed db (nightly)'

# --- a VM of two plans, the one's points hidden behind the other's ----------

rm -rf repo
mkdir repo
plan_conf "$PARIS" "$WEEKLY"
repo repo --plan weekly --mode vmdk --name web --number 1 \
	--last 2026-11-21T22:00:20Z
repo repo --plan nightly --name web --number 1 --points 3 \
	--last 2026-11-25T01:00:20Z
ran repo weekly 2026-11-21T22:00:00Z --slot 2026-11-21T22:00:00Z web@1=ok
ran repo nightly 2026-11-25T01:00:00Z --slot 2026-11-25T01:00:00Z web@1=ok
now 2026-11-25T06:30:00Z
plan 0 status
same "$(sed -n '2,3p' out)" \
	'ok     web  weekly   2026-11-21 22:00  3 d  vmdk   4.0 KiB  -
ok     web  nightly  2026-11-25 01:00  5 h  full  10.0 GiB  -'
has out '1 VM: 1 protected'
plan 0 status weekly
hasnt out nightly
# Its clock went wrong: newer points say nothing of an age.
now 2026-11-24T06:30:00Z
plan 1 status --monitor nightly
has out 'WARNING ahead web (nightly): web_20261125_010020 is 18 h newer'

# --- what damages the telling -----------------------------------------------

now 2026-11-25T06:30:00Z
echo '{' >"repo/web/junk"
mkdir "repo/web/web_20261125_020000"
echo '{"schema":' >"repo/web/web_20261125_020000/backup.json"
plan 1 status nightly
has out 'damaged  web'
has out 'the record of a newer point cannot be read'
rm -r "repo/web/web_20261125_020000"
mv repo away
: >repo
plan 74 status
plan 2 status --monitor
has out 'ESXBK CRITICAL - 0 of 0 VMs protected, 2 repository unreadable'
hasnt out OK
plan 74 status --json
same "$(jq -r 'select(.type == "summary") | .verdict' out)" critical

# --- not asked well ---------------------------------------------------------

plan 66 status nope
has err "no plan 'nope'"
plan 3 status --monitor nope
same "$(cut -c -36 out)" "ESXBK UNKNOWN - no plan 'nope': ther"
plan 3 status --monitor --config nothing.json
has out 'ESXBK UNKNOWN - '
plan 64 status --monitor --json
jq 'del(.plans)' esxbk.json >none.json
plan 3 status --monitor --config none.json
same "$(cat out)" 'ESXBK UNKNOWN - there is no plan'
