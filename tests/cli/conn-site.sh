#!/bin/bash
# The connection stands in the configuration, under the name of a site.
. "$T/cli/lib.sh" || exit 1
need jq
host_start esxi
install -m 600 "$HOST_PASSWORD_FILE" pass
export ESXBK_CONFIG=$PWD/esxbk.json
"$B/esxbk-plan" set /sites/lab server="localhost:$HOST_PORT" user=root \
	password.file="$PWD/pass" tls.thumbprint="$HOST_PIN" >/dev/null ||
	fail 'set'

other=sha256:$(printf '00%.0s' {1..32})
vms=$("$B/esxbk-list" "${HX[@]}" --format=moid)
run 0 esxbk-list --site lab --format=moid
same "$(cat out)" "$vms" 'the list of the site'
ESXBK_SITE=lab run 0 esxbk-list --format=moid
same "$(cat out)" "$vms" 'the list of the site in the environment'
mv esxbk.json other.json
run 0 esxbk-list --config other.json --site lab --format=moid
same "$(cat out)" "$vms" 'another configuration'
mv other.json esxbk.json

# Each of the other sources of a password.
mkdir creds && cp pass creds/lab
run 0 esxbk-plan set /sites/lab password.credential=lab
CREDENTIALS_DIRECTORY=$PWD/creds run 0 esxbk-list --site lab --format=moid
same "$(cat out)" "$vms" 'a credential'
run 0 esxbk-plan set /sites/lab "password={\"command\":[\"/bin/cat\",\"$PWD/pass\"]}"
run 0 esxbk-list --site lab --format=moid
same "$(cat out)" "$vms" 'a command prints the password'
run 0 esxbk-plan set /sites/lab 'password.command=["/bin/false"]'
run 77 esxbk-list --site lab
same "$(cat err)" 'esxbk-list: password of lab: /bin/false: command exited '\
'with 1'

# An option beats the site, the environment does not.
run 0 esxbk-list --site lab --password-file pass --format=moid
same "$(cat out)" "$vms" 'a password given'
run 0 esxbk-plan set /sites/lab password.file="$PWD/pass"
ESXBK_SERVER=no.example.org ESXBK_USER=x ESXBK_PASSWORD=x \
	ESXBK_THUMBPRINT=$other run 0 esxbk-list --site lab --format=moid
same "$(cat out)" "$vms" 'the environment is not asked'
run 77 esxbk-list --site lab --user nobody
run 76 esxbk-list --site lab --thumbprint "$other"
run 0 esxbk-list --site lab --cacert "$HOST_CA" --format=moid
run 0 esxbk-plan set /sites/lab "tls.thumbprint=$other"
run 76 esxbk-list --site lab
run 0 esxbk-list --site lab --cacert "$HOST_CA" --format=moid
run 0 esxbk-list --site lab --thumbprint "$HOST_PIN" --format=moid
run 0 esxbk-plan set /sites/lab "tls.thumbprint=$HOST_PIN"

# Who names a server does not mean the site of the environment.
ESXBK_SITE=lab run 64 esxbk-list -s "localhost:$HOST_PORT"
has err 'which user? Give --user or ESXBK_USER'

# All that reaches the host.
run 0 esxbk-plan set /sites/lab server="esx.test:$HOST_PORT" resolve=esx.test=127.0.0.1 \
	stall_timeout=20s bwlimit=100MiB limits.disks=1
run 0 esxbk-list --site lab --format=moid
same "$(cat out)" "$vms" 'a name of its own'
run 69 esxbk-list --site lab --resolve esx.test=127.0.0.2 -v \
	--proxy http://127.0.0.1:1
mkdir repo
run 0 esxbk-export-ovf --site lab -o repo -n "moid:${vms%%$'\n'*}"
run 0 esxbk-export-ovf --site lab -o repo "moid:${vms%%$'\n'*}"
point=$(cat out)
check 'the point is there' test -e "$point/backup.json"
run 0 esxbk-deploy-ovf --site lab --name again -n "$point"

# What is wrong.
run 66 esxbk-list --site lap
same "$(cat err)" "esxbk-list: no site 'lap': there is 'lab'"
run 64 esxbk-list --config esxbk.json "${HX[@]}"
has err '--config goes only with --site'
run 78 esxbk-list --site lab --config no.json
has err 'there is no no.json'
chmod 666 esxbk.json
run 78 esxbk-list --site lab
has err 'mode 0666 lets others write it'
