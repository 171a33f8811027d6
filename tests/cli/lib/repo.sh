# shellcheck shell=bash
# What the tests of repositories share.  Source it after lib.sh.
#
#	repo DIR [OPTION]...    points that look like real ones, by repo.py
#	ran DIR PLAN STARTED [OPTION]... [VM=OUTCOME]...    what a run recorded,
#		by runs.py
#	plan_conf [JSON]...     ./esxbk.json: repository ./repo, site esx1, plan
#		"nightly" of it; each JSON is merged over that
#	plan STATUS COMMAND...  run STATUS esxbk-plan COMMAND...
#	points_in DIR           names of the points there, sorted
#	whole POINT             its files are those of its manifest
#	now TIME                what time the tools believe it is

need python3 jq sha256sum

export ESXBK_CONFIG=$PWD/esxbk.json

repo()
{
	python3 "$T/cli/lib/repo.py" "$@" || fail "repo.py $*"
}

ran()
{
	python3 "$T/cli/lib/runs.py" "$@" || fail "runs.py $*"
}

plan_conf()
{
	# shellcheck disable=SC2016 # $repo is jq's
	local base='{version: 1, repositories: {nas: {path: $repo}},
		sites: {esx1: {server: "esx1.lab.test", user: "root",
			password: {credential: "none"}}},
		plans: {nightly: {site: "esx1", repository: "nas",
			select: ["name:*"], schedule: {daily: "02:00"},
			strategy: {full: "always"},
			retention: {last: 2}}}}'
	printf '%s\n' '{}' "$@" |
		jq -s --arg repo "$PWD/repo" "reduce .[] as \$x ($base; . * \$x)" \
			>esxbk.json || fail "plan_conf $*"
}

plan()
{
	local want=$1
	shift
	run "$want" esxbk-plan "$@"
}

points_in()
{
	find "$1" -mindepth 1 -maxdepth 1 -type d -name '[!.]*' \
		! -name state -printf '%f\n' | LC_ALL=C sort
}

whole()
{
	(cd "$1" && [ -s backup.json ] && sha256sum -c --quiet --strict ./*.mf)
}

now()
{
	export ESXBK_NOW=$1
}

now 2026-11-23T08:00:00Z
