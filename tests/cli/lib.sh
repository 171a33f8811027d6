# shellcheck shell=bash
# What a CLI test stands on.  A test is a user's story:
#
#	. "$T/cli/lib.sh" || exit 1
#	echo longer | run 65 esxbk-put -o f --max=3
#	same "$(cat err)" "esxbk-put: error: put f: more than 3 bytes"
#
# It starts in an empty folder of its own.  tests/run sets T (tests/), B (the
# binaries), HOST (the pretend host) and SCRATCH (a second folder for what must
# not lie in the way).  All clean-up is done by the EXIT trap set here: a test
# that needs a trap of its own puts the command into AT_EXIT.
#
# Checks, each one line "ok - ..." or "not ok - ..."; a failed one is
# remembered, and the test goes on:
#	run STATUS CMD ARG...   run $B/CMD; stdout to ./out, stderr to ./err
#	start CMD ARG...        the same in the background; its id is in $PID
#	finish STATUS           wait for it
#	same GOT WANT [TEXT]    two strings
#	has FILE TEXT, hasnt FILE TEXT     a fixed string in a file
#	check TEXT CMD ARG...   CMD ends with status 0
#	pass TEXT, fail TEXT    for what these do not cover
# Others:
#	skip WHY                end the test here as skipped
#	need PROGRAM...         skip unless all are installed
#	wait_for SECONDS CMD... until CMD succeeds; fails if it never does
#	has_read BYTES          the process of start has read so many
#
# The pretend host, as many as wanted; the variables are those of the last:
#	host_start [-w] FLAVOR [ARG...]   FLAVOR esxi or vcenter; -w gives it a
#		copy of the disks, for a test that changes them; ARGs go to it
#	host_stop               stop the last one started
#	hx STATUS CMD ARG...    run with the options to connect (in array HX)
#	ctl PATH [JSON]         ask or tell its control socket
#	event_count EXPR        how many of its events fit a jq expression
#	HOST_URL HOST_PORT HOST_PIN (sha256:HEX) HOST_CA HOST_CTL HOST_EVENTS
#	HOST_NFC_PORT HOST_DIR HOST_SPEC HOST_PASSWORD HOST_PASSWORD_FILE

: "${T:?run this with tests/run}" "${B:?}" "${HOST:?}" "${SCRATCH:?}"
AT_EXIT=:
PID=''
HX=()
HOSTS=()
HOST_DIR=''
# Characters that XML, JSON and shells all treat in a way of their own.
# shellcheck disable=SC2016 # nothing is to expand
HOST_PASSWORD='s&cret <1> "$x"'
HOST_PASSWORD_FILE=$SCRATCH/password
(umask 077 && printf '%s\n' "$HOST_PASSWORD" >"$HOST_PASSWORD_FILE") || exit 1
# Nor may what this machine's own runs left decide anything.
export STATE_DIRECTORY=$SCRATCH/state RUNTIME_DIRECTORY=$SCRATCH/run
mkdir -p "$STATE_DIRECTORY" "$RUNTIME_DIRECTORY" || exit 1

# The tool in front of a C program, if memory is to be watched.
UNDER=()
if [ -n "${VALGRIND:-}" ]; then
	UNDER=(valgrind -q --error-exitcode=99 --leak-check=full
		"--log-file=$SCRATCH/valgrind.%p")
fi

pass()
{
	echo "ok - $1"
}

# A file and not a variable remembers: "echo x | run" is a subshell.
fail()
{
	echo "not ok - $1"
	: >"$SCRATCH/failed"
}

skip()
{
	echo "# skip: $1"
	exit 77
}

need()
{
	local p
	for p in "$@"; do
		command -v "$p" >/dev/null || skip "$p is not installed"
	done
}

show_file()
{
	[ ! -s "$1" ] || head -c 20000 "$1" | sed "s/^/#   ${1##*/}: /"
}

# judge GOT WANT CMD ARG...: the verdict on an exit status.
judge()
{
	local got=$1 want=$2
	shift 2
	if [ "$got" -eq "$want" ]; then
		pass "exit $want: $*"
		return
	fi
	fail "exit $got, not $want: $*"
	show_file out
	show_file err
	if [ -n "${VALGRIND:-}" ]; then
		cat "$SCRATCH"/valgrind.* 2>/dev/null
		rm -f "$SCRATCH"/valgrind.*
	fi
}

run()
{
	local want=$1 rc=0
	shift
	"${UNDER[@]}" "$B/$1" "${@:2}" >out 2>err || rc=$?
	judge "$rc" "$want" "$@"
}

# A shell gives its background jobs an ignored SIGINT and an empty standard
# input; undo that.
start()
{
	STARTED=("$@")
	env --default-signal=INT,QUIT "${UNDER[@]}" "$B/$1" "${@:2}" \
		<&0 >out 2>err &
	PID=$!
}

finish()
{
	local rc=0
	wait "$PID" || rc=$?
	PID=''
	judge "$rc" "$1" "${STARTED[@]}"
}

same()
{
	if [ "$1" = "$2" ]; then
		pass "${3:-same: ${2%%$'\n'*}}"
		return
	fi
	fail "${3:-same}"
	diff -u --label want --label got <(printf '%s\n' "$2") \
		<(printf '%s\n' "$1") | sed 's/^/#   /'
}

has()
{
	if grep -qF -- "$2" "$1"; then
		pass "$1 has: $2"
	else
		fail "$1 has not: $2"
		show_file "$1"
	fi
}

# A file that is not there has nothing, but no test means that.
hasnt()
{
	if [ -e "$1" ] && ! grep -qF -- "$2" "$1"; then
		pass "$1 has not: $2"
	else
		fail "$1 is missing or has: $2"
		show_file "$1"
	fi
}

check()
{
	local text=$1
	shift
	if "$@" >"$SCRATCH/check" 2>&1; then
		pass "$text"
	else
		fail "$text: $*"
		show_file "$SCRATCH/check"
	fi
}

wait_for()
{
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		if [ $SECONDS -ge $end ]; then
			fail "waited in vain for: $*"
			return 1
		fi
		sleep 0.05
	done
}

has_read()
{
	[ "$(sed -n 's/^rchar: //p' "/proc/$PID/io")" -ge "$1" ]
}

# --- the pretend host -------------------------------------------------------

# The disks and the spec, made once by qemu-img for all tests.
host_spec()
{
	local spec=${HOST%/*}/spec
	mkdir -p "${HOST%/*}" || return 1
	(
		flock 9
		# A copied tree still has the disks of its original in the spec.
		[ "$spec/.done" -nt "$T/host/mkspec" ] &&
			[ "$(cat "$spec/.done")" = "$spec" ] && exit 0
		rm -rf "$spec"
		"$T/host/mkspec" "$spec" >&2 && echo "$spec" >"$spec/.done"
	) 9>"$spec.lock" || return 1
	HOST_SPEC=$spec
}

host_ready()
{
	jq -e .url "$HOST_DIR/host.json" >/dev/null 2>&1 ||
		! kill -0 "${HOSTS[-1]}" 2>/dev/null
}

# Without a host the rest of a story is noise: end it here, failed.
host_lost()
{
	fail "the pretend host: $1"
	exit 1
}

host_start()
{
	local copy=''
	[ "$1" != -w ] || { copy=1 && shift; }
	local flavor=$1
	shift
	[ -x "$HOST" ] || host_lost "$HOST is not there; run make tests"
	host_spec || host_lost "mkspec failed"
	HOST_DIR=$SCRATCH/host.${#HOSTS[@]}
	mkdir -p "$HOST_DIR" || exit 1
	if [ -n "$copy" ]; then
		cp -a --reflink=auto --sparse=always "$HOST_SPEC" \
			"$HOST_DIR/spec" || host_lost "cannot copy the disks"
		# The spec names its disks by their whole path.
		sed -i "s|$HOST_SPEC/|$HOST_DIR/spec/|g" \
			"$HOST_DIR/spec/spec.json"
		HOST_SPEC=$HOST_DIR/spec
	fi
	"$HOST" --flavor "$flavor" --spec "$HOST_SPEC/spec.json" \
		--state "$HOST_DIR" --user root \
		--password-file "$HOST_PASSWORD_FILE" --die-with-parent "$@" \
		>"$HOST_DIR/log" 2>&1 &
	HOSTS+=($!)
	wait_for 30 host_ready
	host_read || host_lost "$(tail -n 20 "$HOST_DIR/log")"
}

host_read()
{
	local json=$HOST_DIR/host.json
	HOST_URL=$(jq -er .url "$json") || return 1
	HOST_PORT=$(jq -r .port "$json")
	HOST_NFC_PORT=$(jq -r .nfc_port "$json")
	HOST_PIN=sha256:$(jq -r .thumbprint_sha256 "$json")
	HOST_CA=$(jq -r .cacert "$json")
	HOST_CTL=$(jq -r .control "$json")
	HOST_EVENTS=$HOST_DIR/events.jsonl
	HX=(-s "localhost:$HOST_PORT" -u root
		--password-file "$HOST_PASSWORD_FILE" --thumbprint "$HOST_PIN")
	export HOST_URL HOST_PORT HOST_NFC_PORT HOST_PIN HOST_CA HOST_CTL
	export HOST_EVENTS HOST_DIR HOST_SPEC
}

host_stop()
{
	local pid=${HOSTS[-1]:-}
	[ -n "$pid" ] || return 0
	kill "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	HOSTS[-1]=''
}

hx()
{
	local want=$1 cmd=$2
	shift 2
	run "$want" "$cmd" "${HX[@]}" "$@"
}

ctl()
{
	curl -sS --fail-with-body --unix-socket "$HOST_CTL" \
		${2:+-H 'Content-Type: application/json' -d "$2"} \
		"http://host/${1#/}"
}

event_count()
{
	jq -n "[inputs | select($1)] | length" "$HOST_EVENTS"
}

at_exit()
{
	local rc=$? pid
	trap - EXIT
	eval "$AT_EXIT"
	for pid in $PID "${HOSTS[@]}"; do
		[ -z "$pid" ] || kill "$pid" 2>/dev/null
	done
	wait
	if [ -e "$SCRATCH/failed" ]; then
		[ -z "$HOST_DIR" ] || tail -n 20 "$HOST_DIR/log" |
			sed 's/^/#   host: /'
		[ "$rc" -ne 0 ] || rc=1
	fi
	exit "$rc"
}
trap at_exit EXIT
trap 'exit 143' TERM INT HUP
