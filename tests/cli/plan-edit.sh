#!/bin/bash
# Scripts and people make and change plans without an editor: what is not
# right is refused, and the file is then as it was.
. "$T/cli/lib.sh" || exit 1
need jq
export ESXBK_CONFIG=$PWD/etc/esxbk.json
PIN=sha256:$(printf 'ab%.0s' {1..32})
plan()
{
	run "$1" esxbk-plan "${@:2}"
}

# From nothing.  What cannot be used makes nothing.
plan 78 add nightly --site esx1 --repository nas --select web01
has err "$ESXBK_CONFIG: /plans/nightly/site: no site 'esx1': there is none \
('esxbk-plan set /sites/esx1 KEY=VALUE...' makes it)"
same "$(ls)" $'err\nout' 'nothing is left behind'
plan 0 set -n /repositories/nas path=/backups
same "$(cat out)" '/repositories/nas: would be changed'
same "$(ls)" $'err\nout' 'a dry run makes nothing'
plan 0 set /repositories/nas path=/backups
plan 78 set /sites/esx1 server=esx1.example.org user=root password=hunter2
has err '/sites/esx1/password: a password has no place in this file'
hasnt err hunter2
plan 0 set /sites/esx1 server=esx1.example.org user=root \
	password.credential=esx1 "tls.thumbprint=$PIN"
# shellcheck disable=SC2054 # these commas are meant
add=(add nightly --site esx1 --select web01 --select db01 --daily 02:00
	--full weekly=sun --incremental compare --keep last=3,daily=14
	--repository nas)
plan 10 "${add[@]}" -n --exit-code
same "$(cat out)" 'nightly: would be added'
plan 0 "${add[@]}" --json
same "$(jq -c '[.type, .name, .changed, .exit]' out)" \
	$'["edit","nightly",true,null]\n["summary",null,null,0]'
plan 0 "${add[@]}" --json
same "$(jq -c '[.type, .changed]' out | head -n 1)" '["edit",false]'
same "$(jq -c .plans.nightly "$ESXBK_CONFIG")" '{"site":"esx1",'\
'"repository":"nas","schedule":{"daily":"02:00"},"strategy":{"full":'\
'{"weekly":"sun"},"incremental":"compare"},"retention":{"last":3,"daily":14},'\
'"select":["web01","db01"]}'
plan 73 add nightly --site esx1 --repository nas --select web01
same "$(cat err)" "esxbk-plan: there is another plan 'nightly': 'esxbk-plan \
set' changes it"

# The rest of add's options.
plan 0 set /notify/ops type=email to=ops@example.org from=esxbk@example.org
plan 0 add full --site esx1 --repository nas --select 'name:p-*' \
	--exclude-disk 'Hard disk 2' --mode vmdk --quiesce off \
	--weekly 'sat 23:00' --jitter 10m --timezone Europe/Paris \
	--stale-after 9d --full monthly=last --max-chain 7 --verify hash \
	--verify deep=30d --notify ops retry_for=3h \
	'hooks.before_vm=[["/bin/true","x"]]'
same "$(jq -c '.plans.full | del(.site, .repository)' "$ESXBK_CONFIG")" \
	'{"mode":"vmdk","quiesce":"off","schedule":{"weekly":"sat 23:00",'\
'"jitter":"10m"},"timezone":"Europe/Paris","stale_after":"9d","strategy":'\
'{"full":{"monthly":"last"},"max_chain":7},"select":["name:p-*"],'\
'"exclude_disks":["Hard disk 2"],"verify":[{"level":"hash","after":"run"},'\
'{"level":"deep","every":"30d"}],"notify":["ops"],"retry_for":"3h",'\
'"hooks":{"before_vm":[["/bin/true","x"]]}}'
for option in --daily --keep --timezone; do
	plan 64 add x --site esx1 --repository nas --select a $option ''
	has err 'is empty'
done
plan 64 add x --daily 02:00 --weekly 'sun 02:00'
has err 'give one of --daily, --weekly, --monthly and --on-calendar'
plan 64 add /plans/x --daily 02:00
plan 78 add Nightly --site esx1 --repository nas --select a
has err '/plans/Nightly: not a name'

# Changes.
plan 0 set nightly mode=vmdk
same "$(cat out)" 'nightly: changed'
plan 0 set nightly mode=ovf
plan 0 set nightly mode=ovf
same "$(cat out)" 'nightly: unchanged'
plan 0 set nightly schedule.monthly='last 04:00' retention.daily= \
	retention.weekly=8
same "$(jq -c '.plans.nightly | [.schedule, .retention]' "$ESXBK_CONFIG")" \
	'[{"monthly":"last 04:00"},{"last":3,"weekly":8}]'
same "$(jq -r '.plans | keys_unsorted | join(" ")' "$ESXBK_CONFIG")" \
	'nightly full' 'plans keep their order'

plan 0 set /sites/six 'server=[2001:db8::1]:8443' user=root password.credential=x
same "$(jq -r .sites.six.server "$ESXBK_CONFIG")" '[2001:db8::1]:8443'
plan 0 set /sites/six 'password={"file": "/x"}' 'resolve=["a=192.0.2.1"]'
same "$(jq -c '.sites.six | [.password, .resolve]' "$ESXBK_CONFIG")" \
	'[{"file":"/x"},["a=192.0.2.1"]]'
plan 0 remove /sites/six

# What is refused leaves the file as it was, to the byte and to the inode.
before=$(stat -c '%i %Y' "$ESXBK_CONFIG" && cat "$ESXBK_CONFIG")
plan 66 set nightli mode=ovf
same "$(cat err)" "esxbk-plan: no plan 'nightli': there are 'nightly', 'full'"
plan 64 set nightly retention.dayly=3
plan 64 set '' mode=ovf
plan 64 remove ''
has err "the plan's name is empty"
plan 64 set nightly mode
plan 64 set nightly
plan 64 set /site/esx1 user=x
has err '/site/esx1: neither a plan'
plan 78 set nightly retention.daily=many
plan 0 set nightly schedule.jitter=
plan 78 set nightly timezone=Mars
plan 78 remove /sites/esx1
has err "esxbk-plan: without /sites/esx1: $ESXBK_CONFIG: /plans/nightly/site: no site 'esx1'"
plan 10 set nightly mode=vmdk -n --exit-code
same "$(stat -c '%i %Y' "$ESXBK_CONFIG" && cat "$ESXBK_CONFIG")" "$before" \
	'nothing was written'
same "$(ls -A etc)" esxbk.json 'nothing lies beside it'

# A secret is not written where others read it.
plan 78 set /notify/beat type=webhook url=https://hc.example.org/ping/1
has err '/notify/beat/url: mode 0644 lets others read this secret'
hasnt err ping
chmod 600 "$ESXBK_CONFIG"
plan 0 set /notify/beat type=webhook url=https://hc.example.org/ping/1
same "$(stat -c %a "$ESXBK_CONFIG")" 600

# A file that stands in the way, a folder that cannot be written.
mkdir etc/plans.d
jq '{plans: {old: .plans.full}}' "$ESXBK_CONFIG" >etc/plans.d/old.json
sum=$(sha256sum "$ESXBK_CONFIG")
plan 0 set old mode=ovf
same "$(sha256sum "$ESXBK_CONFIG")" "$sum" 'only the file that has it changes'
same "$(jq -r .plans.old.mode etc/plans.d/old.json)" ovf
plan 0 remove old
same "$(jq -c .plans etc/plans.d/old.json)" '{}'
plan 0 remove old
same "$(cat out)" 'old: unchanged'

# Two at once: both are in it.
for i in 1 2 3 4 5 6 7 8; do
	"$B/esxbk-plan" set -q "/targets/t$i" type=dir path=/t >/dev/null &
	wait_for_all+=($!)
done
wait "${wait_for_all[@]}"
same "$(jq -r '.targets | keys | join(" ")' "$ESXBK_CONFIG")" 't1 t2 t3 t4 t5 t6 t7 t8' \
	'editors wait for each other'

# A full disk.
if strace -qq -e trace=none true 2>/dev/null && [ -z "${SANITIZE:-}" ]; then
	before=$(cat "$ESXBK_CONFIG")
	for call in write fsync renameat,renameat2; do
		path=(-P "$PWD/etc/.esxbk.json.partial")
		[ "${call%%,*}" != renameat ] || path=()
		strace -qq -f -o /dev/null "${path[@]}" \
			-e "inject=$call:error=ENOSPC:when=1" \
			"$B/esxbk-plan" set nightly mode=vmdk >out 2>err
		same "$?" 74 "$call fails: exit 74"
		same "$(cat "$ESXBK_CONFIG")" "$before" "$call fails: as before"
	done
	same "$(ls -A etc)" $'esxbk.json\nplans.d' 'no partial file is left'
fi

# The commands of the README, as they stand there.
export ESXBK_CONFIG=$PWD/readme/esxbk.json ESXBK_SERVER=esx1.example.org
export ESXBK_USER=root ESXBK_THUMBPRINT=$PIN
sed -n '/^## Every night/,/^## The/p' "$T/../README.md" |
	sed -n '/^    esxbk-plan \(set\|add\)/,/[^\]$/p' >commands
same "$(grep -c '^    esxbk-plan' commands)" 3 'three commands'
check 'they work' env "PATH=$B:$PATH" bash -e commands
plan 0 list --format=plans
same "$(cat out)" nightly
