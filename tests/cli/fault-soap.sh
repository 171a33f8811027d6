#!/bin/bash
# The API misbehaves: broken XML, a busy server, something else in its place.
# Whatever happens, the run ends with a reason or with a good backup, and the
# host is left as it was.
# timeout: 240
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/fault.sh" || exit 1
need openssl python3

export_odd()
{
	local want=$1
	shift
	xp "$want" --quiesce off --retries 0 -o d odd01 "$@"
}

# --- broken XML --------------------------------------------------------------

# A lease that nobody told us of holds the snapshot until it ends by itself:
# that is said, and the next run sees to it.
stays()
{
	check "told of" grep -qE \
		'odd01: snapshot esxbk-.* could not be removed: .*FileLocked' err
	tail -n 1 err >last && mv last err
}

# At each kind of call: an end with a reason, or none was needed.
quick_host esxi
list_methods
broken=0
while read -r method <&7; do
	fault "{\"kind\":\"garbage\",\"method\":\"$method\"}"
	case $method in
	# Nothing depends on what these say.
	DestroyView | Logout | HttpNfcLeaseProgress) want=0 ;;
	HttpNfcLeaseSetManifestChecksumType) want=0 ;;
	RemoveSnapshot_Task) want=0 ;;
	# What became of it the lease's state tells.
	HttpNfcLeaseComplete) want=0 ;;
	*) want=76 ;;
	esac
	mkdir -p d
	export_odd $want
	if [ $want -eq 76 ]; then
		broken=$((broken + 1))
		[ "$method" != ExportSnapshot ] || stays
		said_like "esxbk-export-ovf: .*$method: reply of localhost: line [0-9]+: .*"
		only_points d
	else
		said
		only_points d odd01_TIME
	fi
	if [ "$method" = ExportSnapshot ]; then
		ctl 'lease-error?reason=timed%20out' '{}' >lost
		same "$(jq .leases lost)" 1 "it was that lease"
		export_odd 0
	fi
	host_idle
	clear_faults
	rm -r d
done 7<methods
check "$broken calls matter" test $broken -ge 6

# --- a line that breaks ------------------------------------------------------

# What only asks is asked again: no alarm that a snapshot was left, and no run
# that fails, for a line that was away for a moment.  libcurl makes a second
# call by itself if the connection was an old one.
questions=$(calls RetrievePropertiesEx)
export_odd 0
questions=$(($(calls RetrievePropertiesEx) - questions))
rm -r d
for ((k = 0; k < questions - 1; k++)); do
	fault "{\"kind\":\"drop\",\"method\":\"RetrievePropertiesEx\",
		\"times\":2,\"skip\":$k}"
	export_odd 0
	said
	only_points d odd01_TIME
	clear_faults
	rm -r d
done
for method in CreateDescriptor HttpNfcLeaseGetManifest; do
	sent=$(transfers)
	fault "{\"kind\":\"drop\",\"method\":\"$method\",\"times\":2}"
	export_odd 0
	said
	same $(($(transfers) - sent)) 1 "the disk came once"
	rm -r d
done
check "$questions questions" test "$questions" -ge 10
host_idle

# --- a busy server -----------------------------------------------------------

fault '{"kind":"http","status":503,"method":"CreateContainerView","times":2}'
hx 0 esxbk-list --format moid odd01
same "$(cat out; wc -l <err)" $'16\n0' "the third attempt was heard, silently"
fault '{"kind":"http","status":503,"method":"CreateSnapshot_Task","times":2}'
export_odd 0
same "$(wc -l <err)" 0 "silence"
rm -r d
before=$(snapshots)
fault '{"kind":"http","status":503,"method":"CreateSnapshot_Task","times":0}'
export_odd 69
said 'esxbk-export-ovf: export odd01: CreateSnapshot_Task: localhost answers HTTP status 503'
same "$(snapshots)" "$before" "no snapshot"
only_points d
host_idle
clear_faults
fault '{"kind":"http","status":500,"method":"CreateContainerView","times":0}'
hx 76 esxbk-list odd01
said_like 'esxbk-list: CreateContainerView: .*'
clear_faults
fault '{"kind":"http","status":404,"method":"CreateContainerView","times":0}'
hx 76 esxbk-list odd01
said 'esxbk-list: CreateContainerView: localhost answers HTTP status 404'
clear_faults
fault '{"kind":"drop","method":"CreateSnapshot_Task","times":0}'
export_odd 74
said_like "esxbk-export-ovf: export odd01: CreateSnapshot_Task: localhost:$HOST_PORT: .*"
only_points d
host_idle
clear_faults

# --- something else, which passes for a vSphere API --------------------------

openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost \
	-keyout key.pem -out cert.pem 2>/dev/null
print=$(openssl x509 -in cert.pem -noout -fingerprint -sha256 | sed 's/.*=//')
cat >server.py <<'PY'
import http.server, os, ssl

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        n = int(self.headers.get("Content-Length", 0))
        open("asked", "ab").write(self.rfile.read(n) + b"\n")
        body = open(self.command, "rb").read()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        if body[:2] == b"\x1f\x8b":
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        self.wfile.write(body)
    do_POST = do_GET
    def log_message(self, *a):
        pass

s = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
c.load_cert_chain("cert.pem", "key.pem")
s.socket = c.wrap_socket(s.socket, server_side=True)
open("port.new", "w").write(str(s.server_address[1]))
os.rename("port.new", "port")
s.serve_forever()
PY
python3 server.py &
# shellcheck disable=SC2034 # lib.sh runs it
AT_EXIT="kill $!"
wait_for 60 test -s port

# odd STATUS PATTERN: as its POST and GET are now.
odd()
{
	: >asked
	run "$1" esxbk-list -s "localhost:$(cat port)" -u root \
		--password-file "$HOST_PASSWORD_FILE" --thumbprint "$print" odd01
	said_like "esxbk-list: $2"
	hasnt asked Login
	same "$(cat out)" ''
}

versions()
{
	printf '<namespaces version="1.0"><namespace><name>urn:vim25</name><version>7.0.3.0</version><priorVersions><version>7.0.0.0</version></priorVersions></namespace></namespaces>'
}

content()
{
	echo "<?xml version=\"1.0\"?>$1<Envelope xmlns=\"http://schemas.xmlsoap.org/soap/envelope/\"><Body><RetrieveServiceContentResponse xmlns=\"urn:vim25\"><returnval>$2</returnval></RetrieveServiceContentResponse></Body></Envelope>"
}

versions >GET
content '' '' >POST
odd 76 'the service content has no rootFolder.*'
# Entities are how files are read and memory is filled.
echo "a secret" >secret
content "<!DOCTYPE a [<!ENTITY e SYSTEM \"file://$PWD/secret\">]>" '&e;' >POST
odd 76 'RetrieveServiceContent: reply of localhost: .*'
hasnt err 'a secret'
same "$(grep -ci doctype err)" 1 "it names the DOCTYPE"
content '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>' '&b;' >POST
odd 76 'RetrieveServiceContent: reply of localhost: .*'
versions | sed 's/7\.0/9.0/g' >GET
odd 76 'localhost: speaks no vSphere API from 6\.0 to .*'
{ echo '<!DOCTYPE a>' && versions; } >GET
odd 76 '.*'
same "$(grep -ci doctype err)" 1 "it names the DOCTYPE"
versions >GET
printf 'a web page' >POST
odd 76 'RetrieveServiceContent: reply of localhost: .*'
: >POST
odd 76 'RetrieveServiceContent: reply of localhost: .*'
echo '<html><body>Log in here</body></html>' >POST
odd 76 'RetrieveServiceContent: the reply is no SOAP envelope'
content '' '' | sed 's/RetrieveServiceContentR/LoginR/g' >POST
odd 76 'RetrieveServiceContent: the reply is LoginResponse, expected RetrieveServiceContentResponse'
# A few kilobytes that unpack to 200 MB.
head -c 200000000 /dev/zero | gzip >POST
odd 76 'RetrieveServiceContent: reply.*: .*67108864 bytes.*'
printf '<html/>' >GET
odd 76 '.*'
