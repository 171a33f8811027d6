#!/bin/bash
# Mails arrive in a real SMTP server as they were written, over TLS that is
# checked; webhooks and programs are told; what fails is said in one line.
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/mailhook.sh"
mailhook_start
(umask 077 && echo wrong-one >"$D/wrong")
# Long enough to come to the point at which a server falls silent.
LIMIT=3
[ -z "${VALGRIND:-}" ] || LIMIT=15
SHORT="{\"timeout\": \"${LIMIT}s\"}"

# notifications JSON: the configuration has these.
notifications()
{
	jq -n --argjson all "$1" '{version: 1, notify: $all}' >"$SCRATCH/conf"
	(umask 077 && cat "$SCRATCH/conf" >esxbk.json)
}

# mail NAME SCHEME SERVER [MORE]: one notification by mail.
mail()
{
	jq -nc --arg name "$1" --arg via "$2://127.0.0.1:$(port "$3")" \
		--argjson more "${4:-{\}}" '{($name): ({type: "email",
			to: ["ops@example.org"], from: "esxbk@example.org",
			via: $via, timeout: "40s"} + $more)}'
}

notify()
{
	local want=$1
	shift
	run "$want" esxbk-plan notify --config esxbk.json "$@"
}

# told STATUS TEXT: a notification alone fails so; the port is left out.
told()
{
	notify "$1"
	same "$(sed -E 's/:[0-9]{2,5}/:PORT/' err)" \
		"esxbk-plan: notification $2"
}

CA=$(jq -nc --arg f "$D/good.pem" '{cacert: $f}')
LOGIN=$(jq -c --arg f "$D/password" \
	'. + {user: "esxbk", password: {file: $f}}' <<<"$CA")

# --- mail arrives, byte by byte ----------------------------------------------

notifications "$(
	{
		mail plain smtp plain
		mail starttls smtp starttls "$CA"
		mail lax smtp starttls
		mail starttls-login smtp starttls-login "$LOGIN"
		mail smtps smtps smtps \
			"$(jq -c '. + {to: ["a@example.org", "b@example.org"]}' \
				<<<"$CA")"
		mail smtps-login smtps smtps-login "$LOGIN"
		mail only-login smtps only-login "$LOGIN"
		jq -nc --arg url "http://127.0.0.1:$(port http)/hook" \
			'{hook: {type: "webhook", url: $url}}'
	} | jq -s add
)"
notify 0
same "$(LC_ALL=C sort out)" "hook: sent
lax: sent
only-login: sent
plain: sent
smtps-login: sent
smtps: sent
starttls-login: sent
starttls: sent"
same "$(mails)" 7 "seven mails"

# Python's parser has the last word on subject and text; the webhook has them
# as they were.
cat >compare.py <<'END'
import email, email.policy, json, re, sys
line = open(sys.argv[1] + "/requests.jsonl").readline()
hook = json.loads(json.loads(line)["body"])
for n in range(1, 8):
    raw = open(f"{sys.argv[1]}/mail.{n}", "rb").read()
    envelope = json.load(open(f"{sys.argv[1]}/mail.{n}.json"))
    m = email.message_from_bytes(raw, policy=email.policy.default)
    assert not m.defects, m.defects
    assert b"\n" not in raw.replace(b"\r\n", b""), "bare line ends"
    assert max(len(l) for l in raw.split(b"\r\n")) <= 78, "long line"
    assert all(b < 128 for b in raw), "not ASCII"
    name = m["Subject"].split()[4]
    assert m["Subject"] == hook["subject"].replace("hook", name), m["Subject"]
    got = m.get_content().replace("\r\n", "\n")
    want = hook["text"].replace(" hook\n", f" {name}\n")
    sent = re.search("Time .*", got)[0]
    assert got == re.sub("Time .*", sent, want), got
    assert want.endswith(" =\n.\n..\n")
    assert m["From"] == envelope["from"] == "esxbk@example.org"
    assert m["To"].replace("\n", "").split(", ") == envelope["to"]
    assert m["Auto-Submitted"] == "auto-generated"
    assert m["Message-ID"].endswith("@example.org>")
    assert m["Date"].datetime.utcoffset().total_seconds() == 0
    assert envelope["tls"] or not name.startswith("starttls")
    assert envelope["login"] or not name.endswith("login")
    print(name, len(envelope["to"]))
END
/usr/bin/python3 compare.py "$D" >compared 2>&1
same "$(LC_ALL=C sort compared)" "lax 1
only-login 1
plain 1
smtps 2
smtps-login 1
starttls 1
starttls-login 1" "subject, text and envelope of each"
same "$(grep -h Message-ID "$D"/mail.? | sort -u | wc -l)" 7 "seven ids"

# --- who is not who he should be gets nothing --------------------------------

OTHER=$(jq -c --arg f "$D/other.pem" '.cacert = $f' <<<"$LOGIN")
rm "$D"/mail.*
notifications "$(mail ops smtps smtps-login "$OTHER")"
told 76 "ops: 127.0.0.1:PORT: certificate not trusted: SSL certificate problem: self-signed certificate"
notifications "$(mail ops smtp starttls-login "$OTHER")"
told 76 "ops: 127.0.0.1:PORT: certificate not trusted: SSL certificate problem: self-signed certificate"
notifications "$(mail ops smtps smtps)"
told 76 "ops: 127.0.0.1:PORT: certificate not trusted: SSL certificate problem: self-signed certificate"
notifications "$(mail ops smtp no-starttls "$LOGIN")"
told 76 "ops: 127.0.0.1:PORT: no STARTTLS there, and nothing is sent without"
notifications "$(mail ops smtp no-starttls "$CA")"
told 76 "ops: 127.0.0.1:PORT: no STARTTLS there, and nothing is sent without"
notifications "$(mail ops smtp plain "$(jq -c '.cacert = "/nowhere"' <<<"$CA")")"
told 78 "ops: CA file /nowhere: No such file or directory"

# --- refusals and silence, in the words of the server ------------------------

notifications "$(mail ops smtps smtps-login \
	"$(jq -c --arg f "$D/wrong" '.password.file = $f' <<<"$LOGIN")")"
told 77 "ops: 127.0.0.1:PORT: login refused: 535 5.7.8 Authentication credentials invalid"
notifications "$(mail ops smtps smtps-login "$CA")"
told 74 "ops: 127.0.0.1:PORT refuses MAIL: 530 5.7.0 Authentication required"
notifications "$(mail ops smtps smtps \
	"$(jq -c '.to = ["nobody@example.org"]' <<<"$CA")")"
told 74 "ops: 127.0.0.1:PORT refuses <nobody@example.org>: 550 5.1.1 no such user here"
same "$(mails)" 0 "no mail came from any of these"
notifications "$(mail ops smtps smtps \
	"$(jq -c '.to = ["nobody@example.org", "ops@example.org"]' <<<"$CA")")"
told 74 "ops: 127.0.0.1:PORT refuses 1 of 2 recipients: <nobody@example.org>: 550 5.1.1 no such user here"
same "$(jq -c .to "$D/mail.8.json")" '["ops@example.org"]' \
	"the other one has it"
notifications "$(mail ops smtp refuses)"
told 74 "ops: 127.0.0.1:PORT refuses us: 554 5.3.2 not today"
notifications "$(mail ops smtp leaves)"
told 74 "ops: 127.0.0.1:PORT refuses MAIL: 421 4.3.2 going down"
notifications "$(mail ops smtp stalls "$SHORT")"
told 74 "ops: 127.0.0.1:PORT: no answer to MAIL within $LIMIT s"
notifications "$(mail ops smtp silent "$SHORT")"
told 69 "ops: 127.0.0.1:PORT: no connection within $LIMIT s"
notifications "$(mail ops smtp cuts)"
notify 74
has err ": connection broken after DATA: "
notifications "$(mail ops smtp no-quit "$SHORT")"
notify 0
notifications "$(jq -nc '{ops: {type: "email", to: ["ops@example.org"],
	from: "esxbk@example.org", via: "smtp://127.0.0.1:1",
	timeout: "1s"}}')"
told 69 "ops: 127.0.0.1:1: cannot connect: Connection refused"

# A server that repeats the password, as it was sent, in its answer.
notifications "$(mail ops smtps echo "$LOGIN")"
notify 77 -vv
has err "login refused: 535 5.7.8 wrong: AUTH PLAIN ***"
hasnt err "$PASSWORD"
hasnt err "$(printf '\0esxbk\0%s' "$PASSWORD" | base64)"

# --- webhooks ----------------------------------------------------------------

# hook NAME URL-PATH [MORE]
hook()
{
	jq -nc --arg name "$1" --arg url "http://127.0.0.1:$(port http)$2" \
		--argjson more "${3:-{\}}" '{($name): ({type: "webhook",
			url: $url, timeout: "40s"} + $more)}'
}

rm -f "$D/requests.jsonl"
notifications "$(
	{
		hook beat '/ping/0b1c?rid=1'
		hook chat /services/T0
		hook named '/x/' '{"style": "healthchecks"}'
		hook odd /ping/chat '{"style": "plain"}'
		hook busy /busy
		hook drop /drop
		jq -nc --arg f "$D/good.pem" \
			--arg url "https://127.0.0.1:$(port https)/tls" \
			'{safe: {type: "webhook", url: $url, cacert: $f}}'
	} | jq -s add
)"
notify 0
notify 0 --event start beat chat named odd
notify 0 --event failure beat chat named odd
same "$(jq -r .path "$D/requests.jsonl" | LC_ALL=C sort | uniq -c |
	sed 's/^ *//')" "3 /busy
2 /drop
1 /ping/0b1c/fail?rid=1
1 /ping/0b1c/start?rid=1
1 /ping/0b1c?rid=1
3 /ping/chat
3 /services/T0
1 /tls
1 /x/
1 /x/fail
1 /x/start"
same "$(jq -r .type "$D/requests.jsonl" | sort -u)" application/json
same "$(jq -r '.body | fromjson | "\(.schema) \(.event) \(.test)"' \
	"$D/requests.jsonl" | sort -u)" "esxbk.notify/1 failure true
esxbk.notify/1 start true
esxbk.notify/1 success true"

notifications "$(hook ops /gone)"
told 76 "ops: 127.0.0.1 answers 404"
notifications "$(hook ops /moved)"
told 76 "ops: 127.0.0.1 answers 302, and redirects are not followed"
notifications "$(hook ops /broken '{"timeout": "2s"}')"
told 69 "ops: 127.0.0.1 answers 503"
notifications "$(hook ops /stall '{"timeout": "2s"}')"
notify 69
has err "notification ops: 127.0.0.1:$(port http): no"
# Held up between two tries for longer than there is time.
notifications "$(hook ops /sick "$SHORT")"
start esxbk-plan notify --config esxbk.json
wait_for 20 grep -q /sick "$D/requests.jsonl"
sleep 0.3
kill -STOP "$PID"
sleep "$((LIMIT + 1))"
kill -CONT "$PID"
SECONDS=0
finish 69
check "it gave up at last" test "$SECONDS" -lt 30
notifications "$(jq -nc --arg url "https://127.0.0.1:$(port https)/x" \
	'{ops: {type: "webhook", url: $url, timeout: "40s"}}')"
told 76 "ops: 127.0.0.1:PORT: certificate not trusted: self-signed certificate"

# The path of a URL is a secret of its own.
notifications "$(hook ops /ping/0b1c-5ecret)"
notify 0 -vv
has err "POST 127.0.0.1"
hasnt err 0b1c

# --- programs ----------------------------------------------------------------

cat >tell <<'END'
#!/bin/bash
[ "$1" = now ] || { echo "not now" >&2 && exit 3; }
echo "$ESXBK_EVENT|$ESXBK_SUBJECT|$ESXBK_PLAN" >told.env
exec cat >told.json
END
chmod +x tell
EXEC=$(jq -nc --arg p "$PWD/tell" '{ops: {type: "exec", argv: [$p, "now"],
	timeout: "2s"}}')
notifications "$EXEC"
notify 0 --event warning
same "$(cat told.env)" 'warning|esxbk: test of notification ops (é 日本)|'
same "$(jq -r '"\(.schema) \(.event)"' told.json)" "esxbk.notify/1 warning"
notifications "$(jq -c '.ops.argv[1] = "later"' <<<"$EXEC")"
notify 71
same "$(tail -n 1 err)" \
	"esxbk-plan: notification ops: $PWD/tell: exit 3: not now"
notifications "$(jq -c '.ops.argv = ["/bin/sleep", "60"]' <<<"$EXEC")"
told 71 "ops: /bin/sleep: stopped after 2 s"
notifications "$(jq -c '.ops.argv = ["/nowhere/tell"]' <<<"$EXEC")"
notify 71
has err "/nowhere/tell"

# --- several, by name, as JSON -----------------------------------------------

notifications "$( (hook good /a && hook bad /gone && hook busy /b) | jq -s add)"
notify 3 --json
same "$(jq -c '[.type, .to, .outcome, .exit, .sent, .failed]' out)" \
	'["notify","good","ok",0,null,null]
["notify","bad","failed",76,null,null]
["notify","busy","ok",0,null,null]
["summary",null,null,3,2,1]'
same "$(cat err)" "esxbk-plan: notification bad: 127.0.0.1 answers 404
esxbk-plan: 1 of 3 notifications failed"
notify 0 good busy
same "$(cat out)" "good: sent
busy: sent"
notify 66 god
same "$(cat err)" "esxbk-plan: no notification 'god': there are 'good', 'bad', 'busy'"
notifications '{}'
notify 4
same "$(cat err)" "esxbk-plan: no notification is configured"
