#!/bin/bash
# HTTP that never ends, that lies about its length, that leads elsewhere: each
# ends in one message, soon, and the password goes to nobody else.
# timeout: 300
# shellcheck disable=SC2016 # $ and \(...) are jq's
. "$T/cli/lib.sh" || exit 1
. "$T/hostile/lib.sh" || exit 1

login='log in to localhost as root'
at="$login: localhost:$EVIL_PORT"
ok='HTTP/1.1 200 OK\r\n'

evil "headers without end" \
	"{on: {Login: {head: \"$ok\", body: [], endless: \"X-A: b\\r\\n\"}}}"
list 76 "$at: more than 262144 bytes of headers"

evil "a header line without end" \
	"{on: {Login: {head: \"${ok}X-A: \", body: [], endless: \"b\"}}}"
list 76 "$at: a header line is too long"

evil "interim answers without end" '{on: {Login: {head: "", body: [],
	endless: "HTTP/1.1 100 Continue\r\n\r\n"}}}'
list 76 "$at: more than 262144 bytes of headers"

slow=2
[ -z "${VALGRIND:-}" ] || slow=6
stall "${slow}s"
evil "a byte of the head now and then" \
	"{on: {Login: {head: \"\", body: [\"$ok\\r\\n\"], pause: 0.5}}}"
list 74 "$at: no byte for $slow s after 0 bytes"

evil "a header line now and then" "{on: {Login: {head: \"$ok\", body: [],
	endless: \"X: y\\r\\n\", pause: 0.5, piece: 6}}}"
list 74 "$at: no byte for $slow s after 0 bytes"

evil "no answer" '{on: {Login: {head: "", body: ["x"], pause: 60}}}'
list 74 "$at: no byte for $slow s after 0 bytes"

stall 20s

evil "10 GB of zeros in gzip" \
	'{on: {Login: {soap: ["<x>", [" ", 10000000000]], gzip: true}}}'
list 76 "$login: reply: more than 67108864 bytes"
# With what lies in buffers; all of it has 40 MB.
check "only the beginning was read" jq -en \
	'[inputs | select(.event == "sent").bytes] | add < 5000000' \
	"$EVIL/events.jsonl"

evil "gzip that is none" '{on: {Login: {headers: ["Content-Encoding: gzip"]}}}'
list 74 "$at: damaged compression after 0 bytes: Error while processing content unencoding: incorrect header check"

evil "a coding that nobody asked for" \
	'{on: {Login: {headers: ["Content-Encoding: rot13"]}}}'
list 74 "$at: damaged compression after 0 bytes: Unrecognized content encoding type. libcurl understands deflate, gzip, br, zstd content encodings."

evil "two lengths" \
	'{on: {Login: {headers: ["Content-Length: 460", "Content-Length: 20"]}}}'
list 76 "$login: reply of localhost: line 1: parsing XML declaration: '?>' expected"

evil "a negative length" '{on: {Login: {headers: ["Content-Length: -5"]}}}'
list 76 "$at: the answer is not HTTP: Invalid Content-Length: value"

evil "a length of 4 EiB" \
	'{on: {Login: {headers: ["Content-Length: 4611686018427387904"]}}}'
list 74 "$at: transfer cut off after 371 bytes: transfer closed with 4611686018427387533 bytes remaining to read"

evil "a chunk of 2^72 bytes" '{on: {Login: {headers:
	["Transfer-Encoding: chunked"], body: ["ffffffffffffffffff\r\nabc"]}}}'
list 74 "$at: transfer broken after 0 bytes: Too long hexadecimal number in chunked-encoding"

evil "no length, and the end is not TLS's" \
	"{on: {Login: {head: \"HTTP/1.0 200 OK\\r\\n\\r\\n\", rude: true}}}"
list 74 "$at: transfer cut off after 371 bytes: the connection was lost"

evil "no HTTP" '{on: {Login: {head: "", body: ["ready\r\n"]}}}'
list 76 "$at: the answer is not HTTP"

# A second answer, for the call that would come next.
evil "two answers to one call" "{on: {Login: {keep: true,
	head: \"${ok}Set-Cookie: a=bcdefg\\r\\nContent-Length: 4\\r\\n\\r\\n\",
	body: [\"<a/>${ok}Content-Length: 4\\r\\n\\r\\n<b/>\"]}}}"
list 76 "$login: the reply is no SOAP envelope"

evil "a status that is none" '{on: {Login: {status: "999 \u001b[31mX"}}}'
list 76 "$login: localhost answers HTTP status 999"

for to in "https://localhost:$EVIL_PORT/else" http://localhost/else \
	file:///etc/passwd; do
	for how in "301 Moved" "302 Found" "307 Temporary" "308 Permanent"; do
		evil "redirect $how to $to" "{on: {Login: {status: \"$how\",
			headers: [\"Location: $to\"]}}}"
		list 76 "$login: localhost answers HTTP status ${how%% *}"
		same "$(jq -r 'select(.event == "request").path' \
			"$EVIL/events.jsonl" | sort -u | tr '\n' ' ')" \
			'/sdk /sdk/vimServiceVersions.xml ' "not followed"
	done
done

evil "redirect before the login" '{on: {versions: {status: "301 Moved",
	headers: ["Location: https://localhost/else"]}}}'
list 76 "localhost: no vSphere API here (HTTP status 301 for /sdk/vimServiceVersions.xml)"

cookies()
{
	jq -r 'select(.event == "request" and .method == "Logout").cookie' \
		"$EVIL/events.jsonl"
}

for cookie in '' 'a=" + "b" * 100000 + "' 'a=b\u001b[31mcd' '=b' 'a' \
	'a=b\rX-Evil: cdefg'; do
	evil "cookie: $cookie" \
		"{on: {Login: {headers: [\"Set-Cookie: $cookie\"]}}}"
	list 76 "localhost: no session cookie after login"
done

evil "a cookie with a line feed" \
	'{on: {Login: {headers: ["Set-Cookie: a=b\nX-Evil: cdefg"]}}}'
list 0
same "$(cookies)" a=b "the header line behind it is none of ours"

evil "a cookie with NUL" \
	'{on: {Login: {headers: ["Set-Cookie: a=b\u0000cdefgh"]}}}'
list 76 "$at: the answer is not HTTP: Nul byte in header"

evil "9,000 cookies with each answer" '{on: {RetrievePropertiesEx:
	{headers: [range(9000) | "Set-Cookie: a=bbbb\(.)"]}}}'
list 0
same "$(cookies)" 'vmware_soap_session="0123456789abcdef"' \
	"only that of the login"
