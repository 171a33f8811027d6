#!/bin/bash
# What cron is given: a real cron daemon runs the line as it stands, and it
# arrives at esxbk-plan, word by word.
[ "$(id -u)" -ne 0 ] || [ -n "${OWN_MOUNTS:-}" ] ||
	! unshare -m true 2>/dev/null ||
	exec env OWN_MOUNTS=1 unshare -m bash "$0"
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/point.sh" || exit 1
MARK='# Made by esxbk-plan schedule from the configuration: edits are lost.'
CONF=$PWD/esxbk.json

# plans SCHEDULE: a configuration with one plan.
plans()
{
	jq -n --argjson s "$1" --arg repo "$PWD/repo" '{version: 1,
		repositories: {nas: {path: $repo}},
		sites: {esx1: {server: "esx1.example.org", user: "root",
			password: {credential: "esx1"}}},
		defaults: {repository: "nas", timezone: "Europe/Paris"},
		plans: {nightly: ({site: "esx1", select: ["name:*"]} + $s)}}' \
		>"$CONF"
}

sched()
{
	local want=$1
	shift
	run "$want" esxbk-plan schedule --format cron --config "$CONF" "$@"
}

# --- two forms --------------------------------------------------------------

plans '{"schedule": {"daily": "02:00"}}'
sched 0
same "$(cat out)" "$MARK
*/15 * * * * $B/esxbk-plan run --due -q --config $CONF" "a user's crontab"
sched 0 -o cron.d
same "$(cat cron.d/esxbk)" "$MARK
*/15 * * * * root $B/esxbk-plan run --due -q --config $CONF" "the system's"
sched 0 -o cron.d
same "$(cat out)" '' "nothing to do"
sched 0 -o cron.d --json -n
same "$(tail -n 1 out | jq -c '[.changes, .changed]')" '[0,false]' \
	"a dry run says so, too"
sched 0 -o cron.d --json -n --user daemon
same "$(tail -n 1 out | jq -c '[.changes, .changed]')" '[1,true]' \
	"what would change"
sched 10 -o cron.d --user daemon --diff
has out '+*/15 * * * * daemon '
sched 0 -o cron.d --remove
same "$(cat out)" 'remove cron.d/esxbk'
echo '# mine' >cron.d/esxbk
sched 73 -o cron.d
sched 0 -o cron.d --remove
same "$(cat cron.d/esxbk)" '# mine' "a file of somebody else"

sched 64 nightly
has err 'a crontab has one line for all plans: name none'
sched 64 --user daemon
has err '--user: a user'\''s own crontab names none; with --install or --output'
plans '{"schedule": {"on_calendar": "hourly"}, "stale_after": "2h"}'
sched 78
has err "plans with on_calendar, which only systemd knows: there is 'nightly'; give them daily, weekly or monthly, or use --format=systemd"

# --- cron itself ------------------------------------------------------------

if [ -z "${OWN_MOUNTS:-}" ]; then
	echo "ok - cron # SKIP not root, or no mounts of our own"
	exit 0
fi
need cron

# A cron of ours: no job of this machine, and no trace on it.
own_machine()
{
	if ! cp -a /etc etc || ! mount --bind etc /etc ||
		! mount -t tmpfs tmpfs /run ||
		! mount -t tmpfs tmpfs /var/spool/cron; then
		fail "mounts of our own"
		exit 1
	fi
	mkdir -p /var/spool/cron/crontabs
	rm -rf /etc/cron.d /etc/esxbk && mkdir /etc/cron.d
	: >/etc/crontab
}

plans '{"schedule": {"daily": "02:00"}}'
own_machine
sched 78 --install --user nobody-here
has err "there is no user 'nobody-here'"
sched 0 --install
same "$(stat -c '%a %U' /etc/cron.d/esxbk)" '644 root' "as cron wants it"

# Every character that sh and cron have a meaning for.
# shellcheck disable=SC2016 # nothing is to expand
ODD="$PWD"/'it'\''s 100% "my" $HOME; #'
mkdir "$ODD"
cp "$B/esxbk-plan" "$ODD/"
mv "$CONF" "$ODD/a b.json"
CONF=$ODD/'a b.json'
"$ODD/esxbk-plan" schedule --format cron --config "$CONF" --install >out 2>err
same $? 0 "--install from an odd place"
same "$(cat out)" 'write /etc/cron.d/esxbk'
same "$(grep -cF 'run --due -q' /etc/cron.d/esxbk)" 1 "still one line"

# What stands there in place of the binary says what it was given.
cat >"$ODD/esxbk-plan" <<-S
	#!/bin/sh
	printf '%s\n' "\$0" "\$@" "as \$(id -un)" >"$PWD/given.new"
	mv "$PWD/given.new" "$PWD/given"
S
sed -i 's|^\*/15|*|' /etc/cron.d/esxbk

# And beside it the real thing, for a host that is there.
quick_host esxi
mkdir repo
jq -n --arg server "localhost:$HOST_PORT" --arg pin "$HOST_PIN" \
	--arg pass "$HOST_PASSWORD_FILE" --arg repo "$PWD/repo" '{version: 1,
	repositories: {nas: {path: $repo}},
	sites: {esx1: {server: $server, user: "root",
		password: {file: $pass}, tls: {thumbprint: $pin}}},
	plans: {nightly: {site: "esx1", select: ["iso01"], repository: "nas",
		strategy: {full: "always"}, schedule: {daily: "02:00"}}}}' \
	>real.json
run 0 esxbk-plan schedule --format cron --config real.json -o real.d
sed 's|^\*/15|*|' real.d/esxbk >/etc/cron.d/esxbk-real
cron -f >cron.log 2>&1 &
AT_EXIT="kill $! 2>/dev/null; $AT_EXIT"
wait_for 75 test -e given
same "$(cat given)" "$ODD/esxbk-plan
run
--due
-q
--config
$CONF
as root"

backed_up()
{
	grep -q '"type":"end"' repo/runs/*/*/*-nightly-*.json
}

wait_for 20 backed_up
POINT=$(echo repo/iso01/iso01_*)
check "a backup by cron" "$B/esxbk-verify" -q "$POINT"
same "$(record "$POINT" .plan)" nightly
same "$(jq -c 'select(.type == "run").scheduled' repo/runs/*/*/*)" true
sched 0 --remove
check "the file is gone" test ! -e /etc/cron.d/esxbk
