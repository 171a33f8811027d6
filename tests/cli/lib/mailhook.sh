# shellcheck shell=bash
# The servers of mailhook.py, for stories of notifications.  Source it after
# lib.sh.
#
#	mailhook_start          starts them; their files are in $D: good.pem is
#		their certificate, other.pem another's, password what they take
#	port NAME               of one of them
#	mails                   how many mails came

D=$SCRATCH/servers
PASSWORD='s&cret <1> "x"'

# make_cert NAME: one that signs itself, as its own CA.
make_cert()
{
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-keyout "$D/$1.key" -out "$D/$1.pem" -days 2 -subj /CN=test \
		-addext subjectAltName=IP:127.0.0.1 2>"$D/$1.log" ||
		fail "openssl: $(cat "$D/$1.log")"
}

mailhook_start()
{
	need openssl jq
	/usr/bin/python3 -c 'import aiosmtpd' 2>/dev/null ||
		skip 'python3-aiosmtpd is not installed'
	mkdir "$D"
	make_cert good
	make_cert other
	(umask 077 && echo "$PASSWORD" >"$D/password")
	/usr/bin/python3 "$T/cli/lib/mailhook.py" "$D" "$D/good.pem" \
		"$D/good.key" >"$D/log" 2>&1 &
	# shellcheck disable=SC2034 # lib.sh runs it
	AT_EXIT="kill $! 2>/dev/null"
	wait_for 20 test -e "$D/ports.json" || show_file "$D/log"
}

port()
{
	jq -r --arg n "$1" '.[$n]' "$D/ports.json"
}

mails()
{
	find "$D" -name 'mail.*.json' | wc -l
}
