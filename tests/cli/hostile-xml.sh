#!/bin/bash
# A host's XML can be no reason to fill the memory, to be busy for ever, to
# open a file or to write on the terminal.
# timeout: 300
# shellcheck disable=SC2016 # $ and \(...) are jq's
. "$T/cli/lib.sh" || exit 1
. "$T/hostile/lib.sh" || exit 1

login='log in to localhost as root'
reply="$login: reply of localhost"

evil "text without end" '{on: {Login: {soap: ["<x>"], endless: "AAAA"}}}'
list 76 "$login: reply: more than 67108864 bytes"

evil "elements without end" '{on: {Login: {soap: ["<x>"], endless: "<a/>"}}}'
list 76 "$login: reply: more than 67108864 bytes"

evil "elements without end before the login" \
	'{on: {versions: {body: ["<x>"], endless: "<a/>"}}}'
list 76 "reply: more than 1048576 bytes"

evil "60 MB of empty elements" \
	'{on: {Login: {soap: ["<x>", ["<a/>", 15000000], "</x>"]}}}'
list 76 "$reply: line 2: more than 400000 elements and attributes"

evil "30 MB of attributes" '{on: {Login: {soap: ["<x>",
	["<a b=\"\" c=\"\" d=\"\" e=\"\"/>", 1200000], "</x>"]}}}'
list 76 "$reply: line 2: more than 400000 elements and attributes"

evil "an element with 200,000 attributes" '{on: {Login: {soap: ["<x",
	{numbers: " a#=\"\"", count: 200000}, "/>"]}}}'
list 76 "$reply: line 2: a tag of more than 65536 bytes"

evil "attributes with > in them" '{on: {Login: {soap: ["<x",
	{numbers: " a#=\">\"", count: 200000}, "/>"]}}}'
list 76 "$reply: line 2: a tag of more than 65536 bytes"

evil "an element with 100,000 namespaces" '{on: {Login: {soap: ["<x",
	{numbers: " xmlns:a#=\"u\"", count: 100000}, "/>"]}}}'
list 76 "$reply: line 2: a tag of more than 65536 bytes"

evil "100,000 levels" \
	'{on: {Login: {soap: [["<a>", 100000], ["</a>", 100000]]}}}'
list 76 "$reply: line 2: elements are nested too deeply"

# Ten entities of ten of the next each.
evil "a billion laughs" '{on: {Login: {body: ["<?xml version=\"1.0\"?>",
	"<!DOCTYPE l [<!ENTITY l0 \"lol\">",
	([range(1; 10) as $i | "<!ENTITY l\($i) \"" + "&l\($i - 1);" * 10 +
	"\">"] | add), "]><l>&l9;</l>"]}}}'
list 76 "$reply: line 1: a DOCTYPE is not allowed"

# Who opens it waits.
mkfifo "$SCRATCH/canary"
evil "an external entity" "{on: {Login: {body: [\"<!DOCTYPE a [<!ENTITY e \",
	\"SYSTEM 'file://$SCRATCH/canary'>]><a>&e;</a>\"]}}}"
list 76 "$reply: line 1: a DOCTYPE is not allowed"

evil "an external DTD" "{on: {versions: {body: [\"<!DOCTYPE a SYSTEM \",
	\"'file://$SCRATCH/canary'><a/>\"]}}}"
list 76 "localhost: vimServiceVersions.xml: line 1: a DOCTYPE is not allowed"

evil "an entity that nobody declared" \
	'{on: {Login: {soap: ["<x>&passwd;</x>"]}}}'
list 76 "$reply: line 2: Entity 'passwd' not defined"

evil "a terminal's escape" '{on: {Login: {soap: ["<x>\u001b[31m</x>"]}}}'
list 76 "$reply: line 2: PCDATA invalid Char value 27"

evil "another encoding" \
	'{on: {Login: {body: ["<?xml version=\"1.0\" encoding=\"UTF-7\"?><a/>"]}}}'
list 76 "$reply: line 1: the encoding must be UTF-8"

evil "half a document" '{on: {Login: {body: ["<a><b>"]}}}'
list 76 "$reply: line 1: Premature end of data in tag b line 1"

evil "nothing" '{on: {Login: {body: []}}}'
list 76 "$reply: no XML document"

evil "the reply to another call" '{on: {Login: {body: ["<Envelope xmlns=\"",
	"http://schemas.xmlsoap.org/soap/envelope/\"><Body>",
	"<LogoutResponse/></Body></Envelope>"]}}}'
list 76 "$login: the reply is LogoutResponse, expected LoginResponse"

# fault TYPE TEXT: one that a call is answered with.
fault='def fault(type; text): {status: "500 Internal Server Error", body: [
	"<Envelope xmlns=\"http://schemas.xmlsoap.org/soap/envelope/\"><Body>",
	"<Fault><faultstring>", text, "</faultstring><detail><F xsi:type=\"",
	type, "\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"/>",
	"</detail></Fault></Body></Envelope>"]}; '

evil "a fault that writes on the terminal" \
	"$fault"'{on: {Login: fault("NoPermission";
	"a\u009b31mred\u202e\nesxbk-list: all is well")}}'
list 77 "$login: NoPermission: a 31mred  esxbk-list: all is well"

evil "a fault of 1 MB" "$fault"'{on: {Login: fault("Inv\u009balid";
	["x", 1000000])}}'
list 75 "$login: Inv alid: $(printf 'x%.0s' {1..500})"

evil "a fault's type of 60 KB" "$fault"'{on: {Login: fault(["T", 60000];
	"text")}}'
list 75 "$login: $(printf 'T%.0s' {1..79}): text"

evil "an id of 100 KB" '{on: {RetrieveServiceContent: {soap: ["<returnval>",
	"<rootFolder type=\"F\">", ["f", 100000], "</rootFolder></returnval>"]}}}'
list 76 "the service content has no rootFolder"
same "$(requests Login)" 0 "no password was sent"

evil "a version that nobody knows" '{on: {versions: {body: ["<namespaces>",
	"<namespace><name>urn:vim25</name><version>999.\u009b</version>",
	"</namespace></namespaces>"]}}}'
list 76 "localhost: speaks no vSphere API from 6.0 to 7.0 (oldest supported release: 6.0)"
