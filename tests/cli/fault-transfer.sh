#!/bin/bash
# timeout: 240
# A disk that did not come whole is never taken for a backup.  A trouble that
# passes is survived; one that stays ends the run, says what came, and leaves
# nothing behind.
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/fault.sh" || exit 1

quick_host esxi
where=localhost:$HOST_PORT
raw=$HOST_SPEC/odd01.raw
of_disk="esxbk-export-ovf: export odd01: Hard disk 1:"
again='odd01: tried again with a new lease: Hard disk 1:'
digest='[0-9a-f]{64}'

export_odd()
{
	local want=$1
	shift
	xp "$want" --quiesce off -o d odd01 "$@"
}

# fails STATUS PATTERN FAULT [OPTION...]: with a fault that stays.
fails()
{
	local status=$1 pattern=$2
	fault "$3"
	shift 3
	export_odd "$status" --retries 0 "$@"
	said_like "$of_disk $pattern"
	same "$(cat out)" '' "no path"
	only_points d
	host_idle
	clear_faults
}

# heals FAULT PATTERN: with one that occurs once.
heals()
{
	fault "$1"
	export_odd 0 --retries 0 --json
	said
	warned "$again $2"
	same "$(result '.outcome, .warnings[].code')" $'warn\nW_RETRIED' \
		"the result tells of it"
	disk_good "$(result '.path // empty')" "$raw"
	host_idle
	rm -rf d
}

# The line breaks, in a way that HTTP shows.
fails 74 "$where: transfer broken after [0-9]+ bytes: .*reset by peer" \
	'{"kind":"reset","after_bytes":100000,"times":0}'
same "$(transfers)" 1 "no other attempt with --retries 0"
same "$(wc -l <err)" 1 "one line, and no warning"

# A clean end says nothing: only the content shows that it is not all.  The
# host may have been unlucky, so such a disk is fetched twice.
before=$(transfers)
fails 74 'stream ends after 100000 bytes, inside a grain' \
	'{"kind":"short","after_bytes":100000,"times":0}'
same $(($(transfers) - before)) 2 "a second lease, and no third"
warned "$again stream ends after 100000 bytes, inside a grain"
fails 74 'the stream is empty' '{"kind":"empty","times":0}'
warned "$again the stream is empty"

# All but the end marker.
size=$(jq -rn 'last(inputs | select(.event == "nfc-end")) | .bytes' "$HOST_EVENTS")
same "$size" 0 "the last one was empty"
export_odd 0
disk_good "$(cat out)" "$raw"
size=$(stat -c %s "$(cat out)"/*.vmdk)
rm -r d
fails 74 "stream ends after $((size - 512)) bytes.*" \
	"{\"kind\":\"short\",\"after_bytes\":$((size - 512)),\"times\":0}"

# A bit fell over on the way: in a grain, and where no grain is.
fails 74 'grain at sector [0-9]* does not inflate' \
	'{"kind":"damage","after_bytes":3000000,"times":0}'
fails 74 "what came has digest $digest, the host sent $digest" \
	'{"kind":"damage","after_bytes":300,"times":0}'

# The host answers, but not with a disk.
fails 75 'localhost answers HTTP status 404' \
	'{"kind":"status","status":404,"times":0}'
fails 77 'localhost answers HTTP status 403' \
	'{"kind":"status","status":403,"times":0}'

# Where a redirect leads nobody knows: it is not followed.
before=$(transfers)
fails 74 'localhost answers HTTP status 302' "{\"kind\":\"redirect\",
	\"times\":0,\"what\":\"$HOST_URL\"}"
same "$(transfers)" "$before" "nothing was transferred"

# Nothing moves any more.  The run does not wait for ever.
stall=2
[ -z "${VALGRIND:-}" ] || stall=30
mark_time
fails 74 "$where: no byte for $stall s after 300000 bytes" \
	'{"kind":"stall","after_bytes":300000,"ms":60000,"times":0}' \
	--stall-timeout "${stall}s"
soon 8

# The host says that it sent something else.
fails 74 "what came has digest $digest, the host sent $digest" \
	'{"kind":"manifest-wrong","times":0}'
fails 74 "$size bytes came, the host sent $((size + 512))" \
	'{"kind":"manifest-wrong","what":"size","times":0}'

# It says nothing: that is no failure, but the result tells.
unverified()
{
	fault "$1"
	export_odd 0 --json
	same "$(result '.outcome, .warnings[].code')" \
		$'warn\nW_UNVERIFIED_BY_HOST' "the result tells of it"
	point=$(result '.path // empty')
	same "$(record "$point" '.disks[0].host_check, .warnings[0].code')" \
		$'unverified\nW_UNVERIFIED_BY_HOST' "so does backup.json"
	disk_good "$point" "$raw"
	clear_faults
	rm -rf d
}
unverified '{"kind":"no-manifest","times":0}'
unverified '{"kind":"no-manifest","what":"empty","times":0}'

# What happens once is survived, and the backup is good.
heals '{"kind":"short","after_bytes":100000}' 'stream ends after 100000 bytes.*'
heals '{"kind":"empty"}' 'the stream is empty'
heals '{"kind":"damage","after_bytes":3000000}' 'grain at sector .* does not inflate'
heals '{"kind":"manifest-wrong"}' 'what came has digest .*'

# A host that sends one disk for a lease, and nothing for the others.
host_stop
host_spec()
{
	local i
	HOST_SPEC=$SCRATCH/spec
	mkdir -p "$HOST_SPEC"
	for i in 0 1 2 3 4; do
		truncate -s $((i + 1))M "$HOST_SPEC/$i.raw"
		echo "disk $i" | dd of="$HOST_SPEC/$i.raw" bs=512 seek=1 \
			conv=notrunc status=none
		echo "{\"file\": \"$HOST_SPEC/$i.raw\"}"
	done | jq -s '[{"name": "five", "disks": .}]' >"$HOST_SPEC/spec.json"
}
quick_host esxi
before=$(leases)
for i in 1 2 3 4; do
	fault "{\"kind\":\"empty\",\"disk\":$i,\"times\":$i}"
done
xp 0 --retries 0 -j 1 -o five five
same $(($(leases) - before)) 5 "a lease for each"
point_good "$(cat out)" "$HOST_SPEC"/{0,1,2,3,4}.raw
for i in 1 2; do
	fault "{\"kind\":\"empty\",\"disk\":$i,\"times\":0}"
done
before=$(leases)
xp 74 --retries 0 -j 1 -o six five
same $(($(leases) - before)) 2 "no other if it brings nothing"
