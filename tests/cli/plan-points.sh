# What the repositories hold, as a table and as JSON; what is broken in them is
# told and stands in nobody's way.
. "$T/cli/lib.sh" || exit 1
# shellcheck source=/dev/null
. "$T/cli/lib/repo.sh" || exit 1

plan_conf
repo repo --name web --number 1 --points 3 --full-every 3 --plan nightly
repo repo --name db --number 2 --last 2026-11-22T23:30:00Z --mode vmdk
mkdir repo/web/state
touch repo/web/state/web_20261121_020000.pin.json
cat >repo/web/state/web_20261121_020000.verify.json <<'J'
{"schema": "esxbk.state/1", "sound": {"hash": "2026-11-21T03:00:00Z"},
 "damage": null}
J
echo '{"damage": {"level": "hash"}}' \
	>repo/web/state/web_20261123_020000.verify.json

table()
{
	sed 's/  *$//; s/ [0-9.]* KiB/ SOME/' out
}

plan 0 points
same "$(table)" "$(
	cat <<-'X'
	VM   POINT                TIME                  KIND  MODE       SIZE  PLAN     VERIFIED          NOTES
	db   db_20261122_233000   2026-11-22T23:30:00Z  full  vmdk    SOME  -        -
	web  web_20261121_020000  2026-11-21T02:00:00Z  full  ovf    10.0 GiB  nightly  hash  2026-11-21  pinned
	web  web_20261122_020000  2026-11-22T02:00:00Z  inc   ovf     1.0 GiB  nightly  -
	web  web_20261123_020000  2026-11-23T02:00:00Z  inc   ovf     1.0 GiB  nightly  -                 damaged
	X
)" "the table"
same "$(cat err)" ''

plan 0 points nightly
same "$(wc -l <out)" 4 "the plan's points"
hasnt out db_
plan 0 points db
same "$(awk '{print $2}' out)" $'POINT\ndb_20261122_233000' "one VM's points"
plan 0 points --format=path web
same "$(cat out)" "$PWD/repo/web/web_20261121_020000
$PWD/repo/web/web_20261122_020000
$PWD/repo/web/web_20261123_020000" "paths, as other tools take them"
plan 66 points wed
same "$(cat err)" "esxbk-plan: there is no plan 'wed' and no point of a VM of that name"
same "$(cat out)" ''
plan 64 points web db
same "$(cat err)" "esxbk-plan: one plan or VM at a time"

plan 0 points --json
same "$(jq -rs '.[] | select(.type == "point") | [.repository, .vm.name,
	.point, .kind, .chain, .plan, .pinned, .good] | @tsv' out)" \
	"$(printf '%s\t' "$PWD/repo" | cat - <(
		echo "db db_20261122_233000 full 0  false true"
	) | tr ' ' '\t'
	printf '%s\tweb\tweb_20261121_020000\tfull\t0\tnightly\ttrue\ttrue\n' \
		"$PWD/repo"
	printf '%s\tweb\tweb_20261122_020000\tinc\t1\tnightly\tfalse\ttrue\n' \
		"$PWD/repo"
	printf '%s\tweb\tweb_20261123_020000\tinc\t2\tnightly\tfalse\tfalse\n' \
		"$PWD/repo")" "each point is a line"
same "$(jq -cs '.[-1] | [.type, .points, .exit]' out)" '["summary",4,0]'
same "$(jq -cs '[.[] | .schema] | unique' out)" '["esxbk.result/1"]'
same "$(jq -c 'select(.point == "web_20261122_020000") |
	[.bytes, .parent, .verified, .seconds]' out)" \
	'[{"provisioned":42949672960,"transferred":1073741824,"stored":1073741824},"web_20261121_020000",null,240]'

# Two names for one repository: it is read once, by whichever a plan has.
plan_conf "{\"repositories\": {\"same\": {\"path\": \"$PWD/repo\"}},
	\"plans\": {\"nightly\": {\"repository\": \"same\"}}}"
plan 0 points nightly
same "$(wc -l <out)" 4 "the plan's points, by the second name"
plan 0 points
same "$(wc -l <out)" 5 "each point once"
plan_conf

# A VM that was renamed is found by its new name, with all its points.
repo repo --folder web --name web-new --number 1 --last 2026-11-24T02:00:00Z
plan 0 points web-new
same "$(grep -c web_ out)" 3 "its older points are listed, too"

# What others may have put there.
repo repo --name evil --number 3 --points 4
jq '.vm.name = "a\u001b[31mb\u202ec\n" | .plan = "\u0007"' \
	repo/evil/evil_20261123_020000/backup.json >x && mv -f x \
	repo/evil/evil_20261123_020000/backup.json
chmod u+w repo/evil/*/backup.json
echo '{"schema":' >repo/evil/evil_20261122_020000/backup.json
ln -sf /etc/passwd repo/evil/evil_20261121_020000/backup.json
ln -s ../web/web_20261123_020000 repo/evil/evil_20261119_020000
ln -s web repo/link
mkdir -p repo/runs/runs_20261123_020000 repo/empty
plan 0 points evil
same "$(sed 1d out | grep -o 'evil_[0-9_]*')" \
	$'evil_20261120_020000\nevil_20261123_020000' "what can be read"
same "$(tr -d '\n -~' <out | wc -c)" 0 "nothing of the names turns the terminal"
same "$(sort err)" "$(
	cat <<-X
	esxbk-plan: warning: passed over $PWD/repo/evil/evil_20261121_020000: open backup.json: Too many levels of symbolic links
	esxbk-plan: warning: passed over $PWD/repo/evil/evil_20261122_020000: backup.json:2:0: unexpected token near end of file
	X
)" "what cannot be read is told"

# A folder that cannot be read is no folder without points.
mv repo/web/state repo/web/state.away
: >repo/web/state
plan 3 points
hasnt out web_
has err "passed over $PWD/repo/web: open state: Not a directory"
same "$(tail -n 1 err)" "esxbk-plan: folders that could not be read: 1"
plan 0 points db
plan 74 verify nightly
same "$(tail -n 1 err)" \
	"esxbk-plan: nightly: $PWD/repo: 1 of its folders could not be read"
plan 74 prune nightly
rm repo/web/state
mv repo/web/state.away repo/web/state

# A repository that is not there.
mv repo away
plan 66 points
same "$(cat err)" "esxbk-plan: repository nas: open $PWD/repo: No such file or directory"

# One that is not mounted is not an empty one: "/" is on the root file system.
plan_conf '{"repositories": {"nas": {"path": "/", "mounted": true}},
	"plans": {"nightly": {"retention": {"last": 1}}}}'
for words in points 'points nightly' prune 'prune -n --days 3' verify \
	'pin web_20261121_020000'; do
	# shellcheck disable=SC2086 # it is several words
	plan 73 $words
	has err 'repository nas: nothing is mounted at /'
done
# It hides nothing of the others.
mv away repo
rm -r repo/evil
plan_conf '{"repositories": {"away": {"path": "/nowhere"}}}'
plan 3 points web
same "$(cat err)" "esxbk-plan: repository away: open /nowhere: No such file or directory"
same "$(sed 1d out | wc -l)" 4
plan 3 points --json
same "$(jq -cs '.[-1] | [.points, .exit, .error.class]' out)" '[5,3,"notfound"]'
plan 66 points gone
same "$(cat err)" "esxbk-plan: repository away: open /nowhere: No such file or directory"
if [ "$(stat -c %d .)" = "$(stat -c %d /)" ]; then
	mkdir empty
	plan_conf '{"repositories": {"nas": {"path": "'"$PWD"'/empty",
		"mounted": true}}}'
	plan 73 points
	same "$(cat err)" "esxbk-plan: repository nas: nothing is mounted at $PWD/empty"
	same "$(cat out)" ''
fi
