#!/bin/bash
# A repository that is gone, not mounted, read-only or full.
. "$T/cli/lib.sh" || exit 1
# shellcheck source=/dev/null
. "$T/cli/lib/plan.sh" || exit 1

plan_begin
vms "web 12 $(uuid_of 1)" "db 13 $(uuid_of 2)"
# shellcheck disable=SC2016 # the hook's shell expands it
conf '.plans.daily.hooks = { before_run: [["/bin/sh", "-c",
	"echo hook >>\"$STUB/log\""]] }'
HOLE=$SCRATCH/hole

# refused TEXT: 73, before anything was begun; the record is on this machine.
refused()
{
	no_calls
	plan 73 run daily
	same "$(tail -n 1 err)" "esxbk-plan: daily: repository nas: $1"
	same "$(calls)" '' "nothing was begun"
	check "the record is in our own state" test -n \
		"$(find "$SCRATCH/state/runs" -name '*.json')"
	same "$(record 'select(.type == "end") | .exit')" 73
}

# Gone.
mv "$REPO" "$SCRATCH/away"
refused "$REPO: No such file or directory"
check "it was not made" test ! -e "$REPO"
: >"$REPO"
refused "$REPO is no folder"
rm "$REPO"
mv "$SCRATCH/away" "$REPO"

# Not mounted: the empty folder below stays empty.
if [ "$(stat -c %d "$REPO")" = "$(stat -c %d /)" ]; then
	conf '.repositories.nas.mounted = true'
	refused "nothing is mounted at $REPO"
	same "$(ls -A "$REPO")" '' "nothing was written below the mount point"
	# Nor is the empty folder one whose points are all sound.
	plan 73 verify daily
	has err "repository nas: nothing is mounted at $REPO"
fi

# run --due: once a night, then the next.
mv "$REPO" "$SCRATCH/away"
conf
at 2026-11-25T02:00:00Z
plan 73 run --due
at 2026-11-25T02:16:00Z
plan 0 run --due
mv "$SCRATCH/away" "$REPO"
at 2026-11-26T02:00:00Z
plan 0 run --due
same "$(points | wc -l)" 2

# Nothing to verify is not all sound.
mkdir "$SCRATCH/empty"
conf '.repositories.nas.path = env.SCRATCH + "/empty"'
plan 4 verify daily
same "$(cat err)" "esxbk-plan: daily: there is no point to verify"
conf

# One of two repositories is gone, in the other a point is damaged: both are told.
stub verify exit 1 digest differs
conf '.repositories.away = { path: "/nowhere" } |
	.plans.other = (.plans.daily | .repository = "away")'
plan 1 verify
has err "esxbk-plan: other: open /nowhere: No such file or directory"
has err "esxbk-plan: daily: "
stub verify
conf

# Root by hand in a repository of the user who runs the plans every night.
if [ "$(id -u)" -eq 0 ]; then
	warning='what root makes there: systemctl start esxbk-plan@daily'
	chown 65534 "$REPO"
	plan 0 run --due
	hasnt err "$warning"
	plan 0 run -n daily
	hasnt err "$warning"
	plan 0 run daily
	has err "warning: $REPO belongs to user 65534, who cannot go on with"
	has err "$warning"
	chown 0 "$REPO"
fi

# Read-only.
if [ "$(id -u)" -eq 0 ]; then
	mkdir -p "$HOLE"
	if mount -t tmpfs -o size=2m,ro none "$HOLE" 2>/dev/null; then
		# shellcheck disable=SC2034,SC2016 # lib.sh expands it
		AT_EXIT='umount -l "$HOLE"'
		conf '.repositories.nas.path = "'"$HOLE"'"'
		plan 73 run daily
		has err "Read-only file system"
		mount -o remount,rw "$HOLE"
		REPO=$HOLE
	fi
else
	chmod 555 "$REPO"
	refused "$REPO: Permission denied"
	chmod 755 "$REPO"
fi
[ "$REPO" = "$HOLE" ] || skip "a small file system cannot be mounted here"

# Full: what the retention does not keep makes room for the next night.
conf '.repositories.nas = { path: "'"$HOLE"'", min_free: "1MiB",
	mounted: true } | .plans.daily.retention = { last: 1 }'
for day in 01 02 03; do
	at "2026-12-${day}T02:00:00Z"
	conf '.repositories.nas.path = "'"$HOLE"'"' # no retention yet
	plan 0 run daily
done
same "$(points | wc -l)" 6
head -c 1200k /dev/zero >"$HOLE/$(points | grep ^web | head -n 1)/more"
at 2026-12-04T02:00:00Z
conf '.repositories.nas = { path: "'"$HOLE"'", min_free: "1MiB",
	mounted: true } | .plans.daily.retention = { last: 1 }'
plan 0 run daily
check "room was made before the backup" jq -e 'select(.type == "end") |
	.made_room | length > 0' "$(run_files | tail -n 1)"
same "$(points | wc -l)" 2 "one of each is left"

# Nothing may go: the old points stay, and the failure says what is missing.
head -c 1500k /dev/zero >"$HOLE/other"
plan 74 run daily
check "in units for people" grep -qE " [0-9.]+ [KM]iB more should be free \(min_free\), and nothing else may go" err
same "$(points | wc -l)" 2

# Full to the last block: the record goes elsewhere, and it heals.
conf '.repositories.nas.path = "'"$HOLE"'" |
	.plans.daily.retention = { last: 1 }'
cat /dev/zero >"$HOLE/fill" 2>/dev/null
stub ovf exit 74 no space left on device
plan 74 run daily
rm "$HOLE/fill" "$HOLE/other"
stub ovf
plan 0 run daily
same "$(points | wc -l)" 2

# Full before the last line of the record: the backups are there, but that is
# no success without a word.
for ((i = 0; i < 200; i++)); do
	echo "none-of-the-plans-has-this-one-$i $((1000 + i)) $(uuid_of "$i")"
done >>"$STUB/vms"
conf '.repositories.nas.path = "'"$HOLE"'" |
	.plans.daily.select = ["web", "db"] | .plans.daily.hooks = { after_run:
	[["/bin/sh", "-c", "cat /dev/zero >'"$HOLE"'/fill; true"]] }'
at 2026-12-05T02:00:00Z
plan 74 run daily
has err "daily: write $HOLE/runs/2026/12/20261205_020000-daily-"
has err "No space left on device"
same "$(points | grep -c 20261205)" 2
