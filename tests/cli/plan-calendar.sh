#!/bin/bash
# What systemd makes of a plan's schedule is what run --due makes of it: the
# same moments over years, also where the clock skips the hour or has it twice.
. "$T/cli/lib.sh" || exit 1
need systemd-analyze

from=2025-12-31T12:00:00Z
to=2028-01-01T12:00:00Z
since="2025-12-31 12:00:00 UTC" # in its words

# Moments at which a timer with these lines would start the plan.
of_systemd()
{
	local line
	while read -r line; do
		systemd-analyze calendar --iterations="$1" --base-time="$since" \
			"$line" 2>&1
	done <lines | sed -n 's/^ *\(Next elapse\|Iter. #[0-9]*\): //p' |
		date -u -f - +%s | awk -v to="$(date -d $to +%s)" '$1 <= to' |
		sort -n
}

# same_moments COUNT KIND TEXT ZONE: there are that many in these two years.
same_moments()
{
	"${B%/bin}/test/tell_slots" "$2" "$3" "$4" $from $to >told
	sed '/^$/,$d' told >lines
	sed '1,/^$/d' told >ours
	of_systemd $(($1 + 1)) >theirs
	check "$2 $3 $4: the same $1 moments" cmp ours theirs
	same "$(wc -l <ours)" "$1"
}

# A daily slot each day, 365 in each year and the night before.
same_moments 731 daily 02:00 UTC
same_moments 731 daily 02:00 Europe/Paris
same_moments 731 daily 02:59 America/New_York
same_moments 731 daily 01:30 Europe/London
same_moments 731 daily 02:10 Australia/Lord_Howe
same_moments 731 daily 00:00 Africa/Cairo
same_moments 104 weekly 'sun 02:30' Europe/Paris
same_moments 105 weekly 'fri 23:00' America/St_Johns
same_moments 24 monthly '28 02:30' Europe/Paris
same_moments 25 monthly 'last 23:30' Europe/Paris
same_moments 25 monthly '1 04:30' Asia/Tokyo
