# shellcheck shell=bash
# What the tests of crashes and of failing disks share.  Source it after
# lib.sh.  A run exports $VM into $OUT, which lies in the test's folder.
#
#	swift_host [ARG...]    an ESXi whose tasks and leases take no time
#	may_trace              skip where strace cannot be used
#	traced [STRACE ARG...] an export under strace; its status is in $RC, its
#		output in ./out and ./err, what strace saw in ./trace
#	watch GROUP...         sets $PATHS: options of strace, to see only the
#		calls on these: OUT (that folder), ABOVE (the one it is in), LOCK,
#		PARTIAL, FINAL (the point's folder before and after it has its
#		name), or the name of a file in it
#	calls_of <trace        the calls on these as lines "CALL PATH RESULT" in
#		order of their end.  PATH: . .. .w-ID partial partial/FILE final
#	targets <trace         lines "CALL GROUP N": the Nth call of its kind
#	whole POINT            its files are those of its manifest, with the
#		digests of the manifest and of backup.json
#	points_in              what lies in $OUT: "" or names, times as _TIME
#	ours_on_host           "leases tasks snapshots", as counted by the host
#	time_passes            all open leases and sessions on the host run out
#	status_of ERRNO, words_of ERRNO    what a user sees of it

# shellcheck source=/dev/null
. "$T/cli/lib/fault.sh" || exit 1

VM=uefi01
OUT=$PWD/d
RC=0
PATHS=()
CALLS=mkdir,openat,mkdirat,write,pwrite64,fchmod,fsync,fdatasync
CALLS+=,sync_file_range,close,flock,renameat,renameat2,rename,unlinkat
SECONDS_AHEAD=60

swift_host()
{
	host_start esxi --lease-init 0ms --task-queue 0ms --task-run 0ms "$@"
}

may_trace()
{
	need strace
	[ -z "${VALGRIND:-}" ] || skip "not both strace and valgrind"
	strace -f -o trace -e inject=chdir:error=EIO sh -c 'cd /' 2>/dev/null
	grep -q INJECTED trace || skip "strace may not inject here"
}

# The shell's own word on a killed child is not to stand between the checks.
# A leak cannot be looked for under a tracer.  No --seccomp-bpf: with that a
# signal to inject is lost.
# shellcheck disable=SC2034 # RC is for those who call
traced()
{
	RC=0
	{
		ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 strace -f -y -s 0 \
			-o trace -e "trace=$CALLS" \
			--quiet=attach,personality,path-resolution "$@" \
			"$B/esxbk-export-ovf" "${HX[@]}" --quiesce off \
			-o "$OUT" "$VM" >out 2>err
	} 2>/dev/null || RC=$?
}

# A point is named after the second it was begun in.  strace needs the whole
# path of what is not there yet.
stamps()
{
	local i now
	printf -v now '%(%s)T' -1
	for ((i = 0; i < SECONDS_AHEAD; i++)); do
		TZ=UTC printf '%(%Y%m%d_%H%M%S)T\n' $((now + i))
	done
}

watch()
{
	local group path stamps
	mapfile -t stamps < <(stamps)
	PATHS=()
	for group; do
		case $group in
		OUT) path=$OUT ;;
		ABOVE) path=${OUT%/*} ;;
		LOCK) path=$OUT/$LOCK_NAME ;;
		PARTIAL) path="$OUT/.${VM}_TIME.partial" ;;
		FINAL) path="$OUT/${VM}_TIME" ;;
		*)
			path="$OUT/.${VM}_TIME.partial/$group"
			PATHS+=(-P "$group")
			;;
		esac
		if [[ $path == *TIME* ]]; then
			mapfile -t stamped < <(printf '%s\n' \
				"${stamps[@]/#/-P$'\n'${path%TIME*}}" |
				sed "/^-P\$/!s|\$|${path#*TIME}|")
			PATHS+=("${stamped[@]}")
		else
			PATHS+=(-P "$path")
		fi
	done
}

calls_of()
{
	awk -v out="$OUT" -v above="${OUT%/*}" -v vm="$VM" '
	function where(args,	dir, name)
	{
		if (match(args, /^([0-9]+|AT_FDCWD)<[^>]*>/)) {
			dir = substr(args, 1, RLENGTH - 1)
			sub(/^[^<]*</, "", dir)
			args = substr(args, RLENGTH + 1)
			if (call !~ /at2?$/ || args !~ /^, "/)
				return dir
			sub(/^, /, "", args)
		}
		match(args, /"[^"]*"/)
		name = substr(args, RSTART + 1, RLENGTH - 2)
		return name ~ /^\// ? name : dir "/" name
	}
	function relative(path)
	{
		if (path == above)
			return ".."
		if (path == out)
			return "."
		if (index(path, out "/") != 1)
			return ""
		path = substr(path, length(out) + 2)
		sub("^\\." vm "_[0-9]+_[0-9]+\\.partial", "partial", path)
		sub("^" vm "_[0-9]+_[0-9]+", "final", path)
		return path
	}
	function show(what,	result)
	{
		result = $0
		sub(/.* = /, "", result)
		sub(/[< ].*/, "", result)
		if (what != "")
			print what, result
	}
	{
		pid = $1
		sub(/^[0-9]+ +/, "")
	}
	/^(\+\+\+|---)/ { next }
	/^<\.\.\. / {
		show(begun[pid])
		begun[pid] = ""
		next
	}
	/^[a-z0-9]+\(/ {
		call = $0
		sub(/\(.*/, "", call)
		path = relative(where(substr($0, length(call) + 2)))
		what = path == "" ? "" : call " " path
		if (/<unfinished \.\.\.>$/)
			begun[pid] = what
		else
			show(what)
	}'
}

targets()
{
	calls_of | awk '{
		group = $2
		if (group ~ /^partial\//)
			sub(/^partial\//, "", group)
		else if (group == "..")
			group = "ABOVE"
		else if (group ~ /^\.w-/)
			group = "LOCK"
		else if (group == "final")
			group = "FINAL"
		else if (group == "partial" && $1 ~ /^(fsync|close|flock)$/)
			group = "PARTIAL"
		else
			group = "OUT"
		print $1, group, ++n[$1 " " group]
	}'
}

whole()
(
	cd "$1" || exit 1
	shopt -s nullglob
	mf=(*.mf)
	[ ${#mf[@]} -eq 1 ] && sha256sum --strict --status -c "${mf[0]}" &&
		[ "$(ls -A)" = "$( (sed 's/^SHA256(\(.*\))= .*/\1/' "${mf[0]}"
			printf '%s\n' backup.json "${mf[0]}") | sort)" ] &&
		jq -er 'select(.schema == "esxbk.backup/1") |
			.disks[], .files[] | "\(.sha256)  \(.file)"' \
			backup.json | sha256sum --strict --status -c
)

points_in()
{
	[ ! -e "$OUT" ] || find "$OUT" -mindepth 1 -maxdepth 1 ! -name '.w-*' \
		-printf '%f\n' | sed 's/_[0-9]\{8\}_[0-9]\{6\}/_TIME/' | sort
}

ours_on_host()
{
	ctl state | jq -r '"\(.leases | length) \(.tasks | length) \(
		[.vms[].snapshots | .. | .name? // empty |
			select(startswith("esxbk-"))] | length)"'
}

time_passes()
{
	ctl 'set?lease-timeout=1ms' '{}' >/dev/null
	ctl expire-sessions '{}' >/dev/null
	wait_for 10 no_leases
	ctl 'set?lease-timeout=300s' '{}' >/dev/null
}

no_leases()
{
	[ "$(ctl state | jq '.leases | length')" = 0 ]
}

status_of()
{
	case $1 in
	ENOSPC | EIO) echo 74 ;;
	EROFS | EACCES | EEXIST) echo 73 ;;
	*) echo 71 ;;
	esac
}

words_of()
{
	case $1 in
	ENOSPC) echo "No space left on device" ;;
	EIO) echo "Input/output error" ;;
	EROFS) echo "Read-only file system" ;;
	EACCES) echo "Permission denied" ;;
	EEXIST) echo "File exists" ;;
	ENOLCK) echo "No locks available" ;;
	EINVAL) echo "Invalid argument" ;;
	esac
}
