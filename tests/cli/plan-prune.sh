# What the retention does not keep goes, as a whole, and nothing else does.
# timeout: 180
. "$T/cli/lib.sh" || exit 1
# shellcheck source=/dev/null
. "$T/cli/lib/repo.sh" || exit 1

fresh()
{
	rm -rf repo
	repo repo --name web --number 1 --points 4 --plan nightly --disk 3000
	repo repo --name db --number 2 --points 3 --plan nightly --disk 3000
}

listing()
{
	(cd repo && find . -printf '%p %i %s %T@\n' | sort)
}

plan_conf '{"plans": {"weekly": {"site": "esx1", "repository": "nas",
	"select": ["web"], "schedule": {"weekly": "sun 03:00"},
	"retention": {"last": 1}}}}'
fresh

# What files take is the file system's to say.
sizes()
{
	sed -E 's/[0-9.]+ ([KMG]i)?B/SIZE/' "$1"
}

# A dry run tells the same and touches nothing.
listing >before
plan 0 prune -n --json
same "$(jq -s '.[-1].bytes' out)" "$(
	find repo/db/db_20261121_020000 repo/web/web_2026112[01]_020000 -type f \
		-printf '%b\n' | awk '{ n += 512 * $1 } END { print n }'
)" "so much would be freed"
plan 0 prune -n
sizes out >told
same "$(cat told)" "$(
	cat <<-'X'
	remove  db/db_20261121_020000: SIZE
	keep    db/db_20261122_020000: last
	keep    db/db_20261123_020000: last, newest good
	remove  web/web_20261120_020000: SIZE
	remove  web/web_20261121_020000: SIZE
	keep    web/web_20261122_020000: last
	keep    web/web_20261123_020000: last, newest good
	4 points would be kept, 3 would be removed, SIZE would be freed
	X
)" "a dry run says what would go"
same "$(listing)" "$(cat before)" "and changes nothing"
plan 10 prune -n --exit-code
plan 0 prune weekly
same "$(cat out)" "0 points kept, 0 removed, 0 B freed"
same "$(listing)" "$(cat before)" "another plan removes none of these"

plan 0 prune nightly
same "$(sizes out | sed '$d')" "$(sed '$d' told)" "what was told is done"
same "$(sizes out | tail -n 1)" "4 points kept, 3 removed, SIZE freed"
same "$(points_in repo/web)" $'web_20261122_020000\nweb_20261123_020000'
same "$(points_in repo/db)" $'db_20261122_020000\ndb_20261123_020000'
same "$(find repo/db -name '.*' -printf '%f\n')" .r-52de0002
plan 0 prune -n --exit-code
plan 0 prune --json
same "$(jq -cs '.[-1] | [.kept, .removed, .bytes, .changed, .failed, .exit]' out)" \
	'[4,0,0,false,0,0]'
same "$(jq -cs '.[0] | [.type, .plan, .folder, .vm.name, .kept[1], .removed]' out)" \
	'["prune","nightly","db","db",{"point":"db_20261123_020000","reasons":["last","newest good"]},[]]'

# Several plans and hands write to one folder.
repo repo --name web --number 1 --points 3 --plan weekly --step 168 \
	--last 2026-11-22T03:00:00Z --disk 100
repo repo --name web --number 1 --last 2026-11-01T12:00:00Z --disk 100
mv repo/web/web_20261122_020000 repo/web/before-update_20261122_020000
plan 0 prune --max-delete 2 -v --json
mv out all
same "$(jq -cs '[.[] | select(.folder == "web") | [.plan, (.kept | length),
	([.kept[] | select(.reasons == ["not of this plan"])] | length)]]' all)" \
	'[["nightly",6,5],["weekly",4,3]]' "each is told of the others'"
same "$(jq -cs '.[-1] | [.kept, .removed]' all)" '[4,2]' "and counts its own"
same "$(points_in repo/web)" "$(
	cat <<-'X'
	before-update_20261122_020000
	web_20261101_120000
	web_20261122_030000
	web_20261123_020000
	X
)" "each plan removes its own"

# More than is plausible at once.
rm -rf repo
repo repo --name web --number 1 --points 12 --plan nightly
repo repo --name db --number 2 --points 3 --plan nightly
plan 3 prune
has err "repo/web: 10 of 12 points would go at once, more than 6 (two chains and 30 %): nothing is removed, unless with --max-delete 10"
same "$(tail -n 1 err)" "esxbk-plan: 1 of 2 VMs could not be pruned"
same "$(points_in repo/web | wc -l)" 12 "nothing of that VM goes"
same "$(points_in repo/db | wc -l)" 2 "of the others it does"
has out 'keep    web/web_20261112_020000: deletion guard'
plan 3 prune --max-delete 9 --json
same "$(jq -cs '[.[] | [.type, .exit, .class]]' out)" \
	'[["prune",0,"ok"],["prune",1,"negative"],["summary",3,"partial"]]'
plan 0 prune --max-delete 10
same "$(points_in repo/web | wc -l)" 2

# The clock was set back.
now 2026-11-22T08:00:00Z
repo repo --name web --number 1 --points 5 --plan nightly
plan 75 prune nightly
has err "the clock says 2026-11-22T08:00:00Z, which is before the newest point"
same "$(points_in repo/web | wc -l)" 5
now 2026-11-23T08:00:00Z

# Somebody reads: nothing of that VM goes, and the next time it does.
fresh
point=repo/web/web_20261123_020000
chmod u+w $point/*
truncate -s 8G $point/web-disk1.vmdk
jq '.disks[0].size = 8589934592' $point/backup.json >x &&
	mv -f x $point/backup.json
start esxbk-verify $point
wait_for 20 test -e repo/web/.r-52de0001
is_held()
{
	! flock -n -x repo/web/.r-52de0001 true
}
wait_for 20 is_held
kill -STOP "$PID"
reader=$PID PID=''
plan 3 prune
has err "repo/web: points are being read: $PWD/repo/web/.r-52de0001 is locked by another run"
same "$(points_in repo/web | wc -l)" 4 "nothing of that VM goes"
same "$(points_in repo/db | wc -l)" 2 "of the others it does"
rm -rf repo/db
plan 75 prune --json
same "$(jq -cs '.[-1] | [.exit, .class, .removed, .failed, .error.class]' out)" \
	'[75,"temporary",0,1,"temporary"]'
kill -CONT "$reader" && kill "$reader"
wait "$reader" 2>/dev/null
plan 0 prune
same "$(points_in repo/web | wc -l)" 2

# The days ahead.
rm -rf repo
repo repo --name web --number 1 --points 9 --full-every 7 --plan nightly
plan_conf '{"plans": {"nightly": {"strategy": {"full": {"weekly": "sun"},
	"incremental": "compare"}, "retention": {"last": 3, "weekly": 2}}}}'
listing >before
plan 0 prune -n --days 60 --json
same "$(listing)" "$(cat before)" "looking ahead changes nothing"
same "$(jq -cs '.[0] | [.type, .plan, .vms, .refused, (.days | length),
	.days[0]]' out)" \
	'["forecast","nightly",1,0,61,{"day":"2026-11-23T08:00:00Z","points":9,"bytes":28991029248,"made":0,"removed":0}]'
same "$(jq -s '.[0].days[1:] | map(.made) | unique == [1]' out)" true \
	"a point a day"
# From the second Sunday on: three, or what they need since Sunday, and the
# Sundays before.
same "$(jq -cs '.[0].days[20:] | map(.points) | [min, max]' out)" '[3,9]'
plan 0 prune -n --days 60
same "$(sed -n 1,3p out)" "$(
	cat <<-'X'
	plan nightly, VMs: 1
	DAY          POINTS      SPACE
	2026-11-23        9   27.0 GiB
	X
)"
has out "at most "
cp esxbk.json scheduled.json
plan 0 add byhand --site esx1 --repository nas --select web
plan 0 prune -n --days 60 --json
same "$(jq -cs 'map(.plan)' out)" '["nightly",null]'
same "$(cat err)" "esxbk-plan: warning: plan byhand: it has no schedule whose days are known here"
plan 64 prune -n --days 60 byhand
mv scheduled.json esxbk.json
plan 64 prune --days 60
same "$(cat err)" "esxbk-plan: --days goes with --dry-run"
plan 64 prune -n --days 0
same "$(cat err)" "esxbk-plan: --days: from 1 to 3660"
plan 66 prune nothing

# No inode is left for a lock; a full repository heals itself all the same.
mkdir small
if mount -t tmpfs -o nr_inodes=100 none small 2>/dev/null; then
	# shellcheck disable=SC2034 # lib.sh evaluates it
	AT_EXIT='umount small 2>/dev/null'
	rm -rf repo && ln -s small repo
	repo repo --name web --number 1 --points 5 --plan nightly
	for ((i = 0; i < 200; i++)); do
		: 2>/dev/null >"small/y$i" || break
	done
	plan 0 prune nightly
	same "$(points_in repo/web)" "$(
		printf 'web_202611%s_020000\n' 21 22 23
	)" "a full repository"
	umount small
	rm repo && mkdir repo
else
	echo "ok - # SKIP no right to mount a tmpfs"
fi

# A repository that is not there, or cannot be written to.
mv repo away
plan 66 prune nightly
same "$(cat err)" "esxbk-plan: open $PWD/repo: No such file or directory"
mkdir repo
if [ "$(id -u)" -ne 0 ] || command -v setpriv >/dev/null; then
	repo repo --name web --number 1 --points 4 --plan nightly
	chmod 555 repo
	[ "$(id -u)" -ne 0 ] ||
		UNDER=(setpriv --bounding-set=-dac_override "${UNDER[@]}")
	plan 73 prune nightly
	same "$(cat err)" "esxbk-plan: $PWD/repo: Permission denied"
	same "$(points_in repo/web | wc -l)" 4
	plan 0 prune -n nightly
	# A point that cannot be read now may be anything.
	[ "$(id -u)" -ne 0 ] || UNDER[1]=--bounding-set=-dac_override,-dac_read_search
	chmod 755 repo
	chmod 000 repo/web/web_20261121_020000
	plan 74 prune nightly
	has err "passed over $PWD/repo/web/web_20261121_020000: open folder: Permission denied"
	same "$(tail -n 1 err)" "esxbk-plan: $PWD/repo/web: not all points can be read: none goes"
	same "$(points_in repo/web | wc -l)" 4
	chmod 755 repo/web/web_20261121_020000
	plan 0 prune nightly
	same "$(points_in repo/web | wc -l)" 3
	# Nor is a folder empty for that.
	chmod 000 repo/web
	plan 74 prune nightly
	same "$(tail -n 1 err)" \
		"esxbk-plan: $PWD/repo: 1 of its folders could not be read"
	chmod 755 repo/web
fi
