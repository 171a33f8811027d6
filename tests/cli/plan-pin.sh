# A pinned point of a real host's VM stays, with all that it needs.
# timeout: 180
. "$T/cli/lib.sh" || exit 1
# shellcheck source=/dev/null
. "$T/cli/lib/point.sh" || exit 1
# shellcheck source=/dev/null
. "$T/cli/lib/repo.sh" || exit 1

plan_conf '{"plans": {"nightly": {"retention": {"last": 1}}}}'
quick_host esxi
mkdir -p repo/uefi01
made=()
for day in 20 21 22; do
	now "2026-11-${day}T02:00:00Z"
	xp 0 -o repo/uefi01 --plan nightly --quiesce off uefi01
	made+=("$(cat out)")
done
now 2026-11-23T08:00:00Z
first=${made[0]##*/}

# By name, a second time, by path.
plan 0 pin "$first" --json
same "$(jq -c '[.type, .point, .pinned, .changed, .exit]' out)" \
	"[\"summary\",\"$first\",true,true,0]"
plan 0 pin "$first"
same "$(cat out)" "$PWD/repo/uefi01/$first: pinned, as before"
plan 0 pin "repo/uefi01/$first/" --json
same "$(jq -c '[.path, .changed]' out)" "[\"$PWD/repo/uefi01/$first\",false]"
same "$(jq -c '[.schema, .type, .point, .time]' \
	"repo/uefi01/state/$first.pin.json")" \
	"[\"esxbk.state/1\",\"pin\",\"$first\",\"2026-11-23T08:00:00Z\"]"

plan 0 prune
same "$(sed 's/: [0-9.]* .iB/: SIZE/; s/, [0-9.]* .iB/, SIZE/' out)" "$(
	cat <<-X
	keep    uefi01/$first: pinned
	remove  uefi01/${made[1]##*/}: SIZE
	keep    uefi01/${made[2]##*/}: last, newest good
	2 points kept, 1 removed, SIZE freed
	X
)" "what prune says"
same "$(points_in repo/uefi01)" "$first"$'\n'"${made[2]##*/}"
run 0 esxbk-verify "${made[0]}" "${made[2]}"

plan 0 unpin "$first"
same "$(cat out)" "$PWD/repo/uefi01/$first: not pinned"
plan 0 unpin "$first" --json
same "$(jq -c '[.pinned, .changed]' out)" '[false,false]'
same "$(ls -A repo/uefi01/state)" '' "no trace of the pin"
plan 0 prune -q
same "$(sed 's/: .*/: SIZE/' out)" "remove  uefi01/$first: SIZE"
same "$(points_in repo/uefi01)" "${made[2]##*/}"

# Not while points are being removed: it could be this one.
flock -x "$(echo repo/uefi01/.r-*)" "$B/esxbk-plan" pin "${made[2]##*/}" >out 2>err
same "$? $(cat err)" "75 esxbk-plan: $PWD/repo/uefi01: points are being removed: $(
	echo "$PWD"/repo/uefi01/.r-*) is locked by another run"
same "$(ls -A repo/uefi01/state)" '' "and no trace of a pin"
same "$(left repo/uefi01)" $'.r-ID\n.w-ID\nstate\nuefi01_TIME'

# What cannot be pinned.
plan 66 pin uefi01_20200101_000000
same "$(cat err)" "esxbk-plan: uefi01_20200101_000000: no repository has such a point"
plan 66 pin ./nowhere
same "$(cat err)" "esxbk-plan: ./nowhere: No such file or directory"
mkdir repo/uefi01/uefi01_20261101_000000
plan 66 pin repo/uefi01/uefi01_20261101_000000
same "$(cat err)" "esxbk-plan: $PWD/repo/uefi01/uefi01_20261101_000000 is no point"
plan 66 pin / --json
same "$(jq -c '[.pinned, .changed, .exit]' out)" '[null,false,66]'
plan 64 pin
same "$(cat err)" "esxbk-plan: one point at a time"
same "$(ls -A repo/uefi01/state)" '' "and nothing is half-made"

# Of the same name twice: both are told.
cp -r repo/uefi01 repo/copy
plan 66 pin "${made[2]##*/}"
has err "which one? there are '$PWD/repo/"
has err "/copy/${made[2]##*/}'"
has err "/uefi01/${made[2]##*/}'"
same "$(find repo/*/state -name '*.json')" ''
plan 0 pin "repo/copy/${made[2]##*/}"

# A repository that is away is in nobody's way, unless all there is may be there.
rm -r repo/copy
jq '.repositories.away = {path: "/nowhere"}' esxbk.json >more.json
run 0 esxbk-plan pin --config more.json "${made[2]##*/}"
run 0 esxbk-plan unpin --config more.json "${made[2]##*/}"
run 66 esxbk-plan pin --config more.json web_20200101_000000
same "$(cat err)" "esxbk-plan: open /nowhere: No such file or directory"

# A path needs no configuration.
rm esxbk.json
plan 0 pin "$PWD/repo/uefi01/${made[2]##*/}"
plan 0 unpin "$PWD/repo/uefi01/${made[2]##*/}"
plan 78 unpin "${made[2]##*/}"
