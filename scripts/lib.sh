# shellcheck shell=bash
# What the check-* scripts share.  Each looks at the tree ROOT (and what was
# built of it in BUILD), prints "FAIL file:line: why" for each find, or one
# line "ok"; with --self-test it shows on a small tree that it can fail.
set -u
shopt -s nullglob
me=${0##*/}
self=$(realpath "$0")
ROOT=${ROOT:-$(dirname "$self")/..}
cd "$ROOT" || exit 1
BUILD=${BUILD:-build}

# verdict COUNT WHAT FINDS: a check that looked at nothing has failed.
verdict()
{
	if [ -n "$3" ]; then
		printf '%s\n' "$3"
		exit 1
	fi
	if [ "$1" -eq 0 ]; then
		echo "FAIL $me: found nothing to look at"
		exit 1
	fi
	echo "ok - $me: $1 $2"
	exit 0
}

# A small tree for a self-test, gone at the end.
small_tree()
{
	tree=$(mktemp -d) || exit 1
	trap 'rm -rf "$tree"' EXIT
	cd "$tree" || exit 1
}

accepted()
{
	local out
	if ! out=$(ROOT=$tree BUILD=build "$self" 2>&1); then
		echo "FAIL $me: a good tree was refused: $out"
		exit 1
	fi
	echo "ok - $me: a good tree is accepted"
}

# refused TEXT: the tree as it is now is refused with these words.
refused()
{
	local out
	if out=$(ROOT=$tree BUILD=build "$self" 2>&1); then
		echo "FAIL $me: not seen: $1"
		exit 1
	fi
	if [[ $out != *"$1"* ]]; then
		echo "FAIL $me: expected '$1', got: $out"
		exit 1
	fi
	echo "ok - $me: refused: $1"
}
