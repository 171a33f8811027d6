#!/bin/bash
# Before the host's identity is certain nothing is sent, least of all the
# password; and what is refused is told in a way that lets one judge.
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/fault.sh" || exit 1
need openssl python3

# plain PRINT: as messages write a thumbprint.
plain()
{
	echo "${1%%:*}:$(printf '%s' "${1#*:}" | tr -d : | tr A-F a-f)"
}

quick_host esxi
login=(-u root --password-file "$HOST_PASSWORD_FILE")
where=localhost:$HOST_PORT
pin=$(plain "$HOST_PIN")
# Different in the last digit only.
near=${pin%?}$(printf %x $((0x${pin: -1} ^ 1)))

# list STATUS OPTION...
list()
{
	local want=$1
	shift
	run "$want" esxbk-list "${login[@]}" "$@" --format moid odd01
	[ "$want" -eq 0 ] || same "$(cat out)" ''
}

# Not even a request that needs no login.
untouched()
{
	same "$(jq -r .event "$HOST_EVENTS" | sed '1,/^ready$/d')" '' \
		"no request reached the host"
}

# --- refused -----------------------------------------------------------------

list 76 -s "$where" --thumbprint "$near"
said "esxbk-list: $where: certificate is $pin, expected $near"
run 76 esxbk-export-ovf "${login[@]}" -s "$where" --thumbprint "$near" \
	-o d odd01
said "esxbk-export-ovf: $where: certificate is $pin, expected $near"
check "no folder" test ! -e d

# A pin that is given holds, whatever else is.
list 76 -s "$where" --thumbprint "$near" --cacert "$HOST_CA"
said "esxbk-list: $where: certificate is $pin, expected $near"
list 76 -s "$where" --thumbprint "$near" --insecure
said "esxbk-list: $where: certificate is $pin, expected $near"

# A CA that the system does not know.
list 76 -s "$where"
said "esxbk-list: $where: certificate not trusted: unable to get local issuer certificate; if it is this server's: --thumbprint $pin, or its CA by --cacert"
advice=$(sed 's/.*\(--thumbprint [^,]*\),.*/\1/' err)
list 76 -s "$where" --cacert "$HOST_DIR/nfc-cert.pem"
said_like "esxbk-list: $where: certificate not trusted: .*"

# Its CA vouches for another name than the one that was asked for.
list 76 -s "elsewhere.test:$HOST_PORT" --resolve elsewhere.test=127.0.0.1 \
	--cacert "$HOST_CA"
said "esxbk-list: elsewhere.test:$HOST_PORT: certificate is for another name; if it is this server's: --thumbprint $pin"

# What cannot be meant.
sha1=$(openssl x509 -in "$HOST_DIR/cert.pem" -noout -fingerprint -sha1 |
	sed 's/.*=//')
for print in "sha1:$sha1" "$sha1"; do
	list 64 -s "$where" --thumbprint "$print"
	said 'esxbk-list: --thumbprint: SHA-1 can be forged, give the SHA-256 one (openssl x509 -fingerprint -sha256)'
done
for print in sha256:1234 sha512:"${pin#*:}" "${pin}0" "${pin%?}" "${pin%?}g"; do
	list 64 -s "$where" --thumbprint "$print"
	said "esxbk-list: --thumbprint $print: not the form sha256:HEX"
done
list 64 -s "$where" --cacert nowhere.pem
said 'esxbk-list: CA file nowhere.pem: No such file or directory'
untouched

# Something that is no TLS server at all.
python3 -c 'import socket, sys
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1], flush=True)
while True:
    c, a = s.accept()
    sys.stderr.buffer.write(c.recv(4096))
    sys.stderr.flush()
    c.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
    c.close()' >port 2>came &
# shellcheck disable=SC2034 # lib.sh runs it
AT_EXIT="kill $!"
wait_for 60 test -s port
list 76 -s "localhost:$(cat port)" --thumbprint "$pin"
said_like "esxbk-list: localhost:$(cat port): TLS handshake failed: .*"
check "it saw a handshake" test -s came
hasnt came root

# --- trusted -----------------------------------------------------------------

# shellcheck disable=SC2086 # an option and its value
list 0 -s "$where" $advice
list 0 -s "$where" --thumbprint "$HOST_PIN"
list 0 -s "$where" --thumbprint "${pin#sha256:}"
list 0 -s "$where" --cacert "$HOST_CA"
list 0 -s "127.0.0.1:$HOST_PORT" --cacert "$HOST_CA"
list 0 -s "https://$where" --cacert "$HOST_CA"
ESXBK_THUMBPRINT=$pin list 0 -s "$where"
ESXBK_CACERT=$HOST_CA list 0 -s "$where"
same "$(wc -l <err)" 0 "silence"

# Whoever turns the check off is told each time, and it stands in the result.
list 0 -s "$where" --insecure
same "$(cat err)" 'esxbk-list: warning: --insecure: whoever is in between reads the password and the disks'
run 0 esxbk-export-ovf "${login[@]}" -s "$where" --insecure --json \
	--quiesce off -o d odd01
warned '--insecure: .*'
same "$(result .insecure)" true
point=$(result .path)
same "$(record "$point" .server.fingerprint)" "$pin" \
	"the record tells whom we talked to"
disk_good "$point" "$HOST_SPEC/odd01.raw"
hx 0 esxbk-export-ovf --json --quiesce off -o d odd01
same "$(result 'has("insecure")')" false "not without"
host_idle

# --- disks from another host -------------------------------------------------

quick_host vcenter
esx=esx1.lab.test:$HOST_NFC_PORT
nfc=$(jq -r .nfc_thumbprint_sha1 "$HOST_DIR/host.json")
nfc=$(plain "sha1:${nfc#sha1:}")
ca=$(openssl x509 -in "$HOST_CA" -noout -fingerprint -sha1 | sed 's/.*=//')
ca=$(plain "sha1:$ca")

# The lease names a certificate that the ESXi host has not got.
fault '{"kind":"thumbprint-wrong","times":0}'
for more in '' --insecure; do
	rm -rf d
	xp 76 --quiesce off -o d odd01 $more
	said "esxbk-export-ovf: export odd01: Hard disk 1: $esx: certificate is $nfc, expected $ca"
	same "$(transfers)" 0 "no disk was asked for"
	only_points d
	host_idle
done
clear_faults

# It names none: then the CAs must know the host, not the API's own pin.
fault '{"kind":"thumbprint-wrong","what":"empty","times":0}'
xp 76 --quiesce off -o d odd01
said_like "esxbk-export-ovf: export odd01: Hard disk 1: $esx: certificate not trusted: .*"
same "$(transfers)" 0 "no disk was asked for"
only_points d
host_idle
clear_faults

# A better digest than SHA-1 will do.
fault '{"kind":"thumbprint-wrong","what":"sha256","times":0}'
xp 0 --quiesce off -o d odd01
disk_good "$(cat out)" "$HOST_SPEC/odd01.raw"
host_idle
