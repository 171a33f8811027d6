#!/bin/bash
# timeout: 240
# The power fails, or the kernel kills the run, at any of the system calls by
# which a point is written.  What then lies there is no point or a whole one,
# and the next run puts everything in order, without being asked.
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/crash.sh" || exit 1

may_trace
swift_host
killed=0 partials=0 snapshots=0 points=0

# What the sweep is to leave alone.
strangers=".other_TIME.partial
.${VM}-old_TIME.partial
.${VM}_TIME.partial.d
.${VM}_latest.partial"

invite()
{
	local name
	mkdir "$OUT"
	for name in ${strangers//TIME/20260101_000000}; do
		mkdir "$OUT/$name"
		echo kept >"$OUT/$name/file"
	done
}

# What the kill left, with the point whole if it has its name.
see_dead()
{
	local there point
	[ "$RC" -eq 137 ] || wrong+=", exit $RC, not 137"
	if grep -q 'killed by SIGKILL' trace; then
		killed=$((killed + 1))
	else
		wrong+=', not killed'
	fi
	there=$(points_in | grep -vxF "$strangers")
	case $there in
	"${VM}_TIME")
		points=$((points + 1))
		point=$(echo "$OUT/${VM}"_*)
		whole "$point" || wrong+=", the point is bad"
		before=1
		;;
	".${VM}_TIME.partial") partials=$((partials + 1)) ;;
	'') ;;
	*) wrong+=", there is: $there" ;;
	esac
	[ "$before" -eq "$1" ] || wrong+=", $before points, not $1"
	[[ $(ours_on_host) != *1 ]] || snapshots=$((snapshots + 1))
	[[ $(ours_on_host) == *[01] ]] || wrong+=", host: $(ours_on_host)"
}

see_healed()
{
	local point n=0
	[ "$RC" -eq 0 ] || wrong+=", the next run: exit $RC: $(cat err)"
	for point in "$OUT/${VM}"_*; do
		whole "$point" || wrong+=", bad: $point"
		n=$((n + 1))
	done
	[ $n -eq $((before + 1)) ] || wrong+=", $n points after"
	[ "$(cat "$OUT"/.*/file | sort | uniq -c | tr -d ' ')" = 4kept ] ||
		wrong+=", a stranger's folder is gone"
	[ "$(points_in | grep partial)" = "$strangers" ] ||
		wrong+=", there is: $(points_in)"
	[ "$(ours_on_host)" = "0 0 0" ] || wrong+=", host: $(ours_on_host)"
}

# try CALL GROUP N POINTS
try()
{
	local wrong='' before=0
	invite
	watch "$2"
	traced "${PATHS[@]}" -e "inject=$1:signal=KILL:when=$3"
	see_dead "$4"
	time_passes
	RC=0
	"$B/esxbk-export-ovf" "${HX[@]}" --quiesce off -o "$OUT" "$VM" \
		>out 2>err || RC=$?
	see_healed
	if [ -z "$wrong" ]; then
		pass "killed at $1 $3 of $2: $before points, then one more"
	else
		fail "killed at $1 $3 of $2$wrong"
	fi
	rm -rf "$OUT"
}

invite
traced
same "$RC" 0 "a good run under strace"
# shellcheck disable=SC2034 # for watch
LOCK_NAME=$(cd "$OUT" && echo .w-*)
targets <trace >all
rm -rf "$OUT"

# Between two calls nothing happens, so of a file's many writes one will do.
# The point has its name when the call that gives it has returned.
wanted=0 named=0
while read -r call group n; do
	wanted=$((wanted + 1))
	try "$call" "$group" "$n" $named </dev/null
	[ "$call" != renameat2 ] || named=1
done < <(awk '$1 != "write" || $3 == 1 || $2 ~ /vmdk/ && $3 == 100' all)

same $killed $wanted "one killed at each of the calls"
check "$killed calls" test $killed -ge 35
check "$partials left an unfinished folder" test $partials -ge 25
check "$snapshots left a snapshot" test $snapshots -ge 25
check "$points came after the point had its name" test $points -ge 3
same "$(event_count '.event == "snapshot-removed" and
	(.name | startswith("esxbk-") | not)')" 0 "no user's snapshot was touched"
