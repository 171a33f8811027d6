#!/bin/bash
# timeout: 240
# What an interrupted run left is of no use if its source can have changed, or
# if somebody has been at it: everything comes anew, and why is told.
# shellcheck disable=SC2086 # what is shared is used elsewhere
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/vmdk.sh" || exit 1

raw_host esxi
LAST=1536 # bytes of the last range
ALL=$((10 * RANGE + LAST))
changed='what is there is not the same as the source any more: everything comes anew'
cannot='flat01_[0-9_]{15} cannot be taken up'

# The guest has run in between: the times tell.
killed 4
printf x | curl -sS --unix-socket "$HOST_CTL" --data-binary @- \
	"http://host/write?vm=flat01&disk=0&offset=$((2 * RANGE + 5))" >/dev/null
touch -d "$(date -d "@$(($(date +%s) + 60))")" "$HOST_SPEC/flat01.raw"
anew $ALL "$changed"

# They lie, but the last range does not.
killed 4
touch -r "$HOST_SPEC/flat01.raw" stamp
printf y | dd of="$HOST_SPEC/flat01.raw" seek=$((10 * RANGE + 3)) oflag=seek_bytes conv=notrunc \
	status=none
touch -r stamp "$HOST_SPEC/flat01.raw"
anew $((ALL + LAST)) "$changed"

killed 4
ctl 'power?vm=flat01&on=true' '{}' >/dev/null
anew $ALL "$cannot \(the VM is running now\): everything comes anew"
ctl 'power?vm=flat01&on=false' '{}' >/dev/null

# --- a partial folder that somebody has been at --------------------------------------------

killed 4
{ head -n 1 "$PARTIAL/.journal" | jq -c '.vm = "5029"'
	tail -n +2 "$PARTIAL/.journal"; } >journal
cat journal >"$PARTIAL/.journal"
anew $ALL "$cannot \(it is of another VM\): everything comes anew"

killed 4
sed -i 1d "$PARTIAL/.journal"
anew $ALL "$cannot \(\.journal.*\): everything comes anew"

killed 4
: >"$PARTIAL/.journal"
anew $ALL "$cannot \(\.journal is cut\): everything comes anew"

killed 4
rm "$PARTIAL"/*-flat.vmdk
anew $ALL "$changed"

killed 4
truncate -s 1M "$PARTIAL"/*-flat.vmdk
anew $ALL "$changed"

# Two lines of eleven are good: only what they say counts.
killed 4
{ sed -n 1,3p "$PARTIAL/.journal"; echo '0 ?'; sed -n '4,$p' "$PARTIAL/.journal"
} >journal
cat journal >"$PARTIAL/.journal"
kept=$(sed -n 2,3p journal | awk -v r=$RANGE -v l=$LAST \
	'{ n += $2 == 10 ? l : r; if ($2 >= m) { m = $2; look = $2 == 10 ? l : r } }
	END { print n - look }')
vx 0 --resume -o d flat01
resumed $((ALL - kept))

killed 4
rm "$PARTIAL/.journal" # that is nothing to take up
vx 0 --resume -o d flat01
resumed $ALL
same "$(snapshots)" 1 'of the running one'
