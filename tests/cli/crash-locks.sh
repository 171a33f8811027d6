#!/bin/bash
# A lock must not outlive its holder, nor what a dead run left pile up: night
# after night somebody else would have to clear it away.
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/crash.sh" || exit 1

need flock
VM=odd01
swift_host
slow='{"kind":"slow","vm":"odd01","bytes_per_second":2000000,"times":0}'
own='esxbk-[0-9_]*-[0-9a-f]*'

begin()
{
	fault "$slow"
	start esxbk-export-ovf "${HX[@]}" --quiesce off -o "$OUT" "$VM"
	wait_for 20 transferring "$OUT" 1000000
	clear_faults
}

killed()
{
	kill -KILL "$PID"
	{ wait "$PID"; } 2>/dev/null
	PID=''
}

export_vm()
{
	local want=$1
	shift
	xp "$want" --quiesce off -o "$OUT" "$@" "$VM"
}

# --- the holder stands still -------------------------------------------------

# A run that hangs, for example on a dead NFS server, is not pushed aside.
begin
kill -STOP "$PID"
begun=$SECONDS
mkdir second
(
	cd second || exit 1
	export_vm 75
	said_like "esxbk-export-ovf: export odd01: $OUT/\.w-[0-9a-f]{8} is locked by another run"
)
check "soon: $((SECONDS - begun)) s" test $((SECONDS - begun)) -le 4
same "$(snapshots)" 1 "the second one made no snapshot"
same "$(points_in)" .odd01_TIME.partial "and left the first one's folder"

# --- the holder dies ---------------------------------------------------------

# The kernel lets go of the lock; only the dead run's lease is in the way.
killed
same "$(ours_on_host)" "1 0 1" "it left a lease and a snapshot"
export_vm 75
said_like "esxbk-export-ovf: export odd01: leftover snapshot $own could not be removed: remove snapshot: FileLocked: .*"
same "$(points_in)" '' "its folder is gone all the same"
time_passes
export_vm 0
check "a whole point" whole "$(cat out)"
same "$(find "$OUT" -name '.w-*' | wc -l)" 1 "one lock file"
host_idle

# Who only looks whether somebody is at work holds it for a moment.
(flock 9 && touch looking && exec sleep 0.7) 9<>"$(echo "$OUT"/.w-*)" &
wait_for 10 test -e looking
export_vm 0
said ''
wait $!
rm -rf "$OUT"

# So does a dead run's helper, whom it does not get.
begin
read -r lock <<<"$(cd "$OUT" && echo .w-*)"
same "$(find "/proc/$PID/fd" -lname "*/$lock" | wc -l)" 1 "it holds the lock"
while read -r fd; do
	check "descriptor $fd goes to no child" test $((0$(sed -n \
		's/^flags:[[:blank:]]*//p' "/proc/$PID/fdinfo/$fd") & 02000000)) -ne 0
done < <(find "/proc/$PID/fd" -lname "$OUT*" -printf '%f\n')
killed
time_passes
export_vm 0
rm -rf "$OUT"

# --- the trouble stays -------------------------------------------------------

# Killed once, and then the snapshot cannot be removed for three nights.
begin
killed
time_passes
fault '{"kind":"snapshot-remove-error","vm":"odd01","times":0}'
made=$(snapshots)
for night in 1 2 3; do
	export_vm 75
	said_like "esxbk-export-ovf: export odd01: leftover snapshot $own could not be removed: .*"
	same "$(ours_on_host)" "0 0 1" "night $night: one snapshot"
	same "$(points_in)" '' "night $night: nothing else"
done
same "$(snapshots)" "$made" "none was made in those nights"
clear_faults
export_vm 0
check "then a whole point" whole "$(cat out)"
same "$(points_in)" odd01_TIME
host_idle
rm -rf "$OUT"

# It cannot be removed after a failed transfer, either: the failure is the
# status, and the snapshot is told of as well.
fault '{"kind":"snapshot-remove-error","vm":"odd01","times":0}'
fault '{"kind":"status","status":404,"vm":"odd01","times":0}'
export_vm 75 --retries 0
same "$(sed "s/$own/esxbk-ID/" err)" "esxbk-export-ovf: odd01: snapshot esxbk-ID could not be removed: remove snapshot: FileLocked: Unable to access file since it is locked
esxbk-export-ovf: export odd01: Hard disk 1: localhost answers HTTP status 404"
same "$(ours_on_host)" "0 0 1" "one snapshot"
clear_faults
export_vm 0
host_idle
rm -rf "$OUT"

# --- a VM of the same name ---------------------------------------------------

# Another host's VM has the same name, but is another one: its lock is its
# own, and the folder it is being written to is not a dead run's.
first=("${HX[@]}")
other=$HOST_CTL
begin
swift_host
ctl 'rename?vm=odd01&name=elsewhere' '{}' >/dev/null
ctl 'rename?vm=qemu01&name=odd01' '{}' >/dev/null
mkdir beside
(
	cd beside || exit 1
	export_vm 0
	check "the second one is whole" whole "$(cat out)"
	disk_good "$(cat out)" "$HOST_SPEC/qemu01.raw"
)
check "the first one goes on" kill -0 "$PID"
same "$(points_in)" ".odd01_TIME.partial
odd01_TIME" "its folder is still there"
host_idle
finish 0
disk_good "$(cat out)" "$HOST_SPEC/odd01.raw"
check "the first one is whole" whole "$(cat out)"
same "$(points_in)" $'odd01_TIME\nodd01_TIME' "two points"
HOST_CTL=$other HX=("${first[@]}")
same "$(ours_on_host)" "0 0 0" "nothing left on the first host"
