#!/bin/bash
# timeout: 240
# The password, the session's cookie and the ticket in a lease's URLs do not
# stand where others read, while a restore goes on and when it fails: in the
# process list, in messages, logs and results.  A proxy hears what goes over the
# line, so that the true secrets are known.
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/deploy_fault.sh" || exit 1
need openssl python3 pgrep

quick_host esxi
point_of odd01
from "$POINT" "$HOST_SPEC/odd01.raw"
mkdir tap
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost \
	-keyout tap/key.pem -out tap/cert.pem 2>/dev/null
python3 "$T/cli/lib/tap.py" tap/cert.pem tap/key.pem "$HOST_PORT" tap &
# shellcheck disable=SC2034 # lib.sh runs it
AT_EXIT="kill $!"
wait_for 60 test -s tap/port
at=(-s "localhost:$(cat tap/port)" -u root --thumbprint "$(openssl x509 \
	-in tap/cert.pem -noout -fingerprint -sha256 | sed 's/.*=//')")

# The password in every dress: plain, XML, JSON, URL.
printf '%s\n' "$HOST_PASSWORD" >dresses
jq -rn --arg p "$HOST_PASSWORD" '$p | (@json | .[1:-1]), @uri, @html,
	(gsub("&"; "&amp;") | gsub("<"; "&lt;") | gsub(">"; "&gt;"))' >>dresses

tickets()
{
	grep -aoE '/ha-nfc/[^/<]{16,}' tap/tapped | sed 's/.*\///' |
		awk '!s[$0]++'
}

# Rewrites ./secrets: what is known by now.
know()
{
	{
		cat dresses
		grep -aoE 'vmware_soap_session="?[0-9a-f]{16,}' tap/tapped |
			sed 's/.*[="]//'
		tickets
	} | sort -u >secrets
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
	ctl state >state.json
	# What the host itself was made to say is no secret that got out; it
	# keeps what came in folders of the tickets' names.
	jq -c 'del(.message, .stored, .path)' "$HOST_EVENTS" >events
	jq 'del(.vms[].uploads)' state.json >state
	clean "$1: messages" err
	clean "$1: standard output" out
	clean "$1: --result" result.json
	clean "$1: the host's own log and state" events state
	rm -f result.json
	next_name
}

says_all=(-vv --json --result result.json)

go()
{
	local want=$1
	shift
	mark_host
	run "$want" esxbk-deploy-ovf "${at[@]}" "${says_all[@]}" \
		--password-file "$HOST_PASSWORD_FILE" --name "$NAME" "$@" \
		"$SOURCE"
}

under_way()
{
	[ "$(uploads)" -gt 0 ]
}

begin()
{
	mark_host
	start esxbk-deploy-ovf "${at[@]}" "${says_all[@]}" --name "$NAME" \
		"$@" "$SOURCE"
	wait_for 60 under_way
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
	has argv esxbk-deploy-ovf
	has environ SCRATCH=
	clean "$1: command line" argv
	[ -n "${VALGRIND:-}" ] || clean "$1: environment" environ
}

# --- the search finds what is there ------------------------------------------

go 0
know
check "the password went over the line" grep -aqF \
	's&amp;cret &lt;1&gt;' tap/tapped
check "a ticket went over the line" test -n "$(tickets)"
{ cat err && tail -n 1 secrets; } >planted
check "one that is planted is found" grep -qF -f secrets planted
has err "localhost:$(cat tap/port)/ha-nfc/"
same "$(grep -c '/ha-nfc/\*' err)" "$(grep -c /ha-nfc/ err)" "it is masked"
same "$(restored '.outcome')" ok
all_clean success

# --- the process list --------------------------------------------------------

fault '{"kind":"upload-slow","bytes_per_second":2000000,"times":0}'
for by in file command fd; do
	cp "$HOST_PASSWORD_FILE" pw
	case $by in
	file) begin --password-file pw ;;
	command) begin --password-command 'cat pw' ;;
	fd) begin --password-fd 6 6<pw ;;
	esac
	looked_at "--password-$by"
	kill "$PID"
	finish 143
	all_clean "--password-$by, interrupted"
done
clear_faults

# --- failures ----------------------------------------------------------------

for f in '"kind":"upload-status","status":403' \
	'"kind":"upload-status","message":"wrong"' \
	'"kind":"upload-reset","percent":50' '"kind":"upload-damage","percent":50' \
	'"kind":"lease-error"' '"kind":"garbage","method":"ImportVApp"' \
	'"kind":"garbage","method":"CreateImportSpec"' \
	'"kind":"fault","method":"HttpNfcLeaseGetManifest","type":"NoPermission"'; do
	fault "{$f,\"times\":0}"
	rc=0
	"$B/esxbk-deploy-ovf" "${at[@]}" --password-file "$HOST_PASSWORD_FILE" \
		"${says_all[@]}" --retries 0 --name "$NAME" "$SOURCE" >out \
		2>err || rc=$?
	check "$rc: $f" test $rc -ge 64
	all_clean "$f"
	clear_faults
	ctl lease-error '{}' >/dev/null
done

# A host that repeats in its words what it was told.
fault '{"kind":"upload-slow","bytes_per_second":2000000,"times":0}'
begin --password-file "$HOST_PASSWORD_FILE" --retries 0
know
words=$(jq -rn --arg t "$(tickets | tail -n 1)" --arg p "$HOST_PASSWORD" \
	'"/ha-nfc/\($t)/disk-0.vmdk of root/\($p)" | @uri')
same "$(ctl "lease-error?reason=$words" '{}' | jq .leases)" 1
finish 75
has out /ha-nfc/
all_clean "a host that repeats a ticket"
clear_faults
gone "$NAME"
