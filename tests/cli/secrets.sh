#!/bin/bash
# The password, the session's cookie and a lease's ticket give away the host
# and its disks.  They must not stand where others read: in the process list,
# in messages, logs and cron's mail, in results, in the backup.
#
# A proxy hears what goes over the line, so that the true secrets are known
# and nobody can say that they were looked for under a wrong name.
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/fault.sh" || exit 1
need openssl python3 pgrep

quick_host esxi
mkdir tap
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost \
	-keyout tap/key.pem -out tap/cert.pem 2>/dev/null
python3 "$T/cli/lib/tap.py" tap/cert.pem tap/key.pem "$HOST_PORT" tap &
# shellcheck disable=SC2034 # lib.sh runs it
AT_EXIT="kill $!"
wait_for 60 test -s tap/port
at=(-s "localhost:$(cat tap/port)" -u root --thumbprint "$(openssl x509 \
	-in tap/cert.pem -noout -fingerprint -sha256 | sed 's/.*=//')")
slow='{"kind":"slow","bytes_per_second":3000000,"times":0}'

# The password in every dress: plain, XML, JSON, URL; and a wrong one.
wrong='Wr0ng&<pass>"word'
for p in "$HOST_PASSWORD" "$wrong"; do
	printf '%s\n' "$p"
	jq -rn --arg p "$p" '$p | (@json | .[1:-1]), @uri, @html,
		(gsub("&"; "&amp;") | gsub("<"; "&lt;") | gsub(">"; "&gt;"))'
done | sort -u >dresses

# Rewrites ./secrets: what is known by now.
know()
{
	{
		cat dresses
		grep -aoE 'vmware_soap_session="?[0-9a-f]{16,}' tap/tapped |
			sed 's/.*[="]//'
		grep -aoE '/ha-nfc/[^/<]{16,}' tap/tapped | sed 's/.*\///'
	} | sort -u >secrets
}

tickets()
{
	grep -aoE '/ha-nfc/[^/<]{16,}' tap/tapped | sed 's/.*\///' | awk '!s[$0]++'
}

# clean WHAT FILE...: no secret is in the files, which are there.
clean()
{
	local what=$1 f
	shift
	for f; do
		[ -e "$f" ] || fail "$what: $f is not there"
	done
	if grep -aqF -f secrets -- "$@"; then
		fail "$what holds a secret"
		grep -aoF -f secrets -- "$@" | sort | uniq -c | sed 's/^/#   /'
	else
		pass "$what holds no secret"
	fi
}

# all_clean NAME: what a run left, here and on the host.
all_clean()
{
	know
	mkdir -p d
	ctl state >state.json
	# What the host itself was made to say is no secret that got out.
	jq -c 'del(.message)' "$HOST_EVENTS" >events
	find d -type f ! -name '*.vmdk' -print0 | xargs -0 -r cat >files
	clean "$1: messages" err
	clean "$1: standard output" out
	clean "$1: --result" result.json
	clean "$1: the backup" files
	clean "$1: the host's own log and state" events state.json
	rm -rf d result.json
}

# go: an export that says as much as it can.
go()
{
	local want=$1
	shift
	run "$want" esxbk-export-ovf "${at[@]}" \
		--password-file "$HOST_PASSWORD_FILE" -vv --json --quiesce off \
		--result result.json -o d "$@" odd01
}

begin()
{
	start esxbk-export-ovf "${at[@]}" -vv --json --quiesce off \
		--result result.json -o d "$@" odd01
	wait_for 60 transferring d 500000
}

# family PID: it and all its children.
family()
{
	local kid
	echo "$1"
	for kid in $(pgrep -P "$1"); do
		family "$kid"
	done
}

# looked_at NAME: what the process list shows of the run, while it goes on.
looked_at()
{
	local p
	: >argv
	: >environ
	for p in $(family "$PID"); do
		tr '\0' '\n' <"/proc/$p/cmdline" >>argv
		tr '\0' '\n' <"/proc/$p/environ" >>environ
	done
	know
	has argv esxbk-export-ovf
	has environ SCRATCH=
	clean "$1: command line" argv
	# Under valgrind the process list shows valgrind's own.
	[ -n "${VALGRIND:-}" ] || clean "$1: environment" environ
}

# --- the search finds what is there ------------------------------------------

go 0
know
check "the password went over the line" grep -aqF \
	's&amp;cret &lt;1&gt;' tap/tapped
check "cookies and tickets are known: $(wc -l <secrets)" test \
	"$(wc -l <secrets)" -ge $(($(wc -l <dresses) + 2))
while read -r secret; do
	case $secret in
	*r0ng*) ;;
	*[!0-9a-f-]*) ;;
	*) check "on the line: $secret" grep -aqF -- "$secret" tap/tapped ;;
	esac
done <secrets
{ cat err && tail -n 1 secrets; } >planted
check "one that is planted is found" grep -qF -f secrets planted
has err "localhost:$(cat tap/port)/ha-nfc/"
has err "logged in to localhost as root"
same "$(grep -c '/ha-nfc/\*' err)" "$(grep -c /ha-nfc/ err)" "it is masked"
disk_good "$(result .path)" "$HOST_SPEC/odd01.raw"
all_clean success

# --- the process list --------------------------------------------------------

fault "$slow"
for source in file command fd credential; do
	cp "$HOST_PASSWORD_FILE" pw
	case $source in
	file) begin --password-file pw ;;
	command) begin --password-command 'cat pw' ;;
	fd) begin --password-fd 6 6<pw ;;
	credential)
		CREDENTIALS_DIRECTORY=$PWD begin --password-credential pw
		;;
	esac
	looked_at "--password-$source"
	kill "$PID"
	finish 143
	all_clean "--password-$source, interrupted"
done
# Whoever gives it so must know that it is seen until it was read.
ESXBK_PASSWORD=$HOST_PASSWORD begin
looked_at ESXBK_PASSWORD
kill "$PID"
finish 143
all_clean ESXBK_PASSWORD
clear_faults

# --- failures ----------------------------------------------------------------

printf '%s\n' "$wrong" >bad && chmod 600 bad
run 77 esxbk-export-ovf "${at[@]}" --password-file bad -vv --json \
	--result result.json -o d odd01
check "it went over the line" grep -aqF 'Wr0ng&amp;' tap/tapped
all_clean "wrong password"
for f in '"kind":"status","status":404' '"kind":"damage","after_bytes":300' \
	'"kind":"redirect"' '"kind":"lease-error"' \
	'"kind":"garbage","method":"ExportSnapshot"' \
	'"kind":"fault","method":"HttpNfcLeaseGetManifest","type":"NoPermission"'; do
	fault "{$f,\"times\":0}"
	rc=0
	"$B/esxbk-export-ovf" "${at[@]}" --password-file "$HOST_PASSWORD_FILE" \
		-vv --json --quiesce off --result result.json -o d --retries 0 \
		qemu01 >out 2>err || rc=$?
	check "$rc: $f" test $rc -ge 64
	all_clean "$f"
	clear_faults
	ctl lease-error '{}' >/dev/null
done

# A host that repeats in its words what it was told.
fault "$(jq -nc --arg p "$HOST_PASSWORD" '{kind: "fault", method: "Login",
	type: "InvalidLogin", message: "root/\($p) is wrong"}')"
go 77
has err 'InvalidLogin: root/'
all_clean "a host that repeats the password"

repeated()
{
	fault "$slow"
	begin --password-file "$HOST_PASSWORD_FILE" --retries "$1"
	know
	clear_faults
	jq -nc --arg t "$(tickets | tail -n 1)" --arg p "$HOST_PASSWORD" \
		'"/ha-nfc/\($t)/disk-0.vmdk of root/\($p)" | @uri' -r >words
	check "words: $(cat words)" test "$(wc -c <words)" -gt 60
	same "$(ctl "lease-error?reason=$(cat words)" '{}' | jq .leases)" 1
	finish "$2"
	has out /ha-nfc/
	all_clean "a host that repeats a ticket, exit $2"
}
repeated 0 75
repeated 1 0

# --- at a terminal -----------------------------------------------------------

cat >terminal.py <<'PY'
import os, pty, re, signal, subprocess, sys, termios, time
what, keys, argv = sys.argv[1], sys.argv[2].encode(), sys.argv[3:]
pid, fd = pty.fork()
if pid == 0:
    os.execv(argv[0], argv)
seen = b""
while b"assword" not in seen:
    seen += os.read(fd, 1000)
end = time.monotonic() + 10
while termios.tcgetattr(fd)[3] & termios.ECHO and time.monotonic() < end:
    time.sleep(0.01)
os.write(fd, keys)
try:
    while True:
        data = os.read(fd, 1000)
        if not data:
            break
        seen += data
        echo = termios.tcgetattr(fd)[3] & termios.ECHO
except OSError:
    pass
open(what, "wb").write(seen)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
PY

# typed STATUS KEYS
typed()
{
	local rc=0
	python3 terminal.py seen "$2" "$B/esxbk-list" "${at[@]}" \
		--format moid odd01 || rc=$?
	same "$rc" "$1" "exit $1: at a terminal"
	know
	clean "the terminal" seen
}
typed 0 "$HOST_PASSWORD"$'\n'
same "$(tr -d '\r' <seen)" "Password of root at localhost:$(cat tap/port): 
16"
typed 77 "$wrong"$'\n'
typed 130 $'half of it\x03'
has seen 'interrupted by SIGINT'
hasnt seen 'half'
host_idle
