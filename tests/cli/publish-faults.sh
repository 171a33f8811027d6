#!/bin/bash
# timeout: 240
# A full or failing disk never leaves something that looks like a backup.
# Each system call by which a point is written fails once, by itself, with
# what a disk or file system may answer; the run says so, exits with the right
# status and leaves nothing, here or on the host.
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/crash.sh" || exit 1

may_trace
swift_host
injected=0

errors_of()
{
	case $1 in
	mkdir | mkdirat | openat) echo ENOSPC EROFS EACCES ;;
	write) echo ENOSPC EIO ;;
	fchmod) echo EIO EROFS ;;
	fsync) echo EIO ENOSPC EINVAL ;;
	close) echo EIO ;;
	flock) echo ENOLCK ;;
	renameat2) echo ENOSPC EIO EROFS EEXIST EINVAL ;;
	esac
}

# expect CALL GROUP ERRNO N: sets WANT to the status, POINT to what lies there.
# A folder that cannot be closed and one that cannot be locked, as on NFS, are
# no harm; NFS refuses a rename with flags, too; and nobody asks why a folder
# that is there cannot be made.  Some file systems know no fsync of a folder
# and say EINVAL; of a file that is a failure as any other.  The last fsync
# comes after the point has its name: it is there, but nobody may rely on it.
expect()
{
	WANT=$(status_of "$3") POINT=''
	case $1,$2,$3 in
	mkdir,OUT,*) [ "$4" -eq 1 ] || WANT=0 POINT=${VM}_TIME ;;
	close,FINAL,* | close,OUT,* | close,LOCK,* | close,ABOVE,* | \
		flock,PARTIAL,* | renameat2,OUT,EINVAL)
		WANT=0 POINT=${VM}_TIME
		;;
	fsync,OUT,EINVAL | fsync,PARTIAL,EINVAL | fsync,ABOVE,EINVAL)
		WANT=0 POINT=${VM}_TIME
		;;
	fsync,OUT,*) WANT=74 POINT=${VM}_TIME ;;
	fsync,* | close,*) WANT=74 ;;
	esac
}

# What the one line on stderr is to say of it.
line_of()
{
	local what=$OUT disk='' file="$OUT/.${VM}_TIME.partial"
	case $2 in
	OUT) [[ $1 == fsync || $4 == . ]] || what=$file ;;
	PARTIAL) what=$file ;;
	ABOVE) what=${OUT%/*} ;;
	LOCK) what=$OUT/$LOCK_NAME ;;
	*) what=$file/$2 ;;
	esac
	case $2 in
	*.vmdk) disk='Hard disk 1: ' ;;
	*.nvram) disk='nvram: ' ;;
	esac
	case $1,$2 in
	openat,LOCK) set -- "open lock $what" "$3" ;;
	openat,OUT | openat,ABOVE) set -- "open $what" "$3" ;;
	openat,*) set -- "create $what" "$3" ;;
	mkdir*) set -- "make folder $what" "$3" ;;
	fchmod,*) set -- "chmod $what" "$3" ;;
	flock,*) set -- "lock $what" "$3" ;;
	renameat2,*) set -- "rename $what to ${VM}_TIME" "$3" ;;
	*) set -- "$1 $what" "$3" ;;
	esac
	echo "esxbk-export-ovf: export $VM: $disk$1: $(words_of "$2")"
}

# try CALL GROUP N ERRNO PATH: one run, one line.
try()
{
	local wrong='' said there
	watch "$2"
	traced "${PATHS[@]}" -e "inject=$1:error=$4:when=$3"
	expect "$1" "$2" "$4" "$3"
	[ "$(grep -c '(INJECTED)' trace)" = 1 ] || wrong+=', not injected once'
	injected=$((injected + $(grep -c '(INJECTED)' trace)))
	[ "$RC" -eq "$WANT" ] || wrong+=", exit $RC, not $WANT"
	said=$(sed "s/${VM}_[0-9]\{8\}_[0-9]\{6\}/${VM}_TIME/g" err)
	if [ "$WANT" -eq 0 ]; then
		[ -z "$said" ] || wrong+=", said: $said"
	else
		there=$(line_of "$1" "$2" "$4" "$5")
		[ "$said" = "$there" ] || wrong+=", said: $said, not: $there"
		[ ! -s out ] || wrong+=', a path on stdout'
	fi
	there=$(points_in)
	[ "$there" = "$POINT" ] || wrong+=", there is: '$there'"
	# The next run would take it for one that is on the disk.
	[ "$2" != ABOVE ] || [ -n "$POINT" ] || [ ! -e "$OUT" ] ||
		wrong+=', the new folder is there'
	[ -z "$POINT" ] || whole "$OUT/${VM}"_* || wrong+=', the point is bad'
	[ "$(ours_on_host)" = "0 0 0" ] || wrong+=", host: $(ours_on_host)"
	if [ -z "$wrong" ]; then
		pass "$4 at $1 $3 of $2: exit $WANT, ${POINT:-nothing} left"
	else
		fail "$4 at $1 $3 of $2$wrong"
	fi
	rm -rf "$OUT"
}

# --- a good run tells what there is to fail ----------------------------------

traced
same "$RC" 0 "a good run under strace"
point=$(cat out)
check "its point is whole" whole "$point"
# shellcheck disable=SC2034 # for watch
LOCK_NAME=$(basename "$OUT"/.w-*)
targets <trace >all
calls=$(calls_of <trace)
same "$(cut -d' ' -f2 all | sort -u | grep -vx ABOVE)" "$( (printf '%s\n' \
	OUT LOCK PARTIAL FINAL && ls "$point") | sort)" \
	"calls on each file of the point and on its folders"
for file in "$point"/*; do
	same "$(grep " ${file##*/} " all | cut -d' ' -f1 | sort -u | xargs)" \
		'close fchmod fsync openat write' "calls on ${file##*/}"
done
rm -rf "$OUT"

# Of many writes to a file the first, the middle and a late one; the sizes of
# what comes over the line are not the same each time.
picked()
{
	awk '{ n[$1 " " $2] = $3; line[NR] = $0 }
		END {
			for (i = 1; i <= NR; i++) {
				split(line[i], f)
				last = n[f[1] " " f[2]]
				if (last < 4 || f[3] == 1 ||
				    f[3] == int(last / 2) ||
				    f[3] == int(last * 3 / 4))
					print line[i]
			}
		}' all
}

wanted=0
while read -r call group n; do
	path=$(echo "$calls" | grep -E "^$call (\.|partial) " |
		sed -n "${n}s/^$call \([^ ]*\) .*/\1/p")
	for errno in $(errors_of "$call"); do
		wanted=$((wanted + 1))
		try "$call" "$group" "$n" "$errno" "$path" </dev/null
	done
done < <(picked)
same $injected $wanted "every fault was injected"
check "$injected faults" test $injected -ge 70

# --- folders that know no fsync ----------------------------------------------

# folders_without TOOL ARG...: all of a run's folders
folders_without()
{
	rm -rf "$OUT" && mkdir "$OUT"
	watch OUT PARTIAL
	ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 strace -f -o trace \
		-e trace=fsync "${PATHS[@]}" -e inject=fsync:error=EINVAL \
		"$B/$1" "${HX[@]}" --quiesce off -o "${@:2}" "$VM" >out 2>err
	same "$?" 0 "$1: no folder knows fsync"
	same "$(cat err)" '' "nothing is said"
	check "none did" grep -q 'EINVAL.*(INJECTED)' trace
}

folders_without esxbk-export-vmdk "$OUT"
check "the point is whole" whole "$(cat out)"
folders_without esxbk-export-ovf "$OUT/vm.ova" --format=ova
check "the OVA is good" "$B/esxbk-verify" -q "$OUT/vm.ova"
rm -rf "$OUT"

# --- two at once -------------------------------------------------------------

# What cannot be removed stays and is told; the reason stays the first one.
# The next run removes it.
watch backup.json
traced "${PATHS[@]}" -e inject=fsync:error=EIO:when=1 \
	-e inject=unlinkat:error=EROFS
same "$RC" 74 "the first failure's status"
same "$(grep -c INJECTED trace)" "$((1 + $(grep -c '^[0-9]* *unlinkat' trace)))" \
	"fsync and removal failed"
same "$(sed "s/${VM}_[0-9_]*/${VM}_TIME/g" err)" "esxbk-export-ovf: warning: $OUT/.${VM}_TIME.partial stays behind: remove backup.json: Read-only file system
esxbk-export-ovf: export $VM: fsync $OUT/.${VM}_TIME.partial/backup.json: Input/output error"
same "$(points_in)" ".${VM}_TIME.partial" "it is no point"
xp 0 -o "$OUT" "$VM"
same "$(points_in)" "${VM}_TIME" "the next run removed it"
check "and made a whole one" whole "$(cat out)"
rm -rf "$OUT"

# --- a large disk is written back early --------------------------------------

# That is only for speed: fsync tells of a failure.
VM=prod-web
watch $VM-disk1.vmdk
traced "${PATHS[@]}" -e inject=sync_file_range:error=EIO
same "$RC" 0 "early write-back refused"
check "it was" grep -q 'sync_file_range.*INJECTED' trace
check "the point is whole" whole "$(cat out)"
host_idle
