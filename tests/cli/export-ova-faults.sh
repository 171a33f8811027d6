#!/bin/bash
# An OVA is whole or not there: whatever breaks, no file has its name, no junk
# is in one that healed, and nothing stays on the host.
# timeout: 240
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/ova.sh" || exit 1

refused()
{
	local text=$1 before
	shift
	before=$(event_count '.event == "login"')
	xp 64 "$@"
	same "$(cat err)" "esxbk-export-ovf: $text"
	same "$(cat out)" '' "nothing on stdout"
	same "$(event_count '.event == "login"')" "$before" "no login"
}

usage()
{
	local wants='--format ova wants --output FILE.ova, or -'
	refused '--format dir cannot be written to standard output, --format ova can' -o - db01
	refused "for the file x.ova say --format ova, for a folder 'x.ova/'" \
		-o x.ova db01
	refused "$wants" --format ova -o x db01
	refused "$wants" --format ova -o x.ova/ db01
	refused "$wants" --format ova -o .ova db01
	refused "$wants" --format ova -o d/.ova db01
	refused '--if-older is for points, an OVA is none' \
		--format ova -o x.ova --if-older 1h db01
	refused '--plan is for points, an OVA is none' \
		--format ova -o x.ova --plan p db01
	ova 64 -o - --json db01
	said 'esxbk-export-ovf: standard output takes the archive: give --result FILE in place of --json'
	same "$(jq -r '[.type, .class] | join(" ")' out)" 'summary usage'
	ova 64 -o x.ova db01 uefi01
	said 'esxbk-export-ovf: an OVA holds one VM, these are 2'
	ova 64 -o - 'name:*01'
	said_like 'esxbk-export-ovf: an OVA holds one VM, these are [0-9]+'
	same "$(cat out)" '' "nothing on stdout"
	xp 0 -o x.ova/ --quiesce off iso01
	check "a folder may be called so" test -d x.ova
	rm -r x.ova
}

terminal()
{
	command -v script >/dev/null || return 0
	script -qec "'$B/esxbk-export-ovf' ${HX[*]@Q} --format ova -o - db01" \
		/dev/null >terminal 2>&1
	same "$?" 64 "exit 64 on a terminal"
	has terminal 'standard output is a terminal, no place for an archive'
}

# Which disks were sent since $begun, in order.
disks_sent()
{
	jq -r 'select(.event == "nfc-start") | .disk' "$HOST_EVENTS" |
		tail -n +$((begun + 1)) | xargs
}

# The second file of two is damaged once: it alone comes again.
heals()
{
	mkdir d
	begun=$(transfers)
	fault '{"kind":"damage","disk":1,"after_bytes":3000000}'
	ova 0 -o d/db.ova --quiesce off --retries 0 --result result db01
	warned 'db01: tried again with a new lease: Hard disk 2: grain at .*'
	same "$(disks_sent)" '0 1 1' "the first disk stayed"
	ova_good d/db.ova "$HOST_SPEC/db01-0.raw" "$HOST_SPEC/db01-1.raw"

	# The first one: behind it nothing can stay, and nothing is begun.
	begun=$(transfers)
	fault '{"kind":"short","disk":0,"after_bytes":100000}'
	ova 0 -o d/2.ova --quiesce off --retries 0 db01
	same "$(disks_sent)" '0 0 1' "the second had not begun"
	ova_good d/2.ova "$HOST_SPEC/db01-0.raw" "$HOST_SPEC/db01-1.raw"

	# The host says so only when both are there.
	begun=$(transfers)
	fault '{"kind":"damage","disk":0,"after_bytes":300}'
	ova 0 -o d/3.ova --quiesce off --retries 0 db01
	same "$(disks_sent)" '0 1 0 1' "both were sent twice"
	ova_good d/3.ova "$HOST_SPEC/db01-0.raw" "$HOST_SPEC/db01-1.raw"

	fault '{"kind":"reset","disk":1,"after_bytes":300000}'
	ova 0 -o d/4.ova --quiesce off --retries 1 db01
	ova_good d/4.ova "$HOST_SPEC/db01-0.raw" "$HOST_SPEC/db01-1.raw"
	only_ova d 2.ova 3.ova 4.ova db.ova
	rm -r d
	host_idle
}

fails()
{
	mkdir d
	fault '{"kind":"short","disk":1,"after_bytes":100000,"times":0}'
	ova 74 -o d/db.ova --quiesce off --retries 0 db01
	said 'esxbk-export-ovf: export db01: Hard disk 2: stream ends after 100000 bytes, inside a marker'
	only_ova d
	ova 74 -o - --quiesce off --retries 0 db01
	same "$(wc -c <out)" 0 "not a byte of half an archive"
	clear_faults
	ova 73 -o nowhere/db.ova --quiesce off db01
	said_like 'esxbk-export-ovf: export db01: open lock nowhere/.w-[0-9a-f]{8}: No such file or directory'
	echo mine >d/db.ova
	ova 73 -o d/db.ova --quiesce off db01
	said 'esxbk-export-ovf: export db01: d/db.ova: exists already'
	same "$(cat d/db.ova)" mine
	rm -r d
	host_idle
}

is_sending()
{
	[ "$(event_count '.event == "nfc-start"')" -gt "$1" ]
}

# stopped SIGNAL STATUS OUTPUT
stopped()
{
	local count
	mkdir -p d
	count=$(event_count '.event == "nfc-start"')
	fault '{"kind":"slow","bytes_per_second":2000000,"times":0}'
	start esxbk-export-ovf "${HX[@]}" --format ova -o "$3" --quiesce off \
		db01
	wait_for 20 is_sending "$count"
	kill -s "$1" "$PID"
	finish "$2"
	said "esxbk-export-ovf: export db01: interrupted by SIG$1"
	same "$(wc -c <out)" 0 "nothing on stdout"
	only_ova d
	same "$(find "$TMPDIR" -maxdepth 1 -name '*spool*')" '' "no spool file"
	clear_faults
	host_idle
}

# A killed run leaves a partial file, which the next one of that name takes.
killed()
{
	local count
	mkdir -p d
	count=$(event_count '.event == "nfc-start"')
	fault '{"kind":"slow","bytes_per_second":2000000,"times":0}'
	start esxbk-export-ovf "${HX[@]}" --format ova -o d/db.ova \
		--quiesce off db01
	wait_for 20 is_sending "$count"
	# Another run, and another VM into the same file.
	ova 75 -o d/other.ova --quiesce off db01
	said_like 'esxbk-export-ovf: export db01: d/.w-[0-9a-f]{8} is locked by another run'
	ova 75 -o d/db.ova --quiesce off uefi01
	said 'esxbk-export-ovf: export uefi01: d/db.ova: another run is writing it'
	kill -s KILL "$PID"
	wait "$PID" 2>/dev/null
	PID=''
	only_ova d .db.ova.partial
	clear_faults
	ctl 'lease-error?reason=gone' '{}' >/dev/null
	ova 0 -o d/db.ova --quiesce off db01
	warned 'db01: 1 snapshots? of .*'
	ova_good d/db.ova "$HOST_SPEC/db01-0.raw" "$HOST_SPEC/db01-1.raw"
	only_ova d db.ova
	rm -r d
	ctl expire-sessions '{}' >/dev/null
}

# Two into pipes at once would take each other's snapshot for a leftover.
two_pipes()
{
	local count
	count=$(event_count '.event == "nfc-start"')
	fault '{"kind":"slow","bytes_per_second":2000000}'
	"$B/esxbk-export-ovf" "${HX[@]}" --format ova -o - --quiesce off db01 \
		>one 2>err.one &
	PID=$!
	wait_for 20 is_sending "$count"
	ova 75 -o - --quiesce off db01
	said "esxbk-export-ovf: export db01: this VM's export to standard output is locked by another run"
	wait "$PID"
	same "$?" 0 "the first one was not disturbed"
	PID=''
	ova_good one "$HOST_SPEC/db01-0.raw" "$HOST_SPEC/db01-1.raw"
	host_idle
}

broken_pipe()
{
	local rc
	"$B/esxbk-export-ovf" "${HX[@]}" --format ova -o - --quiesce off \
		--result result db01 2>err | head -c 1000 >/dev/null
	rc=${PIPESTATUS[0]}
	same "$rc" 74 "exit 74"
	said 'esxbk-export-ovf: export db01: write to standard output: Broken pipe'
	same "$(jq -c 'select(.type == "backup") | [.outcome, .class, .steps]' \
		result)" '["failed","io",{"snapshot":"ok","quiesce":"skipped","transfer":"ok","host_check":"ok","descriptor":"ok","cleanup":"ok","publish":"failed"}]'
	"$B/esxbk-export-ovf" "${HX[@]}" --format ova -o - --quiesce off \
		db01 2>err >/dev/full
	same "$?" 74 "exit 74"
	said 'esxbk-export-ovf: export db01: write to standard output: No space left on device'
	host_idle
}

# A small tmpfs, for which one has to be root.
small()
{
	mkdir -p small
	mount -t tmpfs -o "size=$1" none small 2>/dev/null || return 1
	# shellcheck disable=SC2034 # the trap of lib.sh runs it
	AT_EXIT='umount small 2>/dev/null'
}

no_space()
{
	if ! small 10m; then
		echo "ok - # SKIP no right to mount a tmpfs"
		return
	fi
	ova 74 -o small/db.ova --quiesce off db01
	said 'esxbk-export-ovf: export db01: Hard disk 1: write .db.ova.partial: No space left on device'
	only_ova small
	TMPDIR=$PWD/small ova 74 -o - --quiesce off db01
	said_like "esxbk-export-ovf: export db01: $PWD/small has (9[.][0-9]|10[.]0) MiB free for the archive, which may take [0-9.]+ MiB: set TMPDIR to a larger place"
	same "$(wc -c <out)" 0 "nothing on stdout"
	same "$(event_count '.event == "snapshot-created" and
		.vm == "db01"')" "$1" "no snapshot for that"
	umount small
	host_idle
}

quick_host esxi
usage
terminal
heals
fails
stopped TERM 143 d/db.ova
stopped INT 130 -
two_pipes
broken_pipe
snapshots=$(event_count '.event == "snapshot-created" and .vm == "db01"')
no_space $((snapshots + 1))
killed
