# shellcheck shell=bash
# What the tests with a hostile server share.  Source it after cli/lib.sh.
#
#	evil TITLE EXPR         a fresh folder, and a server as the jq
#		expression EXPR has it (server.py)
#	list STATUS [LINE]...   esxbk-list ends so and says just these lines
#	export_vm STATUS [LINE]...     esxbk-export-ovf into o/ likewise
#	body_bad LINE           esxbk-export-ovf says LINE of what it fetched,
#		also after it tried once more
#	deploy STATUS [LINE]...        esxbk-deploy-ovf of $POINT likewise
#	asked METHOD...         these calls that end something were made, of
#		those in $ENDS, in this order
#	no_point                nothing but lock files is in o/
#	one_point               one point is in o/, into $POINT
#	requests METHOD         how many there were
#	stall TIME              --stall-timeout from here on (20s)
#
# list, export_vm and deploy take the options in ARGS, too.  With each they check that
# there was no control character in a message, that it took less than
# SECONDS_MAX of a processor and MIB_MAX, that it ended by itself, and that no
# file appeared outside o/.  In a LINE, RUN stands for the id of a run.

# shellcheck source=/dev/null
need /usr/bin/python3 openssl jq
# Of a processor, not of the wall's clock: the machine may be busy.
SECONDS_MAX=5
MIB_MAX=200
# Tools that watch memory need their own.
[ -z "${VALGRIND:-}${SANITIZE:-}" ] || SECONDS_MAX=100 MIB_MAX=4000
# Whatever still runs then never ends.
HANG_SECONDS=$((SECONDS_MAX * 2 + 50))
RUN_ID='[0-9]\{8\}_[0-9]\{6\}-[0-9a-f]\{8\}'
ENDS='HttpNfcLeaseAbort|HttpNfcLeaseComplete|RemoveSnapshot_Task|Logout'
EVIL=$SCRATCH/evil
ARGS=()
STALL=20s
CASE=0
TOP=$PWD

evil_start()
{
	mkdir "$EVIL" && echo '{}' >"$EVIL/scenario.json" || exit 1
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \
		-nodes -keyout "$EVIL/key.pem" -out "$EVIL/cert.pem" -days 2 \
		-subj /CN=localhost -addext subjectAltName=DNS:localhost \
		2>"$EVIL/openssl" || host_lost "$(cat "$EVIL/openssl")"
	/usr/bin/python3 -BEs "$T/hostile/server.py" "$EVIL" 2>"$EVIL/log" &
	HOSTS+=($!)
	# shellcheck disable=SC2034 # at_exit shows the log that is there
	HOST_DIR=$EVIL
	wait_for 20 test -s "$EVIL/port"
	EVIL_PORT=$(cat "$EVIL/port") || host_lost "$(cat "$EVIL/log")"
	HX=(-s "localhost:$EVIL_PORT" -u root
		--password-file "$HOST_PASSWORD_FILE"
		--thumbprint "sha256:$(openssl x509 -in "$EVIL/cert.pem" \
			-outform DER | sha256sum | cut -c-64)")
}

stall()
{
	STALL=$1
}

evil()
{
	echo "# $1"
	CASE=$((CASE + 1))
	mkdir -p "$TOP/$CASE/a/b" && cd "$TOP/$CASE/a/b" || exit 1
	: >"$EVIL/events.jsonl"
	jq -n "$2" >"$EVIL/scenario.new" ||
		host_lost "no scenario: $2"
	mv "$EVIL/scenario.new" "$EVIL/scenario.json"
}

# Of C0 but newline, DEL, C1, and what turns the direction of writing.
controls()
{
	LC_ALL=C grep -caP \
		'[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\x8e\x8f\xa8-\xae]' \
		"$1"
}

others()
{
	(cd "$TOP/$CASE" && find . -mindepth 1 -path ./a/b/o -prune -o -print |
		LC_ALL=C sort | tr '\n' ' ')
}

meet()
{
	local want=$1 cmd=$2 got tenths mib line said=''
	shift 2
	for line; do
		said+=${said:+$'\n'}"$cmd: $line"
	done
	"$T/hostile/measure" "$SCRATCH/measured" $HANG_SECONDS \
		"$(command -v "${UNDER[0]:-env}")" "${UNDER[@]:1}" \
		"$B/$cmd" "${HX[@]}" --stall-timeout "$STALL" "${ARGS[@]}" \
		>out 2>err
	read -r got tenths mib <"$SCRATCH/measured"
	judge "$got" "$want" "$cmd"
	same "$(head -c 20000 err | sed "s/$RUN_ID/RUN/g")" "$said" \
		"said: ${1:-nothing}"
	same "$(controls err)" 0 "no control character"
	same "$(others)" './a ./a/b ./a/b/err ./a/b/out ' "no other file"
	below "$tenths" $((SECONDS_MAX * 10)) "tenths of a second busy"
	below "$mib" "$MIB_MAX" MiB
}

below()
{
	if [ "$1" -lt "$2" ]; then
		pass "$1 $3"
	else
		fail "$1 $3, not below $2"
	fi
}

list()
{
	local status=$1
	shift
	meet "$status" esxbk-list "$@"
	[ "$status" -eq 0 ] || same "$(head -c 20000 out)" '' "no output"
}

export_vm()
{
	local status=$1 ARGS=(--retries=0 -o o "${ARGS[@]}" moid:1)
	shift
	meet "$status" esxbk-export-ovf "$@"
	case $status in
	0 | 3) ;;
	*) no_point ;;
	esac
}

deploy()
{
	local status=$1 ARGS=(--retries=0 --name copy "${ARGS[@]}" "$POINT")
	shift
	meet "$status" esxbk-deploy-ovf "$@"
	case $status in
	0 | 3) same "$(cat out)" 1 "the VM's id" ;;
	*) same "$(head -c 20000 out)" '' "no id" ;;
	esac
}

body_bad()
{
	export_vm 74 "warning: vm: tried again with a new lease: $1" \
		"export vm: $1"
	asked HttpNfcLeaseAbort HttpNfcLeaseAbort RemoveSnapshot_Task Logout
}

requests()
{
	jq -n --arg m "$1" '[inputs | select(.event == "request" and
		.method == $m)] | length' "$EVIL/events.jsonl"
}

asked()
{
	same "$(jq -r 'select(.event == "request").method' \
		"$EVIL/events.jsonl" | grep -xE "$ENDS" |
		tr '\n' ' ')" "${*:+$* }" "asked: ${*:-nothing}"
}

no_point()
{
	same "$(find . -path './o/*' ! -name '.w-*')" '' "no point"
}

one_point()
{
	POINT=$(echo o/*_[0-9]*)
	check "a point: $POINT" test -f "$POINT/backup.json"
}

evil_start
