#!/bin/bash
# Who knows restic's retention knows ours: what `restic forget` would keep of
# random histories is what a plan keeps.
. "$T/cli/lib.sh" || exit 1
need restic jq

RANDOM=2026
SNAPSHOTS=16 # of each zone
POLICIES=16
export HOME=$SCRATCH RESTIC_REPOSITORY=$SCRATCH/repo RESTIC_PASSWORD=x
echo tiny >f

# One more point, in a history that begins with bursts and ends with gaps:
# what the zone's clock shows.  It belongs to some of four histories.  They end
# before today, as restic does not count points of the future in "within".
more()
{
	local tags=all k step=$((RANDOM % 30 * 3600))
	case $((RANDOM % 8)) in
	0) step=$((RANDOM % 120 * 60)) ;;
	1) step=$((RANDOM % 60 * 86400)) ;;
	2) step=$((RANDOM % 400 * 86400)) ;;
	esac
	when=$((when + step + 61))
	for k in 1 2 3 4; do
		[ $((RANDOM % 3)) -eq 0 ] || tags=$tags,h$k
	done
	TZ=$1 restic backup -q --no-cache --host "$1" --tag "$tags" \
		--time "$(TZ=$1 date -d @$when '+%F %T')" f || exit 1
}

# Two zones at once: restic waits for its key most of the time.
fill()
{
	local zone=$1 i when
	RANDOM=$2
	when=$(date -d "2017-1$((RANDOM % 3))-2$((RANDOM % 10))T22:00:00Z" +%s)
	for ((i = 0; i < SNAPSHOTS; i++)); do
		more "$zone"
	done
}

# A random policy, in restic's words and in ours.
policy()
{
	local key n
	theirs=() ours=()
	for key in last daily weekly monthly yearly; do
		n=$((RANDOM % 9 - 3))
		[ $n -gt 0 ] || continue
		theirs+=("--keep-$key" "$n")
		ours+=("$key=$n")
	done
	if [ ${#ours[@]} -eq 0 ] || [ $((RANDOM % 4)) -eq 0 ]; then
		n=$((RANDOM % 2000 + 1))
		theirs+=(--keep-within "${n}h")
		ours+=("within=$((n * 3600))")
	fi
}

# judge_zone ZONE TEXT: what restic said of the host of that name.
judge_zone()
{
	jq --arg host "$1" '.[] | select(.host == $host)' said >of_zone
	jq -r '.keep[].id' of_zone | sort >want
	jq -r '(.keep + (.remove // []))[] | "\(.id) \(.time)"' of_zone |
		"${B%/bin}/test/tell_keep" "$1" "${ours[@]}" | sort >got
	check "$1 $2: $(wc -l <want)" cmp want got
	sum=$((sum + $(jq '.remove // [] | length' of_zone)))
}

# compare TAG: a policy on the histories with this tag.  Each point's time is
# kept with its zone, so the zone of now is nothing.
compare()
{
	policy
	restic forget --no-cache --dry-run --json --group-by host --tag "$1" \
		"${theirs[@]}" >said || exit 1
	judge_zone UTC "$1 ${ours[*]}"
	judge_zone Europe/Paris "$1 ${ours[*]}"
}

check "a repository" restic init -q
fill UTC 1 &
other=$!
fill Europe/Paris 2
check "the histories are there" wait $other
sum=0
for ((i = 0; i < POLICIES; i++)); do
	compare "$([ $i -lt 4 ] && echo all || echo h$((RANDOM % 4 + 1)))"
done
check "points went ($sum)" test $sum -gt $((POLICIES * 6))
