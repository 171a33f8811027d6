#!/bin/bash
# Could the plans be run now?  Each thing that would be in their way is told
# beforehand, by name, and nothing is changed.
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/point.sh" || exit 1

# conf [JQ]: a configuration of one site with two plans, changed by a filter.
conf()
{
	jq -n --arg server "localhost:$HOST_PORT" --arg pin "$HOST_PIN" \
		--arg pass "$HOST_PASSWORD_FILE" --arg repo "$PWD/repo" '{
		version: 1,
		repositories: {nas: {path: $repo}},
		sites: {esx1: {server: $server, user: "root",
			password: {file: $pass}, tls: {thumbprint: $pin}}},
		defaults: {repository: "nas"},
		plans: {
			nightly: {site: "esx1", select: ["iso01", "uefi01"],
				schedule: {daily: "02:00"}},
			odd: {site: "esx1", select: ["indep01"],
				schedule: {weekly: "sat 23:00"}}}}' |
		jq "${1:-.}" >esxbk.json
}

chk()
{
	local want=$1
	shift
	run "$want" esxbk-plan check --config esxbk.json "$@"
}

quick_host esxi
mkdir repo

# --- all is well ------------------------------------------------------------

conf
chk 0 nightly
same "$(sed 's/: [^ ]* [KMGT]iB free$/: N free/; s/ build-[0-9]*//' out)" \
	"ok      nightly: repository nas: $PWD/repo: N free
ok      nightly: no run yet
ok      site esx1: VMware ESXi 7.0.3, as root, $(jq length "$HOST_SPEC/spec.json") VMs
ok      site esx1: licence 'VMware vSphere 7 Enterprise Plus'
ok      nightly: iso01: can be backed up; no backup yet
ok      nightly: uefi01: can be backed up; no backup yet"
same "$(cat err)" ''
chk 0
has out 'warn    odd: indep01: Hard disk 2: an independent disk is not part of a snapshot'
has out 'warn    site esx1: db01: no plan backs it up'
hasnt out 'iso01: no plan'
chk 0 --json
same "$(jq -c 'select(.vm == "indep01") | [.plan, .what, .outcome, .exit]' \
	out)" '["odd","device","warn",0]
["odd","backup","ok",0]'
same "$(tail -n 1 out | jq -c '[.type, .failed, .exit]')" '["summary",0,0]'
conf '.plans.odd.exclude_disks = ["Hard disk 2"]'
chk 0 odd
hasnt out 'independent'

# --- the last backup --------------------------------------------------------

xp 0 --plan nightly -o repo/iso01 iso01
xp 0 -o repo/uefi01 uefi01
WHEN=$(record "$(echo repo/iso01/iso01_*)" .time)
conf
chk 0 nightly
has out "ok      nightly: iso01: can be backed up; last backup $WHEN"
has out "ok      nightly: uefi01: can be backed up; no backup yet"
ESXBK_NOW=$(date -u -d "$WHEN 40 hours" +%Y-%m-%dT%H:%M:%SZ) chk 0 nightly
has out "warn    nightly: iso01: can be backed up; last backup $WHEN, that is too long ago"

# Of a VM of two plans each has its own last backup, whoever came last.
xp 0 --plan late -o repo/iso01 iso01
TASKS=$(event_count '.event == "task"')
conf '.plans.late = .plans.nightly'
chk 0 nightly late
has out "ok      nightly: iso01: can be backed up; last backup $WHEN"
has out 'ok      late: uefi01: can be backed up; no backup yet'
# One that is known to be damaged is none.
POINT=$(grep -l '"late"' repo/iso01/*/backup.json)
POINT=$(basename "${POINT%/*}")
mkdir -p repo/iso01/state
echo '{"schema": "esxbk.state/1", "damage": {"text": "bad"}}' \
	>"repo/iso01/state/$POINT.verify.json"
chk 0 nightly late
has out "ok      nightly: iso01: can be backed up; last backup $WHEN"
has out 'warn    late: iso01: can be backed up; no good backup'
conf

# A folder that somebody else made: root, by hand, where others run the plans.
if [ "$(id -u)" -ne 0 ] || command -v setpriv >/dev/null; then
	[ "$(id -u)" -ne 0 ] ||
		UNDER=(setpriv --bounding-set=-dac_override "${UNDER[@]}")
	chmod 555 repo/iso01
	chk 3 nightly
	has out "failed  nightly: iso01: folder $PWD/repo/iso01: Permission denied"
	has out "ok      nightly: iso01: last backup $WHEN"
	chmod 755 repo/iso01
	[ "$(id -u)" -ne 0 ] || UNDER=("${UNDER[@]:2}")
fi

# --- the last run -----------------------------------------------------------

mkdir -p repo/runs/2026/11
cat >repo/runs/2026/11/20261123_010000-nightly-0badcafe.json <<-'J'
	{"schema":"esxbk.run/1","type":"run","run":"20261123_010000-nightly-0badcafe","plan":"nightly","slot":null,"scheduled":true,"started":"2026-11-23T01:00:00Z"}
J
chk 0 nightly
has out 'warn    nightly: last run 2026-11-23T01:00:00Z: it is running, or was killed'
cat >>repo/runs/2026/11/20261123_010000-nightly-0badcafe.json <<-'J'
	{"type":"end","ended":"2026-11-23T01:00:09Z","exit":69,"class":"unavail","final":true,"vms":{},"text":"no route","told":[]}
J
chk 0 nightly
has out 'warn    nightly: last run 2026-11-23T01:00:00Z: exit 69'
rm -r repo/runs

# --- what is in the way -----------------------------------------------------

ctl '/privilege?id=VApp.Export&granted=false' '{}' >/dev/null
chk 3 nightly
same "$(grep -c 'the privilege VApp.Export is missing' out)" 2
same "$(cat err)" 'esxbk-plan: 2 of 8 checks failed'
hasnt out 'can be backed up'
conf '.plans.nightly.mode = "vmdk"'
chk 0 nightly
ctl '/privilege?id=Datastore.FileManagement&granted=false' '{}' >/dev/null
chk 3 nightly
has out 'failed  nightly: iso01: the privilege Datastore.FileManagement is missing on a datastore of the VM'
ctl '/privilege?id=VApp.Export&granted=true' '{}' >/dev/null
ctl '/license?free=true' '{}' >/dev/null
conf
chk 3 nightly
has out "failed  site esx1: licence 'VMware vSphere 7 Hypervisor': its API only reads, so there is no backup"
ctl '/license?free=false' '{}' >/dev/null

conf '.plans.nightly.select = ["gone"]'
chk 3 nightly
has out "failed  nightly: gone: no such VM"
chk 3 nightly --json
same "$(tail -n 1 out | jq -c '[.failed, .error.class, .error.text]')" \
	'[1,"notfound","gone: no such VM"]' "the summary says what failed"
# One that is gone keeps none of the others from being backed up.
conf '.plans.nightly.select = ["gone", "iso01", "uefi01"]'
chk 3
has out "failed  nightly: gone: no such VM"
has out 'nightly: iso01: can be backed up'
hasnt out 'iso01: no plan'
has err 'esxbk-plan: 1 of '
conf '.plans.nightly.select = ["name:none-*"]'
chk 3 nightly
has out "failed  nightly: the selection matches no VM"
conf '.repositories.nas.path += "/none"'
chk 3 nightly
has out "failed  nightly: repository nas: $PWD/repo/none: No such file or directory"
conf '.repositories.nas.min_free = "1000TiB"'
chk 0 nightly
has out 'less than min_free'
conf '.repositories.nas += {path: "/", mounted: true}'
chk 3 nightly
has out 'failed  nightly: repository nas: nothing is mounted at /'

echo wrong >pass && chmod 600 pass
conf ".sites.esx1.password.file = \"$PWD/pass\""
chk 3 nightly
has out 'failed  site esx1: '
same "$(event_count '.event == "task"')" "$TASKS" "nothing was done there"
host_stop
conf 'del(.plans.odd)'
chk 3
has out 'failed  site esx1: '
same "$(grep -c . out)" 3 "the repository, its runs, and no VM"
chk 66 nobody
has err "no plan 'nobody'"
