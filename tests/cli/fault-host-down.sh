#!/bin/bash
# The host is not there, or goes away in the middle: 69 or 74, which say "try
# again later", soon, and nothing half-done here.
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/fault.sh" || exit 1
need python3

quick_host esxi
port=$HOST_PORT
login=(-u root --password-file "$HOST_PASSWORD_FILE" --thumbprint "$HOST_PIN")

# --- in the middle of a disk -------------------------------------------------

fault '{"kind":"slow","bytes_per_second":2000000,"times":0}'
start esxbk-export-ovf "${HX[@]}" --quiesce off --json --retries 0 -o d odd01
wait_for 60 transferring d 1000000
mark_time
host_stop
finish 74
soon 30
same "$(not_warnings | wc -l)" 2 "two things to know"
check "that the snapshot may be left: $(not_warnings | head -n 1)" \
	grep -qE "odd01: snapshot esxbk-.* could not be removed: .*localhost:$port: cannot connect: Connection refused\$" err
tail -n 1 err >last && mv last err
said_like "esxbk-export-ovf: export odd01: Hard disk 1: localhost:$port: transfer (broken|cut off) after [0-9]+ bytes: .*"
same "$(result '.outcome, .class, .path')" $'failed\nio\nnull'
only_points d

# --- not there ---------------------------------------------------------------

mark_time
run 69 esxbk-list "${login[@]}" -s "localhost:$port"
said "esxbk-list: localhost:$port: cannot connect: Connection refused"
run 69 esxbk-export-ovf "${login[@]}" -s "localhost:$port" -o d2 odd01
said "esxbk-export-ovf: localhost:$port: cannot connect: Connection refused"
check "no folder" test ! -e d2
run 69 esxbk-list "${login[@]}" -s "[::1]:$port"
said_like "esxbk-list: \[::1\]:$port: cannot connect: .*"
soon 3

mark_time
run 69 esxbk-list "${login[@]}" -s nowhere.invalid
said 'esxbk-list: nowhere.invalid:443: cannot resolve the name'
soon 10
run 69 esxbk-list "${login[@]}" -s esx --proxy http://nowhere.invalid:3128
said "esxbk-list: esx:443: cannot resolve the proxy's name"
run 69 esxbk-list "${login[@]}" -s esx --proxy "http://127.0.0.1:$port"
said 'esxbk-list: esx:443: cannot connect to the proxy: Connection refused'

# --- a machine that takes the connection and says no word --------------------

python3 -c 'import socket, time
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1], flush=True)
time.sleep(100)' >port &
# shellcheck disable=SC2034 # lib.sh runs it
AT_EXIT="kill $!"
wait_for 60 test -s port
mark_time
run 69 esxbk-list "${login[@]}" -s "localhost:$(cat port)" --stall-timeout 1s
said "esxbk-list: localhost:$(cat port): no connection within 1 s"
soon 5

# What is no server at all is a typing error, and no reason to try again.
for server in http://esx1 esx1/sdk 'esx 1' esx1:0 esx1:99999 ::1 ''; do
	run 64 esxbk-list "${login[@]}" -s "$server"
	check "$(cat err)" grep -qxF -e "esxbk-list: server $server: $(sed \
		's/.*: //' err)" err
done
