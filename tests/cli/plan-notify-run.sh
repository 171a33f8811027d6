#!/bin/bash
# What a night came to is in the mail of the morning, and a service that waits
# for pings gets them: a failure once, then that all is well again; no broken
# server changes what the backup came to.
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/mailhook.sh"
. "$T/cli/lib/plan.sh"
mailhook_start
plan_begin
(umask 077 && : >"$CONF") # the URL of a webhook is a secret
vms "web01 101 $(uuid_of 1)" "日本-é 102 $(uuid_of 2)" "db01 103 $(uuid_of 3)"

# told [JQ]: both kinds of notification.
told()
{
	conf '.notify = {
		ops: {type: "email", to: ["ops@example.org"],
			from: "esxbk@example.org",
			via: "smtps://127.0.0.1:'"$(port smtps)"'",
			cacert: "'"$D/good.pem"'"},
		beat: {type: "webhook",
			url: "http://127.0.0.1:'"$(port http)"'/ping/0b1c",
			on: ["start", "success", "failure"]} } |
		.plans.daily.timezone = "Europe/Paris" |
		.plans.daily.notify = ["ops", "beat"] | '"${1:-.}"
}

pings()
{
	jq -r .path "$D/requests.jsonl"
	rm -f "$D/requests.jsonl"
}

cat >show.py <<'END'
import email, email.policy, sys
m = email.message_from_binary_file(open(sys.argv[1], "rb"),
                                   policy=email.policy.default)
print(m["Subject"])
print(m.get_content().replace("\r\n", "\n"), end="")
END

show()
{
	/usr/bin/python3 show.py "$D/mail.$1"
}

# What the clock and the paths of this test put in.
usual()
{
	sed -E "s|$CONF|CONF|; s|$REPO|REPO|; s/^(Machine +).*/\1HOST/
		s/^(Took|Ended) .*/\1/; s/[0-9]+:[0-9]{2}\$/TIME/
		s|(runs/.*)-[0-9a-f]{8}|\1-ID|; s/_[0-9]{6}-/_TIME-/
		s/[0-9.]+ (B|KiB)  /SIZE  /"
}

# --- a night in which one VM fails for good ----------------------------------

told
stub ovf.103 exit 77 'no privilege Datastore.FileManagement'
plan 3 run --due
same "$(pings)" "/ping/0b1c/start
/ping/0b1c/fail"
same "$(mails)" 1
show 1 | usual >mail1
same "$(head -n 1 mail1)" "esxbk: daily FAILED: 1 of 3 VMs (db01: no privilege Datastore.FileManagement)"
same "$(sed -n '/^What failed/,/^$/p' mail1)" "What failed
  db01: no privilege Datastore.FileManagement"
same "$(sed -n '/^What to do/,/^$/p' mail1)" "What to do
  Login, privilege or licence: see what is missing.
    esxbk-plan check --config CONF daily
  To back up what is missing, then:
    esxbk-plan run --config CONF daily --vm uuid:$(uuid_of 3)"
has mail1 "Due         2026-11-24 02:00:00 Europe/Paris"
has mail1 "  日本-é  ok        full"
has mail1 "Record      REPO/runs/2026/11/"
same "$(record 'select(.type == "end") | .told | map([.to, .event, .exit]) | tojson')" \
	'[["beat","start",0],["ops","failure",0],["beat","failure",0]]'

# The same night again: nobody is told twice.
at 2026-11-24T02:15:30Z
plan 0 run --due
same "$(mails)" 1 "one mail a night"

# --- the next night is a good one ----------------------------------------

stub ovf.103
at 2026-11-25T02:00:30Z
plan 0 run --due
same "$(pings)" "/ping/0b1c/start
/ping/0b1c"
same "$(mails)" 2
same "$(show 2 | head -n 1 | sed 's/, [0-9.]* [KMGi]*B$/, SIZE/')" \
	"esxbk: daily good again: 3 VMs, SIZE"
show 2 >mail2
hasnt mail2 "What to do"

# A good night after a good one is news for the ping alone.
at 2026-11-26T02:00:30Z
plan 0 run --due
same "$(pings)" "/ping/0b1c/start
/ping/0b1c"
same "$(mails)" 2

# --- one is lost for good, another one is tried again ------------------------

at 2026-11-26T03:00:30Z
told '.plans.daily.schedule.daily = "04:00"'
stub ovf.103 exit 77 'no privilege Datastore.FileManagement'
stub ovf.101 exit 74 'connection broken'
plan 3 run --due
same "$(pings)" "/ping/0b1c/start"
stub ovf.101
at 2026-11-26T03:16:30Z
plan 0 run --due
same "$(pings)" "/ping/0b1c/fail"
same "$(mails)" 3
show 3 | usual >mail3
same "$(head -n 1 mail3)" "esxbk: daily FAILED: 1 of 2 VMs (db01: no privilege Datastore.FileManagement)"
same "$(sed -n '/^What failed/,/^$/p' mail3)" "What failed
  db01: no privilege Datastore.FileManagement"
stub ovf.103
told

# --- by hand nobody is told --------------------------------------------------

at 2026-11-26T12:00:00Z
stub ovf.103 exit 77
plan 3 run daily
check "no ping" test ! -e "$D/requests.jsonl"
same "$(mails)" 3
stub ovf.103

# --- nobody listens: the backup is as good as it was -------------------------

at 2026-11-27T02:00:30Z
told '.notify.ops.on = ["success"] | .notify.ops.timeout = "1s" |
	.notify.ops.via = "smtps://127.0.0.1:1" |
	.notify.beat.url |= sub("ping/0b1c"; "gone") |
	.notify.beat.on = ["success"]'
plan 0 run --due
has err "notification ops: 127.0.0.1:1: cannot connect: Connection refused"
has err "notification beat: 127.0.0.1 answers 404"
same "$(record 'select(.type == "end") | .exit, (.told | map([.to, .exit]) |
	tojson)')" '0
[["ops",69],["beat",76]]'
