#!/bin/bash
# A lease that leads elsewhere, that lies, or tasks that do: the export ends
# with the reason, and what was made on the host is asked to be removed.
# timeout: 300
# shellcheck disable=SC2016 # $ and \(...) are jq's
. "$T/cli/lib.sh" || exit 1
. "$T/hostile/lib.sh" || exit 1

undone()
{
	asked HttpNfcLeaseAbort RemoveSnapshot_Task Logout
}

# URL, and why it is refused.
while IFS='|' read -r url why; do
	evil "disk URL $url" "{world: {lease_url: \"$url\"}}"
	export_vm 76 "export vm: ExportSnapshot: lease URL: $why"
	same "$(requests disk)" 0 "nothing was asked of it"
	undone
done <<END
|bad URL: not https
http://localhost:PORT/x|bad URL: not https
file:///etc/passwd|bad URL: not https
ftp://localhost/x|bad URL: not https
//localhost/x|bad URL: not https
https://evil.test/x|the lease names another host, evil.test: refused
https://localhost:1/x|the lease names another host, localhost: refused
https://localhost.:PORT/x|bad URL: bad host name
https://u:p@localhost:PORT/x|bad URL: a user name is not allowed
https://localhost:PORT@evil.test/x|bad URL: a user name is not allowed
https://localhost:0/x|bad URL: bad port
https://localhost:99999/x|bad URL: bad port
https://localhost:/x|bad URL: bad port
https://[::1/x|bad URL: bad IPv6 address
https://[zz]/x|bad URL: bad IPv6 address
https://::1/x|bad URL: an IPv6 address needs brackets
https://0x7f.1/x|bad URL: bad host name
https:///x|bad URL: no host
https://*/x y|bad URL: blanks and unencoded characters are not allowed
https://*/x\\r\\nX-Evil: y|bad URL: blanks and unencoded characters are not allowed
https://*/x#y|bad URL: a fragment is not allowed
END

# Every one of them could be a ticket, which no log may show.
evil "disk URL of 200,000 segments" '{world: {lease_url: ("https://*/" +
	([range(200000) | "abcdefghijklmno\(.)/"] | add))}}'
export_vm 76 "export vm: ExportSnapshot: lease URL: bad URL: too long"
undone

evil "1,000 URLs of 150 segments" '{world: {lease_more_xml:
	([range(1000) as $i | "<deviceUrl><key>x</key><url>https://*/nfc/" +
	([range(150) | "tickettickett\($i)x\(.)/"] | add) + "</url>" +
	"<disk>false</disk><targetId>x.iso</targetId></deviceUrl>"] | add)}}'
export_vm 0
one_point

evil "a host name of 3,000 bytes" \
	'{world: {lease_url: ("https://" + "a" * 3000)}}'
export_vm 76 "export vm: ExportSnapshot: lease URL: bad URL: host too long"

# A vCenter may name another host: that must prove who it is.
evil "another host that nobody vouches for" '{world: {
	api_type: "VirtualCenter", lease_url: "https://127.0.0.1:PORT/x/d"}}'
export_vm 76 "export vm: Hard disk 1: 127.0.0.1:$EVIL_PORT: certificate not trusted: self-signed certificate; if it is this server's: --thumbprint ${HX[7]}, or its CA by --cacert"
same "$(requests disk)" 0 "nothing was sent to it"
undone

evil "a thumbprint of another certificate" \
	'{world: {lease_print: ("AA:" * 31 + "AA")}}'
export_vm 76 "export vm: Hard disk 1: localhost:$EVIL_PORT: certificate is ${HX[7]}, expected sha256:$(printf 'aa%.0s' {1..32})"
undone

evil "a thumbprint that is none" '{world: {lease_print: "zz\u009b"}}'
export_vm 76 "export vm: ExportSnapshot: the lease names a malformed thumbprint"
undone

# 2^61 times 1000 is 0 in 64 bits.
for seconds in 0 -1 2147483648 9223372036854775807 2305843009213693952; do
	evil "a lease of $seconds s" "{world: {lease_timeout: \"$seconds\"},
		on: {disk: {pause: 0.02, piece: 1000}}}"
	export_vm 0
	one_point
	check "it is not renewed all the time" \
		[ "$(requests HttpNfcLeaseProgress)" -lt 10 ]
done

url='def url($key; $disk; $target): "<deviceUrl><key>\($key)</key>" +
	"<url>https://*/nfc/t/\($target)</url><disk>\($disk)</disk>" +
	"<targetId>\($target)</targetId></deviceUrl>"; '
evil "one disk twice" "$url"'{world: {lease_more_xml:
	url("/1/VirtualLsiLogicController0:0"; true; "d")}}'
export_vm 76 "export vm: two files of the lease are Hard disk 1"
undone

evil "a disk that the VM has not" "$url"'{world: {lease_more_xml:
	url("/9/../../x"; true; "../../x")}}'
export_vm 76 "export vm: the lease offers 1 disks that the VM does not have"
undone

evil "2,000 files" "$url"'{world: {lease_more_xml:
	(url("x"; true; "d") * 2000)}}'
export_vm 76 "export vm: ExportSnapshot: a lease of 2001 files"
undone

evil "files that lead elsewhere" "$url"'{world: {lease_more_xml: (
	url("x"; false; "../../../evil.iso") + url("y"; false; "/evil") +
	url("z"; false; ""))}}'
export_vm 0
one_point
same "$(requests disk)" 1 "they are not fetched"

evil "no files" '{world: {lease_key: "x"}, on: {
	"RetrievePropertiesEx/HttpNfcLease": {soap: ["<returnval><objects>",
	"<obj type=\"HttpNfcLease\">lease-1</obj><propSet><name>state</name>",
	"<val>ready</val></propSet></objects></returnval>"]}}}'
export_vm 65 "warning: vm: Hard disk 1 is not in the backup: the host does not offer it for export" \
	"export vm: there is nothing to export"
undone

evil "a state that nobody knows" '{world: {lease_state: "odd\u009b[31m"}}'
export_vm 75 "export vm: ExportSnapshot: the lease is in state 'odd [31m'"
asked RemoveSnapshot_Task Logout

evil "a lease without a name" '{on: {ExportSnapshot: {soap:
	["<returnval type=\"HttpNfcLease\">", ["x", 5000], "</returnval>"]}}}'
export_vm 76 "export vm: ExportSnapshot: no reference in the reply"
asked RemoveSnapshot_Task Logout

evil "a task in a state that nobody knows" '{world: {task_state: "odd\u009b"}}'
export_vm 76 "vm: snapshot esxbk-RUN could not be removed: remove snapshot: task state 'odd '" \
	"export vm: create snapshot: task state 'odd '"
asked RemoveSnapshot_Task RemoveSnapshot_Task Logout

evil "a task that fails without a word" '{world: {task_state: "error"}}'
export_vm 75 "vm: snapshot esxbk-RUN could not be removed: remove snapshot: no message" \
	"export vm: create snapshot: no message"
asked RemoveSnapshot_Task RemoveSnapshot_Task Logout

evil "a task without a name" '{on: {CreateSnapshot_Task:
	{soap: ["<returnval type=\"Task\"/>"]}}}'
export_vm 76 "export vm: CreateSnapshot_Task: no reference in the reply"
asked RemoveSnapshot_Task Logout

evil "all that ends something answers without end" '{world: {lease_url: ""},
	on: {HttpNfcLeaseAbort: {endless: "A"}, RemoveSnapshot_Task:
	{endless: "A"}, DestroyView: {endless: "A"}, Logout: {endless: "A"}}}'
export_vm 76 "warning: the lease could not be aborted, it ends by itself: HttpNfcLeaseAbort: reply: more than 67108864 bytes" \
	"vm: snapshot esxbk-RUN could not be removed: RemoveSnapshot_Task: reply: more than 67108864 bytes" \
	"warning: log out: reply: more than 67108864 bytes" \
	"export vm: ExportSnapshot: lease URL: bad URL: not https"
asked HttpNfcLeaseAbort RemoveSnapshot_Task RemoveSnapshot_Task Logout
