#!/bin/bash
# A host that wants other files than the backup has, that sends them elsewhere,
# or that lies about what it got: a restore ends with the reason, nothing else of
# this machine is sent, and what was begun is asked to be undone.
# timeout: 300
# shellcheck disable=SC2016 # $ and \(...) are jq's
. "$T/cli/lib.sh" || exit 1
. "$T/hostile/lib.sh" || exit 1

evil "a backup" '{}'
export_vm 0
one_point
POINT=$PWD/$POINT
disk=$(jq -r '.disks[0].file' "$POINT/backup.json")
size=$(stat -c %s "$POINT/$disk")

evil "a good host" '{}'
deploy 0
same "$(requests upload) $(requests ReconfigVM_Task)" '1 1'
asked HttpNfcLeaseComplete Logout

# --- the specification -------------------------------------------------------

item='def item($key; $path): "<fileItem><deviceId>\($key)</deviceId>" +
	"<path>\($path)</path><cimType>17</cimType><create>false</create>" +
	"</fileItem>"; '
while IFS='|' read -r path why; do
	evil "it wants $path" "$item"'{world: {import_items_xml:
		item("/copy/x"; "'"$path"'")}}'
	deploy 76 "restore copy: $why"
	same "$(requests ImportVApp) $(requests upload)" '0 0' "nothing moved"
done <<END
../../../etc/passwd|the host wants ../../../etc/passwd, which is not in the descriptor
/etc/passwd|the host wants /etc/passwd, which is not in the descriptor
https://evil.test/x|the host wants https://evil.test/x, which is not in the descriptor
backup.json|the host wants backup.json, which is not in the descriptor
a\\u009b[31m\\nb|the host wants a [31m b, which is not in the descriptor
|import specification: the host wants a file, but does not say which
END

evil "10,000 files" "$item"'{world: {import_items_xml:
	([range(10000) | item("/copy/\(.)"; "'"$disk"'")] | add)}}'
deploy 76 "restore copy: import specification: the host wants 10000 files"
same "$(requests ImportVApp)" 0

evil "the same file twice" "$item"'{world: {import_items_xml:
	(item("/copy/VirtualLsiLogicController0:0"; "'"$disk"'") * 2)}}'
deploy 76 "restore copy: import specification: the host wants two files for /copy/VirtualLsiLogicController0:0"
same "$(requests ImportVApp)" 0

evil "a file without a device" "$item"'{world: {import_items_xml:
	item(""; "'"$disk"'")}}'
deploy 76 "restore copy: import specification: the host wants a file, but does not say which"

evil "no specification" '{world: {import_spec_xml: ""}}'
deploy 76 "restore copy: import specification: the host gave none"
evil "one without a type" '{world: {import_spec_xml: "<importSpec/>"}}'
deploy 76 "restore copy: import specification: it has no type"
evil "one without end" '{on: {CreateImportSpec: {soap: ["<returnval>"],
	endless: "<fileItem/>"}}}'
deploy 76 "restore copy: import specification: CreateImportSpec: reply: more than 67108864 bytes"
evil "one that is deep" '{world: {import_spec_xml: ("<importSpec xsi:type=\"x\">" +
	"<a>" * 5000 + "</a>" * 5000 + "</importSpec>")}}'
deploy 76 "restore copy: import specification: CreateImportSpec: reply of localhost: line 2: elements are nested too deeply"

evil "1,000 warnings" '{world: {import_warnings_xml:
	(("<warning><localizedMessage>" + "w" * 100 +
	"</localizedMessage></warning>") * 1000)}}'
mapfile -t lines < <(yes "warning: $(printf 'w%.0s' {1..100})" | head -n 100)
deploy 0 "${lines[@]}"
evil "one of 5 MB" '{world: {import_warnings_xml: ("<warning>" +
	"<localizedMessage>" + "w" * 5000000 +
	"</localizedMessage></warning>")}}'
deploy 0 "warning: $(printf 'w%.0s' {1..500})"
evil "1,000 errors with control characters" '{world: {import_errors_xml:
	("<error><localizedMessage>no\u009b[31m\nmore</localizedMessage></error>"
	* 1000), import_spec_xml: ""}}'
refusal='the host refuses the descriptor: no [31m more'
mapfile -t lines < <(yes "$refusal" | head -n 99)
deploy 65 "${lines[@]}" "restore copy: $refusal"

# --- the lease ---------------------------------------------------------------

while IFS='|' read -r url why; do
	evil "URL $url" "{world: {lease_url: \"$url\"}}"
	deploy 76 "restore copy: ImportVApp: lease URL: $why"
	same "$(requests upload)" 0 "nothing was sent"
	asked HttpNfcLeaseAbort Logout
done <<END
http://localhost:PORT/x|bad URL: not https
file:///etc/passwd|bad URL: not https
https://evil.test/x|the lease names another host, evil.test: refused
https://localhost:1/x|the lease names another host, localhost: refused
https://u:p@localhost:PORT/x|bad URL: a user name is not allowed
https://*/x\\r\\nX-Evil: y|bad URL: blanks and unencoded characters are not allowed
END

evil "another host that nobody vouches for" '{world: {
	api_type: "VirtualCenter", lease_url: "https://127.0.0.1:PORT/x/d"}}'
deploy 76 "restore copy: $disk: 127.0.0.1:$EVIL_PORT: certificate not trusted: self-signed certificate; if it is this server's: --thumbprint ${HX[7]}, or its CA by --cacert"
same "$(requests upload)" 0 "nothing was sent to it"
asked HttpNfcLeaseAbort Logout

evil "a lease without that key" "$item"'{world: {import_items_xml:
	item("/copy/elsewhere"; "'"$disk"'")}}'
deploy 76 "restore copy: the lease has no place for $disk"
asked HttpNfcLeaseAbort Logout
evil "a lease without any key" '{world: {import_key: ""}}'
deploy 76 "restore copy: import specification: the host wants a file, but does not say which"
evil "a lease of 2,000 files" '{world: {lease_more_xml: (("<deviceUrl>" +
	"<key>x</key><url>https://*/nfc/t/x</url><disk>true</disk></deviceUrl>")
	* 2000)}}'
deploy 76 "restore copy: ImportVApp: a lease of 2001 files"
asked HttpNfcLeaseAbort Logout

# --- the upload --------------------------------------------------------------

# answered TITLE HOW STATUS REASON: of the upload; and the lease is aborted.
answered()
{
	evil "$1" "{on: {upload: $2}}"
	deploy "$3" "restore copy: $disk: $4"
	asked HttpNfcLeaseAbort Logout
}
at=localhost:$EVIL_PORT
answered "an error without end" '{status: "500 Bad", endless: "A"}' 74 \
	"localhost answers HTTP status 500"
answered "and before it had anything" '{status: "500 Bad", early: true,
	endless: "A"}' 74 "localhost answers HTTP status 500"
answered "a header line without end" '{head: "HTTP/1.1 200 OK\r\nX: ",
	body: [], endless: "A"}' 76 "$at: a header line is too long"
answered "header lines without end" '{head: "HTTP/1.1 200 OK\r\n", body: [],
	endless: "X: y\r\n"}' 76 "$at: more than 262144 bytes of headers"
answered "continues without end" '{head: "HTTP/1.1 100 Continue\r\n\r\n",
	body: [], endless: "HTTP/1.1 100 Continue\r\n\r\n"}' 76 \
	"$at: more than 262144 bytes of headers"
answered "to somebody else" '{status: "307 Temporary Redirect",
	headers: ["Location: https://evil.test/"]}' 74 \
	"localhost answers HTTP status 307"
answered "a question for a password" '{status: "401 Unauthorized",
	headers: ["WWW-Authenticate: Basic realm=\"x\""]}' 77 \
	"localhost answers HTTP status 401"
answered "accepted, but not done" '{status: "202 Accepted"}' 74 \
	"localhost answers HTTP status 202"
answered "no HTTP" '{head: "garbage", body: []}' 76 "$at: the answer is not HTTP"
answered "no answer" '{head: "", body: []}' 74 \
	"$at: closed without an answer after all $size bytes: Empty reply from server"
stall 3s
answered "silence" '{head: "", body: [" "], pause: 60}' 74 \
	"$at: no answer for 3 s after all $size bytes"
stall 20s

# Who says that all is well has not got it for that.
evil "200, and nothing of it was read" '{on: {upload: {early: true, head: "",
	body: ["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"],
	pause: 1, piece: 1000}}}'
deploy 74 "restore copy: $disk: what was sent has digest $(sha256sum \
	<"$POINT/$disk" | cut -c-64), the host has $(sha256sum </dev/null |
	cut -c-64)"
asked HttpNfcLeaseAbort Logout
evil "well, and a body without end" '{on: {upload: {endless: "A"}}}'
deploy 0
asked HttpNfcLeaseComplete Logout

# --- what it says that it got ------------------------------------------------

# told TITLE SCENARIO STATUS REASON
told()
{
	evil "$1" "$2"
	deploy "$3" "restore copy: $4"
	asked HttpNfcLeaseAbort Logout
}
told "another digest" '{world: {manifest_sha256: ("ab" * 32)}}' 74 \
	"$disk: what was sent has digest $(sha256sum <"$POINT/$disk" |
		cut -c-64), the host has $(printf 'ab%.0s' {1..32})"
told "another size" '{world: {manifest_size: "5"}}' 74 \
	"$disk: $size bytes were sent, the host has 5"
told "2,000 entries" '{world: {manifest_more_xml:
	("<returnval><key>x</key></returnval>" * 2000)}}' 76 \
	"2001 manifest entries"
told "entries without end" '{on: {HttpNfcLeaseGetManifest: {soap:
	["<returnval>"], endless: "<a/>"}}}' 76 \
	"HttpNfcLeaseGetManifest: reply: more than 67108864 bytes"

# No digest at all is no failure, but is told.
for e in '{on: {HttpNfcLeaseGetManifest: {soap: ["<returnval/>"]}}}' \
	'{on: {HttpNfcLeaseGetManifest: {soap: ["<x><y/></x>"]}}}' \
	'{world: {manifest_sha256: "zz"}}'; do
	evil "nonsense" "$e"
	deploy 0 "warning: the host gave no digest to compare with"
	asked HttpNfcLeaseComplete Logout
done

# --- behind the last step that can be undone ---------------------------------

evil "no task for the identity" '{on: {ReconfigVM_Task: {soap: ["<x/>"]}}}'
deploy 3 "the VM 'copy' is there, but: the new identity: ReconfigVM_Task: no reference in the reply"
evil "a task that fails without a word" '{world: {task_state: "error"}}'
deploy 3 "the VM 'copy' is there, but: the new identity: change the VM: no message"
asked HttpNfcLeaseComplete Logout
