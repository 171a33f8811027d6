#!/bin/bash
# What systemd is given: it takes every word of it, it is the same twice, it
# follows the configuration, and nothing of others is touched.
[ "$(id -u)" -ne 0 ] || [ -n "${OWN_MOUNTS:-}" ] ||
	! unshare -m true 2>/dev/null ||
	exec env OWN_MOUNTS=1 unshare -m bash "$0"
. "$T/cli/lib.sh" || exit 1
need systemd-analyze jq
MARK='# Made by esxbk-plan schedule from the configuration: edits are lost.'
REPO="$PWD/back ups 100%"
CONF=$PWD/esxbk.json
mkdir "$REPO"

# plans PLAN=SCHEDULE...: a configuration with these.
plans()
{
	local p all='{}'
	for p in "$@"; do
		all=$(jq --arg n "${p%%=*}" --argjson s "${p#*=}" \
			'.[$n] = {site: "esx1", select: ["name:*"]} + $s' \
			<<<"$all")
	done
	jq -n --argjson plans "$all" --arg repo "$REPO" '{version: 1,
		repositories: {nas: {path: $repo}},
		sites: {esx1: {server: "esx1.example.org", user: "root",
			password: {credential: "esx1"}}},
		defaults: {repository: "nas", timezone: "Europe/Paris"},
		plans: $plans}' >"$CONF"
}

sched()
{
	local want=$1
	shift
	run "$want" esxbk-plan schedule --config "$CONF" "$@"
}

NIGHTLY='nightly={"schedule": {"daily": "02:00", "jitter": "10m"}}'
WEEKLY='weekly={"schedule": {"weekly": "sat 23:30"}}'
MONTHLY='monthly={"schedule": {"monthly": "last 04:00"}}'
FIRST='first={"schedule": {"monthly": "1 04:00"}}'
ODD='odd={"schedule": {"on_calendar": "Mon..Fri *-*-* 22,23:15:00"},
	"stale_after": "4d"}'
HAND='by-hand={}'

names()
{
	(cd "$1" && find . -type f | LC_ALL=C sort | sed 's|^\./||')
}

# --- printed, written, the same twice ---------------------------------------

plans "$NIGHTLY" "$WEEKLY" "$MONTHLY" "$FIRST" "$ODD" "$HAND"
sched 0
same "$(sed -n '1,2p' out)" "# /etc/systemd/system/esxbk-plan@.service
$MARK"
same "$(grep -c '^# /etc/systemd/system/' out)" 12 "a heading each"
sched 0 -o units
same "$(names units)" "esxbk-plan@.service
esxbk-plan@by-hand.service.d/esxbk.conf
esxbk-plan@first.service.d/esxbk.conf
esxbk-plan@first.timer
esxbk-plan@monthly.service.d/esxbk.conf
esxbk-plan@monthly.timer
esxbk-plan@nightly.service.d/esxbk.conf
esxbk-plan@nightly.timer
esxbk-plan@odd.service.d/esxbk.conf
esxbk-plan@odd.timer
esxbk-plan@weekly.service.d/esxbk.conf
esxbk-plan@weekly.timer" "twelve files"
same "$(grep -c '^write units/' out)" 12
same "$(stat -c %a units/esxbk-plan@.service)" 644
has units/esxbk-plan@.service \
	"run --scheduled --config $CONF %i"
has units/esxbk-plan@nightly.service.d/esxbk.conf \
	"ReadWritePaths=\"-${REPO//%/%%}\""
BEFORE=$(stat -c '%n %y' units/*)
sched 0 -o units
same "$(cat out)" '' "nothing to do"
same "$(stat -c '%n %y' units/*)" "$BEFORE" "nothing was written"
sched 0 -o units --json
same "$(jq -s 'map(.changed) | unique' out | tr -d ' \n')" '[false]'
sched 0 -o units --diff
same "$(cat out)" ''
sched 0 -o units -n --exit-code

# --- systemd's own opinion --------------------------------------------------

export SYSTEMD_UNIT_PATH=$PWD/units: SYSTEMD_LOG_LEVEL=info
for f in units/*.timer; do
	s=${f%.timer}.service
	check "verify ${f##*/}" systemd-analyze verify --man=no \
		--recursive-errors=yes "$f" "$s"
	# A warning is no failure for it, but it is for us.
	same "$(cat "$SCRATCH/check")" '' "and says nothing"
	while read -r c; do
		check "calendar $c" systemd-analyze calendar "$c"
		has "$SCRATCH/check" 'Next elapse'
		check "in the plan's time zone" grep -q ' Europe/Paris$' \
			<<<"$c"
	done < <(sed -n 's/^OnCalendar=//p' "$f")
done

# moments TIMER FROM TO: when systemd starts it, all its lines taken together.
moments()
{
	sed -n 's/^OnCalendar=//p' "$1" | while read -r c; do
		systemd-analyze calendar --iterations 6 --base-time "$2" "$c"
	done | grep -oE '20[0-9]{2}-[0-9-]+ [0-9:]+ UTC' | sort -u |
		awk -v end="$3" '$0 < end'
}

# Without the second line the night of the 29th would have no backup.
same "$(TZ=UTC moments units/esxbk-plan@nightly.timer '2027-03-26 12:00' \
	2027-03-30)" '2027-03-27 01:00:00 UTC
2027-03-28 01:00:00 UTC
2027-03-29 00:00:00 UTC' "a night whose hour is skipped has its backup"
same "$(TZ=UTC moments units/esxbk-plan@nightly.timer '2027-10-29 12:00' \
	2027-11-02)" '2027-10-30 00:00:00 UTC
2027-10-31 00:00:00 UTC
2027-11-01 01:00:00 UTC' "one whose hour comes twice has one"
systemd-analyze security --offline=true --no-pager \
	units/esxbk-plan@nightly.service >score 2>&1
SCORE=$(sed -n 's/.*Overall exposure level for [^:]*: \([0-9.]*\) .*/\1/p' \
	score)
check "exposure '$SCORE' is below 3.0" awk -v s="$SCORE" \
	'BEGIN { exit !(s != "" && s < 3.0) }'
# What it says of a wrong one: the above is no empty promise.
mkdir broken
sed 's/^KillMode=.*/KillMode=nonsense/' units/esxbk-plan@.service \
	>broken/esxbk-plan@.service
has <(systemd-analyze verify --man=no broken/esxbk-plan@nightly.service 2>&1) \
	nonsense
unset SYSTEMD_UNIT_PATH SYSTEMD_LOG_LEVEL

# --- a plan is renamed, another goes ----------------------------------------

echo '# mine' >units/esxbk-plan@weekly.service.d/mine.conf
echo '[Timer]' >units/esxbk-plan@others.timer
plans "${NIGHTLY/10m/20m}" "late=${WEEKLY#*=}" "$ODD" "$HAND"
sched 10 -o units --diff
has out '-RandomizedDelaySec=600s'
has out '+RandomizedDelaySec=1200s'
has out '+++ units/esxbk-plan@late.timer'
has out '--- units/esxbk-plan@weekly.timer'
check "a timer is left" test -e units/esxbk-plan@weekly.timer
patch -s -p0 --dry-run <out >patched 2>&1
same "$(cat patched)" '' "patch takes it"
sched 10 -o units -n --exit-code
sched 0 -o units late
check "only the one that is named" test -e units/esxbk-plan@weekly.timer
sched 0 -o units
same "$(cat out)" 'write units/esxbk-plan@nightly.timer
remove units/esxbk-plan@first.service.d/esxbk.conf
remove units/esxbk-plan@first.timer
remove units/esxbk-plan@monthly.service.d/esxbk.conf
remove units/esxbk-plan@monthly.timer
remove units/esxbk-plan@weekly.service.d/esxbk.conf
remove units/esxbk-plan@weekly.timer'
same "$(cat units/esxbk-plan@weekly.service.d/mine.conf)" '# mine'
check "empty folders go" test ! -e units/esxbk-plan@first.service.d
same "$(cat units/esxbk-plan@others.timer)" '[Timer]' "not ours"

# --- files of others --------------------------------------------------------

plans "$NIGHTLY" "others=${WEEKLY#*=}"
BEFORE=$(names units)
sched 73 -o units
same "$(cat err)" "esxbk-plan: units/esxbk-plan@others.timer is there and does not begin with our line '$MARK': move it away"
same "$(names units)" "$BEFORE" "nothing was changed"
ln -sf /dev/null units/esxbk-plan@others.timer
sched 73 -o units
check "what is masked stays so" test -L units/esxbk-plan@others.timer
rm units/esxbk-plan@others.timer

# --- refused ----------------------------------------------------------------

sched 64 --install --remove
sched 64 --install -o units
sched 64 --user 'a b'
sched 66 nobody
has err "no plan 'nobody': there are 'nightly', 'others'"
sched 73 -o gone/units

# --- removed, without the configuration -------------------------------------

rm "$CONF"
sched 0 --remove -o units nightly
same "$(cat out)" 'remove units/esxbk-plan@nightly.service.d/esxbk.conf
remove units/esxbk-plan@nightly.timer'
sched 0 --remove -o units
same "$(names units)" 'esxbk-plan@weekly.service.d/mine.conf' "all but others'"
sched 0 --remove -o units
same "$(cat out)" ''

# --- where they belong ------------------------------------------------------

if [ -z "${OWN_MOUNTS:-}" ]; then
	echo "ok - --install # SKIP not root, or no mounts of our own"
	exit 0
fi

# Everything that is changed from here on is a copy that goes with us.
own_machine()
{
	if ! cp -a /etc etc || ! mount --bind etc /etc ||
		! mount -t tmpfs tmpfs /run/systemd ||
		! mount -t tmpfs tmpfs /srv; then
		fail "mounts of our own"
		exit 1
	fi
	rm -rf /etc/systemd/system/esxbk-plan@* /etc/esxbk /etc/cron.d/esxbk
	sed -i '/^esxbk:/d' /etc/passwd /etc/group /etc/shadow
	mkdir -p /etc/esxbk/credentials bin
	cat >bin/systemctl <<-S
	#!/bin/sh
	echo "\$*" >>"$PWD/asked"
	[ "\$1" != enable ] || mkdir -p /etc/systemd/system/timers.target.wants
	[ "\$1" != enable ] || for t; do
		[ "\$t" = enable ] || ln -sf "../\$t" \\
			/etc/systemd/system/timers.target.wants/
	done
	S
	chmod +x bin/systemctl
	PATH=$PWD/bin:$PATH
}

[ -d /run/systemd ] || mkdir /run/systemd
own_machine
CONF=/etc/esxbk/esxbk.json
REPO='/srv/back ups'
mkdir "$REPO"
plans "$NIGHTLY" "$WEEKLY" "$HAND"
sched 78 --install --user nobody-here
has err "there is no user 'nobody-here': useradd --system"
sched 0 --install
has err "systemd does not run here; where it does: systemctl enable --now esxbk-plan@nightly.timer esxbk-plan@weekly.timer"
has err "systemd will not start it without /etc/esxbk/credentials/esx1"
has err "repository nas: esxbk cannot write to it: chown -R esxbk: '$REPO'"
check "the user was made" getent passwd esxbk
has /etc/systemd/system/esxbk-plan@.service "$B/esxbk-plan run --scheduled %i"
check "nobody was asked" test ! -e asked

echo secret >/etc/esxbk/credentials/esx1
chown esxbk: "$REPO"
chmod 600 "$CONF"
sched 0 --install
has err "$CONF: esxbk cannot read it: Permission denied"
chmod 644 "$CONF"
mkdir /run/systemd/system
sched 0 --install -v
same "$(cat out)" '' "nothing to write"
same "$(cat asked)" "enable esxbk-plan@nightly.timer esxbk-plan@weekly.timer
restart esxbk-plan@nightly.timer esxbk-plan@weekly.timer"
hasnt err 'warning: '
hasnt /etc/systemd/system/esxbk-plan@.service --config
rm asked
sched 0 --install --json
check "all is done" test ! -e asked
same "$(tail -n 1 out | jq .changed)" false

plans "${NIGHTLY/02:00/03:00}" "late=${WEEKLY#*=}"
echo "$MARK" >/etc/cron.d/esxbk
sched 10 --diff
check "nobody was asked" test ! -e asked
sched 0 --install
has err "/etc/cron.d/esxbk starts the plans, too: esxbk-plan schedule --format=cron --remove"
same "$(cat asked)" "disable --now esxbk-plan@weekly.timer
daemon-reload
enable esxbk-plan@late.timer esxbk-plan@nightly.timer
restart esxbk-plan@late.timer esxbk-plan@nightly.timer"
check "no dangling link" test ! -L \
	/etc/systemd/system/timers.target.wants/esxbk-plan@weekly.timer

# A systemctl that fails is told.
rm asked
printf '#!/bin/sh\nexit 4\n' >bin/systemctl
sched 71 --remove
has err 'systemctl disable --now esxbk-plan@late.timer esxbk-plan@nightly.timer: '
check "and nothing went" test -e /etc/systemd/system/esxbk-plan@.service
printf '#!/bin/sh\n' >bin/systemctl
sched 0 --remove
same "$(find /etc/systemd/system -name '*esxbk*')" '' "all gone"
